//! How long a project's events are kept: rules as texts, for the wire and the command line.
//!
//! Invariant: a stored rule names its project, so that none takes in what is another's.

use event_model::{
    ProjectId,
    retention::{KeepRule, RULES_MAX, Scope},
};

use crate::error::ApiError;

/// Reads rules of a project, which they need not name.
pub(super) fn read(project: ProjectId, texts: &[String]) -> Result<Vec<KeepRule>, ApiError> {
    if texts.len() > RULES_MAX {
        let message = format!("{} rules, at most {RULES_MAX}", texts.len());
        return Err(ApiError::invalid("rules", message));
    }
    let rule = |(at, text): (usize, &String)| {
        let field = || format!("rules[{at}]");
        let mut rule: KeepRule = text
            .parse()
            .map_err(|error| ApiError::invalid(field(), format!("{error}")))?;
        if rule.scope.project.is_some_and(|named| named != project) {
            let message = format!("is set for project {}, and names another one", project.0);
            return Err(ApiError::invalid(field(), message));
        }
        rule.scope.project = Some(project);
        Ok(rule)
    };
    texts.iter().enumerate().map(rule).collect()
}

/// As they are read, without their project.
pub(super) fn written(rules: Option<&Vec<KeepRule>>) -> Vec<String> {
    let text = |rule: &KeepRule| {
        let scope = Scope {
            project: None,
            ..rule.scope.clone()
        };
        let keep_s = rule.keep_s;
        KeepRule { scope, keep_s }.to_string()
    };
    rules.into_iter().flatten().map(text).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_of_their_project_alone() {
        let texts = ["level:debug 7d", "project:3 environment:staging 14d", "30d"];
        let texts = texts.map(str::to_owned);
        let rules = read(ProjectId(3), &texts).unwrap();
        assert!(
            rules
                .iter()
                .all(|rule| rule.scope.project == Some(ProjectId(3)))
        );
        let expected = ["level:debug 7d", "environment:staging 14d", "30d"];
        assert_eq!(written(Some(&rules)), expected);
        assert_eq!(written(None), [""; 0]);
        for (texts, field) in [
            (vec!["1d".to_owned(), "project:2 1d".to_owned()], "rules[1]"),
            (vec!["level:debug".to_owned()], "rules[0]"),
            (vec!["1d".to_owned(); 51], "rules"),
        ] {
            let error = read(ProjectId(3), &texts).unwrap_err();
            let error = format!("{error:?}");
            assert!(error.contains(&format!("{field:?}")), "{error}");
        }
    }
}
