//! The folder of media: each file once, under the hash of its bytes, `ab/cd/HASH`.

use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

/// Files being written, below the folder.
const UNFINISHED: &str = "unfinished";
/// Left free on the disk, so that media do not take the room of what must be stored.
const LEFT_FREE: u64 = 512 << 20;

/// Where media lie.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder, which is made when the first file comes.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a file lies; `None` for what is no hash.
    pub fn path(&self, hash: &str) -> Option<PathBuf> {
        is_hash(hash).then(|| self.root.join(&hash[..2]).join(&hash[2..4]).join(hash))
    }

    /// Whether there is room for more.
    ///
    /// # Errors
    /// The disk cannot be asked.
    pub fn has_room(&self) -> io::Result<bool> {
        std::fs::create_dir_all(&self.root)?;
        let disk = rustix::fs::statvfs(&self.root)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize) > LEFT_FREE)
    }

    /// Begins a file. Dropped unfinished, it goes.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) async fn begin(&self) -> io::Result<Writing> {
        let place = self.root.join(UNFINISHED);
        fs::create_dir_all(&place).await?;
        let path = place.join(uuid::Uuid::new_v4().to_string());
        let file = File::options().write(true).create_new(true).open(&path).await?;
        Ok(Writing {
            file,
            left: Some(Left(path)),
            hash: Sha256::new(),
            head: Vec::new(),
            size: 0,
            folder: self.clone(),
        })
    }

    /// Files that nothing was written to since a moment of the machine's clock, and their hashes.
    pub(crate) fn older_than(&self, age: std::time::Duration) -> io::Result<Vec<(PathBuf, Option<String>)>> {
        let mut found = Vec::new();
        let mut open = vec![self.root.clone()];
        while let Some(folder) = open.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(gone) if gone.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let Ok(about) = entry.metadata() else { continue };
                if about.is_dir() {
                    open.push(entry.path());
                } else if about.modified()?.elapsed().is_ok_and(|passed| passed > age) {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    let is_finished = !folder.ends_with(UNFINISHED);
                    if !is_finished || is_hash(&name) {
                        found.push((entry.path(), is_finished.then_some(name)));
                    }
                }
            }
        }
        Ok(found)
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A file that is removed when it is dropped.
struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file on its way into the folder.
pub(crate) struct Writing {
    file: File,
    left: Option<Left>,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
    folder: Folder,
}

impl Writing {
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = super::sniff::ENOUGH.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// On disk under its hash once this returns; the hash.
    pub(crate) async fn finish(mut self) -> io::Result<String> {
        self.file.flush().await?;
        let hash = hex::encode(self.hash.finalize());
        let (folder, file, name) = (self.folder, self.file.into_std().await, hash.clone());
        let left = self.left.take();
        let keep = move || keep(&folder, &file, left.as_ref().map(|left| left.0.as_path()), &name);
        tokio::task::spawn_blocking(keep).await.map_err(io::Error::other)??;
        Ok(hash)
    }
}

/// Moves a whole file to its place: its bytes are on disk before its name is, its name before it is said.
fn keep(folder: &Folder, file: &std::fs::File, from: Option<&Path>, hash: &str) -> io::Result<()> {
    let (Some(from), Some(to)) = (from, folder.path(hash)) else {
        return Err(io::Error::other("a file without a name"));
    };
    let own = to.parent().unwrap_or(&folder.root);
    std::fs::create_dir_all(own)?;
    file.sync_all()?;
    // The same bytes again take the place of the old ones, and are young: the sweep leaves them alone.
    std::fs::rename(from, &to)?;
    for place in own.ancestors().take(3) {
        std::fs::File::open(place)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn scratch(name: &str) -> (Folder, PathBuf) {
        let root = std::env::temp_dir().join(format!("chaski-folder-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        (Folder::new(root.clone()), root)
    }

    #[tokio::test]
    async fn a_file_lies_under_its_hash_and_once() {
        let (folder, root) = scratch("once");
        let mut names = Vec::new();
        for _ in 0..2 {
            let mut file = folder.begin().await.unwrap();
            file.write(b"ho").await.unwrap();
            file.write(b"la").await.unwrap();
            assert_eq!((file.size(), file.head()), (4, &b"hola"[..]));
            names.push(file.finish().await.unwrap());
        }
        assert_eq!(names[0], names[1]);
        let path = folder.path(&names[0]).unwrap();
        assert!(path.starts_with(root.join(&names[0][..2]).join(&names[0][2..4])));
        assert_eq!(std::fs::read(&path).unwrap(), b"hola");
        assert_eq!(folder.older_than(Duration::ZERO).unwrap(), [(path, Some(names[0].clone()))]);
        assert!(folder.older_than(Duration::from_secs(60)).unwrap().is_empty());
        let _ = std::fs::remove_dir_all(root);
    }

    #[tokio::test]
    async fn what_is_not_finished_goes_and_names_are_hashes_alone() {
        let (folder, root) = scratch("unfinished");
        assert!(folder.older_than(Duration::ZERO).unwrap().is_empty(), "there is no folder yet");
        let mut file = folder.begin().await.unwrap();
        file.write(b"half").await.unwrap();
        drop(file);
        assert!(folder.older_than(Duration::ZERO).unwrap().is_empty());
        for bad in ["", "..", "../../etc/passwd", &"A".repeat(64), &"g".repeat(64)] {
            assert_eq!(folder.path(bad), None);
        }
        assert!(folder.has_room().unwrap());
        let _ = std::fs::remove_dir_all(root);
    }
}
