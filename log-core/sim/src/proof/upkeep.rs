//! What is done to complete segments: rolled, sealed, dropped, redacted.

use super::life::Life;
use super::model::Violation;
use super::world::{CURSORS, World, note};
use crate::disk::Counts;
use ground::with_causes;
use log_core::Redaction;
use log_core::Retention;
use log_core::WriterState;
use log_core::{MaintainError, ManifestError, ReadError};

/// Records that are redacted at once.
const REDACTIONS_MAX: u64 = 3;

impl World {
    /// Does something to complete segments.
    pub(super) fn upkeep(&mut self, life: &mut Life) -> Result<(), Violation> {
        match self.rng.below(8) {
            0 | 1 => self.roll(life),
            2..=4 => self.seal(life),
            5 => self.retain(life),
            _ => self.redact(life),
        }
    }

    fn roll(&mut self, life: &mut Life) -> Result<(), Violation> {
        let before = life.log.state();
        let rolled = life.log.roll();
        note!(self, "roll: {:?}", rolled.as_ref().map(|_| ()));
        match rolled {
            Ok(ticket) => {
                self.model.taken(Vec::new(), ticket);
                Ok(())
            }
            Err(_) if before != WriterState::Running => Ok(()),
            Err(error) => Err(format!("a running log does not roll: {error}")),
        }
    }

    fn seal(&mut self, life: &mut Life) -> Result<(), Violation> {
        let faults = self.disk.counts();
        let sealed = life.log.seal_next();
        note!(self, "seal: {sealed:?}");
        match sealed {
            Ok(_) => Ok(()),
            Err(error) => self.excuse_upkeep(life, &faults, &error),
        }
    }

    /// Drops what retention plans, or simply some records.
    fn retain(&mut self, life: &mut Life) -> Result<(), Violation> {
        let faults = self.disk.counts();
        let mut sequence = 1 + self.rng.below(self.model.len() + 1);
        if self.rng.coin() {
            let retention = Retention {
                age_max: None,
                bytes_max: Some(self.rng.below(4) * self.config.segment_bytes),
                shed_bytes: self.rng.below(2) * self.config.segment_bytes,
                cursors_required: CURSORS.map(ToOwned::to_owned).to_vec(),
                cursor_lag_bytes_max: None,
            };
            let drops;
            match life.log.retention_plan(&retention) {
                Ok(plan) => (sequence, drops) = (plan.below, plan.segments > 0),
                Err(error) => return self.excuse_upkeep(life, &faults, &error),
            }
            for (name, cursor) in self.cursors.iter().filter(|_| drops) {
                if cursor.is_made() && cursor.least() < sequence {
                    return Err(format!(
                        "retention would drop below {sequence}, cursor {name} is at {cursor:?}"
                    ));
                }
            }
        }
        let dropped = life.log.drop_below(sequence);
        note!(self, "drop below {sequence}: {dropped:?}");
        match dropped {
            Ok(dropped) if dropped.segments > 0 => {
                self.model.drop_below(sequence, Some(dropped.first))
            }
            Ok(_) => Ok(()),
            Err(error) => {
                self.model.drop_below(sequence, None)?;
                self.excuse_upkeep(life, &faults, &error)
            }
        }
    }

    fn redact(&mut self, life: &mut Life) -> Result<(), Violation> {
        let faults = self.disk.counts();
        let dropped = self.model.dropped();
        let (mut redactions, mut versions) = (Vec::new(), Vec::new());
        for _ in 0..=self.rng.below(REDACTIONS_MAX) {
            let sequence = 1 + self.rng.below(self.model.len().max(1));
            let again = versions.iter().any(|&(other, _)| other == sequence);
            if let Some((version, payload)) = self.model.replacement(sequence)
                && !again
            {
                versions.push((sequence, version));
                redactions.push(Redaction {
                    sequence,
                    payload: payload.into(),
                });
            }
        }
        let redacted = life.log.redact(&redactions);
        note!(self, "redact {versions:?}: {redacted:?}");
        match redacted {
            Ok(()) => {
                for (sequence, version) in versions {
                    self.model.replaced(sequence, version, true);
                }
                Ok(())
            }
            Err(MaintainError::StillOpen { .. }) => Ok(()),
            Err(MaintainError::NoSuchRecord { sequence }) if sequence < dropped.end => Ok(()),
            Err(error) => {
                for (sequence, version) in versions {
                    self.model.replaced(sequence, version, false);
                }
                self.excuse_upkeep(life, &faults, &error)
            }
        }
    }

    /// Holds that an error of the upkeep is one of the disk, and none of the bytes.
    fn excuse_upkeep(
        &self,
        life: &Life,
        before: &Counts,
        error: &MaintainError,
    ) -> Result<(), Violation> {
        let wrong = match error {
            MaintainError::Open(error) => return self.excuse_open(before, error),
            MaintainError::Read(error) => return self.excuse_read(before, error, 0),
            MaintainError::Sealed(_) | MaintainError::Manifest(_) => false,
            // No such record, one that is still open, another length; and what is new.
            _ => true,
        };
        if wrong {
            return Err(format!(
                "whatever the disk did, this is wrong: {}",
                with_causes(error)
            ));
        }
        if matches!(error, MaintainError::Manifest(ManifestError::Broken)) {
            // Once a manifest could not be stored no other is tried.
            return match life.log.state() {
                WriterState::Poisoned { .. } => Ok(()),
                state => Err(format!("the manifest is broken, but the log is {state:?}")),
            };
        }
        self.excuse(before, error)
    }

    /// The same for a read from record `from`.
    pub(super) fn excuse_read(
        &self,
        before: &Counts,
        error: &ReadError,
        from: u64,
    ) -> Result<(), Violation> {
        match error {
            ReadError::NotRetained { sequence, .. }
                if *sequence >= from && *sequence < self.model.dropped().end =>
            {
                Ok(())
            }
            ReadError::Io { .. } | ReadError::Sealed(_) | ReadError::Follow(_) => {
                self.excuse(before, error)
            }
            _ => Err(format!(
                "whatever the disk did, this is wrong: {}",
                with_causes(error)
            )),
        }
    }
}
