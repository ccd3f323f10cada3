//! What a call must know of a file before it is made: its size, type, name and length, or all its bytes.
//!
//! Most providers fetch a link by themselves. Some want to be told what is there, and some take the bytes
//! alone. The dispatcher asks here between an attempt's begin and its call. When that takes longer than the
//! call may wait, the attempt is given back, and the next one finds the answer here.

use super::fetch::{Missed, frames};
use super::sniff;
use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::transport::Fetched;
use bytes::{Bytes, BytesMut};
use chaski_channels::template::value::filename_of;
use chaski_channels::{Auth, Call, FileFacts, Wanted};
use chaski_model::message::MediaKind;
use chaski_model::{ErrorCode, Failure};
use lofty::file::AudioFile;
use lofty::probe::Probe;
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Files being read at once.
const AT_ONCE: usize = 2;
/// How long one file may take, with waiting for its turn.
const WITHIN: Duration = Duration::from_secs(60);
/// The most bytes that are read for facts alone; of a larger file only what its server says of it is known.
const LOOKED_AT: u64 = 16 << 20;
/// How long an answer is remembered, how many, and how many bytes of files.
const REMEMBERED: Duration = Duration::from_secs(600);
const ANSWERS: usize = 256;
const BYTES: usize = 64 << 20;

/// Answers of a short while ago, the newest last.
pub(crate) struct Files {
    turn: Semaphore,
    known: Mutex<Vec<(Instant, Wanted, Arc<FileFacts>)>>,
}

impl Default for Files {
    fn default() -> Self {
        Self { turn: Semaphore::new(AT_ONCE), known: Mutex::default() }
    }
}

impl Files {
    fn find(&self, wanted: &Wanted) -> Option<Arc<FileFacts>> {
        let known = self.known.lock().expect("nobody panics while holding the files");
        let found = known.iter().rfind(|(at, of, _)| of == wanted && at.elapsed() < REMEMBERED);
        found.map(|(_, _, facts)| Arc::clone(facts))
    }

    fn remember(&self, wanted: &Wanted, facts: &Arc<FileFacts>) {
        let mut known = self.known.lock().expect("nobody panics while holding the files");
        known.retain(|(at, of, _)| of != wanted && at.elapsed() < REMEMBERED);
        known.push((Instant::now(), wanted.clone(), Arc::clone(facts)));
        let bytes = |(_, _, facts): &(_, _, Arc<FileFacts>)| facts.bytes.as_ref().map_or(0, Bytes::len);
        while known.len() > ANSWERS || (known.len() > 1 && known.iter().map(bytes).sum::<usize>() > BYTES) {
            known.remove(0);
        }
    }
}

impl Engine {
    /// Finds out about every file that a part's call wants.
    pub(crate) async fn files(
        &self,
        entry: &ChannelEntry,
        wanted: &[Wanted],
    ) -> Result<Vec<FileFacts>, Missed> {
        let mut found = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let facts = tokio::time::timeout(WITHIN, self.file(entry, wanted)).await;
            let late = || Err(again(&wanted.link, "it did not come within a minute"));
            found.push(facts.unwrap_or_else(|_| late())?.as_ref().clone());
        }
        Ok(found)
    }

    async fn file(&self, entry: &ChannelEntry, wanted: &Wanted) -> Result<Arc<FileFacts>, Missed> {
        let _turn = self.files.turn.acquire().await.expect("the files' turn is never closed");
        if let Some(facts) = self.files.find(wanted) {
            return Ok(facts);
        }
        let call = Call::get(&wanted.link, Auth::None);
        let fetched = self.follow(entry, call).await.map_err(|missed| named(missed, &wanted.link))?;
        let facts = Arc::new(look(fetched, wanted).await?);
        self.files.remember(wanted, &facts);
        Ok(facts)
    }
}

/// Reads what is needed of an answer.
async fn look(fetched: Fetched, wanted: &Wanted) -> Result<FileFacts, Missed> {
    let link = &wanted.link;
    match fetched.status {
        200 => {}
        429 | 500.. => return Err(again(link, &format!("its server answers with HTTP {}", fetched.status))),
        status => return Err(never(link, &format!("its server answers with HTTP {status}"))),
    }
    if fetched.length.is_some_and(|length| length > wanted.most) {
        return Err(too_large(wanted));
    }
    let (declared, length) = (fetched.content_type.clone(), fetched.length);
    let is_known = !wanted.bytes && length.is_some_and(|length| length > LOOKED_AT);
    let (size, read) = match length.filter(|_| is_known) {
        Some(length) => (length, Bytes::new()),
        None => read(fetched, wanted).await?,
    };
    if size == 0 {
        return Err(never(link, "it is empty"));
    }
    let mime = sniff::by_content(&read, MediaKind::File)
        .map(str::to_owned)
        .or_else(|| declared.as_deref().and_then(plain))
        .unwrap_or_else(|| sniff::UNKNOWN.to_owned());
    let plays = mime.starts_with("audio/") || mime.starts_with("video/");
    let duration = if plays { duration(&read) } else { None };
    Ok(FileFacts { size, name: name_of(link, &mime), mime, duration, bytes: wanted.bytes.then_some(read) })
}

/// The size of a body, and its bytes as far as they are of use.
async fn read(fetched: Fetched, wanted: &Wanted) -> Result<(u64, Bytes), Missed> {
    let (mut size, mut kept) = (0_u64, BytesMut::new());
    let mut frames = frames(fetched.body);
    while let Some(bytes) = frames.next().await.map_err(|failure| again(&wanted.link, &failure.message))? {
        size += bytes.len() as u64;
        if size > wanted.most {
            return Err(too_large(wanted));
        }
        if wanted.bytes || size <= LOOKED_AT {
            kept.extend_from_slice(&bytes);
        }
    }
    // Half a file tells nothing.
    let is_whole = kept.len() as u64 == size;
    Ok((size, if is_whole { kept.freeze() } else { Bytes::new() }))
}

/// How long a file plays.
fn duration(bytes: &[u8]) -> Option<Duration> {
    let file = Probe::new(Cursor::new(bytes)).guess_file_type().ok()?.read().ok()?;
    Some(file.properties().duration()).filter(|duration| !duration.is_zero())
}

/// The file's name after its link, with an ending: the contact's phone opens it by that.
fn name_of(link: &str, mime: &str) -> String {
    let has_name = url::Url::parse(link).is_ok_and(|url| !url.path().ends_with('/'));
    let name = if has_name { filename_of(link) } else { "file".to_owned() };
    if name.contains('.') { name } else { format!("{name}.{}", sniff::ending(mime)) }
}

/// A declared type without its parameters.
fn plain(declared: &str) -> Option<String> {
    let plain = declared.split(';').next()?.trim().to_ascii_lowercase();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    (plain.len() <= 100 && plain.contains('/') && plain.chars().all(is_token)).then_some(plain)
}

fn failure(link: &str, why: &str) -> Failure {
    let message =
        format!("The media link {link} cannot be fetched: {why}. Open it in a browser to check it.");
    Failure::new(ErrorCode::MediaUnreachable, message)
}

fn again(link: &str, why: &str) -> Missed {
    Missed::Again { failure: failure(link, why.trim_end_matches('.')), after: None }
}

fn never(link: &str, why: &str) -> Missed {
    Missed::Never(failure(link, why))
}

fn too_large(wanted: &Wanted) -> Missed {
    let mib = wanted.most >> 20;
    never(&wanted.link, &format!("it is larger than {mib} MiB, the most that the channel takes"))
}

/// What went wrong on the way, with the link's name.
fn named(missed: Missed, link: &str) -> Missed {
    let why = |failure: Failure| failure.message.trim_end_matches('.').to_owned();
    match missed {
        Missed::Again { failure, .. } => again(link, &why(failure)),
        Missed::Never(failure) => never(link, &why(failure)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_link_and_has_an_ending() {
        for (link, mime, name) in [
            ("https://x.ec/a/factura%201.pdf?x=1", "application/pdf", "factura 1.pdf"),
            ("https://x.ec/descarga", "image/jpeg", "descarga.jpg"),
            ("https://x.ec/", "application/pdf", "file.pdf"),
            ("https://x.ec", "application/octet-stream", "file.bin"),
        ] {
            assert_eq!(name_of(link, mime), name, "{link}");
        }
    }

    /// Two seconds of silence, 8,000 samples of one byte a second.
    fn wave() -> Vec<u8> {
        let mut file = b"RIFF\xa4\x3e\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(8000_u32.to_le_bytes());
        file.extend(8000_u32.to_le_bytes());
        file.extend(b"\x01\0\x08\0data\x80\x3e\0\0");
        file.extend([0x80; 16_000]);
        file
    }

    #[test]
    fn sound_tells_how_long_it_plays() {
        assert_eq!(duration(&wave()), Some(Duration::from_secs(2)));
        assert_eq!(duration(b"%PDF-1.4 no sound at all"), None);
        assert_eq!(duration(b""), None);
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_bytes() {
        let files = Files::default();
        let wanted = |n: usize| Wanted { link: format!("https://x.ec/{n}"), most: 1, bytes: true };
        let facts = |bytes: usize| {
            let bytes = Some(Bytes::from(vec![0; bytes]));
            Arc::new(FileFacts { size: 1, mime: String::new(), name: String::new(), duration: None, bytes })
        };
        for n in 0..ANSWERS + 10 {
            files.remember(&wanted(n), &facts(1));
        }
        assert!(files.find(&wanted(9)).is_none() && files.find(&wanted(10)).is_some());
        files.remember(&wanted(1000), &facts(BYTES));
        assert!(files.find(&wanted(1000)).is_some(), "one that fills everything is still of use");
        assert!(files.find(&wanted(ANSWERS)).is_none());
    }
}
