//! Files as they were sent, for people who may read: never shown in place by a
//! browser, never run.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use event_model::EventId;
use http::{HeaderValue, header};
use tokio_util::io::ReaderStream;

use super::{Reader, cut, params::Params};
use crate::{core::Core, error::ApiError};

/// Bytes of a file in memory while it is sent.
const STEP_BYTES: usize = 64 * 1024;

/// `GET /api/errors/{id}/attachments/{number}`; also of feedback, by its id.
pub(super) async fn attachment(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    Path((id, number)): Path<(String, String)>,
    params: Params,
) -> Result<Response, ApiError> {
    let id: EventId = id.parse().map_err(|_| {
        let message = format!("{:?} is not an event id of 32 hex digits", cut(&id));
        ApiError::invalid("id", message)
    })?;
    let number: usize = number.parse().map_err(|_| {
        let message = format!("{:?} is not the number of an attachment", cut(&number));
        ApiError::invalid("number", message)
    })?;
    let (file, bytes, length) = core
        .attachment(&viewer, id, number, params.after_position()?)
        .await?;
    // Read as fast as it is taken, so that who takes nothing holds nothing.
    let bytes = ReaderStream::with_capacity(tokio::fs::File::from_std(bytes), STEP_BYTES);
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let disposition = disposition(&file.name);
    let plain = HeaderValue::from_static("attachment");
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_str(&disposition).unwrap_or(plain),
    );
    for (name, value) in [
        // Whatever the client said: what a browser is not told it cannot interpret.
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = http::HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// The name twice, as RFC 6266 has it: for old clients in ASCII, and whole.
fn disposition(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            c if c.is_ascii() && !c.is_ascii_control() => c,
            _ => '_',
        })
        .collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // A String takes every write.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        for (name, expected) in [
            (
                "a.txt",
                "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt",
            ),
            (
                "k\"\\äse\r\n.txt",
                "attachment; filename=\"k___se__.txt\"; filename*=UTF-8''k%22%5C%C3%A4se%0D%0A.txt",
            ),
        ] {
            assert_eq!(disposition(name), expected);
        }
    }
}
