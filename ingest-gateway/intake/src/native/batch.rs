//! `{"errors":[…],"discarded_events":[…]}`, or `SendErrorsRequest` → the bytes of each
//! error, and of what the client says that it dropped.
//!
//! Invariant: an item is cut out by its brackets and quotes alone, unread, so that
//! none can spoil another; one pass, no memory but the list of at most as many items
//! as are allowed.

use std::ops::Range;

use bytes::Bytes;
use event_model::Note;

use super::{
    super::{Context, Invalid, InvalidReason, ParsedEvent, notes::CLIENT_DROPS_MAX},
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
    places: std::vec::IntoIter<Range<u32>>,
    /// What the client dropped itself: the list of a text, or each message.
    discarded: Vec<Range<u32>>,
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
        let places = parts.errors.into_iter().map(|item| place(&body, item));
        let places = places.collect::<Vec<_>>().into_iter();
        let discarded = parts.discarded.map(|list| place(&body, list));
        Ok(Self {
            form: Form::Json,
            places,
            discarded: discarded.into_iter().collect(),
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
                        places.push(place(&body, event));
                    }
                }
                // One more than is allowed is enough to say so.
                (2, wire::Field::Bytes(row)) if discarded.len() <= CLIENT_DROPS_MAX => {
                    discarded.push(place(&body, row));
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
    pub fn next_event(&mut self, context: &Context<'_>) -> Option<Result<ParsedEvent, Invalid>> {
        let place = self.places.next()?;
        let bytes = self.bytes(&place);
        Some(match self.form {
            Form::Json => super::event(bytes, context),
            Form::Proto => super::from_message(bytes, context),
        })
    }

    /// Reads what the client says that it dropped; none if it says nothing.
    pub fn discarded(&self, context: &Context<'_>) -> Option<Result<Note, Invalid>> {
        let bytes: usize = self.discarded.iter().map(Range::len).sum();
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

    fn bytes(&self, place: &Range<u32>) -> &[u8] {
        &self.body[place.start as usize..place.end as usize]
    }
}

fn too_many(count: usize, max: usize) -> Invalid {
    Invalid {
        field: "errors".to_owned(),
        ..Invalid::too_large(format!("{count} errors in one batch; at most {max}"))
    }
}

/// Where `part`, a piece of `body`, stands in it. Bodies are far below 4 GiB.
fn place(body: &[u8], part: &[u8]) -> Range<u32> {
    if part.is_empty() {
        return 0..0;
    }
    let start = (part.as_ptr().addr() - body.as_ptr().addr()) as u32;
    start..start + part.len() as u32
}

/// The parts of a batch, unread.
#[derive(Debug, PartialEq)]
struct Parts<'b> {
    errors: Vec<&'b [u8]>,
    discarded: Option<&'b [u8]>,
}

/// The parts; at most `max` errors.
fn split(body: &[u8], max: usize) -> Result<Parts<'_>, Invalid> {
    let mut scan = Scan { body, at: 0 };
    if body.starts_with("\u{feff}".as_bytes()) {
        scan.at = 3;
    }
    scan.skip_blank();
    let (mut errors, mut discarded) = (None, None);
    if scan.peek() == Some(b'{') {
        scan.at += 1;
        scan.each(b'}', |scan| {
            let key = scan.value()?;
            scan.expect(b':', "`:`")?;
            if key == b"\"errors\"" && scan.peek() == Some(b'[') {
                errors = Some(scan.items(max)?);
            } else {
                let value = scan.value()?;
                if key == b"\"discarded_events\"" {
                    discarded = Some(value);
                }
            }
            Ok(())
        })?;
    } else {
        scan.value()?;
    }
    scan.skip_blank();
    if scan.at < body.len() {
        return Err(scan.not_json("the end"));
    }
    let errors = errors.ok_or_else(|| {
        Invalid::field(
            "errors",
            "a batch is an object with a list of errors, {\"errors\":[…]}",
        )
    })?;
    Ok(Parts { errors, discarded })
}

struct Scan<'b> {
    body: &'b [u8],
    at: usize,
}

impl<'b> Scan<'b> {
    fn items(&mut self, max: usize) -> Result<Vec<&'b [u8]>, Invalid> {
        let mut items = Vec::new();
        let mut count = 0usize;
        self.at += 1;
        self.each(b']', |scan| {
            let item = scan.value()?;
            count += 1;
            if count <= max {
                items.push(item);
            }
            Ok(())
        })?;
        if count > max {
            return Err(too_many(count, max));
        }
        Ok(items)
    }

    /// Reads what stands between commas, up to the bracket that ends it.
    fn each(
        &mut self,
        end: u8,
        mut read: impl FnMut(&mut Self) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        self.skip_blank();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(());
        }
        loop {
            read(self)?;
            self.skip_blank();
            match self.peek() {
                Some(byte) if byte == end => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.expect(b',', "`,` or the closing bracket")?,
            }
        }
    }

    /// Passes over one value; its bytes.
    fn value(&mut self) -> Result<&'b [u8], Invalid> {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' | b'}' | b']' => break,
                _ => self.token(),
            }
            if depth == 0 {
                return Ok(&self.body[start..self.at]);
            }
        }
        Err(self.not_json("a value"))
    }

    fn string(&mut self) -> Result<(), Invalid> {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        Err(self.not_json("the end of a string"))
    }

    fn token(&mut self) {
        let ends = |b: &u8| b",:[]{}\" \t\r\n".contains(b);
        let rest = &self.body[self.at..];
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }

    fn expect(&mut self, wanted: u8, name: &str) -> Result<(), Invalid> {
        self.skip_blank();
        if self.peek() != Some(wanted) {
            return Err(self.not_json(name));
        }
        self.at += 1;
        self.skip_blank();
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn not_json(&self, expected: &str) -> Invalid {
        let at = self.at.min(self.body.len());
        Invalid {
            reason: InvalidReason::Malformed,
            field: String::new(),
            message: format!("not JSON: expected {expected} at byte {at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        let items = split(body.as_bytes(), 4).map(|parts| {
            let texts = parts.errors.into_iter().map(String::from_utf8_lossy);
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
