//! Turns in a queue: whoever sends a hundred times as much waits for itself, not others
//! for it.
//!
//! A lane is what one key of one project has waiting. Lanes are served by deficit round
//! robin (Shreedhar and Varghese, 1995): at each turn a lane may send [`QUANTUM_BYTES`]
//! more, divided by the number of its project's lanes, and what it does not use up
//! because its next item is larger it keeps for the next turn, while it has something
//! waiting. So projects have equal shares of the bytes, and keys equal shares of their
//! project's; an item waits for at most one turn of every other lane.
//!
//! Room is shared, too: a lane may take twice what is left free, so that one greedy lane
//! ends at two thirds of all and a newcomer always finds room. Invariant: within a lane
//! the order is that of [`Lanes::push`]; nothing is lost but by [`Lanes::clear`].

use std::collections::{HashMap, VecDeque};

use event_model::ProjectId;

/// What a project may send at its turn, bytes: a few events, so that a commit group of
/// 1 MiB has room for a turn of a dozen projects.
const QUANTUM_BYTES: usize = 64 * 1024;
/// What each of very many senders of one project may send: turns are not to be walked
/// for ever until an event of 8 MiB is paid for.
const QUANTUM_BYTES_MIN: usize = 4 * 1024;

/// Whose something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The project.
    pub project: ProjectId,
    /// Of that project's senders, in whatever way the caller tells them apart; 0: not.
    pub sender: u64,
}

impl Lane {
    /// Of a project as a whole.
    pub fn of(project: ProjectId) -> Self {
        Self { project, sender: 0 }
    }
}

/// What waits, by lane.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    waiting: HashMap<Lane, Waiting<T>>,
    /// Lanes with something waiting, in the order of their turns; the first one's is on.
    turns: VecDeque<Lane>,
    /// How many lanes each project has in `turns`.
    senders: HashMap<ProjectId, usize>,
}

#[derive(Debug)]
struct Waiting<T> {
    items: VecDeque<(usize, T)>,
    bytes: usize,
    /// What it may still send at this turn.
    credit: usize,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            senders: HashMap::new(),
        }
    }
}

impl<T> Lanes<T> {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Whether a lane may take so many bytes when so many are free.
    pub(crate) fn has_room(&self, lane: Lane, bytes: usize, free: usize) -> bool {
        let own = self.waiting.get(&lane).map_or(0, |waiting| waiting.bytes);
        bytes <= free && own + bytes <= 2 * free
    }

    /// Puts an item of so many bytes at the end of its lane.
    pub(crate) fn push(&mut self, lane: Lane, bytes: usize, item: T) {
        let waiting = self.waiting.entry(lane).or_insert_with(|| {
            self.turns.push_back(lane);
            *self.senders.entry(lane.project).or_default() += 1;
            Waiting {
                items: VecDeque::new(),
                bytes: 0,
                credit: 0,
            }
        });
        waiting.items.push_back((bytes, item));
        waiting.bytes += bytes;
    }

    /// How many bytes the item has whose turn it is.
    pub(crate) fn next_bytes(&mut self) -> Option<usize> {
        loop {
            let lane = *self.turns.front()?;
            let senders = self.senders.get(&lane.project).copied().unwrap_or(1);
            let waiting = self.waiting.get_mut(&lane)?;
            let (bytes, _) = waiting.items.front()?;
            if *bytes <= waiting.credit {
                return Some(*bytes);
            }
            // Its turn is over, and its credit of the next one is given now.
            waiting.credit += (QUANTUM_BYTES / senders).max(QUANTUM_BYTES_MIN);
            self.turns.rotate_left(1);
        }
    }

    /// Takes the item whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<(usize, T)> {
        self.next_bytes()?;
        let lane = *self.turns.front()?;
        let waiting = self.waiting.get_mut(&lane)?;
        let (bytes, item) = waiting.items.pop_front()?;
        waiting.bytes -= bytes;
        waiting.credit = waiting.credit.saturating_sub(bytes);
        if waiting.items.is_empty() {
            self.waiting.remove(&lane);
            self.turns.pop_front();
            if let Some(senders) = self.senders.get_mut(&lane.project) {
                *senders -= 1;
                if *senders == 0 {
                    self.senders.remove(&lane.project);
                }
            }
        }
        Some((bytes, item))
    }

    /// Drops all that waits.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KIB: usize = 1024;

    fn lane(project: u32, sender: u64) -> Lane {
        Lane {
            project: ProjectId(project),
            sender,
        }
    }

    /// The lanes of what is taken, as far as `count` goes.
    fn order(lanes: &mut Lanes<Lane>, count: usize) -> Vec<Lane> {
        std::iter::from_fn(|| lanes.pop().map(|(_, lane)| lane))
            .take(count)
            .collect()
    }

    /// A hundred projects, one with a hundred times as much and before all others: each of
    /// the others waits for one turn of it, and no longer than for one turn of everybody.
    #[test]
    fn the_next_item_of_another_is_served_within_a_turn_of_each() {
        let mut lanes = Lanes::default();
        let event = 8 * KIB;
        let a_turn = QUANTUM_BYTES / event;
        for _ in 0..1_000 {
            lanes.push(lane(1, 0), event, lane(1, 0));
        }
        for project in 2..=100 {
            for _ in 0..10 {
                lanes.push(lane(project, 0), event, lane(project, 0));
            }
        }
        let served = order(&mut lanes, usize::MAX);
        assert_eq!(served.len(), 1_990);
        for project in 2..=100 {
            let first = served.iter().position(|one| *one == lane(project, 0));
            assert!(
                first.expect("served") <= 100 * a_turn,
                "{project}: {first:?}"
            );
            let last = served.iter().rposition(|one| *one == lane(project, 0));
            // Ten items are two turns.
            assert!(last.expect("served") <= 200 * a_turn, "{project}: {last:?}");
        }
        // Whoever comes while it is served does not wait for what it has queued.
        for _ in 0..1_000 {
            lanes.push(lane(1, 0), event, lane(1, 0));
        }
        order(&mut lanes, 100);
        lanes.push(lane(7, 0), event, lane(7, 0));
        let served = order(&mut lanes, 2 * a_turn);
        assert!(served.contains(&lane(7, 0)), "{served:?}");
        order(&mut lanes, usize::MAX);
        assert!(lanes.is_empty() && lanes.senders.is_empty() && lanes.waiting.is_empty());
    }

    /// By bytes, not by items; and many senders of a project are no more than one.
    #[test]
    fn projects_have_equal_shares_however_they_send() {
        let mut lanes = Lanes::default();
        for _ in 0..4_000 {
            lanes.push(lane(1, 0), KIB, lane(1, 0));
        }
        for _ in 0..50 {
            lanes.push(lane(2, 0), 100 * KIB, lane(2, 0));
        }
        for sender in 0..4 {
            for _ in 0..500 {
                lanes.push(lane(3, sender), 4 * KIB, lane(3, sender));
            }
        }
        let mut bytes = HashMap::<Lane, usize>::new();
        let mut taken = 0;
        while taken < 6 * 1024 * KIB {
            let (size, lane) = lanes.pop().expect("enough is there");
            *bytes.entry(lane).or_default() += size;
            taken += size;
        }
        let of = |project| -> usize {
            let own = bytes.iter().filter(|(lane, _)| lane.project.0 == project);
            own.map(|(_, bytes)| bytes).sum()
        };
        for project in 1..=3 {
            let share = of(project) as f64 / taken as f64;
            assert!((0.30..0.37).contains(&share), "{project}: {share}");
        }
        for sender in 0..4 {
            let share = bytes[&lane(3, sender)] as f64 / of(3) as f64;
            assert!((0.22..0.28).contains(&share), "{sender}: {share}");
        }
    }

    #[test]
    fn nobody_takes_all_the_room() {
        let mut lanes = Lanes::default();
        let max = 30_000;
        let mut free = max;
        let fill = |lanes: &mut Lanes<()>, lane, free: &mut usize| {
            let before = *free;
            while lanes.has_room(lane, 10, *free) {
                lanes.push(lane, 10, ());
                *free -= 10;
            }
            before - *free
        };
        let first = fill(&mut lanes, lane(1, 0), &mut free);
        assert_eq!(first, 20_000, "two thirds");
        let second = fill(&mut lanes, lane(2, 0), &mut free);
        assert!(second >= 6_000, "{second}");
        assert!(free >= 2_000, "and a third one finds room: {free}");
        assert!(!lanes.has_room(lane(3, 0), free + 1, free));
    }

    proptest! {
        /// Whatever comes and goes: each lane in its order, nothing lost, nothing twice.
        #[test]
        fn every_lane_keeps_its_order(
            steps in prop::collection::vec(prop::option::weighted(0.6, (0u32..4, 0u64..3, 1usize..200_000)), 0..300),
        ) {
            let mut lanes = Lanes::default();
            let mut pushed = HashMap::<Lane, usize>::new();
            let mut popped = HashMap::<Lane, usize>::new();
            let mut check = |lanes: &mut Lanes<(Lane, usize)>| {
                let next = lanes.next_bytes();
                let taken = lanes.pop();
                assert_eq!(next, taken.as_ref().map(|(bytes, _)| *bytes));
                if let Some((_, (lane, number))) = taken {
                    let count = popped.entry(lane).or_default();
                    assert_eq!(*count, number);
                    *count += 1;
                }
                next.is_some()
            };
            for step in steps {
                match step {
                    Some((project, sender, bytes)) => {
                        let lane = lane(project, sender);
                        let number = pushed.entry(lane).or_default();
                        lanes.push(lane, bytes, (lane, *number));
                        *number += 1;
                    }
                    None => {
                        check(&mut lanes);
                    }
                }
            }
            while check(&mut lanes) {}
            prop_assert_eq!(pushed, popped);
        }
    }
}
