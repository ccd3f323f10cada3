//! Why a step could not be stored.

/// What went wrong in the store. Nothing of the step was stored, except for `CommitUnknown`.
#[derive(Debug, thiserror::Error, Clone)]
pub enum StoreError {
    /// The queue to the writer is full; try again soon.
    #[error("the store is busy")]
    Busy,
    /// The disk, the file or the connection fails.
    #[error("the storage cannot be written: {0}")]
    Unavailable(String),
    /// The commit's own answer was lost, and the step could not be looked up in time.
    #[error("it is not known whether the step was stored")]
    CommitUnknown,
    /// Something with this name or address exists.
    #[error("{0}")]
    Conflict(String),
    /// What the step is about does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The store is not in the form that this version expects, or a fault of ours.
    #[error("{0}")]
    Fault(String),
}
