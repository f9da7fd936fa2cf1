//! Time is handed in: nothing here waits.

#![allow(clippy::unwrap_used)]

use super::*;

struct Door {
    throttle: Throttle,
    now: Instant,
}

impl Door {
    fn new() -> Self {
        Self {
            throttle: Throttle::default(),
            now: Instant::now(),
        }
    }

    fn try_in(&self, account: &str, address: &str) -> Result<Attempt, u64> {
        let guess = self.throttle.guess(account, address.parse().ok());
        let attempt = self.throttle.attempt(guess, self.now);
        attempt.map_err(|error| error.retry_after_s)
    }

    fn attempt(&self, account: &str, address: &str) -> Result<Lane, u64> {
        Ok(self.try_in(account, address)?.lane)
    }

    /// Fails so often; whether all were let in.
    fn fails(&self, times: usize, account: &str, address: &str) -> bool {
        (0..times).all(|_| self.attempt(account, address).is_ok())
    }

    fn signs_in(&self, account: &str, address: &str) -> Lane {
        let attempt = self.try_in(account, address).expect("let in");
        self.throttle.succeeded(attempt, self.now);
        attempt.lane
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

const OFFICE: &str = "203.0.113.7";
const HOME: &str = "198.51.100.9";

#[test]
fn waits_grow_and_are_told() {
    let mut door = Door::new();
    assert!(door.fails(5, "ada@x", OFFICE));
    for wait in [15, 30, 60, 120, 240, 480, 900, 900] {
        assert_eq!(door.attempt("ada@x", OFFICE), Err(wait));
        door.wait(wait - 1);
        assert_eq!(door.attempt(" ADA@x", OFFICE), Err(1), "the same account");
        door.wait(1);
        assert!(door.attempt("ada@x", OFFICE).is_ok());
    }
    door.wait(3_600);
    assert!(
        door.fails(5, "ada@x", OFFICE),
        "an hour later all is forgotten"
    );
}

#[test]
fn who_mistypes_locks_out_neither_colleagues_nor_themselves_elsewhere() {
    let door = Door::new();
    assert!(door.fails(5, "ada@x", OFFICE) && !door.fails(1, "ada@x", OFFICE));
    assert!(door.attempt("bob@x", OFFICE).is_ok());
    assert!(door.attempt("ada@x", HOME).is_ok());
}

#[test]
fn a_success_forgives_its_own_account_and_no_other() {
    let door = Door::new();
    // Four at the owner, an own sign-in, and again.
    for round in 0..3 {
        let guesses = (0..4).filter(|_| door.attempt("owner@x", OFFICE).is_ok());
        assert_eq!(
            guesses.count(),
            if round == 0 {
                4
            } else {
                usize::from(round == 1)
            }
        );
        door.signs_in("mallory@x", OFFICE);
    }
    assert!(door.fails(4, "ada@x", OFFICE));
    door.signs_in("ada@x", OFFICE);
    assert!(
        door.fails(5, "ada@x", OFFICE),
        "one's own failures are forgiven"
    );
}

#[test]
fn guesses_from_everywhere_delay_the_person_by_seconds_and_where_they_are_known_not_at_all() {
    let mut door = Door::new();
    door.signs_in("ada@x", OFFICE);
    for n in 0..20 {
        assert!(door.attempt("ada@x", &format!("192.0.{n}.1")).is_ok());
    }
    let mut guesses = 0;
    for n in 0..3_600 {
        let address = format!("192.1.{}.{}", n / 250, n % 250);
        guesses += usize::from(door.attempt("ada@x", &address).is_ok());
        door.wait(1);
    }
    assert!(guesses < 200, "{guesses} guesses in an hour");
    let wait = door.attempt("ada@x", HOME).unwrap_err();
    assert!(wait <= 20, "{wait} s");
    assert_eq!(door.signs_in("ada@x", OFFICE), Lane::Known);
    door.wait(wait);
    assert!(door.attempt("ada@x", HOME).is_ok());
}

#[test]
fn one_address_cannot_try_one_password_at_everybody() {
    let mut door = Door::new();
    door.signs_in("ada@x", OFFICE);
    let tried = (0..1_000).filter(|n| door.attempt(&format!("{n}@x"), OFFICE).is_ok());
    assert_eq!(tried.count(), 30);
    assert_eq!(
        door.signs_in("ada@x", OFFICE),
        Lane::Known,
        "she is known there"
    );
    door.wait(2);
    assert!(door.attempt("new@x", OFFICE).is_ok());
}

#[test]
fn who_raises_no_suspicion_does_not_queue_with_who_does() {
    let door = Door::new();
    // Each from a /64 of its own, as one machine can.
    let from = |n: u32| format!("2001:db8:1:{n:x}::1");
    let lanes = (0..400).map(|n| door.attempt(&format!("{n}@x"), &from(n)).unwrap());
    let clean = lanes.filter(|lane| *lane == Lane::Clean).count();
    assert_eq!(clean, 3);
    assert_eq!(door.attempt("ada@x", HOME), Ok(Lane::Clean));
    assert_eq!(door.signs_in("ada@x", HOME), Lane::Clean);
    assert_eq!(door.attempt("ada@x", HOME), Ok(Lane::Known));
}

#[test]
fn each_alarm_is_given_once_a_spell() {
    let door = Door::new();
    let alarms = |accounts: &dyn Fn(u32) -> String, addresses: &dyn Fn(u32) -> String| {
        let alarms = (0..60).filter_map(|n| {
            let attempt = door.try_in(&accounts(n), &addresses(n)).ok()?;
            door.throttle.alarm(attempt)
        });
        alarms.collect::<Vec<_>>()
    };
    let same = |text: &'static str| move |_: u32| text.to_owned();
    assert_eq!(alarms(&same("a@x"), &same(OFFICE)), [Alarm::Pair]);
    assert_eq!(
        alarms(&same("b@x"), &|n| format!("10.0.{n}.1")),
        [Alarm::Account]
    );
    assert_eq!(alarms(&|n| format!("{n}@x"), &same(HOME)), [Alarm::Address]);
}

#[test]
fn what_was_not_checked_counts_for_nothing() {
    let door = Door::new();
    for _ in 0..50 {
        let attempt = door.try_in("ada@x", OFFICE).expect("let in");
        door.throttle.unchecked(attempt);
    }
}

#[test]
fn memory_is_bounded_and_who_signed_in_is_forgotten_last() {
    let door = Door::new();
    door.signs_in("ada@x", OFFICE);
    for n in 0..(ENTRIES_MAX as u32 + 100) {
        let address = IpAddr::from((n + (1 << 30)).to_be_bytes());
        let guess = door.throttle.guess(&format!("{n}@x"), Some(address));
        let _ = door.throttle.attempt(guess, door.now);
    }
    let state = door.throttle.state.lock();
    let sizes = [
        state.pairs.0.len(),
        state.accounts.0.len(),
        state.addresses.0.len(),
        state.networks.0.len(),
    ];
    assert!(sizes.iter().all(|size| *size <= ENTRIES_MAX), "{sizes:?}");
    drop(state);
    assert_eq!(door.attempt("ada@x", OFFICE), Ok(Lane::Known));
}
