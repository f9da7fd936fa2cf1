//! `errata retention plan`, and `errata project retention`.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use proto::v1::{
    GetRetentionRequest, GetRetentionResponse, RetentionRule, RetentionSource, SetRetentionRequest,
    stats_service_client::StatsServiceClient,
};
use tonic::{Code, transport::Channel};

use super::{said, settings};

/// Sets rules if asked to; prints what holds then, a rule a line.
pub(super) async fn project(
    project_id: u32,
    (set, clear): (&[String], bool),
    channel: Channel,
) -> Result<String> {
    let mut client = settings::Client::new(channel);
    if clear || !set.is_empty() {
        let request = SetRetentionRequest {
            project_id,
            rules: set.to_vec(),
        };
        client.set_retention(request).await.map_err(|s| said(&s))?;
    }
    let rules = settings::held(&mut client, project_id).await?.retention;
    Ok(rules.into_iter().map(|rule| rule + "\n").collect())
}

/// What would go by which rule.
pub(super) async fn plan(rules: &[String], channel: Channel) -> Result<String> {
    let mut client = StatsServiceClient::new(channel);
    let request = GetRetentionRequest {
        rules: rules.to_vec(),
    };
    match client.get_retention(request).await {
        Ok(plan) => Ok(table(&plan.into_inner())),
        Err(status) if status.code() == Code::Unimplemented => {
            bail!("only a running server with the query role knows what would go")
        }
        Err(status) => Err(said(&status)),
    }
}

fn table(plan: &GetRetentionResponse) -> String {
    let mut text = format!("{} events are there\n", plan.events);
    if plan.rules.is_empty() {
        text.push_str("no rules: all are kept as long as log and Parquet files have them\n");
    }
    for rule in &plan.rules {
        let source = match rule.source() {
            RetentionSource::Project => "project",
            RetentionSource::Tried => "tried",
            RetentionSource::Configuration | RetentionSource::Unspecified => "configuration",
        };
        let RetentionRule { events, bytes, .. } = rule;
        let name = &rule.rule;
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "{name:<40} {source:<13} {events} events, about {bytes} bytes"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_goes_by_a_rule() {
        let rule = |rule: &str, source: RetentionSource, events| RetentionRule {
            rule: rule.to_owned(),
            source: source.into(),
            events,
            bytes: events * 10,
            ..RetentionRule::default()
        };
        let plan = GetRetentionResponse {
            events: 40,
            rules: vec![
                rule("level:debug 7d", RetentionSource::Configuration, 12),
                rule("project:3 30d", RetentionSource::Tried, 0),
            ],
        };
        let text = table(&plan);
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "40 events are there",
                "level:debug 7d configuration 12 events, about 120 bytes",
                "project:3 30d tried 0 events, about 0 bytes",
            ]
        );
        assert!(table(&GetRetentionResponse::default()).contains("no rules"));
    }
}
