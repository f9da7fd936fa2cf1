//! The command line.

mod backup;
mod export;
mod plan;
mod project;
mod replay;
mod sql;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use backup::{
    BackupCommand, BackupCreate, BackupKey, BackupPrune, BackupTarget, BackupVerify, Restore,
};
pub(crate) use export::{Export, ExportForm};
pub(crate) use plan::{PlanCommand, PlanName};
pub(crate) use project::{
    GroupingRulesCommand, ProjectCommand, RetentionCommand, RulesApplication, RulesPreview,
    SettingsChoice, Switch,
};
pub(crate) use replay::{Projection, Replay};
pub(crate) use sql::{SqlForm, SqlQuery};
pub(crate) use verify::{BackupDrill, Part, Verify};

/// A self-hosted error tracker: acknowledged means on disk.
#[derive(Debug, Parser)]
#[command(name = "errata", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags that every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Everything Errata keeps [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file [default: ./errata.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Serve),
    /// Rebuild the read model from the logs, as a new generation
    ///
    /// A running server builds it beside the one it serves, which it replaces once it has caught up; without a server this command does it.
    Replay(Replay),
    /// Copies of what cannot be built again, and looking at them
    Backup {
        /// What to do
        #[command(subcommand)]
        command: BackupCommand,
    },
    /// Bring a backup back, into a data directory that is empty or not there
    ///
    /// Every byte is checked before anything is put in place. Start the server with it then: the read model is built from the logs.
    Restore(Restore),
    /// Compare issues, search index and Parquet files with the logs, beside a running server too
    ///
    /// Exit code 0: equal, 1: something differs or is damaged, 2: could not look.
    Verify(Verify),
    /// Look at the logs
    Log {
        /// What to do with them
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Projects
    Project {
        /// What to do
        #[command(subcommand)]
        command: ProjectCommand,
    },
    /// What takes how much of the disk, by project, as the running server knows it
    Storage,
    /// How long events are kept by rules of project, level and environment
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Ask the running server in SQL
    ///
    /// Tables and columns are in docs/sql.md, or: errata sql "SHOW TABLES", errata sql "DESCRIBE events".
    Sql(SqlQuery),
    /// Print all events that a search finds, as JSON lines, CSV or Parquet
    ///
    /// Of the running server, without a limit of rows. The search language is in docs/search.md. Should the file end early, the command fails.
    Export(Export),
    /// Keys that clients write with
    Key {
        /// What to do
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// How much may be stored in an hour
    #[command(subcommand)]
    Plan(PlanCommand),
    /// People
    #[command(subcommand)]
    User(UserCommand),
    /// API tokens
    Token {
        /// What to do
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Say what of an event counts for its issue, and why; of two events, why they are not in one
    ///
    /// Lines with + count, lines with - do not; in brackets the reason. No server is asked.
    ExplainGrouping(ExplainGrouping),
    /// Print what completes these commands in a shell
    ///
    /// For bash: errata completions bash > /etc/bash_completion.d/errata
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print a page of the reference that belongs to this binary
    Reference {
        /// Which
        #[arg(value_enum)]
        page: Page,
    },
}

/// A page of `docs/reference`, or all of the command line as a manual page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Page {
    /// Every key, its variable and its default, as Markdown
    Configuration,
    /// The JSON schema of errata.toml, for editors
    Schema,
    /// Every command and flag, as Markdown
    Cli,
    /// Every metric, as Markdown
    Metrics,
    /// Every error code, as Markdown
    Errors,
    /// Every path and service and whose it is, as Markdown
    Routes,
    /// Every number and word that is stored, as Markdown
    Numbers,
    /// The command line as a manual page, for man
    Man,
}

/// `errata explain-grouping`
#[derive(Debug, Args)]
pub(crate) struct ExplainGrouping {
    /// An event as JSON, as clients send it, of Sentry's or the native protocol; -: standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Another event: why the two are not in one issue
    #[arg(value_name = "SECOND")]
    pub second: Option<PathBuf>,
    /// Rules to group by, as docs/grouping.md has them
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Group by this version of the algorithm [default: the newest]
    #[arg(long, value_name = "VERSION")]
    pub algorithm: Option<u32>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `errata serve`
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where events, commands and the web UI are served [default: 127.0.0.1:8470]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Where metrics and health are served [default: 127.0.0.1:8471]
    #[arg(long, value_name = "ADDR")]
    pub metrics_listen: Option<String>,
    /// Which roles this process runs
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "gateway,projector,query,alerter"
    )]
    pub roles: Vec<Role>,
}

/// A role of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Takes events and commands; the only writer of the logs
    Gateway,
    /// Turns the logs into the read model
    Projector,
    /// Answers reads, serves the web UI
    Query,
    /// Sends notifications
    Alerter,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gateway => "gateway",
            Self::Projector => "projector",
            Self::Query => "query",
            Self::Alerter => "alerter",
        })
    }
}

/// `errata log`
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Segments, sizes, positions, cursors
    Stat(LogChoice),
    /// Check every byte; exit code 0: sound, 1: damaged, 2: could not look
    Verify(LogChoice),
    /// Say what a repair would do and lose; do it with --accept-loss
    ///
    /// Exit code 0: nothing was wrong, or it is repaired; 1: something is wrong; 2: could not look or repair. The
    /// server must not run. Originals are kept in the folder `torn` of the log.
    Repair(LogRepair),
    /// Print records as JSON lines, heads and bodies decoded
    Dump(LogDump),
}

/// `errata log repair`
#[derive(Debug, Args)]
pub(crate) struct LogRepair {
    #[command(flatten)]
    pub choice: LogChoice,
    /// Repair, and give up the records that it names
    #[arg(long)]
    pub accept_loss: bool,
}

/// Which log.
#[derive(Debug, Args)]
pub(crate) struct LogChoice {
    /// Which log
    #[arg(long, value_enum, default_value_t = Log::All)]
    pub log: Log,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `errata log dump`
#[derive(Debug, Args)]
pub(crate) struct LogDump {
    /// Which log
    #[arg(long, value_enum, default_value_t = Log::All)]
    pub log: Log,
    /// First position (events) or number (control)
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// Last position (events) or number (control)
    #[arg(long)]
    pub to: Option<u64>,
    /// Only records of these kinds
    #[arg(long, value_enum, value_delimiter = ',')]
    pub kind: Vec<RecordKind>,
    /// Only events and markers written at this time or later, like 2026-11-22T10:00:00Z
    #[arg(long)]
    pub since: Option<String>,
    /// Only events and markers written before this time
    #[arg(long)]
    pub until: Option<String>,
    /// At most so many records
    #[arg(long)]
    pub limit: Option<u64>,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordKind {
    /// An event
    Event,
    /// The marker of a command, in the events log
    Marker,
    /// A command, in the control log
    Command,
    /// A record of a newer release
    Opaque,
    /// A record that cannot be read
    Error,
}

impl RecordKind {
    /// As it stands in a dump: the log, if it matters, and the kind.
    pub(crate) fn matches(self, log: &str, kind: &str) -> bool {
        match self {
            Self::Event => kind == "event",
            Self::Marker => log == "events" && kind == "command",
            Self::Command => log == "control" && kind == "command",
            Self::Opaque => kind == "opaque",
            Self::Error => kind == "error",
        }
    }
}

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// The events log
    Events,
    /// The control log
    Control,
    /// Both
    All,
}

/// `errata key`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List a project's keys: key, whether it writes, label
    List {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
    },
    /// Set how much a key may store in any minute
    Limit {
        /// The key
        key: String,
        /// Items; 0: as many as come
        #[arg(long, value_name = "ITEMS")]
        per_minute: u32,
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
    },
    /// Let a key write no longer
    Disable {
        /// 32 hex digits
        key: String,
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
    },
    /// Let a disabled key write again
    Enable {
        /// 32 hex digits
        key: String,
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
    },
    /// Create another key for a project; prints the DSN
    Create {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
        /// A name for it
        #[arg(long, default_value = "")]
        label: String,
    },
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UserRole {
    /// Reads, and changes issues
    Member,
    /// Also projects, keys and users
    Owner,
}

/// `errata user`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// List all people: id, status, role, address, name, projects they see
    List,
    /// Print a new one-time link to set the password; earlier ones end
    Reset {
        /// Their id or address
        user: String,
    },
    /// Remove a person: their sessions, tokens and links end at once
    Disable {
        /// Their id or address
        user: String,
    },
    /// Bring a removed person back
    Enable {
        /// Their id or address
        user: String,
    },
    /// Make an owner or a member of somebody
    Role {
        /// Their id or address
        user: String,
        /// What they may do
        #[arg(value_enum)]
        role: UserRole,
    },
    /// Say which projects a member sees: `all`, or ids separated by commas; `none`: no one
    Projects {
        /// Their id or address
        user: String,
        /// `all`, `none`, or ids: `1,4`
        projects: SeenProjects,
    },
    /// Create a user; prints a one-time link to set the password
    Create {
        /// The address they sign in with
        email: String,
        /// Their name
        #[arg(long, default_value = "")]
        name: String,
        /// Also projects, keys and users, not only issues
        #[arg(long)]
        owner: bool,
    },
}

/// What `errata user projects` is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SeenProjects {
    All,
    Only(Vec<u32>),
}

impl std::str::FromStr for SeenProjects {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "none" => Ok(Self::Only(Vec::new())),
            ids => {
                let ids = ids.split(',').map(|id| id.trim().parse());
                let ids = ids.collect::<Result<_, _>>();
                let refused = |_| format!("{text:?} is neither all, none nor ids as in 1,4");
                ids.map(Self::Only).map_err(refused)
            }
        }
    }
}

/// `errata token`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List all tokens that work: id, user, scope, end, label
    List,
    /// Revoke a token
    Revoke {
        /// Its id
        id: u32,
    },
    /// Create an API token; prints it once
    Create {
        /// A name for it
        #[arg(long, default_value = "command line")]
        label: String,
        /// Whose rights it has
        #[arg(long, default_value_t = 1)]
        user: u32,
        /// It reads only
        #[arg(long)]
        read_only: bool,
        /// In so many days it ends; 0: works until it is revoked
        #[arg(long, default_value_t = 0)]
        days: u32,
    },
}
