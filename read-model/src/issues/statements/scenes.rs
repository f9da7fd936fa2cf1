//! What a scene is of, by its number: looked up once a batch.

use std::collections::HashMap;

use rusqlite::{Result, Transaction};

use crate::issues::batch::Scene;

/// Scenes and names of one transaction.
pub(super) struct Scenes<'t> {
    transaction: &'t Transaction<'t>,
    known: HashMap<i64, Scene>,
    names: HashMap<i64, String>,
}

impl<'t> Scenes<'t> {
    pub(super) fn of_transaction(transaction: &'t Transaction<'t>) -> Self {
        Self {
            transaction,
            known: HashMap::new(),
            names: HashMap::new(),
        }
    }

    /// Numbers of a scene's environment and release.
    pub(super) fn of(&mut self, id: i64) -> Result<Scene> {
        if let Some(scene) = self.known.get(&id) {
            return Ok(*scene);
        }
        let sql = "SELECT environment, release FROM scene WHERE id = ?1";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let scene = statement.query_row([id], |row| {
            Ok(Scene {
                id,
                environment: row.get(0)?,
                release: row.get(1)?,
            })
        })?;
        self.known.insert(id, scene);
        Ok(scene)
    }

    /// The name with a number; empty for 0.
    pub(super) fn name(&mut self, id: i64) -> Result<&str> {
        if id != 0 && !self.names.contains_key(&id) {
            let sql = "SELECT name FROM name WHERE id = ?1";
            let mut statement = self.transaction.prepare_cached(sql)?;
            let name = statement.query_row([id], |row| row.get(0))?;
            self.names.insert(id, name);
        }
        Ok(self.names.get(&id).map_or("", String::as_str))
    }
}
