//! The table of stored numbers is true and has none twice.

use std::collections::BTreeMap;

use event_model::{
    Actor, DeliveryState, DropReason, IssueStatus, Level, Role, TokenScope, UserId,
    command::Sight,
    numbers::numbers,
    settings::{ScrubMethod, SourceLines},
};

fn table(of: &str) -> BTreeMap<&'static str, u64> {
    let mut tables = numbers().into_iter();
    let (_, rows) = tables.find(|(name, _)| *name == of).unwrap();
    rows.into_iter()
        .map(|(number, name)| (name, number))
        .collect()
}

#[test]
fn no_number_and_no_name_is_used_twice() {
    for (of, rows) in numbers() {
        let mut by_number = BTreeMap::new();
        for (number, name) in &rows {
            let before = by_number.insert(number, name);
            assert_eq!(before, None, "{of} {number} is {name} as well");
        }
        assert_eq!(table(of).len(), rows.len(), "{of}: a name twice");
    }
    // A kind is an upper byte, its versions the lower one.
    let kinds: BTreeMap<u64, &str> = table("record schema")
        .into_iter()
        .map(|(name, schema)| (schema >> 8, name))
        .collect();
    assert_eq!(kinds.len(), table("record schema").len());
}

/// The byte by which rkyv tells an enum's values apart.
macro_rules! archived {
    ($of:literal: $($value:expr),+ $(,)?) => {
        $(
            let bytes = rkyv::to_bytes::<rkyv::rancor::Error>(&$value).unwrap();
            let name = format!("{:?}", $value);
            let name = name.split('(').next().unwrap();
            assert_eq!(u64::from(bytes[0]), table($of)[name], "{} {name}", $of);
        )+
    };
}

#[test]
fn what_is_archived_is_the_number_in_the_table() {
    archived!("actor": Actor::System, Actor::Admin, Actor::User(UserId(7)), Actor::Alerter);
    archived!("role": Role::Member, Role::Owner);
    archived!("token scope": TokenScope::Read, TokenScope::Full);
    archived!("issue status": IssueStatus::Unresolved, IssueStatus::Resolved, IssueStatus::Ignored);
    archived!(
        "delivery state": DeliveryState::Sending, DeliveryState::Sent, DeliveryState::Failed,
        DeliveryState::Suppressed, DeliveryState::Held,
    );
    archived!("reason of a dropped range": DropReason::Age, DropReason::Size, DropReason::Space);
    archived!("scrub method": ScrubMethod::Mask, ScrubMethod::Remove, ScrubMethod::Hash);
    archived!("source lines": SourceLines::Scrub, SourceLines::Keep, SourceLines::Remove);
    archived!("sight": Sight::All);
    for level in Level::ALL {
        let name = format!("{level:?}");
        assert_eq!(level as u64, table("level")[name.as_str()]);
        assert_eq!(Level::from_number(level as u8), level);
    }
}
