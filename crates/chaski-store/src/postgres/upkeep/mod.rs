//! Dead letters, watchdogs, retention. Replays go through the writer, like everything that moves a lane;
//! the other rare steps are transactions of their own.

mod dead_letters;
mod retention;
pub(in crate::postgres) use retention::blank;
mod watch;
