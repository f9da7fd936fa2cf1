//! By which rules events go, and how many would go now: `StatsService.GetRetention`.
//!
//! Counted in the search index, as lists are, so that what is shown is what will no longer be
//! found. Events of which one has gone already are not counted. Bytes are an estimate: all
//! events' bytes in log and Parquet files, by their number.

use event_model::{
    access::Viewer,
    retention::{KeepRule, RULES_MAX},
};
use proto::v1::{self, RetentionSource};
use read_model::{
    cold,
    search::reader::{EventFilter, EventTest},
};
use search_language::{Expression, Field, Key, Known, Leaf, Span};

use crate::{core::Core, error::ApiError, time::stamp_ns, view::View};

const NS_A_MS: i64 = 1_000_000;

impl Core {
    /// Those that hold, and those that are asked about.
    pub(crate) async fn get_retention(
        &self,
        viewer: &Viewer,
        request: v1::GetRetentionRequest,
    ) -> Result<v1::GetRetentionResponse, ApiError> {
        let tried = read(&request.rules)?;
        let state = self.control.state();
        let of = |source| move |rule: &KeepRule| (source, rule.clone());
        let configured = self.config.retention.iter();
        let own = state.retention.values().flatten();
        let rules: Vec<(RetentionSource, KeepRule)> = configured
            .map(of(RetentionSource::Configuration))
            .chain(own.map(of(RetentionSource::Project)))
            .chain(tried.iter().map(of(RetentionSource::Tried)))
            .collect();
        let (now_ns, log) = (self.config.clock.now_ns(), self.log.clone());
        self.read(viewer, move |view| {
            let events = view.total(&EventFilter::default())?.events;
            let days = cold::days(&view.cold().files());
            let cold_bytes = days.iter().map(|day| day.bytes).sum::<u64>();
            let log_bytes = log.disk_bytes().map_err(|e| ApiError::internal(&e))?;
            let bytes = |own: u64| {
                let all = u128::from(log_bytes) + u128::from(cold_bytes);
                let part = all * u128::from(own) / u128::from(events.max(1));
                u64::try_from(part).unwrap_or(u64::MAX)
            };
            let told = |(source, rule): &(RetentionSource, KeepRule)| {
                let before_ns = rule.before_ns(now_ns);
                let own = beyond(view, rule, before_ns)?;
                Ok(v1::RetentionRule {
                    rule: rule.to_string(),
                    source: (*source).into(),
                    gone_before: state.expired.before_ns(&rule.scope).map(stamp_ns),
                    goes_before: Some(stamp_ns(before_ns)),
                    events: own,
                    bytes: bytes(own),
                })
            };
            let rules = rules.iter().map(told).collect::<Result<_, ApiError>>()?;
            Ok(v1::GetRetentionResponse { rules, events })
        })
        .await
    }
}

/// Events that are there still and that a rule takes in, received before then.
fn beyond(view: &View<'_>, rule: &KeepRule, before_ns: i64) -> Result<u64, ApiError> {
    let received = Leaf {
        field: Field::Known(Key::Received),
        test: Known::Time(i64::MIN, before_ns.div_euclid(NS_A_MS)),
        span: Span::default(),
    };
    let scope = &rule.scope;
    let filter = EventFilter {
        project: scope.project,
        levels: scope.level.into_iter().collect(),
        environment: scope.environment.clone().unwrap_or_default(),
        asked: Some(Expression::Term(EventTest::Leaf(received))),
        ..EventFilter::default()
    };
    Ok(view.total(&filter)?.events)
}

fn read(texts: &[String]) -> Result<Vec<KeepRule>, ApiError> {
    if texts.len() > RULES_MAX {
        let message = format!("{} rules, at most {RULES_MAX}", texts.len());
        return Err(ApiError::invalid("rules", message));
    }
    let rule = |(at, text): (usize, &String)| {
        text.parse()
            .map_err(|error| ApiError::invalid(&format!("rules[{at}]"), format!("{error}")))
    };
    texts.iter().enumerate().map(rule).collect()
}
