//! What a seeded installation is made of. Pure: a size, a time and a number give the events.

use serde_json::{Value, json};

mod extremes;

/// Distinct errors, each an issue.
pub(crate) const ISSUES: usize = 3000;
/// Name and platform; the first is there from the first start.
pub(crate) const PROJECTS: [(&str, &str); 3] = [
    ("default", "python"),
    ("web-shop", "javascript"),
    (
        "payments-and-settlement-api-for-the-whole-of-europe",
        "java",
    ),
];
/// Members besides the owner.
pub(crate) const PEOPLE: [(&str, &str); 5] = [
    ("ada@example.com", "Ada Lovelace"),
    ("grace@example.com", "Grace Hopper"),
    ("tony@example.com", "Tony Hoare"),
    ("barbara@example.com", "Barbara Liskov"),
    ("edsger@example.com", ""),
];

const USERS: u64 = 4000;
const RELEASES: u64 = 10;
const DAY_S: f64 = 86_400.0;
/// Events are received up to 30 days back; a little less, for the clock runs on.
const DAYS: f64 = 29.5;
/// Every how many issues one has an event after the triage: what was resolved comes back.
const RETURN_EVERY: usize = 5;

/// How much of it.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) issues: usize,
    pub(crate) events: usize,
}

impl Size {
    pub(crate) const FULL: Self = Self {
        issues: ISSUES,
        events: 60_000,
    };
}

/// A deterministic source of numbers (splitmix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Project and event, oldest first. `half` 0: before the triage; 1: after it, at the time
/// of receipt.
pub(crate) fn events(
    size: Size,
    now_s: f64,
    half: usize,
) -> Box<dyn Iterator<Item = (usize, Value)>> {
    if half == 1 {
        let returning = (0..size.issues).step_by(RETURN_EVERY);
        return Box::new(returning.map(|issue| event(issue, None, usize::MAX - issue)));
    }
    let before = size.events - size.issues.div_ceil(RETURN_EVERY);
    let mut times = Vec::with_capacity(before);
    let mut numbers = Numbers::new(1);
    for (issue, count) in counts(size.issues, before).into_iter().enumerate() {
        let (from, to) = span(issue);
        for _ in 0..count {
            times.push((now_s - DAY_S * (to + (from - to) * numbers.unit()), issue));
        }
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let dated = times.into_iter().enumerate();
    Box::new(dated.map(|(number, (at_s, issue))| event(issue, Some(at_s), number)))
}

/// Events of each issue, few of many and many of few; `events` in all.
fn counts(issues: usize, events: usize) -> Vec<usize> {
    let weights: Vec<f64> = (0..issues)
        .map(|i| 1.0 / (rank(i, issues) as f64 + 3.0))
        .collect();
    let total: f64 = weights.iter().sum();
    let spare = (events - issues) as f64;
    let mut counts: Vec<usize> = weights
        .iter()
        .map(|w| 1 + (spare * w / total) as usize)
        .collect();
    counts[0] += events - counts.iter().sum::<usize>();
    counts
}

/// The place of an issue by frequency: mixed, so that projects and kinds are, too.
fn rank(issue: usize, issues: usize) -> usize {
    issue * 7 % issues
}

/// Days back from and to which an issue's events come: most run on, a third ended, some
/// are of today.
fn span(issue: usize) -> (f64, f64) {
    let mut numbers = Numbers::new(issue as u64 + 77);
    match issue % 10 {
        0..=4 => (DAYS * numbers.unit().max(0.05), 0.01),
        5..=7 => {
            let ended = 1.5 + (DAYS - 4.0) * numbers.unit();
            (
                (ended + 0.2 + (DAYS - ended) * numbers.unit()).min(DAYS),
                ended,
            )
        }
        8 => (6.5 * numbers.unit().max(0.1), 0.02),
        _ => (0.98 * numbers.unit().max(0.03), 0.01),
    }
}

fn event(issue: usize, at_s: Option<f64>, number: usize) -> (usize, Value) {
    let mut numbers = Numbers::new((issue as u64) << 32 ^ number as u64);
    let project = issue % PROJECTS.len();
    let mut event = extremes::of(issue).unwrap_or_else(|| ordinary(issue, project));
    let release = numbers.below(RELEASES);
    let fields = event.as_object_mut().unwrap();
    let base = PROJECTS[project].0;
    fields.insert(
        "release".into(),
        json!(format!("{base}@4.{}.0", 12 + release)),
    );
    let environment = match numbers.below(10) {
        0..=6 => "production",
        7 | 8 => "staging",
        _ => "development",
    };
    fields.insert("environment".into(), json!(environment));
    if let Some(at_s) = at_s {
        fields.insert("timestamp".into(), json!(rfc3339(at_s)));
    }
    // One issue in seven has no users: a worker's.
    if issue % 7 != 3 {
        let user = numbers.below(USERS);
        fields.insert(
            "user".into(),
            json!({ "id": format!("{user}"), "email": format!("user{user}@example.org") }),
        );
    }
    fields.insert("tags".into(), tags(&mut numbers, issue));
    fields
        .entry("context")
        .or_insert_with(|| breadcrumbs(at_s, &mut numbers));
    (project, event)
}

fn tags(numbers: &mut Numbers, issue: usize) -> Value {
    let mut tags = json!({
        "browser": numbers.pick(&["Chrome", "Chrome", "Chrome", "Safari", "Firefox", "Edge"]),
        "plan": numbers.pick(&["free", "free", "pro", "enterprise"]),
        "region": numbers.pick(&["eu-west-1", "eu-central-1", "us-east-1", "ap-south-1"]),
        "shard": format!("{}", numbers.below(40)),
    });
    if issue == extremes::MANY_TAGS {
        for n in 0..56 {
            tags[format!("tag_{n}")] = json!(format!("value {}", numbers.below(6)));
        }
    }
    tags
}

fn breadcrumbs(at_s: Option<f64>, numbers: &mut Numbers) -> Value {
    let Some(at_s) = at_s else { return json!({}) };
    let crumbs: Vec<Value> = (0..6)
        .map(|n| {
            let at_s = at_s - 1.7 * f64::from(6 - n);
            let path = numbers.pick(&["/v2/cart", "/v2/invite", "/v2/session", "/v2/prices"]);
            let status = numbers.pick(&["200", "200", "200", "404", "502"]);
            json!({
                "timestamp": rfc3339(at_s), "type": "http", "category": "fetch",
                "message": format!("GET {path}"), "data": { "url": path, "status_code": status },
            })
        })
        .collect();
    json!({ "breadcrumbs": crumbs })
}

const NOUNS: &[&str] = &[
    "Cart", "Invoice", "Upload", "Consent", "Refund", "Session", "Price", "Stock", "Invite",
    "Report", "Search", "Webhook", "Profile", "Coupon", "Shipment", "Ledger", "Quote", "Review",
];
const VERBS: &[&str] = &[
    "compute", "update", "load", "save", "send", "parse", "merge", "render", "validate", "retry",
    "commit", "fetch", "apply", "expire",
];
const PYTHON: &[&str] = &[
    "KeyError",
    "ValueError",
    "TypeError",
    "IntegrityError",
    "TimeoutError",
    "AttributeError",
];
const SCRIPT: &[&str] = &[
    "TypeError",
    "ReferenceError",
    "RangeError",
    "SyntaxError",
    "NetworkError",
    "ChunkLoadError",
];
const JAVA: &[&str] = &[
    "java.lang.NullPointerException",
    "java.lang.IllegalStateException",
    "java.sql.SQLException",
    "com.example.pay.DeclinedException",
    "java.util.concurrent.TimeoutException",
];

/// An error as the project's platform has it, alike for all events of the issue.
fn ordinary(issue: usize, project: usize) -> Value {
    let mut numbers = Numbers::new(issue as u64);
    let (noun, verb) = (numbers.pick(NOUNS), numbers.pick(VERBS));
    let (types, frames) = match project {
        0 => (PYTHON, python_frames(issue, noun, verb)),
        1 => (SCRIPT, script_frames(issue, noun, verb)),
        _ => (JAVA, java_frames(issue, noun, verb)),
    };
    let level = match issue % 12 {
        0 => "fatal",
        1 | 2 => "warning",
        3 => "info",
        _ => "error",
    };
    let platform = PROJECTS[project].1;
    // Every eleventh is a message without an exception.
    if issue % 11 == 5 {
        let message = format!("{noun} queue {} is behind", words(issue));
        return json!({ "error": { "message": message }, "level": level, "platform": platform });
    }
    json!({
        "error": {
            "type": numbers.pick(types),
            "message": format!("cannot {verb} the {} of {}", noun.to_lowercase(), words(issue)),
            "frames": frames,
            "handled": !issue.is_multiple_of(4),
            "mechanism": "generic",
        },
        "level": level,
        "platform": platform,
    })
}

/// A number in letters, for masks of numbers must not make one issue of many.
pub(crate) fn words(mut number: usize) -> String {
    const SYLLABLES: &[&str] = &[
        "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu",
        "va", "we", "xi", "yo", "zu",
    ];
    let mut word = String::new();
    for _ in 0..4 {
        word.push_str(SYLLABLES[number % SYLLABLES.len()]);
        number /= SYLLABLES.len();
    }
    word
}

fn frame(function: &str, file: &str, line: usize, is_own: bool, code: &str) -> Value {
    json!({
        "function": function, "filename": file, "lineno": line, "in_app": is_own,
        "pre_context": ["", "    # what comes before the call", "    prepare(request)"],
        "context_line": code, "post_context": ["    finish(request)", "", ""],
    })
}

fn python_frames(issue: usize, noun: &str, verb: &str) -> Vec<Value> {
    let (module, name) = (noun.to_lowercase(), words(issue));
    let mut frames: Vec<Value> = ["get_response", "_get_response", "view", "dispatch"]
        .iter()
        .map(|f| {
            let file = format!("django/core/{f}.py");
            frame(f, &file, 120, false, "    response = handler(request)")
        })
        .collect();
    let own = [format!("{verb}_{module}"), format!("{verb}_{name}")];
    for (n, function) in own.iter().enumerate() {
        let file = format!("shop/{module}/{name}.py");
        let code = format!("    total = {function}(request.user, items)");
        frames.push(frame(function, &file, 23 + n * 40, true, &code));
    }
    frames
}

fn script_frames(issue: usize, noun: &str, verb: &str) -> Vec<Value> {
    let name = words(issue);
    let react = |f: &str| {
        frame(
            f,
            "node_modules/react-dom/client.js",
            4410,
            false,
            "  return fn(a);",
        )
    };
    let own = |f: &str, line| {
        let file = format!("src/{}/{name}.tsx", noun.to_lowercase());
        let code = "  const total = answer.items.reduce((sum, item) => sum + item.price, 0);";
        frame(f, &file, line, true, code)
    };
    vec![
        react("callCallback"),
        react("invokeGuarded"),
        own(&format!("on{noun}"), 14),
        own(&format!("{verb}{noun}"), 86),
        own(&format!("{verb}_{name}"), 23),
    ]
}

fn java_frames(issue: usize, noun: &str, verb: &str) -> Vec<Value> {
    let name = words(issue);
    let mut frames: Vec<Value> = (0..12)
        .map(|n| {
            json!({ "function": "doFilter", "module": format!("org.apache.catalina.core.Filter{}", ["A", "B", "C"][n % 3]),
                "filename": "Filter.java", "lineno": 100 + n, "in_app": false })
        })
        .collect();
    frames.push(json!({ "function": format!("{verb}{noun}"), "module": format!("com.example.pay.{name}.{noun}Service"),
        "filename": format!("{noun}Service.java"), "lineno": 77, "in_app": true }));
    frames
}

fn rfc3339(at_s: f64) -> String {
    let at = jiff::Timestamp::from_millisecond((at_s * 1000.0) as i64).unwrap();
    at.to_string()
}
