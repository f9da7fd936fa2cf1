//! What a project wants: its own rules, what the default leaves alone, and what is
//! looked for beyond it.
//!
//! Owns the decision about each string: (path, kind, whether its name is secret,
//! text) → what to store. The walk over an event only asks. Invariant: a project
//! without settings costs nothing but the default; a user's expression is compiled
//! under a size limit and runs in linear time; a value that an earlier rule has
//! masked stays as it is.

use std::sync::{Arc, LazyLock};

use event_model::settings::{ScrubMethod, ScrubRule, Scrubbing, SourceLines};
use regex::{Regex, RegexBuilder};

use super::{
    MASK, names,
    place::Place,
    text::{self, Detect, Kind},
};

/// Most rules of a project.
pub const RULES_MAX: usize = 100;
/// Most names and paths that the default leaves alone.
pub const ALLOW_MAX: usize = 100;
/// Longest expression, characters.
pub const EXPRESSION_CHARS_MAX: usize = 500;
/// Largest compiled expression, bytes: a hundred of them are 25 MB.
const EXPRESSION_BYTES_MAX: usize = 256 << 10;
/// Hexadecimal digits kept of a hash: 96 bits do not collide within a project.
const HASH_CHARS: usize = 24;
/// What a hash begins with.
const HASH_PREFIX: &str = "[Hash:";

/// The built-in patterns by name.
const BUILT_IN: [(&str, Detect); 10] = [
    ("@assignment", Detect::ASSIGNMENT),
    ("@url", Detect::URL),
    ("@token", Detect::TOKEN),
    ("@jwt", Detect::JWT),
    ("@pem", Detect::PEM),
    ("@card", Detect::CARD),
    ("@iban", Detect::IBAN),
    ("@ssn", Detect::SSN),
    ("@email", Detect::EMAIL),
    ("@ip", Detect::IP),
];

/// Why settings are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct RuleError {
    /// "rules[2].what"
    pub field: String,
    /// For people.
    pub message: String,
}

/// The settings of one project, compiled. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rules(Arc<Compiled>);

struct Compiled {
    own: Vec<Rule>,
    allow: Vec<Place>,
    detect: Detect,
    source_lines: SourceLines,
    /// For [`ScrubMethod::Hash`], of this project alone.
    hash: Hasher,
}

type Hasher = Box<dyn Fn(&str) -> [u8; 32] + Send + Sync>;

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled")
            .field("own", &self.own)
            .field("allow", &self.allow)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
struct Rule {
    place: Place,
    what: What,
    how: ScrubMethod,
}

#[derive(Debug, Clone)]
enum What {
    Whole,
    BuiltIn(Detect),
    Expression(Regex),
}

static STANDARD: LazyLock<Rules> = LazyLock::new(|| {
    Rules(Arc::new(Compiled {
        own: Vec::new(),
        allow: Vec::new(),
        detect: Detect::DEFAULT,
        source_lines: SourceLines::Scrub,
        hash: Box::new(|_| [0; 32]),
    }))
});

impl Rules {
    /// Those of a project without settings.
    pub fn standard() -> &'static Self {
        &STANDARD
    }

    /// Compiles settings. `hash` is a keyed hash of the project's own. Fails with the
    /// first rule that cannot be.
    pub fn compile(
        settings: &Scrubbing,
        hash: impl Fn(&str) -> [u8; 32] + Send + Sync + 'static,
    ) -> Result<Self, RuleError> {
        let bounded = |field: &str, count, max| {
            let message = format!("{count} of at most {max}");
            let field = field.to_owned();
            (count <= max)
                .then_some(())
                .ok_or(RuleError { field, message })
        };
        bounded("rules", settings.rules.len(), RULES_MAX)?;
        bounded("allow", settings.allow.len(), ALLOW_MAX)?;
        let mut own = Vec::with_capacity(settings.rules.len());
        for (at, rule) in settings.rules.iter().enumerate() {
            let error = |(part, message)| RuleError {
                field: format!("rules[{at}].{part}"),
                message,
            };
            own.push(Rule::compile(rule).map_err(error)?);
        }
        let mut allow = Vec::with_capacity(settings.allow.len());
        for (at, pattern) in settings.allow.iter().enumerate() {
            let place = Place::parse(pattern).and_then(|place| match place {
                Place::Anywhere => Err("the default cannot be switched off as a whole".to_owned()),
                place @ Place::Path(_) => Ok(place),
            });
            let field = format!("allow[{at}]");
            allow.push(place.map_err(|message| RuleError { field, message })?);
        }
        let mut detect = Detect::DEFAULT;
        if settings.emails {
            detect = detect.and(Detect::EMAIL);
        }
        if settings.ip_addresses {
            detect = detect.and(Detect::IP);
        }
        Ok(Self(Arc::new(Compiled {
            own,
            allow,
            detect,
            source_lines: settings.source_lines,
            hash: Box::new(hash),
        })))
    }

    /// Where they are: no other rules are there as long as these are held.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether strings are judged by what is in them alone, never by their path: then
    /// no path need be kept.
    pub(crate) fn ignore_paths(&self) -> bool {
        self.0.own.is_empty() && self.0.allow.is_empty()
    }

    /// What is stored in the place of a string; `None`: the string as it is. `names`
    /// gives the names on the way to it, from the top; `secret` says whether one of
    /// them is a secret's by the default.
    pub(crate) fn string<'n>(
        &self,
        names: impl FnOnce() -> Vec<&'n str>,
        kind: Kind,
        secret: bool,
        text: &str,
    ) -> Option<String> {
        if text.is_empty() || text == MASK {
            return None;
        }
        if kind == Kind::Source && self.0.source_lines == SourceLines::Remove {
            return Some(String::new());
        }
        if self.ignore_paths() {
            return self.by_default(kind, secret, text);
        }
        let names = names();
        let mut stored: Option<String> = None;
        for rule in &self.0.own {
            if rule.place.holds(&names) {
                let so_far = stored.as_deref().unwrap_or(text);
                stored = self.by_rule(rule, kind, so_far).or(stored);
            }
        }
        if self.0.allow.iter().any(|place| place.holds(&names)) {
            return stored;
        }
        let so_far = stored.as_deref().unwrap_or(text);
        // What a rule has put there is no secret any more.
        let secret = secret && stored.is_none();
        self.by_default(kind, secret, so_far).or(stored)
    }

    /// What is stored in the place of a number or boolean, given as it is written;
    /// `None`: the value as it is.
    pub(crate) fn number<'n>(
        &self,
        names: impl FnOnce() -> Vec<&'n str>,
        secret: bool,
        written: &str,
    ) -> Option<String> {
        let is_long = written.len() >= 13;
        if !secret && !is_long && self.ignore_paths() {
            return None;
        }
        self.string(names, Kind::Text, secret, written)
    }

    /// What is stored of a text that stands at a path like "extra.customer.note";
    /// `None`: the text as it is.
    pub fn stored_at(&self, path: &str, text: &str) -> Option<String> {
        let names: Vec<&str> = path.split('.').collect();
        let secret = names.iter().any(|name| names::is_secret(name));
        self.string(|| names, Kind::Text, secret, text)
    }

    fn by_default(&self, kind: Kind, secret: bool, text: &str) -> Option<String> {
        if secret {
            return (!text.starts_with(HASH_PREFIX)).then(|| MASK.to_owned());
        }
        if kind == Kind::Source && self.0.source_lines == SourceLines::Keep {
            return None;
        }
        text::scrub(text, kind, self.0.detect)
    }

    fn by_rule(&self, rule: &Rule, kind: Kind, text: &str) -> Option<String> {
        match &rule.what {
            What::Whole => (!text.is_empty() && text != MASK && !text.starts_with(HASH_PREFIX))
                .then(|| self.stand_in(rule.how, text)),
            What::BuiltIn(detect) => {
                let write = |value: &str, out: &mut String| {
                    out.push_str(&self.stand_in(rule.how, value));
                };
                text::replace(text, kind, *detect, write)
            }
            What::Expression(expression) => {
                let stand_in = |found: &regex::Captures<'_>| self.stand_in(rule.how, &found[0]);
                match expression.replace_all(text, stand_in) {
                    std::borrow::Cow::Borrowed(_) => None,
                    std::borrow::Cow::Owned(changed) => Some(changed),
                }
            }
        }
    }

    fn stand_in(&self, how: ScrubMethod, value: &str) -> String {
        match how {
            ScrubMethod::Mask => MASK.to_owned(),
            ScrubMethod::Remove => String::new(),
            ScrubMethod::Hash if value.is_empty() => String::new(),
            ScrubMethod::Hash => {
                use std::fmt::Write as _;
                let mut written = HASH_PREFIX.to_owned();
                for byte in &(self.0.hash)(value)[..HASH_CHARS / 2] {
                    let _ = write!(written, "{byte:02x}");
                }
                written.push(']');
                written
            }
        }
    }
}

impl Rule {
    /// Fails with the part that is wrong and what is wrong with it.
    fn compile(rule: &ScrubRule) -> Result<Self, (&'static str, String)> {
        let place = Place::parse(&rule.place).map_err(|message| ("where", message))?;
        let what = What::compile(&rule.what).map_err(|message| ("what", message))?;
        if place == Place::Anywhere && matches!(what, What::Whole) {
            let message = "every string as a whole would leave nothing to read".to_owned();
            return Err(("what", message));
        }
        Ok(Self {
            place,
            what,
            how: rule.how,
        })
    }
}

impl What {
    fn compile(what: &str) -> Result<Self, String> {
        if what.is_empty() {
            return Ok(Self::Whole);
        }
        if what.starts_with('@') {
            let known = BUILT_IN.iter().find(|(name, _)| *name == what);
            return known
                .map(|(_, detect)| Self::BuiltIn(*detect))
                .ok_or_else(|| {
                    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                    format!("{what:?} is none of {}", names.join(", "))
                });
        }
        if what.chars().count() > EXPRESSION_CHARS_MAX {
            return Err(format!(
                "must have at most {EXPRESSION_CHARS_MAX} characters"
            ));
        }
        let expression = RegexBuilder::new(what)
            .size_limit(EXPRESSION_BYTES_MAX)
            .dfa_size_limit(EXPRESSION_BYTES_MAX)
            .build()
            .map_err(|error| error.to_string())?;
        if expression.is_match("") {
            return Err("would also match nothing at all".to_owned());
        }
        Ok(Self::Expression(expression))
    }
}

#[cfg(test)]
mod tests;
