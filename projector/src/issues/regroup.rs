//! Issues merged, and fingerprints taken out of one.
//!
//! Invariant: fingerprints are put into sets, and all else follows: the id of a set is that
//! of its fingerprint whose first event is the oldest, and how an issue stands goes with
//! its id, kept aside while the issue of that id is part of another one. So what is merged
//! and taken apart again is what it was. Works on what is stored: the batch before it was
//! written, and nothing stands in the batch with it ([`super::fold::take_in`]).

use std::collections::{BTreeMap, HashSet};

use event_model::{Fingerprint, IssueId, ProjectId};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::{Regroup, Whole},
        writer::{IssueState, Member},
    },
};

use super::{Projection, commands::Decider};

/// Fingerprints of one issue: bounds what a merge, a new user of a merged issue and a
/// search for its events cost. The gateway says it before.
const FINGERPRINTS_MAX: usize = 1_000;

impl Projection {
    /// Makes one issue of several. What leads to the same issue, to none, to another
    /// project's or to a discarded one is passed over; so is all of it if less than two are
    /// left, or if they would have too many fingerprints.
    pub(super) fn merge(
        &mut self,
        writer: &IssueWriter,
        project_id: ProjectId,
        ids: &[IssueId],
        by: &Decider,
    ) -> Result<(), ReadModelError> {
        let mut issues: BTreeMap<IssueId, IssueState> = BTreeMap::new();
        for id in ids {
            if let Some((id, state)) = self.mergeable(writer, project_id, *id)? {
                issues.insert(id, state);
            }
        }
        let oldest = issues.iter().min_by_key(|(_, state)| state.opened);
        let Some(survivor) = oldest.map(|(id, _)| *id).filter(|_| issues.len() > 1) else {
            return Ok(());
        };
        let mut fingerprints = Vec::new();
        for id in issues.keys() {
            let members = writer.members(*id, FINGERPRINTS_MAX + 1)?;
            fingerprints.extend(members.into_iter().map(|member| member.id));
            if fingerprints.len() > FINGERPRINTS_MAX {
                return Ok(());
            }
        }
        let Some(state) = issues.remove(&survivor) else {
            unreachable!("it is one of them")
        };
        let others: Vec<String> = issues.keys().map(ToString::to_string).collect();
        let merged = by.activity(survivor, "merged", others.join(","));
        self.batch.activities.push(merged);
        for id in issues.keys() {
            let merged = by.activity(*id, "merged_into", survivor.to_string());
            self.batch.activities.push(merged);
        }
        let gone = issues.into_iter().map(|(id, state)| (id, state.stand));
        self.batch.regroup = Some(Regroup {
            changed: by.position,
            gone: gone.collect(),
            wholes: vec![Whole {
                id: survivor,
                project_id,
                fingerprints,
                stand: state.stand,
            }],
            stands: Vec::new(),
        });
        Ok(())
    }

    /// The issue that an id leads to, if it is one of the project and not discarded.
    fn mergeable(
        &self,
        writer: &IssueWriter,
        project_id: ProjectId,
        id: IssueId,
    ) -> Result<Option<(IssueId, IssueState)>, ReadModelError> {
        let Some(id) = writer.lead(id)? else {
            return Ok(None);
        };
        let state = writer.issue(id)?;
        let is_one =
            |state: &IssueState| state.project_id == project_id && !self.control.is_discarded(id);
        Ok(state.filter(is_one).map(|state| (id, state)))
    }

    /// Takes fingerprints out of an issue, to be issues of their own or one together. The
    /// part with the oldest event stays the issue that it was.
    pub(super) fn unmerge(
        &mut self,
        writer: &IssueWriter,
        (project_id, id): (ProjectId, IssueId),
        fingerprints: &[Fingerprint],
        together: bool,
        by: &Decider,
    ) -> Result<(), ReadModelError> {
        let Some((id, state)) = self.mergeable(writer, project_id, id)? else {
            return Ok(());
        };
        let wanted: HashSet<Fingerprint> = fingerprints.iter().copied().collect();
        let members = writer.members(id, FINGERPRINTS_MAX)?;
        let (taken, rest): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| wanted.contains(&member.fingerprint));
        let mut parts: Vec<Vec<Member>> = if together {
            vec![taken]
        } else {
            taken.into_iter().map(|member| vec![member]).collect()
        };
        parts.push(rest);
        parts.retain(|part| !part.is_empty());
        if parts.len() < 2 {
            return Ok(());
        }
        let mut stand = Some(state.stand);
        let mut wholes = Vec::with_capacity(parts.len());
        let mut others = Vec::new();
        for part in parts {
            // Members come oldest first.
            let own = part[0].id;
            let stood = if own == id {
                stand.take()
            } else {
                others.push(own.to_string());
                let apart = by.activity(own, "unmerged_from", id.to_string());
                self.batch.activities.push(apart);
                writer.kept_stand(own)?
            };
            wholes.push(Whole {
                id: own,
                project_id,
                fingerprints: part.into_iter().map(|member| member.id).collect(),
                stand: stood.unwrap_or_default(),
            });
        }
        let apart = by.activity(id, "unmerged", others.join(","));
        self.batch.activities.push(apart);
        self.batch.regroup = Some(Regroup {
            changed: by.position,
            gone: Vec::new(),
            wholes,
            stands: Vec::new(),
        });
        Ok(())
    }
}
