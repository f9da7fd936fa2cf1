//! Statistics of whatever a query finds.
//!
//! Invariant: counted is what a list of the same query lists, by the same index, so every
//! total is that of a list. Counters of the issue database are not asked: they count what is
//! no longer kept, too, and what was only counted (docs/adr/0053). Bounded by
//! [`CELLS_MAX`], [`CELLS_OF_USERS_MAX`] and [`SECONDS_MAX`].

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use event_model::{ControlState, IssueId, ProjectId, access::Viewer};
use jiff::tz::TimeZone;
use proto::v1;
use read_model::{
    fold::fold,
    search::{
        reader::{
            EventFilter, EventTest, Totals,
            stats::{Ask, Line, Lines, SplitBy, SplitValue},
        },
        schema::{facet_of, is_folded},
    },
};
use search_language::{Expression, Field, Key, Known, Leaf, Place, Span, complete};

use super::buckets::{Buckets, Length, range_ms};
use crate::{
    convert,
    core::Core,
    error::ApiError,
    issues::{bounded, bounded_text, no_issue},
    search::{self, Asked},
    time::{ms_of, stamp_ms},
    view::View,
};

/// Series when the reader names no number.
const GROUPS_DEFAULT: u32 = 5;
/// Most series of their own.
const GROUPS_MAX: u32 = 50;
/// Most buckets of all series together.
const CELLS_MAX: usize = 40_000;
/// The same with users: each has a sketch of some 4 KiB.
const CELLS_OF_USERS_MAX: usize = 4_000;
/// Longest a question is counted.
const SECONDS_MAX: u64 = 15;

/// What is counted, out of an `EventScope`.
pub(super) struct Scoped {
    scope: v1::EventScope,
    issue: Option<IssueId>,
    query: Option<Expression<Leaf>>,
    pub(super) zone: TimeZone,
    pub(super) range: (i64, i64),
}

impl Core {
    /// Reads and checks a scope.
    pub(super) fn scoped(
        &self,
        viewer: &Viewer,
        scope: Option<v1::EventScope>,
    ) -> Result<Scoped, ApiError> {
        let scope = scope.unwrap_or_default();
        bounded(scope.project_ids.len(), "project_ids")?;
        bounded_text(&scope.environment, "environment")?;
        bounded_text(&scope.release, "release")?;
        let issue = match scope.issue_id.as_str() {
            "" => None,
            text => Some(convert::issue_id(text)?),
        };
        let reader = self.search_reader(viewer, &scope.time_zone, self.now_s())?;
        let query = Asked::read(&scope.query, Place::Events)?.resolve(&reader)?;
        let range = range_ms(
            scope.from.as_ref().map(ms_of),
            scope.to.as_ref().map(ms_of),
            reader.now_ms,
        )?;
        Ok(Scoped {
            scope,
            issue,
            query,
            zone: reader.zone,
            range,
        })
    }

    /// Events over time, split by a field.
    pub(crate) async fn query_stats(
        &self,
        viewer: &Viewer,
        request: v1::QueryStatsRequest,
    ) -> Result<v1::QueryStatsResponse, ApiError> {
        let limit = limit(request.limit, GROUPS_DEFAULT, GROUPS_MAX)?;
        let scoped = self.scoped(viewer, request.scope)?;
        let split = Split::read(&request.group_by)?;
        let length = Length::read(&request.interval)?;
        let buckets = Buckets::of(scoped.range, length, Length::Minutes(1), &scoped.zone)?;
        let series = if split.by == SplitBy::Nothing {
            0
        } else {
            limit
        };
        affordable(&buckets, series, request.with_users)?;
        let before = request.with_before.then(|| buckets.before(&scoped.zone));
        self.wait_events(request.after_position).await;
        let with_users = request.with_users;
        let length = buckets.length;
        let asked = (split.clone(), buckets.clone(), before.clone());
        let found = self
            .read(viewer, move |view| {
                let (split, buckets, before) = asked;
                let filter = scoped.filter(view)?;
                Ranked::of(
                    view,
                    filter,
                    &split,
                    &buckets,
                    before.as_ref(),
                    series,
                    with_users,
                )
            })
            .await?;
        let state = self.control.state();
        let period = |buckets: &Buckets, lines: Lines| {
            let groups = found.groups.iter().zip(lines.slots);
            let groups = groups.map(|(group, sums)| group.line(&split, &state, sums));
            let has_others = split.by != SplitBy::Nothing && lines.others.totals.events > 0;
            v1::StatsPeriod {
                groups: groups.collect(),
                others: has_others.then(|| line(lines.others)),
                ..period(buckets, lines.all)
            }
        };
        Ok(v1::QueryStatsResponse {
            range: Some(period(&buckets, found.lines)),
            before: before
                .zip(found.before)
                .map(|(buckets, lines)| period(&buckets, lines)),
            values: found.values,
            interval: length.print(),
        })
    }
}

/// A number within 1 to `most`; 0: `default`.
pub(crate) fn limit(asked: u32, default: u32, most: u32) -> Result<usize, ApiError> {
    match asked {
        0 => Ok(default as usize),
        _ if asked <= most => Ok(asked as usize),
        _ => {
            let message = format!("{asked} is not within 1 to {most}");
            Err(ApiError::invalid("limit", message))
        }
    }
}

/// Refuses what would take too much memory.
pub(super) fn affordable(
    buckets: &Buckets,
    series: usize,
    with_users: bool,
) -> Result<(), ApiError> {
    // The others and all are series, too.
    let cells = buckets.count() * (series + 2);
    let most = if with_users {
        CELLS_OF_USERS_MAX
    } else {
        CELLS_MAX
    };
    if cells <= most {
        return Ok(());
    }
    let message = format!(
        "{} buckets of {} series are {cells}, at most {most}{}: longer buckets, or fewer series",
        buckets.count(),
        series + 2,
        if with_users { " with users" } else { "" }
    );
    Err(ApiError::invalid("interval", message))
}

/// What is asked of the index.
pub(crate) fn ask<'b>(view: &View<'_>, buckets: &'b Buckets, with_users: bool) -> Ask<'b> {
    Ask {
        edges_ms: &buckets.edges_ms,
        with_users,
        kept: view.kept(),
        until: Instant::now() + Duration::from_secs(SECONDS_MAX),
        seconds: SECONDS_MAX,
    }
}

impl Scoped {
    /// The events of the scope, within its range.
    pub(super) fn filter(&self, view: &View<'_>) -> Result<EventFilter, ApiError> {
        let scope = &self.scope;
        let query = self.query.clone();
        let query = query.map(|query| search::of_events(view, query));
        let mut asked: Vec<_> = query.transpose()?.into_iter().collect();
        if !scope.project_ids.is_empty() {
            let projects = scope.project_ids.iter().copied().map(ProjectId);
            asked.push(Expression::Term(EventTest::Leaf(Leaf {
                field: Field::Known(Key::Project),
                test: Known::Projects(projects.collect()),
                span: Span::default(),
            })));
        }
        let mut filter = EventFilter {
            environment: scope.environment.clone(),
            release: scope.release.clone(),
            from_ms: Some(self.range.0),
            to_ms: Some(self.range.1),
            asked: (!asked.is_empty()).then(|| Expression::and(asked)),
            ..EventFilter::default()
        };
        if let Some(id) = self.issue {
            let (row, prints) = view.issues(|snapshot| {
                let row = snapshot.issue(id)?;
                let id = row.as_ref().map_or(id, |row| row.id);
                Ok((row, snapshot.fingerprints(id)?))
            })?;
            let row = row.ok_or_else(|| no_issue(&scope.issue_id))?;
            filter.project = Some(row.project_id);
            filter.fingerprints = Some(prints);
        }
        Ok(filter)
    }
}

/// The field that is split by.
#[derive(Debug, Clone)]
pub(super) struct Split {
    pub(super) field: Field,
    by: SplitBy,
}

impl Split {
    /// Of a field's name; empty: nothing.
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        bounded_text(text, "group_by")?;
        let field = if text.is_empty() {
            Field::Any
        } else {
            Field::of_key(text)
        };
        let by = match &field {
            Field::Any => SplitBy::Nothing,
            Field::Known(Key::Level) => SplitBy::Level,
            Field::Known(Key::Project) => SplitBy::Project,
            Field::Known(Key::Issue) => SplitBy::Fingerprint,
            field => SplitBy::Facet(facet_of(field).ok_or_else(|| {
                let message = format!("statistics are not split by {}", field.name());
                ApiError::invalid("group_by", message)
            })?),
        };
        Ok(Self { field, by })
    }

    /// What finds the events that have this value.
    pub(super) fn term(&self, value: &str) -> String {
        complete::term(&self.field, value)
    }

    /// What finds those that have none.
    pub(super) fn absent(&self) -> String {
        complete::absent(&self.field)
    }
}

/// A value, or those that are one to people.
#[derive(Debug, Clone)]
struct Group {
    /// As it is ranked and shown.
    value: String,
    /// An issue's title.
    label: String,
    /// Those of the index.
    of: Vec<SplitValue>,
    totals: Totals,
}

impl Group {
    fn line(&self, split: &Split, state: &ControlState, sums: Line) -> v1::StatsLine {
        let label = match (&split.field, self.value.parse().map(ProjectId)) {
            (Field::Known(Key::Project), Ok(id)) => project_name(state, id),
            _ if self.label.is_empty() => self.value.clone(),
            _ => self.label.clone(),
        };
        let term = if self.value.is_empty() {
            split.absent()
        } else {
            split.term(&self.value)
        };
        v1::StatsLine {
            value: self.value.clone(),
            label,
            term,
            ..line(sums)
        }
    }
}

pub(super) fn project_name(state: &ControlState, id: ProjectId) -> String {
    let project = state.projects.get(&id);
    project.map_or_else(
        || format!("project {}", id.0),
        |project| project.name.clone(),
    )
}

/// The most frequent values, and everything over time.
struct Ranked {
    groups: Vec<Group>,
    values: u32,
    lines: Lines,
    before: Option<Lines>,
}

impl Ranked {
    fn of(
        view: &View<'_>,
        filter: EventFilter,
        split: &Split,
        buckets: &Buckets,
        before: Option<&Buckets>,
        limit: usize,
        with_users: bool,
    ) -> Result<Self, ApiError> {
        let asked = ask(view, buckets, with_users);
        let mut groups = if split.by == SplitBy::Nothing {
            Vec::new()
        } else {
            let found = view.tally(&filter, &split.by, &asked)?;
            groups(view, split, found)?
        };
        groups.sort_by(|a, b| {
            let order = |group: &Group| std::cmp::Reverse(group.totals.errors);
            order(a).cmp(&order(b)).then_with(|| a.value.cmp(&b.value))
        });
        let values = groups.iter().filter(|group| !group.value.is_empty());
        let values = values.count() as u32;
        groups.truncate(limit);
        let mut slots = HashMap::new();
        for (slot, group) in groups.iter().enumerate() {
            slots.extend(group.of.iter().map(|value| (value.clone(), slot)));
        }
        let lines = view.lines(&filter, &split.by, &slots, &asked)?;
        let before = match before {
            None => None,
            Some(buckets) => {
                let (from, to) = buckets.ends();
                let filter = EventFilter {
                    from_ms: Some(from),
                    to_ms: Some(to),
                    ..filter
                };
                let asked = ask(view, buckets, with_users);
                let mut lines = view.lines(&filter, &split.by, &slots, &asked)?;
                // A value that is not there has its line all the same.
                lines.slots.resize(groups.len(), Line::default());
                Some(lines)
            }
        };
        Ok(Self {
            groups,
            values,
            lines,
            before,
        })
    }
}

/// What the index found, as people tell it apart: issues, not fingerprints; values that
/// queries take for one as one, called as most of its events call it.
fn groups(
    view: &View<'_>,
    split: &Split,
    found: HashMap<SplitValue, Totals>,
) -> Result<Vec<Group>, ApiError> {
    if split.by == SplitBy::Fingerprint {
        return issues(view, found);
    }
    let is_folded = is_folded(&split.field);
    let mut groups: BTreeMap<String, (Group, u64)> = BTreeMap::new();
    for (value, totals) in found {
        let text = match &value {
            SplitValue::None | SplitValue::Fingerprint(..) => String::new(),
            SplitValue::Level(level) => level.name().to_owned(),
            SplitValue::Project(id) => id.0.to_string(),
            SplitValue::Text(text) => text.clone(),
        };
        let key = if is_folded { fold(&text) } else { text.clone() };
        let (group, most) = groups.entry(key).or_insert_with(|| {
            let group = Group {
                value: text.clone(),
                label: String::new(),
                of: Vec::new(),
                totals: Totals::default(),
            };
            (group, 0)
        });
        if (totals.events, &group.value) > (*most, &text) {
            *most = totals.events;
            group.value = text;
        }
        group.totals += totals;
        group.of.push(value);
    }
    Ok(groups.into_values().map(|(group, _)| group).collect())
}

fn issues(view: &View<'_>, found: HashMap<SplitValue, Totals>) -> Result<Vec<Group>, ApiError> {
    let key = |value: &SplitValue| match value {
        SplitValue::Fingerprint(project, print) => Some((*project, *print)),
        _ => None,
    };
    let keys: Vec<_> = found.keys().filter_map(key).collect();
    let (ids, titles) = view.issues(|snapshot| {
        let ids = snapshot.issue_ids(keys)?;
        let mut distinct: Vec<IssueId> = ids.values().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let rows = snapshot.issues_of(&distinct)?;
        let titles = rows.into_iter().map(|row| (row.id, row.title));
        Ok((ids, titles.collect::<HashMap<_, _>>()))
    })?;
    let mut groups: HashMap<Option<IssueId>, Group> = HashMap::new();
    for (value, totals) in found {
        // The index may know an event before the issues do.
        let id = key(&value).and_then(|key| ids.get(&key).copied());
        let group = groups.entry(id).or_insert_with(|| Group {
            value: id.map(|id| id.to_string()).unwrap_or_default(),
            label: id
                .and_then(|id| titles.get(&id).cloned())
                .unwrap_or_default(),
            of: Vec::new(),
            totals: Totals::default(),
        });
        group.totals += totals;
        group.of.push(value);
    }
    Ok(groups.into_values().collect())
}

pub(super) fn line(sums: Line) -> v1::StatsLine {
    v1::StatsLine {
        events: sums.totals.events,
        errors: sums.totals.errors,
        users: sums.users,
        counts: sums.counts,
        user_counts: sums.user_counts,
        ..v1::StatsLine::default()
    }
}

/// Of everything, without groups.
pub(super) fn period(buckets: &Buckets, all: Line) -> v1::StatsPeriod {
    let starts = &buckets.edges_ms[..buckets.count()];
    v1::StatsPeriod {
        starts: starts.iter().copied().map(stamp_ms).collect(),
        to: Some(stamp_ms(buckets.ends().1)),
        total: Some(line(all)),
        groups: Vec::new(),
        others: None,
    }
}
