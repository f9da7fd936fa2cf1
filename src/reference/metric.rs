//! The page of metrics: what they are registered with, recorded.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::NOTE;

/// Keeps descriptions only.
#[derive(Default)]
struct Descriptions(Mutex<BTreeMap<String, Description>>);

struct Description {
    kind: &'static str,
    unit: Option<Unit>,
    what: String,
}

impl Descriptions {
    fn put(&self, kind: &'static str, name: &KeyName, unit: Option<Unit>, what: &SharedString) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let what = what.to_string();
        all.insert(name.as_str().to_owned(), Description { kind, unit, what });
    }
}

impl Recorder for Descriptions {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, what: SharedString) {
        self.put("counter", &name, unit, &what);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, what: SharedString) {
        self.put("gauge", &name, unit, &what);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, what: SharedString) {
        self.put("histogram", &name, unit, &what);
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn described() -> BTreeMap<String, Description> {
    let recorder = Descriptions::default();
    metrics::with_local_recorder(&recorder, crate::ops::describe);
    recorder
        .0
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    described().into_keys().collect()
}

pub(super) fn page() -> String {
    let mut page = format!(
        "# Metrics\n\n{NOTE}
`/metrics` on the second listener (`metrics.listen`), in Prometheus' text format. Counters count since the start of the process. A role in a process of its own has its own metrics only. What to do about them is in [operations](../operations.md).

| name | kind | unit | meaning, and its labels |
| --- | --- | --- | --- |
"
    );
    for (name, of) in described() {
        let unit = of.unit.map_or("", |unit| unit.as_str());
        let _ = writeln!(page, "| `{name}` | {} | {unit} | {} |", of.kind, of.what);
    }
    page
}
