//! Bodies that are small and become large or heavy: the table of them, played one by one
//! by several attackers at once.

use super::{
    bombs::{Group, bombs},
    shapes::Encoding,
    siege::{besiege, check_account},
    wire::post,
};
use crate::support::{KEY, Server};

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

/// Bombs whose parts are small each: many members, frames or blocks behind each other, or
/// one within the other.
#[test]
fn bombs_in_many_members_and_within_each_other_are_one_bomb() {
    let server = Server::start();
    let store = format!("/api/1/store/?sentry_key={KEY}");
    let mib = vec![b' '; 1 << 20];
    let (gzip, zstd) = (Encoding::Gzip.encode(&mib), Encoding::Zstd.encode(&mib));
    let nothing = Encoding::Gzip.encode(b"");
    let no_frame = Encoding::Zstd.encode(b"");
    // A frame that says that it is to be passed over.
    let skipped = [&b"\x50\x2a\x4d\x18"[..], &[0; 4]].concat();
    let fill = |part: &[u8]| part.repeat((4 << 20) / part.len());
    let within = |times: usize| {
        let mut body = vec![b' '; 16 << 20];
        for _ in 0..times {
            body = Encoding::Gzip.encode(&body);
        }
        body
    };
    for (name, named, body, expected) in [
        ("members of a MiB", "gzip", gzip.repeat(400), &[413][..]),
        ("frames of a MiB", "zstd", zstd.repeat(400), &[413]),
        ("members of nothing", "gzip", fill(&nothing), &[400]),
        ("frames of nothing", "zstd", fill(&no_frame), &[400]),
        ("frames to be passed over", "zstd", fill(&skipped), &[400]),
        ("a bomb in a bomb", "gzip", within(2), &[400]),
        ("a bomb in a bomb, not named", "", within(2), &[400]),
        ("a bomb in a bomb in a bomb", "gzip", within(3), &[400]),
        ("a chain", "gzip, gzip", within(2), &[415]),
        ("a chain of two", "gzip, zstd", within(2), &[415]),
        (
            "rubbish behind a member",
            "gzip",
            [&*gzip, b"rubbish"].concat(),
            &[400, 413],
        ),
    ] {
        let headers = [("content-encoding", named)];
        let report = besiege(&server, 4, 2, || {
            let status = post(&server, &store, &headers, &body);
            assert!(expected.contains(&status), "{name}: {status}");
        });
        println!("{name}, {} bytes: {report:?}", body.len());
    }
    check_account(&server);
}
