//! `CheckRules`: what is wrong with a text of rules, and what of a project's newest events
//! it holds.
//!
//! Invariant: nothing is stored. What a check costs is bounded: in bytes and rules by the
//! parser, in events by [`EVENTS_MAX`], in comparisons by [`STEPS_MAX`]; counted, not
//! timed, so that the same question has the same answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use event_model::{EventId, Position, ProjectId, StoredEvent, access::Viewer};
use grouping::{
    Algorithm, Grouper, RuleError, Rules,
    rules::{
        RULES_BYTES_MAX,
        tokens::{Kind, Token, tokens},
    },
};
use proto::v1;
use read_model::search::reader::{EventFilter, From, Hit};

use crate::{
    core::Core,
    error::{ApiError, ErrorCode},
    events,
    view::View,
};

/// Most events of a check.
const EVENTS_MAX: u32 = 1_000;
/// Events of a check, unless another number is asked for.
const EVENTS_DEFAULT: u32 = 100;
/// Comparisons of a check: some hundred milliseconds. An event costs a million at most.
const STEPS_MAX: u64 = 50_000_000;
/// Most pieces for highlighting: 2,000 lines and more.
const TOKENS_MAX: usize = 20_000;
/// Most rules of an answer.
const MATCHES_MAX: usize = 1_000;
/// Longest rule as it is repeated, characters.
const RULE_CHARS_MAX: usize = 200;

impl Core {
    /// Reads rules and asks them of events.
    pub(crate) async fn check_rules(
        &self,
        viewer: &Viewer,
        request: v1::CheckRulesRequest,
    ) -> Result<v1::CheckRulesResponse, ApiError> {
        let wanted = Wanted::of(&request)?;
        self.wait_events(request.after_position).await;
        self.check_project(viewer, wanted.project)?;
        let algorithm = self.algorithm_of(wanted.project);
        self.read(viewer, move |view| {
            checked(view, &request.text, &wanted, algorithm)
        })
        .await
    }

    pub(super) fn check_project(
        &self,
        viewer: &Viewer,
        project: ProjectId,
    ) -> Result<(), ApiError> {
        if viewer.sees(project) && self.control.state().projects.contains_key(&project) {
            return Ok(());
        }
        let message = format!("there is no project {project}");
        Err(ApiError::at(ErrorCode::NotFound, "project_id", message))
    }
}

/// Of which events.
struct Wanted {
    project: ProjectId,
    event: Option<EventId>,
    limit: usize,
}

impl Wanted {
    fn of(request: &v1::CheckRulesRequest) -> Result<Self, ApiError> {
        if request.text.len() > RULES_BYTES_MAX {
            let message = format!("must have at most {RULES_BYTES_MAX} bytes");
            return Err(ApiError::at(ErrorCode::TooLarge, "text", message));
        }
        let limit = match request.events {
            0 => EVENTS_DEFAULT,
            limit if limit <= EVENTS_MAX => limit,
            _ => {
                let message = format!("must be at most {EVENTS_MAX}");
                return Err(ApiError::invalid("events", message));
            }
        };
        let event = match request.event_id.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|error: event_model::id::IdError| {
                ApiError::invalid("event_id", error.to_string())
            })?),
        };
        Ok(Self {
            project: ProjectId(request.project_id),
            event,
            limit: limit as usize,
        })
    }
}

fn checked(
    view: &View<'_>,
    text: &str,
    wanted: &Wanted,
    algorithm: Algorithm,
) -> Result<v1::CheckRulesResponse, ApiError> {
    let tokens = tokens(text, TOKENS_MAX).into_iter().map(token).collect();
    let rules = match Rules::parse(text) {
        Ok(rules) => Arc::new(rules),
        Err(errors) => {
            return Ok(v1::CheckRulesResponse {
                faults: errors.into_iter().map(fault).collect(),
                tokens,
                ..Default::default()
            });
        }
    };
    let mut asked = Asked::default();
    let grouper = Grouper::new(Arc::clone(&rules), algorithm);
    let hits = match wanted.event {
        Some(_) => hits(view, wanted)?,
        None => view.in_log(hits(view, wanted)?),
    };
    for hit in &hits {
        if asked.steps >= STEPS_MAX {
            asked.is_cut_short = true;
            break;
        }
        if let Some(event) = view.retained(hit.position)? {
            asked.ask(&grouper, &event, *hit);
        }
    }
    // Of the events that are named only.
    let named: BTreeSet<Position> = asked.lines.values().map(|(_, hit)| hit.position).collect();
    let mut named_hits = hits;
    named_hits.retain(|hit| named.contains(&hit.position));
    let issues = events::issues_of(view, &named_hits)?;
    let matches = rules.lines().filter_map(|(line, rule)| {
        let ((event_id, events), hit) = asked.lines.get(&line)?;
        let issue = issues.get(&(hit.project_id, hit.fingerprint));
        Some(v1::RuleMatches {
            line,
            rule: cut(rule),
            events: *events,
            event_id: event_id.to_string(),
            issue_id: issue.map_or_else(String::new, |issue| issue.id.to_string()),
        })
    });
    let mut matches: Vec<v1::RuleMatches> = matches.collect();
    matches.sort_unstable_by_key(|rule| rule.line);
    matches.truncate(MATCHES_MAX);
    Ok(v1::CheckRulesResponse {
        faults: Vec::new(),
        rules: u32::try_from(rules.len()).unwrap_or(u32::MAX),
        tokens,
        matches,
        events: asked.events,
        cut_short: asked.is_cut_short,
        over_budget: asked.over_budget,
        moved: asked.moved,
    })
}

/// The events wanted, newest first.
fn hits(view: &View<'_>, wanted: &Wanted) -> Result<Vec<Hit>, ApiError> {
    let filter = EventFilter {
        project: Some(wanted.project),
        event_id: wanted.event,
        ..EventFilter::default()
    };
    let limit = if wanted.event.is_some() {
        1
    } else {
        wanted.limit
    };
    let found = view.events(&filter, From::Newest, limit)?;
    if let Some(id) = wanted.event.filter(|_| found.is_empty()) {
        let message = format!("no event {id} in project {}", wanted.project);
        return Err(ApiError::at(ErrorCode::NotFound, "event_id", message));
    }
    Ok(found)
}

/// What came of it so far.
#[derive(Default)]
struct Asked {
    events: u32,
    over_budget: u32,
    moved: u32,
    steps: u64,
    is_cut_short: bool,
    /// By line: the newest event, how many there are, and where the newest is.
    lines: BTreeMap<u32, ((EventId, u32), Hit)>,
}

impl Asked {
    fn ask(&mut self, grouper: &Grouper, event: &StoredEvent, hit: Hit) {
        let head = event.head();
        let matched = grouper.matched(event.whole());
        self.events += 1;
        // Reading an event costs something, too.
        self.steps += matched.steps + 1;
        self.over_budget += u32::from(matched.is_cut_short);
        self.moved += u32::from(grouper.fingerprint(event.whole()) != hit.fingerprint);
        for line in matched.lines {
            let of_line = self.lines.entry(line);
            let newest = of_line.or_insert(((EventId(head.event_id), 0), hit));
            newest.0.1 += 1;
        }
    }
}

fn fault(error: RuleError) -> v1::RuleFault {
    v1::RuleFault {
        line: error.line,
        column: error.column,
        message: error.message,
        suggestion: error.suggestion,
    }
}

fn token(token: Token) -> v1::RuleToken {
    let kind = match token.kind {
        Kind::Comment => v1::RuleTokenKind::Comment,
        Kind::Matcher => v1::RuleTokenKind::Matcher,
        Kind::Pattern => v1::RuleTokenKind::Pattern,
        Kind::Sign => v1::RuleTokenKind::Sign,
        Kind::Action => v1::RuleTokenKind::Action,
        Kind::Text => v1::RuleTokenKind::Text,
        Kind::Variable => v1::RuleTokenKind::Variable,
    };
    v1::RuleToken {
        line: token.line,
        column: token.column,
        length: token.length,
        kind: kind.into(),
    }
}

fn cut(rule: &str) -> String {
    match rule.char_indices().nth(RULE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &rule[..end]),
        None => rule.to_owned(),
    }
}
