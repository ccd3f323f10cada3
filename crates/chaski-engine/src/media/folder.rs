//! The folder of media: each file once, under the hash of its bytes, `ab/cd/HASH`.

use super::place::{is_hash, is_older};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use sha2::{Digest, Sha256};
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// Files being written, below the folder.
const UNFINISHED: &str = "unfinished";
/// Left free on the disk, so that media do not take the room of what must be stored.
const LEFT_FREE: u64 = 512 << 20;

/// How much is read at once.
const CHUNK: usize = 128 * 1024;

/// A folder of media.
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
        Ok(Writing { file, left: Left(path), hash: Sha256::new(), head: Vec::new(), size: 0 })
    }

    /// On disk under its hash once this returns.
    pub(super) async fn keep(&self, file: &Written) -> io::Result<()> {
        let (folder, from, hash) = (self.clone(), file.path().to_owned(), file.hash.clone());
        let keep = move || keep(&folder, &from, &hash);
        tokio::task::spawn_blocking(keep).await.map_err(io::Error::other)?
    }

    async fn file(&self, hash: &str) -> io::Result<File> {
        File::open(self.path(hash).ok_or(io::ErrorKind::NotFound)?).await
    }

    /// A stretch of a file.
    pub(super) async fn open(
        &self,
        hash: &str,
        range: Range<u64>,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        let mut file = self.file(hash).await?;
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start)).await?;
        }
        let left = range.end.saturating_sub(range.start);
        let read = stream::try_unfold((file, left), |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let mut bytes = vec![0; most];
            let read = file.read(&mut bytes).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.truncate(read);
            Ok(Some((Bytes::from(bytes), (file, left - read as u64))))
        });
        Ok(read.boxed())
    }

    /// A file's size and first bytes.
    pub(super) async fn look(&self, hash: &str) -> io::Result<(u64, Vec<u8>)> {
        let file = self.file(hash).await?;
        let size = file.metadata().await?.len();
        let mut head = Vec::new();
        file.take(super::sniff::ENOUGH as u64).read_to_end(&mut head).await?;
        Ok((size, head))
    }

    /// Files that nothing was written to for so long, and their hashes.
    pub(crate) fn older_than(&self, age: Duration) -> io::Result<Vec<(PathBuf, Option<String>)>> {
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
                } else if is_older(about.modified()?, age) {
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

/// Removes a file if it is still so old. True when it went.
pub(super) async fn remove(path: &Path, age: Duration) -> io::Result<bool> {
    let went = match fs::metadata(path).await.and_then(|about| about.modified()) {
        Ok(written) if is_older(written, age) => fs::remove_file(path).await,
        Ok(_) => return Ok(false),
        Err(cause) => Err(cause),
    };
    match went {
        Ok(()) => Ok(true),
        // On a shared folder another node was quicker.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// A file that is removed when it is dropped.
struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file that is being written.
pub(crate) struct Writing {
    file: File,
    left: Left,
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
}

/// A whole file on disk that has not its place yet. Dropped, it goes.
pub(crate) struct Written {
    left: Left,
    pub(super) hash: String,
    pub(super) size: u64,
}

impl Written {
    pub(super) fn path(&self) -> &Path {
        &self.left.0
    }
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

    /// The file is whole once this returns.
    pub(super) async fn close(mut self) -> io::Result<Written> {
        self.file.flush().await?;
        Ok(Written { left: self.left, hash: hex::encode(self.hash.finalize()), size: self.size })
    }
}

/// Moves a whole file to its place: its bytes are on disk before its name is, its name before it is said.
fn keep(folder: &Folder, from: &Path, hash: &str) -> io::Result<()> {
    let to = folder.path(hash).ok_or_else(|| io::Error::other("a file without a name"))?;
    let own = to.parent().unwrap_or(&folder.root);
    std::fs::create_dir_all(own)?;
    std::fs::File::open(from)?.sync_all()?;
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
            let file = file.close().await.unwrap();
            folder.keep(&file).await.unwrap();
            names.push(file.hash.clone());
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
