//! Outcomes as they are shown: by gRPC as [`v1::Outcome`], by REST as its JSON.

use event_model::{ProjectId, PublicKey};
use proto::v1::{self, OutcomeKind};
use serde_json::{Value, json};

use super::words;
use crate::arrivals::{Detail, Kind, Outcome};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// 0: what could not be attributed.
    pub(super) project: ProjectId,
    pub(super) key: Option<PublicKey>,
    pub(super) kind: Option<Kind>,
    pub(super) after: u64,
    pub(super) limit: usize,
}

impl Kind {
    fn to_proto(self) -> OutcomeKind {
        match self {
            Self::Stored => OutcomeKind::Stored,
            Self::NotKept => OutcomeKind::NotKept,
            Self::Refused => OutcomeKind::Refused,
        }
    }

    /// `None` if unspecified, an error if unknown to this release.
    pub(super) fn from_proto(kind: i32) -> Result<Option<Self>, i32> {
        match OutcomeKind::try_from(kind) {
            Ok(OutcomeKind::Unspecified) => Ok(None),
            Ok(OutcomeKind::Stored) => Ok(Some(Self::Stored)),
            Ok(OutcomeKind::NotKept) => Ok(Some(Self::NotKept)),
            Ok(OutcomeKind::Refused) => Ok(Some(Self::Refused)),
            Err(_) => Err(kind),
        }
    }

    /// The word of REST.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::NotKept => "not_kept",
            Self::Refused => "refused",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The message of one outcome.
pub(super) fn message(outcome: &Outcome) -> v1::Outcome {
    let arrival = &outcome.arrival;
    let detail = outcome.detail.as_deref();
    let text = |of: fn(&Detail) -> &str| detail.map_or("", of).to_owned();
    let reason = outcome.series.reason;
    let (http_status, grpc_code) = arrival.status();
    let (received_bytes, decompressed_bytes) = arrival.sizes();
    let sdk = detail.map_or("", |detail| &detail.sdk);
    let sdk = if arrival.names_sdk() || sdk.is_empty() {
        &arrival.client
    } else {
        sdk
    };
    let (sdk_name, sdk_version) = name_and_version(sdk);
    v1::Outcome {
        sequence: outcome.sequence,
        received_at: Some(prost_types::Timestamp {
            seconds: arrival.at_ns.div_euclid(1_000_000_000),
            nanos: arrival.at_ns.rem_euclid(1_000_000_000) as i32,
        }),
        kind: outcome.kind().to_proto().into(),
        reason: reason.map_or("", |reason| reason.name()).to_owned(),
        explanation: words::explanation(reason).to_owned(),
        advice: words::advice(reason).to_owned(),
        message: text(|detail| &detail.message),
        field: text(|detail| &detail.field),
        method: arrival.method.to_string(),
        path: arrival.path.to_string(),
        http_status: http_status.into(),
        grpc_code: grpc_code.map(u32::from),
        client_gone: arrival.is_gone(),
        category: outcome.series.category.to_owned(),
        item_type: text(|detail| &detail.kind),
        quantity: outcome.quantity,
        event_id: detail
            .and_then(|detail| detail.event_id)
            .map_or_else(String::new, |id| id.to_string()),
        sdk_name,
        sdk_version,
        client: arrival.client.to_string(),
        encoding: arrival.encoding.to_string(),
        received_bytes,
        decompressed_bytes,
        took_us: outcome.took_us,
        public_key: arrival
            .owner()
            .map_or_else(String::new, |(_, key)| key.to_string()),
        project_id: outcome.series.project.0,
    }
}

/// `name/version`, of a user agent its first part; a name alone has no version.
fn name_and_version(client: &str) -> (String, String) {
    let first = client.split_whitespace().next().unwrap_or_default();
    let (name, version) = first.split_once('/').unwrap_or((first, ""));
    (name.to_owned(), version.to_owned())
}

/// The JSON of one outcome. Absent values: texts are empty, numbers `null`.
pub(super) fn json(outcome: &v1::Outcome) -> Value {
    let kind = Kind::from_proto(outcome.kind).ok().flatten();
    let received_at = outcome.received_at.unwrap_or_default();
    json!({
        "sequence": outcome.sequence.to_string(),
        "received_at": jiff::Timestamp::new(received_at.seconds, received_at.nanos)
            .map(|time| format!("{time:.3}")).unwrap_or_default(),
        "kind": kind.map_or("", Kind::word),
        "reason": outcome.reason,
        "explanation": outcome.explanation,
        "advice": outcome.advice,
        "message": outcome.message,
        "field": outcome.field,
        "method": outcome.method,
        "path": outcome.path,
        "http_status": (outcome.http_status > 0).then_some(outcome.http_status),
        "grpc_code": outcome.grpc_code,
        "client_gone": outcome.client_gone,
        "category": outcome.category,
        "item_type": outcome.item_type,
        "quantity": outcome.quantity,
        "event_id": outcome.event_id,
        "sdk": { "name": outcome.sdk_name, "version": outcome.sdk_version },
        "client": outcome.client,
        "encoding": outcome.encoding,
        "received_bytes": outcome.received_bytes,
        "decompressed_bytes": outcome.decompressed_bytes,
        "took_us": outcome.took_us,
        "public_key": outcome.public_key,
        "project_id": outcome.project_id,
    })
}
