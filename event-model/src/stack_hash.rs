//! What an event is known by before it is grouped: a hash of its stack, cheap enough
//! for the door.
//!
//! Invariant: two events of a project with the same hash have the same fingerprint,
//! whatever the version of grouping: all that grouping can read of types and frames
//! is in it, line numbers included, and an event that is grouped by anything else
//! (its text, its client's fingerprint) has none. The reverse does not hold: one
//! issue has many.

use xxhash_rust::xxh3::Xxh3;

use crate::{Head, head::ArchivedHead};

/// Hashed in; rises with every change of a result, so that what was stored under
/// another no longer matches.
const VERSION: u8 = 2;

/// The hash; none for an event that is not grouped by its stack alone.
pub fn stack_hash(head: &Head) -> Option<u64> {
    let by_stack = head.fingerprint.is_empty()
        && head.exceptions.iter().any(|exception| {
            let named = |frame: &crate::head::FrameHeadV1| {
                frame.in_app
                    && !frame.function.is_empty()
                    && !(frame.module.is_empty() && frame.filename.is_empty())
            };
            exception.frames.iter().any(named)
        });
    // Where no function has a name, grouping reads the text, too.
    let by_text = !head.exceptions.iter().any(|exception| {
        let mut own = exception.frames.iter().filter(|frame| frame.in_app);
        own.any(|frame| is_name(&frame.function))
    });
    if !by_stack {
        return None;
    }
    let mut hash = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(&[VERSION]);
    add(&head.project_id.to_le_bytes());
    add(head.platform.as_bytes());
    for exception in &head.exceptions {
        add(exception.ty.as_bytes());
        add(exception.code.as_bytes());
        if by_text || exception.frames.is_empty() {
            add(exception.value.as_bytes());
        }
        add(&[
            u8::from(exception.synthetic),
            u8::from(exception.is_exception_group),
            u8::from(exception.is_suppressed),
        ]);
        add(&exception.exception_id.to_le_bytes());
        add(&exception.parent_id.to_le_bytes());
        add(&(exception.frames.len() as u64).to_le_bytes());
        for frame in &exception.frames {
            add(frame.function.as_bytes());
            add(frame.module.as_bytes());
            add(frame.filename.as_bytes());
            add(frame.package.as_bytes());
            add(&frame.lineno.to_le_bytes());
            add(&frame.address.to_le_bytes());
            add(&[u8::from(frame.in_app)]);
        }
    }
    Some(hash.digest())
}

/// Whether a function is surely one that a person named: compilers' and engines' words
/// for those that have no name hold a sign that names do not.
fn is_name(function: &str) -> bool {
    let signs = ['<', '{', '$', '(', '/', '@', '?', '[', '+', '-'];
    let words = ["anonymous", "lambda", "eval", "closure", "block"];
    function.len() > 2
        && !function.contains(signs)
        && !words
            .iter()
            .any(|word| function.to_ascii_lowercase().contains(word))
}

/// The same of a stored head.
pub fn stored_stack_hash(head: &ArchivedHead) -> Option<u64> {
    let head = rkyv::deserialize::<Head, rkyv::rancor::Error>(head).ok()?;
    stack_hash(&head)
}
