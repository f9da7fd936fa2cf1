//! One of everything that is stored.

mod upkeep;

use event_model::{
    Actor, Command, Decision, DeliveryState, DeliveryStep, DiscardedIssue, DropReason, Fingerprint,
    Head, IssueId, IssueStatus, LinkSecret, OverruledCursor, Plan, ProjectId, PublicKey, Role,
    SessionId, Sight, TokenId, TokenScope, UserId,
    head::{ExceptionHeadV1, FrameHeadV1},
    settings::{Filters, ScrubMethod, ScrubRule, Scrubbing, SourceLines},
};

/// A head with every field set to something of its own.
pub(crate) fn head() -> Head {
    let frame = |function: &str, lineno, in_app| FrameHeadV1 {
        function: function.into(),
        module: "app.views".into(),
        filename: "app/views.py".into(),
        package: "libapp.so".into(),
        lineno,
        colno: lineno + 1,
        address: 0x1234,
        debug_id: 1,
        in_app,
    };
    let exception = |ty: &str, value: &str, id, parent, frames| ExceptionHeadV1 {
        ty: ty.into(),
        value: value.into(),
        module: "builtins".into(),
        code: "NSCocoaErrorDomain 4".into(),
        synthetic: id == 0,
        exception_id: id,
        parent_id: parent,
        is_exception_group: parent == -1,
        is_suppressed: false,
        frames,
    };
    Head {
        event_id: *b"0123456789abcdef",
        project_id: 42,
        level: 5,
        received_ns: 1_795_000_000_000_000_001,
        timestamp_ns: 1_795_000_000_000_000_000,
        weight: 3,
        size_bytes: 19_500,
        handled: 1,
        kept_for: 0x0123_4567_89ab_cdef,
        platform: "python".into(),
        exceptions: vec![
            exception("KeyError", "'käse'", 1, 0, vec![frame("inner", 7, false)]),
            exception(
                "RuntimeError",
                "request failed",
                0,
                -1,
                vec![frame("main", 1, true), frame("handle", 99, true)],
            ),
        ],
        thread_frames: vec![frame("run", 12, true)],
        message: "a message longer than rkyv keeps inline".into(),
        message_template: "a message longer than %s keeps inline".into(),
        transaction: "/checkout".into(),
        logger: "app".into(),
        release: "shop@1.2.3".into(),
        environment: "production".into(),
        server_name: "web-1".into(),
        user: "id:17".into(),
        tags: vec![
            ("region".into(), "eu".into()),
            ("a key of more than eight bytes".into(), String::new()),
        ],
        fingerprint: vec!["{{ default }}".into(), "checkout".into()],
        sdk: ("sentry.python".into(), "2.44.0".into()),
        debug_ids: vec!["cd2dbc2d-d2d1-58c6-8cc6-a5a57d260092".into()],
    }
}

/// Settings of a project with every field set.
pub(crate) fn scrubbing() -> Scrubbing {
    let rule = |place: &str, what: &str, how| ScrubRule {
        place: place.into(),
        what: what.into(),
        how,
    };
    Scrubbing {
        rules: vec![
            rule("extra.**.iban", "", ScrubMethod::Hash),
            rule("$string", "@card", ScrubMethod::Mask),
            rule("customer_no", "K-[0-9]{6}", ScrubMethod::Remove),
        ],
        allow: vec!["public_token".into()],
        emails: true,
        ip_addresses: true,
        source_lines: SourceLines::Remove,
    }
}

/// Filters of a project with every field set.
pub(crate) fn filters() -> Filters {
    Filters {
        releases: vec!["1.*".into()],
        environments: vec!["staging".into()],
        ip_ranges: vec!["192.0.2.0/24".into(), "2001:db8::/32".into()],
        user_agents: vec!["*probe*".into()],
        messages: vec!["*out of cheese*".into()],
        browser_extensions: true,
        crawlers: true,
        localhost: true,
        noise: true,
        chunk_load_errors: true,
        legacy_browsers: true,
    }
}

/// Every decision, under the name of its sample file.
#[allow(clippy::too_many_lines)] // a table
pub(crate) fn commands() -> Vec<(&'static str, Command)> {
    let (project_id, user_id) = (ProjectId(3), UserId(4));
    let public_key = PublicKey(*b"fedcba9876543210");
    let issues = vec![IssueId(0x0123_4567_89ab_cdef), IssueId(1)];
    let step = DeliveryStep {
        notification_id: [9; 16],
        transition_position: 77,
        issue_id: IssueId(0xfeed),
        rule: "new_issue".into(),
        channel: "email".into(),
        target: "oncall@example.org".into(),
        state: DeliveryState::Failed,
        attempts: 5,
        error: "550 no such mailbox".into(),
        at_ns: 1_795_000_000_000_000_002,
    };
    let session = SessionId(*b"0f1e2d3c4b5a6978");
    let link = LinkSecret {
        sha256: [0xa5; 32],
        expires_ns: 1_795_000_000_000_000_003,
    };
    let (user, admin) = (Actor::User(UserId(4)), Actor::Admin);
    let mut decisions = vec![
        (
            "create_organization",
            Actor::System,
            Decision::CreateOrganization {
                name: "Acme & Söhne".into(),
            },
        ),
        (
            "create_project",
            admin,
            Decision::CreateProject {
                id: project_id,
                name: "checkout".into(),
                platform: "javascript".into(),
                public_key,
                key_label: "first".into(),
                algorithm: 6,
            },
        ),
        (
            "rename_project",
            user,
            Decision::RenameProject {
                id: project_id,
                name: "till".into(),
                platform: "node".into(),
            },
        ),
        (
            "create_key",
            admin,
            Decision::CreateKey {
                project_id,
                public_key,
                label: "browser".into(),
            },
        ),
        (
            "disable_key",
            user,
            Decision::DisableKey {
                project_id,
                public_key,
            },
        ),
        (
            "enable_key",
            user,
            Decision::EnableKey {
                project_id,
                public_key,
            },
        ),
        (
            "rename_key",
            user,
            Decision::RenameKey {
                project_id,
                public_key,
                label: "mobile".into(),
            },
        ),
        (
            "create_user",
            admin,
            Decision::CreateUser {
                id: user_id,
                email: "ada@example.org".into(),
                name: "Ada".into(),
                role: Role::Owner,
                password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into(),
                link: Some(link),
            },
        ),
        (
            "rename_user",
            user,
            Decision::RenameUser {
                id: user_id,
                name: "Ada L.".into(),
            },
        ),
        (
            "set_role",
            user,
            Decision::SetRole {
                id: user_id,
                role: Role::Member,
            },
        ),
        (
            "set_user_projects",
            user,
            Decision::SetUserProjects {
                id: user_id,
                sight: Sight::only([ProjectId(7), project_id]),
            },
        ),
        ("disable_user", user, Decision::DisableUser { id: user_id }),
        ("enable_user", admin, Decision::EnableUser { id: user_id }),
        (
            "create_password_link",
            Actor::System,
            Decision::CreatePasswordLink { user_id, link },
        ),
        (
            "set_password",
            user,
            Decision::SetPassword {
                user_id,
                email: "ada@example.com".into(),
                password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$bmV1".into(),
                end_tokens: true,
            },
        ),
        (
            "start_session",
            user,
            Decision::StartSession {
                user_id,
                session,
                device: "Firefox on Linux".into(),
                expires_ns: 1_797_592_000_000_000_004,
            },
        ),
        (
            "end_session",
            user,
            Decision::EndSession {
                user_id,
                session,
                expires_ns: 1_797_592_000_000_000_004,
            },
        ),
        (
            "end_sessions",
            user,
            Decision::EndSessions {
                user_id,
                end_tokens: true,
            },
        ),
        (
            "create_token",
            user,
            Decision::CreateToken {
                id: TokenId(6),
                user_id,
                label: "ci".into(),
                token_sha256: [0x5a; 32],
                scope: TokenScope::Read,
                expires_ns: Some(1_800_000_000_000_000_005),
            },
        ),
        (
            "revoke_token",
            user,
            Decision::RevokeToken { id: TokenId(6) },
        ),
        (
            "set_issue_status",
            user,
            Decision::SetIssueStatus {
                issues: issues.clone(),
                status: IssueStatus::Resolved,
            },
        ),
        (
            "assign_issues",
            user,
            Decision::AssignIssues {
                issues,
                user_id: Some(user_id),
            },
        ),
        (
            "record_delivery",
            Actor::Alerter,
            Decision::RecordDelivery { step },
        ),
        (
            "advance_alert_cursor",
            Actor::Alerter,
            Decision::AdvanceAlertCursor { position: 78 },
        ),
        (
            "range_dropped",
            Actor::System,
            Decision::RangeDropped {
                below: 1_000_001,
                reason: DropReason::Size,
                segments: 3,
                bytes: 402_653_184,
                overruled: vec![OverruledCursor {
                    cursor: "search".into(),
                    position: 999_000,
                }],
            },
        ),
        (
            "files_shed",
            Actor::System,
            Decision::FilesShed {
                below: 1_000_002,
                files: 12,
                bytes: 52_428_800,
            },
        ),
        (
            "cold_shed",
            Actor::System,
            Decision::ColdShed {
                before: "2026-02-01".into(),
                files: 9,
                bytes: 734_003_200,
            },
        ),
        (
            "set_scrubbing",
            user,
            Decision::SetScrubbing {
                project_id,
                scrubbing: scrubbing(),
            },
        ),
        (
            "set_filters",
            user,
            Decision::SetFilters {
                project_id,
                filters: filters(),
            },
        ),
        (
            "set_plan",
            admin,
            Decision::SetPlan {
                project_id: Some(project_id),
                plan: Plan::Enterprise(250_000),
            },
        ),
        (
            "set_key_limit",
            user,
            Decision::SetKeyLimit {
                project_id,
                public_key: PublicKey([0xab; 16]),
                items_per_minute: Some(600),
            },
        ),
        (
            "set_spike_protection",
            user,
            Decision::SetSpikeProtection {
                project_id,
                is_on: false,
            },
        ),
        (
            "set_grouping_rules",
            user,
            Decision::SetGroupingRules {
                project_id,
                text: "# käse\nerror.type:Down -> down\n".into(),
            },
        ),
        (
            "set_grouping_algorithm",
            admin,
            Decision::SetGroupingAlgorithm {
                project_id,
                algorithm: 7,
            },
        ),
        (
            "apply_grouping",
            user,
            Decision::ApplyGrouping {
                project_id,
                text: "# käse\nerror.type:Down -> down\n".into(),
                algorithm: 7,
                from: 0x0102_0304_0506,
            },
        ),
        (
            "undo_grouping",
            admin,
            Decision::UndoGrouping {
                project_id,
                applied: 0x0708,
            },
        ),
        (
            "discard_issues",
            user,
            Decision::DiscardIssues {
                issues: vec![DiscardedIssue {
                    id: IssueId(0xfeed),
                    project_id,
                    stacks: vec![0x0102_0304_0506_0708, 9],
                }],
            },
        ),
        (
            "undiscard_issues",
            user,
            Decision::UndiscardIssues {
                issues: vec![IssueId(0xfeed), IssueId(2)],
            },
        ),
        (
            "merge_issues",
            user,
            Decision::MergeIssues {
                project_id: ProjectId(42),
                issues: vec![IssueId(0xfeed), IssueId(2)],
            },
        ),
        (
            "unmerge_fingerprints",
            user,
            Decision::UnmergeFingerprints {
                project_id: ProjectId(42),
                issue: IssueId(0xfeed),
                fingerprints: vec![Fingerprint([7; 16]), Fingerprint([8; 16])],
                together: true,
            },
        ),
    ];
    decisions.extend(upkeep::decisions(project_id, user));
    let command = |(name, actor, decision)| {
        let command = Command {
            actor,
            at_ns: 1_795_000_000_000_000_004,
            decision,
        };
        (name, command)
    };
    decisions.into_iter().map(command).collect()
}
