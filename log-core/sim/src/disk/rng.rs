//! The simulation's only source of chance: the same seed gives the same numbers, on every machine and release.
//!
//! SplitMix64 (Steele, Lea, Flood 2014): one word of state, so that a disk's whole future hangs on its seed alone.

/// A stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of `seed`; neighbouring seeds give unrelated streams.
    pub fn new(seed: u64) -> Self {
        let mut rng = Self(seed);
        Self(rng.word())
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is at least 1. The bias of the multiplication is far below what a test can see.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(limit)) >> 64) as u64
    }

    /// True once in `rate` calls on average; never when it is 0.
    pub fn one_in(&mut self, rate: u32) -> bool {
        rate > 0 && self.below(u64::from(rate)) == 0
    }

    /// Heads or tails.
    pub fn coin(&mut self) -> bool {
        self.word() >> 63 == 1
    }
}
