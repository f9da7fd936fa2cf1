//! Events that are grouped otherwise: fingerprints renamed, joined and taken apart, in one
//! transaction with what follows of it, and taken back.
//!
//! Invariant: nobody sees a part of it; without [`Move::finish`] nothing happened. What was
//! before stands aside until the next one of the project, so that it can be taken back
//! exactly.

use std::collections::BTreeSet;

use event_model::{Fingerprint, IssueId, Position, ProjectId};
use rusqlite::{Result, Row, Transaction, TransactionBehavior, params};

use super::{
    batch::{FingerprintDelta, Headline, IssueBatch, Stand},
    statements::{self, kept, moves},
    writer::IssueWriter,
};
use crate::ReadModelError;

/// A fingerprint, as far as a move asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintRow {
    /// Of the issue that it opened.
    pub id: IssueId,
    /// Which.
    pub fingerprint: Fingerprint,
    /// The record of its first event.
    pub opened: Position,
    /// The issue it belongs to.
    pub issue: IssueId,
    /// What it counts.
    pub count: u64,
}

/// What a fingerprint may hold, for those that are joined.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Keys of tags.
    pub keys: usize,
    /// Values of a key.
    pub values: usize,
    /// Minutes behind its newest event.
    pub minutes: i64,
}

/// A move under way.
#[derive(Debug)]
pub struct Move<'w> {
    transaction: Transaction<'w>,
    project: ProjectId,
}

impl IssueWriter {
    /// Begins a move of a project's events; whatever this writer is asked meanwhile it
    /// answers as the move has it.
    pub fn begin_move(&self, project: ProjectId) -> Result<Move<'_>, ReadModelError> {
        let begun = Transaction::new_unchecked(self.connection(), TransactionBehavior::Immediate);
        let transaction = begun.map_err(ReadModelError::sqlite("begin a move"))?;
        Ok(Move {
            transaction,
            project,
        })
    }

    /// The state of a project's fingerprint; none: it has no event.
    pub fn print_row(
        &self,
        project: ProjectId,
        print: Fingerprint,
    ) -> Result<Option<PrintRow>, ReadModelError> {
        let sql = "SELECT id, fingerprint, opened, issue_id, count FROM fingerprint
            WHERE project_id = ?1 AND fingerprint = ?2";
        let what = "look up a fingerprint";
        self.one(what, sql, params![project.0, print.0], print_row)
    }

    /// The fingerprints of an issue, the one whose first event is the oldest first.
    pub fn print_rows(&self, issue: IssueId) -> Result<Vec<PrintRow>, ReadModelError> {
        let sql = "SELECT id, fingerprint, opened, issue_id, count FROM fingerprint
            WHERE issue_id = ?1 ORDER BY opened, id";
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let rows = statement.query_map([issue.0 as i64], print_row)?;
                rows.collect()
            })
            .map_err(ReadModelError::sqlite("read an issue's fingerprints"))
    }

    /// Whether a fingerprint has this id or had it before it was carried on.
    pub fn has_id(&self, id: IssueId) -> Result<bool, ReadModelError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM fingerprint WHERE id = ?1)
            OR EXISTS (SELECT 1 FROM moved WHERE id = ?1)";
        let found = self.one("look for an id", sql, [id.0 as i64], |row| row.get(0))?;
        Ok(found.unwrap_or(false))
    }

    /// Records that the projection could not take in.
    pub fn passed_over(&self) -> Result<BTreeSet<Position>, ReadModelError> {
        let sql = "SELECT value FROM meta WHERE key >= 'passed_over.' AND key < 'passed_over/'";
        let position = |row: &Row<'_>| Ok(Position(row.get::<_, i64>(0)? as u64));
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([], position)?.collect())
            .map_err(ReadModelError::sqlite("read what was passed over"))
    }

    /// The kinds of events of a project, with the fingerprint of each and the Unix minute of
    /// the newest event that was kept for it.
    pub fn kinds(
        &self,
        project: ProjectId,
    ) -> Result<Vec<(u64, Fingerprint, i64)>, ReadModelError> {
        let sql = "SELECT kind, fingerprint, minute FROM kind WHERE project_id = ?1 ORDER BY kind";
        let kind = |row: &Row<'_>| {
            let number = row.get::<_, i64>(0)? as u64;
            Ok((number, Fingerprint(row.get(1)?), row.get(2)?))
        };
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([project.0], kind)?.collect())
            .map_err(ReadModelError::sqlite("read kinds of events"))
    }

    /// The latest event time of the fingerprint of this id, Unix milliseconds.
    pub fn last_seen(&self, id: IssueId) -> Result<Option<i64>, ReadModelError> {
        let sql = "SELECT last_seen FROM fingerprint WHERE id = ?1 AND count > 0";
        self.one("look up a fingerprint", sql, [id.0 as i64], |row| {
            row.get(0)
        })
    }

    /// The issues whose history has a line of the command at this place.
    pub fn issues_told(&self, at: Position) -> Result<Vec<IssueId>, ReadModelError> {
        let sql = "SELECT DISTINCT issue_id FROM activity WHERE position = ?1 ORDER BY issue_id";
        let id = |row: &Row<'_>| row.get::<_, i64>(0).map(|id| IssueId(id as u64));
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([at.0 as i64], id)?.collect())
            .map_err(ReadModelError::sqlite("read an issue's history"))
    }

    /// All issues of a project, and how each stands.
    pub fn stands(&self, project: ProjectId) -> Result<Vec<(IssueId, Stand)>, ReadModelError> {
        kept::stands(self.connection(), project).map_err(ReadModelError::sqlite("read issues"))
    }
}

/// Of id, fingerprint, opened, issue and count.
pub(super) fn print_row(row: &Row<'_>) -> Result<PrintRow> {
    let number = |at| row.get::<_, i64>(at).map(|number| number as u64);
    Ok(PrintRow {
        id: IssueId(number(0)?),
        fingerprint: Fingerprint(row.get(1)?),
        opened: Position(number(2)?),
        issue: IssueId(number(3)?),
        count: number(4)?,
    })
}

impl Move<'_> {
    /// Puts what the project has aside, as it was before the command of this number and place;
    /// what stood aside of it before goes.
    pub fn keep(&self, number: u64, at: Position) -> Result<(), ReadModelError> {
        kept::keep(&self.transaction, self.project, (number, at))
            .map_err(ReadModelError::sqlite("keep what there was"))
    }

    /// Brings back what was put aside, and says where that command stands; none: there is
    /// nothing.
    pub fn restore(&self, number: u64) -> Result<Option<Position>, ReadModelError> {
        kept::restore(&self.transaction, self.project, number)
            .map_err(ReadModelError::sqlite("bring back what there was"))
    }

    /// Forgets what fingerprints were called before the last move.
    pub fn forget_former(&self) -> Result<(), ReadModelError> {
        let sql = "DELETE FROM former WHERE project_id = ?1";
        let done = self.transaction.execute(sql, [self.project.0]);
        done.map(|_| ())
            .map_err(ReadModelError::sqlite("forget former fingerprints"))
    }

    /// Takes away all that a fingerprint counts.
    pub fn clear(&self, id: IssueId) -> Result<(), ReadModelError> {
        moves::clear(&self.transaction, id).map_err(ReadModelError::sqlite("clear a fingerprint"))
    }

    /// Takes the names of fingerprints away, so that others can have them. What each was
    /// called is remembered until the next move.
    pub fn unname(&self, ids: &[(IssueId, Fingerprint)]) -> Result<(), ReadModelError> {
        moves::unname(&self.transaction, self.project, ids)
            .map_err(ReadModelError::sqlite("rename fingerprints"))
    }

    /// Gives a fingerprint its name.
    pub fn name(&self, id: IssueId, print: Fingerprint) -> Result<(), ReadModelError> {
        moves::name(&self.transaction, self.project, id, print)
            .map_err(ReadModelError::sqlite("rename a fingerprint"))
    }

    /// Adds what others count to a fingerprint; their ids lead to it.
    pub fn fold(
        &self,
        others: &[IssueId],
        into: IssueId,
        caps: &Caps,
    ) -> Result<(), ReadModelError> {
        moves::fold(&self.transaction, self.project, others, into, caps)
            .map_err(ReadModelError::sqlite("join fingerprints"))
    }

    /// The id of a fingerprint that counts nothing leads to another one.
    pub fn lead_on(&self, id: IssueId, into: IssueId) -> Result<(), ReadModelError> {
        moves::lead_on(&self.transaction, self.project, id, into)
            .map_err(ReadModelError::sqlite("lead an id on"))
    }

    /// Adds to what fingerprints count.
    pub fn add(&self, prints: &[FingerprintDelta]) -> Result<(), ReadModelError> {
        statements::add(&self.transaction, prints)
            .map_err(ReadModelError::sqlite("count moved events"))
    }

    /// Takes from what a fingerprint counts, as far as sums can tell: its users stay.
    pub fn subtract(&self, print: &FingerprintDelta) -> Result<(), ReadModelError> {
        moves::subtract(&self.transaction, print)
            .map_err(ReadModelError::sqlite("take moved events away"))
    }

    /// What a fingerprint shows is of these events, which it kept.
    pub fn show(&self, print: &FingerprintDelta, from: Position) -> Result<(), ReadModelError> {
        moves::show(&self.transaction, print, from)
            .map_err(ReadModelError::sqlite("show what is left of a fingerprint"))
    }

    /// Shows a fingerprint so, if this is its last event; whether that is another way than
    /// before.
    pub fn headline(
        &self,
        id: IssueId,
        of: Position,
        shown: &Headline,
    ) -> Result<bool, ReadModelError> {
        moves::headline(&self.transaction, (id, of), shown)
            .map_err(ReadModelError::sqlite("show a fingerprint"))
    }

    /// Ends it, with what else the batch has: issues made of their fingerprints, history,
    /// kinds, the position.
    pub fn finish(self, batch: &IssueBatch) -> Result<(), ReadModelError> {
        statements::finish(&self.transaction, batch)
            .and_then(|()| self.transaction.commit())
            .map_err(ReadModelError::sqlite("end a move"))
    }
}
