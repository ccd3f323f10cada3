//! A store of buckets of a test's own: moto, a process that is talked to over TCP and keeps everything in memory.

use crate::http_client::{Answer, Http};
use crate::libraries::libraries;
use crate::world::Process;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The bucket, and what stands before each name in it.
const BUCKET: &str = "chaski";
const PREFIX: &str = "kept/media";
/// What must show nowhere.
pub const SECRET: &str = "s3cret-word/+";

/// The store, with one bucket.
pub struct BucketStore {
    process: Process,
    python: PathBuf,
    port: u64,
    age: String,
    http: Http,
}

fn run(python: &Path, port: u64, age: &str) -> Process {
    let mut program = Command::new(python);
    program.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/bucket.py"));
    Process::start_by(program, &[&port.to_string(), age], &[])
}

impl BucketStore {
    /// Starts it; None where moto is not installed. What is put into it says that it is `age_secs` old.
    pub async fn start(age_secs: u32) -> Option<Self> {
        let python = libraries()?.join("venv/bin/python");
        let age = age_secs.to_string();
        let process = run(&python, 0, &age);
        let port = process.ready["port"].as_u64().expect("it tells its port");
        let store = Self { process, python, port, age, http: Http::default() };
        store.make_bucket().await;
        Some(store)
    }

    async fn make_bucket(&self) {
        let made = self.http.call("PUT", &format!("{}/{BUCKET}", self.url()), &[], "").await;
        assert_eq!(made.expect("the store answers").status, 200);
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// It goes away with all that it has.
    pub fn stop(&mut self) {
        self.process.kill();
    }

    /// It is back at the same place, with an empty bucket.
    pub async fn start_again(&mut self) {
        self.process = run(&self.python, self.port, &self.age);
        self.make_bucket().await;
    }

    /// What a server is told of it.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("CHASKI__MEDIA__S3__BUCKET", BUCKET.to_owned()),
            ("CHASKI__MEDIA__S3__PREFIX", PREFIX.to_owned()),
            ("CHASKI__MEDIA__S3__ENDPOINT", self.url()),
            ("CHASKI__MEDIA__S3__ACCESS_KEY_ID", "AKIACHASKI".to_owned()),
            ("CHASKI__MEDIA__S3__SECRET_ACCESS_KEY", SECRET.to_owned()),
        ]
    }

    /// A request about an object, past the server.
    pub async fn call(&self, method: &str, name: &str, body: &'static str) -> Answer {
        let url = format!("{}/{BUCKET}/{PREFIX}/{name}", self.url());
        // Moto lets nobody remove something without saying who they are.
        let who = "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        self.http.call(method, &url, &[("authorization", who)], body).await.expect("the store answers")
    }
}

/// Where a file with this hash lies.
pub fn name_of(hash: &str) -> String {
    format!("{}/{}/{hash}", &hash[..2], &hash[2..4])
}
