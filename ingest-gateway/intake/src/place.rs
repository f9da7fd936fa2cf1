//! Where the parts of a body stand in it, so that they can be read later and elsewhere.

use std::ops::Range;

/// Where something stands in a body, bytes. Bodies are far below 4 GiB.
pub(crate) type Place = Range<u32>;

/// Where `part`, a piece of `body`, stands in it.
pub(crate) fn of(body: &[u8], part: &[u8]) -> Place {
    if part.is_empty() {
        return 0..0;
    }
    let start = (part.as_ptr().addr() - body.as_ptr().addr()) as u32;
    start..start + part.len() as u32
}

/// What stands there.
pub(crate) fn slice<'b>(body: &'b [u8], place: &Place) -> &'b [u8] {
    &body[place.start as usize..place.end as usize]
}
