//! `errata project`: projects and what owners set for them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
    /// Print what is masked of a project's events as JSON, or set it
    ///
    /// Beyond the default, which always holds. To change it, print it into a file, edit that and set it.
    Scrub(SettingsChoice),
    /// Print which of a project's events are not wanted as JSON, or set it
    Filters(SettingsChoice),
    /// The rules that a project's events are grouped by
    GroupingRules {
        /// What with them
        #[command(subcommand)]
        command: GroupingRulesCommand,
    },
    /// Print how long a project's events are kept, a rule a line, or set it
    ///
    /// Beside the rules of the configuration; the shortest that takes an event in wins. What would go, `errata
    /// retention plan` says.
    Retention {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
        /// A rule in the place of those that hold, as often as there are: "level:debug 7d",
        /// "environment:staging 14d", "30d"
        #[arg(long, value_name = "RULE")]
        set: Vec<String>,
        /// No rules: its events are kept as long as all others
        #[arg(long, conflicts_with = "set")]
        clear: bool,
    },
    /// Print whether the surplus of a project's storms is only counted, or set it
    ///
    /// It is, until it is switched off: docs/storms.md tells what that means.
    SpikeProtection {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
        /// on or off
        #[arg(long)]
        set: Option<Switch>,
    },
}

/// `errata retention`
#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// Say by which rules events go, and how many of those that are there would go now
    ///
    /// As the running server knows it. Nothing is set.
    Plan {
        /// A rule to try beside those that hold, as often as there are: "project:3 level:debug 7d"
        #[arg(long, value_name = "RULE")]
        rule: Vec<String>,
    },
}

/// Whether something is done
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// It is
    On,
    /// It is not
    Off,
}

/// `errata project grouping-rules`
#[derive(Debug, Subcommand)]
pub(crate) enum GroupingRulesCommand {
    /// Print the rules, or who set which
    Get {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
        /// An earlier version's; 0: those that hold
        #[arg(long, default_value_t = 0)]
        version: u32,
        /// Print the versions instead, then what was applied: number, when, who, how long
        #[arg(long)]
        history: bool,
    },
    /// Set the rules, for events from now on
    Set {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
        /// A file with the rules, as docs/grouping.md has them; -: standard input
        file: PathBuf,
    },
    /// Say what is wrong with rules, and what of the newest events they hold; set nothing
    Check {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
        /// A file with the rules; -: standard input
        file: PathBuf,
        /// Of how many events, at most 1000
        #[arg(long, default_value_t = 100)]
        events: u32,
    },
    /// Say what rules would make of all events that are there; set nothing
    ///
    /// Which issues would merge, split or begin. Ctrl-C ends it.
    Preview(RulesPreview),
    /// Set rules or an algorithm, and group all events anew that are there
    ///
    /// What that would do, `preview` says. Prints once issues have it; Ctrl-C ends the waiting, not the work.
    Apply(RulesApplication),
    /// Take the newest application back: issues and rules are what they were
    Undo {
        /// The project's id
        #[arg(long, default_value_t = 1)]
        project: u32,
        /// Refuse if another application is the newest by now; 0: whichever is
        #[arg(long, default_value_t = 0)]
        application: u64,
    },
}

/// `errata project grouping-rules apply`
#[derive(Debug, Args)]
pub(crate) struct RulesApplication {
    /// The project's id
    #[arg(long, default_value_t = 1)]
    pub project: u32,
    /// A file with the rules; -: standard input
    #[arg(required_unless_present = "in_force", conflicts_with = "in_force")]
    pub file: Option<PathBuf>,
    /// The rules that hold
    #[arg(long)]
    pub in_force: bool,
    /// By this version of the algorithm; 0: the project's
    #[arg(long, default_value_t = 0)]
    pub algorithm: u32,
}

/// `errata project grouping-rules preview`
#[derive(Debug, Args)]
pub(crate) struct RulesPreview {
    /// The project's id
    #[arg(long, default_value_t = 1)]
    pub project: u32,
    /// A file with the rules; -: standard input; without one: those that hold
    pub file: Option<PathBuf>,
    /// By this version of the algorithm; 0: the project's
    #[arg(long, default_value_t = 0)]
    pub algorithm: u32,
    /// Of how many events, the newest; 0: 1000000
    #[arg(long, default_value_t = 0)]
    pub events: u32,
    /// For how many seconds; 0: 60
    #[arg(long, default_value_t = 0)]
    pub seconds: u32,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `errata project scrub`, `errata project filters`
#[derive(Debug, Args)]
pub(crate) struct SettingsChoice {
    /// The project's id
    #[arg(long, default_value_t = 1)]
    pub project: u32,
    /// A file with the JSON to set; -: standard input
    #[arg(long, value_name = "FILE")]
    pub set: Option<PathBuf>,
}
