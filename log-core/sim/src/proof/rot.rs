//! Bytes that were durable change: nothing wrong may ever be handed out, and nothing may go in silence.
//!
//! Done to a log that was closed, so that a watermark proves all of its records. What a reader gets is then the right
//! record or an error, and a writer refuses or finds every record still there: acknowledged bytes are never cut off.

use std::path::Path;

use super::model::Violation;
use super::world::{DIR, World, note};
use ground::with_causes;
use log_core::Log;
use log_core::LogIo;
use log_core::Reader;
use log_core::format::SEGMENT_HEADER_BYTES;
use log_core::inside::sealed;
use log_core::inside::segment::number_of;
use log_core::{OpenError, ReadError};

const SECTOR: usize = 512;
const PAGE: usize = 4096;
/// The newest frame is the watermark of the close, and nothing later can prove that it was there: damage that takes
/// it together with what it proves is a torn tail by every sign. Single bits may strike it, larger damage ends here.
const WATERMARK_BYTES: usize = 64;
impl World {
    /// Lets one place of a copy of the log rot, and looks at what is told about it.
    pub(super) fn rot(&mut self) -> Result<(), Violation> {
        let seed = self.rng.word();
        let mut copy = self.fork(seed);
        let Some(rotted) = copy.spoil() else {
            return Ok(());
        };
        let context = |what: Violation| format!("after rot of {rotted}: {what}");
        copy.rotten_reads().map_err(context)?;
        copy.rotten_writer().map_err(context)
    }

    /// Spoils some bytes of a segment; which, if that changed any.
    fn spoil(&mut self) -> Option<String> {
        let names = self.disk.list(Path::new(DIR)).ok()?;
        let mut names: Vec<_> = names
            .into_iter()
            .filter(|name| number_of(name).or(sealed::number_of(name)).is_some())
            .collect();
        names.sort();
        let at = self.rng.below(names.len() as u64) as usize;
        let path = Path::new(DIR).join(names.get(at)?);
        let is_tail = at + 1 == names.len();
        let bytes = self.disk.peek(&path, true)?;
        let used = bytes.iter().rposition(|&byte| byte != 0)? + 1;
        let end = used - if is_tail { WATERMARK_BYTES } else { 0 };
        let at = self.rng.below(used as u64) as usize;
        let piece = |size: usize| {
            let start = at / size * size;
            start..(start + size).min(end)
        };
        let (at, new) = match self.rng.below(6) {
            0 => (piece(SECTOR).start, vec![0; piece(SECTOR).len()]),
            1 => (piece(PAGE).start, vec![0; piece(PAGE).len()]),
            2 => {
                // A sector that was written in the place of another.
                let other = self.rng.below(used as u64) as usize / SECTOR * SECTOR;
                let size = piece(SECTOR).len().min(bytes.len() - other);
                (piece(SECTOR).start, bytes[other..other + size].to_vec())
            }
            _ => (at, vec![bytes[at] ^ 1 << self.rng.below(8)]),
        };
        let rotted = format!(
            "{} of {used} bytes at {at} of {}",
            new.len(),
            path.display()
        );
        let changed = bytes[at..at + new.len()] != new;
        (changed && self.disk.rot(&path, at as u64, &new).is_ok()).then_some(rotted)
    }

    fn rotten_reads(&mut self) -> Result<(), Violation> {
        match Reader::open_read_only_on(&self.io(), Path::new(DIR)) {
            Ok(reader) => self.rotten_records(&reader),
            Err(OpenError::Io { source, .. }) => Err(format!("called an I/O error: {source}")),
            Err(_) => Ok(()),
        }
    }

    fn rotten_writer(&mut self) -> Result<(), Violation> {
        match Log::open_stepped(&self.config, self.io()) {
            Ok((log, _stepper)) => {
                if let Some(torn) = &log.recovery().torn
                    && torn.bytes.start < SEGMENT_HEADER_BYTES as u64
                {
                    return Err("a segment header was cut off".into());
                }
                self.rotten_records(&log.reader())
            }
            Err(OpenError::Io { source, .. }) => Err(format!("called an I/O error: {source}")),
            Err(error) => {
                note!(self, "refused: {}", with_causes(&error));
                Ok(())
            }
        }
    }

    /// Every record is there as it was, or is an error.
    fn rotten_records(&mut self, reader: &Reader) -> Result<(), Violation> {
        let end = self.model.len() + 1;
        if reader.durable_end() != end {
            let found = reader.durable_end();
            return Err(format!("the log ends at {found} instead of {end}"));
        }
        for sequence in reader.first()..end {
            match reader.get(sequence) {
                Ok(Some(entry)) => self.model.check_read(sequence, &[entry])?,
                Err(ReadError::Damaged { .. } | ReadError::Sealed(_)) => {}
                other => return Err(format!("record {sequence} is {other:?}")),
            }
        }
        Ok(())
    }
}
