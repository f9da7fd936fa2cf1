//! A gateway with small limits, and what holds of every answer.

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, StatusCode, header};
use ingest_gateway::{GatewayConfig, outcome::Counts};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;

use crate::{
    outcomes::check_equation,
    support::{Answer, TOKEN, World, config, envelope, id, native_event, sentry_event, wishes},
};

/// A world with small limits, and its metrics.
pub(super) struct Case {
    pub(super) world: World,
    pub(super) handle: PrometheusHandle,
}

pub(super) fn small() -> GatewayConfig {
    let mut config = config();
    let limits = &mut config.limits;
    limits.received_bytes_max = 20_000;
    limits.decompressed_bytes_max = 60_000;
    limits.event_bytes_max = 8_000;
    limits.batch_events_max = 3;
    limits.stream_events_max = 3;
    limits.body_read_timeout_ms = 100;
    config
}

/// Which form an answer has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Sentry,
    Native,
}

pub(super) fn counts_by_reason(counts: &Counts) -> Vec<(&'static str, u64)> {
    let mut found: Vec<(&'static str, u64)> = Vec::new();
    for (series, quantity) in &counts.ended {
        let name = series.reason.map_or("stored", |reason| reason.name());
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += quantity,
            None => found.push((name, *quantity)),
        }
    }
    found.sort_unstable();
    found
}

/// What is in `after` and was not in `before`.
pub(super) fn difference(
    before: &[(&'static str, u64)],
    after: &[(&'static str, u64)],
) -> Vec<(&'static str, u64)> {
    let of = |name| before.iter().find(|(known, _)| *known == name);
    let more = after.iter().map(|(name, sum)| {
        let known = of(*name).map_or(0, |(_, sum)| *sum);
        (*name, sum - known)
    });
    more.filter(|(_, sum)| *sum > 0).collect()
}

/// An answer in the form that its protocol's clients read.
pub(super) fn assert_form(name: &str, form: Form, answer: &Answer) {
    let header = |name: &str| {
        answer
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap())
    };
    assert_eq!(header("access-control-allow-origin"), Some("*"), "{name}");
    let status = answer.status.as_u16();
    if status < 400 {
        assert_eq!(header("x-sentry-error"), None, "{name}");
        return;
    }
    let may_pass_later = matches!(status, 429 | 503);
    assert_eq!(
        header("retry-after").is_some(),
        may_pass_later,
        "{name}: {status} with Retry-After {:?}",
        header("retry-after")
    );
    assert!(
        may_pass_later || status < 500,
        "{name}: {status} is retried"
    );
    assert_eq!(header("x-sentry-rate-limits"), None, "{name}");
    assert_eq!(header("content-type"), Some("application/json"), "{name}");
    let body = answer.json();
    match form {
        Form::Sentry => {
            let detail = body["detail"].as_str().unwrap();
            assert!(
                !detail.is_empty() && body["causes"].is_array(),
                "{name}: {body}"
            );
            let told = header("x-sentry-error").unwrap_or_default();
            assert_eq!(
                told.len(),
                detail.chars().count(),
                "{name}: {told} {detail}"
            );
        }
        Form::Native => {
            let error = &body["error"];
            assert!(
                error["code"].as_str().is_some_and(|code| !code.is_empty()),
                "{name}: {body}"
            );
            assert!(
                error["message"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{name}: {body}"
            );
            assert!(
                error["field"].is_null() || error["field"].is_string(),
                "{name}: {body}"
            );
        }
    }
}

impl Case {
    pub(super) async fn new(config: GatewayConfig) -> (Self, metrics::LocalRecorderGuard<'static>) {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // Lives as long as the test's process: a guard borrows it.
        let recorder: &'static _ = Box::leak(Box::new(recorder));
        let guard = metrics::set_default_local_recorder(recorder);
        let world = World::with(config, wishes()).await;
        (Self { world, handle }, guard)
    }

    pub(super) fn counts(&self) -> Vec<(&'static str, u64)> {
        counts_by_reason(&self.world.gateway.counts())
    }

    /// The newest outcomes, of project 1 and unattributed, newest first.
    pub(super) async fn outcomes(&self, after: u64) -> Vec<Value> {
        let mut found = Vec::new();
        for project in ["1", "unattributed"] {
            let path = format!("/api/projects/{project}/ingest?after={after}&limit=200");
            let request =
                Request::get(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
            let answer = self.world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
            found.extend(answer.json()["outcomes"].as_array().unwrap().clone());
        }
        found
    }

    pub(super) async fn newest(&self) -> u64 {
        let outcomes = self.outcomes(0).await;
        let sequences = outcomes
            .iter()
            .map(|one| one["sequence"].as_str().unwrap().parse().unwrap());
        sequences.max().unwrap_or(0)
    }

    /// Sends, and holds that the answer, the counts, the metrics and the list of arrivals say
    /// the same.
    pub(super) async fn check(
        &self,
        name: &str,
        form: Form,
        request: Request<Body>,
        status: u16,
        expected: &[(&'static str, u64)],
    ) -> Answer {
        let (before, newest) = (self.counts(), self.newest().await);
        let path = request.uri().path().to_owned();
        let answer = self.world.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {:?}", answer.body);
        assert_form(name, form, &answer);
        self.settled(name, &before, newest, status, expected).await;
        let outcomes = self.outcomes(newest).await;
        for one in &outcomes {
            assert_eq!(one["method"], "POST", "{name}");
            assert!(
                path.starts_with(one["path"].as_str().unwrap().split('…').next().unwrap()),
                "{name}: {one}"
            );
        }
        answer
    }

    pub(super) async fn settled(
        &self,
        name: &str,
        before: &[(&'static str, u64)],
        newest: u64,
        status: u16,
        expected: &[(&'static str, u64)],
    ) {
        check_equation(&self.handle, &self.world);
        assert_eq!(self.world.gateway.tally().in_flight, 0, "{name}");
        assert_eq!(difference(before, &self.counts()), expected, "{name}");
        let outcomes = self.outcomes(newest).await;
        for (reason, quantity) in expected {
            let word = if *reason == "stored" { "" } else { *reason };
            let found: Vec<_> = outcomes
                .iter()
                .filter(|one| one["reason"] == word)
                .collect();
            assert!(
                !found.is_empty(),
                "{name}: {reason} is not in the list of arrivals: {outcomes:?}"
            );
            for one in &found {
                assert_eq!(one["http_status"], status, "{name}: {one}");
                assert!(!one["explanation"].as_str().unwrap().is_empty(), "{name}");
                let is_refused = one["kind"] == "refused";
                let was_refused = status >= 400 || one["message"] != "";
                assert!(!is_refused || was_refused, "{name}: {one}");
            }
            // A known key's refusal before its project is settled stands in both rings.
            let sum: u64 = found
                .iter()
                .map(|one| one["quantity"].as_u64().unwrap())
                .sum();
            assert!(sum == *quantity || sum == 2 * quantity, "{name}: {found:?}");
        }
    }
}

pub(super) fn post(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

pub(super) fn encoded(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    match encoding {
        "gzip" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::encode_all(bytes, 1).unwrap(),
        _ => {
            let mut out = Vec::new();
            brotli::BrotliCompress(
                &mut &bytes[..],
                &mut out,
                &brotli::enc::BrotliEncoderParams::default(),
            )
            .unwrap();
            out
        }
    }
}

pub(super) fn chunks(parts: Vec<Result<&'static str, std::io::Error>>) -> Body {
    let parts = parts
        .into_iter()
        .map(|part| part.map(|part: &'static str| Bytes::from_static(part.as_bytes())));
    Body::from_stream(futures_util::stream::iter(parts))
}

pub(super) fn broken_off() -> Body {
    chunks(vec![
        Ok("{\"error\":"),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ])
}

/// Never ends, like a client that sleeps.
pub(super) fn stalled() -> Body {
    let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
    Body::from_stream(first.chain(futures_util::stream::pending()))
}

pub(super) const ENVELOPE: &str = "/api/1/envelope/?sentry_key=a94ae32be2584e0bbd7a4cbb95971fee";
pub(super) const STORE: &str = "/api/1/store/?sentry_key=a94ae32be2584e0bbd7a4cbb95971fee";
pub(super) const ONE: &str = "/api/errors?key=a94ae32be2584e0bbd7a4cbb95971fee";
pub(super) const BATCH: &str = "/api/errors/batch?key=a94ae32be2584e0bbd7a4cbb95971fee";

pub(super) type Door = (&'static str, Form, u16, fn(u32) -> String);

/// The four doors of HTTP: a path with the right key, the form of its answers, the
/// status of success, and a good body.
pub(super) fn doors() -> [Door; 4] {
    [
        (ENVELOPE, Form::Sentry, 200, |n| envelope(&id(n))),
        (STORE, Form::Sentry, 200, |n| sentry_event(&id(n))),
        (ONE, Form::Native, 202, |n| native_event(&id(n))),
        (BATCH, Form::Native, 202, |n| {
            format!("{{\"errors\":[{}]}}", native_event(&id(n)))
        }),
    ]
}
