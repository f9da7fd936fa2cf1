//! An error for a line of a log or a page: what failed, and why.

use std::{error::Error, iter::successors};

/// An error and what caused it, in a line. Some libraries tell the cause in their own text,
/// too: what a text ends with is not told again.
pub fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    for cause in successors(error.source(), |error| (*error).source()) {
        let text = cause.to_string();
        let is_told = line
            .strip_suffix(&text)
            .is_some_and(|before| before.is_empty() || before.ends_with(": "));
        if !is_told {
            line.push_str(": ");
            line.push_str(&text);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("open the log")]
        Plain(#[source] io::Error),
        #[error("smtp server: {0}")]
        Telling(#[source] io::Error),
        #[error("nothing answers")]
        Nested(#[source] Box<Outer>),
    }

    #[test]
    fn each_cause_is_told_once() {
        let refused = || io::Error::other("refused");
        for (error, expected) in [
            (Outer::Plain(refused()), "open the log: refused"),
            (Outer::Telling(refused()), "smtp server: refused"),
            (
                Outer::Nested(Box::new(Outer::Telling(refused()))),
                "nothing answers: smtp server: refused",
            ),
            // A cause that is only a part of a word of ours is still a cause.
            (Outer::Plain(io::Error::other("log")), "open the log: log"),
        ] {
            assert_eq!(with_causes(&error), expected);
        }
    }
}
