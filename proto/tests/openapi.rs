//! The native event in the OpenAPI document is the one of event.proto: names, types
//! and what is required.
#![allow(clippy::unwrap_used, missing_docs)]

use prost::Message;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};
use serde_json::{Value, json};

/// event.proto says of these in words that they are required.
const REQUIRED: [(&str, &[&str]); 1] = [("Event", &["error"])];

fn document() -> Value {
    serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap()
}

/// What the schema of a field has to be, without its words.
fn expected(field: &FieldDescriptorProto, message: &DescriptorProto) -> Value {
    let one = match field.r#type() {
        Type::String => json!({"type": "string"}),
        Type::Bool => json!({"type": "boolean"}),
        Type::Uint32 => json!({"type": "integer", "minimum": 0}),
        Type::Message | Type::Enum => match field.type_name() {
            ".google.protobuf.Struct" => json!({"type": "object", "additionalProperties": true}),
            ".google.protobuf.Timestamp" => {
                json!({"oneOf": [{"type": "string"}, {"type": "number"}]})
            }
            name => {
                let name = name.strip_prefix(".errata.v1.").unwrap();
                let map = message.nested_type.iter().find(|nested| {
                    let is_map = nested
                        .options
                        .as_ref()
                        .is_some_and(prost_types::MessageOptions::map_entry);
                    is_map && name == format!("{}.{}", message.name(), nested.name())
                });
                if let Some(map) = map {
                    assert!(map.field.iter().all(|f| f.r#type() == Type::String));
                    return json!({"type": "object", "additionalProperties": {"type": "string"}});
                }
                json!({"$ref": format!("#/components/schemas/{name}")})
            }
        },
        other => panic!(
            "{} has a type the document knows nothing of: {other:?}",
            field.name()
        ),
    };
    if field.label() == Label::Repeated {
        json!({"type": "array", "items": one})
    } else {
        one
    }
}

/// The schema without what is for people or says how much is kept.
fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.retain(|key, _| !matches!(key.as_str(), "description" | "maxLength"));
    }
    schema
}

#[test]
fn the_native_event_is_that_of_event_proto() {
    let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
    let name = "errata/v1/event.proto";
    let file = files.file.iter().find(|file| file.name() == name).unwrap();
    let document = document();
    let schemas = &document["components"]["schemas"];
    assert!(file.message_type.len() >= 7);
    for message in &file.message_type {
        let schema = &schemas[message.name()];
        let properties = schema["properties"].as_object();
        let properties = properties.unwrap_or_else(|| panic!("no schema {}", message.name()));
        let names: Vec<&str> = message
            .field
            .iter()
            .map(FieldDescriptorProto::name)
            .collect();
        assert_eq!(
            properties.len(),
            names.len(),
            "{}: {properties:?}",
            message.name()
        );
        for field in &message.field {
            let place = format!("{}.{}", message.name(), field.name());
            let found = properties.get(field.name());
            let found = found.unwrap_or_else(|| panic!("{place} is not described"));
            assert_eq!(bare(found), expected(field, message), "{place}");
        }
        let required = REQUIRED.iter().find(|(name, _)| *name == message.name());
        let required = required.map_or(json!(null), |(_, names)| json!(names));
        assert_eq!(schema["required"], required, "{}", message.name());
    }
    let levels = &file.enum_type[0];
    assert_eq!(levels.name(), "Level");
    let words: Vec<String> = levels
        .value
        .iter()
        .filter(|value| value.number() != 0)
        .map(|value| value.name().trim_start_matches("LEVEL_").to_lowercase())
        .collect();
    assert_eq!(schemas["Level"]["enum"], json!(words));
}
