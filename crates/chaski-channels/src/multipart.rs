//! Uploads: `multipart/form-data` (RFC 7578), with one file and what belongs to it.

use crate::adapter::{Auth, Call, FileFacts};
use crate::signature::sha256_hex;
use bytes::Bytes;
use serde_json::{Value, json};

/// A POST of fields and a file under a name of its own. Without the file's bytes, as before anything was
/// looked at, it is what people see of it.
pub(crate) fn upload(
    url: String,
    auth: Auth,
    fields: &[(&str, String)],
    name: &str,
    file: Option<&FileFacts>,
    link: &str,
) -> Call {
    let bytes = file.and_then(|file| file.bytes.clone()).unwrap_or_default();
    let boundary = boundary(fields, file, &bytes);
    let mut body = Vec::with_capacity(bytes.len() + 1024);
    for (key, value) in fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    if let Some(file) = file {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            quoted(&file.name),
            file.mime
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Call {
        method: http::Method::POST,
        url,
        headers: vec![("content-type", format!("multipart/form-data; boundary={boundary}"))],
        auth,
        body: Bytes::from(body),
        shown: Some(shown(fields, name, file, link).to_string()),
    }
}

/// It must not occur in what it parts. It is the digest of all of that, so that nobody can write it there.
fn boundary(fields: &[(&str, String)], file: Option<&FileFacts>, bytes: &[u8]) -> String {
    let words = fields.iter().map(|(_, value)| value.as_str()).chain(file.map(|file| file.name.as_str()));
    let digests: String = words.map(|word| sha256_hex(word.as_bytes())).chain([sha256_hex(bytes)]).collect();
    format!("chaski-{}", &sha256_hex(digests.as_bytes())[..32])
}

/// As browsers write it: what would end the name, or the line, is percent-encoded.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn shown(fields: &[(&str, String)], name: &str, file: Option<&FileFacts>, link: &str) -> Value {
    let mut shown: Value = fields.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    shown[name] = match file {
        Some(file) => json!({"upload": file.name, "type": file.mime, "bytes": file.size}),
        None => json!({"upload": link}),
    };
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary_with(caption: &str) -> String {
        let file = FileFacts {
            size: 4,
            mime: "text/plain".into(),
            name: "a.txt".into(),
            duration: None,
            bytes: Some(Bytes::from_static(b"hola")),
        };
        let fields = [("chat_id", "7".to_owned()), ("caption", caption.to_owned())];
        let call = upload("https://x".into(), Auth::None, &fields, "document", Some(&file), "https://y/a");
        call.headers[0].1.split_once("boundary=").unwrap().1.to_owned()
    }

    /// Whoever writes the caption and has the file could else add fields of their own.
    #[test]
    fn nobody_can_write_the_boundary_into_a_field() {
        let known = boundary_with("");
        let field = format!("\r\n--{known}\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n8");
        assert_ne!(boundary_with(&field), known);
        assert_eq!(boundary_with(&field), boundary_with(&field), "a repeat is the same");
    }

    #[test]
    fn a_form_holds_its_fields_and_the_file_and_people_see_no_bytes() {
        let file = FileFacts {
            size: 4,
            mime: "text/plain".into(),
            name: "a\"b\r\n.txt".into(),
            duration: None,
            bytes: Some(Bytes::from_static(b"hola")),
        };
        let fields = [("chat_id", "7".to_owned())];
        let call = upload("https://x".into(), Auth::None, &fields, "document", Some(&file), "https://y/a");
        let text = String::from_utf8(call.body.to_vec()).unwrap();
        let boundary = call.headers[0].1.split_once("boundary=").unwrap().1;
        let expected = [
            &format!("--{boundary}"),
            "Content-Disposition: form-data; name=\"chat_id\"",
            "",
            "7",
            &format!("--{boundary}"),
            "Content-Disposition: form-data; name=\"document\"; filename=\"a%22b%0D%0A.txt\"",
            "Content-Type: text/plain",
            "",
            "hola",
            &format!("--{boundary}--"),
            "",
        ];
        assert_eq!(text, expected.join("\r\n"));
        let shown: Value = serde_json::from_str(call.shown.as_deref().unwrap()).unwrap();
        assert_eq!(shown["chat_id"], "7");
        assert_eq!(shown["document"], json!({"upload": file.name, "type": "text/plain", "bytes": 4}));
    }
}
