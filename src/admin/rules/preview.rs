//! `errata project grouping-rules preview`: how far it is goes to standard error, if that
//! is a terminal, the result to standard output. Whoever ends the command ends the work.

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, Write as _},
};

use anyhow::{Result, anyhow};
use proto::v1::{
    PreviewRegroupRequest, RegroupEnd, RegroupGroup, RegroupIssue, RegroupPreview, RegroupProgress,
    grouping_service_client::GroupingServiceClient, preview_regroup_response::Step,
};
use serde_json::{Value, json};
use tonic::{Code, transport::Channel};

use super::{parsed, read, said};
use crate::cli::RulesPreview;

pub(super) async fn run(wanted: &RulesPreview, channel: Channel) -> Result<String> {
    let text = match &wanted.file {
        Some(file) => {
            let text = read(file)?;
            parsed(file, &text)?;
            Some(text)
        }
        None => None,
    };
    let request = PreviewRegroupRequest {
        project_id: wanted.project,
        text,
        algorithm: wanted.algorithm,
        max_events: wanted.events,
        max_seconds: wanted.seconds,
        ..Default::default()
    };
    let mut client = GroupingServiceClient::new(channel);
    let mut steps = match client.preview_regroup(request).await {
        Ok(steps) => steps.into_inner(),
        // The gateway alone: reads are another process's, or no server runs.
        Err(status) if status.code() == Code::Unimplemented => {
            return Err(anyhow!("no server that answers reads runs here"));
        }
        Err(status) => return Err(said(&status)),
    };
    let is_watched = std::io::stderr().is_terminal();
    while let Some(message) = steps.message().await.map_err(|status| said(&status))? {
        match message.step {
            Some(Step::Progress(progress)) if is_watched => tell(&progress),
            Some(Step::Result(result)) => {
                if is_watched {
                    clear();
                }
                return Ok(if wanted.json {
                    format!("{:#}\n", as_json(&result))
                } else {
                    told(&result)
                });
            }
            _ => {}
        }
    }
    Err(anyhow!("the server ended the preview"))
}

/// Over the line before.
fn tell(progress: &RegroupProgress) {
    let (events, total) = (progress.events, progress.total);
    let seconds = progress.elapsed_ms / 1_000;
    // Nobody looks where this fails.
    let _ = write!(
        std::io::stderr(),
        "\r\x1b[K{events} of {total} events, {seconds} s"
    );
}

fn clear() {
    let _ = write!(std::io::stderr(), "\r\x1b[K");
}

fn told(result: &RegroupPreview) -> String {
    let how_far = match result.end() {
        RegroupEnd::All | RegroupEnd::Unspecified => "all there are".to_owned(),
        RegroupEnd::Events => format!("the newest of {}", result.total),
        RegroupEnd::Time => format!("the newest of {}, as time was up", result.total),
    };
    let mut lines = format!(
        "{} events looked at, {how_far}: {} of them would be in another issue\nissues {} -> {}\n",
        result.events, result.moved, result.issues_before, result.issues_after
    );
    if result.over_budget > 0 {
        let events = result.over_budget;
        add(
            &mut lines,
            &format!(
                "for {events} of them the rules cost more than an event may: some were not asked"
            ),
        );
    }
    if result.uncounted > 0 {
        let events = result.uncounted;
        add(
            &mut lines,
            &format!("{events} of them are not told of: too many different groups"),
        );
    }
    list(&mut lines, "merges", &result.merges, result.merges_total);
    list(&mut lines, "splits", &result.splits, result.splits_total);
    list(
        &mut lines,
        "new issues",
        &result.created,
        result.created_total,
    );
    lines
}

fn add(lines: &mut String, line: &str) {
    lines.push_str(line);
    lines.push('\n');
}

fn list(lines: &mut String, what: &str, groups: &[RegroupGroup], total: u32) {
    if total == 0 {
        return;
    }
    add(lines, &format!("\n{total} {what}"));
    for group in groups {
        let Some(issue) = &group.issue else {
            continue;
        };
        add(lines, &format!("  {}", line(issue)));
        for part in &group.parts {
            let becomes = match (part.is_new, part.id == issue.id) {
                (true, _) => "new",
                (false, true) => "lives on",
                (false, false) if what == "merges" => "merged",
                (false, false) => "of",
            };
            add(lines, &format!("    {becomes}\t{}", line(part)));
        }
        left_out(
            lines,
            "    ",
            group.parts_total as usize - group.parts.len(),
        );
    }
    left_out(lines, "  ", total as usize - groups.len());
}

fn line(issue: &RegroupIssue) -> String {
    format!("{}\t{} events\t{}", issue.id, issue.events, issue.title)
}

fn left_out(lines: &mut String, indent: &str, count: usize) {
    if count > 0 {
        // A string takes whatever is written.
        let _ = writeln!(lines, "{indent}and {count} more");
    }
}

/// As REST has it.
fn as_json(result: &RegroupPreview) -> Value {
    let groups = |groups: &[RegroupGroup]| groups.iter().map(group).collect::<Vec<Value>>();
    let end = match result.end() {
        RegroupEnd::All | RegroupEnd::Unspecified => "all",
        RegroupEnd::Events => "events",
        RegroupEnd::Time => "time",
    };
    let reached = result.reached.as_ref().map(|at| {
        let at = jiff::Timestamp::new(at.seconds, at.nanos);
        at.unwrap_or_default().to_string()
    });
    json!({
        "events": result.events,
        "total": result.total,
        "end": end,
        "reached": reached,
        "rules": result.rules,
        "algorithm": result.algorithm,
        "moved": result.moved,
        "issues_before": result.issues_before,
        "issues_after": result.issues_after,
        "merges": groups(&result.merges),
        "merges_total": result.merges_total,
        "splits": groups(&result.splits),
        "splits_total": result.splits_total,
        "created": groups(&result.created),
        "created_total": result.created_total,
        "over_budget": result.over_budget,
        "uncounted": result.uncounted,
    })
}

fn group(group: &RegroupGroup) -> Value {
    json!({
        "issue": group.issue.as_ref().map(issue),
        "parts": group.parts.iter().map(issue).collect::<Vec<Value>>(),
        "parts_total": group.parts_total,
    })
}

fn issue(issue: &RegroupIssue) -> Value {
    let samples = issue.samples.iter().map(|sample| {
        json!({
            "id": sample.id,
            "issue_id": sample.issue_id,
            "type": sample.r#type,
            "message": sample.message,
            "culprit": sample.culprit,
            "release": sample.release,
            "environment": sample.environment,
        })
    });
    json!({
        "id": issue.id,
        "title": issue.title,
        "events": issue.events,
        "is_new": issue.is_new,
        "is_discarded": issue.is_discarded,
        "samples": samples.collect::<Vec<Value>>(),
    })
}
