//! What a call must know of a file before it is made: its size, type, name and length, or all its bytes.
//!
//! Most providers fetch a link by themselves. Some want to be told what is there, and some take the bytes
//! alone. The dispatcher asks here between an attempt's begin and its call. When that takes longer than the
//! call may wait, the attempt is given back, and the next one finds the answer here. Downloads and the bytes
//! that attempts hold are bounded; waiting for one's turn is never counted as a try.

use super::fetch::{Missed, frames};
use super::sniff;
use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::transport::Fetched;
use bytes::{Bytes, BytesMut};
use chaski_channels::template::value::filename_of;
use chaski_channels::{Auth, Call, FileFacts, Wanted};
use chaski_model::message::MediaKind;
use chaski_model::{ChannelId, ErrorCode, Failure};
use lofty::file::AudioFile;
use lofty::probe::Probe;
use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

/// Files being read at once, by all channels and by one.
const AT_ONCE: usize = 8;
const BY_CHANNEL: usize = 2;
/// How long all files of a part may take, with waiting for their turn: less than the watchdog lets an attempt
/// stand open, whatever the provider's own limit is.
const WITHIN: Duration = Duration::from_secs(45);
const BEYOND_CALL: Duration = Duration::from_secs(15);
/// The most bytes that attempts hold at once, in KiB.
const HELD: u32 = 64 << 10;
/// The most bytes that are read for facts alone; of a larger file only what its server says of it is known.
const LOOKED_AT: u64 = 16 << 20;
/// How long an answer is remembered, how many, and how many bytes of files.
const REMEMBERED: Duration = Duration::from_secs(600);
const ANSWERS: usize = 256;
const BYTES: usize = 64 << 20;

/// Answers of a short while ago, the newest last.
pub(crate) struct Files {
    turn: Semaphore,
    of_channel: Mutex<HashMap<ChannelId, Arc<Semaphore>>>,
    held: Arc<Semaphore>,
    known: Mutex<Vec<(Instant, Wanted, Arc<FileFacts>)>>,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(AT_ONCE),
            of_channel: Mutex::default(),
            held: Arc::new(Semaphore::new(HELD as usize)),
            known: Mutex::default(),
        }
    }
}

/// What was found out for a part's call; the room of its bytes is taken until it is dropped.
pub(crate) struct Found {
    pub(crate) facts: Vec<FileFacts>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Why a call has not its files.
pub(crate) enum NoFiles {
    /// It is not the files' fault: others had their turn, or some of them came and the rest will.
    NotYet(Failure),
    /// A file could not be had.
    Missed(Missed),
}

impl From<Missed> for NoFiles {
    fn from(missed: Missed) -> Self {
        Self::Missed(missed)
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(HELD).clamp(1, HELD)
}

impl Files {
    /// The room for the bytes of a part: as much as they may be, until it is known how much they are.
    async fn room(&self, wanted: &[Wanted], until: Instant) -> Result<Option<OwnedSemaphorePermit>, NoFiles> {
        let Some(most) = wanted.iter().filter(|one| one.bytes).map(|one| one.most).max() else {
            return Ok(None);
        };
        let room = Arc::clone(&self.held).acquire_many_owned(kib(most));
        let room = timeout_at(until.into(), room).await.map_err(|_| not_yet())?;
        Ok(Some(room.expect("the room is never closed")))
    }

    fn turn_of(&self, channel: ChannelId) -> Arc<Semaphore> {
        let mut turns = self.of_channel.lock().expect("nobody panics while holding the turns");
        Arc::clone(turns.entry(channel).or_insert_with(|| Arc::new(Semaphore::new(BY_CHANNEL))))
    }

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
    pub(crate) async fn files(&self, entry: &ChannelEntry, wanted: &[Wanted]) -> Result<Found, NoFiles> {
        let until = Instant::now() + WITHIN.min(self.config.call_timeout + BEYOND_CALL);
        let mut room = self.files.room(wanted, until).await?;
        let (mut facts, mut bytes): (Vec<FileFacts>, u64) = (Vec::with_capacity(wanted.len()), 0);
        let mut has_come = false;
        for wanted in wanted {
            let one = match self.files.find(wanted) {
                Some(known) => known,
                None => {
                    let fetched = self.fetch_file(entry, wanted, until).await;
                    // What has come is remembered, so that the next attempt gets further.
                    let fetched =
                        fetched.map_err(|cause| if has_come { not_yet_after(cause) } else { cause })?;
                    has_come = true;
                    fetched
                }
            };
            bytes += one.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
            if bytes > wanted.most {
                return Err(too_large_together(wanted).into());
            }
            facts.push(one.as_ref().clone());
        }
        if let Some(room) = &mut room {
            let unused = room.num_permits().saturating_sub(kib(bytes) as usize);
            drop(room.split(unused));
        }
        Ok(Found { facts, _room: room })
    }

    /// Fetches one file in its turn.
    async fn fetch_file(
        &self,
        entry: &ChannelEntry,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Arc<FileFacts>, NoFiles> {
        let own = self.files.turn_of(entry.channel.id);
        let turns = async { (own.acquire().await, self.files.turn.acquire().await) };
        let _turns = timeout_at(until.into(), turns).await.map_err(|_| not_yet())?;
        if let Some(facts) = self.files.find(wanted) {
            return Ok(facts);
        }
        let fetched = async {
            let call = Call::get(&wanted.link, Auth::None);
            let fetched = self.follow(entry, call).await.map_err(|missed| named(missed, &wanted.link))?;
            look(fetched, wanted).await
        };
        let late = |_| again(&wanted.link, "it did not come in time");
        let facts = Arc::new(timeout_at(until.into(), fetched).await.map_err(late)??);
        self.files.remember(wanted, &facts);
        Ok(facts)
    }
}

fn not_yet() -> NoFiles {
    let message = "Other files are being fetched first. Chaski retries by itself.";
    NoFiles::NotYet(Failure::new(ErrorCode::Busy, message))
}

/// A passing fault after other files had come is not the end of their try.
fn not_yet_after(cause: NoFiles) -> NoFiles {
    match cause {
        NoFiles::Missed(Missed::Again { failure, after: None }) => NoFiles::NotYet(failure),
        other => other,
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

fn too_large_together(wanted: &Wanted) -> Missed {
    let mib = wanted.most >> 20;
    let why =
        format!("with the files before it, it is larger than {mib} MiB, the most that the channel takes");
    never(&wanted.link, &why)
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
