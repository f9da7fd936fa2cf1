//! A query of the search language as a query of one day's index.
//!
//! Invariant: an event passes here as it would by [`search_language::Expression::holds`] over
//! what is indexed of it. A wildcard is looked for among the terms of its field: in time
//! linear in their number, and at most [`TERMS_MAX`] of them are looked up. NOT is pushed
//! down to the terms: a range of times within what is excluded makes the library step
//! backwards, which it cannot, so times that are not are times before and behind. Which field is
//! where in the index is said once, in [`places`].

use std::{ops::Bound, sync::Arc};

use event_model::{Fingerprint, ProjectId};
use search_language::{Expression, Field, Key, Known, Leaf, Pattern};
use tantivy::{
    Searcher, Term,
    query::{AllQuery, BooleanQuery, EmptyQuery, Occur, Query, RangeQuery},
    schema::Field as Place,
};

pub(super) use super::full_text::Ready;
use super::{NS_A_MS, full_text};
use crate::{
    ReadModelError,
    fold::fold,
    search::{
        numbers,
        schema::{SearchSchema, TextPart, tag_term},
        terms::{any_of, one},
    },
};

/// Most terms that a wildcard may stand for.
const TERMS_MAX: usize = 20_000;

/// A term of a query over events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTest {
    /// Of what the index holds.
    Leaf(Leaf),
    /// Of these issues: a project's fingerprints each. Fingerprints are alike in all projects.
    Of(Vec<(ProjectId, Vec<Fingerprint>)>),
}

/// How a field is indexed.
#[derive(Debug, Clone, Copy)]
enum How {
    /// Whole texts.
    Whole(Place),
    /// Words, whose places are known.
    Words(Place),
    /// Words, whose places are not.
    Text(TextPart),
    /// A whole text, folded, by this name among the attributes.
    Attribute(&'static str),
    /// What its stack says ([`full_text::StackPart`]).
    Stack,
    /// Unix nanoseconds.
    Time(Place),
}

/// Where each field is: a line a field. Those that are numbers of ours have their own way
/// below; a word without a key is looked for in those of [`ANYWHERE`].
fn places(schema: &SearchSchema) -> [(Key, How); 29] {
    [
        (Key::Title, How::Words(schema.message)),
        (Key::Message, How::Words(schema.message)),
        (Key::Type, How::Attribute("type")),
        (Key::StackFunction, How::Stack),
        (Key::StackModule, How::Stack),
        (Key::StackPath, How::Stack),
        (Key::StackSource, How::Stack),
        (Key::StackVariables, How::Text(TextPart::Variables)),
        (Key::Breadcrumb, How::Text(TextPart::Breadcrumb)),
        (Key::Request, How::Text(TextPart::Request)),
        (Key::Extra, How::Text(TextPart::Extra)),
        (Key::UserEmail, How::Attribute("user.email")),
        (Key::UserName, How::Attribute("user.username")),
        (Key::UserAddress, How::Attribute("user.ip")),
        (Key::RequestMethod, How::Attribute("http.method")),
        (Key::Logger, How::Attribute("logger")),
        (Key::Platform, How::Attribute("platform")),
        (Key::Handled, How::Attribute("handled")),
        (Key::Transaction, How::Attribute("transaction")),
        (Key::Url, How::Attribute("http.url")),
        (Key::ServerName, How::Attribute("server_name")),
        (Key::Sdk, How::Attribute("sdk")),
        (Key::Release, How::Whole(schema.release)),
        (Key::ReleaseVersion, How::Whole(schema.release)),
        (Key::Environment, How::Whole(schema.environment)),
        (Key::User, How::Whole(schema.user)),
        (Key::UserId, How::Whole(schema.user)),
        (Key::Timestamp, How::Time(schema.timestamp_ns)),
        (Key::Received, How::Time(schema.received_ns)),
    ]
}

/// What a word without a key is looked for in, besides texts and stacks.
const ANYWHERE: [Key; 4] = [Key::Message, Key::User, Key::Release, Key::Environment];

/// Compiles for one day.
pub(super) struct Compiler<'a> {
    pub(super) schema: &'a SearchSchema,
    pub(super) searcher: &'a Searcher,
}

pub(super) type Compiled = Result<Box<dyn Query>, ReadModelError>;

fn nothing() -> Box<dyn Query> {
    Box::new(EmptyQuery)
}

fn everything() -> Box<dyn Query> {
    Box::new(AllQuery)
}

fn joined(occur: Occur, mut parts: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    match (parts.len(), occur) {
        (0, Occur::Must) => everything(),
        (0, _) => nothing(),
        (1, _) => parts.remove(0),
        _ => Box::new(BooleanQuery::new(
            parts.into_iter().map(|part| (occur, part)).collect(),
        )),
    }
}

/// All of these; of none: everything.
pub(super) fn joined_all(parts: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    joined(Occur::Must, parts)
}

/// Any of these; of none: nothing.
pub(super) fn joined_any(parts: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    joined(Occur::Should, parts)
}

impl Compiler<'_> {
    pub(super) fn compile(&self, asked: &Expression<Ready>) -> Compiled {
        self.compile_as(asked, true)
    }

    /// What passes it, or what does not.
    fn compile_as(&self, asked: &Expression<Ready>, passes: bool) -> Compiled {
        let all = |parts: &[Expression<Ready>], is_and: bool| -> Compiled {
            let parts = parts.iter().map(|part| self.compile_as(part, passes));
            // Not all is one that is not.
            let occur = if is_and == passes {
                Occur::Must
            } else {
                Occur::Should
            };
            Ok(joined(occur, parts.collect::<Result<_, _>>()?))
        };
        let query = match asked {
            Expression::And(parts) => return all(parts, true),
            Expression::Or(parts) => return all(parts, false),
            Expression::Not(inner) => return self.compile_as(inner, !passes),
            Expression::Term(Ready { test, stacks }) => match test {
                EventTest::Of(issues) => self.of(issues),
                EventTest::Leaf(leaf) => match (passes, &leaf.test) {
                    (false, Known::Time(from, to)) => return self.out_of(leaf, *from, *to),
                    _ => self.leaf(leaf, stacks)?,
                },
            },
        };
        if passes {
            return Ok(query);
        }
        Ok(Box::new(BooleanQuery::new(vec![
            (Occur::Must, everything()),
            (Occur::MustNot, query),
        ])))
    }

    /// Before a time or behind another.
    fn out_of(&self, leaf: &Leaf, from: i64, to: i64) -> Compiled {
        let part = |test| {
            let (field, span) = (leaf.field.clone(), leaf.span);
            self.leaf(&Leaf { field, test, span }, &Arc::default())
        };
        let before = part(Known::Time(i64::MIN, from))?;
        let behind = part(Known::Time(to, i64::MAX))?;
        Ok(joined(Occur::Should, vec![before, behind]))
    }

    fn of(&self, issues: &[(ProjectId, Vec<Fingerprint>)]) -> Box<dyn Query> {
        let of_project = issues.iter().map(|(project, fingerprints)| {
            let project = Term::from_field_u64(self.schema.project_id, project.0.into());
            let terms = fingerprints
                .iter()
                .map(|each| Term::from_field_bytes(self.schema.fingerprint, &each.0));
            joined(Occur::Must, vec![one(project), any_of(terms)])
        });
        joined(Occur::Should, of_project.collect())
    }

    fn leaf(&self, leaf: &Leaf, stacks: &Arc<[u64]>) -> Compiled {
        let schema = self.schema;
        let key = match &leaf.field {
            Field::Any => return self.anywhere(&leaf.test, stacks),
            Field::Tag(tag) => return self.tagged(tag, &leaf.test),
            Field::Known(key) => *key,
        };
        match &leaf.test {
            Known::Levels(levels) => {
                Ok(any_of(levels.iter().map(|level| {
                    Term::from_field_u64(schema.level, *level as u64)
                })))
            }
            Known::Projects(projects) => {
                Ok(any_of(projects.iter().map(|id| {
                    Term::from_field_u64(schema.project_id, id.0.into())
                })))
            }
            Known::Event(id) => Ok(one(Term::from_field_bytes(schema.event_id, &id.0))),
            test => {
                let places = places(schema);
                let place = places.iter().find(|(known, _)| *known == key);
                place.map_or_else(
                    || Ok(without_place(key, test)),
                    |(_, how)| match how {
                        How::Stack => Ok(numbers::with_stack(schema.stack, stacks)),
                        how => self.indexed(key, *how, test),
                    },
                )
            }
        }
    }

    fn indexed(&self, key: Key, how: How, test: &Known) -> Compiled {
        match (how, test) {
            (How::Time(field), Known::Time(from, to)) => Ok(between(field, *from, *to)),
            (How::Time(_) | How::Words(_), Known::Present) => Ok(everything()),
            (How::Whole(field), Known::Present) => Ok(has_any(field)),
            (How::Words(field), Known::Text(pattern)) => {
                full_text::words(self.searcher, field, pattern, true)
            }
            (How::Text(part), Known::Text(pattern)) => {
                full_text::words(self.searcher, self.schema.text(part), pattern, false)
            }
            (How::Text(part), Known::Present) => Ok(has_any(self.schema.text(part))),
            (How::Attribute(name), test) => self.attribute(name, test),
            (How::Whole(field), Known::Text(pattern)) if key == Key::UserId => {
                let mut pieces = pattern.pieces().to_vec();
                pieces[0].insert_str(0, "id:");
                self.whole(field, &Pattern::of_pieces(pieces))
            }
            (How::Whole(field), Known::Text(pattern)) => self.whole(field, pattern),
            (How::Whole(field), Known::Version(version)) => {
                matching(self.searcher, field, "", |name| version.matches(name))
            }
            _ => Ok(nothing()),
        }
    }

    /// What every event may have, by its name.
    fn attribute(&self, name: &str, test: &Known) -> Compiled {
        let flag = |flag: bool| if flag { "yes" } else { "no" };
        let pattern = match test {
            Known::Text(pattern) => pattern.map(fold),
            Known::Flag(yes) => Pattern::literal(flag(*yes)),
            Known::Present => return Ok(one(Term::from_field_text(self.schema.attribute, name))),
            _ => return Ok(nothing()),
        };
        let mut pieces = pattern.pieces().to_vec();
        pieces[0] = tag_term(name, &pieces[0]);
        self.whole(self.schema.attribute, &Pattern::of_pieces(pieces))
    }

    /// A word without a key.
    fn anywhere(&self, test: &Known, stacks: &Arc<[u64]>) -> Compiled {
        let Known::Text(pattern) = test else {
            return Ok(nothing());
        };
        if pattern.is_anything() {
            return Ok(everything());
        }
        let mut parts = Vec::new();
        for (key, how) in places(self.schema) {
            if ANYWHERE.contains(&key) {
                parts.push(self.indexed(key, how, test)?);
            }
        }
        for part in TextPart::ALL {
            parts.push(self.indexed(Key::Extra, How::Text(part), test)?);
        }
        parts.push(numbers::with_stack(self.schema.stack, stacks));
        if let Some(Ok(id)) = pattern.as_literal().map(str::parse::<event_model::EventId>) {
            parts.push(one(Term::from_field_bytes(self.schema.event_id, &id.0)));
        }
        Ok(joined(Occur::Should, parts))
    }

    fn tagged(&self, tag: &str, test: &Known) -> Compiled {
        let field = self.schema.tag;
        match test {
            Known::Present => Ok(one(Term::from_field_text(field, tag))),
            Known::Text(pattern) => {
                let mut pieces = pattern.pieces().to_vec();
                pieces[0] = tag_term(tag, &pieces[0]);
                self.whole(field, &Pattern::of_pieces(pieces))
            }
            _ => Ok(nothing()),
        }
    }

    fn whole(&self, field: Place, pattern: &Pattern) -> Compiled {
        whole(self.searcher, field, pattern)
    }
}

/// A term, or all that match.
pub(super) fn whole(searcher: &Searcher, field: Place, pattern: &Pattern) -> Compiled {
    match pattern.as_literal() {
        Some(text) => Ok(one(Term::from_field_text(field, text))),
        None => matching(searcher, field, pattern.prefix(), |text| {
            pattern.matches(text)
        }),
    }
}

/// Any of the field's terms that begin so and match.
fn matching(
    searcher: &Searcher,
    field: Place,
    prefix: &str,
    matches: impl Fn(&str) -> bool,
) -> Compiled {
    let failed = ReadModelError::search;
    let mut found = Vec::new();
    for segment in searcher.segment_readers() {
        let index = segment
            .inverted_index(field)
            .map_err(failed("open an index"))?;
        let terms = index.terms().range().ge(prefix.as_bytes()).into_stream();
        let mut terms = terms.map_err(|e| failed("read the terms")(e.into()))?;
        while terms.advance() {
            let Ok(text) = std::str::from_utf8(terms.key()) else {
                continue;
            };
            if !text.starts_with(prefix) {
                break;
            }
            if matches(text) {
                if found.len() == TERMS_MAX {
                    return Err(ReadModelError::TooBroad { most: TERMS_MAX });
                }
                found.push(Term::from_field_text(field, text));
            }
        }
    }
    Ok(any_of(found))
}

/// What is no field of the index: levels, projects and times are in every event, the rest is
/// refused before ([`search_language::Query::check`]).
fn without_place(key: Key, test: &Known) -> Box<dyn Query> {
    match (key, test) {
        (Key::Level, Known::Present) => everything(),
        _ => nothing(),
    }
}

fn between(field: Place, from_ms: i64, to_ms: i64) -> Box<dyn Query> {
    if from_ms >= to_ms {
        return nothing();
    }
    let bound = |ms: i64| Term::from_field_i64(field, ms.saturating_mul(NS_A_MS));
    Box::new(RangeQuery::new(
        Bound::Included(bound(from_ms)),
        // The last moment there is has none behind it.
        if to_ms == i64::MAX {
            Bound::Unbounded
        } else {
            Bound::Excluded(bound(to_ms))
        },
    ))
}

pub(super) fn has_any(field: Place) -> Box<dyn Query> {
    let first = Bound::Included(Term::from_field_text(field, ""));
    Box::new(RangeQuery::new(first, Bound::Unbounded))
}

/// The words of a pattern as the tokenizer would cut them, wildcards being letters.
pub(super) fn words_of(pattern: &Pattern) -> Vec<Pattern> {
    let mut words = Vec::new();
    let mut word = vec![String::new()];
    let mut end = |word: &mut Vec<String>| {
        let pieces = std::mem::replace(word, vec![String::new()]);
        if pieces.iter().any(|piece| !piece.is_empty()) {
            words.push(Pattern::of_pieces(pieces));
        }
    };
    for (at, piece) in pattern.pieces().iter().enumerate() {
        if at > 0 {
            word.push(String::new());
        }
        for c in piece.chars() {
            if c.is_alphanumeric() {
                if let Some(last) = word.last_mut() {
                    last.push(c);
                }
            } else {
                end(&mut word);
            }
        }
    }
    end(&mut word);
    words
}

#[cfg(test)]
mod tests;
