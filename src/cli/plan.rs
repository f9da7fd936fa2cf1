//! `errata plan`.

use clap::{Subcommand, ValueEnum};

/// `errata plan`
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Set the plan of the organisation, or of one project
    ///
    /// The organisation's is shared by its projects; a project's own holds beside it. The number holds for each category by itself: so many errors, so many attachments an hour, UTC.
    Set {
        /// Which
        #[arg(value_enum)]
        plan: PlanName,
        /// Of an enterprise plan: events an hour
        #[arg(long, default_value_t = 0, required_if_eq("plan", "enterprise"))]
        events_per_hour: u64,
        /// The project's id; without it, the organisation
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        project: u32,
    },
}

/// The name of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanName {
    /// No quota
    Unlimited,
    /// 1,000 events an hour
    Free,
    /// 10,000 events an hour
    Pro,
    /// As many as --events-per-hour says
    Enterprise,
}
