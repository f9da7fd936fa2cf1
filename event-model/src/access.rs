//! Who may do what: the one place that says so. Doors ask, none decides by itself.
//!
//! Owns: actions, the table of rights ([`Action::rights`]), which projects a caller sees
//! ([`Viewer`]), and what each method and route of the API is an action of ([`door`]).
//! Invariant: [`allowed`] is a pure function of state, caller, action and project; what no
//! row names is refused. A project that a caller does not see and one that there is not
//! give one and the same answer ([`Denied::NoSuchProject`]), so that nobody learns which
//! of both it is. Must not know how requests travel.
//!
//! What will come has its place: an organisation or a team is one more way for a project
//! to come into a [`Sight`]; a role is a column of the table, a scope of a token one more
//! condition on a row.

pub mod door;

use crate::{ControlState, ProjectId, Role, credential::Caller};

pub use crate::command::Sight;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// See the list of the projects one sees.
    ListProjects,
    /// See one issue or one event that one can name.
    ReadIssue,
    /// See lists, figures, streams, files, keys and settings of a project.
    ReadProject,
    /// See what was used of the quotas.
    ReadUsage,
    /// See what was used of the organisation's quota, by all projects together.
    ReadOrganizationUsage,
    /// See who belongs to the installation.
    ReadMembers,
    /// See oneself, how far the server is, and what it can do.
    ReadInstallation,
    /// Follow what alerts are made of, and what became of them.
    FollowAlerts,
    /// See requests that belong to no project.
    ReadUnattributed,
    /// See own tokens and sessions.
    ReadOwnAccount,
    /// See others' tokens, sessions and invitations.
    ReadAccounts,
    /// See what settings of a project would do.
    TrySettings,
    /// Resolve, ignore, reopen, assign, discard and undiscard issues; merge them and take them
    /// apart.
    Triage,
    /// Change a project's name, keys and settings.
    ManageProject,
    /// Say how much may be stored.
    ManagePlans,
    /// Create a project.
    CreateProject,
    /// Change one's own name, password, tokens and sessions.
    ChangeOwnAccount,
    /// Invite and remove people, say what they may do and which projects they see; end
    /// others' sessions and tokens.
    ManagePeople,
    /// Have a mail sent to oneself.
    SendTestMail,
    /// Have the read model rebuilt, and say whether that waits, goes on or ends.
    RebuildReadModel,
    /// Record what became of notifications.
    RecordAlerts,
}

/// What kind of caller it is: a column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A person who manages the installation.
    Owner,
    /// Any other person.
    Member,
    /// Another role of this installation, by the internal token.
    Role,
    /// The command line on the host.
    Host,
}

/// A row of the table: who may, and on what condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a row of a table")]
pub struct Rights {
    /// [`Kind::Owner`].
    pub owner: bool,
    /// [`Kind::Member`].
    pub member: bool,
    /// [`Kind::Role`].
    pub role: bool,
    /// [`Kind::Host`].
    pub host: bool,
    /// Whether it changes nothing, so that a token that only reads may, too.
    pub reads: bool,
    /// Whether it is done to a project, which the caller must see.
    pub of_project: bool,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denied {
    /// Owners may.
    #[error("only an owner may do this")]
    OnlyOwners,
    /// People may, another role may not.
    #[error("the internal token does not open this")]
    NotForRoles,
    /// Other roles may, people may not.
    #[error("only a role of this installation may do this")]
    OnlyRoles,
    /// The token that was shown changes nothing.
    #[error("this API token only reads")]
    ReadOnly,
    /// There is no such project, or none that the caller sees.
    #[error("there is no such project")]
    NoSuchProject,
}

impl Action {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 21] = [
        Self::ListProjects,
        Self::ReadIssue,
        Self::ReadProject,
        Self::ReadUsage,
        Self::ReadOrganizationUsage,
        Self::ReadMembers,
        Self::ReadInstallation,
        Self::FollowAlerts,
        Self::ReadUnattributed,
        Self::ReadOwnAccount,
        Self::ReadAccounts,
        Self::TrySettings,
        Self::Triage,
        Self::ManageProject,
        Self::ManagePlans,
        Self::CreateProject,
        Self::ChangeOwnAccount,
        Self::ManagePeople,
        Self::SendTestMail,
        Self::RebuildReadModel,
        Self::RecordAlerts,
    ];

    /// The table. A role has what it needs by name, and nothing by rank.
    pub const fn rights(self) -> Rights {
        const fn row(who: [bool; 4], reads: bool, of_project: bool) -> Rights {
            let [owner, member, role, host] = who;
            Rights {
                owner,
                member,
                role,
                host,
                reads,
                of_project,
            }
        }
        const PEOPLE: [bool; 4] = [true, true, false, true];
        const OWNERS: [bool; 4] = [true, false, false, true];
        const ALL: [bool; 4] = [true, true, true, true];
        const ROLES: [bool; 4] = [false, false, true, false];
        const OWNERS_AND_ROLES: [bool; 4] = [true, false, true, true];
        match self {
            Self::ReadOrganizationUsage => row(OWNERS_AND_ROLES, true, false),
            Self::ListProjects | Self::ReadMembers | Self::FollowAlerts => row(ALL, true, false),
            Self::ReadIssue | Self::ReadUsage => row(ALL, true, true),
            Self::ReadProject => row(PEOPLE, true, true),
            Self::ReadInstallation | Self::ReadOwnAccount => row(PEOPLE, true, false),
            Self::ReadUnattributed | Self::ReadAccounts => row(OWNERS, true, false),
            Self::TrySettings => row(OWNERS, true, true),
            Self::Triage => row(PEOPLE, false, true),
            Self::ManageProject => row(OWNERS, false, true),
            Self::CreateProject
            | Self::ManagePlans
            | Self::ManagePeople
            | Self::SendTestMail
            | Self::RebuildReadModel => row(OWNERS, false, false),
            Self::ChangeOwnAccount => row(PEOPLE, false, false),
            Self::RecordAlerts => row(ROLES, false, false),
        }
    }

    /// Whether this kind of caller may ever, and why not.
    pub const fn may(self, kind: Kind) -> Result<(), Denied> {
        let rights = self.rights();
        let may = match kind {
            Kind::Owner => rights.owner,
            Kind::Member => rights.member,
            Kind::Role => rights.role,
            Kind::Host => rights.host,
        };
        if may {
            return Ok(());
        }
        Err(match kind {
            Kind::Role => Denied::NotForRoles,
            Kind::Member if rights.owner => Denied::OnlyOwners,
            Kind::Owner | Kind::Member | Kind::Host => Denied::OnlyRoles,
        })
    }
}

impl Kind {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Member, Self::Role, Self::Host];

    /// What kind a caller is.
    pub const fn of(caller: Caller) -> Self {
        match caller {
            Caller::User {
                role: Role::Owner, ..
            } => Self::Owner,
            Caller::User {
                role: Role::Member, ..
            } => Self::Member,
            Caller::Internal => Self::Role,
            Caller::Admin => Self::Host,
        }
    }
}

/// Whether a caller may ever do something: to a project only if they see it, which
/// [`allowed`] asks, too.
pub fn may(caller: Caller, action: Action) -> Result<(), Denied> {
    action.may(Kind::of(caller))?;
    if caller.is_read_only() && !action.rights().reads {
        return Err(Denied::ReadOnly);
    }
    Ok(())
}

/// Whether a caller may do something, to one project or (none) to whatever of it they
/// see. What is not of a project never asks for one.
pub fn allowed(
    state: &ControlState,
    caller: Caller,
    action: Action,
    project: Option<ProjectId>,
) -> Result<(), Denied> {
    may(caller, action)?;
    match project.filter(|_| action.rights().of_project) {
        Some(project) if !sees(state, caller, project) => Err(Denied::NoSuchProject),
        _ => Ok(()),
    }
}

/// Which projects a caller sees.
pub fn sight(state: &ControlState, caller: Caller) -> Sight {
    match caller {
        Caller::User { id, .. } => state
            .users
            .get(&id)
            .map_or(Sight::NOTHING, crate::control::User::sight),
        Caller::Internal | Caller::Admin => Sight::All,
    }
}

fn sees(state: &ControlState, caller: Caller, project: ProjectId) -> bool {
    state.projects.contains_key(&project) && sight(state, caller).has(project)
}

/// Who looks, and what of it they see: what every read is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    caller: Caller,
    sight: Sight,
}

impl Viewer {
    /// The caller as they stand now, if they may do this at all.
    pub fn of(state: &ControlState, caller: Caller, action: Action) -> Result<Self, Denied> {
        may(caller, action)?;
        Ok(Self {
            caller,
            sight: sight(state, caller),
        })
    }

    /// The same caller as they stand by now.
    #[must_use]
    pub fn now(&self, state: &ControlState) -> Self {
        Self {
            caller: self.caller,
            sight: sight(state, self.caller),
        }
    }

    /// Who.
    pub fn caller(&self) -> Caller {
        self.caller
    }

    /// Which projects they see.
    pub fn sight(&self) -> &Sight {
        &self.sight
    }

    /// What they may know of another's sight: that it is all, or which projects both see.
    pub fn knows_of(&self, other: &Sight) -> Sight {
        match other {
            Sight::All => Sight::All,
            Sight::Only(_) => other.and(&self.sight),
        }
    }

    /// Whether they see this project. Says nothing of whether there is one.
    pub fn sees(&self, project: ProjectId) -> bool {
        self.sight.has(project)
    }
}
