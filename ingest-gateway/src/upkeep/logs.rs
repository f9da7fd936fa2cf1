//! What the logs' own maintenance has found, as metrics and as lines in the server's log.
//!
//! The logs seal and scrub by themselves. This only looks: damage and failures are
//! said once each, loudly, for a person to act on.

use std::{collections::HashSet, time::Duration};

use event_log::{LogWriter, error::WhichLog, writer::Maintenance};

use crate::telemetry;

/// Looks after both logs.
#[derive(Debug, Clone)]
pub struct LogCare {
    pub(crate) log: LogWriter,
}

impl LogCare {
    /// Looks every `every`, until the future is dropped.
    pub async fn run(&self, every: Duration) {
        let mut said = HashSet::new();
        loop {
            for (log, found) in self.log.maintenance() {
                report(log, &found, &mut said);
            }
            tokio::time::sleep(every).await;
        }
    }
}

fn report(log: WhichLog, found: &Maintenance, said: &mut HashSet<String>) {
    telemetry::maintained(log, found);
    for (segment, error) in &found.scrubbed.damaged {
        if said.insert(format!("{log} {segment}")) {
            tracing::error!(
                %log, segment, error,
                "a segment is damaged on disk; see `errata log verify` and restore it from a backup"
            );
        }
    }
    if let Some(error) = &found.sealing_error
        && said.insert(error.clone())
    {
        tracing::error!(%log, error, "a segment could not be sealed; it is kept as it was written");
    }
}
