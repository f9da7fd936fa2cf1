//! A request and its records, read a few at a time.

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use super::{
    super::{
        Context, Invalid, ReadEvent,
        json::{self as lenient, parts},
        place::{self, Place},
    },
    EVENTS_MAX, Encoding, OtlpItem, RECORDS_MAX, Signal,
    event::{self, Facts},
    json,
    model::{Attributes, Log, Scope, Span},
    protobuf,
    resource::{Resource, ScopeFacts},
    spans::Spans,
};

/// Records read at once; bounds the time between two looks at the rest of the world.
const STEP_RECORDS: usize = 1_024;

/// A span holds several errors: it may be so many times as large as one event. What
/// is read of it takes some twenty times its bytes for a moment.
const SPAN_EVENTS: usize = 4;

/// Errors of one span that become events, all at once: SDKs record no more than so
/// many span events.
const SPAN_ERRORS_MAX: usize = 128;

/// Records of one resource and scope.
#[derive(Debug)]
struct Group {
    resource: Place,
    scope: Place,
}

#[derive(Debug)]
struct Record {
    group: u32,
    place: Place,
    /// Other spans only tell who called whom.
    is_of_interest: bool,
}

/// A request whose records have been found but not read.
#[derive(Debug)]
pub struct Batch {
    signal: Signal,
    encoding: Encoding,
    body: Bytes,
    groups: Vec<Group>,
    records: Vec<Record>,
    /// Records that are known not to be kept without being read.
    not_stored: u64,
    /// Whole parts that could not be taken apart, and why the first.
    broken: Option<(u64, Invalid)>,
    next: usize,
    events: usize,
    /// The resource of the last record: most requests have one.
    resource: Option<(Place, Resource)>,
    /// The scope of the last record, by the number of its group.
    scope: Option<(u32, ScopeFacts)>,
    spans: Option<Spans>,
}

impl Batch {
    /// Finds the records. Fails if the body is no export request at all.
    pub fn scan(signal: Signal, encoding: Encoding, body: &Bytes) -> Result<Self, Invalid> {
        let mut batch = Self {
            signal,
            encoding,
            body: body.clone(),
            groups: Vec::new(),
            records: Vec::new(),
            not_stored: 0,
            broken: None,
            next: 0,
            events: 0,
            resource: None,
            scope: None,
            spans: None,
        };
        match encoding {
            Encoding::Protobuf => batch.scan_protobuf(body)?,
            Encoding::Json => batch.scan_json(body)?,
        }
        Ok(batch)
    }

    /// `Export…ServiceRequest`: all three have the same fields down to the records.
    fn scan_protobuf(&mut self, body: &[u8]) -> Result<(), Invalid> {
        for field in protobuf::fields(body) {
            if let (1, group) = field?
                && let Err(invalid) = self.scan_resource(body, group.bytes())
            {
                self.reject(1, invalid);
            }
        }
        Ok(())
    }

    fn scan_resource(&mut self, body: &[u8], message: &[u8]) -> Result<(), Invalid> {
        // Fields may come in any order.
        let mut resource: &[u8] = &[];
        for field in protobuf::fields(message) {
            if let (1, field) = field? {
                resource = field.bytes();
            }
        }
        for field in protobuf::fields(message).flatten() {
            if let (2, field) = field
                && let Err(invalid) = self.scan_scope(body, resource, field.bytes())
            {
                self.reject(1, invalid);
            }
        }
        Ok(())
    }

    fn scan_scope(&mut self, body: &[u8], resource: &[u8], message: &[u8]) -> Result<(), Invalid> {
        let mut scope: &[u8] = &[];
        for field in protobuf::fields(message) {
            if let (1, field) = field? {
                scope = field.bytes();
            }
        }
        let group = Group {
            resource: place::of(body, resource),
            scope: place::of(body, scope),
        };
        self.groups.push(group);
        let before = self.records.len();
        for field in protobuf::fields(message).flatten() {
            if let (2, field) = field {
                let record = field.bytes();
                let is_of_interest = match self.signal {
                    Signal::Logs => true,
                    Signal::Traces => protobuf::has_exception(record),
                    Signal::Metrics => false,
                };
                self.found(place::of(body, record), is_of_interest);
            }
        }
        self.close_group(before);
        Ok(())
    }

    /// The same for JSON. Fails on what is no JSON object; a part of a wrong shape costs
    /// itself.
    fn scan_json(&mut self, body: &[u8]) -> Result<(), Invalid> {
        let (resources, scopes, records): (&[&str], &[&str], &[&str]) = match self.signal {
            Signal::Logs => (
                &["resourceLogs", "resource_logs"],
                &["scopeLogs", "scope_logs", "instrumentationLibraryLogs"],
                &["logRecords", "log_records", "logs"],
            ),
            Signal::Traces => (
                &["resourceSpans", "resource_spans"],
                &["scopeSpans", "scope_spans", "instrumentationLibrarySpans"],
                &["spans"],
            ),
            Signal::Metrics => (
                &["resourceMetrics", "resource_metrics"],
                &[
                    "scopeMetrics",
                    "scope_metrics",
                    "instrumentationLibraryMetrics",
                ],
                &["metrics"],
            ),
        };
        let mut lists = Vec::new();
        let is_object = parts::members(body, &parts::whole(body), &mut |key, list| {
            if resources.contains(&key) {
                lists.push(list);
            }
        })?;
        if !is_object {
            return Err(Invalid::malformed("an export request is a JSON object"));
        }
        for list in lists {
            self.each_item(body, &list, |this, group| {
                let (mut resource, mut inner) = (0..0, Vec::new());
                this.each_member(body, &group, |key, value| match key {
                    "resource" => resource = value,
                    key if scopes.contains(&key) => inner.push(value),
                    _ => {}
                });
                for list in inner {
                    this.each_item(body, &list, |this, scope| {
                        this.scan_json_scope(body, &resource, &scope, records);
                    });
                }
            });
        }
        Ok(())
    }

    fn scan_json_scope(&mut self, body: &[u8], resource: &Place, group: &Place, records: &[&str]) {
        let (mut scope, mut lists) = (0..0, Vec::new());
        self.each_member(body, group, |key, value| match key {
            "scope" | "instrumentationLibrary" => scope = value,
            key if records.contains(&key) => lists.push(value),
            _ => {}
        });
        self.groups.push(Group {
            resource: resource.clone(),
            scope,
        });
        let before = self.records.len();
        for list in lists {
            self.each_item(body, &list, |this, record| {
                let is_of_interest = match this.signal {
                    Signal::Logs => true,
                    // The name might be written with escapes, by nobody.
                    Signal::Traces => {
                        memchr::memmem::find(place::slice(body, &record), b"exception").is_some()
                    }
                    Signal::Metrics => false,
                };
                this.found(record, is_of_interest);
            });
        }
        self.close_group(before);
    }

    /// Each item of a list; null is an empty one.
    fn each_item(&mut self, body: &[u8], list: &Place, mut each: impl FnMut(&mut Self, Place)) {
        if place::slice(body, list) == b"null" {
            return;
        }
        let read = parts::items(body, list, &mut |item| each(self, item));
        self.shape(read, "a list");
    }

    fn each_member(&mut self, body: &[u8], object: &Place, mut each: impl FnMut(&str, Place)) {
        let read = parts::members(body, object, &mut each);
        self.shape(read, "an object");
    }

    /// A part of JSON that has another shape than it should.
    fn shape(&mut self, read: Result<bool, Invalid>, expected: &str) {
        match read {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("a part of the request is not {expected}");
                self.reject(1, Invalid::malformed(message));
            }
            Err(invalid) => self.reject(1, invalid),
        }
    }

    fn reject(&mut self, count: u64, invalid: Invalid) {
        let broken = self.broken.get_or_insert((0, invalid));
        broken.0 += count;
    }

    fn found(&mut self, place: Place, is_of_interest: bool) {
        if self.signal == Signal::Metrics {
            self.not_stored += 1;
        } else if self.records.len() >= RECORDS_MAX {
            let message = format!("more than {RECORDS_MAX} records in one request");
            self.reject(1, Invalid::too_large(message));
        } else {
            let group = self.groups.len().saturating_sub(1) as u32;
            self.records.push(Record {
                group,
                place,
                is_of_interest,
            });
        }
    }

    /// A group without records of interest is nothing to remember.
    fn close_group(&mut self, records_before: usize) {
        if self.records.len() == records_before {
            self.groups.pop();
        }
    }

    /// Reads on until there are `events_max` events; empty at the end.
    pub fn next(&mut self, events_max: usize, context: &Context<'_>) -> Vec<OtlpItem> {
        let mut items = Vec::new();
        if let Some((count, invalid)) = self.broken.take() {
            items.push(OtlpItem::Rejected(count, invalid));
        }
        let mut not_stored = std::mem::take(&mut self.not_stored);
        let (mut events, mut read) = (0, 0);
        let body = self.body.clone();
        while self.next < self.records.len() && events < events_max && read < STEP_RECORDS {
            let at = self.next;
            self.next += 1;
            read += 1;
            let before = items.len();
            match self.signal {
                Signal::Logs => match self.log(&body, at, context) {
                    Ok(Some(event)) => items.push(OtlpItem::Event(event)),
                    Ok(None) => not_stored += 1,
                    Err(invalid) => items.push(OtlpItem::Rejected(1, invalid)),
                },
                Signal::Traces => match self.span(&body, at, context, &mut items) {
                    Ok(()) => not_stored += 1,
                    Err(invalid) => items.push(OtlpItem::Rejected(1, invalid)),
                },
                Signal::Metrics => not_stored += 1,
            }
            for item in &mut items[before..] {
                if !matches!(item, OtlpItem::Event(_)) {
                    continue;
                }
                events += 1;
                self.events += 1;
                if self.events > EVENTS_MAX {
                    let message = format!("more than {EVENTS_MAX} errors in one request");
                    *item = OtlpItem::Rejected(1, Invalid::too_large(message));
                }
            }
        }
        if not_stored > 0 {
            items.push(OtlpItem::NotStored(not_stored));
        }
        items
    }

    fn log(
        &mut self,
        body: &[u8],
        at: usize,
        context: &Context<'_>,
    ) -> Result<Option<Box<ReadEvent>>, Invalid> {
        let record = place::slice(body, &self.records[at].place);
        check_size(record.len(), context.limits.event_bytes_max)?;
        let encoding = self.encoding;
        let (resource, scope) = self.group_of(body, at);
        let build = |log: Log<'_>| {
            if !event::is_wanted(&log) {
                return Ok(None);
            }
            let place = [resource.hash, scope.hash];
            // A record without a time is told from its neighbours by its number.
            let number = if log.time_ns == 0 { at } else { 0 };
            let hash = event::hash_of(place, record, number);
            event::build(
                Facts::of_log(log, scope),
                resource,
                scope,
                hash,
                record.len(),
                context,
            )
            .map(Some)
        };
        match encoding {
            Encoding::Protobuf => build(protobuf::log(record)?),
            Encoding::Json => lenient::read(record, |json| build(json::log(json)?))?,
        }
    }

    fn span(
        &mut self,
        body: &[u8],
        at: usize,
        context: &Context<'_>,
        items: &mut Vec<OtlpItem>,
    ) -> Result<(), Invalid> {
        if !self.records[at].is_of_interest {
            return Ok(());
        }
        let record = place::slice(body, &self.records[at].place);
        let bytes_max = context.limits.event_bytes_max.saturating_mul(SPAN_EVENTS);
        check_size(record.len(), bytes_max)?;
        if self.spans.is_none() {
            self.spans = Some(self.index(body, bytes_max));
        }
        let (encoding, spans) = (self.encoding, self.spans.take().unwrap_or_default());
        let (resource, scope) = self.group_of(body, at);
        let read = read_span(encoding, record, |span| {
            let entry = spans.entry_of(&span);
            for (number, facts) in Facts::of_span(span, entry).into_iter().enumerate() {
                if number == SPAN_ERRORS_MAX {
                    let message = format!("more than {SPAN_ERRORS_MAX} errors in one span");
                    items.push(OtlpItem::Rejected(1, Invalid::too_large(message)));
                    break;
                }
                let size = facts.size_bytes;
                let hash = event::hash_of([resource.hash, scope.hash], record, number);
                let built = check_size(size, context.limits.event_bytes_max)
                    .and_then(|()| event::build(facts, resource, scope, hash, size, context));
                items.push(match built {
                    Ok(event) => OtlpItem::Event(event),
                    Err(invalid) => OtlpItem::Rejected(1, invalid),
                });
            }
        });
        self.spans = Some(spans);
        read
    }

    /// Who called whom, of the whole request: only asked for once there is an error.
    fn index(&self, body: &[u8], bytes_max: usize) -> Spans {
        let mut spans = Spans::default();
        for record in &self.records {
            let record = place::slice(body, &record.place);
            if record.len() > bytes_max {
                continue;
            }
            // One that cannot be read is rejected when its turn comes.
            let _ = read_span(self.encoding, record, |span| spans.note(span));
        }
        spans
    }

    /// The resource and the scope of a record. Both are kept until another is asked
    /// for: thousands of records may share a large one.
    fn group_of(&mut self, body: &[u8], at: usize) -> (&Resource, &ScopeFacts) {
        let number = self.records[at].group;
        let group = &self.groups[number as usize];
        if self
            .resource
            .as_ref()
            .is_none_or(|(place, _)| *place != group.resource)
        {
            let bytes = place::slice(body, &group.resource);
            let read = |attributes: Attributes<'_>| Resource::new(attributes, xxh3_128(bytes));
            let resource = match self.encoding {
                Encoding::Protobuf => read(protobuf::resource(bytes).unwrap_or_default()),
                Encoding::Json => lenient::read(bytes, |json| read(json::resource(&json)))
                    .unwrap_or_else(|_| read(Attributes::default())),
            };
            self.resource = Some((group.resource.clone(), resource));
        }
        if self
            .scope
            .as_ref()
            .is_none_or(|(known, _)| *known != number)
        {
            let bytes = place::slice(body, &group.scope);
            let read = |scope: Scope<'_>| ScopeFacts::new(scope, xxh3_128(bytes));
            let scope = match self.encoding {
                Encoding::Protobuf => read(protobuf::scope(bytes).unwrap_or_default()),
                Encoding::Json => lenient::read(bytes, |json| read(json::scope(json)))
                    .unwrap_or_else(|_| read(Scope::default())),
            };
            self.scope = Some((number, scope));
        }
        let resource = self.resource.get_or_insert_with(Default::default);
        let scope = self.scope.get_or_insert_with(Default::default);
        (&resource.1, &scope.1)
    }
}

fn read_span<T>(
    encoding: Encoding,
    record: &[u8],
    with: impl FnOnce(Span<'_>) -> T,
) -> Result<T, Invalid> {
    match encoding {
        Encoding::Protobuf => protobuf::span(record).map(with),
        Encoding::Json => lenient::read(record, |json| json::span(json).map(with))?,
    }
}

fn check_size(bytes: usize, max: usize) -> Result<(), Invalid> {
    if bytes > max {
        return Err(Invalid::too_large(format!(
            "a record of {bytes} bytes; at most {max} are allowed"
        )));
    }
    Ok(())
}
