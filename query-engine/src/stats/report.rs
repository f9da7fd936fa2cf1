//! What became of issues within a range, beside the one before.

use event_model::access::Viewer;
use proto::v1;
use read_model::issues::reader::{Range, Report, resolved_range};

use super::{scope, totals_range};
use crate::{convert, core::Core, error::ApiError, issues::bounded, time::stamp_ms};

impl Core {
    /// Both reports are of one moment.
    pub(crate) async fn get_report(
        &self,
        viewer: &Viewer,
        request: v1::GetReportRequest,
    ) -> Result<v1::GetReportResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let range = totals_range(request.from.as_ref(), request.to.as_ref(), self.now_s())?;
        let scope = scope(request.environment, request.release, range)?;
        let projects = convert::projects(&request.project_ids);
        self.wait_issues(request.after_position).await;
        let (now, before) = self
            .ask(viewer, move |snapshot| {
                Ok((
                    snapshot.report(range, &projects, &scope)?,
                    snapshot.report(range.before(), &projects, &scope)?,
                ))
            })
            .await?;
        Ok(v1::GetReportResponse {
            range: Some(report(range, &now)),
            before: Some(report(range.before(), &before)),
        })
    }
}

fn report(range: Range, report: &Report) -> v1::IssueReport {
    let resolved = resolved_range(range);
    v1::IssueReport {
        from: Some(stamp_ms(range.from_ms())),
        to: Some(stamp_ms(range.to_ms())),
        issues: report.issues,
        new_issues: report.new_issues,
        regressed_issues: report.regressed_issues,
        escalating_issues: report.escalating_issues,
        resolved_issues: report.resolved_issues,
        resolve_median_s: report.resolve_median_s,
        resolve_p90_s: report.resolve_p90_s,
        resolved_from: Some(stamp_ms(resolved.from_ms())),
        resolved_to: Some(stamp_ms(resolved.to_ms())),
    }
}
