//! `errata backup create|list|verify|prune|key` and `errata restore`: what they print, and their exit codes.

use std::{fmt::Write as _, io::Write as _, process::ExitCode};

use anyhow::{Context, Result, bail};
use backup::{Header, Key, Place, Point, Target, create, prune, restore, verify};
use event_log::dump;
use ground::Clock;

use crate::{
    cli::{
        BackupCommand, BackupCreate, BackupKey, BackupPrune, BackupTarget, BackupVerify, Restore,
    },
    compare,
    config::{self, Config},
};

/// Runs one of the commands.
pub(crate) fn run(command: &BackupCommand, config: &Config) -> Result<ExitCode> {
    let (text, is_sound) = match command {
        BackupCommand::Drill(args) => return compare::drill(args, config),
        BackupCommand::Create(args) => (make(args, config)?, true),
        BackupCommand::List(args) => (listed(args)?, true),
        BackupCommand::Verify(args) => verified(args)?,
        BackupCommand::Prune(args) => (pruned(args)?, true),
        BackupCommand::Key => {
            let key = Key::random().context("draw a random key")?;
            (format!("{}\n", key.to_hex()), true)
        }
    };
    print(&text)?;
    Ok(if is_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Restores, and says what is there now.
pub(crate) fn bring_back(args: &Restore, config: &Config) -> Result<()> {
    let key = key(&args.key)?;
    let point = match (args.to_position, &args.to_time) {
        (Some(position), _) => Point::Position(position),
        (None, None) => Point::End,
        (None, Some(text)) => match dump::time_ns(text) {
            Some(ns) => Point::Before(ns),
            None => bail!("{text:?} is no time like 2026-11-22T10:00:00Z"),
        },
    };
    let restored = restore(&restore::Wanted {
        place: &place(&args.target),
        id: args.backup.as_deref(),
        point,
        key: key.as_ref(),
        data_dir: &config.data_dir,
    })
    .context("restore")?;
    let mut text = format!(
        "restored backup {} into {}: {} files, {} bytes, up to position {} and command {}\n",
        restored.header.id,
        config.data_dir.display(),
        restored.files,
        restored.bytes,
        restored.position,
        restored.commands
    );
    notes(&mut text, &restored.notes);
    print(&text)
}

pub(crate) fn place(target: &BackupTarget) -> Place {
    Place {
        address: target.target.clone(),
        variables: config::store_variables(),
    }
}

pub(crate) fn key(args: &BackupKey) -> Result<Option<Key>> {
    let key = args.key_file.as_deref().map(Key::load).transpose();
    key.context("--key-file")
}

fn make(args: &BackupCreate, config: &Config) -> Result<String> {
    let key = key(&args.key)?;
    let created = create(&create::Wanted {
        data_dir: &config.data_dir,
        place: &place(&args.target),
        full: args.full,
        key: key.as_ref(),
        release: env!("CARGO_PKG_VERSION"),
        clock: &Clock::MACHINE,
    })
    .context("back up")?;
    let header = &created.header;
    let mut text = format!(
        "backup {}, {}: up to position {} and command {}; {} files of {} bytes, of which {} files were copied as {} bytes\n",
        header.id,
        header.kind,
        header.position,
        header.commands,
        header.files,
        header.bytes,
        created.brought,
        header.brought_bytes
    );
    notes(&mut text, &created.notes);
    Ok(text)
}

fn notes(text: &mut String, notes: &[String]) {
    for note in notes {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "note: {note}");
    }
}

fn listed(args: &BackupTarget) -> Result<String> {
    let target = Target::open(&place(args))?;
    let listed = verify::list(&target)?;
    let mut text = String::new();
    for header in &listed.whole {
        line(&mut text, header);
    }
    for id in &listed.interrupted {
        let _ = writeln!(
            text,
            "{id}  interrupted: not whole, its folder can be removed"
        );
    }
    for (id, why) in &listed.unreadable {
        let _ = writeln!(text, "{id}  cannot be read: {why}");
    }
    if text.is_empty() {
        text.push_str("no backups\n");
    }
    Ok(text)
}

fn line(text: &mut String, header: &Header) {
    let time = dump::time_text(header.begun_ns);
    let _ = write!(
        text,
        "{}  {:<11}  {time}  position {}  {} files  {} bytes  copied {}",
        header.id, header.kind, header.position, header.files, header.bytes, header.brought_bytes
    );
    if let Some(key) = &header.key {
        let _ = write!(text, "  key {key}");
    }
    if !header.relies_on.is_empty() {
        let _ = write!(text, "  relies on {}", header.relies_on.join(" "));
    }
    text.push('\n');
}

fn pruned(args: &BackupPrune) -> Result<String> {
    let pruned =
        prune(&place(&args.target), args.keep as usize, &Clock::MACHINE).context("prune")?;
    let mut text = String::new();
    for id in &pruned.removed {
        let _ = writeln!(text, "removed {id}");
    }
    for id in &pruned.kept {
        let _ = writeln!(text, "kept {id}");
    }
    Ok(text)
}

fn verified(args: &BackupVerify) -> Result<(String, bool)> {
    let key = key(&args.key)?;
    let target = Target::open(&place(&args.target))?;
    let id = match &args.backup {
        Some(id) => id.clone(),
        None => match verify::list(&target)?.whole.pop() {
            Some(newest) => newest.id,
            None => bail!("{} holds no whole backup", target.address()),
        },
    };
    let verified = verify(&target, &id, key.as_ref())?;
    let header = &verified.header;
    let mut text = String::new();
    for fault in &verified.faults {
        let _ = writeln!(text, "DAMAGED: {}", fault.what);
    }
    let is_sound = verified.faults.is_empty();
    let _ = if is_sound {
        writeln!(
            text,
            "backup {id} is whole: {} files, {} bytes, up to position {}",
            header.files, header.bytes, header.position
        )
    } else {
        let (damaged, files) = (verified.faults.len(), header.files);
        writeln!(text, "backup {id} is damaged: {damaged} of {files} files")
    };
    Ok((text, is_sound))
}

fn print(text: &str) -> Result<()> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("write to standard output")
}
