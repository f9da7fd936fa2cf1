//! `{"errors":[…],"discarded_events":[…]}`, or `SendErrorsRequest` → the bytes of each
//! error, and of what the client says that it dropped.
//!
//! Invariant: an item is cut out by its brackets and quotes alone, unread, so that
//! none can spoil another; one pass, no memory but the list of at most as many items
//! as are allowed.

use bytes::Bytes;
use event_model::Note;

use super::{
    super::{
        Context, Invalid, ReadEvent,
        json::parts,
        notes::CLIENT_DROPS_MAX,
        place::{self, Place},
    },
    discarded, wire,
};

/// Most that a client has to say of what it dropped, bytes: the longest words of as many
/// entries as are allowed.
const DISCARDED_BYTES_MAX: usize = 32 * 1024;

/// A batch whose events have been found but not read.
#[derive(Debug)]
pub struct NativeBatch {
    body: Bytes,
    form: Form,
    places: std::vec::IntoIter<Place>,
    /// What the client dropped itself: the list of a text, or each message.
    discarded: Vec<Place>,
}

/// How events are written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Json,
    Proto,
}

impl NativeBatch {
    /// Finds the events of `{"errors":[…]}`, at most `max`. Fails if it is none.
    pub fn scan(body: Bytes, max: usize) -> Result<Self, Invalid> {
        let parts = split(&body, max)?;
        Ok(Self {
            form: Form::Json,
            places: parts.errors.into_iter(),
            discarded: parts.discarded.into_iter().collect(),
            body,
        })
    }

    /// Finds the events of a `SendErrorsRequest`, at most `max`.
    pub fn scan_message(body: Bytes, max: usize) -> Result<Self, Invalid> {
        let (mut places, mut discarded) = (Vec::new(), Vec::new());
        let mut count = 0usize;
        for field in wire::fields(&body) {
            match field? {
                (1, wire::Field::Bytes(event)) => {
                    count += 1;
                    if count <= max {
                        places.push(place::of(&body, event));
                    }
                }
                // One more than is allowed is enough to say so.
                (2, wire::Field::Bytes(row)) if discarded.len() <= CLIENT_DROPS_MAX => {
                    discarded.push(place::of(&body, row));
                }
                _ => {}
            }
        }
        if count > max {
            return Err(too_many(count, max));
        }
        Ok(Self {
            form: Form::Proto,
            places: places.into_iter(),
            discarded,
            body,
        })
    }

    /// How many there are that were not read.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Reads the next one; none at the end.
    pub fn next_event(&mut self, context: &Context<'_>) -> Option<Result<ReadEvent, Invalid>> {
        let place = self.places.next()?;
        let bytes = self.bytes(&place);
        Some(match self.form {
            Form::Json => super::event(bytes, context),
            Form::Proto => super::from_message(bytes, context),
        })
    }

    /// Reads what the client says that it dropped; none if it says nothing.
    pub fn discarded(&self, context: &Context<'_>) -> Option<Result<Note, Invalid>> {
        let bytes: usize = self.discarded.iter().map(Place::len).sum();
        if bytes > DISCARDED_BYTES_MAX {
            return Some(Err(Invalid {
                field: discarded::NAME.to_owned(),
                ..Invalid::too_large(format!("{bytes} bytes; at most {DISCARDED_BYTES_MAX}"))
            }));
        }
        let mut parts = self.discarded.iter().map(|place| self.bytes(place));
        match self.form {
            Form::Json => discarded::read(parts.next()?, context),
            Form::Proto => discarded::read_messages(parts, context),
        }
        .transpose()
    }

    fn bytes(&self, place: &Place) -> &[u8] {
        place::slice(&self.body, place)
    }
}

fn too_many(count: usize, max: usize) -> Invalid {
    Invalid {
        field: "errors".to_owned(),
        ..Invalid::too_large(format!("{count} errors in one batch; at most {max}"))
    }
}

/// The parts of a batch, unread.
#[derive(Debug, PartialEq)]
struct Parts {
    errors: Vec<Place>,
    discarded: Option<Place>,
}

/// The parts; at most `max` errors.
fn split(body: &[u8], max: usize) -> Result<Parts, Invalid> {
    let (mut list, mut discarded) = (None, None);
    parts::members(body, &parts::whole(body), &mut |key, value| match key {
        "errors" => list = Some(value),
        discarded::NAME => discarded = Some(value),
        _ => {}
    })?;
    let (mut errors, mut count) = (Vec::new(), 0usize);
    let is_list = match list {
        None => false,
        Some(list) => parts::items(body, &list, &mut |item| {
            count += 1;
            if count <= max {
                errors.push(item);
            }
        })?,
    };
    if !is_list {
        return Err(Invalid::field(
            "errors",
            "a batch is an object with a list of errors, {\"errors\":[…]}",
        ));
    }
    if count > max {
        return Err(too_many(count, max));
    }
    Ok(Parts { errors, discarded })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InvalidReason;

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        let items = split(body.as_bytes(), 4).map(|parts| {
            let bytes = parts
                .errors
                .iter()
                .map(|item| place::slice(body.as_bytes(), item));
            let texts = bytes.map(String::from_utf8_lossy);
            texts.map(std::borrow::Cow::into_owned).collect::<Vec<_>>()
        });
        let expected = expected.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(items, Ok(expected), "{body}");
    }

    #[test]
    fn items_are_cut_out_unread() {
        check(r#"{"errors":[]}"#, &[]);
        check(
            "\u{feff} { \"errors\" : [ 1 , 2 ] , \"x\" : [ { } ] } ",
            &["1", "2"],
        );
        check(
            r#"{"a":"]}","errors":[{"m":"\"]}"},[[{}]],"x,\"","\\"],"z":{"errors":[9]}}"#,
            &[r#"{"m":"\"]}"}"#, "[[{}]]", r#""x,\"""#, r#""\\""#],
        );
        // Not JSON inside: that is for whoever reads the item.
        check(
            r#"{"errors":[{a:NaN},{"b" 1},nope]}"#,
            &["{a:NaN}", r#"{"b" 1}"#, "nope"],
        );
        check(r#"{"errors":[1],"errors":[2]}"#, &["2"]);
    }

    #[test]
    fn what_is_no_batch_says_why() {
        for (body, reason) in [
            ("{}", InvalidReason::Field),
            ("[1]", InvalidReason::Field),
            ("7", InvalidReason::Field),
            (r#"{"errors":{}}"#, InvalidReason::Field),
            (r#"{"errors":[1,2,3,4,5]}"#, InvalidReason::TooLarge),
            ("", InvalidReason::Malformed),
            ("{", InvalidReason::Malformed),
            (r#"{"errors":[1,]}"#, InvalidReason::Malformed),
            (r#"{"errors":[1 2]}"#, InvalidReason::Malformed),
            (r#"{"errors":[1]} x"#, InvalidReason::Malformed),
            (r#"{"errors":["1]}"#, InvalidReason::Malformed),
            (r#"{"errors":[[1]"#, InvalidReason::Malformed),
            (r#"{"errors"}"#, InvalidReason::Malformed),
            ("]", InvalidReason::Malformed),
        ] {
            let invalid = split(body.as_bytes(), 4).map_err(|invalid| invalid.reason);
            assert_eq!(invalid, Err(reason), "{body}");
        }
    }
}
