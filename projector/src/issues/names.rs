//! Numbers of environments, releases and scenes.
//!
//! Invariant: numbers are given in log order, from 1 without a gap, so they do not
//! depend on where batches end; a number once given is in the batch at hand or in
//! the database.
//!
//! A project has at most [`RELEASES_MAX`] releases and [`ENVIRONMENTS_MAX`] environments,
//! the first in log order; events of all later ones count under [`OTHER_NAME`]. What was
//! let in stays in. An event itself keeps what it was sent with.

use std::collections::HashMap;

use event_model::{ProjectId, head::ArchivedHead};
use read_model::{
    ReadModelError,
    issues::{
        IssueBatch, IssueWriter,
        batch::{FastState, NameOf, OTHER_NAME, Scene},
    },
};

/// Distinct releases of a project that are counted one by one: ten a day for years. Bounds
/// the rows that made-up names can cost, here and by issue.
pub(super) const RELEASES_MAX: u64 = 10_000;
/// Distinct environments of a project, likewise: some name one by branch or customer.
pub(super) const ENVIRONMENTS_MAX: u64 = 1_000;
/// What one entry costs beside its text, bytes: keys, numbers, the maps' own.
const ENTRY_BYTES: usize = 64;

/// The numbers in memory.
#[derive(Debug, Default)]
pub(super) struct Names {
    own: HashMap<ProjectId, Own, FastState>,
    /// Of all projects.
    numbers: HashMap<String, i64, FastState>,
    scenes: HashMap<(i64, i64), i64, FastState>,
    /// The highest given to a name and to a scene; none: not asked for yet.
    given: Option<(i64, i64)>,
    bytes: usize,
}

/// A project's.
#[derive(Debug, Default)]
struct Own {
    environments: Let,
    releases: Let,
}

/// Names that were let in.
#[derive(Debug, Default)]
struct Let {
    numbers: HashMap<String, i64, FastState>,
    /// How many, those included that are not in memory; none: not asked for yet.
    count: Option<u64>,
}

impl Names {
    /// Bytes held, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the event's scene; numbers that are new go into the batch.
    pub(super) fn place(
        &mut self,
        writer: &IssueWriter,
        batch: &mut IssueBatch,
        head: &ArchivedHead,
    ) -> Result<i64, ReadModelError> {
        let project = ProjectId(head.project_id.to_native());
        self.scene_of(writer, batch, project, (&head.environment, &head.release))
    }

    /// The number of the scene of an environment and a release, likewise.
    pub(super) fn scene_of(
        &mut self,
        writer: &IssueWriter,
        batch: &mut IssueBatch,
        project: ProjectId,
        (environment, release): (&str, &str),
    ) -> Result<i64, ReadModelError> {
        let environment = self.name(writer, batch, (project, NameOf::Environment), environment)?;
        let release = self.name(writer, batch, (project, NameOf::Release), release)?;
        self.scene(writer, batch, environment, release)
    }

    fn given(&mut self, writer: &IssueWriter) -> Result<&mut (i64, i64), ReadModelError> {
        let given = match self.given {
            Some(given) => given,
            None => writer.numbers_given()?,
        };
        Ok(self.given.insert(given))
    }

    /// The number of a project's name, or of that under which it counts.
    fn name(
        &mut self,
        writer: &IssueWriter,
        batch: &mut IssueBatch,
        (project, of): (ProjectId, NameOf),
        name: &str,
    ) -> Result<i64, ReadModelError> {
        if name.is_empty() {
            return Ok(0);
        }
        let own = self.own.entry(project).or_default();
        let (names, names_max) = match of {
            NameOf::Environment => (&mut own.environments, ENVIRONMENTS_MAX),
            NameOf::Release => (&mut own.releases, RELEASES_MAX),
        };
        if let Some(number) = names.numbers.get(name) {
            return Ok(*number);
        }
        if name == OTHER_NAME {
            return self.number(writer, batch, name);
        }
        if !writer.has_name(project, of, name)? {
            let count = match names.count {
                Some(count) => count,
                None => writer.names_of(project, of)?,
            };
            if count >= names_max {
                names.count = Some(count);
                return self.number(writer, batch, OTHER_NAME);
            }
            names.count = Some(count + 1);
        }
        let number = self.number(writer, batch, name)?;
        let own = self.own.entry(project).or_default();
        let names = match of {
            NameOf::Environment => &mut own.environments,
            NameOf::Release => &mut own.releases,
        };
        self.bytes += name.len() + ENTRY_BYTES;
        names.numbers.insert(name.to_owned(), number);
        Ok(number)
    }

    /// The number of a name, given now if need be.
    fn number(
        &mut self,
        writer: &IssueWriter,
        batch: &mut IssueBatch,
        name: &str,
    ) -> Result<i64, ReadModelError> {
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        let number = if let Some(stored) = writer.name_id(name)? {
            stored
        } else {
            let (newest, _) = self.given(writer)?;
            *newest += 1;
            batch.names.push((*newest, name.to_owned()));
            *newest
        };
        self.bytes += name.len() + ENTRY_BYTES;
        self.numbers.insert(name.to_owned(), number);
        Ok(number)
    }

    fn scene(
        &mut self,
        writer: &IssueWriter,
        batch: &mut IssueBatch,
        environment: i64,
        release: i64,
    ) -> Result<i64, ReadModelError> {
        if let Some(number) = self.scenes.get(&(environment, release)) {
            return Ok(*number);
        }
        let number = if let Some(stored) = writer.scene_id(environment, release)? {
            stored
        } else {
            let (_, newest) = self.given(writer)?;
            *newest += 1;
            batch.scenes.push(Scene {
                id: *newest,
                environment,
                release,
            });
            *newest
        };
        self.bytes += ENTRY_BYTES;
        self.scenes.insert((environment, release), number);
        Ok(number)
    }
}
