//! The web UI's files, embedded in the binary (read from the folder in the dev
//! profile).
//!
//! Paths with a file answer it; other paths of the application answer `index.html`,
//! which routes in the browser; paths of the API answer 404 as JSON. Files under
//! `/assets/` carry a hash in their name and are kept for good; everything else is
//! asked for again, cheaply, by its `ETag`. Compressed once, then kept: the files
//! are few and never change within a process.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::Write,
    sync::{Arc, LazyLock},
};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use parking_lot::Mutex;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::{ApiError, ErrorCode};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web-ui/dist"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";
/// Names under it carry a hash of their content.
const HASHED: &str = "assets/";
/// Paths that are the API's, the clients' or the operator's: never the UI's.
const NOT_UI: [&str; 6] = ["api", "auth", "v1", "healthz", "readyz", "metrics"];
/// gRPC services are paths of their own.
const GRPC_PREFIXES: [&str; 3] = ["errata.v1.", "grpc.", "opentelemetry."];
/// Below this, compression saves no packet.
const COMPRESS_MIN_BYTES: usize = 1024;
/// Most files kept compressed; the UI has some dozens.
const COMPRESSED_MAX: usize = 512;

const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
    connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";
const PERMISSIONS_POLICY: &str = "camera=(), geolocation=(), microphone=(), payment=(), \
    usb=(), display-capture=()";
const NOT_BUILT: &str = "<!doctype html><title>Errata</title><p>The web UI was not built into \
    this server: run <code>make build</code>.</p>\n";

type Compressed = Mutex<HashMap<(String, [u8; 32]), Bytes>>;
static COMPRESSED: LazyLock<Arc<Compressed>> = LazyLock::new(Arc::default);

/// Answers a request that no route took: the fallback of the merged router.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    // The build's own notes (`.vite/manifest.json`) are nobody's business.
    if path.split('/').any(|part| part.starts_with('.')) {
        return not_found(request.headers(), path);
    }
    // Under a prefix, too: a script must not take a page for its answer.
    let api = path.split('/').any(|part| part == "api")
        || NOT_UI.contains(&first)
        || GRPC_PREFIXES.iter().any(|p| first.starts_with(p));
    if api || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_found(request.headers(), path);
    }
    let (name, file) = match file(path) {
        Some(found) => found,
        // A missing script must not become a page.
        None if path.starts_with(HASHED) => return not_found(request.headers(), path),
        None => match file(INDEX) {
            Some(found) => found,
            None => return page(StatusCode::OK, NOT_BUILT),
        },
    };
    answer(&name, file, request.headers()).await
}

fn file(path: &str) -> Option<(String, EmbeddedFile)> {
    let name = if path.is_empty() { INDEX } else { path };
    Dist::get(name).map(|file| (name.to_owned(), file))
}

/// gRPC clients read the code, others the JSON.
fn not_found(headers: &HeaderMap, path: &str) -> Response {
    let grpc = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/grpc"));
    if grpc {
        return tonic::Status::unimplemented("no such method").into_http();
    }
    let shown: String = path.chars().take(64).collect();
    ApiError::new(ErrorCode::NotFound, format!("nothing at /{shown}")).into_response()
}

async fn answer(name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    let tag = format!("\"{:032x}\"", u128::from_be_bytes(half));
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value
                .split(',')
                .any(|t| t.trim().trim_start_matches("W/") == tag)
        });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (body, encoding) = encoded(name, file, hash, request).await;
        let mut response = Response::new(Body::from(body));
        if let Some(encoding) = encoding {
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let kind = match kind.type_() {
        mime_guess::mime::TEXT => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    };
    let headers = response.headers_mut();
    for (name, value) in [(header::CONTENT_TYPE, kind), (header::ETAG, tag)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    let cache = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    secure(headers);
    response
}

/// The file's bytes in the best form the client takes.
async fn encoded(
    name: &str,
    file: EmbeddedFile,
    hash: [u8; 32],
    request: &HeaderMap,
) -> (Bytes, Option<&'static str>) {
    let data = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let shrinks = kind.type_() == mime_guess::mime::TEXT
        || matches!(
            kind.subtype().as_str(),
            "javascript" | "json" | "svg" | "wasm" | "manifest+json"
        );
    let gzip = request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            matches!(coding.split(';').next().map(str::trim), Some("gzip" | "*"))
                && !coding.replace(' ', "").ends_with(";q=0")
        });
    if !shrinks || !gzip || data.len() < COMPRESS_MIN_BYTES {
        return (data, None);
    }
    let key = (name.to_owned(), hash);
    if let Some(kept) = COMPRESSED.lock().get(&key) {
        return (kept.clone(), Some("gzip"));
    }
    let plain = data.clone();
    let packed = tokio::task::spawn_blocking(move || gzip_of(&plain)).await;
    match packed {
        Ok(Ok(packed)) if packed.len() < data.len() => {
            let packed = Bytes::from(packed);
            let mut kept = COMPRESSED.lock();
            if kept.len() < COMPRESSED_MAX {
                kept.insert(key, packed.clone());
            }
            (packed, Some("gzip"))
        }
        _ => (data, None),
    }
}

fn gzip_of(data: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data)?;
    encoder.finish()
}

fn page(status: StatusCode, text: &'static str) -> Response {
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    secure(headers);
    response
}

/// No script but ours, no frame around us, no address handed on, no window of others'
/// that can reach into ours, none of the device's senses.
fn secure(headers: &mut HeaderMap) {
    let name = http::HeaderName::from_static;
    for (name, value) in [
        (name("cross-origin-opener-policy"), "same-origin"),
        (name("cross-origin-resource-policy"), "same-origin"),
        (name("permissions-policy"), PERMISSIONS_POLICY),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
