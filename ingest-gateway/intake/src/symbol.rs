//! Mangled names of functions, as linkers know them, → names as people wrote them:
//! C++ (Itanium), Rust (both forms), and of Swift what can be read without its
//! compiler: the path of the function, without its types.
//!
//! Total and bounded: a name that cannot be read, or whose text would be longer than
//! [`NAME_BYTES_MAX`], stays as it is. (A mangled name can refer to its own parts, so
//! that a few hundred bytes stand for gigabytes.)

use std::fmt::{self, Write};

use event_model::Event;

use super::sentry::NAME_BYTES_MAX;

/// Deepest nesting of a C++ name that is read.
const RECURSION_MAX: u32 = 96;
/// How often a name can be mangled; a few hundred layers fit into one.
const LAYERS_MAX: usize = 4;
/// Most parts of a Swift name.
const SWIFT_PARTS_MAX: usize = 16;

/// Names every mangled function of an event.
pub(super) fn demangle_all(event: &mut Event) {
    let exceptions = event.exceptions.iter_mut().map(|e| &mut e.frames);
    let threads = event.threads.iter_mut().map(|t| &mut t.frames);
    for frame in exceptions.chain(threads).flatten() {
        if let Some(name) = demangle(&frame.function) {
            frame.function = name;
        }
    }
}

/// The name a person wrote; none if this is one, or no mangling known. What still looks
/// mangled is taken apart again; without an end to that, it stays as it is.
pub(super) fn demangle(function: &str) -> Option<String> {
    let mut name = once(function)?;
    for _ in 1..LAYERS_MAX {
        match once(&name) {
            Some(inner) => name = inner,
            None => return Some(name),
        }
    }
    None
}

fn once(function: &str) -> Option<String> {
    // Apple's linkers put an underscore before every name.
    let bare = match function.strip_prefix('_') {
        Some(rest) if rest.starts_with("_Z") || rest.starts_with("_R") => rest,
        Some(rest) if rest.starts_with("$s") || rest.starts_with("$S") => rest,
        _ => function,
    };
    if bare.starts_with("_Z") || bare.starts_with("_R") {
        rust(bare).or_else(|| cpp(bare))
    } else if bare.starts_with("$s") || bare.starts_with("$S") {
        swift(&bare[2..])
    } else {
        None
    }
}

fn rust(name: &str) -> Option<String> {
    let demangled = rustc_demangle::try_demangle(name).ok()?;
    // The alternate form leaves the hash out.
    bounded(|text| write!(text, "{demangled:#}"))
}

fn cpp(name: &str) -> Option<String> {
    let options = cpp_demangle::ParseOptions::default().recursion_limit(RECURSION_MAX);
    let symbol = cpp_demangle::Symbol::new_with_options(name, &options).ok()?;
    let options = cpp_demangle::DemangleOptions::default().recursion_limit(RECURSION_MAX);
    bounded(|text| symbol.structured_demangle(text, &options))
}

/// What `write` writes, if it is not too long.
fn bounded(write: impl FnOnce(&mut Bounded) -> fmt::Result) -> Option<String> {
    let mut text = Bounded(String::new());
    write(&mut text).ok()?;
    Some(text.0).filter(|text| !text.is_empty())
}

/// A text that refuses to grow beyond the longest name.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > NAME_BYTES_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

/// Module, enclosing types and function: length-prefixed words, each type followed by
/// the letter of its kind. What comes behind the function's own word (labels, types)
/// is not read; neither are words that stand for parts of earlier ones.
fn swift(name: &str) -> Option<String> {
    let mut rest = name;
    let mut parts: Vec<&str> = Vec::new();
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || rest.starts_with('0') || parts.len() == SWIFT_PARTS_MAX {
            return None;
        }
        let length: usize = rest[..digits].parse().ok()?;
        let word = rest.get(digits..digits.checked_add(length)?)?;
        parts.push(word);
        rest = &rest[digits + length..];
        // A module is followed by its first type or function, a type by its kind.
        let is_module = parts.len() == 1;
        match rest.bytes().next()? {
            b'C' | b'V' | b'O' | b'P' => rest = &rest[1..],
            _ if is_module => {}
            _ => break,
        }
    }
    (parts.len() > 1).then(|| parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mangled: &str, expected: &str) {
        assert_eq!(demangle(mangled).as_deref(), Some(expected), "{mangled}");
    }

    #[test]
    fn names_as_people_wrote_them() {
        check(
            "_ZN4shop4Cart3addERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEi",
            "shop::Cart::add(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, int)",
        );
        check("__ZN4shop4Cart5totalEv", "shop::Cart::total()");
        check("_ZN4shop4cart3add17h0123456789abcdefE", "shop::cart::add");
        check(
            "_ZN4core3ptr28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
            "core::ptr::{{closure}}",
        );
        check("_RNvNtCs1234_4shop4cart3add", "shop::cart::add");
        check("$s4Shop4CartC3add4itemyAA4ItemV_tKF", "Shop.Cart.add");
        check("_$s4Shop8checkoutyyF", "Shop.checkout");
        check("$s4Shop4CartV5PriceO5centsSivg", "Shop.Cart.Price.cents");
    }

    #[test]
    fn other_names_stay() {
        for name in [
            "",
            "_",
            "main",
            "_start",
            "_Zebra",
            "__Z",
            "_R",
            "$s",
            "$s4Shop",
            "$s4Shop4CartCACycfC",
            "$s99999999999999999999Shop",
            "$s4Shop04CartC3addyyF",
            "$s3日本",
            "-[Cart add:]",
            "_ZN4shop",
        ] {
            assert_eq!(demangle(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_that_grows_without_end_is_left_alone() {
        // Each template argument is a pair of the one before: 2^n names, which would never
        // end.
        let mut name = "_Z1fI1A".to_owned();
        for n in 0..60 {
            let back = if n == 0 {
                "S_".to_owned()
            } else {
                format!("S{}_", digit(n - 1))
            };
            name = format!("{name}S1BI{back}{back}E");
        }
        name.push_str("Evv");
        let _ = demangle(&name);
        let _ = demangle(&format!("_Z{}", "N".repeat(1_000)));
        let _ = demangle(&format!("_R{}", "IB_".repeat(300)));
        let _ = demangle(&format!("_ZN1aI{}", "PK".repeat(500)));
    }

    fn digit(n: u32) -> char {
        char::from_digit(n % 36, 36).map_or('0', |c| c.to_ascii_uppercase())
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(tail in "[A-Za-z0-9_$]{0,120}") {
            for head in ["_Z", "_ZN", "_R", "_RNv", "$s", "_$S4Shop"] {
                let name = demangle(&format!("{head}{tail}"));
                proptest::prop_assert!(name.is_none_or(|name| name.len() <= NAME_BYTES_MAX));
            }
        }
    }
}
