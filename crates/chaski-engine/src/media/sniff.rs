//! What a file is, by its first bytes.
//!
//! All that hangs on it is whether a file may be shown in a page, so this is a closed list of what browsers
//! show and WhatsApp carries, and no library that knows hundreds of types: whatever is not here is only ever
//! downloaded.

use chaski_model::message::MediaKind;

/// Bytes that are enough to tell.
pub const ENOUGH: usize = 64;

/// For content that is not known.
pub const UNKNOWN: &str = "application/octet-stream";

/// Types that may be shown in a page. None of them can run anything in it.
const SHOWN: [&str; 16] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/3gpp",
    "video/quicktime",
    "video/webm",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/aac",
    "audio/amr",
    "audio/wav",
    "audio/webm",
    "application/pdf",
];

/// Whether a stored type may be shown in a page rather than downloaded.
pub fn is_shown(mime: &str) -> bool {
    SHOWN.contains(&mime)
}

/// The type of a file by its first bytes. Containers that hold sound or pictures are what they came as.
pub fn by_content(head: &[u8], kind: MediaKind) -> Option<&'static str> {
    let at = |place: usize, bytes: &[u8]| head.get(place..).is_some_and(|rest| rest.starts_with(bytes));
    let is_sound = kind == MediaKind::Audio;
    Some(match head {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        _ if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        _ if at(0, b"%PDF-") => "application/pdf",
        _ if at(0, b"OggS") => "audio/ogg",
        _ if at(0, b"#!AMR") => "audio/amr",
        _ if at(0, b"ID3") => "audio/mpeg",
        _ if at(0, b"\x1a\x45\xdf\xa3") => {
            if is_sound {
                "audio/webm"
            } else {
                "video/webm"
            }
        }
        _ if at(4, b"ftyp") => match head.get(8..12) {
            Some(b"M4A " | b"M4B ") => "audio/mp4",
            _ if is_sound => "audio/mp4",
            Some(b"qt  ") => "video/quicktime",
            Some([b'3', b'g', ..]) => "video/3gpp",
            // Pictures of phones come in the same box, and browsers do not show them.
            Some(b"heic" | b"heix" | b"mif1" | b"msf1" | b"avif" | b"crx ") => return None,
            _ => "video/mp4",
        },
        // Sound without a header: a frame's first bits, which are the same for both but for the layer.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => "audio/aac",
        [0xff, second, ..] if second & 0xe6 == 0xe2 => "audio/mpeg",
        _ => return None,
    })
}

/// The type that is stored: by content, else as it was declared, which makes it no more than a name for a
/// download.
pub fn stored(head: &[u8], kind: MediaKind, declared: Option<&str>) -> String {
    if let Some(known) = by_content(head, kind) {
        return known.to_owned();
    }
    let plain = declared.and_then(|mime| mime.split(';').next()).unwrap_or_default().trim();
    let plain = plain.to_ascii_lowercase();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "/.+-_".contains(c);
    let is_sound = plain.len() <= 100 && plain.contains('/') && plain.chars().all(is_token);
    // What claims to be a picture and is none must not be shown as one.
    if is_sound && !is_shown(&plain) { plain } else { UNKNOWN.to_owned() }
}

/// The ending of a type's files, without the dot.
pub fn ending(mime: &str) -> &str {
    match mime {
        "image/jpeg" => "jpg",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "video/quicktime" => "mov",
        "video/3gpp" => "3gp",
        "application/octet-stream" => "bin",
        _ => {
            let last = mime.rsplit(['/', '.']).next().unwrap_or_default();
            let is_plain = last.len() <= 5 && last.bytes().all(|b| b.is_ascii_alphanumeric());
            if is_plain && !last.is_empty() { last } else { "bin" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_show_is_told_by_its_content() {
        let image = MediaKind::Image;
        for (head, kind, mime) in [
            (&b"\xff\xd8\xff\xe0\x00\x10JFIF"[..], image, "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0\0", image, "image/png"),
            (b"RIFF\x1a\0\0\0WEBPVP8L", MediaKind::Sticker, "image/webp"),
            (b"RIFF\x1a\0\0\0WAVEfmt ", MediaKind::Audio, "audio/wav"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", MediaKind::Video, "video/mp4"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", MediaKind::Audio, "audio/mp4"),
            (b"\0\0\0\x18ftypM4A \0\0\0\0", MediaKind::File, "audio/mp4"),
            (b"\0\0\0\x14ftyp3gp5\0\0\0\0", MediaKind::Video, "video/3gpp"),
            (b"OggS\0\x02", MediaKind::Audio, "audio/ogg"),
            (b"\xff\xf1\x50\x80", MediaKind::Audio, "audio/aac"),
            (b"\xff\xfb\x90\x44", MediaKind::Audio, "audio/mpeg"),
            (b"%PDF-1.4", MediaKind::File, "application/pdf"),
        ] {
            assert_eq!(stored(head, kind, Some("text/html")), mime);
            assert!(is_shown(mime));
        }
    }

    #[test]
    fn what_is_not_known_is_never_shown() {
        let html = b"<html><script>alert(1)</script>";
        for declared in ["image/png", "image/svg+xml", "text/html", "IMAGE/JPEG", "x", "a/b\r\nX: y"] {
            let mime = stored(html, MediaKind::Image, Some(declared));
            assert!(!is_shown(&mime), "{declared}: {mime}");
            assert!(mime.chars().all(|c| !c.is_control()));
        }
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
        assert_eq!(stored(svg, MediaKind::Image, Some("image/png")), UNKNOWN);
        let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert_eq!(stored(b"PK\x03\x04", MediaKind::File, Some(word)), word);
        assert_eq!(stored(b"", MediaKind::File, None), UNKNOWN);
    }
}
