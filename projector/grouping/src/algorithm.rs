//! The versions of the algorithm that this release groups by.
//!
//! Invariant: what a version makes of an event never changes: a test holds what each makes of
//! the whole corpus. A change of a result is a question here, which the newest version
//! alone answers otherwise, so that a project stays on its version until somebody applies
//! another to it.
//!
//! | version | does otherwise than the one before |
//! | --- | --- |
//! | 6 | the first that a release keeps |
//! | 7 | numbers and quoted words of a template that has gaps stay, for a person wrote them; the suffix `Module` that F# gives a module beside a type of its name is left out |

use std::fmt;

/// The number of the newest.
const NEWEST_VERSION: u32 = 7;

/// A version of the algorithm. It is part of every fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Algorithm(u32);

impl Algorithm {
    /// All, in ascending order.
    pub const ALL: [Self; 2] = [Self(6), Self(NEWEST_VERSION)];
    /// What new projects begin with.
    pub const NEWEST: Self = Self::ALL[Self::ALL.len() - 1];

    /// The version of this number, if the release has it.
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.0 == number)
    }

    /// The same, for whom somebody asked.
    ///
    /// # Errors
    ///
    /// Where the release does not have it; says which it has.
    pub fn known(number: u32) -> Result<Self, UnknownAlgorithm> {
        Self::of(number).ok_or(UnknownAlgorithm)
    }

    /// What groups the events of a project that is on this version: where the release does
    /// not have it, the newest.
    pub fn of_project(number: u32) -> Self {
        Self::of(number).unwrap_or_default()
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self.0
    }

    /// Its place among [`Self::ALL`].
    pub(crate) fn index(self) -> usize {
        usize::from(self.is_from(7))
    }

    /// What a person wrote into a template is no value.
    pub(crate) fn keeps_templates(self) -> bool {
        self.is_from(7)
    }

    /// F# calls a module beside a type of its name otherwise.
    pub(crate) fn joins_modules_of_fsharp(self) -> bool {
        self.is_from(7)
    }

    fn is_from(self, version: u32) -> bool {
        self.0 >= version
    }
}

/// There is no version of that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Algorithm::ALL.map(|known| known.number().to_string());
        write!(f, "must be one of {}", known.join(", "))
    }
}

impl std::error::Error for UnknownAlgorithm {}

impl Default for Algorithm {
    fn default() -> Self {
        Self::NEWEST
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Algorithm;

    #[test]
    fn versions_ascend_and_are_found_by_number_and_place() {
        assert!(Algorithm::ALL.is_sorted());
        for (at, version) in Algorithm::ALL.into_iter().enumerate() {
            assert_eq!(Algorithm::of(version.number()), Some(version));
            assert_eq!(version.index(), at);
        }
        let newest = Algorithm::NEWEST.number();
        assert_eq!(Algorithm::of(newest + 1), None);
        assert_eq!(Algorithm::of(0), None);
        let refused = Algorithm::known(newest + 1).unwrap_err().to_string();
        assert_eq!(refused, "must be one of 6, 7");
        assert_eq!(Algorithm::of_project(newest + 1), Algorithm::NEWEST);
    }
}
