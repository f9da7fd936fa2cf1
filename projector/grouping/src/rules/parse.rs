//! From text to rules, and to what is wrong with it: line, column, a suggestion.

use std::fmt;

use super::{
    FingerprintTo, RULES_BYTES_MAX, RULES_MAX, Rule, Rules,
    glob::PATTERN_CHARS_MAX,
    matcher::{Matcher, NAMES, Part, Sibling},
    spelling::nearest,
    stack::{Action, Range},
};
use crate::variables;

/// Most errors that are told.
const ERRORS_MAX: usize = 100;
/// Most conditions of a rule, and most entries of its fingerprint.
const WORDS_MAX: usize = 64;
/// Largest number of frames that an action may name.
const FRAMES_MAX: u32 = 1_000;
const ACTIONS: [&str; 10] = [
    "+app",
    "-app",
    "+group",
    "-group",
    "ignore",
    "+prefix",
    "+sentinel",
    "max-frames=",
    "min-frames=",
    "^-group",
];

/// Why a line is no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// 1-based.
    pub line: u32,
    /// 1-based, characters.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What was probably meant; empty if nothing suggests itself.
    pub suggestion: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )?;
        if self.suggestion.is_empty() {
            Ok(())
        } else {
            write!(f, " (did you mean `{}`?)", self.suggestion)
        }
    }
}

impl std::error::Error for RuleError {}

/// What is wrong, and where in the line, bytes.
struct Fault {
    at: usize,
    message: String,
    suggestion: String,
}

fn fault(at: usize, message: impl Into<String>) -> Fault {
    Fault {
        at,
        message: message.into(),
        suggestion: String::new(),
    }
}

pub(super) fn rules(text: &str) -> Result<Rules, Vec<RuleError>> {
    let whole = |message: String| {
        let error = RuleError {
            line: 1,
            column: 1,
            message,
            suggestion: String::new(),
        };
        Err(vec![error])
    };
    if text.len() > RULES_BYTES_MAX {
        return whole(format!(
            "{} bytes of rules; at most {RULES_BYTES_MAX} are taken",
            text.len()
        ));
    }
    let mut rules = Rules::default();
    let mut errors = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        match rule(line, number, &mut rules) {
            Ok(()) => {}
            Err(fault) => errors.push(RuleError {
                line: number,
                column: u32::try_from(line[..fault.at].chars().count() + 1).unwrap_or(u32::MAX),
                message: fault.message,
                suggestion: fault.suggestion,
            }),
        }
        if rules.len() > RULES_MAX {
            return whole(format!("more than {RULES_MAX} rules"));
        }
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if errors.is_empty() {
        Ok(rules)
    } else {
        Err(errors)
    }
}

/// A word of a line, where it begins; blanks within quotes are part of it.
fn words(line: &str) -> Result<Vec<(usize, &str)>, Fault> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quoted: Option<usize> = None;
    let mut is_escaped = false;
    for (at, c) in line.char_indices() {
        if quoted.is_some() {
            match c {
                '"' if !is_escaped => quoted = None,
                _ => {}
            }
            is_escaped = c == '\\' && !is_escaped;
        } else if c.is_whitespace() {
            if let Some(from) = start.take() {
                words.push((from, &line[from..at]));
            }
        } else if c == '#' && start.is_none() {
            return Ok(words);
        } else {
            start.get_or_insert(at);
            if c == '"' {
                quoted = Some(at);
            }
        }
    }
    if let Some(at) = quoted {
        return Err(fault(at, "this quotation mark is not closed"));
    }
    if let Some(from) = start {
        words.push((from, &line[from..]));
    }
    Ok(words)
}

/// What a line asks for, so far.
#[derive(Default)]
struct Conditions {
    of_event: Vec<Matcher>,
    of_frame: Vec<Matcher>,
    beside: Vec<Matcher>,
    sibling: Option<Sibling>,
}

fn rule(line: &str, number: u32, rules: &mut Rules) -> Result<(), Fault> {
    if let Some(at) = line.find("->") {
        // The fingerprint may hold blanks: `{{ error.type }}`.
        let then = fingerprint(&line[at + 2..], at + 2)?;
        let before = words(&line[..at])?;
        let conditions = conditions(&before)?;
        if before.is_empty() {
            return Err(fault(
                at,
                "nothing says of which events: put `error.type:…` or another matcher before",
            ));
        }
        rules
            .fingerprints
            .push(made(line, number, conditions, then));
        return Ok(());
    }
    let words = words(line)?;
    let is_action = |word: &str| {
        word.starts_with(['+', '-', '^'])
            || matches!(word, "ignore" | "v+app" | "v-app" | "v+group" | "v-group")
            || word.contains('=') && !word.contains(':')
    };
    let first = words.iter().position(|(_, word)| is_action(word));
    let Some(first) = first else {
        let message = "neither `-> fingerprint` nor an action follows the matchers";
        return Err(Fault {
            suggestion: format!("{} -> …", line.trim()),
            ..fault(line.trim_end().len(), message)
        });
    };
    let mut actions = Vec::new();
    for (at, word) in &words[first..] {
        actions.push(action(word).map_err(|fault| Fault {
            at: at + fault.at,
            ..fault
        })?);
    }
    let conditions = conditions(&words[..first])?;
    if conditions.of_frame.is_empty() && conditions.of_event.is_empty() {
        return Err(fault(
            words[first].0,
            "nothing says of which frames: put `stack.function:…` or another matcher before",
        ));
    }
    rules.stacks.push(made(line, number, conditions, actions));
    Ok(())
}

fn made<T>(line: &str, number: u32, conditions: Conditions, then: T) -> Rule<T> {
    Rule {
        line: number,
        text: line.trim().to_owned(),
        of_event: conditions.of_event,
        of_frame: conditions.of_frame,
        sibling: conditions.sibling.map(|which| (which, conditions.beside)),
        then,
    }
}

/// `a:b !c:d`, `[ a:b ] | c:d`, `a:b | [ c:d ]`.
fn conditions(words: &[(usize, &str)]) -> Result<Conditions, Fault> {
    let mut made = Conditions::default();
    let mut opened: Option<usize> = None;
    // A bar was seen, and what stood in brackets before it.
    let (mut has_bar, mut has_bracket) = (false, false);
    if words.len() > WORDS_MAX {
        return Err(fault(
            words[WORDS_MAX].0,
            format!("more than {WORDS_MAX} matchers"),
        ));
    }
    for (at, word) in words {
        let mut at = *at;
        let mut word = *word;
        if word == "|" {
            if has_bar || opened.is_some() {
                return Err(fault(at, "one `|` at most, outside of brackets"));
            }
            has_bar = true;
            if has_bracket {
                made.sibling = Some(Sibling::Caller);
            }
            continue;
        }
        if let Some(rest) = word.strip_prefix('[') {
            if has_bracket || opened.is_some() {
                return Err(fault(at, "one pair of brackets at most"));
            }
            if !has_bar && !made.of_frame.is_empty() {
                return Err(fault(
                    at,
                    "a `|` stands between a frame and its neighbour in brackets",
                ));
            }
            opened = Some(at);
            (at, word) = (at + 1, rest);
        }
        let closes = opened.is_some() && word.ends_with(']') && !word.contains('"');
        let bare = if closes {
            &word[..word.len() - 1]
        } else {
            word
        };
        if !bare.is_empty() {
            let (part, matcher) = matcher(bare, at)?;
            let list = match (part.is_of_frame(), opened.is_some()) {
                (true, true) => &mut made.beside,
                (true, false) => &mut made.of_frame,
                (false, false) => &mut made.of_event,
                (false, true) => {
                    return Err(fault(
                        at,
                        "only matchers of frames (`stack.…`) stand in brackets",
                    ));
                }
            };
            list.push(matcher);
        }
        if closes {
            opened = None;
            has_bracket = true;
            if has_bar {
                made.sibling = Some(Sibling::Callee);
            }
        }
    }
    if let Some(at) = opened {
        return Err(fault(at, "this bracket is not closed"));
    }
    let end = words.last().map_or(0, |(at, word)| at + word.len());
    match (has_bracket, has_bar) {
        (true, false) => {
            return Err(fault(
                end,
                "a `|` and a frame follow a neighbour in brackets",
            ));
        }
        (false, true) => return Err(fault(end, "`|` stands beside a neighbour in brackets")),
        _ => {}
    }
    if made.sibling.is_some() && made.of_frame.is_empty() {
        return Err(fault(
            end,
            "no frame stands beside the neighbour in brackets",
        ));
    }
    Ok(made)
}

/// `name:pattern`, `!name:"a pattern"`.
fn matcher(word: &str, at: usize) -> Result<(Part, Matcher), Fault> {
    let (is_negated, bare) = match word.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let start = at + word.len() - bare.len();
    let Some((name, pattern)) = bare.split_once(':') else {
        return Err(Fault {
            suggestion: nearest(bare, names())
                .map(|name| format!("{name}:…"))
                .unwrap_or_default(),
            ..fault(start, format!("`{bare}` is no matcher: `name:pattern`"))
        });
    };
    let part = match name.strip_prefix("tags.") {
        Some("") => return Err(fault(start + 5, "which tag? `tags.NAME:pattern`")),
        Some(key) => Part::Tag(key.to_owned()),
        None => match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, part)) => part.clone(),
            None => {
                return Err(Fault {
                    suggestion: nearest(name, names())
                        .map(|name| format!("{name}:{pattern}"))
                        .unwrap_or_default(),
                    ..fault(start, format!("`{name}` is nothing that can be matched"))
                });
            }
        },
    };
    let pattern = unquoted(pattern);
    let from = start + name.len() + 1;
    if pattern.is_empty() {
        return Err(fault(
            from,
            format!("`{name}:` has no pattern; `{name}:\"\"` cannot match"),
        ));
    }
    if pattern.chars().count() > PATTERN_CHARS_MAX {
        return Err(fault(
            from,
            format!("a pattern longer than {PATTERN_CHARS_MAX} characters"),
        ));
    }
    Ok((part.clone(), Matcher::new(part, &pattern, is_negated)))
}

fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

fn action(word: &str) -> Result<Action, Fault> {
    let unknown = || Fault {
        suggestion: nearest(word, ACTIONS.into_iter())
            .unwrap_or_default()
            .to_owned(),
        ..fault(0, format!("`{word}` is no action"))
    };
    if let Some((name, number)) = word.split_once('=') {
        let count = number.parse().ok().filter(|count| *count <= FRAMES_MAX);
        let of = |count| match name {
            "max-frames" => Ok(Action::FramesMax(count)),
            "min-frames" => Ok(Action::FramesMin(count)),
            _ => Err(unknown()),
        };
        of(0)?;
        return match count {
            Some(count) => of(count),
            None => Err(fault(
                name.len() + 1,
                format!("`{number}` is no number of frames: 0 to {FRAMES_MAX}"),
            )),
        };
    }
    let (range, flag) = if let Some(rest) = word.strip_prefix('^') {
        (Range::Newer, rest)
    } else if let Some(rest) = word.strip_prefix('v') {
        (Range::Older, rest)
    } else {
        (Range::This, word)
    };
    match (flag, range) {
        ("+app", _) => Ok(Action::InApp(range, true)),
        ("-app", _) => Ok(Action::InApp(range, false)),
        ("+group", _) => Ok(Action::Group(range, true)),
        ("-group" | "ignore", _) => Ok(Action::Group(range, false)),
        ("+prefix", Range::This) => Ok(Action::Prefix),
        ("+sentinel", Range::This) => Ok(Action::Sentinel),
        _ => Err(unknown()),
    }
}

/// Entries and a title, behind the arrow.
fn fingerprint(text: &str, start: usize) -> Result<FingerprintTo, Fault> {
    let mut made = FingerprintTo {
        entries: Vec::new(),
        title: String::new(),
    };
    let mut rest = text;
    let at = |rest: &str| start + text.len() - rest.len();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() || rest.starts_with('#') {
            break;
        }
        if made.entries.len() >= WORDS_MAX {
            return Err(fault(at(rest), format!("more than {WORDS_MAX} entries")));
        }
        let titled = rest.strip_prefix("title=");
        let word = titled.unwrap_or(rest);
        let from = at(word);
        let len = if let Some(inner) = word.strip_prefix('"') {
            let end =
                closing(inner).ok_or_else(|| fault(from, "this quotation mark is not closed"))?;
            end + 2
        } else {
            entry_len(word).ok_or_else(|| fault(from, "`{{` is not closed by `}}`"))?
        };
        let entry = unquoted(&word[..len]);
        checked(&entry, from)?;
        if titled.is_some() {
            made.title = entry;
        } else {
            made.entries.push(entry);
        }
        rest = &word[len..];
    }
    if made.entries.is_empty() {
        return Err(Fault {
            suggestion: "-> {{ default }}".to_owned(),
            ..fault(start, "no fingerprint follows the arrow")
        });
    }
    Ok(made)
}

/// The length of an entry: up to a blank or a comma outside of `{{ … }}`.
fn entry_len(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with("{{") {
            at += text[at..].find("}}")? + 2;
        } else if c.is_whitespace() || c == ',' {
            break;
        } else {
            at += c.len_utf8();
        }
    }
    Some(at)
}

/// Refuses variables that nobody knows.
fn checked(entry: &str, at: usize) -> Result<(), Fault> {
    for name in variables::names_in(entry) {
        if !variables::is_known(name) {
            let known = variables::KNOWN.iter().copied().chain(["tags.NAME"]);
            return Err(Fault {
                suggestion: nearest(name, known)
                    .map(|name| format!("{{{{ {name} }}}}"))
                    .unwrap_or_default(),
                ..fault(at, format!("`{name}` is no variable"))
            });
        }
    }
    Ok(())
}

/// Where a quotation ends.
fn closing(inner: &str) -> Option<usize> {
    let mut is_escaped = false;
    inner.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace("\\\"", "\""))
}
