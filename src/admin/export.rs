//! `errata export`: the running server's `GET /api/errors/export` through `admin.sock`.

use std::path::Path;

use anyhow::Result;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use proto::routes;
use url::form_urlencoded::Serializer;

use super::rest;
use crate::cli::{Export, ExportForm};

/// Asks and prints; a file that is broken off is an error.
pub(super) async fn run(asked: &Export, socket: &Path) -> Result<()> {
    rest::ask(socket, request(asked)?, rest::print).await
}

fn request(asked: &Export) -> Result<Request<Full<Bytes>>> {
    let format = match asked.format {
        ExportForm::Jsonl => "jsonl",
        ExportForm::Csv => "csv",
        ExportForm::Parquet => "parquet",
    };
    let project = asked.project.map(|project| project.to_string());
    let path = format!("{}?", routes::EXPORT_ERRORS.path);
    let behind = path.len();
    let mut parameters = Serializer::for_suffix(path, behind);
    for (name, value) in [
        ("format", Some(format)),
        ("query", Some(asked.query.as_str())),
        ("project", project.as_deref()),
        ("issue", asked.issue.as_deref()),
        ("from", asked.from.as_deref()),
        ("to", asked.to.as_deref()),
        ("order", asked.ascending.then_some("asc")),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            parameters.append_pair(name, value);
        }
    }
    Ok(Request::get(parameters.finish())
        .header(header::HOST, rest::HOST)
        .body(Full::default())?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_in_the_address() {
        let asked = Export {
            query: "level:error a&b".to_owned(),
            format: ExportForm::Csv,
            project: Some(2),
            issue: None,
            from: Some("2026-01-01T00:00:00Z".to_owned()),
            to: None,
            ascending: true,
        };
        assert_eq!(
            request(&asked).unwrap().uri(),
            "/api/errors/export?format=csv&query=level%3Aerror+a%26b&project=2&from=2026-01-01T00%3A00%3A00Z&order=asc"
        );
    }
}
