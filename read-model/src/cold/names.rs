//! The names of cold files, which say what they hold.

use std::path::Path;

use event_model::Position;
use object_store::path::Path as ObjectPath;

/// The folder of days, below the root.
pub(super) const EVENTS: &str = "events";

/// Beside it: the number of the last command that grouped events anew of which files know.
pub(super) const REGROUPED: &str = "regrouped";

/// A file's name: of which day, cut from which segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColdFile {
    /// The segment's last record.
    pub last: Position,
    /// The segment's first record.
    pub first: Position,
    /// Day of receipt, UTC, "YYYY-MM-DD".
    pub date: String,
}

impl ColdFile {
    /// Below the root.
    pub fn path(&self) -> ObjectPath {
        let (partition, first, last) = (
            self.first.partition(),
            self.first.sequence(),
            self.last.sequence(),
        );
        let name = format!("{partition:05}-{first:015}-{last:015}.parquet");
        ObjectPath::from_iter([EVENTS, &format!("date={}", self.date), &name])
    }

    /// From a file's path, of which the day's folder and the name tell; none if it is no whole file.
    pub fn parse(path: &Path) -> Option<Self> {
        let folder = path.parent()?.file_name()?.to_str()?;
        let date = folder.strip_prefix("date=")?.to_owned();
        let name = path.file_name()?.to_str()?.strip_suffix(".parquet")?;
        let mut numbers = name.split('-');
        let partition: u16 = numbers.next()?.parse().ok()?;
        let first: u64 = numbers.next()?.parse().ok()?;
        let last: u64 = numbers.next()?.parse().ok()?;
        Some(Self {
            last: Position::new(partition, last),
            first: Position::new(partition, first),
            date,
        })
    }

    /// Whether it may hold the event at this place.
    pub fn spans(&self, position: Position) -> bool {
        (self.first..=self.last).contains(&position)
    }
}
