//! What each method and route is an action of.
//!
//! Invariant: every method of the services and every route that callers of [`super`] use
//! has a row; one without is refused at run time, and a test fails. Who sends events shows
//! a project's key instead, which opens nothing but that ([`Need::Key`]).

use super::Action;

/// What a door asks of who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// A right of the table. Of several projects or people only what the caller may see is
    /// in the answer; what needs more than this for some requests says so itself.
    Right(Action),
    /// A project's key: it writes to that project and reads nothing.
    Key,
    /// Nothing: who comes is not known yet, or shows a password or a link.
    Open,
}

const fn right(path: &'static str, action: Action) -> (&'static str, Need) {
    (path, Need::Right(action))
}

/// Every gRPC method, as `Service/Method` within `errata.v1`.
pub const METHODS: &[(&str, Need)] = &[
    right("AccountService/ListKeys", Action::ReadProject),
    right("AccountService/ListSessions", Action::ReadOwnAccount),
    right("AccountService/ListTokens", Action::ReadOwnAccount),
    right("AccountService/ListUsers", Action::ReadInstallation),
    right("CommandService/AdvanceAlertCursor", Action::RecordAlerts),
    right("CommandService/AssignIssues", Action::Triage),
    right("CommandService/CreateKey", Action::ManageProject),
    right("CommandService/CreatePasswordLink", Action::ManagePeople),
    right("CommandService/CreateProject", Action::CreateProject),
    right("CommandService/CreateToken", Action::ChangeOwnAccount),
    right("CommandService/CreateUser", Action::ManagePeople),
    right("CommandService/DisableKey", Action::ManageProject),
    right("CommandService/DisableUser", Action::ManagePeople),
    right("CommandService/DiscardIssues", Action::Triage),
    right("CommandService/EnableKey", Action::ManageProject),
    right("CommandService/EnableUser", Action::ManagePeople),
    right("CommandService/EndSession", Action::ChangeOwnAccount),
    right("CommandService/EndSessions", Action::ChangeOwnAccount),
    right("CommandService/MergeIssues", Action::Triage),
    right("CommandService/RecordDelivery", Action::RecordAlerts),
    right("CommandService/RenameKey", Action::ManageProject),
    right("CommandService/RenameProject", Action::ManageProject),
    right("CommandService/RenameUser", Action::ChangeOwnAccount),
    right("CommandService/RevokeToken", Action::ChangeOwnAccount),
    right("CommandService/SendTestMail", Action::SendTestMail),
    right("CommandService/SetIssueStatus", Action::Triage),
    right("CommandService/SetKeyLimit", Action::ManageProject),
    right("CommandService/SetPlan", Action::ManagePlans),
    right("CommandService/SetRole", Action::ManagePeople),
    right("CommandService/SetUserProjects", Action::ManagePeople),
    right("CommandService/UndiscardIssues", Action::Triage),
    right("CommandService/UnmergeFingerprints", Action::Triage),
    right("EventService/ExplainGrouping", Action::ReadIssue),
    right("EventService/ExportEvents", Action::ReadProject),
    right("EventService/GetEvent", Action::ReadIssue),
    right("EventService/ListEvents", Action::ReadProject),
    right("EventService/WhyApart", Action::ReadIssue),
    right("GroupingService/CheckRules", Action::ReadProject),
    right("GroupingService/PreviewRegroup", Action::ReadProject),
    right("HealthService/GetRelease", Action::ReadProject),
    right("HealthService/ListCheckIns", Action::ReadProject),
    right("HealthService/ListMonitors", Action::ReadProject),
    right("HealthService/ListReleases", Action::ReadProject),
    ("IngestService/SendError", Need::Key),
    ("IngestService/SendErrors", Need::Key),
    ("IngestService/StreamErrors", Need::Key),
    right("IngestDebugService/ListOutcomes", Action::ReadProject),
    right("IssueService/CompleteQuery", Action::ReadProject),
    right("IssueService/GetIssue", Action::ReadIssue),
    right("IssueService/ListActivity", Action::ReadProject),
    right("IssueService/ListFacets", Action::ReadProject),
    right("IssueService/ListIssues", Action::ReadProject),
    right("IssueService/ListSimilarIssues", Action::ReadProject),
    right("IssueService/ListTags", Action::ReadProject),
    right("IssueService/LocateIssues", Action::ReadIssue),
    right("LiveService/ListDeliveries", Action::FollowAlerts),
    right("LiveService/StreamIssues", Action::ReadProject),
    right("LiveService/StreamTransitions", Action::FollowAlerts),
    right(
        "ProjectService/GetOrganizationUsage",
        Action::ReadOrganizationUsage,
    ),
    right("ProjectService/GetProject", Action::ReadProject),
    right("ProjectService/GetUsage", Action::ReadUsage),
    right("ProjectService/GetViewer", Action::ReadInstallation),
    right("ProjectService/ListArrivals", Action::ReadProject),
    right("ProjectService/ListFeedback", Action::ReadProject),
    right("ProjectService/ListMembers", Action::ReadMembers),
    right("ProjectService/ListProjects", Action::ListProjects),
    right("ProjectService/ListSpikes", Action::ReadProject),
    right(
        "ProjectSettingsService/ApplyGroupingRules",
        Action::ManageProject,
    ),
    right(
        "ProjectSettingsService/GetProjectSettings",
        Action::ReadProject,
    ),
    right(
        "ProjectSettingsService/GetGroupingRules",
        Action::ReadProject,
    ),
    right("ProjectSettingsService/SetFilters", Action::ManageProject),
    right(
        "ProjectSettingsService/SetGroupingAlgorithm",
        Action::ManageProject,
    ),
    right(
        "ProjectSettingsService/SetGroupingRules",
        Action::ManageProject,
    ),
    right("ProjectSettingsService/SetRetention", Action::ManageProject),
    right("ProjectSettingsService/SetScrubbing", Action::ManageProject),
    right(
        "ProjectSettingsService/SetSpikeProtection",
        Action::ManageProject,
    ),
    right("ProjectSettingsService/TrySettings", Action::TrySettings),
    right(
        "ProjectSettingsService/UndoGroupingRules",
        Action::ManageProject,
    ),
    right("ReplayService/GetReplay", Action::ReadInstallation),
    right("ReplayService/StartReplay", Action::RebuildReadModel),
    right("ReplayService/SteerReplay", Action::RebuildReadModel),
    right("StatsService/GetPipelineStatus", Action::ReadInstallation),
    right("StatsService/GetReport", Action::ReadProject),
    right("StatsService/GetRetention", Action::ReadOrganizationUsage),
    right("StatsService/GetStorage", Action::ReadOrganizationUsage),
    right("StatsService/GetSummary", Action::ReadProject),
    right("StatsService/GetTimeSeries", Action::ReadProject),
    right("StatsService/ListEventFacets", Action::ReadProject),
    right("StatsService/ListIssueFacets", Action::ReadProject),
    right("StatsService/ListTopIssues", Action::ReadProject),
    right("StatsService/QueryStats", Action::ReadProject),
];

/// Every route of people and tokens, as `METHOD /path`.
pub const ROUTES: &[(&str, Need)] = &[
    right("GET /api/errors", Action::ReadProject),
    right("GET /api/errors/export", Action::ReadProject),
    right("GET /api/errors/{id}", Action::ReadProject),
    right(
        "GET /api/errors/{id}/attachments/{number}",
        Action::ReadProject,
    ),
    right("GET /api/errors/{id}/grouping", Action::ReadProject),
    right("GET /api/issues", Action::ReadProject),
    right("GET /api/issues/{id}", Action::ReadProject),
    right("GET /api/issues/{id}/similar", Action::ReadProject),
    right("GET /api/retention", Action::ReadOrganizationUsage),
    ("GET /api/openapi.json", Need::Open),
    right("GET /api/projects/{id}/grouping-rules", Action::ReadProject),
    right("GET /api/projects/{id}/ingest", Action::ReadProject),
    right("GET /api/sql", Action::ReadProject),
    right("GET /api/stats", Action::ReadProject),
    ("POST /api/errors", Need::Key),
    ("POST /api/errors/batch", Need::Key),
    right("POST /api/issues/merge", Action::Triage),
    right("POST /api/issues/{id}/unmerge", Action::Triage),
    right(
        "POST /api/projects/{id}/grouping-rules/apply",
        Action::ManageProject,
    ),
    right(
        "POST /api/projects/{id}/grouping-rules/check",
        Action::ReadProject,
    ),
    right(
        "POST /api/projects/{id}/grouping-rules/preview",
        Action::ReadProject,
    ),
    right(
        "POST /api/projects/{id}/grouping-rules/undo",
        Action::ManageProject,
    ),
    right("POST /api/sql", Action::ReadProject),
    right("POST /auth/change-password", Action::ChangeOwnAccount),
    ("POST /auth/link", Need::Open),
    ("POST /auth/set-password", Need::Open),
    ("POST /auth/sign-in", Need::Open),
    ("POST /auth/sign-out", Need::Open),
    right("POST /auth/sign-out-everywhere", Action::ChangeOwnAccount),
    right(
        "PUT /api/projects/{id}/grouping-rules",
        Action::ManageProject,
    ),
];

/// The package of the services.
const PACKAGE: &str = "errata.v1.";

/// What the gRPC method at this path (`/errata.v1.Service/Method`, perhaps behind a prefix)
/// needs; none: no such method has a decision.
pub fn of_method(path: &str) -> Option<Need> {
    let (_, name) = path.rsplit_once(PACKAGE)?;
    let found = METHODS.iter().find(|(known, _)| *known == name);
    found.map(|(_, need)| *need)
}

/// What the route (`GET`, `/api/errors/{id}`) needs; none: no such route has a decision.
pub fn of_route(method: &str, path: &str) -> Option<Need> {
    let is_it = |known: &str| known.split_once(' ') == Some((method, path));
    let found = ROUTES.iter().find(|(known, _)| is_it(known));
    found.map(|(_, need)| *need)
}

/// The action of a door that asks for a right.
pub fn action(need: Option<Need>) -> Option<Action> {
    match need? {
        Need::Right(action) => Some(action),
        Need::Key | Need::Open => None,
    }
}
