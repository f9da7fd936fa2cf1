//! Parts of an event whose form is the client's own (extra, contexts, local
//! variables, …): the text of one JSON object, kept as it is written and printed
//! as it is kept. No tree is built of it before someone asks for one.
//!
//! Invariant: the text is empty (no members, "absent") or one JSON object; whoever
//! makes a [`Free`] goes through [`Writer`] or a check. A key may occur twice in
//! what came from elsewhere, the last one counts. Sizes are bytes of UTF-8.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

pub(crate) mod writer;

pub use writer::{Writer, next_to_escape};

/// An object of free form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Free {
    /// "" or "{…}" with at least one member.
    text: String,
}

impl Free {
    /// One without members.
    pub const fn new() -> Self {
        Self {
            text: String::new(),
        }
    }

    /// Checks that `text` is one JSON object; `None` if it is anything else.
    pub fn from_json(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let object = text.trim_ascii_start().starts_with('{');
        (object && serde_json::from_str::<&RawValue>(&text).is_ok()).then(|| Self::checked(text))
    }

    /// From a text that is known to be one JSON object.
    fn checked(mut text: String) -> Self {
        let inside = text.trim_ascii_start().get(1..).unwrap_or_default();
        if inside.trim_ascii_start().starts_with('}') {
            text.clear();
        }
        Self { text }
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The object's JSON; "{}" without members.
    pub fn as_json(&self) -> &str {
        if self.text.is_empty() {
            "{}"
        } else {
            &self.text
        }
    }

    /// Its members in their order, their values unread. Cost: one pass over the
    /// text.
    pub fn members(&self) -> Vec<(Cow<'_, str>, Part<'_>)> {
        Part(self.as_json()).members().unwrap_or_default()
    }

    /// The value of `key`, unread; the last if there are several. Cost: one pass
    /// over the text.
    pub fn get(&self, key: &str) -> Option<Part<'_>> {
        if self.text.is_empty() {
            return None;
        }
        Part(&self.text).get(key)
    }

    /// The whole as an owned tree.
    pub fn to_map(&self) -> Map<String, Value> {
        serde_json::from_str(self.as_json()).unwrap_or_default()
    }

    /// Sets the value of `key`, in the place of one that is there.
    pub fn insert(&mut self, key: impl AsRef<str>, value: impl Into<Value>) {
        let (key, value) = (key.as_ref(), value.into());
        let mut writer = if self.get(key).is_some() {
            let mut writer = Writer::new();
            for (known, part) in self.members() {
                if known != key {
                    writer.key(&known);
                    writer.part(part);
                }
            }
            writer
        } else {
            Writer::append_to(std::mem::take(self))
        };
        writer.key(key);
        writer.value(&value);
        *self = writer.finish();
    }
}

impl From<Map<String, Value>> for Free {
    fn from(map: Map<String, Value>) -> Self {
        map.into_iter().collect()
    }
}

impl<K: AsRef<str>> FromIterator<(K, Value)> for Free {
    fn from_iter<T: IntoIterator<Item = (K, Value)>>(members: T) -> Self {
        let mut writer = Writer::new();
        for (key, value) in members {
            writer.key(key.as_ref());
            writer.value(&value);
        }
        writer.finish()
    }
}

impl fmt::Debug for Free {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl Serialize for Free {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue =
            serde_json::from_str(self.as_json()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Anything but an object reads as one without members: a stored event never
/// fails for a part of free form.
impl<'de> Deserialize<'de> for Free {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if !raw.get().starts_with('{') {
            return Ok(Self::new());
        }
        Ok(Self::checked(Box::<str>::from(raw).into()))
    }
}

/// One JSON value of a [`Free`], unread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Part<'a>(&'a str);

impl<'a> Part<'a> {
    /// Its JSON.
    pub fn as_json(self) -> &'a str {
        self.0
    }

    /// A string's text; `None` if it is no string.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        if !self.0.starts_with('"') {
            return None;
        }
        serde_json::from_str(self.0).ok().map(|Text(text)| text)
    }

    /// An object's members in their order; `None` if it is no object.
    pub fn members(self) -> Option<Vec<(Cow<'a, str>, Part<'a>)>> {
        serde_json::from_str(self.0)
            .ok()
            .map(|Members(members)| members)
    }

    /// A list's items; `None` if it is no list.
    pub fn items(self) -> Option<Vec<Part<'a>>> {
        serde_json::from_str(self.0).ok().map(|Items(items)| items)
    }

    /// The value of an object's `key`; the last if there are several.
    pub fn get(self, key: &str) -> Option<Part<'a>> {
        let mut members = self.members()?.into_iter().rev();
        members.find_map(|(known, part)| (known == key).then_some(part))
    }

    /// As an owned tree.
    pub fn to_value(self) -> Value {
        serde_json::from_str(self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A string, borrowed if it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Visit)
    }
}

struct Members<'a>(Vec<(Cow<'a, str>, Part<'a>)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Text(key)) = map.next_key()? {
                    let raw: &RawValue = map.next_value()?;
                    members.push((key, Part(raw.get())));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Visit)
    }
}

struct Items<'a>(Vec<Part<'a>>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(raw) = seq.next_element::<&RawValue>()? {
                    items.push(Part(raw.get()));
                }
                Ok(Items(items))
            }
        }

        deserializer.deserialize_seq(Visit)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Free {
        let Value::Object(map) = json!({
            "plain": "a", "escaped \"": "tab\tquote\"back\\ \u{1} ü", "n": 1.5, "none": null,
            "list": [true, {"deep": "x"}, []], "object": {"k": "v"},
        }) else {
            panic!("not an object");
        };
        map.into()
    }

    #[test]
    fn members_are_read_in_place() {
        let free = sample();
        let keys: Vec<_> = free.members().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["escaped \"", "list", "n", "none", "object", "plain"]);
        let text = |key: &str| free.get(key).and_then(Part::as_str);
        assert_eq!(text("plain").unwrap(), "a");
        assert!(matches!(text("plain"), Some(Cow::Borrowed(_))));
        assert_eq!(text("escaped \"").unwrap(), "tab\tquote\"back\\ \u{1} ü");
        assert_eq!(text("n"), None);
        assert_eq!(text("missing"), None);
        let object = free.get("object").unwrap();
        assert_eq!(object.get("k").and_then(Part::as_str).unwrap(), "v");
        assert_eq!(object.items(), None);
        let items = free.get("list").unwrap().items().unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!(items[1].to_value(), json!({"deep": "x"}));
    }

    #[test]
    fn a_member_takes_the_place_of_its_like() {
        let mut free = Free::new();
        assert!(free.is_empty());
        free.insert("a", 1);
        free.insert("b", json!({"c": ["\""]}));
        free.insert("a", "x\n");
        assert_eq!(free.as_json(), r#"{"b":{"c":["\""]},"a":"x\n"}"#);
        let spaced = Free::from_json(" { \"a\" : 1 } ").unwrap();
        assert_eq!(spaced.clone().to_map()["a"], 1);
        let mut spaced = spaced;
        spaced.insert("b", 2);
        assert_eq!(
            spaced.to_map(),
            *json!({"a": 1, "b": 2}).as_object().unwrap()
        );
    }

    #[test]
    fn only_objects_are_taken() {
        for text in ["", "[]", "1", "\"{}\"", "{", "{}x", "{\"a\"}", "null"] {
            assert_eq!(Free::from_json(text), None, "{text}");
        }
        for text in ["{}", " { } "] {
            assert!(Free::from_json(text).unwrap().is_empty(), "{text}");
        }
        // The last of equal keys counts, as in most readers.
        let twice = Free::from_json(r#"{"a":1,"\u0061":2}"#).unwrap();
        assert_eq!(twice.get("a").unwrap().as_json(), "2");
        assert_eq!(twice.to_map()["a"], 2);
    }

    #[test]
    fn it_is_read_from_what_it_was_written_as() {
        let free = sample();
        let text = serde_json::to_string(&free).unwrap();
        assert_eq!(text, free.as_json());
        assert_eq!(serde_json::from_str::<Free>(&text).unwrap(), free);
        let value = serde_json::to_value(&free).unwrap();
        assert_eq!(value, Value::Object(free.to_map()));
        assert_eq!(serde_json::from_value::<Free>(value).unwrap(), free);
        for odd in ["null", "[1]", "\"x\"", "7", "{}", "{ }"] {
            assert!(
                serde_json::from_str::<Free>(odd).unwrap().is_empty(),
                "{odd}"
            );
        }
    }

    #[test]
    fn what_is_left_open_is_closed() {
        let mut writer = Writer::new();
        writer.key("a");
        writer.begin_list();
        writer.integer(-1);
        writer.begin_object();
        writer.end();
        writer.begin_object();
        writer.key("k");
        writer.boolean(false);
        let free = writer.finish();
        assert_eq!(free.as_json(), r#"{"a":[-1,{},{"k":false}]}"#);
        let mut writer = Writer::append_to(free);
        writer.end();
        writer.key("\u{7f}\u{0}\u{8}\r");
        writer.null();
        let free = writer.finish();
        assert_eq!(
            serde_json::from_str::<Value>(free.as_json()).unwrap(),
            json!({"a": [-1, {}, {"k": false}], "\u{7f}\u{0}\u{8}\r": null})
        );
    }
}
