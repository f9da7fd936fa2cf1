//! The head of an event: what grouping and counting need, read in place from the
//! mapped segment without a parse. rkyv archives without hash maps or shared
//! pointers.
//!
//! It is stored in two parts: what each event has of its own ([`ArchivedHead`]), and
//! its stack ([`crate::stack`]), which many share and which is stored once.
//! [`WholeHead`] is both, side by side.
//!
//! Invariant: a head is a pure function of its event ([`Head::of`]). A change of
//! these fields is a new type (`HeadV2`) with an up-conversion; `HeadV1` stays.

use rkyv::{Archive, Deserialize, Serialize, with::Skip};

use crate::{
    event::{Event, Exception, Frame, Mechanism},
    free::Part,
};

mod image;
mod whole;

use image::Images;
use whole::Values;
pub use whole::{ExceptionPart, WholeHead};

/// The newest head.
pub type Head = HeadV1;
/// What an event has of its own of the newest head, as archived.
pub type ArchivedHead = ArchivedHeadV1;

/// Version 1 of the head.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct HeadV1 {
    /// [`Event::id`].
    #[serde(serialize_with = "crate::id::hex")]
    pub event_id: [u8; 16],
    /// [`Event::project_id`].
    pub project_id: u32,
    /// [`crate::Level`] as its number.
    pub level: u8,
    /// Unix nanoseconds, server's clock.
    pub received_ns: i64,
    /// Unix nanoseconds, clamped.
    pub timestamp_ns: i64,
    /// How many events this one stands for: 1, or as many as the client counted.
    pub weight: u32,
    /// The client's payload, decompressed, bytes.
    pub size_bytes: u32,
    /// 0 unknown, 1 no, 2 yes.
    pub handled: u8,
    /// The kind ([`crate::kind`]) of the events that it was kept for, which are only
    /// counted ([`crate::note::SampledV1`]); 0: none. The gateway says so, not the event.
    pub kept_for: u64,
    /// As in [`Event`].
    pub platform: String,
    /// Oldest cause first. Of each its text is the event's own, the rest is of the stack.
    #[rkyv(with = Values)]
    pub exceptions: Vec<ExceptionHeadV1>,
    /// The stack of an event whose exceptions have none: that of the thread which the
    /// newest exception names, the crashed, the current or the only one. Oldest call
    /// first. Of the stack.
    #[rkyv(with = Skip)]
    pub thread_frames: Vec<FrameHeadV1>,
    /// The formatted message, at most [`VALUE_CHARS_MAX`] characters.
    pub message: String,
    /// The message before its parameters were filled in.
    pub message_template: String,
    /// As in [`Event`].
    pub transaction: String,
    /// As in [`Event`].
    pub logger: String,
    /// As in [`Event`].
    pub release: String,
    /// As in [`Event`].
    pub environment: String,
    /// As in [`Event`].
    pub server_name: String,
    /// [`crate::event::User::identity`].
    pub user: String,
    /// As in [`Event`].
    pub tags: Vec<(String, String)>,
    /// The client's fingerprint.
    pub fingerprint: Vec<String>,
    /// Name and version of the SDK.
    pub sdk: (String, String),
    /// Debug ids of the images and scripts that frames are in, each once: what their
    /// symbols and source maps are filed under. Of the stack.
    #[rkyv(with = Skip)]
    pub debug_ids: Vec<String>,
}

/// One exception, without its frames' context. Archived it is a part of a stack, and has
/// no text.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct ExceptionHeadV1 {
    /// The class.
    pub ty: String,
    /// The text, at most [`VALUE_CHARS_MAX`] characters.
    #[rkyv(with = Skip)]
    pub value: String,
    /// Where the class is defined.
    pub module: String,
    /// Apple's name for an error, "domain code"; empty if it has none.
    pub code: String,
    /// The type means nothing.
    pub synthetic: bool,
    /// Place in an exception group; -1: none.
    pub exception_id: i32,
    /// The group it belongs to; -1: none.
    pub parent_id: i32,
    /// It holds others.
    pub is_exception_group: bool,
    /// It came up while another one was thrown, and says nothing of that.
    pub is_suppressed: bool,
    /// Oldest call first.
    pub frames: Vec<FrameHeadV1>,
}

/// One call, as far as grouping reads it.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize, serde::Serialize)]
pub struct FrameHeadV1 {
    /// The function.
    pub function: String,
    /// The module.
    pub module: String,
    /// The file; the path if the client gave no file; the native image's base name if
    /// nothing else says where.
    pub filename: String,
    /// The base name of the native image, or the package.
    pub package: String,
    /// 1-based; 0: unknown.
    pub lineno: u32,
    /// 1-based; 0: unknown.
    pub colno: u32,
    /// Where in the image the instruction is, bytes from the image's start; 0:
    /// unknown.
    pub address: u64,
    /// Its place in [`HeadV1::debug_ids`], from 1; 0: unknown.
    pub debug_id: u16,
    /// The application's own code.
    pub in_app: bool,
}

/// Longest message or exception text in a head; the body has the whole.
pub const VALUE_CHARS_MAX: usize = 1024;

impl HeadV1 {
    /// The head of an event whose payload had `size_bytes`.
    pub fn of(event: &Event, size_bytes: u32) -> Self {
        let mut images = Images::of(&event.debug_meta);
        Self {
            event_id: event.id.0,
            project_id: event.project_id.0,
            level: event.level as u8,
            received_ns: event.received_ns,
            timestamp_ns: event.timestamp_ns,
            weight: event.count.max(1),
            size_bytes,
            handled: handled_number(event),
            kept_for: 0,
            platform: event.platform.clone(),
            exceptions: event
                .exceptions
                .iter()
                .map(|e| exception_head(e, &event.exceptions, &mut images))
                .collect(),
            thread_frames: thread_frames(event, &mut images),
            message: clip(&event.message),
            message_template: clip(&event.message_template),
            transaction: event.transaction.clone(),
            logger: event.logger.clone(),
            release: event.release.clone(),
            environment: event.environment.clone(),
            server_name: event.server_name.clone(),
            user: event
                .user
                .as_ref()
                .map(crate::event::User::identity)
                .unwrap_or_default(),
            tags: event.tags.clone(),
            fingerprint: event.fingerprint.clone(),
            sdk: (sdk_text(event, "name"), sdk_text(event, "version")),
            debug_ids: images.into_debug_ids(),
        }
    }
}

fn clip(text: &str) -> String {
    text.chars().take(VALUE_CHARS_MAX).collect()
}

fn sdk_text(event: &Event, key: &str) -> String {
    let value = event.sdk.get(key).and_then(crate::free::Part::as_str);
    value.unwrap_or_default().into_owned()
}

fn handled_number(event: &Event) -> u8 {
    let mut mechanisms = event
        .exceptions
        .iter()
        .rev()
        .filter_map(|e| e.mechanism.as_ref());
    match mechanisms.find_map(|m| m.handled) {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

fn exception_head(
    exception: &Exception,
    all: &[Exception],
    images: &mut Images,
) -> ExceptionHeadV1 {
    let mechanism = exception.mechanism.as_ref();
    let parent_id = mechanism.and_then(|m| m.parent_id);
    // What a group was caused by, or raised while handling, is no member of it.
    let is_cause = mechanism
        .is_some_and(|m| matches!(m.source.as_str(), "__cause__" | "__context__" | "cause"));
    let of_group = all
        .iter()
        .filter_map(|e| e.mechanism.as_ref())
        .any(|m| m.is_exception_group && m.exception_id.is_some() && m.exception_id == parent_id);
    let parent_id = parent_id.filter(|_| !(is_cause && of_group));
    ExceptionHeadV1 {
        ty: clip(&exception.ty),
        value: clip(&exception.value),
        module: exception.module.clone(),
        code: mechanism.map(error_code).unwrap_or_default(),
        synthetic: mechanism.is_some_and(|m| m.synthetic),
        exception_id: mechanism.and_then(|m| m.exception_id).unwrap_or(-1),
        parent_id: parent_id.unwrap_or(-1),
        is_exception_group: mechanism.is_some_and(|m| m.is_exception_group),
        is_suppressed: mechanism
            .is_some_and(|m| m.ty == "suppressed" || m.source.starts_with("suppressed")),
        frames: frame_heads(&exception.frames, images),
    }
}

/// Domain and code of an `NSError`.
fn error_code(mechanism: &Mechanism) -> String {
    let meta = mechanism.data.get("meta");
    let Some(error) = meta.and_then(|meta| meta.get("ns_error")) else {
        return String::new();
    };
    let domain = error.get("domain").and_then(Part::as_str);
    let code = error.get("code").map_or("", Part::as_json);
    clip(format!("{} {code}", domain.unwrap_or_default()).trim())
}

fn frame_heads(frames: &[Frame], images: &mut Images) -> Vec<FrameHeadV1> {
    let head = |frame| frame_head(frame, images);
    frames.iter().map(head).collect()
}

fn frame_head(frame: &Frame, images: &mut Images) -> FrameHeadV1 {
    let place = images.place(frame);
    let image = image::base_name(&frame.package);
    let file = match (frame.filename.as_str(), frame.abs_path.as_str()) {
        ("", "") if frame.module.is_empty() => image,
        ("", path) => path,
        (file, _) => file,
    };
    FrameHeadV1 {
        function: frame.function.clone(),
        module: frame.module.clone(),
        filename: file.to_owned(),
        package: image.to_owned(),
        lineno: frame.lineno,
        colno: frame.colno,
        address: place.address,
        debug_id: place.debug_id,
        in_app: frame.in_app,
    }
}

/// The stack of the thread that the event is about: the one its exception names, the
/// crashed, the current, the only one that has a stack.
fn thread_frames(event: &Event, images: &mut Images) -> Vec<FrameHeadV1> {
    if event.exceptions.iter().any(|e| !e.frames.is_empty()) {
        return Vec::new();
    }
    let named = event.exceptions.last().map_or("", |e| &e.thread_id);
    let threads = || event.threads.iter().filter(|t| !t.frames.is_empty());
    let thread = threads()
        .find(|t| !named.is_empty() && t.id == named)
        .or_else(|| threads().find(|t| t.crashed))
        .or_else(|| threads().find(|t| t.current))
        .or_else(|| threads().next().filter(|_| threads().count() == 1));
    thread
        .map(|t| frame_heads(&t.frames, images))
        .unwrap_or_default()
}
