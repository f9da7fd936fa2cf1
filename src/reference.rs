//! What the binary says of itself: `docs/reference`, completions, the manual page.
//!
//! Invariant: each page is made of what the program itself uses: the configuration's
//! types and their comments, the descriptions that metrics are registered with, the
//! commands that are parsed. A test holds the committed pages to it.

use std::{fmt::Write as _, io};

use anyhow::{Context, Result};
use clap::CommandFactory;
use proto::error::ErrorCode;
use schemars::Schema;
use serde_json::Value;

use crate::{
    cli::{Cli, Page},
    config::Config,
};

mod metric;
mod number;
mod routes;

const NOTE: &str = "Made by `make reference` from the program itself; changes here are lost.\n";

/// The text of a page.
pub(crate) fn page(page: Page) -> Result<String> {
    match page {
        Page::Configuration => configuration(),
        Page::Schema => {
            let schema = serde_json::to_string_pretty(&schema())?;
            Ok(schema + "\n")
        }
        Page::Cli => Ok(cli()),
        Page::Metrics => Ok(metric::page()),
        Page::Errors => errors(),
        Page::Routes => Ok(routes::page()),
        Page::Numbers => Ok(number::page()),
        Page::Man => manual(),
    }
}

/// Writes what completes the commands in a shell.
pub(crate) fn completions(shell: clap_complete::Shell, out: &mut dyn io::Write) {
    clap_complete::generate(shell, &mut Cli::command(), "errata", out);
}

fn manual() -> Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    String::from_utf8(page).context("the manual page is text")
}

fn schema() -> Schema {
    let settings = schemars::generate::SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
    });
    settings.into_generator().into_root_schema_for::<Config>()
}

/// A key of the configuration.
struct Key {
    name: String,
    default: Value,
    what: String,
}

/// Every key, in the order of the types.
fn keys() -> Result<Vec<Key>> {
    let defaults = serde_json::to_value(Config::default())?;
    let mut keys = Vec::new();
    collect(schema().as_value(), &defaults, "", &mut keys)?;
    Ok(keys)
}

fn collect(schema: &Value, defaults: &Value, prefix: &str, keys: &mut Vec<Key>) -> Result<()> {
    let properties = schema["properties"].as_object();
    for (name, of_key) in properties.context("a table of keys")? {
        let default = &defaults[name];
        let name = format!("{prefix}{name}");
        if default.is_object() {
            collect(of_key, default, &format!("{name}."), keys)?;
            continue;
        }
        let what = of_key["description"].as_str();
        keys.push(Key {
            what: what
                .with_context(|| format!("{name} is not described"))?
                .replace('\n', " "),
            name,
            default: default.clone(),
        });
    }
    Ok(())
}

fn configuration() -> Result<String> {
    let mut page = format!(
        "# Configuration\n\n{NOTE}
`errata.toml` in the working directory (or `--config FILE`, or `ERRATA_CONFIG`), overridden by variables, overridden by flags. In the file, what stands before the last dot is a table. An unknown key in the file is refused by name; an unknown `ERRATA_*` variable is only warned about. `errata reference schema` prints a JSON schema for editors. Three variables that count on the first start only are in the [README](../../README.md#configuration).

| key | variable | default | what |
| --- | --- | --- | --- |
"
    );
    for key in keys()? {
        let variable = key.name.to_uppercase().replace('.', "__");
        let (name, default) = (&key.name, value(&key.name, &key.default));
        writeln!(
            page,
            "| `{name}` | `ERRATA_{variable}` | {default} | {} |",
            key.what
        )?;
    }
    Ok(page)
}

fn errors() -> Result<String> {
    let mut page = format!(
        "# Errors\n\n{NOTE}
Over HTTP `{{\"error\": {{\"code\", \"message\", \"field\"}}}}`, over gRPC a status with the metadata `errata-code`, `errata-field` and `retry-after`. Codes are stable, messages are for people. Every answer bears the id of its request in `x-request-id`, and so does what the server logs of it.

| code | HTTP | gRPC | may pass later | meaning |
| --- | --- | --- | --- | --- |
"
    );
    for code in ErrorCode::all() {
        let later = if code.is_retriable() { "yes" } else { "no" };
        writeln!(
            page,
            "| `{}` | {} | {:?} | {later} | {} |",
            code.word(),
            code.http().as_u16(),
            code.grpc(),
            code.meaning()
        )?;
    }
    Ok(page)
}

/// A default as people read it.
fn value(name: &str, default: &Value) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match default {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(entries) if entries.is_empty() => "none".to_owned(),
        Value::Number(number) => {
            let bytes = number.as_u64().filter(|n| *n > 0 && name.contains("bytes"));
            let unit = bytes.and_then(|n| UNITS.iter().find(|(_, unit)| n.is_multiple_of(*unit)));
            match (bytes, unit) {
                (Some(bytes), Some((unit, size))) => format!("{number} ({} {unit})", bytes / size),
                _ => number.to_string(),
            }
        }
        other => other.to_string(),
    }
}

fn cli() -> String {
    let mut root = Cli::command();
    root.build();
    let mut page = format!(
        "# Command line\n\n{NOTE}
Every command takes `--data-dir DIR` and `--config FILE`. Those that create something go through the running server's `admin.sock`, or do it themselves when no server runs. `errata completions SHELL` prints what completes them in a shell, `errata reference man` a manual page.
"
    );
    for command in root.get_subcommands().filter(|c| c.get_name() != "help") {
        describe(command, "errata", &mut page);
    }
    page
}

fn describe(command: &clap::Command, parent: &str, page: &mut String) {
    let name = format!("{parent} {}", command.get_name());
    let mut below = command.get_subcommands().filter(|c| c.get_name() != "help");
    if command.has_subcommands() {
        return below
            .by_ref()
            .for_each(|inner| describe(inner, &name, page));
    }
    let own = |arg: &&clap::Arg| !arg.is_global_set() && arg.get_id() != "help";
    let mut usage = name.clone();
    let mut rows = String::new();
    for arg in command.get_arguments().filter(own) {
        let shown = arg.to_string();
        let is_optional = !arg.is_required_set() && !arg.is_positional();
        let shown_in_usage = if is_optional {
            format!("[{shown}]")
        } else {
            shown.clone()
        };
        let _ = write!(usage, " {shown_in_usage}");
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let mut notes = Vec::new();
        let values = arg.get_possible_values();
        let takes_value = arg.get_action().takes_values();
        if takes_value && !values.is_empty() {
            let names: Vec<String> = values
                .iter()
                .map(|v| format!("`{}`", v.get_name()))
                .collect();
            notes.push(format!("one of {}", names.join(", ")));
        }
        let defaults = arg.get_default_values();
        if takes_value && !defaults.is_empty() {
            let text: Vec<_> = defaults.iter().map(|d| d.to_string_lossy()).collect();
            let text = text.join(",");
            let text = if text.is_empty() {
                "empty".to_owned()
            } else {
                format!("`{text}`")
            };
            notes.push(format!("default {text}"));
        }
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!(" ({})", notes.join("; "))
        };
        let _ = writeln!(rows, "| `{}` | {help}{notes} |", shown.replace('|', "\\|"));
    }
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let _ = write!(page, "\n## `{name}`\n\n{about}\n\n```\n{usage}\n```\n");
    if !rows.is_empty() {
        let _ = write!(page, "\n| argument | what |\n| --- | --- |\n{rows}");
    }
}

#[cfg(test)]
mod tests;
