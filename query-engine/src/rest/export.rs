//! `GET /api/errors/export`: a search as a file.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use proto::v1;

use super::{Reader, cut, in_rest, listed_errors, params::Params};
use crate::{core::Core, error::ApiError, export::Format};

pub(super) async fn events(
    State(core): State<Arc<Core>>,
    Reader(viewer): Reader,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let format = match params.text("format").as_str() {
        "" => {
            let accept = headers.get(header::ACCEPT);
            let accept = accept.and_then(|accept| accept.to_str().ok());
            Format::accepted(accept.unwrap_or_default())
        }
        name => Format::named(name).ok_or_else(|| {
            let message = format!("{:?} is none of jsonl, csv, parquet", cut(name));
            ApiError::invalid("format", message)
        })?,
    };
    let request = v1::ExportEventsRequest {
        events: Some(listed_errors(&core, &viewer, &params)?),
        format: format.message() as i32,
    };
    let now = jiff::Timestamp::from_second(core.now_s()).unwrap_or_default();
    let name = format!(
        "attachment; filename=\"errors-{}.{}\"",
        now.strftime("%Y%m%dT%H%M%SZ"),
        format.name()
    );
    let file = core.export_events(viewer, request).await;
    let file = file.map_err(|error| in_rest(&error))?;
    let mut response = Response::new(Body::from_stream(file));
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("attachment");
    let disposition = HeaderValue::from_str(&name).unwrap_or(plain);
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    for (name, value) in [
        (header::CONTENT_TYPE, format.content_type()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
