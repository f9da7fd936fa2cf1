//! What is known about code by its name: a table. The first row that fits decides.
//!
//! Owns what a row can say, and the rows ([`rows`]). Every row has an example which
//! it, and no row before it, decides: a test holds it.

mod rows;

use event_model::{Event, event::Frame, free::Part as FreePart};

pub(super) use self::rows::ROWS;
use Family::{
    Beam, Dart, DotNet, Go, JavaScript, Jvm, Native, Perl, Php, Python, Ruby, Rust, Unknown,
};
use Pattern::{
    Bare, Contains, Followed, Is, Numbered, OneOf, Script, Starts, Vendored, Versioned, Within,
};

/// Platforms that name code alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Beam,
    Dart,
    DotNet,
    Go,
    JavaScript,
    Jvm,
    /// C, C++, Swift and Objective-C.
    Native,
    Perl,
    Php,
    Python,
    Ruby,
    /// Its SDK calls itself "native".
    Rust,
    Unknown,
}

/// Endings of sources that no Rust is in.
const C_SOURCES: [&str; 10] = [
    "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "m", "mm", "swift",
];
/// What of a function's name only Rust writes.
const RUST_NAMES: [&str; 5] = [
    "{{closure}}",
    "{closure#",
    "core::panicking::",
    "std::panicking::",
    "std::rt::",
];

impl Family {
    pub(super) fn of(platform: &str) -> Self {
        match platform {
            "elixir" | "erlang" => Beam,
            "dart" | "flutter" => Dart,
            "csharp" | "dotnet" | "fsharp" | "vb" | "unity" => DotNet,
            "go" => Go,
            "javascript" | "node" | "bun" | "deno" | "react-native" | "electron" => JavaScript,
            "java" | "kotlin" | "android" | "scala" | "groovy" | "clojure" => Jvm,
            "rust" => Rust,
            "native" | "c" | "cpp" | "cocoa" | "swift" | "objc" | "apple" => Native,
            "perl" => Perl,
            "php" => Php,
            "python" => Python,
            "ruby" => Ruby,
            _ => Unknown,
        }
    }

    /// The family of an event: its platform's, but Rust where the frames show it.
    pub(super) fn of_event<'e>(event: &Event, mut frames: impl Iterator<Item = &'e Frame>) -> Self {
        let family = Self::of(&event.platform);
        if family != Native {
            return family;
        }
        let sdk = event.sdk.get("name").and_then(FreePart::as_str);
        let by_sdk = sdk.is_some_and(|name| name.starts_with("sentry.rust"));
        if by_sdk || frames.any(is_rust) {
            Rust
        } else {
            Native
        }
    }

    /// The family of one frame of an event of this one: C++ may be called by Rust.
    pub(super) fn of_frame(self, frame: &Frame) -> Self {
        let of_c = |path: &str| C_SOURCES.contains(&ending(path));
        if self == Rust && (of_c(&frame.filename) || of_c(&frame.abs_path)) {
            Native
        } else {
            self
        }
    }

    /// Whether clients call some packages of one event the application's own and some
    /// not only when told to. Rust's and .NET's know some packages by name and take
    /// the others for own; Node's, Go's and Ruby's cannot be told.
    pub(super) fn can_select(self) -> bool {
        matches!(self, Beam | Dart | Jvm | Php | Python)
    }
}

/// What follows the last dot.
fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn is_rust(frame: &Frame) -> bool {
    let function = frame.function.as_str();
    ending(&frame.filename) == "rs"
        || ending(&frame.abs_path) == "rs"
        || RUST_NAMES.iter().any(|name| function.contains(name))
        || function.starts_with("rust_")
        || function.starts_with("__rust")
        || (function.starts_with('<') && function.contains(" as "))
}

/// The part of a frame that a row looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The full path or URL, else the file, with slashes. Case does not count.
    Path,
    /// The module; without Elixir's prefix.
    Module,
    /// The function.
    Function,
    /// The native image or assembly, with slashes. Case does not count.
    Package,
}

/// How a text has to lie in the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Anywhere; one that begins with a slash also at the start without it.
    Contains(&'static str),
    /// At the start.
    Starts(&'static str),
    /// All of it.
    Is(&'static str),
    /// All of it, or at the start before a separator.
    Within(&'static str),
    /// Anywhere, before a folder that ends in a version ("/gems/" in
    /// "/gems/rack-2.2.4/").
    Versioned(&'static str),
    /// At the end of a name without folders.
    Bare(&'static str),
    /// Anywhere, before the other text in the next few folders ("@" of a version in
    /// "/pkg/mod/acme.example/cart@v1.2.3/").
    Followed(&'static str, &'static str),
    /// Anywhere, before a version or a folder that belongs to an installation ("3.3.0"
    /// in "/lib/ruby/3.3.0/").
    Numbered(&'static str),
    /// At the start, before one of these and a separator.
    OneOf(&'static str, &'static [&'static str]),
    /// A folder of packages as Composer, Bundler and Go fill it: an own one of that
    /// name holds other things.
    Vendored(&'static str),
    /// A folder of scripts that are delivered as they are; sources lie in others.
    Script(&'static str),
}

/// How far behind a folder the version of what lies in it is looked for, bytes.
const FOLLOWED_BYTES_MAX: usize = 256;

impl Pattern {
    pub(super) fn text(self) -> &'static str {
        match self {
            Contains(text)
            | Starts(text)
            | Is(text)
            | Within(text)
            | Versioned(text)
            | Bare(text)
            | Followed(text, _)
            | Numbered(text)
            | OneOf(text, _)
            | Vendored(text)
            | Script(text) => text,
        }
    }

    /// The same for a folder that is the first of a relative path, with no slash before
    /// it.
    pub(super) fn at_start(self) -> Option<Self> {
        let bare = self.text().strip_prefix('/')?;
        match self {
            Contains(_) => Some(Starts(bare)),
            Vendored(_) => Some(Vendored(bare)),
            Script(_) => Some(Script(bare)),
            _ => None,
        }
    }

    /// Whether the text, found at `start..end` of `part`, lies as it has to.
    pub(super) fn fits(self, part: &str, start: usize, end: usize) -> bool {
        let rest = &part[end..];
        match self {
            Contains(_) => true,
            Starts(_) => start == 0,
            Is(_) => start == 0 && rest.is_empty(),
            Within(_) => {
                start == 0 && (rest.is_empty() || rest.starts_with(['.', '/', ':', '$', '\\']))
            }
            Versioned(_) => {
                let folder = rest.split('/').next().unwrap_or_default();
                let version = folder.rsplit_once('-').map(|(_, version)| version);
                version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_hexdigit()))
            }
            Bare(_) => rest.is_empty() && !part.contains('/'),
            Followed(_, text) => {
                let near = &rest[..rest.floor_char_boundary(FOLLOWED_BYTES_MAX)];
                near.contains(text)
            }
            Numbered(_) => {
                let folder = rest.split('/').next().unwrap_or_default();
                folder.starts_with(|c: char| c.is_ascii_digit())
                    || matches!(folder, "gems" | "site_ruby" | "vendor_ruby")
            }
            OneOf(_, names) => {
                let is_one = |name: &&str| {
                    let rest = rest.strip_prefix(*name);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '<']))
                };
                start == 0 && names.iter().any(is_one)
            }
            // One without a slash is the first folder of a relative path.
            Vendored(text) => {
                let begins = start == 0 || text.starts_with('/');
                begins && part[start..end] == *text && is_vendored(rest)
            }
            Script(text) => (start == 0 || text.starts_with('/')) && is_script(part),
        }
    }
}

/// Whether what lies in a folder called "vendor" was put there by a package manager.
fn is_vendored(rest: &str) -> bool {
    let lower = |name: &str| {
        let in_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        !name.is_empty() && name.bytes().all(in_name)
    };
    let mut folders = rest.split('/');
    let (first, second) = (folders.next().unwrap_or_default(), folders.next());
    let has_more = folders.next().is_some();
    match first {
        "bundle" | "gems" | "ruby" | "composer" => second.is_some(),
        "autoload.php" => true,
        // Composer: vendor/acme/cart/src/Cart.php.
        _ if ending(rest) == "php" => has_more && lower(first) && second.is_some_and(lower),
        // Go: vendor/acme.example/cart/cart.go.
        _ => ending(rest) == "go" && first.contains('.') && second.is_some(),
    }
}

/// Whether a path is that of a script as it is delivered.
fn is_script(path: &str) -> bool {
    let bare = path.split(['?', '#']).next().unwrap_or_default();
    ["js", "mjs", "cjs"].contains(&ending(bare))
        && !bare.contains("/src/")
        && !bare.starts_with("webpack")
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Of a language, an operating system, a browser or the error reporting itself:
    /// never the application's.
    Runtime,
    /// Installed code of others, unless the client tells installed packages apart.
    Package,
    /// Where mostly code of others lies, and some people's own: not the application's
    /// unless the client says so; of a browser's client, which calls everything own,
    /// that counts only where nothing else is.
    Elsewhere,
    /// The application's.
    Own,
    /// Either: as the client says.
    AsTold,
}

/// One row.
pub(super) struct Row {
    /// Empty: all.
    pub(super) families: &'static [Family],
    pub(super) part: Part,
    pub(super) pattern: Pattern,
    pub(super) verdict: Verdict,
    /// A text of the part which this row decides.
    #[cfg_attr(not(test), expect(dead_code, reason = "what the row is for"))]
    pub(super) example: &'static str,
}

const fn runtime(
    families: &'static [Family],
    part: Part,
    pattern: Pattern,
    example: &'static str,
) -> Row {
    row(families, part, pattern, Verdict::Runtime, example)
}

const fn package(
    families: &'static [Family],
    part: Part,
    pattern: Pattern,
    example: &'static str,
) -> Row {
    row(families, part, pattern, Verdict::Package, example)
}

const fn elsewhere(
    families: &'static [Family],
    part: Part,
    pattern: Pattern,
    example: &'static str,
) -> Row {
    row(families, part, pattern, Verdict::Elsewhere, example)
}

const fn row(
    families: &'static [Family],
    part: Part,
    pattern: Pattern,
    verdict: Verdict,
    example: &'static str,
) -> Row {
    Row {
        families,
        part,
        pattern,
        verdict,
        example,
    }
}
