//! The grammar.
//!
//! ```text
//! query  = [or]
//! or     = and {"OR" and}
//! and    = not {["AND"] not}
//! not    = {"NOT" | "!"} (group | term)
//! group  = "(" or ")"
//! term   = key ":" [sign] value | "has:" key | value
//! value  = '"' … '"' | characters without blanks
//! ```
//!
//! `\` before `"`, `\` or `*` takes their meaning away, `*` is a wildcard, also within
//! quotes. What titles are full of stays a word: `TypeError: boom` (a key that is no field's
//! needs a value), `std::io`, `http://x`, `C:\x`, `12:30`, `handle(x)`.
//!
//! Two levels, or two statuses, side by side add up, as nothing can have both:
//! `level:error level:fatal` is `level:error OR level:fatal`. An AND between any of a group's
//! parts says otherwise.
//!
//! Every character is read a bounded number of times; recursion is as deep as parentheses
//! are, at most [`DEPTH_MAX`].

mod word;

use winnow::{
    Parser,
    combinator::{alt, eof, opt, peek, separated, terminated},
    error::ParserError,
    stream::{LocatingSlice, Location, Stateful, Stream},
    token::{any, one_of, take_while},
};

use event_model::Level;

use crate::{
    DEPTH_MAX, TERMS_MAX, TEXT_BYTES_MAX,
    error::{QueryError, Span, cut},
    expression::Expression,
    field::{Field, Key},
    query::{Bounds, Query, Term, Test},
    values::{self, Raw, Sign, state::State},
};

use self::word::{Value, bare, is_bare_end, key, quoted};

/// What is known beside the text that is left.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    depth: usize,
    terms: usize,
    /// Parentheses that words opened and that words may close.
    in_words: usize,
}

type Input<'t> = Stateful<LocatingSlice<&'t str>, Reading>;
type Parsed<T> = Result<T, QueryError>;

/// Where the next character stands; the same for an error there.
fn at(input: &Input<'_>) -> usize {
    input.current_token_start()
}

impl<'t> ParserError<Input<'t>> for QueryError {
    type Inner = Self;

    /// What a library's parser says: another one may still fit.
    fn from_input(input: &Input<'t>) -> Self {
        Self {
            may_try: true,
            ..Self::new(Span::new(at(input), at(input)), "nothing is read from here")
        }
    }

    fn is_backtrack(&self) -> bool {
        self.may_try
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// Reads a query.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("{} bytes, at most {TEXT_BYTES_MAX}", text.len());
        return Err(QueryError::new(Span::new(0, text.len()), message));
    }
    let mut input = Input {
        input: LocatingSlice::new(text),
        state: Reading::default(),
    };
    let root = query.parse_next(&mut input)?;
    Ok(Query { root })
}

fn query(input: &mut Input<'_>) -> Parsed<Option<Expression<Term>>> {
    blanks(input)?;
    if input.input.is_empty() {
        return Ok(None);
    }
    let root = or(input)?;
    if peek(opt(any)).parse_next(input)?.is_none() {
        return Ok(Some(root));
    }
    let span = Span::new(at(input), at(input) + 1);
    let message = "this parenthesis closes nothing; to search for it, put the text in quotes";
    Err(QueryError::new(span, message))
}

/// Blanks of every alphabet.
fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace)
        .void()
        .parse_next(input)
}

fn or(input: &mut Input<'_>) -> Parsed<Expression<Term>> {
    let parts: Vec<_> = separated(1.., and, keyword("OR")).parse_next(input)?;
    Ok(Expression::or(parts))
}

/// A word that composes, and the blanks behind it: in capitals, alone.
fn keyword<'t>(word: &'static str) -> impl Parser<Input<'t>, (), QueryError> {
    move |input: &mut Input<'t>| {
        let ends = peek(alt((eof.void(), one_of(ends_keyword).void())));
        terminated(word, ends).void().parse_next(input)?;
        blanks(input)
    }
}

fn ends_keyword(c: char) -> bool {
    c.is_whitespace() || c == '(' || c == ')'
}

fn and(input: &mut Input<'_>) -> Parsed<Expression<Term>> {
    let mut parts = vec![not(input)?];
    let mut is_said = false;
    loop {
        blanks(input)?;
        let ends = alt((eof.void(), ")".void(), keyword("OR")));
        if opt(peek(ends)).parse_next(input)?.is_some() {
            break;
        }
        is_said |= opt(keyword("AND")).parse_next(input)?.is_some();
        parts.push(not(input)?);
    }
    if !is_said {
        for kind in [is_status, is_level] {
            add_up(&mut parts, kind);
        }
    }
    Ok(Expression::and(parts))
}

fn is_status(test: &Test) -> bool {
    matches!(test, Test::State(State::Status(_)))
}

fn is_level(test: &Test) -> bool {
    matches!(test, Test::Level(Bounds::<Level>::Equal(_)))
}

/// Makes one part of those that no issue can have at once.
fn add_up(parts: &mut Vec<Expression<Term>>, kind: fn(&Test) -> bool) {
    let is = |part: &Expression<Term>| matches!(part, Expression::Term(term) if kind(&term.test));
    let Some(first) = parts.iter().position(is) else {
        return;
    };
    let mut alike = Vec::new();
    let mut rest = Vec::with_capacity(parts.len());
    for part in parts.drain(..) {
        if is(&part) {
            alike.push(part);
        } else {
            rest.push(part);
        }
    }
    rest.insert(first, Expression::or(alike));
    *parts = rest;
}

/// Whether parts that stand side by side would be read as some that add up.
pub(crate) fn adds_up(parts: &[Expression<Term>]) -> bool {
    [is_status, is_level].into_iter().any(|kind: fn(&Test) -> bool| {
        let is = |part: &&Expression<Term>| matches!(part, Expression::Term(term) if kind(&term.test));
        parts.iter().filter(is).count() > 1
    })
}

fn not(input: &mut Input<'_>) -> Parsed<Expression<Term>> {
    let mut is_not = false;
    loop {
        blanks(input)?;
        // What else begins with the sign is a word: "!=".
        let mark = terminated("!", peek(one_of(is_negated)));
        if opt(alt((mark.void(), keyword("NOT"))))
            .parse_next(input)?
            .is_none()
        {
            break;
        }
        is_not = !is_not;
    }
    let part = primary(input)?;
    Ok(if is_not { part.not() } else { part })
}

fn is_negated(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '"' | '(' | '!' | '*')
}

fn primary(input: &mut Input<'_>) -> Parsed<Expression<Term>> {
    let start = at(input);
    let next = peek(opt(any)).parse_next(input)?;
    let here = |length: usize, message: &str| {
        Err(QueryError::new(Span::new(start, start + length), message))
    };
    match next {
        None => here(0, "something must follow here"),
        Some(')') if input.state.in_words == 0 => here(
            1,
            "something must stand before this parenthesis; to search for it, put the text in quotes",
        ),
        Some('(') => group(input),
        Some(_)
            if opt(peek(alt((keyword("OR"), keyword("AND")))))
                .parse_next(input)?
                .is_some() =>
        {
            here(
                2,
                "something must stand on both sides of AND and OR; to search for the word, put it in quotes or write it small",
            )
        }
        Some(_) => term(input).map(Expression::Term),
    }
}

fn group(input: &mut Input<'_>) -> Parsed<Expression<Term>> {
    let open = Span::new(at(input), at(input) + 1);
    any.void().parse_next(input)?;
    if input.state.depth == DEPTH_MAX {
        return Err(QueryError::new(
            open,
            format!("parentheses are more than {DEPTH_MAX} deep"),
        ));
    }
    input.state.depth += 1;
    let outer = std::mem::take(&mut input.state.in_words);
    let inner = or(input)?;
    input.state.in_words = outer;
    input.state.depth -= 1;
    if opt(")").parse_next(input)?.is_none() {
        return Err(QueryError::new(
            open,
            "this parenthesis is never closed; to search for it, put the text in quotes",
        ));
    }
    Ok(inner)
}

fn term(input: &mut Input<'_>) -> Parsed<Term> {
    let start = at(input);
    if input.state.terms == TERMS_MAX {
        return Err(QueryError::new(
            Span::new(start, start + 1),
            format!("more than {TERMS_MAX} terms"),
        ));
    }
    input.state.terms += 1;
    let made = |field, test, input: &Input<'_>| Term {
        field,
        test,
        span: Span::new(start, at(input)),
    };
    let checkpoint = input.checkpoint();
    if let Some(name) = opt(key).parse_next(input)? {
        let key_span = Span::new(start, at(input) - 1);
        if !name.is_tag && name.text.eq_ignore_ascii_case("has") {
            let field = has(input)?;
            return Ok(made(field, Test::Present, input));
        }
        let field = if name.is_tag {
            Field::Tag(name.text)
        } else {
            Field::of_key(&name.text)
        };
        let is_known = !matches!(field, Field::Tag(_)) || name.is_certain;
        let next = peek(opt(any)).parse_next(input)?;
        let has_value = next.is_some_and(|c| !is_bare_end(c, input.state.in_words) || c == '"');
        if has_value || is_known {
            let raw = value(input, &field, key_span)?;
            let test = values::test(&field, &raw)?;
            return Ok(made(field, test, input));
        }
        // "TypeError: boom": a word with a colon.
        input.reset(&checkpoint);
    }
    let value = alt((quoted, bare)).parse_next(input)?;
    let span = Span::new(start, at(input));
    let text = value.pattern(span)?;
    Ok(Term {
        field: Field::Any,
        test: Test::Text(text),
        span,
    })
}

/// The key behind `has:`.
fn has(input: &mut Input<'_>) -> Parsed<Field> {
    let start = at(input);
    let given: Option<Value> = opt(alt((quoted, bare))).parse_next(input)?;
    let span = Span::new(start, at(input));
    let Some(given) = given else {
        return Err(QueryError::new(
            span,
            "has: needs a key: has:release, or has:browser",
        ));
    };
    let text = given.pattern(span)?;
    let name = text
        .as_literal()
        .ok_or_else(|| QueryError::new(span, "a key holds no wildcard"))?;
    if given.is_quoted {
        return Ok(Field::Tag(name.to_owned()));
    }
    // `has:tag."a b"`
    if name == crate::field::TAG_PREFIX
        && let Some(rest) = opt(quoted).parse_next(input)?
    {
        let text = rest.pattern(Span::new(start, at(input)))?;
        if let Some(name) = text.as_literal() {
            return Ok(Field::Tag(name.to_owned()));
        }
    }
    match Field::of_key(name) {
        Field::Known(Key::Is | Key::Id | Key::Issue | Key::Project) => Err(QueryError::new(
            span,
            format!("everything has {}", cut(name)),
        )),
        field => Ok(field),
    }
}

fn value(input: &mut Input<'_>, field: &Field, key: Span) -> Parsed<Raw> {
    let start = at(input);
    let sign = opt(alt((
        ">=".value(Sign::AtLeast),
        "<=".value(Sign::AtMost),
        ">".value(Sign::More),
        "<".value(Sign::Less),
        "=".value(Sign::Equal),
    )))
    .parse_next(input)?;
    let given: Option<Value> = opt(alt((quoted, bare))).parse_next(input)?;
    let span = Span::new(start, at(input));
    if let Some(given) = given {
        let text = given.pattern(span)?;
        return Ok(Raw { sign, text, span });
    }
    let name = field.name();
    let message = format!("{name} needs a value; has:{name} finds what has any");
    Err(QueryError::new(Span::new(key.start, span.end), message))
}

#[cfg(test)]
mod tests;
