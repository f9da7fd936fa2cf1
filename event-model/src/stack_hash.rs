//! What an event is known by before it is grouped: a hash of its stack, cheap enough
//! for the door.
//!
//! Invariant: two events of a project with the same hash have the same fingerprint,
//! whatever the version of grouping, as long as the project has no rules of its own: all that grouping can read of types and frames
//! is in it, line numbers included, and an event that is grouped by anything else
//! (its text, its client's fingerprint) has none. The reverse does not hold: one
//! issue has many.

use xxhash_rust::xxh3::Xxh3;

use crate::{
    Head,
    head::{FrameHeadV1, WholeHead},
};

/// Hashed in; rises with every change of a result, so that what was stored under
/// another no longer matches.
const VERSION: u8 = 2;

/// The hash; none for an event that is not grouped by its stack alone.
pub fn stack_hash(head: &Head) -> Option<u64> {
    let by_stack = head.fingerprint.is_empty()
        && head.exceptions.iter().any(|exception| {
            let named = |frame: &FrameHeadV1| {
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

/// What makes events of a project alike: their stack, or for those that are not grouped
/// by it alone, all that grouping can read. Two of the same kind have the same
/// fingerprint, as with [`stack_hash`].
pub fn kind(head: &Head) -> u64 {
    let kind = stack_hash(head).unwrap_or_else(|| hash_of_all(head));
    // 0 stands for none.
    kind.max(1)
}

fn hash_of_all(head: &Head) -> u64 {
    let mut hash = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    add(&[VERSION, 0]);
    add(&head.project_id.to_le_bytes());
    let texts = [
        &head.platform,
        &head.message,
        &head.message_template,
        &head.transaction,
        &head.logger,
    ];
    for text in texts.into_iter().chain(&head.fingerprint) {
        add(text.as_bytes());
    }
    // Variables can name anything.
    if head.fingerprint.iter().any(|entry| entry.contains("{{")) {
        let of_event = [&head.release, &head.environment, &head.sdk.0];
        for text in of_event {
            add(text.as_bytes());
        }
        add(&[head.level]);
        for (key, value) in &head.tags {
            add(key.as_bytes());
            add(value.as_bytes());
        }
    }
    for exception in &head.exceptions {
        let texts = [
            &exception.ty,
            &exception.value,
            &exception.module,
            &exception.code,
        ];
        for text in texts {
            add(text.as_bytes());
        }
        add(&[
            u8::from(exception.synthetic),
            u8::from(exception.is_exception_group),
            u8::from(exception.is_suppressed),
        ]);
        add(&exception.exception_id.to_le_bytes());
        add(&exception.parent_id.to_le_bytes());
        add_frames(&mut add, &exception.frames);
    }
    add_frames(&mut add, &head.thread_frames);
    hash.digest()
}

fn add_frames(add: &mut impl FnMut(&[u8]), frames: &[FrameHeadV1]) {
    add(&(frames.len() as u64).to_le_bytes());
    for frame in frames {
        add(frame.function.as_bytes());
        add(frame.module.as_bytes());
        add(frame.filename.as_bytes());
        add(frame.package.as_bytes());
        add(&frame.lineno.to_le_bytes());
        add(&frame.colno.to_le_bytes());
        add(&frame.address.to_le_bytes());
        add(&[u8::from(frame.in_app)]);
    }
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
pub fn stored_stack_hash(head: WholeHead<'_>) -> Option<u64> {
    stack_hash(&head.to_head()?)
}
