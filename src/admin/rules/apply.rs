//! `errata project grouping-rules apply` and `undo`: decided at once, and told once issues
//! have it. Whoever ends the command does not end the work.

use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use anyhow::Result;
use grouping::Rules;
use proto::v1::{
    ApplyGroupingRulesRequest, GetGroupingRulesRequest, GroupingApplication, GroupingRules,
    IssueFilter, ListIssuesRequest, UndoGroupingRulesRequest,
    issue_service_client::IssueServiceClient,
    project_settings_service_client::ProjectSettingsServiceClient,
};
use tonic::{Code, transport::Channel};

use super::{number_of, parsed, read, said};
use crate::cli::RulesApplication;

/// Far longer than it takes; whoever has waited so long is told to look again.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// How the wait for issues ended.
enum Waited {
    /// They have it.
    Done(Duration),
    /// Not within [`WAIT_MAX`].
    TooLong,
    /// The gateway alone: reads are another process's, or no server runs.
    NoReads,
}

pub(super) async fn apply(wanted: &RulesApplication, channel: Channel) -> Result<String> {
    let text = match &wanted.file {
        Some(file) => {
            let text = read(file)?;
            parsed(file, &text)?;
            Some(text)
        }
        None => None,
    };
    let project = wanted.project;
    let request = ApplyGroupingRulesRequest {
        project_id: project,
        text,
        algorithm: wanted.algorithm,
        expected_version: None,
    };
    let began = Instant::now();
    let mut client = ProjectSettingsServiceClient::new(channel.clone());
    let applied = client.apply_grouping_rules(request).await;
    let position = applied.map_err(|status| said(&status))?.get_ref().position;
    let waited = wait(channel.clone(), project, position, began).await?;
    let held = held(channel, project).await?;
    let Some(newest) = held.applications.first() else {
        return Ok("what was applied is not known any more\n".to_owned());
    };
    // A text that another release set may not be read by this one.
    let rules = match Rules::parse(&held.text) {
        Ok(rules) if rules.is_empty() => "no rules".to_owned(),
        Ok(rules) => number_of(rules.len()),
        Err(_) => "rules".to_owned(),
    };
    let (id, algorithm) = (newest.id, newest.algorithm);
    let done = how(&waited);
    let of = if project == 1 {
        String::new()
    } else {
        format!(" --project {project}")
    };
    Ok(format!(
        "{rules} and algorithm {algorithm} hold for all events: application {id}, {done}\n\
         to take it back: errata project grouping-rules undo --application {id}{of}\n"
    ))
}

pub(super) async fn undo(project: u32, application: u64, channel: Channel) -> Result<String> {
    let application = match application {
        0 => {
            let held = held(channel.clone(), project).await?;
            held.applications.first().map_or(0, |newest| newest.id)
        }
        wanted => wanted,
    };
    let request = UndoGroupingRulesRequest {
        project_id: project,
        application,
    };
    let began = Instant::now();
    let mut client = ProjectSettingsServiceClient::new(channel.clone());
    let undone = client.undo_grouping_rules(request).await;
    let position = undone.map_err(|status| said(&status))?.get_ref().position;
    let waited = wait(channel, project, position, began).await?;
    let done = how(&waited);
    Ok(format!(
        "application {application} is taken back, {done}\nwhat held before it holds for all events again\n"
    ))
}

/// A line of the history.
pub(super) fn line(applied: &GroupingApplication) -> String {
    let time = |at: Option<prost_types::Timestamp>| {
        let at = at.unwrap_or_default();
        jiff::Timestamp::new(at.seconds, at.nanos).unwrap_or_default()
    };
    let (id, actor, bytes) = (applied.id, &applied.actor, applied.bytes);
    let (at, algorithm) = (time(applied.applied_at), applied.algorithm);
    let ends = match applied.undone_at {
        Some(_) => format!(
            "\ttaken back {:.0} by {}",
            time(applied.undone_at),
            applied.undone_by
        ),
        None if applied.is_undoable => "\tcan be taken back".to_owned(),
        None => String::new(),
    };
    format!("application {id}\t{at:.0}\t{actor}\t{bytes} bytes, algorithm {algorithm}{ends}")
}

async fn held(channel: Channel, project: u32) -> Result<GroupingRules> {
    let request = GetGroupingRulesRequest {
        project_id: project,
        version: 0,
    };
    let mut client = ProjectSettingsServiceClient::new(channel);
    let held = client.get_grouping_rules(request).await;
    Ok(held.map_err(|status| said(&status))?.into_inner())
}

/// Waits until issues have what stands at a position. The server waits a second each time.
async fn wait(channel: Channel, project: u32, position: u64, began: Instant) -> Result<Waited> {
    let mut client = IssueServiceClient::new(channel);
    let is_watched = std::io::stderr().is_terminal();
    while began.elapsed() < WAIT_MAX {
        let request = ListIssuesRequest {
            filter: Some(IssueFilter {
                project_ids: vec![project],
                ..Default::default()
            }),
            limit: 1,
            after_position: position,
            ..Default::default()
        };
        match client.list_issues(request).await {
            Ok(issues) if issues.get_ref().position >= position => {
                if is_watched {
                    tell("");
                }
                return Ok(Waited::Done(began.elapsed()));
            }
            Ok(_) if is_watched => {
                let seconds = began.elapsed().as_secs();
                tell(&format!("events are grouped anew, {seconds} s"));
            }
            Ok(_) => {}
            Err(status) if status.code() == Code::Unimplemented => return Ok(Waited::NoReads),
            Err(status) => return Err(said(&status)),
        }
    }
    Ok(Waited::TooLong)
}

/// Over the line before.
fn tell(line: &str) {
    // Nobody looks where this fails.
    let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
}

fn how(waited: &Waited) -> String {
    match waited {
        Waited::Done(took) => format!("in {:.1} s", took.as_secs_f64()),
        Waited::TooLong => "still under way after an hour".to_owned(),
        Waited::NoReads => {
            "as soon as issues have read it; no server that answers reads runs here".to_owned()
        }
    }
}
