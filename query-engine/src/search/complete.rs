//! What could stand where somebody types a query.

use event_model::access::{Sight, Viewer};
use proto::v1;
use read_model::issues::reader::{Common, ValueCount};
use search_language::{
    Field, Key, Reader, TEXT_BYTES_MAX,
    complete::{self, Completion, Typing},
    field::Kind,
};

use crate::{convert, core::Core, error::ApiError, issues::bounded};

/// Most completions of an answer.
const COMPLETIONS_MAX: usize = 20;

impl Core {
    /// Keys that begin as what is typed, or values that hold it.
    pub(crate) async fn complete_query(
        &self,
        viewer: &Viewer,
        request: v1::CompleteQueryRequest,
    ) -> Result<v1::CompleteQueryResponse, ApiError> {
        bounded(request.project_ids.len(), "project_ids")?;
        let text = &request.text;
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("{} bytes, at most {TEXT_BYTES_MAX}", text.len());
            return Err(ApiError::invalid("text", message));
        }
        let at = text.char_indices().nth(request.at as usize);
        let at = at.map_or(text.len(), |(byte, _)| byte);
        let typing = complete::typing(text, at);
        let (offset, length) = typing.span.characters(text);
        let mut completions = fixed(&typing, &self.search_reader(viewer, "", self.now_s())?);
        let projects = convert::projects(&request.project_ids);
        completions.extend(self.stored(viewer, typing, projects).await?);
        completions.truncate(COMPLETIONS_MAX);
        let completions = completions.into_iter().map(|each| v1::QueryCompletion {
            text: each.text,
            about: each.about,
            count: each.count,
        });
        Ok(v1::CompleteQueryResponse {
            offset: offset as u32,
            length: length as u32,
            completions: completions.collect(),
        })
    }

    /// What the counters know.
    async fn stored(
        &self,
        viewer: &Viewer,
        typing: Typing,
        projects: Sight,
    ) -> Result<Vec<Completion>, ApiError> {
        let is_key = typing.field.is_none();
        // Every tag's key begins with nothing: those of fields come first.
        if is_key && typing.text.is_empty() && !typing.is_has {
            return Ok(Vec::new());
        }
        let (part, has) = (typing.text.clone(), typing.is_has);
        let found = self
            .ask(viewer, move |snapshot| {
                let of = match &typing.field {
                    None => Common::TagKeys,
                    Some(Field::Tag(key)) => Common::TagValues(key),
                    Some(Field::Known(Key::Environment)) => Common::Environments,
                    Some(Field::Known(Key::Release | Key::FirstRelease | Key::LastRelease)) => {
                        Common::Releases
                    }
                    Some(_) => return Ok(Vec::new()),
                };
                snapshot.common(of, &projects, &part, COMPLETIONS_MAX as u32)
            })
            .await?;
        let completion = |ValueCount { value, count }| Completion {
            text: if is_key {
                complete::tag_key(&value, has)
            } else {
                complete::value(&value)
            },
            about: if is_key {
                "tag".to_owned()
            } else {
                String::new()
            },
            count,
        };
        Ok(found.into_iter().map(completion).collect())
    }
}

/// What is known without asking: keys of fields, and values that are always the same.
fn fixed(typing: &Typing, reader: &Reader) -> Vec<Completion> {
    let Some(field) = &typing.field else {
        // A word need not be a key: nothing is offered before something is typed.
        return complete::keys(typing);
    };
    let plain = |text: String, about: &str| Completion {
        text,
        about: about.to_owned(),
        count: 0,
    };
    let words = complete::words(field, &typing.text).into_iter();
    let mut found: Vec<Completion> = words.map(|word| plain(word.to_owned(), "")).collect();
    let typed = typing.text.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&typed);
    match field.kind() {
        Kind::Person => {
            let people = reader.people.iter();
            let known = people.filter(|person| holds(&person.email) || holds(&person.name));
            found.extend(known.map(|person| plain(complete::value(&person.email), &person.name)));
        }
        Kind::Project => {
            let projects = reader.projects.iter().filter(|(_, name)| holds(name));
            found.extend(projects.map(|(_, name)| plain(complete::value(name), "")));
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_key_or_a_value() {
        let check = |before: &str, expected: (&str, Option<Field>, bool)| {
            let typing = complete::typing(before, before.len());
            let replaced = &before[typing.span.start..typing.span.end];
            assert_eq!(replaced, expected.0, "{before}");
            assert_eq!(
                (typing.field, typing.is_has),
                (expected.1, expected.2),
                "{before}"
            );
        };
        let known = |key| Some(Field::Known(key));
        check("", ("", None, false));
        check("is:new lev", ("lev", None, false));
        check("!(lev", ("lev", None, false));
        check("level:", ("", known(Key::Level), false));
        check("level:>=er", ("er", known(Key::Level), false));
        check(
            "a release:\"shop 1",
            ("\"shop 1", known(Key::Release), false),
        );
        check(
            "browser:Saf",
            ("Saf", Some(Field::Tag("browser".to_owned())), false),
        );
        check("!has:rel", ("rel", None, true));
    }
}
