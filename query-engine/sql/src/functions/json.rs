//! `json_text(document, path)`: what stands at a path of a JSON document, as text.
//!
//! A path is names and numbers: `request.url`, `breadcrumbs[0].message`, `$.extra."a.b"`.
//! Texts come without quotes, other values as JSON; what is missing, null or no JSON gives
//! null.

use std::{iter::Peekable, str::Chars, sync::Arc};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, StringBuilder},
        datatypes::DataType,
    },
    common::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};
use serde_json::Value;

/// Most names of a path.
const STEPS_MAX: usize = 32;

pub(super) fn json_text() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(JsonText {
        signature: Signature::uniform(2, vec![DataType::Utf8], Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonText {
    signature: Signature,
}

impl ScalarUDFImpl for JsonText {
    fn name(&self) -> &'static str {
        "json_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [documents, paths] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(
                "json_text has two arguments".to_owned(),
            ));
        };
        let (documents, paths) = (documents.as_string::<i32>(), paths.as_string::<i32>());
        let mut found = StringBuilder::new();
        let mut known: Option<(String, Vec<Step>)> = None;
        for (document, path) in documents.iter().zip(paths.iter()) {
            let (Some(document), Some(path)) = (document, path) else {
                found.append_null();
                continue;
            };
            if known.as_ref().is_none_or(|(text, _)| text != path) {
                known = Some((path.to_owned(), steps(path)?));
            }
            let steps = known
                .as_ref()
                .map_or(&[][..], |(_, steps)| steps.as_slice());
            found.append_option(at(document, steps));
        }
        let found: ArrayRef = Arc::new(found.finish());
        debug_assert_eq!(found.len(), documents.len());
        Ok(ColumnarValue::Array(found))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Number(usize),
}

fn steps(path: &str) -> Result<Vec<Step>> {
    let refused = |why: &str| {
        let path: String = path.chars().take(64).collect();
        DataFusionError::Execution(format!(
            "{path:?} is no path of json_text: {why}; a path is like request.headers[0].name"
        ))
    };
    let mut chars = path.strip_prefix('$').unwrap_or(path).chars().peekable();
    let mut steps = Vec::new();
    while let Some(next) = chars.peek().copied() {
        match next {
            '.' => {
                chars.next();
            }
            '[' => {
                chars.next();
                let digits = until(&mut chars, ']');
                let number = digits.parse().map_err(|_| refused("[ ] holds a number"))?;
                steps.push(Step::Number(number));
            }
            '"' => {
                chars.next();
                steps.push(Step::Name(until(&mut chars, '"')));
            }
            _ => {
                let mut name = String::new();
                while let Some(c) = chars.next_if(|c| !matches!(*c, '.' | '[')) {
                    name.push(c);
                }
                steps.push(Step::Name(name));
            }
        }
        if steps.len() > STEPS_MAX {
            return Err(refused("it has too many parts"));
        }
    }
    Ok(steps)
}

fn until(chars: &mut Peekable<Chars<'_>>, end: char) -> String {
    chars.by_ref().take_while(|c| *c != end).collect()
}

fn at(document: &str, steps: &[Step]) -> Option<String> {
    let document: Value = serde_json::from_str(document).ok()?;
    let mut here = &document;
    for step in steps {
        here = match step {
            Step::Name(name) => here.get(name)?,
            Step::Number(number) => here.get(number)?,
        };
    }
    match here {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_a_text() {
        let document = r#"{"a": {"b": [1, {"c.d": "x"}, null]}, "e": true}"#;
        for (path, expected) in [
            ("a.b[0]", Some("1")),
            ("$.a.b[1].\"c.d\"", Some("x")),
            ("a.b[1]", Some(r#"{"c.d":"x"}"#)),
            ("a.b[2]", None),
            ("a.b[9]", None),
            ("e", Some("true")),
            ("e.f", None),
            ("nothing", None),
        ] {
            let found = at(document, &steps(path).unwrap());
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        assert_eq!(at("no JSON", &[]), None);
        assert!(steps("a[x]").is_err() && steps(&"a.".repeat(99)).is_err());
    }
}
