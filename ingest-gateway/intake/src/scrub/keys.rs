//! The keys of one object, before it is written: which members a later one of the
//! same key overrules.

use super::super::json::Object;

/// Keys compared pair by pair; more are sorted.
const FEW: usize = 16;

/// What the keys of an object say together.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// It has a "value".
    pub(super) names_a_value: bool,
    /// Numbers of the members that a later one overrules, ascending; usually none.
    overruled: Vec<usize>,
}

impl Keys {
    pub(super) fn of(members: &Object<'_>) -> Self {
        let mut few = [""; FEW];
        let mut count = 0;
        for key in members.plain_keys() {
            match (key, few.get_mut(count)) {
                (Some(key), Some(place)) => *place = key,
                _ => return Self::of_many(members),
            }
            count += 1;
        }
        let few = &few[..count];
        let overruled = |at: &usize| few[at + 1..].contains(&few[*at]);
        Self {
            names_a_value: few.contains(&"value"),
            overruled: (0..count).filter(overruled).collect(),
        }
    }

    /// The same for any number of keys, with escapes or not: n log n.
    fn of_many(members: &Object<'_>) -> Self {
        let numbered = members.keys().enumerate();
        let mut sorted: Vec<_> = numbered.map(|(at, key)| (key, at)).collect();
        sorted.sort_unstable();
        let mut overruled: Vec<usize> = sorted
            .windows(2)
            .filter(|two| two[0].0 == two[1].0)
            .map(|two| two[0].1)
            .collect();
        overruled.sort_unstable();
        Self {
            names_a_value: sorted.iter().any(|(key, _)| key == "value"),
            overruled,
        }
    }

    /// Whether member `at` counts for nothing.
    pub(super) fn is_overruled(&self, at: usize) -> bool {
        !self.overruled.is_empty() && self.overruled.binary_search(&at).is_ok()
    }
}
