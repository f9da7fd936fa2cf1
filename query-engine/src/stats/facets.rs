//! Over time, and how often each value of each field is there: of events that a query finds,
//! and of issues that a filter finds.

use event_model::{ControlState, access::Viewer};
use proto::v1;
use read_model::{
    fold::fold,
    issues::reader::{IssueFacet, IssueFacets},
    search::{
        reader::stats::{FacetCounts, Facets},
        schema::{facet_of, is_folded},
    },
};
use search_language::{Field, Key};

use super::{
    buckets::{Buckets, Length},
    query::{Split, affordable, ask, limit, period, project_name},
};
use crate::{convert, core::Core, error::ApiError, issues::find_by_id, span, time::stamp_ms};

/// Values of a field when the reader names no number.
const VALUES_DEFAULT: u32 = 5;
const VALUES_MAX: u32 = 50;
/// The same of issues, each of which is counted by a question of its own.
const ISSUE_VALUES_MAX: u32 = 20;
/// Fields when the reader names none.
const FIELDS_SHOWN: usize = 20;
/// Most fields that a reader names.
const FIELDS_MAX: usize = 32;
/// Known fields, in the order they are shown.
const KNOWN: [Key; 14] = [
    Key::Level,
    Key::Project,
    Key::Environment,
    Key::Release,
    Key::Type,
    Key::Transaction,
    Key::User,
    Key::Platform,
    Key::Handled,
    Key::ServerName,
    Key::Logger,
    Key::Url,
    Key::RequestMethod,
    Key::Sdk,
];

impl Core {
    /// Events over time, and by field.
    pub(crate) async fn list_event_facets(
        &self,
        viewer: &Viewer,
        request: v1::ListEventFacetsRequest,
    ) -> Result<v1::ListEventFacetsResponse, ApiError> {
        let limit = limit(request.limit, VALUES_DEFAULT, VALUES_MAX)?;
        if request.fields.len() > FIELDS_MAX {
            let message = format!("{} fields, at most {FIELDS_MAX}", request.fields.len());
            return Err(ApiError::invalid("fields", message));
        }
        let fields = request.fields.iter().map(|name| Split::read(name));
        let fields: Vec<Split> = fields
            .collect::<Result<_, _>>()
            .map_err(|error| error.of_field("fields"))?;
        let scoped = self.scoped(viewer, request.scope)?;
        let length = Length::read(&request.interval)?;
        let buckets = Buckets::of(scoped.range, length, Length::Minutes(1), &scoped.zone)?;
        let with_users = request.with_users;
        affordable(&buckets, 0, with_users)?;
        self.wait_events(request.after_position).await;
        let asked = buckets.clone();
        let found = self
            .read(viewer, move |view| {
                let filter = scoped.filter(view)?;
                Ok(view.facets(&filter, &ask(view, &asked, with_users))?)
            })
            .await?;
        let state = self.control.state();
        let fields = if fields.is_empty() {
            shown(&found)
        } else {
            fields.into_iter().map(|split| split.field).collect()
        };
        let facets = fields
            .iter()
            .map(|field| facet(field, &found, limit, &state));
        Ok(v1::ListEventFacetsResponse {
            facets: facets.collect(),
            interval: buckets.length.print(),
            range: Some(period(&buckets, found.all)),
        })
    }

    /// Issues by field, and their events over time.
    pub(crate) async fn list_issue_facets(
        &self,
        viewer: &Viewer,
        request: v1::ListIssueFacetsRequest,
    ) -> Result<v1::ListIssueFacetsResponse, ApiError> {
        let limit = limit(request.limit, VALUES_DEFAULT, ISSUE_VALUES_MAX)?;
        let mut filter = self.issue_filter(viewer, request.filter.unwrap_or_default())?;
        self.wait_issues(request.after_position).await;
        let range = filter.scope.range;
        let counted = range.unwrap_or_else(|| span::trailing(span::RANGE_MAX_S, self.now_s()));
        let window = span::histogram(counted);
        let (total, facets, counts) = self
            .read(viewer, move |view| {
                find_by_id(view, &mut filter)?;
                let answer = view.issues(|snapshot| {
                    Ok((
                        snapshot.total(&filter)?,
                        snapshot.issue_facets(&filter, limit)?,
                        snapshot.series_of(&filter, window)?,
                    ))
                });
                Ok(answer?)
            })
            .await?;
        let state = self.control.state();
        Ok(v1::ListIssueFacetsResponse {
            total: u32::try_from(total).unwrap_or(u32::MAX),
            facets: issue_facets(facets, &state),
            from: Some(stamp_ms(window.from_ms())),
            bucket_s: window.per_bucket * window.range.unit.seconds(),
            counts,
        })
    }
}

/// The known fields that the events have, then tags, those of most events first.
fn shown(found: &Facets) -> Vec<Field> {
    let has = |key: &Key| match key {
        Key::Level => !found.levels.is_empty(),
        Key::Project => found.projects.len() > 1,
        key => found.fields.contains_key(key.info().name),
    };
    let mut fields: Vec<Field> = KNOWN.into_iter().filter(has).map(Field::Known).collect();
    let mut tags: Vec<(&String, &FacetCounts)> = found
        .fields
        .iter()
        .filter(|(name, _)| name.starts_with(search_language::field::TAG_PREFIX))
        .collect();
    tags.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.events));
    fields.extend(tags.into_iter().map(|(name, _)| Field::of_key(name)));
    fields.truncate(FIELDS_SHOWN);
    fields
}

fn facet(field: &Field, found: &Facets, limit: usize, state: &ControlState) -> v1::Facet {
    let split = Split::read(&field.name());
    let term = |value: &str| {
        split
            .as_ref()
            .map_or_else(|_| String::new(), |s| s.term(value))
    };
    let value = |(value, label, count): (String, String, u64)| v1::FacetValue {
        term: term(&value),
        value,
        label,
        count,
    };
    let (mut values, count, is_many): (Vec<_>, u64, bool) = match field {
        Field::Known(Key::Level) => {
            let levels = found.levels.iter();
            let named = levels.map(|(level, count)| {
                let name = level.name().to_owned();
                (name.clone(), name, *count)
            });
            (named.collect(), found.levels.values().sum(), false)
        }
        Field::Known(Key::Project) => {
            let projects = found.projects.iter();
            let named =
                projects.map(|(id, count)| (id.0.to_string(), project_name(state, *id), *count));
            (named.collect(), found.projects.values().sum(), false)
        }
        field => {
            let name = facet_of(field).unwrap_or_default();
            let counts = found.fields.get(&name).cloned().unwrap_or_default();
            let values = texts(&counts, is_folded(field));
            (values, counts.events, counts.is_many)
        }
    };
    let distinct = if is_many { 0 } else { values.len() as u32 };
    values.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    values.truncate(limit);
    v1::Facet {
        field: field.name(),
        count,
        distinct,
        values: values.into_iter().map(value).collect(),
    }
}

/// Values with their events; those that queries take for one as one, called as most of its
/// events call it.
fn texts(counts: &FacetCounts, is_folded: bool) -> Vec<(String, String, u64)> {
    let mut values: std::collections::BTreeMap<String, (String, u64, u64)> =
        std::collections::BTreeMap::new();
    for (text, count) in &counts.values {
        let key = if is_folded { fold(text) } else { text.clone() };
        let (name, most, sum) = values.entry(key).or_insert_with(|| (text.clone(), 0, 0));
        if *count > *most {
            *most = *count;
            name.clone_from(text);
        }
        *sum += count;
    }
    let values = values.into_values();
    values
        .map(|(name, _, sum)| (name.clone(), name, sum))
        .collect()
}

fn issue_facets(facets: IssueFacets, state: &ControlState) -> Vec<v1::Facet> {
    let facet = |facet: IssueFacet| {
        let field = Field::Known(facet.key);
        let split_term = |value: &str| search_language::complete::term(&field, value);
        let values = facet.values.into_iter().map(|(value, count)| {
            let (value, label) = named(facet.key, value, state);
            v1::FacetValue {
                term: split_term(&value),
                label,
                value,
                count,
            }
        });
        v1::Facet {
            field: field.name(),
            count: facet.issues,
            distinct: facet.distinct,
            values: values.collect(),
        }
    };
    facets.into_iter().map(facet).collect()
}

/// A value as it is typed, and as people call it.
fn named(key: Key, value: String, state: &ControlState) -> (String, String) {
    match key {
        Key::Project => {
            let id = value.parse().unwrap_or_default();
            let name = project_name(state, event_model::ProjectId(id));
            (value, name)
        }
        Key::Assigned => {
            let id = value.parse().ok().map(event_model::UserId);
            match id.and_then(|id| state.users.get(&id)) {
                Some(user) if user.name.is_empty() => (user.email.clone(), user.email.clone()),
                Some(user) => (user.email.clone(), user.name.clone()),
                None => ("none".to_owned(), "nobody".to_owned()),
            }
        }
        Key::Level => {
            let level = value.parse().ok().and_then(convert::level_of);
            let name = level.map_or("", event_model::Level::name).to_owned();
            (name.clone(), name)
        }
        _ => (value.clone(), value),
    }
}
