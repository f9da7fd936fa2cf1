//! The text of a query: read, and refused where it is no read or where planning it could cost
//! more than a query may.
//!
//! Invariant: what comes out is one statement that reads ([`ALLOWED`]), with as many tokens,
//! as deep and of as many tables, each use of a `WITH` counted, as planning bears. Counted,
//! not timed, so that the same text always has the same answer. Pure; recursive as the tree
//! is, so it runs where stacks are large.

use std::{collections::HashMap, ops::ControlFlow};

use datafusion::sql::{
    parser::{DFParserBuilder, Statement},
    sqlparser::{
        ast::{BinaryOperator, Expr, ObjectName, Query, Select, Statement as Sql, Visit, Visitor},
        dialect::GenericDialect,
        keywords::Keyword,
        tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer},
    },
};
use proto::error::{ErrorCode, Refusal};

use crate::{fault, functions::GROWING};

/// Longest text, bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 100 * 1024;
/// Most words, signs and literals of a text.
const TOKENS_MAX: usize = 20_000;
/// Longest literal, characters: a batch may hold thousands of copies.
const LITERAL_CHARS_MAX: usize = 4_096;
/// How deep parentheses, subqueries and cases may stand in each other.
const NESTED_MAX: usize = 50;
/// How deep an expression may be: a chain of ANDs is as deep as it is long.
const DEPTH_MAX: usize = 200;
/// Most UNIONs, INTERSECTs and EXCEPTs.
const SETS_MAX: usize = 32;
/// Most tables and SELECTs, those behind a name of WITH counted each time it is used: the
/// plan holds each of them.
const TABLES_MAX: u64 = 64;
/// Most calls of functions that make long values of short ones.
const GROWING_MAX: usize = 64;

/// What may be asked.
pub(crate) const ALLOWED: &str = "one statement that reads: SELECT, WITH, VALUES, EXPLAIN, SHOW TABLES, SHOW COLUMNS or DESCRIBE";

/// Reads a text.
pub(crate) fn read(text: &str) -> Result<Statement, Refusal> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("has {} bytes, at most {TEXT_BYTES_MAX}", text.len());
        return Err(refused(message));
    }
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| {
        let place = fault::place(text, error.location.line, error.location.column);
        refused(error.message.clone()).within(Some(place))
    })?;
    bound(text, &tokens)?;
    let parsed = DFParserBuilder::new(text)
        .with_dialect(&dialect)
        .with_recursion_limit(NESTED_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements());
    let mut statements = parsed.map_err(|error| fault::of_text(&error, text))?;
    let statement = match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => statement,
        (None, _) => return Err(refused(format!("is empty: send {ALLOWED}"))),
        (Some(_), more) => {
            let message = format!("{} statements: send {ALLOWED}", more + 1);
            return Err(refused(message));
        }
    };
    judge(&statement, text)?;
    Ok(statement)
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal::at(ErrorCode::Invalid, "query", message)
}

/// Refuses what cannot be planned within bounds, before it is parsed.
fn bound(text: &str, tokens: &[TokenWithSpan]) -> Result<(), Refusal> {
    let at = |token: &TokenWithSpan, message: String| {
        let Location { line, column } = token.span.start;
        Err(refused(message).within(Some(fault::place(text, line, column))))
    };
    let said = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
    let mut sets = 0;
    for (number, token) in tokens.iter().filter(said).enumerate() {
        if number == TOKENS_MAX {
            let message = format!("more than {TOKENS_MAX} words and signs");
            return at(token, message);
        }
        match &token.token {
            Token::Word(word)
                if matches!(
                    word.keyword,
                    Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS
                ) =>
            {
                sets += 1;
                if sets > SETS_MAX {
                    let message = format!("more than {SETS_MAX} UNIONs, INTERSECTs and EXCEPTs");
                    return at(token, message);
                }
            }
            Token::Word(_) | Token::Number(..) => {}
            // Literals of every form, and whatever else is long.
            other if other.to_string().chars().count() > LITERAL_CHARS_MAX => {
                let message = format!("a text of more than {LITERAL_CHARS_MAX} characters");
                return at(token, message);
            }
            _ => {}
        }
    }
    Ok(())
}

fn judge(statement: &Statement, text: &str) -> Result<(), Refusal> {
    match statement {
        Statement::Statement(statement) => judge_sql(statement, text),
        Statement::Explain(explained) => match explained.statement.as_ref() {
            Statement::Statement(inner) if matches!(**inner, Sql::Query(_)) => {
                judge_sql(inner, text)
            }
            _ => Err(refused("EXPLAIN is for SELECT, WITH and VALUES")),
        },
        Statement::CreateExternalTable(_) => Err(not_a_read("CREATE EXTERNAL TABLE")),
        Statement::CopyTo(_) => Err(not_a_read("COPY")),
        Statement::Reset(_) => Err(not_a_read("RESET")),
    }
}

fn judge_sql(statement: &Sql, text: &str) -> Result<(), Refusal> {
    match statement {
        Sql::Query(query) => walk(query, text),
        Sql::ShowTables { .. } | Sql::ShowColumns { .. } | Sql::ExplainTable { .. } => Ok(()),
        other => {
            let words = other.to_string();
            let word = words.split_whitespace().next().unwrap_or("this");
            Err(not_a_read(word))
        }
    }
}

fn not_a_read(what: &str) -> Refusal {
    let what: String = what.chars().take(32).collect();
    refused(format!("{what} is refused: send {ALLOWED}"))
}

fn walk(query: &Query, text: &str) -> Result<(), Refusal> {
    let mut walk = Walk::default();
    match query.visit(&mut walk) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break((message, span)) => {
            let Location { line, column } = span.start;
            let place = (line > 0).then(|| fault::place(text, line, column));
            Err(refused(message).within(place))
        }
    }
}

/// What a query is made of, so far.
#[derive(Default)]
struct Walk {
    depth: usize,
    growing: usize,
    tables: u64,
    /// Of the queries around: how many tables there were when each began.
    begun: Vec<u64>,
    /// Bodies of WITH by where they stand, and their names.
    named: HashMap<*const Query, String>,
    /// What a name stands for, tables.
    costs: HashMap<String, u64>,
}

type Fault = (String, Span);

impl Walk {
    fn add_tables(&mut self, tables: u64, span: Span) -> ControlFlow<Fault> {
        self.tables = self.tables.saturating_add(tables);
        if self.tables > TABLES_MAX {
            let message = format!(
                "more than {TABLES_MAX} tables and SELECTs, those behind a name of WITH counted each time"
            );
            return ControlFlow::Break((message, span));
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Walk {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
        if let Some(with) = &query.with {
            if with.recursive {
                let message = "WITH RECURSIVE is refused: it may not end".to_owned();
                return ControlFlow::Break((message, with.with_token.0.span));
            }
            for table in &with.cte_tables {
                let name = table.alias.name.value.to_lowercase();
                self.named.insert(&raw const *table.query, name);
            }
        }
        self.begun.push(self.tables);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
        let cost = self.tables - self.begun.pop().unwrap_or_default();
        if let Some(name) = self.named.get(&(&raw const *query)) {
            // Of two with one name the dearer: which is meant is not known here.
            let known = self.costs.entry(name.clone()).or_default();
            *known = cost.max(*known).max(1);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Fault> {
        let span = select.select_token.0.span;
        if select.into.is_some() {
            let message = format!("SELECT INTO is refused: send {ALLOWED}");
            return ControlFlow::Break((message, span));
        }
        if select.from.is_empty() {
            return self.add_tables(1, span);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Fault> {
        let last = relation.0.last().and_then(|part| part.as_ident());
        let (name, span) = match last {
            Some(ident) => (ident.value.to_lowercase(), ident.span),
            None => (String::new(), Span::empty()),
        };
        let cost = self.costs.get(&name).copied().unwrap_or(1);
        self.add_tables(cost, span)
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("an expression is more than {DEPTH_MAX} deep: use IN for lists");
            return ControlFlow::Break((message, Span::empty()));
        }
        let name = match expr {
            Expr::Function(call) => call.name.to_string().to_lowercase(),
            Expr::BinaryOp {
                op: BinaryOperator::StringConcat,
                ..
            } => "||".to_owned(),
            _ => return ControlFlow::Continue(()),
        };
        if name == "||" || GROWING.contains(&name.as_str()) {
            self.growing += 1;
            if self.growing > GROWING_MAX {
                let message = format!("more than {GROWING_MAX} uses of {name} and the like");
                return ControlFlow::Break((message, Span::empty()));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<Fault> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;
