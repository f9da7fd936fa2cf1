//! `POST /api/sql` and, for who writes one, `GET /api/sql`: which tables there are.
//!
//! The form of the answer is asked for by `Accept`. A request from a browser's form cannot
//! bear `application/json`, so nobody is made to ask by another page.

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use datafusion::common::ScalarValue;
use event_model::access::Viewer;
use http::{HeaderValue, header};
use proto::{
    error::{ErrorCode, Refusal},
    routes,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    answer::{self, Format},
    engine::{Asked, SqlEngine},
    tables,
};

/// Longest request, bytes: the text, and parameters beside it.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most parameters.
const PARAMETERS_MAX: usize = 1_000;

/// A refusal on its way out.
struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.response()
    }
}

pub(crate) fn routes(engine: &SqlEngine) -> Router {
    Router::new()
        .route(routes::SQL.path, get(list).post(query))
        .with_state(engine.clone())
}

/// What a query is sent as.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    query: String,
    #[serde(default)]
    parameters: Vec<Value>,
    #[serde(default)]
    limit: Option<usize>,
}

async fn query(State(engine): State<SqlEngine>, request: Request) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let viewer = engine.reads().viewer_of_route(&parts)?;
    let text = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let is_json =
        text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json {
        let message = "send application/json: {\"query\": \"SELECT …\"}";
        return Err(Refusal::new(ErrorCode::UnsupportedType, message).into());
    }
    let format = Format::accepted(text(header::ACCEPT).unwrap_or_default());
    let asked = asked(&engine, viewer, body, format).await?;
    let answer = engine.query(asked).await?;
    let bytes = answer::begin(answer, format).await?;
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    Ok(response)
}

async fn asked(
    engine: &SqlEngine,
    viewer: Viewer,
    body: Body,
    format: Format,
) -> Result<Asked, Refusal> {
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        let message = format!("the request has more than {BODY_BYTES_MAX} bytes");
        Refusal::new(ErrorCode::TooLarge, message)
    })?;
    let sent: Sent = serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("the request is no {{\"query\": \"…\"}}: {error}");
        Refusal::new(ErrorCode::Invalid, message)
    })?;
    let most = match format {
        Format::Json => engine.config().rows_max,
        Format::Csv | Format::Arrow => engine.config().stream_rows_max,
    };
    let is_limited = sent.limit.is_some();
    let rows_max = match sent.limit {
        None => most,
        Some(limit) if (1..=most).contains(&limit) => limit,
        Some(_) => {
            let message = format!("must be from 1 to {most}");
            return Err(Refusal::at(ErrorCode::Invalid, "limit", message));
        }
    };
    if sent.parameters.len() > PARAMETERS_MAX {
        let message = format!("{}, at most {PARAMETERS_MAX}", sent.parameters.len());
        return Err(Refusal::at(ErrorCode::Invalid, "parameters", message));
    }
    let parameters = sent.parameters.into_iter().enumerate();
    let parameters = parameters.map(|(at, value)| parameter(at, value));
    Ok(Asked {
        viewer,
        text: sent.query,
        parameters: parameters.collect::<Result<_, _>>()?,
        rows_max,
        is_limited,
    })
}

/// A value of JSON for a placeholder.
pub(crate) fn parameter(at: usize, value: Value) -> Result<ScalarValue, Refusal> {
    Ok(match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(truth) => ScalarValue::Boolean(Some(truth)),
        Value::String(text) => ScalarValue::Utf8(Some(text)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => ScalarValue::Int64(Some(whole)),
            (None, Some(whole)) => ScalarValue::UInt64(Some(whole)),
            (None, None) => ScalarValue::Float64(number.as_f64()),
        },
        Value::Array(_) | Value::Object(_) => {
            let field = format!("parameters[{at}]");
            let message = "must be a text, a number, true, false or null";
            return Err(Refusal::at(ErrorCode::Invalid, field, message));
        }
    })
}

#[derive(Serialize)]
struct Tables {
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Table {
    name: &'static str,
    about: &'static str,
    columns: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    nullable: bool,
    about: &'static str,
}

async fn list(State(engine): State<SqlEngine>, request: Request) -> Result<Json<Tables>, Refused> {
    let (parts, _) = request.into_parts();
    engine.reads().viewer_of_route(&parts)?;
    let tables = tables::told().into_iter().map(|table| Table {
        name: table.name,
        about: table.about,
        columns: table
            .columns
            .iter()
            .map(|(field, about)| Column {
                name: field.name().clone(),
                kind: answer::type_name(field),
                nullable: field.is_nullable(),
                about,
            })
            .collect(),
    });
    Ok(Json(Tables {
        tables: tables.collect(),
    }))
}
