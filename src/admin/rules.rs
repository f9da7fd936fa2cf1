//! `errata project grouping-rules`: the rules that a project's events are grouped by.
//!
//! A file is read here first, by the parser that groups, so that all that is wrong with it
//! is told at once, server or none.

mod apply;
mod preview;

use std::{fmt::Write as _, io::Read as _, path::Path};

use anyhow::{Context, Result, bail};
use grouping::{RuleError, Rules};
use proto::v1::{
    CheckRulesRequest, CheckRulesResponse, GetGroupingRulesRequest, SetGroupingRulesRequest,
    grouping_service_client::GroupingServiceClient,
    project_settings_service_client::ProjectSettingsServiceClient,
};
use tonic::{Code, transport::Channel};

use super::said;
use crate::cli::GroupingRulesCommand;

/// Gets, sets, tries or applies; what to print.
pub(super) async fn run(command: &GroupingRulesCommand, channel: Channel) -> Result<String> {
    match command {
        GroupingRulesCommand::Get {
            project,
            version,
            history,
        } => get(channel, *project, *version, *history).await,
        GroupingRulesCommand::Set { project, file } => {
            let text = read(file)?;
            let count = parsed(file, &text)?.len();
            let request = SetGroupingRulesRequest {
                project_id: *project,
                text,
                expected_version: None,
            };
            let mut client = ProjectSettingsServiceClient::new(channel);
            client
                .set_grouping_rules(request)
                .await
                .map_err(|status| said(&status))?;
            let hold = if count == 1 { "holds" } else { "hold" };
            let rules = number_of(count);
            Ok(format!(
                "{rules} {hold} for events from now on; those that are there stay in their issues until rules are applied to them\n"
            ))
        }
        GroupingRulesCommand::Check {
            project,
            file,
            events,
        } => check(channel, *project, file, *events).await,
        GroupingRulesCommand::Preview(wanted) => preview::run(wanted, channel).await,
        GroupingRulesCommand::Apply(wanted) => apply::apply(wanted, channel).await,
        GroupingRulesCommand::Undo {
            project,
            application,
        } => apply::undo(*project, *application, channel).await,
    }
}

async fn get(channel: Channel, project: u32, version: u32, history: bool) -> Result<String> {
    let mut client = ProjectSettingsServiceClient::new(channel);
    let request = GetGroupingRulesRequest {
        project_id: project,
        version,
    };
    let held = client.get_grouping_rules(request).await;
    let held = held.map_err(|status| said(&status))?.into_inner();
    if !history {
        return Ok(held.text);
    }
    let mut lines = String::new();
    for set in &held.history {
        let at = set.set_at.unwrap_or_default();
        let at = jiff::Timestamp::new(at.seconds, at.nanos).unwrap_or_default();
        let (version, actor, bytes) = (set.version, &set.actor, set.bytes);
        writeln!(lines, "{version}\t{at:.0}\t{actor}\t{bytes} bytes")?;
    }
    for applied in &held.applications {
        writeln!(lines, "{}", apply::line(applied))?;
    }
    Ok(lines)
}

async fn check(channel: Channel, project: u32, file: &Path, events: u32) -> Result<String> {
    let text = read(file)?;
    let count = parsed(file, &text)?.len();
    let request = CheckRulesRequest {
        project_id: project,
        text,
        events,
        ..Default::default()
    };
    let mut client = GroupingServiceClient::new(channel);
    match client.check_rules(request).await {
        Ok(checked) => Ok(told(checked.get_ref())),
        // The gateway alone: reads are another process's, or no server runs.
        Err(status) if status.code() == Code::Unimplemented => Ok(format!(
            "{}, all sound; no events were asked, as no server that answers reads runs here\n",
            number_of(count)
        )),
        Err(status) => Err(said(&status)),
    }
}

/// "1 rule", "2 rules".
fn number_of(rules: usize) -> String {
    match rules {
        1 => "1 rule".to_owned(),
        _ => format!("{rules} rules"),
    }
}

fn told(checked: &CheckRulesResponse) -> String {
    let mut lines = format!(
        "{}, all sound, asked of the {} newest events\n{} of them would be grouped otherwise than they are\n",
        number_of(checked.rules as usize),
        checked.events,
        checked.moved
    );
    let mut add = |line: String| {
        lines.push_str(&line);
        lines.push('\n');
    };
    if checked.over_budget > 0 {
        let events = checked.over_budget;
        add(format!(
            "for {events} of them the rules cost more than an event may: some were not asked"
        ));
    }
    if checked.cut_short {
        add("the check was cut short: it cost too much".to_owned());
    }
    if checked.events > 0 && checked.matches.is_empty() {
        add("no rule holds of any of them".to_owned());
    }
    for found in &checked.matches {
        let (line, events, rule) = (found.line, found.events, &found.rule);
        add(format!("line {line}\t{events} events\t{rule}"));
    }
    lines
}

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.context("read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))
}

fn parsed(file: &Path, text: &str) -> Result<Rules> {
    match Rules::parse(text) {
        Ok(rules) => Ok(rules),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(RuleError::to_string).collect();
            bail!("{}:\n{}", file.display(), lines.join("\n"))
        }
    }
}
