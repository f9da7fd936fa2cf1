//! The files of the corpus, read strictly: a slip of the pen must not pass as a family
//! that holds.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::Path,
};

use serde_json::{Map, Value};

use crate::score::Tier;

const AREAS: [&str; 10] = [
    "engines",
    "bundles",
    "numbering",
    "noise",
    "message",
    "chains",
    "fingerprint",
    "reports",
    "change",
    "meaning",
];
const FAMILY_KEYS: [&str; 7] = ["id", "platform", "area", "tier", "why", "together", "apart"];

pub(crate) struct Family {
    pub(crate) id: String,
    pub(crate) platform: String,
    pub(crate) area: String,
    pub(crate) tier: Tier,
    pub(crate) why: String,
    pub(crate) together: Vec<Value>,
    pub(crate) apart: Vec<Value>,
}

impl Family {
    /// All families of a folder, in the order of their files; what is wrong with them.
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>, String> {
        let mut ids = BTreeSet::new();
        let mut events = HashSet::new();
        let mut families = Vec::new();
        for (file, lists) in files(folder)? {
            if file == "random.json" {
                continue;
            }
            for value in lists {
                let family = Self::of(value).map_err(|error| format!("{file}: {error}"))?;
                if !ids.insert(family.id.clone()) {
                    return Err(format!("{file}: {} occurs twice", family.id));
                }
                for event in family.together.iter().chain(&family.apart) {
                    if !events.insert(format!("{} {event}", family.platform)) {
                        return Err(format!(
                            "{file}: {}: an event occurs twice: {event}",
                            family.id
                        ));
                    }
                }
                families.push(family);
            }
        }
        Ok(families)
    }

    fn of(value: Value) -> Result<Self, String> {
        let Value::Object(mut map) = value else {
            return Err(format!("no object: {value}"));
        };
        let id = text(&map, "id")?;
        let about = |error: String| format!("{id}: {error}");
        let kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if id.is_empty() || !id.bytes().all(kebab) {
            return Err(about("is not kebab-case".to_owned()));
        }
        if let Some(key) = map.keys().find(|key| !FAMILY_KEYS.contains(&key.as_str())) {
            return Err(about(format!("unknown key {key}")));
        }
        let area = text(&map, "area").map_err(about)?;
        if !AREAS.contains(&area.as_str()) {
            return Err(about(format!("unknown area {area}")));
        }
        let tier = match text(&map, "tier").map_err(about)?.as_str() {
            "field" => Tier::Field,
            "sense" => Tier::Sense,
            other => return Err(about(format!("unknown tier {other}"))),
        };
        let platform = text(&map, "platform").map_err(about)?;
        let why = text(&map, "why").map_err(about)?;
        let mut list = |key| match map.remove(key) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        };
        let (together, apart) = (list("together"), list("apart"));
        if together.is_empty() || (together.len() == 1 && apart.is_empty()) {
            return Err(about("says nothing".to_owned()));
        }
        Ok(Self {
            id,
            platform,
            area,
            tier,
            why,
            together,
            apart,
        })
    }
}

pub(crate) fn text(map: &Map<String, Value>, key: &str) -> Result<String, String> {
    let value = map.get(key).and_then(Value::as_str);
    value
        .map(str::to_owned)
        .ok_or_else(|| format!("no text under {key}: {}", Value::Object(map.clone())))
}

/// Names and lists of a folder's files, in order.
pub(crate) fn files(folder: &Path) -> Result<Vec<(String, Vec<Value>)>, String> {
    let about = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(|error| about(&error))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "json"))
        .collect();
    names.sort();
    let mut lists = Vec::new();
    for name in names {
        let bytes = fs::read(folder.join(&name)).map_err(|error| about(&error))?;
        let list = serde_json::from_slice(&bytes).map_err(|error| format!("{name}: {error}"))?;
        lists.push((name, list));
    }
    Ok(lists)
}
