//! Handles, tickets and answers as they travel.

use std::pin::Pin;

use arrow_flight::{
    FlightDescriptor, FlightEndpoint, FlightInfo, Ticket, encode::FlightDataEncoderBuilder,
    error::FlightError, sql::ProstMessageExt,
};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use datafusion::{
    arrow::{
        array::RecordBatch,
        datatypes::{DataType, Schema, SchemaRef},
        error::ArrowError,
    },
    common::ScalarValue,
};
use futures_util::{Stream, TryStreamExt, stream};
use prost::Message;
use tonic::{Response, Status};

/// Some clients pad base64, some do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a handle holds.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Handle {
    #[prost(string, tag = "1")]
    pub(super) text: String,
    /// Values as JSON, in the order of $1, $2, …
    #[prost(string, repeated, tag = "2")]
    pub(super) parameters: Vec<String>,
}

pub(super) type DoGet =
    Pin<Box<dyn Stream<Item = Result<arrow_flight::FlightData, Status>> + Send>>;

pub(super) fn unknown_handle() -> Status {
    Status::invalid_argument("the handle is none of this server")
}

pub(super) fn handle_of(bytes: &[u8]) -> Result<Handle, Status> {
    Handle::decode(bytes).map_err(|_| unknown_handle())
}

pub(super) fn failed(error: &ArrowError) -> Status {
    tracing::error!(
        error = ground::with_causes(error),
        "an answer of Flight SQL cannot be made"
    );
    Status::internal("the answer cannot be made")
}

pub(super) fn encoded(
    schema: SchemaRef,
    batches: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static,
) -> DoGet {
    let encoded = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .build(batches);
    Box::pin(encoded.map_err(Status::from))
}

/// One batch, which is all.
pub(super) fn whole(schema: SchemaRef, batch: Result<RecordBatch, FlightError>) -> Response<DoGet> {
    Response::new(encoded(schema, stream::iter([batch])))
}

pub(super) fn info_of(
    schema: &Schema,
    descriptor: FlightDescriptor,
    ticket: Bytes,
) -> Result<Response<FlightInfo>, Status> {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket { ticket });
    let info = FlightInfo::new()
        .try_with_schema(schema)
        .map_err(|error| failed(&error))?
        .with_endpoint(endpoint)
        .with_descriptor(descriptor);
    Ok(Response::new(info))
}

/// The ticket of a command that answers for itself.
pub(super) fn ticket_of(command: &impl ProstMessageExt) -> Bytes {
    command.as_any().encode_to_vec().into()
}

/// What stands behind the colon of a Basic credential.
pub(super) fn password(encoded: &str) -> Option<String> {
    let bytes = BASE64.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':')
        .map(|(_, password)| password.to_owned())
}

/// The values of the only row, as JSON.
pub(super) fn values(batch: &RecordBatch) -> Result<Vec<String>, Status> {
    let columns = batch.columns().iter();
    let values = columns.map(|column| {
        let value = ScalarValue::try_from_array(column, 0);
        let value = value.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let json = match value {
            ScalarValue::Boolean(Some(truth)) => truth.into(),
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)) => text.into(),
            value if value.is_null() => serde_json::Value::Null,
            value => {
                let text = value.to_string();
                let is_number = value.data_type().is_numeric();
                let number = is_number
                    .then(|| serde_json::from_str(&text).ok())
                    .flatten();
                number.unwrap_or_else(|| {
                    // Times are texts that are read again where they are compared.
                    let as_text = value.cast_to(&DataType::Utf8);
                    let as_text = as_text.map_or(text, |text| text.to_string());
                    serde_json::Value::String(as_text)
                })
            }
        };
        Ok(json.to_string())
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_with_and_without_padding() {
        for encoded in ["YTpiYw==", "YTpiYw", "YTpiYw="] {
            assert_eq!(password(encoded).as_deref(), Some("bc"), "{encoded}");
        }
        assert_eq!(password("YWJj"), None, "no colon");
        assert_eq!(password("%"), None);
    }
}
