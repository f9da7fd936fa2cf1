//! What a rule asks of an event or of a frame.

use event_model::{
    Level,
    head::{ArchivedFrameHeadV1, WholeHead},
};

use super::{
    Budget,
    glob::{Compare, Glob},
};
use crate::fingerprint::message;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Type,
    Value,
    Message,
    Level,
    Logger,
    Release,
    Environment,
    Sdk,
    Transaction,
    Family,
    Tag(String),
    Function,
    Module,
    Path,
    Package,
    InApp,
}

/// The names of parts, those that are preferred first.
pub(super) const NAMES: [(&str, Part); 26] = [
    ("error.type", Part::Type),
    ("error.value", Part::Value),
    ("message", Part::Message),
    ("level", Part::Level),
    ("logger", Part::Logger),
    ("release", Part::Release),
    ("environment", Part::Environment),
    ("sdk", Part::Sdk),
    ("transaction", Part::Transaction),
    ("family", Part::Family),
    ("stack.function", Part::Function),
    ("stack.module", Part::Module),
    ("stack.path", Part::Path),
    ("stack.abs_path", Part::Path),
    ("stack.package", Part::Package),
    ("stack.app", Part::InApp),
    ("type", Part::Type),
    ("value", Part::Value),
    ("function", Part::Function),
    ("module", Part::Module),
    ("path", Part::Path),
    ("package", Part::Package),
    ("app", Part::InApp),
    ("in_app", Part::InApp),
    ("sdk.name", Part::Sdk),
    ("platform", Part::Family),
];

/// A frame beside the one that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sibling {
    /// The call that led to it.
    Caller,
    /// What it called.
    Callee,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matcher {
    part: Part,
    glob: Glob,
    is_negated: bool,
}

impl Part {
    /// Whether it is a frame's.
    pub(super) fn is_of_frame(&self) -> bool {
        matches!(
            self,
            Self::Function | Self::Module | Self::Path | Self::Package | Self::InApp
        )
    }

    fn compare(&self) -> Compare {
        match self {
            Self::Path | Self::Package => Compare::AsPath,
            Self::Level | Self::Family | Self::InApp | Self::Sdk => Compare::Loosely,
            _ => Compare::Exactly,
        }
    }
}

impl Matcher {
    pub(super) fn new(part: Part, pattern: &str, is_negated: bool) -> Self {
        let glob = Glob::new(pattern, part.compare());
        Self {
            part,
            glob,
            is_negated,
        }
    }

    /// What it looks at.
    pub(super) fn part(&self) -> &Part {
        &self.part
    }

    pub(super) fn holds_of_event(&self, head: &WholeHead<'_>, budget: &mut Budget) -> bool {
        if !budget.step() {
            return false;
        }
        let mut fits = |text: &str| self.glob.fits(text, budget);
        let found = match &self.part {
            Part::Type => head.exceptions().any(|e| fits(&e.ty)),
            Part::Value => head.exceptions().any(|e| fits(e.value)),
            Part::Message => {
                let message = message(head);
                fits(&head.message)
                    || message != head.message.as_str() && fits(message)
                    || head.message.is_empty() && head.exceptions().any(|e| fits(e.value))
            }
            Part::Level => fits(Level::from_number(head.level).name()),
            Part::Logger => fits(&head.logger),
            Part::Release => fits(&head.release),
            Part::Environment => fits(&head.environment),
            Part::Sdk => fits(&head.sdk.0),
            Part::Transaction => fits(&head.transaction),
            Part::Family => fits(&head.platform) || fits(family(&head.platform)),
            Part::Tag(key) => {
                let tag = head.tags.iter().find(|pair| pair.0 == key.as_str());
                fits(tag.map_or("", |pair| &pair.1))
            }
            _ => false,
        };
        // What could not be looked at to its end does not hold, negated or not.
        budget.left > 0 && found != self.is_negated
    }

    pub(super) fn holds_of_frame(
        &self,
        frame: &ArchivedFrameHeadV1,
        in_app: bool,
        budget: &mut Budget,
    ) -> bool {
        if !budget.step() {
            return false;
        }
        let mut fits = |text: &str| self.glob.fits(text, budget);
        let found = match self.part {
            Part::Function => fits(&frame.function),
            Part::Module => fits(&frame.module),
            Part::Path => fits(&frame.filename),
            Part::Package => fits(&frame.package),
            Part::InApp => {
                let words: [&str; 3] = if in_app {
                    ["yes", "true", "1"]
                } else {
                    ["no", "false", "0"]
                };
                words.iter().any(|word| fits(word))
            }
            _ => false,
        };
        budget.left > 0 && found != self.is_negated
    }
}

/// Platforms as the field sums them up.
fn family(platform: &str) -> &'static str {
    match platform {
        "javascript" | "node" | "bun" | "deno" => "javascript",
        "native" | "rust" | "c" | "cpp" | "cocoa" | "swift" | "objc" => "native",
        "java" | "kotlin" | "android" | "scala" | "groovy" | "clojure" => "java",
        "csharp" | "dotnet" | "fsharp" => "csharp",
        _ => "other",
    }
}
