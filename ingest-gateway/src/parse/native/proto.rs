//! `errata.v1.Event` as it came by gRPC → the tree its JSON would have been.

use prost_types::{Struct, Timestamp, value::Kind};
use proto::v1;
use serde_json::Number;

use super::super::{
    Invalid,
    json::{Json, Object},
};

/// The tree. Fails only on a time that is none.
pub(in super::super) fn tree(event: v1::Event) -> Result<Json<'static>, Invalid> {
    let mut to = Members::default();
    to.put("error", event.error.map(error));
    to.number("level", event.level.into());
    to.text("platform", event.platform);
    to.text("release", event.release);
    to.text("environment", event.environment);
    to.put("timestamp", time(event.timestamp, "timestamp")?);
    to.text("id", event.id);
    to.put("client", event.client.map(client));
    to.put("user", event.user.map(user));
    if let Some(context) = event.context {
        to.put("context", Some(led_there(context)?));
    }
    let tags = event.tags.into_iter();
    let tags: Object<'static> = tags
        .map(|(key, value)| (key.into(), Json::String(value.into())))
        .collect();
    to.put("tags", Some(Json::Object(tags)));
    to.put("fingerprint", Some(texts(event.fingerprint)));
    to.put("extra", event.extra.map(free));
    Ok(to.done())
}

#[derive(Default)]
struct Members(Object<'static>);

impl Members {
    fn put(&mut self, key: &'static str, json: Option<Json<'static>>) {
        if let Some(json) = json {
            self.0.push((key.into(), json));
        }
    }

    fn text(&mut self, key: &'static str, text: String) {
        if !text.is_empty() {
            self.0.push((key.into(), Json::String(text.into())));
        }
    }

    fn number(&mut self, key: &'static str, number: i64) {
        if number != 0 {
            self.0.push((key.into(), Json::Number(number.into())));
        }
    }

    fn done(self) -> Json<'static> {
        Json::Object(self.0)
    }
}

fn texts(texts: Vec<String>) -> Json<'static> {
    let each = texts.into_iter();
    Json::Array(each.map(|text| Json::String(text.into())).collect())
}

fn time(time: Option<Timestamp>, field: &str) -> Result<Option<Json<'static>>, Invalid> {
    let Some(time) = time else {
        return Ok(None);
    };
    match jiff::Timestamp::new(time.seconds, time.nanos) {
        Ok(time) => Ok(Some(Json::String(time.to_string().into()))),
        Err(_) => Err(Invalid::field(
            field,
            format!("{} s and {} ns are no time", time.seconds, time.nanos),
        )),
    }
}

fn error(error: v1::Error) -> Json<'static> {
    let mut to = Members::default();
    to.text("type", error.r#type);
    to.text("message", error.message);
    to.text("stack", error.stack);
    let frames = error.frames.into_iter().map(frame).collect();
    to.put("frames", Some(Json::Array(frames)));
    let causes = error.causes.into_iter().map(self::error).collect();
    to.put("causes", Some(Json::Array(causes)));
    to.put("handled", error.handled.map(Json::Bool));
    to.text("mechanism", error.mechanism);
    to.done()
}

fn frame(frame: v1::Frame) -> Json<'static> {
    let mut to = Members::default();
    to.text("function", frame.function);
    to.text("module", frame.module);
    to.text("filename", frame.filename);
    to.text("abs_path", frame.abs_path);
    to.number("lineno", frame.lineno.into());
    to.number("colno", frame.colno.into());
    to.put("in_app", frame.in_app.map(Json::Bool));
    to.text("context_line", frame.context_line);
    to.put("pre_context", Some(texts(frame.pre_context)));
    to.put("post_context", Some(texts(frame.post_context)));
    to.put("vars", frame.vars.map(free));
    to.done()
}

fn client(client: v1::Client) -> Json<'static> {
    let mut to = Members::default();
    to.text("url", client.url);
    to.text("user_agent", client.user_agent);
    to.text("language", client.language);
    to.text("resolution", client.resolution);
    to.text("os", client.os);
    to.text("hostname", client.hostname);
    to.done()
}

fn user(user: v1::User) -> Json<'static> {
    let mut to = Members::default();
    to.text("id", user.id);
    to.text("session_id", user.session_id);
    to.text("email", user.email);
    to.text("username", user.username);
    to.text("ip_address", user.ip_address);
    to.done()
}

fn led_there(context: v1::Context) -> Result<Json<'static>, Invalid> {
    let mut crumbs = Vec::with_capacity(context.breadcrumbs.len());
    for (at, crumb) in context.breadcrumbs.into_iter().enumerate() {
        let mut to = Members::default();
        let field = format!("context.breadcrumbs[{at}].timestamp");
        to.put("timestamp", time(crumb.timestamp, &field)?);
        to.text("type", crumb.r#type);
        to.text("category", crumb.category);
        to.number("level", crumb.level.into());
        to.text("message", crumb.message);
        to.put("data", crumb.data.map(free));
        crumbs.push(to.done());
    }
    let mut to = Members::default();
    to.put("breadcrumbs", Some(Json::Array(crumbs)));
    to.put("state", context.state.map(free));
    to.put("metrics", context.metrics.map(free));
    Ok(to.done())
}

fn free(object: Struct) -> Json<'static> {
    let fields = object.fields.into_iter();
    Json::Object(
        fields
            .map(|(key, value)| (key.into(), free_value(value)))
            .collect(),
    )
}

/// prost bounds the depth to 100 levels.
fn free_value(value: prost_types::Value) -> Json<'static> {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => Json::Bool(value),
        Some(Kind::NumberValue(number)) => whole_or_float(number),
        Some(Kind::StringValue(text)) => Json::String(text.replace('\0', "\u{fffd}").into()),
        Some(Kind::StructValue(object)) => free(object),
        Some(Kind::ListValue(list)) => {
            Json::Array(list.values.into_iter().map(free_value).collect())
        }
    }
}

/// `Struct` has floats only; 3 is 3 and not 3.0 to a person.
fn whole_or_float(number: f64) -> Json<'static> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Json::Number((number as i64).into())
    } else {
        Number::from_f64(number).map_or(Json::Null, Json::Number)
    }
}
