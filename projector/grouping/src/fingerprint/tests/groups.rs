//! Groups of exceptions, and crashes whose stack is in a thread.

use event_model::head::ExceptionHeadV1;

use super::*;

/// A group and its members, linked as clients link them.
fn group(ty: &str, members: &[&str]) -> Head {
    let mut exceptions: Vec<ExceptionHeadV1> = Vec::new();
    for (number, member) in (1..).zip(members) {
        exceptions.push(ExceptionHeadV1 {
            exception_id: number,
            parent_id: 0,
            ..exception(member, "v", &["task in app"])
        });
    }
    exceptions.push(ExceptionHeadV1 {
        exception_id: 0,
        is_exception_group: true,
        ..exception(ty, "3 sub-exceptions", &["main in app"])
    });
    Head {
        exceptions,
        ..head()
    }
}

#[test]
fn groups_of_exceptions_group_by_the_kinds_they_hold() {
    let group = |members: &[&str]| group("ExceptionGroup", members);
    same(&group(&["A", "B"]), &group(&["B", "A", "A", "B"]));
    differ(&group(&["A"]), &group(&["A", "B"]));
    differ(&group(&["A", "C"]), &group(&["A", "B"]));
}

#[test]
fn a_group_of_one_kind_groups_as_if_it_had_come_alone() {
    let alone = error("python", "A", "v", &["task in app"]);
    same(&group("ExceptionGroup", &["A"]), &alone);
    same(&group("ExceptionGroup", &["A", "A"]), &alone);
    // With its cause.
    let mut caused = group("ExceptionGroup", &["A"]);
    caused.exceptions.insert(
        0,
        ExceptionHeadV1 {
            exception_id: 2,
            parent_id: 1,
            ..exception("Cause", "v", &["read in app"])
        },
    );
    let mut alone_caused = alone.clone();
    let cause = exception("Cause", "v", &["read in app"]);
    alone_caused.exceptions.insert(0, cause);
    same(&caused, &alone_caused);
    differ(&caused, &alone);
}

#[test]
fn whatever_has_a_cause_is_no_group_even_if_its_client_says_so() {
    // Node's SDK 7: the type of an error with a cause is what people look for.
    let with_cause = |ty: &str| group(ty, &["Cause"]);
    differ(&with_cause("CheckoutError"), &with_cause("LoginError"));
    same(&with_cause("CheckoutError"), &with_cause("CheckoutError"));
}

#[test]
fn groups_in_groups_hold_what_these_hold() {
    let mut nested = group("ExceptionGroup", &["A", "ExceptionGroup"]);
    nested.exceptions[1].is_exception_group = true;
    nested.exceptions.insert(
        0,
        ExceptionHeadV1 {
            exception_id: 3,
            parent_id: 2,
            ..exception("B", "v", &["task in app"])
        },
    );
    same(&nested, &group("ExceptionGroup", &["A", "B"]));
}

#[test]
fn links_in_a_circle_end() {
    let mut circle = group("ExceptionGroup", &["ExceptionGroup", "ExceptionGroup"]);
    for (at, exception) in circle.exceptions.iter_mut().enumerate() {
        exception.is_exception_group = true;
        exception.exception_id = i32::try_from(at % 2).unwrap();
        exception.parent_id = i32::try_from((at + 1) % 2).unwrap();
    }
    same(&circle, &circle.clone());
}

#[test]
fn a_crash_groups_by_the_stack_of_its_thread() {
    let crash = |address: &str, function: &str| Head {
        platform: "cocoa".into(),
        exceptions: vec![exception("EXC_BAD_ACCESS", address, &[])],
        thread_frames: vec![frame("!start in dyld"), frame(function)],
        ..head()
    };
    same(
        &crash("at 0x10", "-[Cart add:]"),
        &crash("null", "-[Cart add:]"),
    );
    differ(
        &crash("at 0x10", "-[Cart add:]"),
        &crash("at 0x10", "-[Cart pay]"),
    );
}
