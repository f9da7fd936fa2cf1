//! The columns of a cold file.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};

/// In every file's metadata as `errata.schema_version`. Adding a column keeps it.
pub const SCHEMA_VERSION: u32 = 1;
/// The time zone of all times.
pub const TIME_ZONE: &str = "UTC";

/// All columns, in order.
pub fn schema() -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let time = |name: &str| {
        let kind = DataType::Timestamp(TimeUnit::Nanosecond, Some(TIME_ZONE.into()));
        Field::new(name, kind, false)
    };
    Schema::new(vec![
        Field::new("position", DataType::UInt64, false),
        text("event_id"),
        Field::new("project_id", DataType::UInt32, false),
        time("timestamp"),
        time("received_at"),
        text("level"),
        text("platform"),
        text("type"),
        text("value"),
        text("title"),
        text("culprit"),
        text("fingerprint"),
        text("message"),
        text("transaction"),
        text("logger"),
        text("release"),
        text("environment"),
        text("server_name"),
        text("user"),
        Field::new("handled", DataType::Boolean, true),
        Field::new("weight", DataType::UInt32, false),
        Field::new("size_bytes", DataType::UInt32, false),
        text("sdk_name"),
        text("sdk_version"),
        Field::new("tags", DataType::Map(tag_field(), false), false),
        Field::new("exceptions", DataType::List(exception_field()), false),
        text("body"),
    ])
}

/// One tag: key and value.
pub(super) fn tag_field() -> Arc<Field> {
    Arc::new(Field::new(
        "key_value",
        DataType::Struct(tag_fields()),
        false,
    ))
}

/// The parts of a tag.
pub(super) fn tag_fields() -> Fields {
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, false),
    ])
}

/// One exception.
pub(super) fn exception_field() -> Arc<Field> {
    let fields = DataType::Struct(exception_fields());
    Arc::new(Field::new("element", fields, false))
}

/// The parts of an exception.
pub(super) fn exception_fields() -> Fields {
    Fields::from(vec![
        Field::new("type", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, false),
        Field::new("frames", DataType::List(frame_field()), false),
    ])
}

/// One frame.
pub(super) fn frame_field() -> Arc<Field> {
    let fields = DataType::Struct(frame_fields());
    Arc::new(Field::new("element", fields, false))
}

/// The parts of a frame.
pub(super) fn frame_fields() -> Fields {
    Fields::from(vec![
        Field::new("function", DataType::Utf8, false),
        Field::new("module", DataType::Utf8, false),
        Field::new("filename", DataType::Utf8, false),
        Field::new("lineno", DataType::UInt32, false),
        Field::new("in_app", DataType::Boolean, false),
    ])
}
