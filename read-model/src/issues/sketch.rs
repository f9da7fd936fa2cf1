//! What stands for a fingerprint where those alike are looked for: numbers, of which two
//! fingerprints have the more in common the more alike they are.
//!
//! How they are computed is the projector's. Here they are stored, and found: [`BANDS`] bands
//! of [`BAND_PLACES`] places each, of which whoever is alike has one in common nearly always
//! (half of all places equal: 64 of 100 times; 70 of 100 equal: 99 times), and whoever is not
//! hardly ever (2 of 10 equal: 2 of 100 times).

/// Numbers of a sketch.
pub const PLACES: usize = 64;
/// Bands of a sketch, a row each.
pub const BANDS: usize = 16;
/// Numbers of a band.
pub const BAND_PLACES: usize = PLACES / BANDS;
/// Bits of a band's hash: with the band's number it has six bytes in SQLite's record format.
const HASH_BITS: u32 = 43;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sketch(pub [u16; PLACES]);

impl Sketch {
    /// As it is stored: each number little-endian.
    pub fn to_bytes(&self) -> [u8; 2 * PLACES] {
        let mut bytes = [0; 2 * PLACES];
        for (two, number) in bytes.chunks_exact_mut(2).zip(self.0) {
            two.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// What was stored.
    pub fn from_bytes(bytes: &[u8; 2 * PLACES]) -> Self {
        let mut places = [0; PLACES];
        for (number, two) in places.iter_mut().zip(bytes.chunks_exact(2)) {
            *number = u16::from_le_bytes([two[0], two[1]]);
        }
        Self(places)
    }

    /// The key of each band: its number, then a hash of its places.
    pub fn bands(&self) -> [i64; BANDS] {
        let mut bands = [0; BANDS];
        let places = self.0.chunks_exact(BAND_PLACES);
        for ((number, band), places) in (0..).zip(&mut bands).zip(places) {
            let whole = places
                .iter()
                .fold(0, |whole: u64, place| (whole << 16) | u64::from(*place));
            // An odd number without a pattern; the upper bits are the best mixed.
            let hash = whole.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - HASH_BITS);
            *band = (number << HASH_BITS) | hash as i64;
        }
        bands
    }

    /// Equal numbers.
    pub fn equal_places(&self, other: &Self) -> u32 {
        let pairs = self.0.iter().zip(&other.0);
        pairs.map(|(one, other)| u32::from(one == other)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(of: impl Fn(u16) -> u16) -> Sketch {
        let mut places = [0; PLACES];
        for (at, place) in (0..).zip(&mut places) {
            *place = of(at);
        }
        Sketch(places)
    }

    #[test]
    fn what_is_stored_is_what_is_read() {
        let one = sketch(|at| at.wrapping_mul(40_503));
        assert_eq!(Sketch::from_bytes(&one.to_bytes()), one);
    }

    #[test]
    fn a_band_is_shared_by_those_with_all_its_places_equal_and_by_no_other_band() {
        let one = sketch(|_| 7);
        // Alike in places, and yet no two of its bands are one.
        let mut keys = one.bands().to_vec();
        keys.dedup();
        assert_eq!(keys.len(), BANDS);
        assert!(
            keys.iter().all(|key| (0..1 << 47).contains(key)),
            "{keys:?}"
        );
        let other = sketch(|at| if at % 4 == 3 && at > 3 { 8 } else { 7 });
        let pairs = one.bands().into_iter().zip(other.bands());
        let shared: Vec<bool> = pairs.map(|(one, other)| one == other).collect();
        assert_eq!(shared.iter().position(|is| *is), Some(0));
        assert_eq!(shared.iter().filter(|is| **is).count(), 1);
        assert_eq!(one.equal_places(&other), 49);
    }
}
