//! A minidump as the JSON of an event.

use serde_json::{Map, Value, json};

use super::{Exception, Minidump, Module, System};

/// Platforms as `MINIDUMP_SYSTEM_INFO` and Breakpad number them.
const PLATFORM_WINDOWS: u32 = 2;
const PLATFORM_MACOS: u32 = 0x8101;
const PLATFORM_IOS: u32 = 0x8102;
const PLATFORM_LINUX: u32 = 0x8201;
const PLATFORM_SOLARIS: u32 = 0x8202;
const PLATFORM_ANDROID: u32 = 0x8203;

/// The event of a dump: what `base` says (an event's members that came beside it),
/// completed by what the dump says. `base` wins, but for a crash it does not describe.
pub(crate) fn payload(mut base: Map<String, Value>, dump: &Minidump) -> Vec<u8> {
    let mut or = |key: &str, value: Value| {
        let is_there = base.get(key).is_some_and(|there| !there.is_null());
        if !is_there && !value.is_null() {
            base.insert(key.to_owned(), value);
        }
    };
    or("platform", json!("native"));
    or("level", json!("fatal"));
    if dump.time_s > 0 {
        or("timestamp", json!(dump.time_s));
    }
    or("exception", exception(dump));
    or("debug_meta", images(dump));
    let contexts = contexts(dump);
    match base.get_mut("contexts").and_then(Value::as_object_mut) {
        Some(given) => {
            for (key, value) in contexts {
                given.entry(key).or_insert(value);
            }
        }
        None => {
            base.insert("contexts".to_owned(), Value::Object(contexts));
        }
    }
    Value::Object(base).to_string().into_bytes()
}

fn exception(dump: &Minidump) -> Value {
    let platform = dump.system.as_ref().map_or(0, |system| system.platform);
    let Some(crash) = &dump.exception else {
        return json!({ "values": [{
            "type": "Minidump",
            "value": "A dump without an exception",
            "mechanism": { "type": "minidump", "handled": false, "synthetic": true },
        }]});
    };
    let (ty, detail) = name(crash, platform);
    let instruction = match crash.instruction {
        0 => crash.address,
        known => known,
    };
    json!({ "values": [{
        "type": ty,
        "value": detail,
        "thread_id": crash.thread_id,
        "mechanism": {
            "type": "minidump",
            "handled": false,
            "data": {
                "code": hex(crash.code.into()),
                "flags": hex(crash.flags.into()),
                "address": hex(crash.address),
            },
        },
        "stacktrace": { "frames": [frame(instruction, &dump.modules)] },
    }]})
}

/// The one frame known without symbols: where the thread stood. Named by the module
/// and the offset in it, which are the same in every run.
fn frame(address: u64, modules: &[Module]) -> Value {
    let module = modules
        .iter()
        .find(|m| address >= m.base && address - m.base < u64::from(m.size));
    let Some(module) = module else {
        return json!({
            "function": "<unknown>",
            "instruction_addr": hex(address),
            "in_app": true,
        });
    };
    let file = base_name(&module.name);
    json!({
        "function": format!("{file}+{:#x}", address - module.base),
        "package": module.name,
        "instruction_addr": hex(address),
        "image_addr": hex(module.base),
        "trust": "context",
        "in_app": !is_system(&module.name),
    })
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether a module belongs to the operating system.
fn is_system(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let windows = path.contains(":\\windows\\");
    windows
        || [
            "/system/",
            "/usr/lib",
            "/lib/",
            "/lib64/",
            "/apex/",
            "/library/apple/",
            "/vendor/lib",
            "linux-gate.so",
        ]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}

fn images(dump: &Minidump) -> Value {
    let kind = match dump.system.as_ref().map_or(0, |system| system.platform) {
        PLATFORM_WINDOWS => "pe",
        PLATFORM_MACOS | PLATFORM_IOS => "macho",
        _ => "elf",
    };
    let images: Vec<Value> = dump
        .modules
        .iter()
        .map(|module| {
            json!({
                "type": kind,
                "code_file": module.name,
                "debug_file": module.debug_file,
                "debug_id": module.debug_id,
                "image_addr": hex(module.base),
                "image_size": module.size,
            })
        })
        .collect();
    if images.is_empty() {
        Value::Null
    } else {
        json!({ "images": images })
    }
}

fn contexts(dump: &Minidump) -> Map<String, Value> {
    let mut contexts = Map::new();
    if let Some(system) = &dump.system {
        contexts.insert("os".to_owned(), os(system));
        contexts.insert(
            "device".to_owned(),
            json!({
                "arch": architecture(system.architecture),
                "processor_count": system.processors,
            }),
        );
    }
    contexts.insert("minidump".to_owned(), json!({ "threads": dump.threads }));
    contexts
}

fn os(system: &System) -> Value {
    let name = match system.platform {
        PLATFORM_WINDOWS => "Windows",
        PLATFORM_MACOS => "macOS",
        PLATFORM_IOS => "iOS",
        PLATFORM_LINUX => "Linux",
        PLATFORM_SOLARIS => "Solaris",
        PLATFORM_ANDROID => "Android",
        _ => "unknown",
    };
    let (major, minor, build) = system.version;
    json!({
        "name": name,
        "version": format!("{major}.{minor}.{build}"),
        "build": system.service_pack,
    })
}

fn architecture(number: u16) -> &'static str {
    match number {
        0 => "x86",
        5 => "arm",
        9 => "x86_64",
        12 | 0x8003 => "arm64",
        _ => "unknown",
    }
}

/// What an exception is called where it happened, and what it says.
fn name(crash: &Exception, platform: u32) -> (String, String) {
    match platform {
        PLATFORM_LINUX | PLATFORM_ANDROID | PLATFORM_SOLARIS => {
            let signal = signal(crash.code);
            let text = match signal {
                "SIGSEGV" | "SIGBUS" => format!("Bad access to {}", hex(crash.address)),
                "SIGABRT" => "Aborted".to_owned(),
                "SIGFPE" => "Arithmetic fault".to_owned(),
                "SIGILL" => "Illegal instruction".to_owned(),
                "SIGTRAP" => "Trap".to_owned(),
                _ => format!("at {}", hex(crash.address)),
            };
            let ty = if signal.is_empty() {
                format!("Signal {}", crash.code)
            } else {
                signal.to_owned()
            };
            (ty, text)
        }
        PLATFORM_MACOS | PLATFORM_IOS => {
            let ty = mach(crash.code);
            let text = match ty {
                "EXC_BAD_ACCESS" => format!("Bad access to {}", hex(crash.address)),
                _ => format!("at {}", hex(crash.address)),
            };
            let ty = if ty.is_empty() {
                format!("Mach exception {}", crash.code)
            } else {
                ty.to_owned()
            };
            (ty, text)
        }
        _ => windows(crash),
    }
}

/// Signals by number, as Linux has them on every architecture Breakpad supports.
fn signal(code: u32) -> &'static str {
    match code {
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        31 => "SIGSYS",
        // Written by a program that asked for a dump.
        0xffff_ffff => "DUMP_REQUESTED",
        _ => "",
    }
}

fn mach(code: u32) -> &'static str {
    match code {
        1 => "EXC_BAD_ACCESS",
        2 => "EXC_BAD_INSTRUCTION",
        3 => "EXC_ARITHMETIC",
        5 => "EXC_SOFTWARE",
        6 => "EXC_BREAKPOINT",
        10 => "EXC_CRASH",
        11 => "EXC_RESOURCE",
        12 => "EXC_GUARD",
        _ => "",
    }
}

/// Codes of Windows (`ntstatus.h`), the ones that end processes.
fn windows(crash: &Exception) -> (String, String) {
    let parameter = |at: usize| crash.parameters.get(at).copied();
    let at = hex(crash.address);
    let (ty, text) = match crash.code {
        0xc000_0005 | 0xc000_0006 => {
            let how = match parameter(0) {
                Some(0) => "read",
                Some(1) => "write",
                Some(8) => "execution",
                _ => "access",
            };
            let place = parameter(1).unwrap_or(crash.address);
            let ty = if crash.code == 0xc000_0005 {
                "EXCEPTION_ACCESS_VIOLATION"
            } else {
                "EXCEPTION_IN_PAGE_ERROR"
            };
            (ty, format!("Bad {how} of {}", hex(place)))
        }
        0xc000_001d => ("EXCEPTION_ILLEGAL_INSTRUCTION", format!("at {at}")),
        0xc000_0025 => ("EXCEPTION_NONCONTINUABLE_EXCEPTION", format!("at {at}")),
        0xc000_008c => ("EXCEPTION_ARRAY_BOUNDS_EXCEEDED", format!("at {at}")),
        0xc000_008e => ("EXCEPTION_FLT_DIVIDE_BY_ZERO", format!("at {at}")),
        0xc000_0094 => ("EXCEPTION_INT_DIVIDE_BY_ZERO", format!("at {at}")),
        0xc000_0095 => ("EXCEPTION_INT_OVERFLOW", format!("at {at}")),
        0xc000_00fd => ("EXCEPTION_STACK_OVERFLOW", format!("at {at}")),
        0xc000_0374 => ("STATUS_HEAP_CORRUPTION", format!("at {at}")),
        0xc000_0409 => (
            "STATUS_STACK_BUFFER_OVERRUN",
            format!("Failed fast at {at}"),
        ),
        0xc000_0420 => ("STATUS_ASSERTION_FAILURE", format!("at {at}")),
        0x8000_0003 => ("EXCEPTION_BREAKPOINT", format!("at {at}")),
        0xe06d_7363 => ("C++ exception", "Thrown and never caught".to_owned()),
        0xe043_4352 => (".NET exception", "Thrown and never caught".to_owned()),
        code => {
            return (
                format!("Exception {}", hex(code.into())),
                format!("at {at}"),
            );
        }
    };
    (ty.to_owned(), text)
}

fn hex(number: u64) -> String {
    format!("{number:#x}")
}
