//! The command line of the long proof.

use std::path::PathBuf;
use std::time::Duration;

use crate::crashes::image::{EXT4, FILE_SYSTEMS, FileSystem};

const USAGE: &str = "\
usage: soak [--seed N] [--minutes M] [--kills N] [--cuts N] [--seeds N] [--file-system NAME] [--dir PATH]
  --seed N            what all choices depend on (default: 1)
  --minutes M         ends after so long, also short of the counts (default: 60)
  --kills N           writers killed by SIGKILL (default: 1000)
  --cuts N            power cuts of a file system in a loop device; need root (default: 200)
  --seeds N           simulated disks (default: 1000000)
  --file-system NAME  of the power cuts: ext4 or xfs (default: ext4)
  --dir PATH          where to work (default: the system's directory for temporary files)";

/// What to do, and how long.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) time: Duration,
    pub(crate) kills: u64,
    pub(crate) cuts: u64,
    pub(crate) seeds: u64,
    pub(crate) file_system: FileSystem,
    pub(crate) dir: PathBuf,
}

impl Options {
    /// The options, or what to say instead.
    pub(crate) fn from_args(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            seed: 1,
            time: Duration::from_hours(1),
            kills: 1_000,
            cuts: 200,
            seeds: 1_000_000,
            file_system: EXT4,
            dir: std::env::temp_dir(),
        };
        let mut args = args.into_iter();
        while let Some(name) = args.next() {
            let Some(value) = args.next() else {
                return Err(format!("{name} needs a value\n{USAGE}"));
            };
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|error| format!("{name} {value}: {error}\n{USAGE}"))
            };
            match name.as_str() {
                "--seed" => options.seed = number()?,
                "--minutes" => options.time = Duration::from_secs(number()? * 60),
                "--kills" => options.kills = number()?,
                "--cuts" => options.cuts = number()?,
                "--seeds" => options.seeds = number()?,
                "--file-system" => {
                    options.file_system = FILE_SYSTEMS
                        .into_iter()
                        .find(|known| known.name == value)
                        .ok_or_else(|| format!("{name} {value} is not ext4 or xfs\n{USAGE}"))?;
                }
                "--dir" => options.dir = value.into(),
                _ => return Err(format!("there is no {name}\n{USAGE}")),
            }
        }
        Ok(options)
    }
}
