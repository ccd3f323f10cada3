//! Where media lie: in a folder of this machine, or in a bucket that several servers share.
//!
//! Either way a file is written to an unfinished one beside the folder first: it is bounded and hashed before
//! it has a name, and half a file never shows. Faults are `io::Error`; `NotFound` alone says that the file is
//! not there.

use super::bucket::{Bucket, BucketError, BucketSettings};
use super::folder::{Folder, Writing};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

/// Files that one step of a listing tells.
const STEP: usize = 200;

/// Where media lie.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a folder.
    Folder(Folder),
    /// In a bucket; what is not finished lies in the folder.
    Bucket(Bucket, Folder),
}

/// A file that was not written to for a while.
#[derive(Debug, Clone)]
pub(crate) struct Aged {
    spot: Spot,
    /// `None` for what was left unfinished.
    pub(crate) hash: Option<String>,
}

#[derive(Debug, Clone)]
enum Spot {
    Path(PathBuf),
    Object(object_store::path::Path),
}

impl Place {
    /// The bucket, if there is one to be, else the folder. A bucket is tried out.
    ///
    /// # Errors
    /// The bucket cannot be used.
    pub async fn open(folder: PathBuf, bucket: Option<&BucketSettings>) -> Result<Self, BucketError> {
        let folder = Folder::new(folder);
        let Some(settings) = bucket else { return Ok(Self::Folder(folder)) };
        let bucket = Bucket::open(settings)?;
        bucket.try_out().await?;
        Ok(Self::Bucket(bucket, folder))
    }

    /// The folder of what is not finished, and of everything where there is no bucket.
    fn folder(&self) -> &Folder {
        match self {
            Self::Folder(folder) | Self::Bucket(_, folder) => folder,
        }
    }

    /// Whether there is room for one more file on this machine.
    ///
    /// # Errors
    /// The disk cannot be asked.
    pub(crate) fn has_room(&self) -> io::Result<bool> {
        self.folder().has_room()
    }

    /// Begins a file. Dropped unfinished, it goes.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) async fn begin(&self) -> io::Result<Writing> {
        self.folder().begin().await
    }

    /// Gives a written file its name, its hash. It is there to stay once this returns.
    ///
    /// # Errors
    /// The folder or the bucket cannot be written.
    pub(crate) async fn keep(&self, file: Writing) -> io::Result<String> {
        let written = file.close().await?;
        match self {
            Self::Folder(folder) => folder.keep(&written).await?,
            Self::Bucket(bucket, _) => bucket.keep(&written).await?,
        }
        Ok(written.hash)
    }

    /// A stretch of a file's bytes, read as they are taken. The file is known to be there once this returns.
    ///
    /// # Errors
    /// The file is not there, or cannot be read.
    pub async fn open_file(
        &self,
        hash: &str,
        range: Range<u64>,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        match self {
            Self::Folder(folder) => folder.open(hash, range).await,
            Self::Bucket(bucket, _) => bucket.open_file(hash, range).await,
        }
    }

    /// A file's size in bytes, and its first ones, enough to tell its type.
    ///
    /// # Errors
    /// The file is not there, or cannot be read.
    pub(crate) async fn look(&self, hash: &str) -> io::Result<(u64, Vec<u8>)> {
        match self {
            Self::Folder(folder) => folder.look(hash).await,
            Self::Bucket(bucket, _) => bucket.look(hash).await,
        }
    }

    /// Files that nothing was written to for so long, some hundreds at a time. Of a bucket's files they are
    /// told to one node alone.
    pub(crate) async fn older_than(
        &self,
        age: Duration,
        leads: bool,
    ) -> BoxStream<'static, io::Result<Vec<Aged>>> {
        let own = self.of_folder(age).await;
        let own =
            stream::iter(own.map_or_else(|cause| vec![Err(cause)], |all| all.into_iter().map(Ok).collect()));
        let all = match self {
            Self::Bucket(bucket, _) if leads => own.chain(bucket.older_than(age).map_ok(of_bucket)).boxed(),
            _ => own.boxed(),
        };
        all.try_chunks(STEP).map_err(|broken| broken.1).boxed()
    }

    async fn of_folder(&self, age: Duration) -> io::Result<Vec<Aged>> {
        let folder = self.folder().clone();
        let is_all = matches!(self, Self::Folder(_));
        let listed = tokio::task::spawn_blocking(move || folder.older_than(age)).await;
        let listed = listed.map_err(io::Error::other)??;
        // What lies in the folder from before there was a bucket is none of the bucket's.
        let listed = listed.into_iter().filter(|(_, hash)| is_all || hash.is_none());
        Ok(listed.map(|(path, hash)| Aged { spot: Spot::Path(path), hash }).collect())
    }

    /// Removes a file if it is still so old: the same bytes may have come again. True when it went.
    ///
    /// # Errors
    /// It cannot be removed.
    pub(crate) async fn remove(&self, file: &Aged, age: Duration) -> io::Result<bool> {
        match (&file.spot, self) {
            (Spot::Object(path), Self::Bucket(bucket, _)) => bucket.remove(path, age).await,
            (Spot::Path(path), _) => super::folder::remove(path, age).await,
            (Spot::Object(_), Self::Folder(_)) => Ok(false),
        }
    }
}

fn of_bucket((path, hash): (object_store::path::Path, Option<String>)) -> Aged {
    Aged { spot: Spot::Object(path), hash }
}

/// Whether a text is a file's name: 64 hexadecimal digits.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether something written at a moment has been left alone for so long.
pub(super) fn is_older(written: std::time::SystemTime, age: Duration) -> bool {
    written.elapsed().is_ok_and(|passed| passed >= age)
}
