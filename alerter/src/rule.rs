//! Which transitions people hear about, and what identifies a notification.
//!
//! Invariant: the id is a function of the transition (position, issue, kind), the
//! rule and the channel alone; all three are equal after a replay.

use proto::v1::{Transition, TransitionKind};
use sha2::{Digest, Sha256};

/// What a rule fires on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// An issue began.
    NewIssue,
    /// A resolved issue came back.
    Regression,
}

impl Rule {
    /// The rule that fires on a transition of this kind.
    pub fn for_kind(kind: TransitionKind) -> Option<Self> {
        match kind {
            TransitionKind::New => Some(Self::NewIssue),
            TransitionKind::Regressed => Some(Self::Regression),
            _ => None,
        }
    }

    /// The name as recorded.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewIssue => "new_issue",
            Self::Regression => "regression",
        }
    }

    /// The rule with this recorded name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NewIssue, Self::Regression]
            .into_iter()
            .find(|rule| rule.name() == name)
    }
}

/// The rule of what is told of many transitions in one mail.
pub const DIGEST: &str = "digest";

/// The channel this release has.
pub const EMAIL: &str = "email";

/// The notification's id: 32 hex digits.
pub fn notification_id(transition: &Transition, rule: Rule, channel: &str) -> String {
    // Not that of the issue as it is now: one that is merged meanwhile is not told again.
    let issue = transition.issue.as_ref().map_or("", |issue| &issue.id);
    let issue = if transition.issue_id.is_empty() {
        issue
    } else {
        &transition.issue_id
    };
    id_of(
        transition.position,
        &[issue, rule.name(), channel],
        transition.kind,
    )
}

/// The id of a digest that begins with the transition at `first_position`: the same when it
/// is gathered again after a crash.
pub fn digest_id(first_position: u64, channel: &str) -> String {
    id_of(first_position, &[DIGEST, channel], 0)
}

/// The id of a warning that so much of an hour's quota is used; of the organisation, whose
/// id is 0, or a project.
pub fn quota_id(hour_begins_s: i64, project: u32, percent: u32, channel: &str) -> String {
    let (project, percent) = (project.to_string(), percent.to_string());
    id_of(
        hour_begins_s.unsigned_abs(),
        &["quota", &project, &percent, channel],
        0,
    )
}

fn id_of(position: u64, parts: &[&str], kind: i32) -> String {
    let mut hash = Sha256::new();
    hash.update(position.to_le_bytes());
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(kind.to_le_bytes());
    hash.finalize()[..16]
        .iter()
        .fold(String::with_capacity(32), |mut hex, byte| {
            hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::v1::Issue;

    fn transition(position: u64, issue: &str, kind: TransitionKind) -> Transition {
        Transition {
            position,
            kind: kind.into(),
            issue: Some(Issue {
                id: issue.to_owned(),
                ..Issue::default()
            }),
            ..Transition::default()
        }
    }

    #[test]
    fn only_new_and_regressed_fire() {
        let fired: Vec<_> = [
            TransitionKind::Unspecified,
            TransitionKind::New,
            TransitionKind::Regressed,
            TransitionKind::Resolved,
            TransitionKind::Ignored,
            TransitionKind::Reopened,
        ]
        .into_iter()
        .filter_map(Rule::for_kind)
        .collect();
        assert_eq!(fired, [Rule::NewIssue, Rule::Regression]);
    }

    #[test]
    fn an_id_tells_position_issue_kind_rule_and_channel_apart() {
        let base = transition(7, "00000000000000aa", TransitionKind::New);
        let id = notification_id(&base, Rule::NewIssue, EMAIL);
        assert_eq!(id.len(), 32);
        assert_eq!(
            id,
            notification_id(&base, Rule::NewIssue, EMAIL),
            "equal after a replay"
        );
        let others = [
            notification_id(
                &transition(8, "00000000000000aa", TransitionKind::New),
                Rule::NewIssue,
                EMAIL,
            ),
            notification_id(
                &transition(7, "00000000000000ab", TransitionKind::New),
                Rule::NewIssue,
                EMAIL,
            ),
            notification_id(
                &transition(7, "00000000000000aa", TransitionKind::Regressed),
                Rule::NewIssue,
                EMAIL,
            ),
            notification_id(&base, Rule::Regression, EMAIL),
            notification_id(&base, Rule::NewIssue, "slack"),
        ];
        assert!(others.iter().all(|other| *other != id), "{others:?}");
    }
}
