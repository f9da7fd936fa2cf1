//! How long events are kept, and what has gone by that.

use event_model::{
    Actor, Decision, Level, ProjectId,
    retention::{Cut, KeepRule, Scope},
};

pub(super) fn decisions(
    project_id: ProjectId,
    user: Actor,
) -> Vec<(&'static str, Actor, Decision)> {
    vec![
        (
            "set_retention",
            user,
            Decision::SetRetention {
                project_id,
                rules: vec![KeepRule {
                    scope: Scope {
                        project: Some(project_id),
                        level: Some(Level::Debug),
                        environment: Some("käse".into()),
                    },
                    keep_s: 604_800,
                }],
            },
        ),
        (
            "events_expired",
            Actor::System,
            Decision::EventsExpired {
                cuts: vec![
                    Cut {
                        scope: Scope {
                            level: Some(Level::Fatal),
                            ..Scope::default()
                        },
                        before_ns: 1_795_000_000_000_000_005,
                    },
                    Cut {
                        scope: Scope {
                            environment: Some("staging".into()),
                            ..Scope::default()
                        },
                        before_ns: 6,
                    },
                ],
            },
        ),
    ]
}
