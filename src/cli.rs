//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    Replay,
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
    /// Keys that clients write with
    Key {
        /// What to do
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// People
    User {
        /// What to do
        #[command(subcommand)]
        command: UserCommand,
    },
    /// API tokens
    Token {
        /// What to do
        #[command(subcommand)]
        command: TokenCommand,
    },
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
    /// Segments, sizes, positions
    Stat(LogChoice),
    /// Check every byte; exit code 1 if anything is wrong
    Verify(LogChoice),
    /// Print records as JSON lines, heads and bodies decoded
    Dump(LogDump),
}

/// Which log.
#[derive(Debug, Args)]
pub(crate) struct LogChoice {
    /// Which log
    #[arg(long, value_enum, default_value_t = Log::All)]
    pub log: Log,
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
    /// At most so many records
    #[arg(long)]
    pub limit: Option<u64>,
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

/// `errata project`
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Create a project and its first key; prints the DSN
    Create {
        /// 1 to 64 characters, unique
        name: String,
        /// "javascript", "python", …
        #[arg(long, default_value = "")]
        platform: String,
    },
}

/// `errata key`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
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

/// `errata user`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
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

/// `errata token`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create an API token; prints it once
    Create {
        /// A name for it
        #[arg(long, default_value = "command line")]
        label: String,
        /// Whose rights it has
        #[arg(long, default_value_t = 1)]
        user: u32,
    },
}
