//! The sketches of new fingerprints, and their bands, by which those alike are found.

use rusqlite::{Result, Transaction, params};

use super::id_number;
use crate::issues::batch::FingerprintDelta;

/// Writes those of new fingerprints that have one; they are in the order of their ids.
pub(super) fn write(transaction: &Transaction<'_>, prints: &[&FingerprintDelta]) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO fingerprint_sketch (fingerprint_id, sketch) VALUES (?1, ?2)",
    )?;
    let mut bands = Vec::new();
    for print in prints.iter().filter(|print| print.is_new) {
        let Some(sketch) = &print.sketch else {
            continue;
        };
        let id = id_number(print.id);
        insert.execute(params![id, sketch.to_bytes()])?;
        let project = i64::from(print.project_id.0);
        bands.extend(sketch.bands().map(|band| [project, band, id]));
    }
    bands.sort_unstable();
    let mut insert = transaction.prepare_cached(
        "INSERT INTO fingerprint_band (project_id, band, fingerprint_id) VALUES (?1, ?2, ?3)",
    )?;
    for band in bands {
        insert.execute(band)?;
    }
    Ok(())
}
