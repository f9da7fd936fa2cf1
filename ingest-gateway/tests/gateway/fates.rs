//! Every way a request can fail, by every door: what the client hears, what is
//! counted, and what the list of arrivals tells. A client is never told to repeat what can
//! never succeed.

mod check;
mod grpc;

use std::time::Duration;

use event_model::credential::Caller;
use http::StatusCode;
use proto::v1::DisableKeyRequest;
use serde_json::{Value, json};

use self::check::{
    BATCH, Case, ENVELOPE, Form, ONE, STORE, broken_off, difference, doors, encoded, post, small,
    stalled,
};
use crate::{
    outcomes::check_equation,
    support::{KEY, envelope, id, native_event, other_key, sentry_event},
};

#[tokio::test]
async fn what_can_never_succeed_is_refused_for_good_by_every_door() {
    let (case, _guard) = Case::new(small()).await;
    let long = "x".repeat(20_001);
    let bomb = vec![b' '; 1 << 20];
    for (number, (path, form, success, good)) in doors().into_iter().enumerate() {
        let named = |what: &str| format!("{path}: {what}");
        let check = async |what: &str, request, status, reason| {
            case.check(&named(what), form, request, status, &[(reason, 1)])
                .await
        };
        let bare = path.split('?').next().unwrap();
        let key_name = if form == Form::Sentry {
            "sentry_key"
        } else {
            "key"
        };
        let with_key = |key: &str| format!("{bare}?{key_name}={key}");
        let body = good(number as u32);

        check("good", post(path, &[], body.clone()), success, "stored").await;
        check("again", post(path, &[], body.clone()), success, "duplicate").await;
        check(
            "malformed",
            post(path, &[], "{\"a\": nonsense"),
            400,
            "invalid",
        )
        .await;
        check(
            "bytes",
            post(path, &[], vec![0xff, 0x00, 0xfe]),
            400,
            "invalid",
        )
        .await;
        check(
            "no key",
            post(bare, &[], body.clone()),
            401,
            "unauthenticated",
        )
        .await;
        check(
            "short key",
            post(&with_key("abc"), &[], body.clone()),
            401,
            "unauthenticated",
        )
        .await;
        check(
            "unknown key",
            post(&with_key(&other_key()), &[], body.clone()),
            403,
            "forbidden",
        )
        .await;
        check("large", post(path, &[], long.clone()), 413, "too_large").await;
        let announced = [("content-length", "99999999")];
        check(
            "announced",
            post(path, &announced, body.clone()),
            413,
            "too_large",
        )
        .await;
        let unknown = [("content-encoding", "compress")];
        check(
            "encoding",
            post(path, &unknown, body.clone()),
            415,
            "invalid",
        )
        .await;
        for encoding in ["gzip", "deflate", "br", "zstd"] {
            let headers = [("content-encoding", encoding)];
            let request = post(path, &headers, encoded(encoding, &bomb));
            check(encoding, request, 413, "too_large").await;
            let mut cut = encoded(encoding, body.as_bytes());
            cut.truncate(cut.len() / 2);
            check(encoding, post(path, &headers, cut), 400, "invalid").await;
        }
        check("slow", post(path, &[], stalled()), 408, "aborted").await;
        check("broken off", post(path, &[], broken_off()), 400, "aborted").await;
    }
}

#[tokio::test]
async fn what_names_no_project_or_is_too_large_by_itself_is_refused() {
    let (case, _guard) = Case::new(small()).await;
    for path in [ENVELOPE, STORE] {
        let path = path.replace("/api/1/", "/api/77/");
        let request = post(&path, &[], sentry_event(&id(900)));
        case.check(&path, Form::Sentry, request, 404, &[("unknown_project", 1)])
            .await;
    }
    let large = json!({"message": "m", "extra": {"x": "y".repeat(9_000)}}).to_string();
    let cases = [
        (
            ENVELOPE,
            Form::Sentry,
            format!("{{}}\n{{\"type\":\"event\"}}\n{large}"),
        ),
        (STORE, Form::Sentry, large.clone()),
        (
            ONE,
            Form::Native,
            json!({"error": {"type": "E"}, "extra": {"x": "y".repeat(9_000)}}).to_string(),
        ),
    ];
    for (path, form, body) in cases {
        case.check(
            "large event",
            form,
            post(path, &[], body),
            413,
            &[("too_large", 1)],
        )
        .await;
    }
}

#[tokio::test]
async fn a_disabled_key_is_told_apart_and_shown_to_its_project() {
    let (case, _guard) = Case::new(small()).await;
    let disable = DisableKeyRequest {
        project_id: 1,
        public_key: KEY.to_owned(),
    };
    let commands = case.world.gateway.commands();
    commands.disable_key(Caller::Admin, disable).await.unwrap();
    for (path, form, _, good) in doors() {
        let newest = case.newest().await;
        case.check(
            path,
            form,
            post(path, &[], good(1)),
            403,
            &[("forbidden", 1)],
        )
        .await;
        let outcomes = case.outcomes(newest).await;
        assert_eq!(outcomes.len(), 2, "project and unattributed: {outcomes:?}");
        assert!(
            outcomes.iter().all(|one| one["public_key"] == KEY),
            "{outcomes:?}"
        );
    }
}

#[tokio::test]
async fn what_is_taken_and_not_kept_is_answered_with_success() {
    let (case, _guard) = Case::new(small()).await;
    let items = "{}\n{\"type\":\"transaction\"}\n{}\n{\"type\":\"from_the_future\"}\n{}\n\
                 {\"type\":\"profile\",\"item_count\":1}\n{}\n";
    let request = post(ENVELOPE, &[], items);
    let answer = case
        .check(
            "not stored",
            Form::Sentry,
            request,
            200,
            &[("type_not_stored", 3)],
        )
        .await;
    // The SDK is told to make no more of them; errors are not among them.
    let limits = answer.headers["x-sentry-rate-limits"].to_str().unwrap();
    assert_eq!(limits, "86400:profile;transaction:organization");
    case.check(
        "empty",
        Form::Sentry,
        post(ENVELOPE, &[], "{}"),
        200,
        &[("empty", 1)],
    )
    .await;
    case.check(
        "empty batch",
        Form::Native,
        post(BATCH, &[], "{\"errors\":[]}"),
        202,
        &[("empty", 1)],
    )
    .await;

    let mixed = format!(
        "{{}}\n{{\"type\":\"event\"}}\n{}\n{{\"type\":\"event\"}}\n{{broken\n{{\"type\":\"transaction\"}}\n{{}}\n",
        sentry_event(&id(1))
    );
    let fates = [("invalid", 1), ("stored", 1), ("type_not_stored", 1)];
    case.check(
        "broken item",
        Form::Sentry,
        post(ENVELOPE, &[], mixed),
        200,
        &fates,
    )
    .await;
    let batch = format!(
        "{{\"errors\":[{},{{}},{}]}}",
        native_event(&id(2)),
        native_event(&id(2))
    );
    let fates = [("duplicate", 1), ("invalid", 1), ("stored", 1)];
    case.check(
        "broken in a batch",
        Form::Native,
        post(BATCH, &[], batch),
        202,
        &fates,
    )
    .await;
    let long = format!("{{\"errors\":[{}]}}", ["{}"; 4].join(","));
    case.check(
        "long batch",
        Form::Native,
        post(BATCH, &[], long),
        413,
        &[("too_large", 1)],
    )
    .await;
}

#[tokio::test]
async fn what_may_pass_later_says_when_by_every_door() {
    let (case, _guard) = Case::new(small()).await;
    case.world.gateway.begin_shutdown();
    for (path, form, _, good) in doors() {
        case.check(
            path,
            form,
            post(path, &[], good(1)),
            503,
            &[("overloaded", 1)],
        )
        .await;
    }

    let mut config = small();
    config.limits.in_flight_bytes_max = 40;
    let (case, _guard) = Case::new(config).await;
    for (path, form, _, good) in doors() {
        case.check(
            path,
            form,
            post(path, &[], good(1)),
            503,
            &[("overloaded", 1)],
        )
        .await;
    }

    let (case, _guard) = Case::new(small()).await;
    case.world.log.close().unwrap();
    for (path, form, _, good) in doors() {
        case.check(
            path,
            form,
            post(path, &[], good(1)),
            503,
            &[("overloaded", 1)],
        )
        .await;
    }
}

#[tokio::test]
async fn twins_at_the_same_time_are_one_stored_and_the_rest_duplicates() {
    let (case, _guard) = Case::new(small()).await;
    let (before, newest) = (case.counts(), case.newest().await);
    let sends = (0..20).map(|_| case.world.post_envelope(envelope(&id(1))));
    for answer in futures_util::future::join_all(sends).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    let fates = [("duplicate", 19), ("stored", 1)];
    case.settled("twins", &before, newest, 200, &fates).await;
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted_wherever_it_was() {
    let (case, _guard) = Case::new(small()).await;
    let (before, newest) = (case.counts(), case.newest().await);
    {
        let sending = case.world.post(ENVELOPE, &[], stalled());
        tokio::pin!(sending);
        assert!(futures_util::poll!(sending.as_mut()).is_pending());
        // The scrape in between: in flight, and the equation holds.
        check_equation(&case.handle, &case.world);
        assert_eq!(case.world.gateway.tally().in_flight, 1);
    }
    assert_eq!(case.world.gateway.tally().in_flight, 0);
    assert_eq!(difference(&before, &case.counts()), [("aborted", 1)]);
    let gone = &case.outcomes(newest).await[0];
    assert_eq!(
        (&gone["client_gone"], &gone["http_status"]),
        (&json!(true), &Value::Null)
    );

    // After the last byte: the event is stored all the same.
    let newest = case.newest().await;
    {
        let sending = case.world.post_native(native_event(&id(1)));
        tokio::pin!(sending);
        let _ = futures_util::poll!(sending.as_mut());
        check_equation(&case.handle, &case.world);
    }
    assert!(case.world.gateway.drain(Duration::from_secs(10)).await);
    check_equation(&case.handle, &case.world);
    let fates = difference(&before, &case.counts());
    assert_eq!(fates, [("aborted", 1), ("stored", 1)]);
    let stored = &case.outcomes(newest).await[0];
    assert_eq!(
        (&stored["kind"], &stored["event_id"]),
        (&json!("stored"), &json!(id(1)))
    );
}
