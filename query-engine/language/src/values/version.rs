//! Semantic versions, as names of releases hold them.
//!
//! Read leniently: `v2.1` is 2.1.0, four numbers are as good as three; a name without a
//! number is none. In order as semver.org says: numbers, then what stands behind a dash,
//! which is before the version itself; what stands behind a plus does not count.

use std::{cmp::Ordering, fmt};

use semver::Prerelease;

use crate::query::Bounds;

/// Most numbers of a version.
const NUMBERS_MAX: usize = 6;

/// A version.
#[derive(Debug, Clone)]
pub struct Version {
    /// At least one.
    numbers: Vec<u64>,
    pre: Prerelease,
}

impl Version {
    /// Reads a version as it was typed.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, _build) = text.split_once('+').unwrap_or((text, ""));
        let (plain, pre) = match text.split_once('-') {
            Some((plain, pre)) if !pre.is_empty() => (plain, Prerelease::new(pre).ok()?),
            Some(_) => return None,
            None => (text, Prerelease::EMPTY),
        };
        Some(Self {
            numbers: numbers(plain)?,
            pre,
        })
    }

    /// The version within a release's name: behind its last `@`.
    pub fn of_release(name: &str) -> Option<Self> {
        let version = name.rsplit_once('@').map_or(name, |(_, version)| version);
        Self::read(version)
    }

    fn number(&self, at: usize) -> u64 {
        self.numbers.get(at).copied().unwrap_or(0)
    }
}

/// `2.1` as numbers.
pub(crate) fn numbers(text: &str) -> Option<Vec<u64>> {
    let read = |part: &str| {
        let plain = !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    };
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let numbers: Option<Vec<u64>> = text.split('.').take(NUMBERS_MAX + 1).map(read).collect();
    numbers.filter(|numbers| numbers.len() <= NUMBERS_MAX)
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        let numbers = |of: &Self| (0..longest).map(|at| of.number(at)).collect::<Vec<_>>();
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dotted(&self.numbers))?;
        if self.pre.is_empty() {
            return Ok(());
        }
        write!(f, "-{}", self.pre)
    }
}

fn dotted(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

/// Which versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionTest {
    /// Compared.
    Bounds(Bounds<Version>),
    /// Those that begin with these numbers: `2.1.*`.
    Within(Vec<u64>),
}

impl VersionTest {
    /// Whether a release's version is one of these.
    pub fn matches(&self, release: &str) -> bool {
        let Some(version) = Version::of_release(release) else {
            return false;
        };
        match self {
            Self::Bounds(bounds) => bounds.has(&version),
            Self::Within(numbers) => (0..)
                .zip(numbers)
                .all(|(at, number)| version.number(at) == *number),
        }
    }

    /// As it is written within a list of pieces.
    pub(crate) fn prefix(numbers: &[u64]) -> String {
        format!("{}.", dotted(numbers))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_of_semver() {
        let ordered = [
            "0.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0",
            "1.0.0.1",
            "v1.0.1",
            "1.2",
            "1.10.0+build.7",
            "2",
        ];
        let versions: Vec<Version> = ordered
            .iter()
            .map(|text| Version::read(text).unwrap())
            .collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        assert_eq!(Version::read("2.1"), Version::read("v2.1.0"));
        for text in [
            "",
            "v",
            "main",
            "1..2",
            "1.x",
            "9f8e7d6",
            "1.2-",
            "1.2.3.4.5.6.7",
        ] {
            assert_eq!(
                Version::read(text).map(|version| version.to_string()),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_release_is_as_good_as_the_version_in_it() {
        let within = VersionTest::Within(vec![1, 4]);
        for (release, is) in [
            ("shop@1.4.2", true),
            ("a@b@1.4", true),
            ("1.4.0-rc1", true),
            ("shop@1.40", false),
            ("shop", false),
            ("1.3.9", false),
        ] {
            assert_eq!(within.matches(release), is, "{release}");
        }
    }
}
