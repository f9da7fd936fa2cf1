//! Words wherever an event or its stack has them.
//!
//! What is asked of stacks is asked of their index first, once for all days ([`ready`]); which
//! events have one of the stacks found is asked of each day.
//!
//! Words of a term may stand anywhere in a field; those without a blank between
//! (`cart.total`, `src/cart.ts`) stand one behind another where places are known.

use std::sync::Arc;

use search_language::{Expression, Field as Asked, Key, Known, Leaf, Pattern};
use tantivy::{
    Searcher, Term,
    query::{PhraseQuery, Query},
    schema::Field,
};

use super::{
    WORDS_MAX,
    asked::{Compiled, EventTest, has_any, joined_all, joined_any, whole, words_of},
};
use crate::{
    ReadModelError,
    fold::fold,
    search::{
        stacks::{StackReader, StackSchema},
        terms::one,
        tokens,
    },
};

/// Which part of a stack is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StackPart {
    /// Types of exceptions.
    Type,
    /// What was called.
    Function,
    /// Modules, files, packages.
    Path,
    /// Lines of source.
    Source,
}

impl StackPart {
    const ALL: [Self; 4] = [Self::Type, Self::Function, Self::Path, Self::Source];

    /// What a term asks of stacks.
    pub(super) fn of(field: &Asked) -> &'static [Self] {
        match field {
            Asked::Any => &Self::ALL,
            Asked::Known(Key::StackFunction) => &[Self::Function],
            Asked::Known(Key::StackModule | Key::StackPath) => &[Self::Path],
            Asked::Known(Key::StackSource) => &[Self::Source],
            Asked::Known(_) | Asked::Tag(_) => &[],
        }
    }

    fn field(self, schema: &StackSchema) -> Field {
        match self {
            Self::Type => schema.ty,
            Self::Function => schema.function,
            Self::Path => schema.path,
            Self::Source => schema.source,
        }
    }
}

/// A term, and the stacks of which it is true.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) test: EventTest,
    /// In ascending order; empty as well where it asks nothing of stacks.
    pub(super) stacks: Arc<[u64]>,
}

/// Answers what a query asks of stacks.
pub(super) fn ready(
    asked: Expression<EventTest>,
    stacks: Option<&StackReader>,
) -> Result<Expression<Ready>, ReadModelError> {
    asked.try_map(&mut |test| {
        let found = match (&test, stacks) {
            (EventTest::Leaf(leaf), Some(stacks)) => of_leaf(leaf, stacks)?,
            _ => Vec::new(),
        };
        let stacks = found.into();
        Ok(Expression::Term(Ready { test, stacks }))
    })
}

fn of_leaf(leaf: &Leaf, stacks: &StackReader) -> Result<Vec<u64>, ReadModelError> {
    let parts = StackPart::of(&leaf.field);
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let schema = StackSchema::new();
    let searcher = stacks.searcher();
    let asked = parts.iter().map(|part| {
        let field = part.field(&schema);
        match &leaf.test {
            Known::Present => Ok(has_any(field)),
            Known::Text(pattern) => words(&searcher, field, pattern, true),
            _ => Ok(joined_any(Vec::new())),
        }
    });
    let asked = asked.collect::<Result<_, ReadModelError>>()?;
    stacks.numbers(&joined_any(asked))
}

/// All words of the pattern. Of none: everything. `with_places`: whether the field knows where
/// its words stand.
pub(super) fn words(
    searcher: &Searcher,
    field: Field,
    pattern: &Pattern,
    with_places: bool,
) -> Compiled {
    let Some(text) = pattern.as_literal() else {
        let folded = words_of(&pattern.map(fold));
        let each = folded.iter().take(WORDS_MAX);
        let each = each.map(|word| whole(searcher, field, word));
        return Ok(joined_all(each.collect::<Result<_, _>>()?));
    };
    let groups = text.split_whitespace().map(tokens::words);
    let groups = groups.filter(|words| !words.is_empty()).take(WORDS_MAX);
    let each = groups.map(|words| together(field, &words, with_places));
    Ok(joined_all(each.collect()))
}

/// Words one behind another, or in any order where places are not known.
fn together(field: Field, words: &[String], with_places: bool) -> Box<dyn Query> {
    let terms = words.iter().take(WORDS_MAX);
    let terms: Vec<Term> = terms
        .map(|word| Term::from_field_text(field, word))
        .collect();
    if with_places && terms.len() > 1 {
        return Box::new(PhraseQuery::new(terms));
    }
    joined_all(terms.into_iter().map(one).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use event_model::{EventId, Fingerprint, Level, Position, ProjectId, access::Sight};

    use search_language::{Expression, Reader as Asker};

    use crate::search::{
        StackDocument, TextPart,
        reader::{EventFilter, EventTest, From, Reader},
        writer::{SearchDocument, SearchWriter},
    };

    const DAY_NS: i64 = 86_400_000_000_000;

    struct Said<'a> {
        message: &'a [&'a str],
        texts: &'a [(TextPart, &'a str)],
        stack: u64,
        day: i64,
    }

    fn add(writer: &mut SearchWriter, position: u64, said: &Said<'_>) {
        let at = said.day * DAY_NS;
        let document = SearchDocument {
            event_id: EventId([position as u8; 16]),
            fingerprint: Fingerprint([1; 16]),
            project_id: ProjectId(1),
            level: Level::Error,
            position: Position(position),
            weight: 1,
            timestamp_ns: at,
            received_ns: at,
            message: said.message,
            texts: said.texts,
            stack: said.stack,
            attributes: &[],
            environment: "",
            release: "",
            user: "",
            tags: &[],
        };
        writer.add(&document).unwrap();
    }

    fn stack(number: u64) -> StackDocument<'static> {
        let functions = match number {
            1 => vec!["handlePayment", "Cart.total"],
            _ => vec!["drawSlowly"],
        };
        StackDocument {
            number,
            types: vec!["KeyError"],
            functions,
            paths: vec!["shop/views.py"],
            source: vec!["total = cart.sum()"],
        }
    }

    fn asking(text: &str) -> EventFilter {
        let asker = Asker {
            now_ms: 0,
            zone: jiff::tz::TimeZone::UTC,
            me: None,
            people: Vec::new(),
            projects: Vec::new(),
        };
        let asked = search_language::parse(text)
            .unwrap()
            .resolve(&asker)
            .unwrap();
        let leaf = |leaf| Ok::<_, ()>(Expression::Term(EventTest::Leaf(leaf)));
        EventFilter {
            asked: asked.map(|asked| asked.try_map(&mut { leaf }).unwrap()),
            ..EventFilter::default()
        }
    }

    fn found(reader: &Reader, text: &str) -> Vec<u64> {
        let filter = asking(text);
        let hits = reader
            .list(&Sight::All, &filter, From::Oldest, 100)
            .unwrap();
        let total = reader
            .total(&Sight::All, &filter, &crate::cold::Kept::default())
            .unwrap();
        assert_eq!(total.events, hits.len() as u64, "{text}");
        hits.iter().map(|hit| hit.position.0).collect()
    }

    /// Two days, two stacks; a stack is found of events of both.
    #[test]
    fn words_are_found_wherever_an_event_or_its_stack_has_them() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SearchWriter::open(dir.path()).unwrap();
        for number in [1, 2] {
            writer.add_stack(&stack(number)).unwrap();
        }
        let nothing = Said {
            message: &[],
            texts: &[],
            stack: 0,
            day: 0,
        };
        let bad_json = Said {
            message: &["bad JSON", "at line 3"],
            stack: 1,
            ..nothing
        };
        let json_bad = Said {
            message: &["JSON is bad"],
            texts: &[(TextPart::Breadcrumb, "clicked Pay\nbutton")],
            ..bad_json
        };
        add(&mut writer, 1, &bad_json);
        add(&mut writer, 2, &json_bad);
        add(
            &mut writer,
            3,
            &Said {
                stack: 2,
                day: 1,
                ..nothing
            },
        );
        add(
            &mut writer,
            4,
            &Said {
                stack: 1,
                day: 1,
                ..nothing
            },
        );
        writer.commit(Position(4)).unwrap();
        let reader = Reader::open(dir.path()).unwrap();
        for (text, expected) in [
            ("", &[1, 2, 3, 4][..]),
            ("json", &[1, 2]),
            ("bad json", &[1, 2]),
            ("bad-json", &[1]),
            ("PAY", &[2]),
            ("pay button", &[2]),
            ("payment", &[1, 2, 4]),
            ("handlepayment", &[1, 2, 4]),
            ("handlePayment json", &[1, 2]),
            ("cart.total", &[1, 2, 4]),
            ("sum.cart", &[]),
            ("shop/views.py", &[1, 2, 3, 4]),
            ("views drawSlowly", &[3]),
            ("KeyError cart.sum", &[1, 2, 3, 4]),
            ("json.at", &[]),
            ("nowhere", &[]),
            ("stack.function:handle*", &[1, 2, 4]),
            ("stack.function:total", &[1, 2, 4]),
            ("stack.function:sum", &[]),
            ("stack.source:sum NOT stack.function:total", &[3]),
            ("stack.path:views.py json", &[1, 2]),
            ("stack.path:*ews", &[1, 2, 3, 4]),
            ("keyerror", &[1, 2, 3, 4]),
            ("breadcrumb:pay", &[2]),
            ("extra:pay", &[]),
        ] {
            assert_eq!(found(&reader, text), expected, "{text}");
        }
        // What comes later is found once committed, with its stack.
        writer
            .add_stack(&StackDocument {
                number: 3,
                functions: vec!["lateComer"],
                ..StackDocument::default()
            })
            .unwrap();
        add(
            &mut writer,
            5,
            &Said {
                stack: 3,
                day: 1,
                ..nothing
            },
        );
        assert_eq!(found(&reader, "latecomer"), [0; 0]);
        writer.close(Position(5)).unwrap();
        reader.refresh().unwrap();
        assert_eq!(found(&reader, "latecomer"), [5]);
    }

    /// A writer that begins anew does not know what is there, and writes it again.
    #[test]
    fn a_stack_that_is_written_again_is_there_once() {
        let dir = tempfile::tempdir().unwrap();
        for position in 1..=3 {
            let mut writer = SearchWriter::open(dir.path()).unwrap();
            assert!(!writer.knows_stack(1));
            writer.add_stack(&stack(1)).unwrap();
            assert!(writer.knows_stack(1));
            add(
                &mut writer,
                position,
                &Said {
                    message: &[],
                    texts: &[],
                    stack: 1,
                    day: 0,
                },
            );
            writer.close(Position(position)).unwrap();
        }
        let reader = Reader::open(dir.path()).unwrap();
        assert_eq!(found(&reader, "handlePayment"), [1, 2, 3]);
        let stacks = reader.stacks.read();
        let numbers = stacks
            .as_ref()
            .unwrap()
            .numbers(&tantivy::query::AllQuery)
            .unwrap();
        assert_eq!(numbers, [1]);
    }

    /// So many stacks that events are asked for theirs.
    #[test]
    fn a_word_of_many_stacks_is_found_of_all_their_events() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SearchWriter::open(dir.path()).unwrap();
        for number in 1..=2_500 {
            let function = if number % 2 == 0 { "even" } else { "odd" };
            let functions = vec![function, "all"];
            writer
                .add_stack(&StackDocument {
                    number,
                    functions,
                    ..StackDocument::default()
                })
                .unwrap();
            add(
                &mut writer,
                number,
                &Said {
                    message: &[],
                    texts: &[],
                    stack: number,
                    day: number as i64 % 2,
                },
            );
        }
        writer.commit(Position(2_500)).unwrap();
        let reader = Reader::open(dir.path()).unwrap();
        let total = |text: &str| {
            let filter = asking(text);
            reader
                .total(&Sight::All, &filter, &crate::cold::Kept::default())
                .unwrap()
                .events
        };
        assert_eq!(
            (total("all"), total("even"), total("odd")),
            (2_500, 1_250, 1_250)
        );
    }
}
