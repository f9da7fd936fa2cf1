//! Removing old backups: the newest ones stay, with all that they rely on.
//!
//! Invariant: what stays is as whole as before. Of what goes, the manifest goes first, so that a removal that was
//! interrupted leaves no half backup that looks whole; the next one goes on. A backup that cannot be read may rely on
//! any other, so nothing is removed while there is one. What was interrupted goes as well, unless it may still be
//! running.
//!
//! Fails with [`BackupError`].

use std::{collections::BTreeSet, time::Duration};

use ground::Clock;
use object_place::Place;

use crate::{
    error::BackupError,
    manifest::NAME,
    target::{Target, begun_of},
    verify::list,
};

/// In a bucket nothing says that a backup is running; none takes longer.
const RUNNING_MAX: Duration = Duration::from_hours(48);

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Backups that stay, oldest first.
    pub kept: Vec<String>,
    /// Folders that went.
    pub removed: Vec<String>,
}

/// Keeps the newest `keep` backups, at least one, and what they rely on.
pub fn prune(place: &Place, keep: usize, clock: &Clock) -> Result<Pruned, BackupError> {
    let target = Target::open_to_remove(place)?;
    let listed = list(&target)?;
    if let Some((id, why)) = listed.unreadable.first() {
        return Err(BackupError::Manifest {
            object: format!("{id}/{NAME}"),
            place: target.address().to_owned(),
            what: format!("{why}; it may rely on others, so nothing is removed"),
        });
    }
    let newest = listed.whole.len().saturating_sub(keep.max(1));
    let stays: BTreeSet<&String> = listed.whole[newest..]
        .iter()
        .flat_map(|header| header.relies_on.iter().chain([&header.id]))
        .collect();
    let oldest_ns = clock.now_ns() - RUNNING_MAX.as_nanos() as i64;
    let is_dead = |id: &&String| begun_of(id).is_none_or(|begun_ns| begun_ns < oldest_ns);
    let whole = listed.whole.iter().map(|header| &header.id);
    let mut pruned = Pruned::default();
    for id in whole {
        if stays.contains(id) {
            pruned.kept.push(id.clone());
        } else {
            target.remove(id)?;
            pruned.removed.push(id.clone());
        }
    }
    // Of a whole one that something relies on only the manifest may be gone.
    let interrupted = listed.interrupted.iter().filter(is_dead);
    for id in interrupted.filter(|id| !stays.contains(id)) {
        target.remove(id)?;
        pruned.removed.push(id.clone());
    }
    Ok(pruned)
}
