//! `errata.v1.Event` as it came by gRPC → the JSON it would have been.

use event_model::free::Writer;
use prost_types::{Struct, Timestamp, value::Kind};
use proto::v1;

use super::super::Invalid;

/// The JSON. Fails only on a time that is none.
pub(in super::super) fn json_text(event: &v1::Event) -> Result<String, Invalid> {
    let mut to = Members(Writer::new());
    to.object("error", event.error.as_ref(), error);
    to.number("level", event.level.into());
    to.text("platform", &event.platform);
    to.text("release", &event.release);
    to.text("environment", &event.environment);
    to.time("timestamp", event.timestamp.as_ref(), "timestamp")?;
    to.text("id", &event.id);
    to.object("client", event.client.as_ref(), client);
    to.object("user", event.user.as_ref(), user);
    if let Some(context) = &event.context {
        to.0.key("context");
        to.0.begin_object();
        led_there(&mut to, context)?;
        to.0.end();
    }
    if !event.tags.is_empty() {
        to.0.key("tags");
        to.0.begin_object();
        for (key, value) in &event.tags {
            to.0.key(key);
            to.0.string(value);
        }
        to.0.end();
    }
    to.texts("fingerprint", &event.fingerprint);
    to.free("extra", event.extra.as_ref());
    to.number("count", event.count.into());
    Ok(to.0.finish().as_json().to_owned())
}

/// Writes what is set.
struct Members(Writer);

impl Members {
    fn object<T>(&mut self, key: &str, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        if let Some(value) = value {
            self.0.key(key);
            self.0.begin_object();
            write(self, value);
            self.0.end();
        }
    }

    fn objects<T>(&mut self, key: &str, values: &[T], write: impl Fn(&mut Self, &T)) {
        if values.is_empty() {
            return;
        }
        self.0.key(key);
        self.0.begin_list();
        for value in values {
            self.0.begin_object();
            write(self, value);
            self.0.end();
        }
        self.0.end();
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.0.key(key);
            self.0.string(text);
        }
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        self.0.key(key);
        self.0.begin_list();
        for text in texts {
            self.0.string(text);
        }
        self.0.end();
    }

    fn number(&mut self, key: &str, number: i64) {
        if number != 0 {
            self.0.key(key);
            self.0.integer(number);
        }
    }

    fn boolean(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.0.key(key);
            self.0.boolean(value);
        }
    }

    fn time(&mut self, key: &str, time: Option<&Timestamp>, field: &str) -> Result<(), Invalid> {
        let Some(time) = time else {
            return Ok(());
        };
        let Ok(known) = jiff::Timestamp::new(time.seconds, time.nanos) else {
            let message = format!("{} s and {} ns are no time", time.seconds, time.nanos);
            return Err(Invalid::field(field, message));
        };
        self.0.key(key);
        self.0.string(&known.to_string());
        Ok(())
    }

    fn free(&mut self, key: &str, object: Option<&Struct>) {
        if let Some(object) = object {
            self.0.key(key);
            self.struct_value(object);
        }
    }

    fn struct_value(&mut self, object: &Struct) {
        self.0.begin_object();
        for (key, value) in &object.fields {
            self.0.key(key);
            self.free_value(value);
        }
        self.0.end();
    }

    /// prost bounds the depth to 100 levels.
    fn free_value(&mut self, value: &prost_types::Value) {
        match &value.kind {
            None | Some(Kind::NullValue(_)) => self.0.null(),
            Some(Kind::BoolValue(value)) => self.0.boolean(*value),
            Some(Kind::NumberValue(number)) => self.whole_or_float(*number),
            Some(Kind::StringValue(text)) => self.0.string(text),
            Some(Kind::StructValue(object)) => self.struct_value(object),
            Some(Kind::ListValue(list)) => {
                self.0.begin_list();
                for value in &list.values {
                    self.free_value(value);
                }
                self.0.end();
            }
        }
    }

    /// `Struct` has floats only; 3 is 3 and not 3.0 to a person.
    fn whole_or_float(&mut self, number: f64) {
        if number.fract() == 0.0 && number.abs() < 9e15 {
            self.0.integer(number as i64);
        } else {
            // Null if it is infinite or none.
            self.0.value(&number.into());
        }
    }
}

fn error(to: &mut Members, error: &v1::Error) {
    to.text("type", &error.r#type);
    to.text("message", &error.message);
    to.text("stack", &error.stack);
    to.objects("frames", &error.frames, frame);
    to.objects("causes", &error.causes, self::error);
    to.boolean("handled", error.handled);
    to.text("mechanism", &error.mechanism);
}

fn frame(to: &mut Members, frame: &v1::Frame) {
    to.text("function", &frame.function);
    to.text("module", &frame.module);
    to.text("filename", &frame.filename);
    to.text("abs_path", &frame.abs_path);
    to.number("lineno", frame.lineno.into());
    to.number("colno", frame.colno.into());
    to.boolean("in_app", frame.in_app);
    to.text("context_line", &frame.context_line);
    to.texts("pre_context", &frame.pre_context);
    to.texts("post_context", &frame.post_context);
    to.free("vars", frame.vars.as_ref());
}

fn client(to: &mut Members, client: &v1::Client) {
    to.text("url", &client.url);
    to.text("user_agent", &client.user_agent);
    to.text("language", &client.language);
    to.text("resolution", &client.resolution);
    to.text("os", &client.os);
    to.text("hostname", &client.hostname);
}

fn user(to: &mut Members, user: &v1::User) {
    to.text("id", &user.id);
    to.text("session_id", &user.session_id);
    to.text("email", &user.email);
    to.text("username", &user.username);
    to.text("ip_address", &user.ip_address);
}

fn led_there(to: &mut Members, context: &v1::Context) -> Result<(), Invalid> {
    to.0.key("breadcrumbs");
    to.0.begin_list();
    for (at, crumb) in context.breadcrumbs.iter().enumerate() {
        to.0.begin_object();
        let field = format!("context.breadcrumbs[{at}].timestamp");
        to.time("timestamp", crumb.timestamp.as_ref(), &field)?;
        to.text("type", &crumb.r#type);
        to.text("category", &crumb.category);
        to.number("level", crumb.level.into());
        to.text("message", &crumb.message);
        to.free("data", crumb.data.as_ref());
        to.0.end();
    }
    to.0.end();
    to.free("state", context.state.as_ref());
    to.free("metrics", context.metrics.as_ref());
    Ok(())
}
