//! What rules ask of an event besides its stack: what they make of one event holds for
//! all events of its stack in which this is the same.
//!
//! Invariant: whatever a matcher looks at and a fingerprint's variable stands for is the
//! stack's, the platform, or named here. Titles are not: they are filled in for each event.

use event_model::head::WholeHead;

use super::{Rules, matcher::Part};
use crate::variables::{self, Asked};

/// Parts of a head that events of one stack need not share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    fields: u16,
    /// Values of these keys.
    tags: Vec<String>,
}

impl Reads {
    /// Exceptions' texts.
    pub(crate) const VALUES: u16 = 1;
    /// The message and its template.
    pub(crate) const MESSAGE: u16 = 1 << 1;
    pub(crate) const TRANSACTION: u16 = 1 << 2;
    const LEVEL: u16 = 1 << 3;
    const LOGGER: u16 = 1 << 4;
    const RELEASE: u16 = 1 << 5;
    const ENVIRONMENT: u16 = 1 << 6;
    const SDK: u16 = 1 << 7;
    const TAGS: u16 = 1 << 8;

    /// What these rules ask.
    pub(super) fn of(rules: &Rules) -> Self {
        let mut reads = Self::default();
        let fingerprints = rules.fingerprints.iter().flat_map(|rule| &rule.of_event);
        let stacks = rules.stacks.iter().flat_map(|rule| &rule.of_event);
        for matcher in fingerprints.chain(stacks) {
            reads.add_part(matcher.part());
        }
        let entries = rules
            .fingerprints
            .iter()
            .flat_map(|rule| &rule.then.entries);
        for name in entries.flat_map(|entry| variables::filled_in(entry)) {
            reads.add_variable(name);
        }
        reads.tags.sort_unstable();
        reads.tags.dedup();
        reads
    }

    pub(crate) fn fields(&self) -> u16 {
        self.fields
    }

    fn add_part(&mut self, part: &Part) {
        self.fields |= match part {
            Part::Value => Self::VALUES,
            Part::Message => Self::MESSAGE | Self::VALUES,
            Part::Level => Self::LEVEL,
            Part::Logger => Self::LOGGER,
            Part::Release => Self::RELEASE,
            Part::Environment => Self::ENVIRONMENT,
            Part::Sdk => Self::SDK,
            Part::Transaction => Self::TRANSACTION,
            Part::Tag(key) => {
                self.tags.push(key.clone());
                Self::TAGS
            }
            // The stack's, and the platform.
            Part::Type
            | Part::Family
            | Part::Function
            | Part::Module
            | Part::Path
            | Part::Package
            | Part::InApp => 0,
        };
    }

    fn add_variable(&mut self, name: &str) {
        self.fields |= match variables::asked(name) {
            Asked::Value => Self::VALUES,
            Asked::Message => Self::MESSAGE | Self::VALUES,
            Asked::Level => Self::LEVEL,
            Asked::Logger => Self::LOGGER,
            Asked::Release => Self::RELEASE,
            Asked::Environment => Self::ENVIRONMENT,
            Asked::Sdk => Self::SDK,
            Asked::Transaction => Self::TRANSACTION,
            Asked::Tag(key) => {
                self.tags.push(key);
                Self::TAGS
            }
            Asked::Type
            | Asked::Platform
            | Asked::Function
            | Asked::Module
            | Asked::Package
            | Asked::Path
            | Asked::Nothing => 0,
        };
    }

    /// Writes down what an event has of these `fields`, each so that none can run into the
    /// next.
    pub(crate) fn write(&self, fields: u16, head: &WholeHead<'_>, key: &mut Vec<u8>) {
        let mut add = |text: &str| {
            key.extend_from_slice(&(text.len() as u64).to_le_bytes());
            key.extend_from_slice(text.as_bytes());
        };
        let has = |field: u16| fields & field != 0;
        if has(Self::VALUES) {
            head.exceptions().for_each(|e| add(e.value));
        }
        if has(Self::MESSAGE) {
            add(&head.message);
            add(&head.message_template);
        }
        for (field, text) in [
            (Self::TRANSACTION, &head.transaction),
            (Self::LOGGER, &head.logger),
            (Self::RELEASE, &head.release),
            (Self::ENVIRONMENT, &head.environment),
            (Self::SDK, &head.sdk.0),
        ] {
            if has(field) {
                add(text);
            }
        }
        if has(Self::TAGS) {
            for tag in &self.tags {
                add(variables::tag(head, tag));
            }
        }
        if has(Self::LEVEL) {
            key.push(head.level);
        }
    }
}
