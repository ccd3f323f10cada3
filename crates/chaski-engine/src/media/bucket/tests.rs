//! A bucket as the place of media: on a store in memory, and the wire against hosts that misbehave.

use super::*;
use crate::media::folder::Folder;
use crate::media::place::{Aged, Place};
use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

struct Bench {
    place: Place,
    store: Arc<InMemory>,
    root: PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

fn bench(name: &str) -> Bench {
    let root = std::env::temp_dir().join(format!("chaski-bucket-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    let store = Arc::new(InMemory::new());
    let bucket = Bucket { store: Arc::clone(&store) as _, prefix: Path::from("a/b"), shown: "it".into() };
    Bench { place: Place::Bucket(bucket, Folder::new(root.clone())), store, root }
}

impl Bench {
    async fn kept(&self, bytes: &[u8]) -> String {
        let mut file = self.place.begin().await.unwrap();
        for piece in bytes.chunks(100_000) {
            file.write(piece).await.unwrap();
        }
        self.place.keep(file).await.unwrap()
    }

    async fn read(&self, hash: &str, range: Range<u64>) -> Vec<u8> {
        let pieces: Vec<Bytes> =
            self.place.open_file(hash, range).await.unwrap().try_collect().await.unwrap();
        pieces.concat()
    }

    async fn old(&self, leads: bool) -> Vec<Vec<Aged>> {
        self.place.older_than(Duration::ZERO, leads).await.try_collect().await.unwrap()
    }
}

#[tokio::test]
async fn a_file_of_any_size_lies_under_its_hash_and_is_read_by_stretches() {
    let bench = bench("sizes");
    for size in [0, 1, 20 << 20] {
        let bytes: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[n as usize % 3]).collect();
        let hash = bench.kept(&bytes).await;
        assert_eq!(hash, hex::encode(Sha256::digest(&bytes)));
        let path = Path::from(format!("a/b/{}/{}/{hash}", &hash[..2], &hash[2..4]));
        assert_eq!(bench.store.head(&path).await.unwrap().size, bytes.len() as u64);
        assert!(bench.read(&hash, 0..bytes.len() as u64).await == bytes, "{size}");
        let (told, head) = bench.place.look(&hash).await.unwrap();
        assert_eq!((told, &head[..]), (bytes.len() as u64, &bytes[..bytes.len().min(64)]));
    }
    let hash = bench.kept(b"0123456789").await;
    assert_eq!(bench.read(&hash, 3..6).await, b"345");
    let left = std::fs::read_dir(bench.root.join("unfinished")).unwrap().count();
    assert_eq!(left, 0, "nothing stays on this machine");
    for absent in ["0".repeat(64), "../../x".into()] {
        let error = bench.place.open_file(&absent, 0..1).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn only_own_files_are_listed_step_by_step_and_by_one_node() {
    let bench = bench("list");
    let mut hashes = Vec::new();
    for n in 0..450 {
        hashes.push(bench.kept(format!("{n}").as_bytes()).await);
    }
    let some = "a".repeat(64);
    for other in
        ["a/b/notes.txt".to_owned(), format!("a/b/{some}"), format!("x/aa/aa/{some}"), "trial-1".into()]
    {
        bench.store.put(&Path::from(other), Bytes::new().into()).await.unwrap();
    }
    bench.store.put(&Path::from("a/b/trial-1"), Bytes::new().into()).await.unwrap();
    let steps = bench.old(true).await;
    assert!(steps.iter().all(|step| step.len() <= 200) && steps.len() == 3);
    let mut told: Vec<_> = steps.concat().into_iter().map(|file| file.hash).collect();
    told.sort();
    let mut own: Vec<_> = hashes.into_iter().map(Some).chain([None]).collect();
    own.sort();
    assert_eq!(told, own);
    assert!(bench.old(false).await.is_empty());
    let young = bench.place.older_than(Duration::from_secs(60), true).await;
    assert!(young.try_collect::<Vec<_>>().await.unwrap().is_empty());
    let file = steps[0][0].clone();
    assert!(!bench.place.remove(&file, Duration::from_secs(60)).await.unwrap(), "it came again meanwhile");
    assert!(bench.place.remove(&file, Duration::ZERO).await.unwrap());
    assert!(!bench.place.remove(&file, Duration::ZERO).await.unwrap(), "another was quicker");
}

#[tokio::test]
async fn what_lay_in_the_folder_before_is_left_alone() {
    let bench = bench("before");
    let folder = Place::Folder(Folder::new(bench.root.clone()));
    let mut file = folder.begin().await.unwrap();
    file.write(b"before").await.unwrap();
    folder.keep(file).await.unwrap();
    assert!(bench.old(true).await.is_empty());
}

fn said(status: u16, body: &str) -> Error {
    let source = format!("Error performing PUT http://h/b - status code: {status} Words: {body}").into();
    if status == 404 {
        Error::NotFound { path: "p".into(), source }
    } else {
        Error::Generic { store: "S3", source }
    }
}

#[test]
fn a_fault_is_told_by_its_code_alone() {
    let body = "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIA1</AWSAccessKeyId></Error>";
    assert_eq!(reason(&said(403, body)), "the bucket's store refuses it (SignatureDoesNotMatch)");
    assert_eq!(reason(&said(502, "<html>")), "the bucket's store answers with HTTP 502");
    let no_bucket = said(404, "<Code>NoSuchBucket</Code>");
    assert_eq!(reason(&no_bucket), "there is no such bucket");
    assert!(!is_absent(&no_bucket), "all its files would be said to be gone");
    assert!(is_absent(&said(404, "<Code>NoSuchKey</Code>")) && is_absent(&said(404, "")));
}

/// Answers every request with the same words; the requests.
async fn host(answer: String) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heard, requests) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let _ = heard.send(String::from_utf8_lossy(&request[..read]).into_owned());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, requests)
}

fn settings(endpoint: String) -> BucketSettings {
    BucketSettings {
        bucket: "media".into(),
        prefix: String::new(),
        endpoint,
        region: "us-east-1".into(),
        access_key_id: "AKIA1".into(),
        secret_access_key: Secret("s3cret-word".into()),
        allow_private_networks: false,
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_secret_does_not_leave() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (elsewhere, mut strange) = host(ok.to_owned()).await;
    let leads = format!(
        "HTTP/1.1 307 No\r\nlocation: {elsewhere}/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (url, mut requests) = host(leads).await;
    let error = Bucket::open(&settings(url.clone())).unwrap().try_out().await.unwrap_err().to_string();
    assert!(error.contains(&url) && error.contains("HTTP 307") && error.contains("media.s3"), "{error}");
    assert!(!error.contains("s3cret-word"), "{error}");
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("PUT /media/trial-") && request.contains("AKIA1/"), "{request}");
    assert!(!request.contains("s3cret-word"), "{request}");
    assert!(strange.try_recv().is_err(), "the request went on");
}

#[tokio::test]
async fn a_store_that_is_away_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Bucket::open(&settings(url.clone())).unwrap().try_out().await.unwrap_err().to_string();
    assert!(error.contains(&url) && error.contains("cannot be reached"), "{error}");
}
