//! Monitors and their runs, those included that did not happen.

use event_model::{EventId, ProjectId, access::Viewer, note::CheckInStatus};
use proto::v1;
use read_model::issues::{
    health::Run,
    reader::{MonitorRow, Snapshot},
};

use super::schedule::Schedule;
use crate::{
    convert,
    core::Core,
    error::ApiError,
    issues::{bounded, bounded_text},
    stats::{limit, range_ms},
    time::{ms_of, stamp_ms},
};

/// Runs shown of each monitor.
const RUNS_SHOWN: usize = 40;
/// Runs that are looked at for figures: all that are kept.
const RUNS_MAX: u32 = 2_000;
/// Most runs told as missed between two that happened, or since the last.
const MISSED_MAX: usize = 500;
const LIST_DEFAULT: u32 = 50;
const LIST_MAX: u32 = 200;

impl Core {
    /// Monitors with their newest runs, those in trouble first.
    pub(crate) async fn list_monitors(
        &self,
        viewer: &Viewer,
        request: v1::ListMonitorsRequest,
    ) -> Result<v1::ListMonitorsResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        bounded_text(&request.environment, "environment")?;
        let now_ms = self.now_s() * 1000;
        let (from, to) = (request.from.as_ref(), request.to.as_ref());
        let range = range_ms(from.map(ms_of), to.map(ms_of), now_ms)?;
        let projects = convert::projects(&request.project_ids);
        let environment = request.environment;
        self.wait_issues(request.after_position).await;
        let mut monitors = self
            .ask(viewer, move |snapshot| {
                let rows = snapshot.monitor_rows(&projects, &environment)?;
                let told = rows.iter().map(|row| {
                    let runs = snapshot.runs(row, i64::MAX, RUNS_MAX)?;
                    Ok(told(row, &history(row, &runs, now_ms), range, now_ms))
                });
                told.collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let is_well = |monitor: &v1::Monitor| match monitor.status() {
            v1::RunStatus::Error | v1::RunStatus::TimedOut => 0,
            v1::RunStatus::Missed => 1,
            _ => 2,
        };
        monitors.sort_by_key(is_well);
        Ok(v1::ListMonitorsResponse { monitors })
    }

    /// Runs of one monitor.
    pub(crate) async fn list_check_ins(
        &self,
        viewer: &Viewer,
        request: v1::ListCheckInsRequest,
    ) -> Result<v1::ListCheckInsResponse, ApiError> {
        let limit = limit(request.limit, LIST_DEFAULT, LIST_MAX)?;
        let now_ms = self.now_s() * 1000;
        let before = request.before.as_ref().map_or(i64::MAX, ms_of);
        let range = range_ms(None, None, now_ms)?;
        self.wait_issues(request.after_position).await;
        let (project, slug, environment) = (
            ProjectId(request.project_id),
            request.slug.clone(),
            request.environment,
        );
        let found = self
            .ask(viewer, move |snapshot| {
                let Some(row) = monitor(snapshot, project, &slug, &environment)? else {
                    return Ok(None);
                };
                let runs = snapshot.runs(&row, i64::MAX, RUNS_MAX)?;
                Ok(Some((row, runs)))
            })
            .await?;
        let (row, runs) =
            found.ok_or_else(|| ApiError::not_found(format!("no monitor {:?}", request.slug)))?;
        let history = history(&row, &runs, now_ms);
        let monitor = told(&row, &history, range, now_ms);
        let older = history.into_iter().rev().filter(|run| at_ms(run) < before);
        let mut runs: Vec<v1::Run> = older.take(limit + 1).collect();
        let has_more = runs.len() > limit;
        runs.truncate(limit);
        Ok(v1::ListCheckInsResponse {
            monitor: Some(monitor),
            runs,
            has_more,
        })
    }
}

fn monitor(
    snapshot: &Snapshot<'_>,
    project: ProjectId,
    slug: &str,
    environment: &str,
) -> Result<Option<MonitorRow>, read_model::issues::reader::ReadError> {
    let rows = snapshot.monitor_rows(&convert::projects(&[project.0]), "")?;
    let is_it = |row: &MonitorRow| row.slug == slug && row.environment == environment;
    Ok(rows.into_iter().find(is_it))
}

fn at_ms(run: &v1::Run) -> i64 {
    run.started_at.as_ref().map_or(0, ms_of)
}

/// Runs that happened and runs that did not, oldest first; `newest_first` are those that
/// happened.
fn history(row: &MonitorRow, newest_first: &[Run], now_ms: i64) -> Vec<v1::Run> {
    let schedule = Schedule::read(&row.config);
    let mut history = Vec::new();
    // When the one before began, and was due.
    let mut before: Option<(i64, Option<i64>)> = None;
    for run in newest_first.iter().rev() {
        let due = schedule.due(run.started_ms, before.map(|(started, _)| started));
        if let (Some((started, was_due)), Some(due)) = (before, due) {
            let base = schedule.base(started, was_due);
            missed(&schedule, (base, due), &mut history);
        }
        history.push(happened(&schedule, run, due, now_ms));
        before = Some((run.started_ms, due));
    }
    if let Some((started, due)) = before {
        let until = now_ms - schedule.margin_ms;
        missed(
            &schedule,
            (schedule.base(started, due), until),
            &mut history,
        );
    }
    history
}

/// Times behind the first and before the second at which a run was due and none was.
fn missed(schedule: &Schedule, (last, until): (i64, i64), history: &mut Vec<v1::Run>) {
    let mut due = last;
    for _ in 0..MISSED_MAX {
        match schedule.after(due) {
            Some(next) if next < until && next > due => due = next,
            _ => return,
        }
        history.push(v1::Run {
            status: v1::RunStatus::Missed.into(),
            started_at: Some(stamp_ms(due)),
            expected_at: Some(stamp_ms(due)),
            ..v1::Run::default()
        });
    }
}

fn happened(schedule: &Schedule, run: &Run, due: Option<i64>, now_ms: i64) -> v1::Run {
    let is_open = run.status == CheckInStatus::InProgress as u8;
    let status = if run.status == CheckInStatus::Ok as u8 {
        v1::RunStatus::Ok
    } else if run.status == CheckInStatus::Error as u8 {
        v1::RunStatus::Error
    } else if now_ms - run.started_ms > schedule.runtime_ms {
        v1::RunStatus::TimedOut
    } else {
        v1::RunStatus::InProgress
    };
    // From its first check-in to its last, if there were two.
    let took = (run.updated_ms > run.started_ms && !is_open)
        .then(|| (run.updated_ms - run.started_ms) as u64);
    v1::Run {
        id: EventId(run.id).to_string(),
        status: status.into(),
        started_at: Some(stamp_ms(run.started_ms)),
        expected_at: due.map(stamp_ms),
        is_late: due.is_some_and(|due| run.started_ms > due + schedule.margin_ms),
        duration_ms: run.duration_ms.or(took),
        release: run.release.clone(),
    }
}

fn told(row: &MonitorRow, history: &[v1::Run], range: (i64, i64), now_ms: i64) -> v1::Monitor {
    let schedule = Schedule::read(&row.config);
    let within: Vec<&v1::Run> = history
        .iter()
        .filter(|run| at_ms(run) >= range.0 && at_ms(run) < range.1)
        .collect();
    let count = |is: &dyn Fn(&v1::Run) -> bool| within.iter().filter(|run| is(run)).count() as u32;
    let mut durations: Vec<u64> = within.iter().filter_map(|run| run.duration_ms).collect();
    durations.sort_unstable();
    let rank = |percent: usize| {
        let rank = (durations.len() * percent).div_ceil(100);
        durations.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    };
    let last = history.last();
    let next = last.and_then(|run| {
        let due = run.expected_at.as_ref().map(ms_of);
        schedule.after(schedule.base(at_ms(run), due))
    });
    let shown = history.len().saturating_sub(RUNS_SHOWN);
    let failed =
        |run: &v1::Run| matches!(run.status(), v1::RunStatus::Error | v1::RunStatus::TimedOut);
    v1::Monitor {
        project_id: row.project_id.0,
        slug: row.slug.clone(),
        environment: row.environment.clone(),
        status: last.map_or(0, |run| run.status),
        schedule: schedule.text.clone(),
        time_zone: schedule.zone_name.clone(),
        margin_s: (schedule.margin_ms / 1000) as u32,
        max_runtime_s: (schedule.runtime_ms / 1000) as u32,
        next_at: next
            .filter(|next| *next > now_ms - schedule.margin_ms)
            .map(stamp_ms),
        runs: history[shown..].to_vec(),
        ok: count(&|run| run.status() == v1::RunStatus::Ok),
        failed: count(&failed),
        missed: count(&|run| run.status() == v1::RunStatus::Missed),
        late: count(&|run| run.is_late),
        duration_median_ms: rank(50),
        duration_p90_ms: rank(90),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;
    /// 2026-11-22T10:00:00Z.
    const T0_MS: i64 = 1_795_341_600_000;

    fn row(schedule: &str) -> MonitorRow {
        MonitorRow {
            id: 1,
            project_id: ProjectId(1),
            slug: "nightly".to_owned(),
            environment: String::new(),
            config: format!("{{\"schedule\":{schedule},\"checkin_margin\":2,\"max_runtime\":10}}"),
        }
    }

    fn run(minute: i64, status: CheckInStatus, took: i64) -> Run {
        Run {
            id: [1; 16],
            status: status as u8,
            started_ms: T0_MS + minute * MINUTE_MS,
            updated_ms: T0_MS + (minute + took) * MINUTE_MS,
            duration_ms: None,
            release: String::new(),
        }
    }

    fn told_of(schedule: &str, mut runs: Vec<Run>, now: i64) -> (v1::Monitor, String) {
        runs.reverse();
        let (row, now_ms) = (row(schedule), T0_MS + now * MINUTE_MS);
        let history = history(&row, &runs, now_ms);
        let line = history.iter().map(|run| {
            let minute = (at_ms(run) - T0_MS) / MINUTE_MS;
            let mark = match run.status() {
                v1::RunStatus::Ok => "ok",
                v1::RunStatus::Error => "error",
                v1::RunStatus::Missed => "missed",
                v1::RunStatus::TimedOut => "too long",
                _ => "open",
            };
            format!("{minute} {mark}{}", if run.is_late { " late" } else { "" })
        });
        let line = line.collect::<Vec<_>>().join(", ");
        let range = (T0_MS - MINUTE_MS, T0_MS + 100_000 * MINUTE_MS);
        (told(&row, &history, range, now_ms), line)
    }

    const EVERY_TEN: &str = "{\"type\":\"interval\",\"value\":10,\"unit\":\"minute\"}";
    const TENS: &str = "{\"type\":\"crontab\",\"value\":\"*/10 * * * *\"}";

    #[test]
    fn what_was_due_and_did_not_come_is_missed_and_what_came_after_its_margin_is_late() {
        use CheckInStatus::{Error, InProgress, Ok};
        let (monitor, line) = told_of(
            TENS,
            vec![
                run(0, Ok, 4),
                run(11, Ok, 2),
                run(24, Error, 1),
                run(50, InProgress, 0),
            ],
            55,
        );
        assert_eq!(
            line,
            "0 ok, 11 ok, 24 error late, 30 missed, 40 missed, 50 open"
        );
        assert_eq!(
            (monitor.ok, monitor.failed, monitor.missed, monitor.late),
            (2, 1, 2, 1)
        );
        assert_eq!(monitor.status(), v1::RunStatus::InProgress);
        assert_eq!(monitor.next_at, Some(stamp_ms(T0_MS + 60 * MINUTE_MS)));
        assert_eq!(monitor.duration_median_ms, 2 * MINUTE_MS as u64);
        assert_eq!(monitor.duration_p90_ms, 4 * MINUTE_MS as u64);
        // Within its margin nothing is missed yet.
        let (_, line) = told_of(TENS, vec![run(0, Ok, 1)], 11);
        assert_eq!(line, "0 ok");
        let (monitor, line) = told_of(TENS, vec![run(0, Ok, 1)], 23);
        assert_eq!(line, "0 ok, 10 missed, 20 missed");
        assert_eq!(monitor.status(), v1::RunStatus::Missed);
    }

    #[test]
    fn an_interval_counts_from_the_run_before() {
        use CheckInStatus::{InProgress, Ok};
        let (monitor, line) = told_of(
            EVERY_TEN,
            vec![
                run(0, Ok, 1),
                run(9, Ok, 1),
                run(33, Ok, 1),
                run(43, InProgress, 0),
            ],
            60,
        );
        assert_eq!(
            line,
            "0 ok, 9 ok, 19 missed, 33 ok late, 43 too long, 53 missed"
        );
        assert_eq!(monitor.failed, 1);
    }

    #[test]
    fn without_a_schedule_nothing_is_missed() {
        let (monitor, line) = told_of("null", vec![run(0, CheckInStatus::Ok, 1)], 10_000);
        assert_eq!(line, "0 ok");
        assert_eq!((monitor.next_at, monitor.schedule.as_str()), (None, ""));
    }
}
