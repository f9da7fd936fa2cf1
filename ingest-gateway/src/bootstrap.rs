//! The first start: organisation, first project and key, owner.
//!
//! Invariant: every step looks whether it is done, and the organisation comes last,
//! so that a crash between any two steps heals at the next start, and a finished
//! first start is never repeated. Until the owner has a password, each start makes
//! a new one-time link, which ends the one before.

use event_model::{
    Actor, ControlState, Decision, Plan, ProjectId, PublicKey, Role, TokenScope, UserId,
    credential::{random_secret, sha256},
};

use crate::{
    commands::{CommandCore, check_email, check_password, new_link, rules},
    config::Bootstrap,
    error::{ApiError, ErrorCode},
    password::PasswordHasher,
};

/// The project of the first start.
const FIRST_PROJECT: ProjectId = ProjectId(1);
const FIRST_PROJECT_NAME: &str = "default";
/// The owner of the first start.
const OWNER: UserId = UserId(1);
const ORGANIZATION_NAME: &str = "Errata";
/// Length of the token given for the first start, characters.
const TOKEN_CHARS: std::ops::RangeInclusive<usize> = 16..=128;

/// What to print at start.
#[derive(Clone, PartialEq, Eq)]
pub struct BootstrapReport {
    /// Whether this was the first start (or healed it).
    pub first_start: bool,
    /// The DSN of the first project; none if all its keys are disabled.
    pub dsn: Option<String>,
    /// The one-time link to set the owner's password; none once it is set.
    pub owner_link: Option<String>,
    /// How much the organisation may store in an hour.
    pub plan: Plan,
}

impl std::fmt::Debug for BootstrapReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The link is a secret: for the terminal, never for a log.
        f.debug_struct("BootstrapReport")
            .field("first_start", &self.first_start)
            .field("dsn", &self.dsn)
            .field("owner_link", &self.owner_link.as_ref().map(|_| "…"))
            .field("plan", &self.plan)
            .finish()
    }
}

/// Does what is left of the first start.
pub async fn bootstrap(
    commands: &CommandCore,
    hasher: &PasswordHasher,
    wishes: &Bootstrap,
) -> Result<BootstrapReport, ApiError> {
    let first_start = commands.state().read().organization.is_empty();
    if first_start {
        check_wishes(wishes)?;
        let password_hash = match &wishes.owner {
            Some(owner) => hasher.hash(owner.password.clone()).await?,
            None => String::new(),
        };
        let steps = missing(&commands.state().read(), wishes, &password_hash);
        for step in steps {
            commands
                .decide(Actor::System, move |_| Ok((step, ())))
                .await?;
        }
    }
    let owner_link = owner_link(commands).await?;
    let state = commands.state().read();
    let mut keys = state.keys_of(FIRST_PROJECT).into_iter();
    let dsn = keys
        .find(|key| key.enabled)
        .map(|key| commands.dsn(FIRST_PROJECT, key.public_key));
    Ok(BootstrapReport {
        first_start,
        dsn,
        owner_link,
        plan: state.plan,
    })
}

fn check_wishes(wishes: &Bootstrap) -> Result<(), ApiError> {
    if let Some(owner) = &wishes.owner {
        check_email("bootstrap.owner", &owner.email)?;
        check_password("bootstrap.owner", &owner.password)?;
    }
    if let Some(token) = &wishes.token
        && (!TOKEN_CHARS.contains(&token.chars().count()) || token.contains(char::is_whitespace))
    {
        return Err(ApiError::invalid(
            "bootstrap.token",
            "must have 16 to 128 characters without blanks",
        ));
    }
    Ok(())
}

/// The steps that are not in the log yet, in order.
fn missing(state: &ControlState, wishes: &Bootstrap, password_hash: &str) -> Vec<Decision> {
    let mut steps = Vec::new();
    if !state.projects.contains_key(&FIRST_PROJECT) {
        steps.push(Decision::CreateProject {
            id: FIRST_PROJECT,
            name: FIRST_PROJECT_NAME.to_owned(),
            platform: String::new(),
            public_key: wishes.key.unwrap_or_else(PublicKey::random),
            key_label: "default".to_owned(),
            algorithm: rules::newest(),
        });
    }
    if !state.users.contains_key(&OWNER) {
        let owner = wishes.owner.as_ref();
        steps.push(Decision::CreateUser {
            id: OWNER,
            email: owner.map_or_else(String::new, |owner| owner.email.trim().to_owned()),
            name: String::new(),
            role: Role::Owner,
            password_hash: password_hash.to_owned(),
            // Each start makes a new one while there is no password.
            link: None,
        });
    }
    if let Some(token) = &wishes.token
        && state.token_by_hash(&sha256(token)).is_none()
    {
        steps.push(Decision::CreateToken {
            id: event_model::TokenId(1),
            user_id: OWNER,
            label: "bootstrap".to_owned(),
            token_sha256: sha256(token),
            scope: TokenScope::Full,
            expires_ns: None,
        });
    }
    steps.push(Decision::CreateOrganization {
        name: ORGANIZATION_NAME.to_owned(),
    });
    steps
}

/// A new link while the owner has no password.
async fn owner_link(commands: &CommandCore) -> Result<Option<String>, ApiError> {
    let needs_link = {
        let state = commands.state().read();
        let owner = state.users.get(&OWNER);
        owner.is_some_and(|owner| owner.password_hash.is_empty())
    };
    if !needs_link {
        return Ok(None);
    }
    let secret = random_secret("");
    let link = new_link(&secret, commands.clock().now_ns());
    let decided = commands
        .decide(Actor::System, move |state| {
            let owner = state.users.get(&OWNER);
            if owner.is_none_or(|owner| !owner.password_hash.is_empty()) {
                return Err(ApiError::new(
                    ErrorCode::Conflict,
                    "the owner has a password",
                ));
            }
            let decision = Decision::CreatePasswordLink {
                user_id: OWNER,
                link,
            };
            Ok((decision, ()))
        })
        .await;
    match decided {
        Ok(_) => Ok(Some(commands.welcome_link(&secret))),
        Err(error) if error.code == ErrorCode::Conflict => Ok(None),
        Err(error) => Err(error),
    }
}
