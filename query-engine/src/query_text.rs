//! The query text of issue lists: words, and tokens `key:value` that filter.
//!
//! Tokens: `is:unresolved|resolved|ignored|new|regressed|unassigned`,
//! `level:debug|info|warning|error|fatal`, `environment:NAME`, `release:NAME`; double quotes hold blanks together. Several
//! of `is` or `level` add up; of the others the last one holds. Anything else, also
//! with a colon (titles have them), is a word.

use event_model::{IssueStatus, Level};

use crate::error::ApiError;

/// What a query text asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) words: Vec<String>,
    pub(crate) statuses: Vec<IssueStatus>,
    pub(crate) levels: Vec<Level>,
    pub(crate) environment: String,
    pub(crate) release: String,
    pub(crate) is_new: bool,
    pub(crate) is_regressed: bool,
    pub(crate) unassigned: bool,
}

pub(crate) fn parse(text: &str) -> Result<Parsed, ApiError> {
    let mut parsed = Parsed::default();
    for token in tokens(text) {
        let refuse = |what: &str, value: &str| {
            Err(ApiError::invalid(
                "query",
                format!("{value:?} is no {what}"),
            ))
        };
        match token.split_once(':') {
            Some(("is", "new")) => parsed.is_new = true,
            Some(("is", "regressed")) => parsed.is_regressed = true,
            Some(("is", "unassigned")) => parsed.unassigned = true,
            Some(("is", value)) => match IssueStatus::from_name(value) {
                Some(status) => parsed.statuses.push(status),
                None => return refuse("status of an issue", value),
            },
            Some(("level", value)) => match Level::from_text(value) {
                Some(level) => parsed.levels.push(level),
                None => return refuse("level", value),
            },
            Some(("environment", value)) => value.clone_into(&mut parsed.environment),
            Some(("release", value)) => value.clone_into(&mut parsed.release),
            _ => parsed.words.push(token),
        }
    }
    Ok(parsed)
}

/// Splits at blanks outside double quotes; quotes go, an open one ends with the text.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !token.is_empty() {
                    tokens.push(std::mem::take(&mut token));
                }
            }
            c => token.push(c),
        }
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tokens_filter_and_the_rest_are_words() {
        let parsed =
            parse("is:resolved is:ignored is:new level:warn environment:\"pre prod\" release:a@1.0 TypeError: boom")
                .unwrap();
        let expected = Parsed {
            words: vec!["TypeError:".to_owned(), "boom".to_owned()],
            statuses: vec![IssueStatus::Resolved, IssueStatus::Ignored],
            levels: vec![Level::Warning],
            environment: "pre prod".to_owned(),
            release: "a@1.0".to_owned(),
            is_new: true,
            ..Parsed::default()
        };
        assert_eq!(parsed, expected);
        assert_eq!(parse("  ").unwrap(), Parsed::default());
    }

    #[test]
    fn unknown_values_are_refused() {
        for text in ["is:open", "level:loud", "is:"] {
            assert_eq!(parse(text).unwrap_err().field, "query", "{text}");
        }
    }
}
