//! `errata verify` and `errata backup drill`: issue databases side by side, row by row.
//!
//! Exit codes: 0 equal, 1 something differs or is damaged, 2 it could not be looked at. Nothing of the live data is
//! changed; what is built stands aside and is removed at the end.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use backup::{Point, Restored, restore};
use event_log::{LogReader, copy::same_records};
use event_model::Position;
use projector::{
    ProjectorConfig, ProjectorError, ReplayReport, ReplayWish, Verified, replay_issues_aside,
    verify_cold, verify_search,
};
use read_model::{
    Generation, ReadModelError, copy_database,
    issues::compare::{Comparison, How, compare, refuse_other_schema},
};

use crate::{
    backups,
    cli::{BackupDrill, Part, Verify},
    config::Config,
};

/// Below `data/read-model`, where generations have numbers.
const ASIDE: &str = "verify";

/// A folder for what is built aside, this process's alone, removed when it is dropped.
struct Aside {
    path: PathBuf,
    _lock: File,
}

impl Aside {
    fn begin(root: &Path) -> Result<Self> {
        let path = root.join(ASIDE);
        fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
        let lock = File::create(path.join("lock"))
            .with_context(|| format!("create a lock in {}", path.display()))?;
        if lock.try_lock().is_err() {
            bail!("another comparison works in {}", path.display());
        }
        // What one that was killed has left.
        for entry in fs::read_dir(&path)?.flatten() {
            if entry.file_name() != "lock" {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Compares what is live with what the logs make of it, part by part.
pub(crate) fn verify(args: &Verify, config: &Config) -> Result<ExitCode> {
    let mut is_equal = true;
    if args.has(Part::Issues) {
        is_equal &= verify_issues(args, config)?;
    }
    let place = config.cold_place();
    if args.has(Part::Search) {
        let root = ProjectorConfig::new(&config.data_dir).read_model_dir;
        let generation = Generation::open_current(&root)?;
        let generation = generation.context("there is no search index yet")?;
        let reader = logs(&config.data_dir, Position(0))?;
        let search = generation.search_path();
        let verified = verify_search(&search, &place, &reader, args.differences);
        is_equal &= told_of("search", verified.map_err(anyhow::Error::from))?;
    }
    if args.has(Part::Cold) {
        let reader = logs(&config.data_dir, Position(0))?;
        let verified = verify_cold(&place, &reader, args.differences);
        is_equal &= told_of("cold", verified.map_err(anyhow::Error::from))?;
    }
    Ok(code(is_equal))
}

/// What a comparison of events came to; whether they are equal.
fn told_of(part: &str, verified: Result<Verified>) -> Result<bool> {
    let found = match verified {
        Ok(found) => found,
        Err(error) => {
            print(&format!("{part}: {}", damaged(error)?))?;
            return Ok(false);
        }
    };
    let mut text = String::new();
    for difference in &found.differences {
        let _ = writeln!(text, "{part}: {difference}");
    }
    let more = found.different - found.differences.len() as u64;
    if more > 0 {
        let _ = writeln!(text, "{part}: and {more} more");
    }
    let (events, position) = (found.events, found.position);
    let _ = match found.different {
        0 => writeln!(
            text,
            "{part}: equal: {events} events, up to position {position}"
        ),
        different => writeln!(
            text,
            "{part}: DIFFERENT: {different} of {events} events, up to position {position}"
        ),
    };
    print(&text)?;
    Ok(found.different == 0)
}

fn verify_issues(args: &Verify, config: &Config) -> Result<bool> {
    let projector = ProjectorConfig::new(&config.data_dir);
    let aside = Aside::begin(&projector.read_model_dir)?;
    let (text, is_equal) = match live(&projector, &aside) {
        Ok((live, position)) => {
            let reader = logs(&config.data_dir, position)?;
            let replayed = aside.path.join("replayed.sqlite3");
            let report = replayed_to(&projector, &reader, position, &replayed)?;
            let found = compare(&live, &replayed, args.differences).context("compare")?;
            told(&found, &report, position)
        }
        Err(error) => (damaged(error)?, false),
    };
    print(&text)?;
    Ok(is_equal)
}

/// A snapshot of the live issues, and its position.
fn live(projector: &ProjectorConfig, aside: &Aside) -> Result<(PathBuf, Position)> {
    let generation = Generation::open_current(&projector.read_model_dir)?;
    let Some(generation) = generation else {
        bail!(
            "there is no read model in {}: nothing has been built from the logs yet",
            projector.read_model_dir.display()
        );
    };
    let copy = aside.path.join("live.sqlite3");
    let position = copy_database(&generation.issues_path(), &copy)?;
    refuse_other_schema(&copy)?;
    Ok((copy, position))
}

/// What is told of a database that only a rebuild mends; other errors are none of its.
fn damaged(error: anyhow::Error) -> Result<String> {
    let of_projector = error.downcast_ref::<ProjectorError>();
    let damage = match of_projector {
        Some(ProjectorError::ReadModel(damage)) => Some(damage),
        _ => error.downcast_ref::<ReadModelError>(),
    };
    match damage {
        Some(damage) if damage.is_mended_by_rebuild() => Ok(format!(
            "DAMAGED: {}\nrun `errata replay` with the server stopped\n",
            ground::with_causes(damage)
        )),
        _ => Err(error),
    }
}

/// The logs as far as `position`, also beside a server.
fn logs(data_dir: &Path, position: Position) -> Result<LogReader> {
    let dir = data_dir.join("log");
    let reader = LogReader::follow(&dir).context("open the logs")?;
    if reader.end() >= position {
        return Ok(reader);
    }
    // Without a writer only what the bytes prove is followed.
    let reader = LogReader::open_read_only(&dir).context("open the logs")?;
    if reader.end() < position {
        bail!(
            "the read model is at position {position}, and the logs end at {}: they are not of one server; `errata replay` builds it from these logs",
            reader.end()
        );
    }
    Ok(reader)
}

fn replayed_to(
    projector: &ProjectorConfig,
    reader: &LogReader,
    position: Position,
    path: &Path,
) -> Result<ReplayReport> {
    replay_issues_aside(&projector.checkpoints.dir, reader, position, path)
        .context("build the issues aside")
}

/// What a comparison came to, as text.
fn told(found: &Comparison, report: &ReplayReport, position: Position) -> (String, bool) {
    let mut text = String::new();
    differences(&mut text, found, ["live", "replayed"]);
    let is_equal = found.different() == 0;
    let verdict = if is_equal {
        format!(
            "equal: {} rows of {} tables",
            found.rows(),
            found.tables.len()
        )
    } else {
        format!(
            "DIFFERENT: {} rows; `errata replay` with the server stopped builds them anew, and please report it",
            found.different()
        )
    };
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "{verdict}; at position {position}, {} events from position {} replayed in {:.1} s",
        report.events,
        report.checkpoint.0 + 1,
        report.issues_time.as_secs_f64()
    );
    (text, is_equal)
}

fn differences(text: &mut String, found: &Comparison, [first, second]: [&str; 2]) {
    for difference in &found.differences {
        let _ = match &difference.how {
            How::OnlyFirst => writeln!(text, "{difference}: only {first}"),
            How::OnlySecond => writeln!(text, "{difference}: only {second}"),
            How::Columns(columns) => columns.iter().try_for_each(|(column, one, other)| {
                writeln!(
                    text,
                    "{difference}: {column} is {one} {first}, {other} {second}"
                )
            }),
        };
    }
    let more = found.different() - found.differences.len() as u64;
    if more > 0 {
        let _ = writeln!(text, "and {more} more rows");
    }
    for table in found.tables.iter().filter(|table| table.different > 0) {
        let _ = writeln!(
            text,
            "table {}: {} rows {first}, {} {second}, {} differ",
            table.name, table.rows, table.other_rows, table.different
        );
    }
}

/// Restores a backup beside, builds its read model, and compares both with what is live.
pub(crate) fn drill(args: &BackupDrill, config: &Config) -> Result<ExitCode> {
    let beside = Beside::choose(args, config)?;
    let key = backups::key(&args.key)?;
    let began = Instant::now();
    let restored = restore(&restore::Wanted {
        place: &backups::place(&args.target),
        id: args.backup.as_deref(),
        point: Point::End,
        key: key.as_ref(),
        data_dir: &beside.path,
    })
    .context("restore")?;
    let restored_in = began.elapsed();
    let projector = ProjectorConfig::new(&beside.path);
    let reader = LogReader::open_read_only(&beside.path.join("log")).context("open the logs")?;
    let report =
        projector::replay(&projector, &reader, ReplayWish::ALL).context("build the read model")?;
    let mut text = String::new();
    describe(&mut text, &restored, restored_in, &report);
    let is_equal = beside_live(&mut text, args, config, (&restored, &projector, &reader))?;
    print(&text)?;
    Ok(code(is_equal))
}

fn describe(text: &mut String, restored: &Restored, took: Duration, report: &ReplayReport) {
    let header = &restored.header;
    let rate = restored.bytes as f64 / 1e6 / took.as_secs_f64().max(1e-9);
    let built = report.issues_time.max(report.search_time).as_secs_f64();
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "backup {}: restored {} files, {} bytes in {:.1} s ({rate:.0} MB/s)\nread model: {} events and {} commands in {built:.1} s, {:.1} s of them for the issues",
        header.id,
        restored.files,
        restored.bytes,
        took.as_secs_f64(),
        report.events,
        report.commands,
        report.issues_time.as_secs_f64()
    );
}

/// Compares what was restored with what the live logs make of the same position; whether it is equal.
fn beside_live(
    text: &mut String,
    args: &BackupDrill,
    config: &Config,
    (restored, projector, reader): (&Restored, &ProjectorConfig, &LogReader),
) -> Result<bool> {
    let live_dir = config.data_dir.join("log");
    if !live_dir.is_dir() {
        let _ = writeln!(
            text,
            "there is nothing live in {} to compare it with",
            config.data_dir.display()
        );
        return Ok(true);
    }
    let position = Position(restored.position);
    let live = logs(&config.data_dir, position).context("compare with the live logs")?;
    let same = same_records(&live, reader, position, restored.commands)?;
    let _ = writeln!(
        text,
        "logs: {} records and {} commands are as the live ones",
        same.records, same.commands
    );
    if let Some(what) = &same.different {
        let _ = writeln!(text, "DIFFERENT: {what}");
        return Ok(false);
    }
    let aside = Aside::begin(&ProjectorConfig::new(&config.data_dir).read_model_dir)?;
    let path = aside.path.join("replayed.sqlite3");
    let generation = Generation::open_current(&projector.read_model_dir)?;
    let generation = generation.context("the restored read model is gone")?;
    let live_checkpoints = &ProjectorConfig::new(&config.data_dir).checkpoints.dir;
    if let Err(error) = replay_issues_aside(live_checkpoints, &live, position, &path) {
        let why = ground::with_causes(&error);
        let _ = writeln!(
            text,
            "issues: not compared, for the live logs no longer tell of position {position}: {why}"
        );
        return Ok(true);
    }
    let found = compare(&path, &generation.issues_path(), args.differences).context("compare")?;
    differences(text, &found, ["live", "restored"]);
    let issues = found.table("issue");
    let rows = issues.map_or(0, |issues| issues.rows);
    let hash = issues.map_or(String::new(), |issues| short(&issues.sha256));
    let is_equal = found.different() == 0;
    let _ = if is_equal {
        writeln!(
            text,
            "issues: {rows} with hash {hash}, and {} rows of {} tables, equal at position {position}",
            found.rows(),
            found.tables.len()
        )
    } else {
        writeln!(
            text,
            "DIFFERENT: {} rows at position {position}",
            found.different()
        )
    };
    Ok(is_equal)
}

/// So many digits tell two hashes apart for people.
fn short(hash: &[u8; 32]) -> String {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    format!("{:016x}", u64::from_be_bytes(first))
}

/// Where a drill restores to.
struct Beside {
    path: PathBuf,
    is_kept: bool,
}

impl Beside {
    fn choose(args: &BackupDrill, config: &Config) -> Result<Self> {
        if let Some(path) = &args.into {
            return Ok(Self {
                path: path.clone(),
                is_kept: true,
            });
        }
        let data_dir = std::path::absolute(&config.data_dir)
            .with_context(|| format!("locate {}", config.data_dir.display()))?;
        let name = data_dir.file_name().unwrap_or_default().to_string_lossy();
        let drill = format!("{name}-drill-{}", std::process::id());
        Ok(Self {
            path: data_dir.with_file_name(drill),
            is_kept: false,
        })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn code(is_equal: bool) -> ExitCode {
    if is_equal {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print(text: &str) -> Result<()> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("write to standard output")
}
