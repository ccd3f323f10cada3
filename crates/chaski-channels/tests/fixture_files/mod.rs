//! The fixtures of a kind, as files.

use std::fs;
use std::path::{Path, PathBuf};

/// A kind's folder.
pub(crate) fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(kind)
}

/// The fixtures of a kind that end so, in order.
pub(crate) fn fixtures(kind: &str, end: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder(kind).join("fixtures")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.to_str().unwrap().ends_with(end)).collect();
    files.sort();
    files
}
