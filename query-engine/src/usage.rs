//! What was used of the plans: `GetUsage` and `GetOrganizationUsage`.
//!
//! Owns: from the counts of what arrived by hour, and the plans of the control state, to
//! usage. Invariant: counted from the log, like everything here, so it needs no word from the
//! gateway and is the same after a replay; it lags as far as the projector does. Units: Unix
//! hours of receipt.

use std::collections::BTreeMap;

use event_model::{Plan, ProjectId, access::Viewer};
use proto::v1;
use read_model::issues::reader::UsageCount;

use crate::{convert, core::Core, error::ApiError, time::stamp_ns};

/// How far back, if nobody says.
const HOURS_DEFAULT: u32 = 24;
/// The same at most: a week.
const HOURS_MAX: u32 = 168;
const HOUR_NS: i64 = 3_600_000_000_000;
/// Categories that have a quota, as the gateway has it.
const CATEGORIES: [&str; 5] = ["error", "attachment", "session", "monitor", "feedback"];
/// The category that the hours are of.
const ERROR: &str = "error";

/// The hours that are asked for.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    /// The hour at hand.
    last: i64,
}

/// Counts of one project or of all: stored and limited, by hour and category.
#[derive(Debug, Default)]
struct Counts(BTreeMap<(i64, String), [u64; 2]>);

impl Counts {
    fn add(&mut self, row: &UsageCount) {
        let counts = self.0.entry((row.hour, row.category.clone())).or_default();
        counts[usize::from(row.is_limited)] += row.count;
    }

    fn of(&self, hour: i64, category: &str) -> [u64; 2] {
        let counts = self.0.get(&(hour, category.to_owned()));
        counts.copied().unwrap_or_default()
    }

    fn usage(&self, project_id: u32, name: &str, plan: Plan, span: Span) -> v1::Usage {
        let category = |category: &str| {
            let [stored, limited] = self.of(span.last, category);
            v1::CategoryUsage {
                category: category.to_owned(),
                stored,
                limited,
            }
        };
        let mut categories: Vec<_> = CATEGORIES.into_iter().map(category).collect();
        categories.sort_by_key(|one| std::cmp::Reverse(one.stored));
        let hours = (span.from..=span.last).map(|hour| {
            let [stored, limited] = self.of(hour, ERROR);
            v1::UsageHour {
                begins_at: Some(stamp_ns(hour * HOUR_NS)),
                stored,
                limited,
            }
        });
        v1::Usage {
            project_id,
            name: name.to_owned(),
            plan: Some(convert::plan(plan)),
            used: self.of(span.last, ERROR)[0],
            hour_begins_at: Some(stamp_ns(span.last * HOUR_NS)),
            resets_at: Some(stamp_ns((span.last + 1) * HOUR_NS)),
            categories,
            hours: hours.collect(),
        }
    }
}

impl Core {
    /// What was used of the plans of projects.
    pub(crate) async fn get_usage(
        &self,
        viewer: &Viewer,
        request: v1::GetUsageRequest,
    ) -> Result<v1::GetUsageResponse, ApiError> {
        let asked = (request.project_id != 0).then_some(ProjectId(request.project_id));
        if let Some(project) = asked {
            self.known_project(viewer, project.0)?;
        }
        let span = self.span_of(request.hours)?;
        self.wait_issues(request.after_position).await;
        let mut by_project: BTreeMap<ProjectId, Counts> = BTreeMap::new();
        for row in self.counted(viewer, asked, span).await? {
            by_project.entry(row.project_id).or_default().add(&row);
        }
        let state = self.control.state();
        let projects = state.projects.values();
        let projects = projects.filter(|project| match asked {
            Some(asked) => project.id == asked,
            None => viewer.sees(project.id),
        });
        let none = Counts::default();
        let projects = projects.map(|project| {
            let counts = by_project.get(&project.id).unwrap_or(&none);
            counts.usage(project.id.0, &project.name, state.plan_of(project.id), span)
        });
        Ok(v1::GetUsageResponse {
            projects: projects.collect(),
            enabled: self.config.limits.enabled,
        })
    }

    /// What all projects used of the organisation's plan.
    pub(crate) async fn get_organization_usage(
        &self,
        viewer: &Viewer,
        request: v1::GetOrganizationUsageRequest,
    ) -> Result<v1::GetOrganizationUsageResponse, ApiError> {
        let span = self.span_of(request.hours)?;
        self.wait_issues(request.after_position).await;
        let mut all = Counts::default();
        for row in self.counted(viewer, None, span).await? {
            all.add(&row);
        }
        let state = self.control.state();
        Ok(v1::GetOrganizationUsageResponse {
            usage: Some(all.usage(0, &state.organization, state.plan, span)),
            enabled: self.config.limits.enabled,
        })
    }

    fn span_of(&self, hours: u32) -> Result<Span, ApiError> {
        let hours = match hours {
            0 => HOURS_DEFAULT,
            1..=HOURS_MAX => hours,
            _ => {
                let message = format!("{hours} is not within 1 to {HOURS_MAX}");
                return Err(ApiError::invalid("hours", message));
            }
        };
        let last = self.config.clock.now_ns().div_euclid(HOUR_NS);
        Ok(Span {
            from: last + 1 - i64::from(hours),
            last,
        })
    }

    /// Before the first replay ends nothing is counted yet.
    async fn counted(
        &self,
        viewer: &Viewer,
        project: Option<ProjectId>,
        span: Span,
    ) -> Result<Vec<UsageCount>, ApiError> {
        if self.current.load().is_none() {
            return Ok(Vec::new());
        }
        self.ask(viewer, move |snapshot| snapshot.usage(project, span.from))
            .await
    }
}
