//! Members and items of a JSON text, cut out by brackets and quotes alone, unread: so that
//! none can spoil another, and each is read when its turn comes.
//!
//! One pass over the part that is asked for, no memory. What is between the brackets may
//! be no JSON at all; that is for whoever reads it. Fails with the byte of the whole body
//! where the brackets do not fit.

use std::borrow::Cow;

use super::text;
use crate::{
    Invalid,
    place::{self, Place},
};

/// The whole of a body, without the mark that some editors put before it.
pub(crate) fn whole(body: &[u8]) -> Place {
    let start = body.starts_with("\u{feff}".as_bytes()).then_some(3);
    start.unwrap_or(0)..body.len() as u32
}

/// Calls `each` with the key and the place of every member of the object at `place`.
/// False: it is another value.
pub(crate) fn members(
    body: &[u8],
    place: &Place,
    each: &mut dyn FnMut(&str, Place),
) -> Result<bool, Invalid> {
    let mut scan = Scan::at(body, place);
    scan.container(b'{', b'}', |scan| {
        if scan.peek() != Some(b'"') {
            return Err(scan.not_json("a key in quotes"));
        }
        let key = scan.value()?;
        scan.expect(b':', "`:`")?;
        let value = scan.value()?;
        each(&name(place::slice(body, &key)), value);
        Ok(())
    })
}

/// Calls `each` with the place of every item of the list at `place`. False: it is
/// another value.
pub(crate) fn items(
    body: &[u8],
    place: &Place,
    each: &mut dyn FnMut(Place),
) -> Result<bool, Invalid> {
    let mut scan = Scan::at(body, place);
    scan.container(b'[', b']', |scan| {
        each(scan.value()?);
        Ok(())
    })
}

/// The text of a key with its quotes.
fn name(key: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(&key[1..key.len() - 1]) {
        key if key.contains('\\') => Cow::Owned(text::decode(&key)),
        key => key,
    }
}

struct Scan<'b> {
    /// The body up to the end of what is looked at.
    body: &'b [u8],
    at: usize,
}

impl<'b> Scan<'b> {
    fn at(body: &'b [u8], place: &Place) -> Self {
        let mut scan = Self {
            body: &body[..place.end as usize],
            at: place.start as usize,
        };
        scan.skip_blank();
        scan
    }

    /// Reads the container that opens here, or passes over another value; nothing may
    /// follow.
    fn container(
        &mut self,
        start: u8,
        end: u8,
        read: impl FnMut(&mut Self) -> Result<(), Invalid>,
    ) -> Result<bool, Invalid> {
        let is_container = self.peek() == Some(start);
        if is_container {
            self.at += 1;
            self.each(end, read)?;
        } else {
            self.value()?;
        }
        self.skip_blank();
        if self.at < self.body.len() {
            return Err(self.not_json("the end"));
        }
        Ok(is_container)
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

    /// Passes over one value; its place.
    fn value(&mut self) -> Result<Place, Invalid> {
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
                return Ok(start as u32..self.at as u32);
            }
        }
        Err(self.not_json("a value"))
    }

    fn string(&mut self) -> Result<(), Invalid> {
        self.at += 1;
        while let Some(found) = memchr::memchr2(b'"', b'\\', &self.body[self.at..]) {
            self.at += found + 1;
            if self.body[self.at - 1] == b'"' {
                return Ok(());
            }
            self.at = (self.at + 1).min(self.body.len());
        }
        self.at = self.body.len();
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
        Invalid::malformed(format!("not JSON: expected {expected} at byte {}", self.at))
    }
}
