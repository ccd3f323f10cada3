//! The style, the script and the mark, served from the binary. The path carries a hash of the
//! content, so browsers keep them for good and fetch a new one when the binary changes.

use super::fault::Fault;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The style.
pub(crate) const CSS: &str = include_str!("app.css");
const JS: &str = include_str!("app.js");
const MARK: &str = include_str!("mark.svg");

struct Asset {
    name: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset { name: "app.css", content_type: "text/css; charset=utf-8", text: CSS },
    Asset { name: "app.js", content_type: "text/javascript; charset=utf-8", text: JS },
    Asset { name: "mark.svg", content_type: "image/svg+xml", text: MARK },
];

/// One hash for all of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in &ASSETS {
        hash.update(asset.text);
    }
    hex::encode(&hash.finalize()[..8])
});

/// Where an asset is.
pub(crate) fn path(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// `/assets/{version}/{name}`.
pub(crate) async fn serve(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Fault::NotFound.into_response();
    };
    let tag = format!("\"{}\"", *VERSION);
    // An old page may still ask for an old version: it gets the new one, and does not keep it.
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|given| *given == *tag);
    let head =
        [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, keep), (header::ETAG, &tag)];
    if known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, asset.text).into_response()
}
