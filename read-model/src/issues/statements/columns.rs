//! What a row of an issue and one of a fingerprint have alike: all that events say of
//! them. Written by the same text, so that they cannot come apart.

use rusqlite::{Result, Statement, ToSql};

use crate::issues::{
    batch::{Counts, ReleaseSeen},
    numbers::level_number,
};

/// The columns of ?2 to ?24, ?1 being the id; those of the one table only stand behind.
pub(super) const COLUMNS: &str = "title, culprit, type, value, level, platform, handled,
    count, users, first_seen, last_seen, first_position, last_position, first_event_id,
    last_event_id, first_release, last_release, first_release_at, last_release_at, opened,
    sampled, first_at, last_at";
/// Their places.
pub(super) const PLACES: &str = "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
    ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24";
/// Columns of the first and the last event change only if the batch has an earlier
/// or a later one; every right side reads the row as it was.
pub(super) const UPDATES: &str = "
    title = iif(?24 >= last_at, ?2, title), culprit = iif(?24 >= last_at, ?3, culprit),
    type = iif(?24 >= last_at, ?4, type), value = iif(?24 >= last_at, ?5, value),
    level = iif(?24 >= last_at, ?6, level),
    platform = iif(?24 >= last_at, ?7, platform),
    handled = iif(?24 >= last_at, ?8, handled),
    count = count + ?9, users = users + ?10,
    first_seen = min(first_seen, ?11), last_seen = max(last_seen, ?12),
    first_position = iif(?23 < first_at, ?13, first_position),
    last_position = iif(?24 >= last_at, ?14, last_position),
    first_event_id = iif(?23 < first_at, ?15, first_event_id),
    last_event_id = iif(?24 >= last_at, ?16, last_event_id),
    first_release =
        iif(?17 <> '' AND (first_release = '' OR ?19 < first_release_at), ?17, first_release),
    first_release_at =
        iif(?17 <> '' AND (first_release = '' OR ?19 < first_release_at), ?19, first_release_at),
    last_release =
        iif(?18 <> '' AND (last_release = '' OR ?20 >= last_release_at), ?18, last_release),
    last_release_at =
        iif(?18 <> '' AND (last_release = '' OR ?20 >= last_release_at), ?20, last_release_at),
    opened = min(opened, ?21), sampled = sampled + ?22,
    first_at = min(first_at, ?23), last_at = max(last_at, ?24)";

/// Runs a statement of these columns, `more` being its values behind them.
pub(super) fn execute(
    statement: &mut Statement<'_>,
    id: i64,
    counts: &Counts,
    users: i64,
    more: &[&dyn ToSql],
) -> Result<usize> {
    let headline = &counts.headline;
    let release = |seen: &Option<ReleaseSeen>| match seen {
        Some((at, _, name)) => (*at, name.clone()),
        None => (0, String::new()),
    };
    let (first, last) = (
        release(&counts.first_release),
        release(&counts.last_release),
    );
    let numbers = [
        level_number(headline.level),
        counts.count as i64,
        counts.first.0.0 as i64,
        counts.last.0.0 as i64,
        counts.opened.0 as i64,
        counts.sampled as i64,
    ];
    let values: [&dyn ToSql; 24] = [
        &id,
        &headline.title,
        &headline.culprit,
        &headline.ty,
        &headline.value,
        &numbers[0],
        &headline.platform,
        &headline.handled,
        &numbers[1],
        &users,
        &counts.first_seen_ms,
        &counts.last_seen_ms,
        &numbers[2],
        &numbers[3],
        &counts.first.1.0,
        &counts.last.1.0,
        &first.1,
        &last.1,
        &first.0,
        &last.0,
        &numbers[4],
        &numbers[5],
        &counts.first_at_ms,
        &counts.last_at_ms,
    ];
    statement.execute(&*[&values, more].concat())
}
