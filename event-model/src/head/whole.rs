//! A head as it is read: what the event has of its own beside the stack it shares.
//!
//! Invariant: the stored parts of a [`Head`] give that head again. Of parts that do not
//! belong together (only damage makes such) a text without an exception is left out, and
//! an exception without a text has an empty one.

use std::ops::Deref;

use rkyv::{
    Place,
    rancor::{Error, Fallible, Source},
    ser::{Allocator, Writer},
    string::ArchivedString,
    vec::{ArchivedVec, VecResolver},
    with::{ArchiveWith, DeserializeWith, SerializeWith},
};

use super::{ArchivedExceptionHeadV1, ArchivedFrameHeadV1, ArchivedHead, ExceptionHeadV1, Head};
use crate::stack::ArchivedStack;

/// A whole head. What the event has of its own is read through it.
#[derive(Clone, Copy)]
pub struct WholeHead<'a> {
    own: &'a ArchivedHead,
    stack: &'a ArchivedStack,
}

/// One exception: its text, and through it what it has in the stack.
#[derive(Clone, Copy)]
pub struct ExceptionPart<'a> {
    /// The text, at most [`super::VALUE_CHARS_MAX`] characters.
    pub value: &'a str,
    stack: &'a ArchivedExceptionHeadV1,
}

impl<'a> WholeHead<'a> {
    /// Both parts of one event.
    pub fn new(own: &'a ArchivedHead, stack: &'a ArchivedStack) -> Self {
        Self { own, stack }
    }

    /// What the event has of its own.
    pub fn own(self) -> &'a ArchivedHead {
        self.own
    }

    /// How many exceptions there are.
    pub fn exception_count(self) -> usize {
        self.stack.exceptions.len()
    }

    /// An exception; none if there are not so many.
    pub fn exception(self, at: usize) -> Option<ExceptionPart<'a>> {
        let stack = self.stack.exceptions.get(at)?;
        let value = self.own.exceptions.get(at).map_or("", |value| value);
        Some(ExceptionPart { value, stack })
    }

    /// Oldest cause first.
    pub fn exceptions(
        self,
    ) -> impl DoubleEndedIterator<Item = ExceptionPart<'a>> + ExactSizeIterator + Clone + use<'a>
    {
        let part = move |(at, stack): (usize, &'a ArchivedExceptionHeadV1)| {
            let value = self.own.exceptions.get(at).map_or("", |value| value);
            ExceptionPart { value, stack }
        };
        self.stack.exceptions.iter().enumerate().map(part)
    }

    /// [`Head::thread_frames`].
    pub fn thread_frames(self) -> &'a [ArchivedFrameHeadV1] {
        &self.stack.thread_frames
    }

    /// [`Head::debug_ids`].
    pub fn debug_ids(self) -> &'a [ArchivedString] {
        &self.stack.debug_ids
    }

    /// As it was before it was stored.
    pub fn to_head(self) -> Option<Head> {
        let mut head: Head = rkyv::deserialize::<_, Error>(self.own).ok()?;
        let mut values = head.exceptions.into_iter().map(|exception| exception.value);
        head.exceptions = rkyv::deserialize::<_, Error>(&self.stack.exceptions).ok()?;
        for exception in &mut head.exceptions {
            exception.value = values.next().unwrap_or_default();
        }
        head.thread_frames = rkyv::deserialize::<_, Error>(&self.stack.thread_frames).ok()?;
        head.debug_ids = rkyv::deserialize::<_, Error>(&self.stack.debug_ids).ok()?;
        Some(head)
    }

    /// The head as JSON, for people: `errata log dump`.
    pub fn to_json(self) -> serde_json::Value {
        let value = self
            .to_head()
            .and_then(|head| serde_json::to_value(head).ok());
        value.unwrap_or_default()
    }
}

impl Deref for WholeHead<'_> {
    type Target = ArchivedHead;

    fn deref(&self) -> &ArchivedHead {
        self.own
    }
}

impl std::fmt::Debug for WholeHead<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_head().fmt(f)
    }
}

impl<'a> ExceptionPart<'a> {
    /// [`ExceptionHeadV1::ty`], for as long as the event is there.
    pub fn ty(self) -> &'a str {
        &self.stack.ty
    }

    /// Oldest call first.
    pub fn frames(self) -> &'a [ArchivedFrameHeadV1] {
        &self.stack.frames
    }

    /// Whether both are the same exception of the same event.
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.stack, other.stack)
    }
}

impl std::fmt::Debug for ExceptionPart<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.stack.ty, self.value)
    }
}

impl Deref for ExceptionPart<'_> {
    type Target = ArchivedExceptionHeadV1;

    fn deref(&self) -> &ArchivedExceptionHeadV1 {
        self.stack
    }
}

/// Of exceptions the texts alone: the rest is of the stack.
#[derive(Debug)]
pub(super) struct Values;

impl ArchiveWith<Vec<ExceptionHeadV1>> for Values {
    type Archived = ArchivedVec<ArchivedString>;
    type Resolver = VecResolver;

    fn resolve_with(
        exceptions: &Vec<ExceptionHeadV1>,
        resolver: VecResolver,
        out: Place<Self::Archived>,
    ) {
        ArchivedVec::resolve_from_len(exceptions.len(), resolver, out);
    }
}

impl<S> SerializeWith<Vec<ExceptionHeadV1>, S> for Values
where
    S: Fallible + Allocator + Writer + ?Sized,
    S::Error: Source,
{
    fn serialize_with(
        exceptions: &Vec<ExceptionHeadV1>,
        serializer: &mut S,
    ) -> Result<VecResolver, S::Error> {
        let values = exceptions.iter().map(|exception| &exception.value);
        ArchivedVec::<ArchivedString>::serialize_from_iter::<String, _, _>(values, serializer)
    }
}

impl<D: Fallible + ?Sized> DeserializeWith<ArchivedVec<ArchivedString>, Vec<ExceptionHeadV1>, D>
    for Values
{
    fn deserialize_with(
        values: &ArchivedVec<ArchivedString>,
        _: &mut D,
    ) -> Result<Vec<ExceptionHeadV1>, D::Error> {
        let exception = |value: &ArchivedString| ExceptionHeadV1 {
            value: value.as_str().to_owned(),
            ..ExceptionHeadV1::default()
        };
        Ok(values.iter().map(exception).collect())
    }
}
