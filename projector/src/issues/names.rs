//! Numbers of environments, releases and scenes.
//!
//! Invariant: numbers are given in log order, from 1 without a gap, so they do not
//! depend on where batches end; a number once given is in the batch at hand or in
//! the database.

use std::collections::HashMap;

use event_model::head::ArchivedHead;
use read_model::{
    ReadModelError,
    issues::{IssueBatch, IssueWriter, batch::Scene},
};

/// What one entry costs beside its text, bytes: keys, numbers, the maps' own.
const ENTRY_BYTES: usize = 64;

/// Where an event belongs: numbers of its environment, its release and both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// 0: none.
    pub(super) environment: i64,
    /// 0: none.
    pub(super) release: i64,
    /// Of both together.
    pub(super) scene: i64,
}

/// The numbers in memory.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<String, i64>,
    scenes: HashMap<(i64, i64), i64>,
    /// The highest given to a name and to a scene; none: not asked for yet.
    given: Option<(i64, i64)>,
    bytes: usize,
}

impl Names {
    /// Bytes held, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The event's place; numbers that are new go into the batch.
    pub(super) fn place(
        &mut self,
        writer: &IssueWriter,
        batch: &mut IssueBatch,
        head: &ArchivedHead,
    ) -> Result<Place, ReadModelError> {
        let environment = self.name(writer, batch, &head.environment)?;
        let release = self.name(writer, batch, &head.release)?;
        let scene = self.scene(writer, batch, environment, release)?;
        Ok(Place {
            environment,
            release,
            scene,
        })
    }

    fn given(&mut self, writer: &IssueWriter) -> Result<&mut (i64, i64), ReadModelError> {
        let given = match self.given {
            Some(given) => given,
            None => writer.numbers_given()?,
        };
        Ok(self.given.insert(given))
    }

    fn name(
        &mut self,
        writer: &IssueWriter,
        batch: &mut IssueBatch,
        name: &str,
    ) -> Result<i64, ReadModelError> {
        if name.is_empty() {
            return Ok(0);
        }
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
