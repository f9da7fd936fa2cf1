//! Projects, keys, people and tokens from the command line.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use proto::v1::{
    Account, CreateKeyRequest, CreatePasswordLinkRequest, CreateProjectRequest, CreateTokenRequest,
    CreateUserRequest, DisableKeyRequest, DisableUserRequest, EnableKeyRequest, EnableUserRequest,
    ListKeysRequest, ListTokensRequest, ListUsersRequest, MemberStatus, RevokeTokenRequest, Role,
    SetKeyLimitRequest, SetRoleRequest, SetUserProjectsRequest, TokenScope,
    account_service_client::AccountServiceClient, command_service_client::CommandServiceClient,
};
use tonic::transport::Channel;

use super::said;
use crate::cli::{
    Command, KeyCommand, ProjectCommand, SeenProjects, TokenCommand, UserCommand, UserRole,
};

/// The gateway, as the command line sees it.
struct Gateway {
    commands: CommandServiceClient<Channel>,
    accounts: AccountServiceClient<Channel>,
}

/// The answer's message, or what the server said instead.
macro_rules! call {
    ($client:expr, $method:ident, $request:expr) => {
        $client
            .$method($request)
            .await
            .map_err(|status| said(&status))?
            .into_inner()
    };
}

/// Runs one command; what to print.
pub(super) async fn answer(command: &Command, channel: Channel) -> Result<String> {
    let mut gateway = Gateway {
        commands: CommandServiceClient::new(channel.clone()),
        accounts: AccountServiceClient::new(channel),
    };
    match command {
        Command::Project {
            command: ProjectCommand::Create { name, platform },
        } => {
            let request = CreateProjectRequest {
                name: name.clone(),
                platform: platform.clone(),
            };
            let made = call!(gateway.commands, create_project, request);
            Ok(format!("project {}\nDSN {}\n", made.project_id, made.dsn))
        }
        Command::Key { command } => gateway.key(command).await,
        Command::User(command) => gateway.user(command).await,
        Command::Token { command } => gateway.token(command).await,
        Command::Project { .. }
        | Command::Plan(_)
        | Command::Storage
        | Command::Retention(_)
        | Command::Sql(_)
        | Command::Export(_) => {
            unreachable!("`run` handles settings, plans, storage, queries and exports itself")
        }
        Command::Serve(_)
        | Command::Replay { .. }
        | Command::Backup { .. }
        | Command::Restore(_)
        | Command::Verify(_)
        | Command::Log { .. }
        | Command::ExplainGrouping(_)
        | Command::Completions { .. }
        | Command::Reference { .. } => {
            unreachable!("`main` handles these itself")
        }
    }
}

impl Gateway {
    async fn key(&mut self, command: &KeyCommand) -> Result<String> {
        match command {
            KeyCommand::List { project } => {
                let request = ListKeysRequest {
                    project_id: *project,
                };
                let keys = call!(self.accounts, list_keys, request).keys;
                Ok(keys.iter().fold(String::new(), |mut text, key| {
                    let state = if key.enabled { "enabled" } else { "disabled" };
                    let _ = writeln!(text, "{}\t{state}\t{}", key.public_key, key.label);
                    text
                }))
            }
            KeyCommand::Create { project, label } => {
                let request = CreateKeyRequest {
                    project_id: *project,
                    label: label.clone(),
                };
                let made = call!(self.commands, create_key, request);
                Ok(format!("key {}\nDSN {}\n", made.public_key, made.dsn))
            }
            KeyCommand::Limit {
                key,
                per_minute,
                project,
            } => {
                let request = SetKeyLimitRequest {
                    project_id: *project,
                    public_key: key.clone(),
                    items_per_minute: *per_minute,
                };
                call!(self.commands, set_key_limit, request);
                Ok(match per_minute {
                    0 => format!("{key} has no limit of its own\n"),
                    items => format!("{key} stores at most {items} items a minute\n"),
                })
            }
            KeyCommand::Disable { key, project } => {
                let request = DisableKeyRequest {
                    project_id: *project,
                    public_key: key.clone(),
                };
                call!(self.commands, disable_key, request);
                Ok(format!("{key} disabled\n"))
            }
            KeyCommand::Enable { key, project } => {
                let request = EnableKeyRequest {
                    project_id: *project,
                    public_key: key.clone(),
                };
                call!(self.commands, enable_key, request);
                Ok(format!("{key} enabled\n"))
            }
        }
    }

    async fn user(&mut self, command: &UserCommand) -> Result<String> {
        match command {
            UserCommand::List => {
                let users = call!(self.accounts, list_users, ListUsersRequest {}).users;
                Ok(users.iter().map(line).collect())
            }
            UserCommand::Create { email, name, owner } => {
                let role = if *owner { Role::Owner } else { Role::Member };
                let request = CreateUserRequest {
                    email: email.clone(),
                    name: name.clone(),
                    role: role.into(),
                    password: String::new(),
                };
                let made = call!(self.commands, create_user, request);
                Ok(format!(
                    "user {}\nlink to set the password (valid once, for 7 days) {}\n",
                    made.user_id, made.password_link
                ))
            }
            UserCommand::Reset { user } => {
                let request = CreatePasswordLinkRequest {
                    user_id: self.find(user).await?.id,
                };
                let made = call!(self.commands, create_password_link, request);
                Ok(format!(
                    "link to set the password (valid once, for 7 days) {}\n",
                    made.password_link
                ))
            }
            UserCommand::Disable { user } => {
                let found = self.find(user).await?;
                let request = DisableUserRequest { user_id: found.id };
                call!(self.commands, disable_user, request);
                Ok(format!(
                    "{} removed: sessions, tokens and links have ended\n",
                    found.email
                ))
            }
            UserCommand::Enable { user } => {
                let found = self.find(user).await?;
                let request = EnableUserRequest { user_id: found.id };
                call!(self.commands, enable_user, request);
                Ok(format!("{} can sign in again\n", found.email))
            }
            UserCommand::Projects { user, projects } => {
                let found = self.find(user).await?;
                let (all_projects, project_ids) = match projects {
                    SeenProjects::All => (true, Vec::new()),
                    SeenProjects::Only(ids) => (false, ids.clone()),
                };
                let request = SetUserProjectsRequest {
                    user_id: found.id,
                    all_projects,
                    project_ids,
                };
                call!(self.commands, set_user_projects, request);
                let seen = self.find(user).await?;
                Ok(format!("{} sees {}\n", seen.email, sight(&seen)))
            }
            UserCommand::Role { user, role } => {
                let found = self.find(user).await?;
                let (role, word) = match role {
                    UserRole::Member => (Role::Member, "a member"),
                    UserRole::Owner => (Role::Owner, "an owner"),
                };
                let request = SetRoleRequest {
                    user_id: found.id,
                    role: role.into(),
                };
                call!(self.commands, set_role, request);
                Ok(format!("{} is {word}\n", found.email))
            }
        }
    }

    async fn token(&mut self, command: &TokenCommand) -> Result<String> {
        match command {
            TokenCommand::List => {
                let request = ListTokensRequest { all: true };
                let tokens = call!(self.accounts, list_tokens, request).tokens;
                Ok(tokens.iter().fold(String::new(), |mut text, token| {
                    let scope = match token.scope() {
                        TokenScope::Read => "read",
                        _ => "full",
                    };
                    let end = token.expires_at.as_ref();
                    let end = end.and_then(|at| jiff::Timestamp::from_second(at.seconds).ok());
                    let end = end.map_or_else(|| "no end".to_owned(), |at| at.to_string());
                    let (id, user, label) = (token.id, token.user_id, &token.label);
                    let _ = writeln!(text, "{id}\tuser {user}\t{scope}\t{end}\t{label}");
                    text
                }))
            }
            TokenCommand::Create {
                label,
                user,
                read_only,
                days,
            } => {
                let scope = if *read_only {
                    TokenScope::Read
                } else {
                    TokenScope::Full
                };
                let request = CreateTokenRequest {
                    label: label.clone(),
                    user_id: *user,
                    scope: scope.into(),
                    expires_in_days: *days,
                };
                let made = call!(self.commands, create_token, request);
                Ok(format!("{}\n", made.token))
            }
            TokenCommand::Revoke { id } => {
                call!(
                    self.commands,
                    revoke_token,
                    RevokeTokenRequest { token_id: *id }
                );
                Ok(format!("token {id} revoked\n"))
            }
        }
    }

    /// By id or address.
    async fn find(&mut self, named: &str) -> Result<Account> {
        let users = call!(self.accounts, list_users, ListUsersRequest {}).users;
        let is_meant = |user: &Account| {
            named.parse() == Ok(user.id)
                || !user.email.is_empty() && user.email.eq_ignore_ascii_case(named)
        };
        match users.into_iter().find(is_meant) {
            Some(user) => Ok(user),
            None => bail!("there is no user {named:?}; `errata user list` shows all"),
        }
    }
}

fn line(user: &Account) -> String {
    let status = match user.status() {
        MemberStatus::Disabled => "removed",
        MemberStatus::Invited => "invited",
        _ => "active",
    };
    let role = match user.role() {
        Role::Owner => "owner",
        _ => "member",
    };
    let (id, email, name) = (user.id, &user.email, &user.name);
    let seen = sight(user);
    format!("{id}\t{status}\t{role}\t{email}\t{name}\t{seen}\n")
}

/// "all projects", "projects 1, 4", "no project".
fn sight(user: &Account) -> String {
    if user.all_projects {
        return "all projects".to_owned();
    }
    let ids: Vec<String> = user.project_ids.iter().map(ToString::to_string).collect();
    match ids.as_slice() {
        [] => "no project".to_owned(),
        ids => format!("projects {}", ids.join(", ")),
    }
}
