//! The command line of replays.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `errata replay`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
pub(crate) struct Replay {
    /// What to make anew; the rest is taken over
    #[arg(long, value_enum, default_value_t = Projection::All)]
    pub projection: Projection,
    /// Go on without what dropped events made when no checkpoint is left to start from.
    #[arg(long)]
    pub accept_loss: bool,
    /// As the logs were before this time, like 2026-11-22T10:00:00Z: to look at, never served
    #[arg(long, value_name = "TIME", requires = "to")]
    pub until: Option<String>,
    /// Where to put what is made with --until: a folder that is empty or not there
    #[arg(long, value_name = "DIR", requires = "until")]
    pub to: Option<PathBuf>,
    /// Do not wait for the end of what a running server does
    #[arg(long, conflicts_with = "until")]
    pub detach: bool,
    /// Say how far the running server's replay is
    #[arg(long, group = "steer", conflicts_with_all = ["until", "detach", "accept_loss"])]
    pub status: bool,
    /// Let the running server's replay wait
    #[arg(long, group = "steer", conflicts_with_all = ["until", "detach", "accept_loss"])]
    pub pause: bool,
    /// Let it go on
    #[arg(long, group = "steer", conflicts_with_all = ["until", "detach", "accept_loss"])]
    pub resume: bool,
    /// Give it up; what is live stays
    #[arg(long, group = "steer", conflicts_with_all = ["until", "detach", "accept_loss"])]
    pub cancel: bool,
}

/// What is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Projection {
    /// Issues and search
    All,
    /// The database of issues
    Issues,
    /// The search index
    Search,
}
