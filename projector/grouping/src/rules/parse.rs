//! From text to rules, and to what is wrong with it: line, column, a suggestion.

use std::fmt;

use super::{
    FingerprintTo, RULES_BYTES_MAX, RULES_MAX, Rule, Rules,
    glob::PATTERN_CHARS_MAX,
    matcher::{Matcher, NAMES, Part, Sibling},
    reads::Reads,
    spelling::nearest,
    stack::{Action, Range},
    words::{Open, arrow, closing, entry_len, shown, unquoted, words},
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

impl RuleError {
    /// What is told of a text that was refused: the field, `text:LINE:COLUMN` of the first that
    /// is wrong, and what is wrong with it, and how many more there are.
    pub fn refused(errors: &[Self]) -> (String, String) {
        let Some(first) = errors.first() else {
            return ("text".to_owned(), "cannot be read".to_owned());
        };
        let field = format!("text:{}:{}", first.line, first.column);
        let message = match errors.len() - 1 {
            0 => first.to_string(),
            more => format!("{first}, and {more} more"),
        };
        (field, message)
    }
}

/// What is wrong, and where in the line, bytes.
struct Fault {
    at: usize,
    message: String,
    suggestion: String,
}

impl From<Open> for Fault {
    fn from(open: Open) -> Self {
        fault(open.0, "this quotation mark is not closed")
    }
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
        rules.reads = Reads::of(&rules);
        Ok(rules)
    } else {
        Err(errors)
    }
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
    if let Some(at) = arrow(line) {
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
            suggestion: format!("{} -> …", shown(line.trim())),
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
            ..fault(
                start,
                format!("`{}` is no matcher: `name:pattern`", shown(bare)),
            )
        });
    };
    let part = match name.strip_prefix("tags.") {
        Some("") => return Err(fault(start + 5, "which tag? `tags.NAME:pattern`")),
        Some(key) if key.chars().count() > PATTERN_CHARS_MAX => {
            let message = format!("a tag's name longer than {PATTERN_CHARS_MAX} characters");
            return Err(fault(start, message));
        }
        Some(key) => Part::Tag(key.to_owned()),
        None => match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, part)) => part.clone(),
            None => {
                return Err(Fault {
                    suggestion: nearest(name, names())
                        .map(|name| format!("{name}:{}", shown(pattern)))
                        .unwrap_or_default(),
                    ..fault(
                        start,
                        format!("`{}` is nothing that can be matched", shown(name)),
                    )
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
        ..fault(0, format!("`{}` is no action", shown(word)))
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
                format!(
                    "`{}` is no number of frames: 0 to {FRAMES_MAX}",
                    shown(number)
                ),
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
        checked(&entry, from, titled.is_some())?;
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

/// Refuses variables that nobody knows, and what has no text of its own within one.
fn checked(entry: &str, at: usize, is_title: bool) -> Result<(), Fault> {
    for name in variables::names_in(entry) {
        if name.eq_ignore_ascii_case("default") && (is_title || !variables::is_default(entry)) {
            let message = "`{{ default }}` stands alone, as an entry of the fingerprint";
            return Err(fault(at, message));
        }
        if !variables::is_known(name) {
            let known = variables::KNOWN.iter().copied().chain(["tags.NAME"]);
            return Err(Fault {
                suggestion: nearest(name, known)
                    .map(|name| format!("{{{{ {name} }}}}"))
                    .unwrap_or_default(),
                ..fault(at, format!("`{}` is no variable", shown(name)))
            });
        }
    }
    Ok(())
}
