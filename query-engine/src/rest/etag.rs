//! Answers that are as they were: `ETag`, and 304 to who names it in `If-None-Match`.
//!
//! The tag is of the answer's bytes before compression, and weak, for compressed the bytes are
//! others. It spares the way back, not the read. Answers that are streamed have none.

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use xxhash_rust::xxh3::xxh3_128;

/// Around reads that answer with a document.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    // Of `HEAD` the document is gone already.
    let is_read = *request.method() == Method::GET;
    let known = request.headers().clone();
    let response = next.run(request).await;
    let is_whole = response.body().size_hint().exact().is_some();
    if !is_read || response.status() != StatusCode::OK || !is_whole {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let bytes = body.to_bytes();
    let tag = tag_of(&bytes);
    if is_known(&known, &tag) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::ETAG, tag);
        return Response::from_parts(parts, Body::empty());
    }
    parts.headers.insert(header::ETAG, tag);
    Response::from_parts(parts, Body::from(bytes))
}

fn tag_of(bytes: &[u8]) -> HeaderValue {
    // Nobody forges an answer to themselves: any good hash will do.
    let text = format!("W/\"{:032x}\"", xxh3_128(bytes));
    HeaderValue::from_str(&text).expect("hex digits and quotes")
}

/// Whether the tag is among those that a request names; strength does not matter.
fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let wanted = bare(tag.to_str().unwrap_or_default());
    let named = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut named = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    named.any(|one| one.trim() == "*" || bare(one) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_others_in_either_strength() {
        let tag = tag_of(b"{}");
        let text = tag.to_str().unwrap_or_default().to_owned();
        assert_eq!(text.len(), 36);
        assert_ne!(tag, tag_of(b"{ }"));
        for (named, found) in [
            (text.clone(), true),
            (text.trim_start_matches("W/").to_owned(), true),
            (format!("\"x\", {text}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_str(&named).unwrap_or(HeaderValue::from_static(""));
            headers.insert(header::IF_NONE_MATCH, value);
            assert_eq!(is_known(&headers, &tag), found, "{named}");
        }
    }
}
