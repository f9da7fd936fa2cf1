//! The usual gzip body, quickly: one member with a plain header, inflated by a state that
//! the thread keeps. A new state is 40 KiB to be found and cleared for each request, more
//! work than inflating a small event.
//!
//! Invariant: what it gives is what a whole reader of gzip gives. Whatever is not as
//! usual (other members, names in the header, a wrong sum, an end too soon) is not read
//! here at all.

use std::cell::RefCell;

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// Magic number, deflate, no flags: time, level and system follow.
const HEADER: [u8; 4] = [0x1f, 0x8b, 8, 0];
const HEADER_BYTES: usize = 10;
/// CRC and length, little-endian.
const TRAILER_BYTES: usize = 8;

thread_local! {
    static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// How far it got.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inflated {
    /// All of it, so many bytes, and the sum is right.
    Whole(usize),
    /// `out` is full.
    Full,
}

/// Inflates `input` into `out`; none if it is not the usual.
pub(super) fn inflate(input: &[u8], out: &mut [u8]) -> Option<Inflated> {
    let is_usual = input.starts_with(&HEADER) && input.len() > HEADER_BYTES + TRAILER_BYTES;
    let deflated = is_usual.then(|| &input[HEADER_BYTES..])?;
    INFLATE.with_borrow_mut(|state| {
        state.reset(false);
        let (mut read, mut filled) = (0usize, 0usize);
        loop {
            let flush = FlushDecompress::None;
            let status = state
                .decompress(&deflated[read..], &mut out[filled..], flush)
                .ok()?;
            let before = (read, filled);
            read = usize::try_from(state.total_in()).ok()?;
            filled = usize::try_from(state.total_out()).ok()?;
            if status == Status::StreamEnd && filled < out.len() {
                return is_sound(&deflated[read..], &out[..filled])
                    .then_some(Inflated::Whole(filled));
            }
            if filled == out.len() {
                return Some(Inflated::Full);
            }
            if (read, filled) == before {
                return None;
            }
        }
    })
}

/// Whether a trailer is that of these bytes, and the last thing there is.
fn is_sound(trailer: &[u8], inflated: &[u8]) -> bool {
    let Some((sum, length)) = trailer.split_first_chunk::<4>() else {
        return false;
    };
    let mut crc = Crc::new();
    crc.update(inflated);
    *sum == crc.sum().to_le_bytes() && *length == (inflated.len() as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::{Compression, GzBuilder, bufread::MultiGzDecoder};
    use proptest::prelude::*;

    use super::*;

    fn zipped(text: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::new(level));
        encoder.write_all(text).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    /// Both readers agree, or the quick one leaves it to the other.
    fn check(input: &[u8], room: usize) -> Option<Inflated> {
        let mut quick = vec![0u8; room];
        let inflated = inflate(input, &mut quick)?;
        let mut whole = Vec::new();
        let read = MultiGzDecoder::new(input).read_to_end(&mut whole);
        match inflated {
            Inflated::Whole(length) => {
                read.expect("the other one reads it, too");
                assert_eq!(quick[..length], whole);
            }
            // The other one may break off before it gives the last bytes that are sound.
            Inflated::Full => {
                let both = whole.len().min(room);
                assert!(read.is_err() || both == room, "{both} of {room}");
                assert_eq!(quick[..both], whole[..both]);
            }
        }
        Some(inflated)
    }

    #[test]
    fn the_usual_is_read_and_the_odd_is_left_to_others() {
        let text = "an error, and another error".repeat(40);
        let member = zipped(text.as_bytes(), 6);
        let whole = Some(Inflated::Whole(text.len()));
        // More than once: the state is as new each time.
        for _ in 0..3 {
            assert_eq!(check(&member, 4_096), whole);
            assert_eq!(check(&member, 100), Some(Inflated::Full));
            assert_eq!(check(&member, text.len()), Some(Inflated::Full));
            assert_eq!(check(&member[..member.len() - 1], 4_096), None, "cut");
            let two = [member.clone(), member.clone()].concat();
            assert_eq!(check(&two, 4_096), None, "two members");
            let mut wrong = member.clone();
            *wrong.last_mut().expect("a trailer") ^= 1;
            assert_eq!(check(&wrong, 4_096), None, "a wrong length");
        }
        let named = GzBuilder::new().filename("name");
        let mut encoder = named.write(Vec::new(), Compression::new(6));
        encoder.write_all(text.as_bytes()).expect("memory takes it");
        let named = encoder.finish().expect("memory takes it");
        assert_eq!(check(&named, 4_096), None, "a name");
        assert_eq!(check(&zipped(b"", 6), 10), Some(Inflated::Whole(0)));
        assert_eq!(check(&[], 10), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_others_read_them(
            text in proptest::collection::vec(0u8..4, 0..3_000),
            level in 0u32..10,
            room in 1usize..4_000,
            (at, bit) in (any::<prop::sample::Index>(), 0u8..16),
        ) {
            let mut member = zipped(&text, level);
            if bit < 8 {
                let at = at.index(member.len());
                member[at] ^= 1 << bit;
            } else {
                let read = check(&member, room);
                prop_assert!(read.is_some());
            }
            let _ = check(&member, room);
        }
    }
}
