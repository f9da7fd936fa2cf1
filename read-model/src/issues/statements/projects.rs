//! Rows of projects: the sum of what all their fingerprints add.

use std::collections::BTreeMap;

use event_model::{Level, ProjectId};
use rusqlite::{Result, Transaction, params};

use super::scenes::Scenes;
use crate::issues::{
    batch::{FingerprintDelta, PartDelta},
    numbers::level_number,
};

/// What a batch adds to one project.
#[derive(Default)]
struct Sum {
    count: u64,
    last_received_ms: i64,
    received_hours: BTreeMap<i64, u64>,
    minutes: BTreeMap<(i64, Level, i64), u64>,
    hours: BTreeMap<(i64, Level, i64), u64>,
    scenes: BTreeMap<i64, PartDelta>,
}

fn add<K: Ord>(own: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *own.entry(key).or_default() += count;
    }
}

pub(super) fn write(
    transaction: &Transaction<'_>,
    prints: &[&FingerprintDelta],
    minutes_from: &BTreeMap<ProjectId, i64>,
    scenes: &mut Scenes<'_>,
) -> Result<()> {
    let mut sums: BTreeMap<ProjectId, Sum> = BTreeMap::new();
    for print in prints {
        let (sum, counts) = (sums.entry(print.project_id).or_default(), &print.counts);
        sum.count += counts.count;
        sum.last_received_ms = sum.last_received_ms.max(counts.last_received_ms);
        add(&mut sum.received_hours, counts.received_hours.clone());
        let by_minute = counts.sums(|minute, scene, level| (minute, level, scene));
        let by_hour = counts.sums(|minute, scene, level| (minute.div_euclid(60), level, scene));
        add(&mut sum.minutes, by_minute);
        add(&mut sum.hours, by_hour);
        for (scene, part) in counts.parts(|scene| scene) {
            let own = sum.scenes.entry(scene).or_insert_with(PartDelta::none);
            own.add_part(&part);
        }
    }
    let mut total = transaction.prepare_cached(
        "INSERT INTO project_total (project_id, events, last_received) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET events = events + excluded.events,
             last_received = max(last_received, excluded.last_received)",
    )?;
    for (project_id, sum) in &sums {
        let id = project_id.0;
        total.execute(params![id, sum.count as i64, sum.last_received_ms])?;
        write_times(transaction, id, sum, minutes_from.get(project_id).copied())?;
        write_names(transaction, id, sum, scenes)?;
    }
    Ok(())
}

fn write_times(
    transaction: &Transaction<'_>,
    id: u32,
    sum: &Sum,
    minutes_from: Option<i64>,
) -> Result<()> {
    let mut minute = transaction.prepare_cached(
        "INSERT INTO project_minute (project_id, minute, level, scene, count)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((at, level, scene), count) in &sum.minutes {
        if minutes_from.is_none_or(|from| *at >= from) {
            minute.execute(params![id, at, level_number(*level), scene, *count as i64])?;
        }
    }
    if let Some(from) = minutes_from {
        let sql = "DELETE FROM project_minute WHERE project_id = ?1 AND minute < ?2";
        transaction
            .prepare_cached(sql)?
            .execute(params![id, from])?;
    }
    let mut hour = transaction.prepare_cached(
        "INSERT INTO project_hour (project_id, hour, level, scene, count)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((at, level, scene), count) in &sum.hours {
        hour.execute(params![id, at, level_number(*level), scene, *count as i64])?;
    }
    let mut arrived = transaction.prepare_cached(
        "INSERT INTO arrival_hour (project_id, hour, source, category, reason, count)
         VALUES (?1, ?2, 1, 'error', '', ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (at, count) in &sum.received_hours {
        arrived.execute(params![id, at, *count as i64])?;
    }
    Ok(())
}

fn write_names(
    transaction: &Transaction<'_>,
    id: u32,
    sum: &Sum,
    scenes: &mut Scenes<'_>,
) -> Result<()> {
    let mut releases: BTreeMap<i64, PartDelta> = BTreeMap::new();
    let mut environments: BTreeMap<i64, u64> = BTreeMap::new();
    for (scene, part) in &sum.scenes {
        let scene = scenes.of(*scene)?;
        if scene.release != 0 {
            let own = releases
                .entry(scene.release)
                .or_insert_with(PartDelta::none);
            own.add_part(part);
        }
        if scene.environment != 0 {
            *environments.entry(scene.environment).or_default() += part.count;
        }
    }
    let mut release = transaction.prepare_cached(
        "INSERT INTO release (project_id, version, count, first_seen, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + excluded.count,
             first_seen = min(first_seen, excluded.first_seen),
             last_seen = max(last_seen, excluded.last_seen)",
    )?;
    for (number, part) in releases {
        let (first, last) = (part.first_seen_ms, part.last_seen_ms);
        let name = scenes.name(number)?;
        release.execute(params![id, name, part.count as i64, first, last])?;
    }
    let mut environment = transaction.prepare_cached(
        "INSERT INTO environment (project_id, name, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (number, count) in environments {
        environment.execute(params![id, scenes.name(number)?, count as i64])?;
    }
    Ok(())
}
