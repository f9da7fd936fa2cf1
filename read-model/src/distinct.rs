//! How many distinct things there are, in little memory: a sketch that merges.
//!
//! Up to [`EXACT_MAX`] things are kept one by one and counted exactly; of more stand
//! 4,096 registers (HyperLogLog; P. Flajolet et al. 2007, with the estimator of O. Ertl,
//! "New cardinality estimation algorithms for HyperLogLog sketches", 2017, which needs no
//! tables and has no bias). The standard error is then [`STANDARD_ERROR`]: of twenty
//! numbers nineteen are within 3.3 % of the truth.
//!
//! Invariant: a sketch is a function of the set of hashes that it was given, whatever
//! their order and however often they came; so sketches of parts merge into that of the
//! whole, and a replay makes the same bytes. Things are told apart by 64 bits that must be
//! mixed well.

use std::collections::HashSet;

/// Things that are counted one by one.
pub const EXACT_MAX: usize = 512;
/// Of larger counts, as a share: 1.04 / √4096.
pub const STANDARD_ERROR: f64 = 0.016_25;

/// Bits of a hash that choose the register.
const PRECISION: u32 = 12;
const REGISTERS: usize = 1 << PRECISION;
/// Bits that are left to be looked at; a register is at most one more.
const REST: u32 = u64::BITS - PRECISION;
/// Bytes of the registers as they are stored, 6 bits each.
const PACKED_BYTES: usize = REGISTERS * 6 / 8;
/// What stored bytes begin with: hashes follow, or registers.
const OF_HASHES: u8 = 1;
const OF_REGISTERS: u8 = 2;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distinct(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Hashes(HashSet<u64, foldhash::fast::RandomState>),
    Registers(Box<[u8; REGISTERS]>),
}

impl Default for Form {
    fn default() -> Self {
        Self::Hashes(HashSet::default())
    }
}

impl Distinct {
    /// Adds a thing by its hash.
    pub fn add(&mut self, hash: u64) {
        match &mut self.0 {
            Form::Registers(registers) => see(registers, hash),
            Form::Hashes(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT_MAX {
                    let mut registers = Box::new([0; REGISTERS]);
                    for hash in &*hashes {
                        see(&mut registers, *hash);
                    }
                    self.0 = Form::Registers(registers);
                }
            }
        }
    }

    /// Adds all that another one has.
    pub fn merge(&mut self, other: &Self) {
        match &other.0 {
            Form::Hashes(hashes) => {
                for hash in hashes {
                    self.add(*hash);
                }
            }
            Form::Registers(others) => {
                let mut registers = match std::mem::take(&mut self.0) {
                    Form::Registers(registers) => registers,
                    Form::Hashes(hashes) => {
                        let mut registers = Box::new([0; REGISTERS]);
                        for hash in hashes {
                            see(&mut registers, hash);
                        }
                        registers
                    }
                };
                for (own, other) in registers.iter_mut().zip(others.iter()) {
                    *own = (*own).max(*other);
                }
                self.0 = Form::Registers(registers);
            }
        }
    }

    /// Whether it has nothing.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Hashes(hashes) if hashes.is_empty())
    }

    /// How many things.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Form::Hashes(hashes) => hashes.len() as u64,
            Form::Registers(registers) => estimate(registers).round() as u64,
        }
    }

    /// As it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Form::Hashes(hashes) => {
                let mut sorted: Vec<u64> = hashes.iter().copied().collect();
                sorted.sort_unstable();
                let mut bytes = Vec::with_capacity(1 + 8 * sorted.len());
                bytes.push(OF_HASHES);
                for hash in sorted {
                    bytes.extend(hash.to_le_bytes());
                }
                bytes
            }
            Form::Registers(registers) => {
                let mut bytes = Vec::with_capacity(1 + PACKED_BYTES);
                bytes.push(OF_REGISTERS);
                for four in registers.chunks_exact(4) {
                    let packed = four
                        .iter()
                        .rev()
                        .fold(0, |packed: u32, one| (packed << 6) | u32::from(*one));
                    bytes.extend(&packed.to_le_bytes()[..3]);
                }
                bytes
            }
        }
    }

    /// What was stored; none: no sketch is stored so.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match *kind {
            OF_HASHES if rest.len().is_multiple_of(8) && rest.len() <= 8 * EXACT_MAX => {
                let (hashes, _) = rest.as_chunks::<8>();
                let hashes = hashes.iter().map(|eight| u64::from_le_bytes(*eight));
                Some(Self(Form::Hashes(hashes.collect())))
            }
            OF_REGISTERS if rest.len() == PACKED_BYTES => {
                let mut registers = Box::new([0; REGISTERS]);
                let (threes, _) = rest.as_chunks::<3>();
                for (four, three) in registers.chunks_exact_mut(4).zip(threes) {
                    let packed = u32::from_le_bytes([three[0], three[1], three[2], 0]);
                    for (at, one) in (0..).zip(four) {
                        *one = ((packed >> (6 * at)) & 0x3f) as u8;
                    }
                }
                Some(Self(Form::Registers(registers)))
            }
            _ => None,
        }
    }
}

impl FromIterator<u64> for Distinct {
    fn from_iter<I: IntoIterator<Item = u64>>(hashes: I) -> Self {
        let mut all = Self::default();
        for hash in hashes {
            all.add(hash);
        }
        all
    }
}

/// The register that the first bits choose holds the most zeros seen before the first one of
/// the others, and one more.
fn see(registers: &mut [u8; REGISTERS], hash: u64) {
    let register = &mut registers[(hash >> REST) as usize];
    // A one behind the last bit ends the zeros.
    let zeros = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros();
    *register = (*register).max(zeros as u8 + 1);
}

fn estimate(registers: &[u8; REGISTERS]) -> f64 {
    let mut counts = [0_u32; REST as usize + 2];
    for register in registers {
        counts[usize::from(*register).min(REST as usize + 1)] += 1;
    }
    let m = REGISTERS as f64;
    let [first, middle @ .., last] = &counts;
    let mut sum = m * tau(1.0 - f64::from(*last) / m);
    for count in middle.iter().rev() {
        sum = 0.5 * (sum + f64::from(*count));
    }
    sum += m * sigma(f64::from(*first) / m);
    m * m / (2.0 * std::f64::consts::LN_2 * sum)
}

/// Σ x^(2^k) 2^(k-1), and x: what registers at zero stand for.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        // It converges: each step adds less than half of the one before.
        if z <= before {
            return z;
        }
    }
}

/// What registers at their end stand for.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_64_with_seed;

    use super::*;

    fn hashes(count: u64, seed: u64) -> impl Iterator<Item = u64> {
        (0..count).map(move |n| xxh3_64_with_seed(&n.to_le_bytes(), seed))
    }

    fn sketch(count: u64, seed: u64) -> Distinct {
        hashes(count, seed).collect()
    }

    #[test]
    fn few_are_counted_one_by_one() {
        for count in [0, 1, 2, 100, EXACT_MAX as u64] {
            assert_eq!(sketch(count, 7).count(), count);
        }
    }

    /// Over 400 sketches of each size: the error that is stated, no bias, and no outlier.
    #[test]
    fn many_are_counted_with_the_error_that_is_stated() {
        for count in [513, 1_000, 5_000, 20_000, 60_000] {
            let errors: Vec<f64> = (0..400)
                .map(|seed| sketch(count, seed).count() as f64 / count as f64 - 1.0)
                .collect();
            let root = (errors.iter().map(|e| e * e).sum::<f64>() / 400.0).sqrt();
            let bias = errors.iter().sum::<f64>() / 400.0;
            let worst = errors.iter().fold(0.0_f64, |worst, e| worst.max(e.abs()));
            assert!(root < STANDARD_ERROR * 1.1, "{count}: {root}");
            assert!(bias.abs() < STANDARD_ERROR / 4.0, "{count}: {bias}");
            assert!(worst < STANDARD_ERROR * 4.5, "{count}: {worst}");
        }
    }

    #[test]
    fn a_million_is_a_million() {
        let found = sketch(1_000_000, 3).count() as f64 / 1e6;
        assert!((found - 1.0).abs() < 3.0 * STANDARD_ERROR, "{found}");
    }

    #[test]
    fn what_no_sketch_is_stored_as_is_none() {
        for bytes in [&[][..], &[0], &[9, 1], &[1, 2, 3], &[2; 99]] {
            assert_eq!(Distinct::from_bytes(bytes), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn parts_merge_into_the_whole_whatever_their_order_and_repetitions(
            counts in proptest::collection::vec((0..1_500_u64, 0..3_u64), 0..5),
        ) {
            let mut merged = Distinct::default();
            let mut other_way = Distinct::default();
            let mut whole = Distinct::default();
            for (count, seed) in &counts {
                let part = sketch(*count, *seed);
                merged.merge(&part);
                merged.merge(&part);
                hashes(*count, *seed).for_each(|hash| whole.add(hash));
            }
            for (count, seed) in counts.iter().rev() {
                other_way.merge(&sketch(*count, *seed));
            }
            prop_assert_eq!(&merged, &whole);
            prop_assert_eq!(merged.to_bytes(), other_way.to_bytes());
            let read = Distinct::from_bytes(&whole.to_bytes()).unwrap();
            prop_assert_eq!(read.count(), whole.count());
            prop_assert_eq!(read, whole);
        }
    }
}
