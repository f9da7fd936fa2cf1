//! What the start prints for people.

use std::{fmt::Write as _, io::Write as _, net::SocketAddr};

use anyhow::{Context, Result};
use ingest_gateway::BootstrapReport;

use crate::{cli::Role, config::Config};

/// How many roles there are: a process with all of them need not name them.
const ROLES: usize = 4;

pub(super) struct Banner {
    roles: Vec<Role>,
    ops_address: SocketAddr,
}

impl Banner {
    pub(super) fn new(roles: &[Role], ops_address: SocketAddr) -> Self {
        Self {
            roles: roles.to_vec(),
            ops_address,
        }
    }

    /// Prints it; `report` is the gateway's.
    pub(super) fn print(&self, config: &Config, report: Option<&BootstrapReport>) -> Result<()> {
        let text = self.text(config, report)?;
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .context("write to standard output")
    }

    fn text(&self, config: &Config, report: Option<&BootstrapReport>) -> Result<String> {
        let has = |role| self.roles.contains(&role);
        let mut text = format!("Errata {}\n\n", env!("CARGO_PKG_VERSION"));
        if self.roles.len() < ROLES {
            let names: Vec<String> = self.roles.iter().map(ToString::to_string).collect();
            writeln!(text, "  Roles    {}", names.join(", "))?;
        }
        if has(Role::Query) {
            writeln!(text, "  Web UI   {}", config.public_url())?;
        } else if has(Role::Gateway) {
            writeln!(text, "  Ingest   {}", config.listen_url())?;
        }
        if config.wants_public_url() && (has(Role::Query) || has(Role::Gateway)) {
            writeln!(
                text,
                "           (as seen from this machine: set ERRATA_PUBLIC_URL to what others reach it by)"
            )?;
        }
        if let Some(report) = report {
            if let Some(link) = &report.owner_link {
                writeln!(
                    text,
                    "  Owner    {link}   (sets the owner's password, once)"
                )?;
            }
            if let Some(dsn) = &report.dsn {
                writeln!(text, "  DSN      {dsn}   (project 1)")?;
            }
        }
        writeln!(text, "  Metrics  http://{}/metrics", self.ops_address)?;
        if self.roles != [Role::Alerter] {
            writeln!(text, "  Data     {}", config.data_dir.display())?;
        }
        if let Some(report) = report {
            let quota = report.plan.events_per_hour().map_or_else(
                || "no quota of events".to_owned(),
                |events| format!("{events} events an hour"),
            );
            let off = if config.limits.enabled {
                ""
            } else {
                "; limits are switched off"
            };
            writeln!(text, "  Plan     {}: {quota}{off}", report.plan.name())?;
        }
        text.push('\n');
        Ok(text)
    }
}
