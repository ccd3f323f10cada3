//! Files at the providers: uploaded by a business or sent by a phone. Bounded, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::call::Reply;
use crate::sync::locked;

/// All files together; the oldest go first.
const KEPT_BYTES: usize = 128 * 1024 * 1024;

/// A file with its type.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) mime: String,
    pub(crate) bytes: Bytes,
}

impl File {
    /// The digest as Meta writes it.
    pub(crate) fn sha256(&self) -> String {
        STANDARD.encode(Sha256::digest(&self.bytes))
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::raw(http::StatusCode::OK, self.mime.clone(), self.bytes.clone())
    }
}

/// Files by id.
#[derive(Default)]
pub(crate) struct MediaStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    files: HashMap<String, Arc<File>>,
    order: VecDeque<String>,
    bytes: usize,
}

impl MediaStore {
    pub(crate) fn put(&self, id: String, file: File) -> String {
        let mut inner = locked(&self.inner);
        inner.bytes += file.bytes.len();
        inner.files.insert(id.clone(), Arc::new(file));
        inner.order.push_back(id.clone());
        while inner.bytes > KEPT_BYTES && inner.order.len() > 1 {
            let Some(oldest) = inner.order.pop_front() else {
                break;
            };
            if let Some(file) = inner.files.remove(&oldest) {
                inner.bytes -= file.bytes.len();
            }
        }
        id
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<File>> {
        locked(&self.inner).files.get(id).cloned()
    }

    pub(crate) fn delete(&self, id: &str) {
        let mut inner = locked(&self.inner);
        if let Some(file) = inner.files.remove(id) {
            inner.bytes -= file.bytes.len();
        }
    }

    pub(crate) fn clear(&self) {
        *locked(&self.inner) = Inner::default();
    }
}

/// Which types and sizes a kind of media allows (bytes).
pub(crate) fn limit(kind: &str, mime: &str) -> Option<usize> {
    const MB: usize = 1024 * 1024;
    let mime = mime.split(';').next().unwrap_or_default().trim();
    match (kind, mime) {
        ("image", "image/jpeg" | "image/png") => Some(5 * MB),
        ("video", "video/mp4" | "video/3gpp") => Some(16 * MB),
        ("audio", "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg") => Some(16 * MB),
        ("sticker", "image/webp") => Some(500 * 1024),
        ("document", mime) if !mime.is_empty() => Some(100 * MB),
        _ => None,
    }
}

/// Refuses an upload whose type or size no kind of message could carry.
pub(crate) fn check_upload(file: &File) -> Result<(), String> {
    let kinds = ["image", "video", "audio", "sticker"];
    let most =
        kinds.iter().find_map(|kind| limit(kind, &file.mime)).or_else(|| limit("document", &file.mime));
    match most {
        None => Err("Param file must be a file with a supported type.".to_owned()),
        Some(most) if file.bytes.len() > most => Err("Param file is too large.".to_owned()),
        Some(_) => Ok(()),
    }
}

/// The parts of a multipart body that an upload has.
pub(crate) struct Fields {
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) file: Option<File>,
    /// The field that the file came in, and the name that it was given.
    pub(crate) file_field: String,
    pub(crate) filename: Option<String>,
}

impl Fields {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a multipart form that is whole in memory.
pub(crate) fn read_multipart(content_type: &str, body: &[u8]) -> Option<Fields> {
    let boundary =
        content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
    let delimiter = format!("--{boundary}");
    let mut fields = Fields { texts: Vec::new(), file: None, file_field: String::new(), filename: None };
    let mut rest = body;
    while let Some(start) = find(rest, delimiter.as_bytes()) {
        rest = rest.get(start + delimiter.len()..)?;
        if rest.starts_with(b"--") {
            break;
        }
        let end = find(rest, format!("\r\n{delimiter}").as_bytes())?;
        add_part(&mut fields, rest.get(2..end)?)?;
        rest = rest.get(end..)?;
    }
    Some(fields)
}

fn add_part(fields: &mut Fields, part: &[u8]) -> Option<()> {
    let split = find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(part.get(..split)?).ok()?;
    let content = part.get(split + 4..)?;
    let header = |name: &str| {
        head.lines().find_map(|line| {
            line.split_once(':')
                .filter(|(key, _)| key.trim().eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
        })
    };
    let disposition = header("content-disposition")?;
    let attribute = |name: &str| {
        disposition
            .split(';')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim_matches('"').to_owned())
    };
    let name = attribute("name")?;
    if name == "file" || attribute("filename").is_some() {
        fields.file_field = name;
        fields.filename = attribute("filename");
        let mime = header("content-type").unwrap_or("application/octet-stream").to_owned();
        fields.file = Some(File { mime, bytes: Bytes::copy_from_slice(content) });
    } else {
        fields.texts.push((name, String::from_utf8_lossy(content).into_owned()));
    }
    Some(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A small stand-in for a file whose link is not on this machine and is therefore never fetched.
pub(crate) fn placeholder(kind: &str) -> File {
    const PNG: &[u8] = &[
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0,
        0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c,
        0x63, 0x60, 0x60, 0x60, 0xf8, 0x0f, 0, 1, 4, 1, 0, 0x5f, 0xe5, 0xc3, 0x4b, 0, 0, 0, 0, 0x49, 0x45,
        0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
    ];
    let (mime, bytes): (&str, &'static [u8]) = match kind {
        "image" => ("image/png", PNG),
        "video" => ("video/mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"),
        "audio" => ("audio/ogg; codecs=opus", b"OggS simulated voice note"),
        "music" => ("audio/mpeg", b"ID3 simulated music"),
        "sticker" => ("image/webp", b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"),
        _ => ("application/pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
    };
    File { mime: mime.to_owned(), bytes: Bytes::from_static(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multipart_upload_is_read() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x00--\r\n--x--\r\n";
        let fields = read_multipart("multipart/form-data; boundary=x", body).unwrap();
        assert_eq!(fields.text("messaging_product"), Some("whatsapp"));
        let file = fields.file.unwrap();
        assert_eq!(file.mime, "image/png");
        assert_eq!(&file.bytes[..], b"\x89PNG\r\n\x00--");
    }
}
