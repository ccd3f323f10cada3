//! A bucket of an S3-compatible store, which several servers share: each file once, `PREFIX/ab/cd/HASH`.
//!
//! Requests are signed with the given credentials and no others: nothing is asked of the machine's surroundings.
//! Everything here is bounded in time, and no fault is told with an address or a credential in it.

mod settings;
#[cfg(test)]
mod tests;
mod wire;

pub use settings::{BucketError, BucketSettings, Secret};

use super::folder::Written;
use super::place::{is_hash, is_older};
use super::sniff;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::client::HttpError;
use object_store::path::Path;
use object_store::{
    BackoffConfig, Error, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, RetryConfig,
};
use std::future::Future;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use wire::Wire;

/// How long a question to the store may take, with its repetitions, and how long it may pause in a file.
const ANSWER: Duration = Duration::from_secs(30);
/// How long one part of a file may take to be stored, with its repetitions.
const STORED: Duration = Duration::from_secs(90);
/// What is sent at once, in bytes: a larger file goes in parts of this size.
const PART: u64 = 8 << 20;
/// Names of what is written to try a bucket out.
const TRIAL: &str = "trial-";

/// A bucket of media.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// What it is called in errors at the start.
    shown: String,
}

impl Bucket {
    /// The bucket of these settings; nothing is asked of it yet.
    pub(super) fn open(settings: &BucketSettings) -> Result<Self, BucketError> {
        settings.check()?;
        let prefix = Path::parse(&settings.prefix).map_err(|error| BucketError(error.to_string()))?;
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(200),
                max_backoff: Duration::from_secs(2),
                base: 3.0,
            },
            max_retries: 2,
            retry_timeout: Duration::from_secs(60),
        };
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(Wire::new())
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(&settings.secret_access_key.0)
            // Not every store knows how to delete many at once.
            .with_disable_bulk_delete(true)
            .with_retry(retry);
        if !settings.endpoint.is_empty() {
            builder = builder
                .with_endpoint(settings.endpoint.trim_end_matches('/'))
                .with_allow_http(settings.endpoint.starts_with("http://"));
        }
        let store = builder.build().map_err(|error| BucketError(reason(&error)))?;
        let shown = format!("the bucket {} at {}", settings.bucket, settings.shown());
        Ok(Self { store: Arc::new(store), prefix, shown })
    }

    /// Writes, reads, lists and removes something, so that a bucket that cannot be used is known at the start.
    pub(super) async fn try_out(&self) -> Result<(), BucketError> {
        let path = self.prefix.clone().join(format!("{TRIAL}{}", uuid::Uuid::new_v4()));
        let failed = |what: &'static str| {
            let shown = &self.shown;
            move |cause: io::Error| {
                BucketError(format!(
                    "{shown} cannot be {what}: {cause}. Look at media.s3; its key needs the rights to put, get, list and delete"
                ))
            }
        };
        let content = Bytes::from_static(b"Chaski tries the bucket out.");
        in_time(ANSWER, self.store.put(&path, content.clone().into())).await.map_err(failed("written"))?;
        let read = async { self.store.get(&path).await?.bytes().await };
        let read = in_time(ANSWER, read).await.map_err(failed("read"))?;
        if read != content {
            return Err(BucketError(format!("{} gives back something else than was written", self.shown)));
        }
        let mut listed = self.store.list(self.listed_below());
        let first = async { listed.next().await.transpose() };
        in_time(ANSWER, first).await.map_err(failed("listed"))?;
        in_time(ANSWER, self.store.delete(&path)).await.map_err(failed("cleared"))
    }

    fn listed_below(&self) -> Option<&Path> {
        (!self.prefix.as_ref().is_empty()).then_some(&self.prefix)
    }

    fn path(&self, hash: &str) -> io::Result<Path> {
        if !is_hash(hash) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(self.prefix.clone().join(&hash[..2]).join(&hash[2..4]).join(hash))
    }

    /// Stores a written file. The same bytes again take the place of the old ones, and are young.
    pub(super) async fn keep(&self, file: &Written) -> io::Result<()> {
        let path = self.path(&file.hash)?;
        let mut bytes = tokio::fs::File::open(file.path()).await?;
        if file.size <= PART {
            let all = read_part(&mut bytes).await?;
            return in_time(STORED, self.store.put(&path, all.into())).await.map(drop);
        }
        let mut upload = in_time(ANSWER, self.store.put_multipart(&path)).await?;
        let stored = store_parts(&mut *upload, &mut bytes).await;
        if stored.is_err() {
            // Else the parts would stay, unseen and paid for.
            let _ = in_time(ANSWER, upload.abort()).await;
        }
        stored
    }

    /// A stretch of a file.
    pub(super) async fn open_file(
        &self,
        hash: &str,
        range: Range<u64>,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        let path = self.path(hash)?;
        // Of an empty file there is no stretch to ask for.
        let wanted = (!range.is_empty()).then(|| GetRange::Bounded(range.clone()));
        let options = GetOptions { range: wanted, ..GetOptions::default() };
        let found = in_time(ANSWER, self.store.get_opts(&path, options)).await?;
        let left = range.end.saturating_sub(range.start);
        let read = stream::try_unfold((found.into_stream(), left), |(mut rest, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let next = async { rest.next().await.transpose() };
            let mut bytes = in_time(ANSWER, next).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            let left = left - bytes.len() as u64;
            Ok(Some((bytes, (rest, left))))
        });
        Ok(read.boxed())
    }

    /// A file's size and first bytes.
    pub(super) async fn look(&self, hash: &str) -> io::Result<(u64, Vec<u8>)> {
        let path = self.path(hash)?;
        // Not a HEAD, whose 404 does not tell a missing file from a missing bucket.
        let found = in_time(ANSWER, self.store.get(&path)).await?;
        let size = found.meta.size;
        let mut rest = found.into_stream();
        let mut head = Vec::new();
        while head.len() < sniff::ENOUGH {
            let next = async { rest.next().await.transpose() };
            let Some(bytes) = in_time(ANSWER, next).await? else { break };
            head.extend_from_slice(&bytes[..bytes.len().min(sniff::ENOUGH - head.len())]);
        }
        Ok((size, head))
    }

    /// Files that nothing was written to for so long, with their hashes, as the pages of the listing come. What
    /// else lies in the bucket is not told.
    pub(super) fn older_than(&self, age: Duration) -> BoxStream<'static, io::Result<(Path, Option<String>)>> {
        let listed = self.store.list(self.listed_below());
        let bucket = self.clone();
        let old = stream::try_unfold((listed, bucket), move |(mut listed, bucket)| async move {
            loop {
                let next = async { listed.next().await.transpose() };
                let Some(meta) = in_time(ANSWER, next).await? else { return Ok(None) };
                if !is_older(meta.last_modified.into(), age) {
                    continue;
                }
                if let Some(hash) = bucket.named(&meta.location) {
                    return Ok(Some(((meta.location, hash), (listed, bucket))));
                }
            }
        });
        old.boxed()
    }

    /// The hash of a file of ours, `Some(None)` for what was written to try the bucket out.
    fn named(&self, path: &Path) -> Option<Option<String>> {
        let name = path.filename()?;
        if self.path(name).is_ok_and(|own| own == *path) {
            return Some(Some(name.to_owned()));
        }
        (name.starts_with(TRIAL) && self.prefix.clone().join(name) == *path).then_some(None)
    }

    /// Removes a file if it is still so old. True when it went.
    pub(super) async fn remove(&self, path: &Path, age: Duration) -> io::Result<bool> {
        let went = match in_time(ANSWER, self.store.head(path)).await {
            Ok(meta) if is_older(meta.last_modified.into(), age) => {
                in_time(ANSWER, self.store.delete(path)).await
            }
            Ok(_) => return Ok(false),
            Err(cause) => Err(cause),
        };
        match went {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(cause),
        }
    }
}

async fn store_parts(upload: &mut dyn MultipartUpload, file: &mut tokio::fs::File) -> io::Result<()> {
    loop {
        let part = read_part(file).await?;
        if part.is_empty() {
            break;
        }
        in_time(STORED, upload.put_part(part.into())).await?;
    }
    in_time(STORED, upload.complete()).await.map(drop)
}

/// The next part of a file; empty at its end.
async fn read_part(file: &mut tokio::fs::File) -> io::Result<Bytes> {
    let mut part = BytesMut::new();
    let mut rest = file.take(PART);
    while rest.read_buf(&mut part).await? > 0 {}
    Ok(part.freeze())
}

/// Waits for the store, but not for ever.
async fn in_time<T>(most: Duration, asked: impl Future<Output = object_store::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(most, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) if is_absent(&error) => Err(io::ErrorKind::NotFound.into()),
        Ok(Err(error)) => Err(io::Error::other(reason(&error))),
        Err(_) => {
            let why = format!("the bucket's store did not answer within {} s", most.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, why))
        }
    }
}

/// Whether a file is not there, which is not so when the whole bucket is not there.
fn is_absent(error: &Error) -> bool {
    matches!(error, Error::NotFound { source, .. } if code(&source.to_string()) != Some(NO_BUCKET))
}

const NO_BUCKET: &str = "NoSuchBucket";

/// Why the store did not do it, in a few words. Its own are left out but for its code: they repeat the request.
fn reason(error: &Error) -> String {
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    if let Some(lost) = causes.find_map(|cause| cause.downcast_ref::<HttpError>()) {
        let why = std::error::Error::source(lost).map_or_else(String::new, ToString::to_string);
        return format!("the bucket's store cannot be reached ({why})");
    }
    let text = error.to_string();
    match (code(&text), status(&text)) {
        (Some(NO_BUCKET), _) => "there is no such bucket".to_owned(),
        (Some(code), _) => format!("the bucket's store refuses it ({code})"),
        (None, Some(status)) => format!("the bucket's store answers with HTTP {status}"),
        (None, None) if text.contains("redirect") => {
            "the bucket's store leads elsewhere; the region may be another one".to_owned()
        }
        (None, None) => "the bucket's store answers with something that is not understood".to_owned(),
    }
}

/// The code of a store's error, such as `AccessDenied`.
fn code(text: &str) -> Option<&str> {
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    (code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric())).then_some(code)
}

fn status(text: &str) -> Option<&str> {
    let status = text.split_once("status code: ")?.1.get(..3)?;
    status.chars().all(|c| c.is_ascii_digit()).then_some(status)
}
