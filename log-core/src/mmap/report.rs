//! The last words of a process that cannot read a mapped file: text without an allocation.

use super::ranges::{CUT_OFF, OWN_PAGE, PAGE};

/// Room for the longest message, two numbers of 20 digits included.
const TEXT_BYTES_MAX: usize = 256;

/// A text in a fixed buffer; what does not fit is cut.
pub(super) struct Text {
    bytes: [u8; TEXT_BYTES_MAX],
    length: usize,
}

impl Text {
    /// What to say of byte `offset` of segment `segment`.
    pub(super) fn lost_page(segment: u64, offset: usize) -> Self {
        let mut text = Self {
            bytes: [0; TEXT_BYTES_MAX],
            length: 0,
        };
        text.push(b"log-core: SIGBUS: cannot read ");
        match segment {
            PAGE | OWN_PAGE | CUT_OFF => text.push(b"the publication page"),
            0 => text.push(b"a segment of unknown number"),
            number => {
                text.push(b"segment ");
                text.push_number(number);
            }
        }
        text.push(b" at byte ");
        text.push_number(offset as u64);
        text.push(b": the disk failed or the file was made shorter; the process aborts\n");
        text
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn push(&mut self, more: &[u8]) {
        for &byte in more {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = byte;
                self.length += 1;
            }
        }
    }

    fn push_number(&mut self, number: u64) {
        const DIGITS_MAX: usize = 20; // of u64::MAX
        let mut digits = [0; DIGITS_MAX];
        let mut first = DIGITS_MAX;
        let mut rest = number;
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.push(&digits[first..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_whole() {
        for (segment, offset, expected) in [
            (1, 0, "segment 1 at byte 0:"),
            (70, 134_217_727, "segment 70 at byte 134217727:"),
            (
                u64::MAX - 3,
                usize::MAX,
                "segment 18446744073709551612 at byte 18446744073709551615:",
            ),
            (0, 10, "a segment of unknown number at byte 10:"),
            (PAGE, 128, "the publication page at byte 128:"),
        ] {
            let text = Text::lost_page(segment, offset);
            let text = std::str::from_utf8(text.as_bytes()).expect("it is ASCII");
            assert!(text.contains(expected), "{text}");
            assert!(text.ends_with("aborts\n"), "{text}");
        }
    }
}
