//! Hosts, mail addresses, URLs and paths.

use super::{Masked, floor, ids, words};
use crate::files;

/// Longest textual IPv6 address with a zone left out, bytes.
const IPV6_BYTES_MAX: usize = 45;
/// Longest host or mail address that is looked at.
const HOST_BYTES_MAX: usize = 260;
/// Longest path that is looked at as one.
const PATH_BYTES_MAX: usize = 512;
/// Last parts of hosts' names, wherever they stand.
const TOPS: [&str; 22] = [
    "com",
    "org",
    "net",
    "edu",
    "gov",
    "io",
    "dev",
    "app",
    "cloud",
    "local",
    "internal",
    "lan",
    "corp",
    "intra",
    "example",
    "test",
    "invalid",
    "svc",
    "localdomain",
    "info",
    "biz",
    "home",
];
/// The same of countries, where the name has three parts or more.
const COUNTRIES: [&str; 26] = [
    "de", "fr", "uk", "jp", "cn", "ru", "nl", "it", "es", "ch", "at", "se", "no", "dk", "fi", "pl",
    "cz", "br", "in", "au", "ca", "us", "eu", "co", "be", "ie",
];

/// Takes what names a place at the start of a word.
pub(super) fn place(before: u8, rest: &str, masked: &mut Masked) -> Option<usize> {
    let bytes = rest.as_bytes();
    let first = *bytes.first()?;
    if !matches!(before, b'/' | b'.' | b'-' | b'\\')
        && let Some(len) = path(rest, masked)
    {
        return Some(len);
    }
    if !(first.is_ascii_alphanumeric() || first == b':') {
        return None;
    }
    if let Some(len) = uuid(bytes) {
        masked.token("<#>");
        return Some(len);
    }
    if let Some(len) = mac(bytes).or_else(|| ipv4(bytes)).or_else(|| ipv6(bytes)) {
        masked.token("<host>");
        return Some(len + zone(&bytes[len..]));
    }
    if let Some(len) = url(rest) {
        masked.token("<url>");
        return Some(len);
    }
    if let Some(len) = email(bytes) {
        if bytes.get(len) == Some(&b'>') {
            masked.drop_name();
        }
        masked.token("<email>");
        return Some(len);
    }
    let len = host(rest)?;
    masked.token("<host>");
    Some(len)
}

fn ends(bytes: &[u8], len: usize) -> bool {
    bytes.get(len).is_none_or(|b| !super::is_inner(*b))
}

fn digits(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(4)
        .take_while(|b| b.is_ascii_digit())
        .count()
}

fn uuid(bytes: &[u8]) -> Option<usize> {
    let text = bytes.get(..36)?;
    let fits = text.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    (fits && ends(bytes, 36)).then_some(36)
}

/// "00:1a:2b:3c:4d:5e"
fn mac(bytes: &[u8]) -> Option<usize> {
    let text = bytes.get(..17)?;
    let separator = text[2];
    let fits = text.iter().enumerate().all(|(i, b)| match i % 3 {
        2 => *b == separator && matches!(separator, b':' | b'-'),
        _ => b.is_ascii_hexdigit(),
    });
    (fits && ends(bytes, 17)).then_some(17)
}

fn ipv4(bytes: &[u8]) -> Option<usize> {
    let mut len = 0;
    for part in 0..4 {
        if part > 0 {
            if bytes.get(len) != Some(&b'.') {
                return None;
            }
            len += 1;
        }
        let count = digits(&bytes[len..]);
        if !(1..=3).contains(&count) {
            return None;
        }
        len += count;
    }
    let goes_on =
        bytes.get(len) == Some(&b'.') && bytes.get(len + 1).is_some_and(u8::is_ascii_digit);
    (ends(bytes, len) && !goes_on).then_some(len)
}

/// At least two colons between groups of up to four hexadecimal digits, either
/// `::` or eight groups: a time of day (`12:30:45`) has neither.
fn ipv6(bytes: &[u8]) -> Option<usize> {
    let window = &bytes[..bytes.len().min(IPV6_BYTES_MAX)];
    let len = window
        .iter()
        .take_while(|b| b.is_ascii_hexdigit() || **b == b':')
        .count();
    let text = &window[..len];
    let groups = text.split(|b| *b == b':');
    let short = groups.clone().all(|group| group.len() <= 4);
    let double = text.windows(2).filter(|pair| pair == b"::").count();
    let digit = text.iter().any(u8::is_ascii_digit);
    let fits = match double {
        0 => groups.clone().count() == 8 && groups.clone().all(|group| !group.is_empty()),
        1 => groups.count() <= 9,
        _ => false,
    };
    (fits && short && digit && len >= 3 && ends(bytes, len)).then_some(len)
}

/// "%eth0": which of the machine's networks.
fn zone(bytes: &[u8]) -> usize {
    let name = bytes.iter().skip(1).take(16);
    let len = name.take_while(|b| b.is_ascii_alphanumeric()).count();
    if bytes.first() == Some(&b'%') && len > 0 {
        1 + len
    } else {
        0
    }
}

/// What ends a URL.
fn is_break(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '|' | ';' | ','
        )
}

fn url(rest: &str) -> Option<usize> {
    let scheme = rest
        .bytes()
        .take(20)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b':'))
        .count();
    // "blob:https://…" has two colons.
    let scheme = rest[..scheme].trim_end_matches(':').len();
    let behind = rest[scheme..].strip_prefix("://")?;
    if scheme == 0 {
        return None;
    }
    let end = behind.find(is_break).unwrap_or(behind.len());
    let url = behind[..end].trim_end_matches(['.', ':', '!', '?', ']', '}']);
    Some(scheme + 3 + url.len())
}

fn email(bytes: &[u8]) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(HOST_BYTES_MAX)];
    let is_local = |b: &&u8| b.is_ascii_alphanumeric() || b"._%+-'".contains(b);
    let local = bytes.iter().take_while(is_local).count();
    if local == 0 || bytes.get(local) != Some(&b'@') {
        return None;
    }
    let is_host = |b: &&u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    let host = bytes[local + 1..].iter().take_while(is_host).count();
    let host = &bytes[local + 1..local + 1 + host];
    let trimmed = host.iter().rposition(u8::is_ascii_alphanumeric)? + 1;
    let host = &host[..trimmed];
    let top = host.iter().rposition(|b| *b == b'.')?;
    let fits =
        top > 0 && host.len() - top > 2 && host[top + 1..].iter().all(u8::is_ascii_alphabetic);
    fits.then_some(local + 1 + host.len())
}

/// A host's whole name: "a1.db.example.com".
fn host(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let bytes = &bytes[..bytes.len().min(HOST_BYTES_MAX)];
    let is_part = |b: &&u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(b);
    let len = bytes.iter().take_while(is_part).count();
    let name = rest[..len].trim_end_matches(['.', '-']);
    if !ends(bytes, name.len()) || bytes.get(name.len()) == Some(&b'(') {
        return None;
    }
    let mut parts = name.rsplit('.');
    let top = parts.next()?;
    let count = 1 + parts.clone().count();
    let known = count >= 2 && TOPS.contains(&top) || count >= 3 && COUNTRIES.contains(&top);
    (known && parts.all(|part| !part.is_empty())).then_some(name.len())
}

/// Folders in which names are made anew each time.
const TEMPORARY: [&str; 6] = [
    "/tmp/",
    "/var/tmp/",
    "/private/tmp/",
    "\\Temp\\",
    "/dev/shm/",
    "/T/",
];
/// Folders that hold a folder a person.
const HOMES: [&str; 4] = ["/home/", "/Users/", "\\Users\\", "\\users\\"];

/// A path with a home or a temporary folder, or with a file that has a build's hash in
/// its name. Other paths are masked word by word.
fn path(rest: &str, masked: &mut Masked) -> Option<usize> {
    let bytes = rest.as_bytes();
    let drive = bytes.get(1) == Some(&b':') && bytes.get(2) == Some(&b'\\');
    if !(drive || matches!(bytes[0], b'/' | b'\\')) {
        return None;
    }
    let rest = &rest[..floor(rest, rest.len().min(PATH_BYTES_MAX))];
    let end = rest.find(is_break).unwrap_or(rest.len());
    let path = rest[..end].trim_end_matches(['.', ':', '!', '?', ']', '}']);
    let home = HOMES
        .iter()
        .find_map(|home| path.find(home).map(|at| at + home.len()));
    let home = home.filter(|at| *at <= 12);
    if let Some(at) = home {
        let person = person(&rest[at..], drive)?;
        let end = rest[at + person..].find(is_break);
        let path = &rest[..end.map_or(rest.len(), |end| at + person + end)];
        let path = path.trim_end_matches(['.', ':', '!', '?', ']', '}']);
        let inner = path.get(at + person..).unwrap_or_default();
        let temporary = inner.strip_prefix("\\AppData\\Local\\Temp\\");
        if let Some(inner) = temporary {
            in_temporary(inner, masked);
        } else {
            masked.token("<home>");
            parts(inner, masked);
        }
        return Some(path.len().max(at + person));
    }
    if path.starts_with("/dev/") && !path.starts_with("/dev/shm/") {
        device(path, masked);
        return Some(path.len());
    }
    if let Some(at) = of_macos(path) {
        in_temporary(&path[at..], masked);
        return Some(path.len());
    }
    let temporary = TEMPORARY
        .iter()
        .filter_map(|folder| path.find(folder).map(|at| (at, at + folder.len())))
        .min();
    if let Some((_, at)) = temporary {
        let made = path[at..]
            .find(['/', '\\'])
            .map_or(path.len(), |found| at + found);
        if is_made(&path[at..made]) {
            masked.token("<tmp>");
            parts(&path[made..], masked);
            return Some(path.len());
        }
    }
    let base = path.rsplit(['/', '\\']).next().unwrap_or_default();
    if !files::is_script(base) && !path.contains("==/") {
        return None;
    }
    parts(path, masked);
    Some(path.len())
}

/// The length of a person's name in a path; Windows allows blanks in it.
fn person(rest: &str, is_windows: bool) -> Option<usize> {
    let name = rest
        .find(['/', '\\'])
        .filter(|len| (1..=40).contains(len))?;
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '~' | ' ');
    let has_blank = rest[..name].contains(' ');
    let fits = rest[..name].chars().all(fits) && !rest[..name].ends_with(' ');
    (fits && (is_windows || !has_blank)).then_some(name)
}

/// "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/": where a person's temporary files are.
fn of_macos(path: &str) -> Option<usize> {
    let bare = path.strip_prefix("/private").unwrap_or(path);
    let mut parts = bare.strip_prefix("/var/folders/")?.splitn(4, '/');
    let (_, _, kind, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    matches!(kind, "T" | "C" | "X").then_some(path.len() - rest.len())
}

/// What lies in a folder for temporary files.
fn in_temporary(inner: &str, masked: &mut Masked) {
    masked.token("<tmp>");
    let made = inner.find(['/', '\\']).unwrap_or(inner.len());
    if is_made(&inner[..made]) {
        parts(&inner[made..], masked);
    } else if !inner.is_empty() {
        masked.keep("/");
        parts(inner, masked);
    }
}

/// "/dev/ttyUSB0": devices are numbered as they come.
fn device(path: &str, masked: &mut Masked) {
    for part in path.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let bare = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if bare.len() < part.len() {
            masked.token("<#>");
        }
        masked.keep(bare);
    }
}

/// A path in quotes: also without a file's name that a person or a clock numbers. The
/// length of what was taken.
pub(super) fn quoted_path(text: &str, masked: &mut Masked) -> Option<usize> {
    if !text.starts_with('/') && text.get(1..3) != Some(":\\") {
        return None;
    }
    if let Some(len) = path(text, masked) {
        return Some(len);
    }
    let at = text.rfind(['/', '\\'])? + 1;
    let stem = text[at..].split('.').next().unwrap_or_default();
    let digits = stem.bytes().filter(u8::is_ascii_digit).count();
    if digits < 2 || text.contains(' ') {
        return None;
    }
    super::words_of(&text[..at], masked);
    masked.token("<#>");
    Some(at + stem.len())
}

/// Whether a name in a folder for temporary files was made for the occasion.
fn is_made(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let starts = [
        "tmp", "temp", "php", "pip-", "npm-", "go-build", "rust", "rb", "pymp-", "jetty", "tomcat",
    ];
    digits >= 2
        || ids::is_id(name)
        || starts
            .iter()
            .any(|start| name.starts_with(start) && name.len() > start.len())
}

/// The rest of a path, part by part.
fn parts(path: &str, masked: &mut Masked) {
    for part in path.split_inclusive(['/', '\\']) {
        let bare = part.trim_end_matches(['/', '\\']);
        // Android: "~~x1Qk9Zr3TtWv2bLm5nPp0A==", "org.depot.app-Yc7D2sEfGhIjKlMnOpQrSg==".
        let random = bare
            .strip_suffix("==")
            .and_then(|id| id.len().checked_sub(22));
        let before = random.and_then(|at| bare.get(..at));
        if let Some(before) = before.filter(|before| before.ends_with(['-', '~'])) {
            masked.keep(before);
            masked.token("<#>");
        } else if files::is_script(bare) {
            masked.keep(&files::without_hash(bare));
        } else {
            let mut before = b' ';
            let mut at = 0;
            while at < bare.len() {
                let len = words::word(before, &bare[at..], masked);
                at += len;
                before = bare.as_bytes()[at - 1];
            }
        }
        masked.keep(if part.len() > bare.len() { "/" } else { "" });
    }
}
