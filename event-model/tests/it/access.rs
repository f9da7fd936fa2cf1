//! The table of rights, cell by cell, and what members see.

use std::{collections::BTreeSet, fmt::Write as _};

use event_model::{
    Actor, Command, ControlState, Decision, ProjectId, PublicKey, Role, SessionId, Sight, TokenId,
    TokenScope, UserId,
    access::{
        Action, Denied, Kind, Viewer, allowed,
        door::{self, METHODS, Need, ROUTES},
    },
    credential::{Caller, Via},
};
use proptest::prelude::*;

fn fold(decisions: impl IntoIterator<Item = Decision>) -> ControlState {
    let mut state = ControlState::default();
    for decision in decisions {
        state.apply(&Command {
            actor: Actor::System,
            at_ns: 1,
            decision,
        });
    }
    state
}

fn project(id: u32) -> Decision {
    Decision::CreateProject {
        id: ProjectId(id),
        name: format!("p{id}"),
        platform: String::new(),
        public_key: PublicKey([id as u8; 16]),
        key_label: String::new(),
        algorithm: 1,
    }
}

fn user(id: u32, role: Role) -> Decision {
    Decision::CreateUser {
        id: UserId(id),
        email: format!("{id}@x.example"),
        name: String::new(),
        role,
        password_hash: String::new(),
        link: None,
    }
}

fn only(user: u32, projects: &[u32]) -> Decision {
    Decision::SetUserProjects {
        id: UserId(user),
        sight: Sight::Only(projects.iter().copied().map(ProjectId).collect()),
    }
}

fn by_session(id: u32, role: Role) -> Caller {
    Caller::User {
        id: UserId(id),
        role,
        via: Via::Session {
            id: SessionId([1; 16]),
            expires_ns: 10,
        },
    }
}

fn by_token(id: u32, role: Role, scope: TokenScope) -> Caller {
    Caller::User {
        id: UserId(id),
        role,
        via: Via::Token {
            id: TokenId(1),
            scope,
        },
    }
}

/// What a project is to the caller.
#[derive(Debug, Clone, Copy)]
enum Membership {
    /// One they see, if they see any.
    Own,
    /// One they do not see, if there is such.
    Foreign,
    /// None.
    Unknown,
}

/// The table once more, in other words: who may, without a look at the code's own.
#[allow(clippy::too_many_lines)] // a table
fn expected(
    action: Action,
    kind: Kind,
    reads_only: bool,
    membership: Membership,
) -> Result<(), Denied> {
    let by_rank = match (action, kind) {
        (
            Action::ListProjects
            | Action::ReadIssue
            | Action::ReadUsage
            | Action::ReadMembers
            | Action::FollowAlerts,
            Kind::Owner | Kind::Member | Kind::Role | Kind::Host,
        )
        | (
            Action::ReadProject
            | Action::ReadInstallation
            | Action::ReadOwnAccount
            | Action::Triage
            | Action::ChangeOwnAccount,
            Kind::Owner | Kind::Member | Kind::Host,
        )
        | (
            Action::ReadUnattributed
            | Action::ReadAccounts
            | Action::TrySettings
            | Action::ManageProject
            | Action::ManagePlans
            | Action::CreateProject
            | Action::ManagePeople
            | Action::SendTestMail
            | Action::RebuildReadModel,
            Kind::Owner | Kind::Host,
        )
        | (Action::RecordAlerts, Kind::Role)
        | (Action::ReadOrganizationUsage, Kind::Owner | Kind::Role | Kind::Host) => Ok(()),
        (
            Action::ReadUnattributed
            | Action::ReadOrganizationUsage
            | Action::ReadAccounts
            | Action::TrySettings
            | Action::ManageProject
            | Action::ManagePlans
            | Action::CreateProject
            | Action::ManagePeople
            | Action::SendTestMail
            | Action::RebuildReadModel,
            Kind::Member,
        ) => Err(Denied::OnlyOwners),
        (
            Action::ReadProject
            | Action::ReadInstallation
            | Action::ReadOwnAccount
            | Action::Triage
            | Action::ChangeOwnAccount
            | Action::ReadUnattributed
            | Action::ReadAccounts
            | Action::TrySettings
            | Action::ManageProject
            | Action::ManagePlans
            | Action::CreateProject
            | Action::ManagePeople
            | Action::SendTestMail
            | Action::RebuildReadModel,
            Kind::Role,
        ) => Err(Denied::NotForRoles),
        (Action::RecordAlerts, Kind::Owner | Kind::Member | Kind::Host) => Err(Denied::OnlyRoles),
    };
    by_rank?;
    let changes = match action {
        Action::ListProjects
        | Action::ReadIssue
        | Action::ReadProject
        | Action::ReadUsage
        | Action::ReadOrganizationUsage
        | Action::ReadMembers
        | Action::ReadInstallation
        | Action::FollowAlerts
        | Action::ReadUnattributed
        | Action::ReadOwnAccount
        | Action::ReadAccounts
        | Action::TrySettings => false,
        Action::Triage
        | Action::ManageProject
        | Action::ManagePlans
        | Action::CreateProject
        | Action::ChangeOwnAccount
        | Action::ManagePeople
        | Action::SendTestMail
        | Action::RebuildReadModel
        | Action::RecordAlerts => true,
    };
    if changes && reads_only {
        return Err(Denied::ReadOnly);
    }
    let is_of_project = match action {
        Action::ReadIssue
        | Action::ReadProject
        | Action::ReadUsage
        | Action::TrySettings
        | Action::Triage
        | Action::ManageProject => true,
        Action::ListProjects
        | Action::ReadOrganizationUsage
        | Action::ReadMembers
        | Action::ReadInstallation
        | Action::FollowAlerts
        | Action::ReadUnattributed
        | Action::ReadOwnAccount
        | Action::ReadAccounts
        | Action::ManagePlans
        | Action::CreateProject
        | Action::ChangeOwnAccount
        | Action::ManagePeople
        | Action::SendTestMail
        | Action::RebuildReadModel
        | Action::RecordAlerts => false,
    };
    let is_hidden = match (membership, kind) {
        (Membership::Own, _) | (Membership::Foreign, Kind::Owner | Kind::Role | Kind::Host) => {
            false
        }
        (Membership::Foreign, Kind::Member) | (Membership::Unknown, _) => true,
    };
    if is_of_project && is_hidden {
        return Err(Denied::NoSuchProject);
    }
    Ok(())
}

#[test]
fn every_cell_of_the_table_is_as_written_down_here() {
    let state = fold([
        project(1),
        project(2),
        user(1, Role::Owner),
        user(2, Role::Member),
        only(2, &[1]),
        // What an owner was given as a member waits until they are one.
        only(1, &[1]),
    ]);
    let mut callers = vec![Caller::Internal, Caller::Admin];
    for (id, role) in [(1, Role::Owner), (2, Role::Member)] {
        callers.push(by_session(id, role));
        callers.push(by_token(id, role, TokenScope::Full));
        callers.push(by_token(id, role, TokenScope::Read));
    }
    let mut cells = 0;
    for action in Action::ALL {
        for caller in &callers {
            for (membership, id) in [
                (Membership::Own, 1),
                (Membership::Foreign, 2),
                (Membership::Unknown, 3),
            ] {
                let kind = Kind::of(*caller);
                assert_eq!(
                    allowed(&state, *caller, action, Some(ProjectId(id))),
                    expected(action, kind, caller.is_read_only(), membership),
                    "{action:?} {caller:?} {membership:?}"
                );
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 21 * 8 * 3);
    assert_eq!(BTreeSet::from(Action::ALL).len(), Action::ALL.len());
}

#[test]
fn who_is_gone_or_unknown_sees_nothing() {
    let gone = fold([
        project(1),
        user(2, Role::Owner),
        Decision::DisableUser { id: UserId(2) },
    ]);
    for id in [2, 9] {
        let caller = by_session(id, Role::Owner);
        let viewer = Viewer::of(&gone, caller, Action::ReadProject).unwrap();
        assert_eq!(viewer.sight(), &Sight::NOTHING, "{id}");
    }
}

#[test]
fn a_member_sees_all_until_somebody_says_otherwise_and_again_when_an_owner() {
    let seen = |decisions: &[Decision]| {
        let base = [project(1), project(2), user(2, Role::Member)];
        let state = fold(base.into_iter().chain(decisions.iter().cloned()));
        state.users[&UserId(2)].sight()
    };
    let role = |role| Decision::SetRole {
        id: UserId(2),
        role,
    };
    let all = Decision::SetUserProjects {
        id: UserId(2),
        sight: Sight::All,
    };
    assert_eq!(seen(&[]), Sight::All);
    assert_eq!(
        seen(&[only(2, &[2, 1, 2])]),
        Sight::only([1, 2].map(ProjectId))
    );
    assert_eq!(seen(&[only(2, &[])]), Sight::NOTHING);
    assert_eq!(seen(&[only(2, &[1]), role(Role::Owner)]), Sight::All);
    let back = [only(2, &[1]), role(Role::Owner), role(Role::Member)];
    assert_eq!(seen(&back), Sight::only([ProjectId(1)]));
    assert_eq!(seen(&[only(2, &[1]), all]), Sight::All);
    assert_eq!(seen(&[only(3, &[1])]), Sight::All, "nobody's");
}

#[test]
fn each_door_has_one_decision_and_is_found_behind_a_prefix() {
    for doors in [METHODS, ROUTES] {
        let names: Vec<&str> = doors.iter().map(|(name, _)| *name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names.len(), sorted.len(), "one named twice: {names:?}");
    }
    let triage = Some(Need::Right(Action::Triage));
    for (path, need) in [
        ("/errata.v1.CommandService/UndiscardIssues", triage),
        ("/a/b/errata.v1.CommandService/UndiscardIssues", triage),
        ("/errata.v1.CommandService/UndiscardIssues/", None),
        ("/errata.v1.CommandService/Unheard", None),
        ("/CommandService/UndiscardIssues", None),
        ("", None),
    ] {
        assert_eq!(door::of_method(path), need, "{path}");
    }
    let read = Some(Need::Right(Action::ReadProject));
    assert_eq!(door::of_route("GET", "/api/issues"), read);
    assert_eq!(door::of_route("POST", "/api/issues"), None);
}

proptest! {
    #[test]
    fn what_two_take_in_is_what_both_do(
        one in proptest::option::of(proptest::collection::vec(0u32..6, 0..6)),
        other in proptest::option::of(proptest::collection::vec(0u32..6, 0..6)),
    ) {
        let sight = |of: &Option<Vec<u32>>| of.as_ref().map_or(Sight::All, |ids| {
            Sight::only(ids.iter().copied().map(ProjectId))
        });
        let both = sight(&one).and(&sight(&other));
        for id in 0..7 {
            let has = |of: &Option<Vec<u32>>| of.as_ref().is_none_or(|ids| ids.contains(&id));
            prop_assert_eq!(both.has(ProjectId(id)), has(&one) && has(&other));
        }
    }
}

const DOC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/access.md");
const TABLE_BEGIN: &str = "--ignored write_the_table -->\n";
const TABLE_END: &str = "<!-- end -->";

/// The page as it must be: with the table as the code has it.
fn page() -> String {
    let text = std::fs::read_to_string(DOC).unwrap();
    let (head, rest) = text.split_once(TABLE_BEGIN).unwrap();
    let (_, tail) = rest.split_once(TABLE_END).unwrap();
    let mut table = String::from(
        "| action | owner | member | role | host | reads | of a project | doors |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for action in Action::ALL {
        let rights = action.rights();
        let may = |yes| if yes { "●" } else { "○" };
        let doors = METHODS.iter().chain(ROUTES);
        let doors = doors.filter(|(_, need)| *need == Need::Right(action));
        let doors: Vec<String> = doors.map(|(name, _)| format!("`{name}`")).collect();
        let cells = [
            format!("{action:?}"),
            may(rights.owner).to_owned(),
            may(rights.member).to_owned(),
            may(rights.role).to_owned(),
            may(rights.host).to_owned(),
            may(rights.reads).to_owned(),
            may(rights.of_project).to_owned(),
            doors.join(", "),
        ];
        writeln!(table, "| {} |", cells.join(" | ")).unwrap();
    }
    format!("{head}{TABLE_BEGIN}{table}{TABLE_END}{tail}")
}

#[test]
fn the_page_shows_the_table_as_it_is() {
    assert!(
        page() == std::fs::read_to_string(DOC).unwrap(),
        "docs/access.md is not current"
    );
}

#[test]
#[ignore = "writes the table into docs/access.md"]
fn write_the_table() {
    std::fs::write(DOC, page()).unwrap();
}
