use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::support::{KEY, World, config, envelope, id, native_event, wishes};

/// Sum of a metric's series whose labels hold all of `labels`.
pub(crate) fn sum(handle: &PrometheusHandle, name: &str, labels: &[&str]) -> u64 {
    let text = handle.render();
    let series = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    });
    series
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64)
        .sum()
}

pub(crate) fn check_equation(handle: &PrometheusHandle, world: &World) {
    (world.gateway.publisher())();
    let received = sum(handle, "errata_ingest_items_received_total", &[]);
    let ended = sum(handle, "errata_ingest_items_total", &[]);
    let in_flight = sum(handle, "errata_ingest_items_in_flight", &[]);
    assert_eq!(received, ended + in_flight, "{}", handle.render());
    let tally = world.gateway.tally();
    assert_eq!(tally.received, received);
    assert_eq!(
        tally.received,
        tally.stored + tally.dropped + tally.in_flight
    );
}

#[tokio::test]
async fn every_item_has_one_fate_whatever_goes_wrong() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let mut config = config();
    config.limits.received_bytes_max = 5_000;
    let world = World::with(config, wishes()).await;

    world.post_envelope(envelope(&id(1))).await;
    check_equation(&handle, &world);
    world.post_envelope(envelope(&id(1))).await;
    world.post_envelope("{}").await;
    world.post_envelope("broken").await;
    let items = "{}\n{\"type\":\"transaction\"}\n{}\n{\"type\":\"attachment\"}\nabc\n";
    world.post_envelope(items).await;
    check_equation(&handle, &world);
    world.post("/api/errors", &[], native_event(&id(2))).await;
    world.post_native("{}").await;
    world.post_native(vec![b' '; 6_000]).await;
    world
        .post(&format!("/api/9/envelope/?sentry_key={KEY}"), &[], "{}")
        .await;
    let batch = format!("{{\"errors\":[{},{{}},{{}}]}}", native_event(&id(3)));
    world
        .post(&format!("/api/errors/batch?key={KEY}"), &[], batch)
        .await;
    check_equation(&handle, &world);
    world.gateway.begin_shutdown();
    world.post_native(native_event(&id(4))).await;
    check_equation(&handle, &world);

    let total = "errata_ingest_items_total";
    for (labels, expected) in [
        (
            vec!["outcome=\"stored\"", "project=\"1\"", "category=\"error\""],
            2,
        ),
        (vec!["reason=\"duplicate\""], 1),
        (vec!["reason=\"empty\""], 1),
        (vec!["reason=\"type_not_stored\""], 1),
        (vec!["reason=\"unauthenticated\"", "project=\"0\""], 1),
        (vec!["reason=\"too_large\""], 1),
        (vec!["reason=\"unknown_project\""], 1),
        // A broken envelope, an attachment without an event, a native event without an
        // error, two in the batch.
        (vec!["reason=\"invalid\""], 5),
        (vec!["reason=\"overloaded\""], 1),
        (vec!["reason=\"internal\""], 0),
        (vec!["reason=\"aborted\""], 0),
    ] {
        assert_eq!(
            sum(&handle, total, &labels),
            expected,
            "{labels:?}\n{}",
            handle.render()
        );
    }
    assert_eq!(sum(&handle, "errata_ingest_body_bytes_in_flight", &[]), 0);
}
