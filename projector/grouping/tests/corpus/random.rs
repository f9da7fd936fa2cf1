//! Random names: what no list of examples can hold. `corpus/README.md` has the grammar.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use serde_json::{Map, Value};

use crate::{
    events,
    families::{files, text},
};

/// Of the names that CI tries.
pub(crate) const SEED: u64 = 1;
/// Fillings of a template, if it does not say.
const FILLINGS: u64 = 200;
/// Drawings until a name has what it needs.
const TRIES_MAX: usize = 10_000;

/// A template and what fills it.
pub(crate) struct Generator {
    id: String,
    platform: String,
    template: Value,
    holes: BTreeMap<String, Value>,
    fillings: u64,
    limit: Limit,
}

enum Limit {
    IssuesMax(u64),
    /// Of the fillings that differ.
    IssuesMinRatio(f64),
}

impl Generator {
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>, String> {
        let of_random = files(folder)?
            .into_iter()
            .filter(|(name, _)| name == "random.json");
        let lists = of_random.flat_map(|(_, list)| list);
        lists.map(|value| Self::of(&value)).collect()
    }

    fn of(value: &Value) -> Result<Self, String> {
        let map = value
            .as_object()
            .ok_or_else(|| format!("no object: {value}"))?;
        let id = text(map, "id")?;
        let holes = map.get("holes").and_then(Value::as_object);
        let holes = holes.ok_or_else(|| format!("{id}: no holes"))?;
        let limit = match text(map, "kind")?.as_str() {
            "noise" => map
                .get("max_issues")
                .and_then(Value::as_u64)
                .map(Limit::IssuesMax),
            "meaning" => {
                let ratio = map.get("min_issues_ratio").and_then(Value::as_f64);
                ratio.map(Limit::IssuesMinRatio)
            }
            other => return Err(format!("{id}: unknown kind {other}")),
        };
        Ok(Self {
            platform: text(map, "platform")?,
            template: map.get("template").cloned().unwrap_or_default(),
            holes: holes.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            fillings: map
                .get("fillings")
                .and_then(Value::as_u64)
                .unwrap_or(FILLINGS),
            limit: limit.ok_or_else(|| format!("{id}: no limit"))?,
            id,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// How the limit is not kept.
    pub(crate) fn failure(&self, seed: u64) -> Option<String> {
        let mut draw = Draw::new(&self.id, seed);
        let mut fillings = HashSet::new();
        let mut issues = HashSet::new();
        for _ in 0..self.fillings {
            let drawn = self
                .holes
                .iter()
                .map(|(name, hole)| (name.as_str(), draw.hole(hole)));
            let event = filled(&self.template, &drawn.collect());
            issues.insert(events::fingerprint(&event, &self.platform).0);
            fillings.insert(event.to_string());
        }
        let (fillings, issues) = (fillings.len(), issues.len());
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        let holds = match self.limit {
            Limit::IssuesMax(max) => issues as u64 <= max,
            Limit::IssuesMinRatio(ratio) => issues as f64 >= (fillings as f64 * ratio).ceil(),
        };
        (!holds).then(|| format!("{issues} issues of {fillings} fillings"))
    }
}

fn filled(template: &Value, drawn: &BTreeMap<&str, String>) -> Value {
    match template {
        Value::String(text) => {
            let mut text = text.clone();
            for (name, value) in drawn {
                text = text.replace(&format!("${{{name}}}"), value);
            }
            Value::String(text)
        }
        Value::Array(list) => list.iter().map(|value| filled(value, drawn)).collect(),
        Value::Object(map) => {
            let members = map.iter().map(|(k, v)| (k.clone(), filled(v, drawn)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// `SplitMix64`.
struct Draw(u64);

impl Draw {
    fn new(id: &str, seed: u64) -> Self {
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(
            id.bytes()
                .fold(0xcbf2_9ce4_8422_2325, fnv)
                .wrapping_add(seed),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    /// A number, or one of a range.
    fn range(&mut self, value: &Value) -> usize {
        let of = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => of(low) + self.below(of(high) - of(low) + 1),
            _ => of(value),
        }
    }

    fn hole(&mut self, hole: &Value) -> String {
        if let Some(text) = hole.as_str() {
            return text.to_owned();
        }
        if let Some(alphabet) = hole["alphabet"].as_str() {
            return self.word(hole, alphabet);
        }
        if let Some(range) = hole["number"].as_array() {
            let [low, high] = [&range[0], &range[1]].map(|v| i128::from(v.as_i64().unwrap()));
            let span = u64::try_from(high - low + 1).unwrap();
            let number = low + i128::from(self.next() % span);
            let pad = usize::try_from(hole["pad"].as_u64().unwrap_or(0)).unwrap();
            return format!("{number:0pad$}");
        }
        if let Some(list) = hole["list"].as_array() {
            return list[self.below(list.len())].as_str().unwrap().to_owned();
        }
        if let Some(parts) = hole["parts"].as_array() {
            return parts.iter().map(|part| self.hole(part)).collect();
        }
        let inner = &hole["repeat"];
        assert!(!inner.is_null(), "{hole}");
        let count = self.range(&hole["count"]);
        let parts: Vec<String> = (0..count).map(|_| self.hole(inner)).collect();
        parts.join(hole["by"].as_str().unwrap_or_default())
    }

    fn word(&mut self, hole: &Value, alphabet: &str) -> String {
        let letters = letters(alphabet);
        let length = self.range(&hole["length"]);
        let needs = hole["needs"]
            .as_array()
            .map_or(&[] as &[Value], Vec::as_slice);
        for _ in 0..TRIES_MAX {
            let word: Vec<char> = (0..length)
                .map(|_| letters[self.below(letters.len())])
                .collect();
            let has = |need: &Value| {
                let need = self::letters(need.as_str().unwrap());
                word.iter().any(|c| need.contains(c))
            };
            if needs.iter().all(has) {
                return word.into_iter().collect();
            }
        }
        panic!("{hole}: no word has what it needs")
    }
}

/// Single characters and ranges.
fn letters(alphabet: &str) -> Vec<char> {
    let chars: Vec<char> = alphabet.chars().collect();
    let mut letters = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if at + 2 < chars.len() && chars[at + 1] == '-' {
            letters.extend(chars[at]..=chars[at + 2]);
            at += 3;
        } else {
            letters.push(chars[at]);
            at += 1;
        }
    }
    letters
}
