//! Bodies that are small and become large or heavy: the table of them, played one by one
//! by several attackers at once.

use super::{
    bombs::{Group, bombs},
    siege::{besiege, check_account},
    wire::post,
};
use crate::support::Server;

/// A bomb may be refused or taken; that the server broke is no answer.
fn hold_up_nobody(group: Group) {
    let server = Server::start();
    for bomb in bombs().into_iter().filter(|bomb| bomb.group == group) {
        for encoding in group.encodings() {
            for shot in bomb.shots(*encoding) {
                let report = besiege(&server, 4, 2, || {
                    let headers = shot.headers();
                    let status = post(&server, &shot.path, &headers, &shot.body);
                    assert_ne!(status, 500, "{} as {encoding:?}", bomb.name);
                });
                let bytes = shot.body.len();
                println!("{}, {bytes} bytes of {encoding:?}: {report:?}", bomb.name);
            }
        }
    }
    check_account(&server);
}

#[test]
fn small_grpc_messages_of_millions_of_empty_parts_cost_nothing() {
    hold_up_nobody(Group::Messages);
}

#[test]
fn bombs_by_every_door_in_every_encoding_hold_up_nobody() {
    hold_up_nobody(Group::Deep);
}

#[test]
fn millions_of_tiny_parts_are_counted_before_they_are_read() {
    hold_up_nobody(Group::Parts);
}

#[test]
fn a_minidump_that_names_one_list_a_thousand_times_is_read_once() {
    hold_up_nobody(Group::Dumps);
}
