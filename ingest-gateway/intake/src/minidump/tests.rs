#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Minidump, is_minidump, payload, read};

/// A dump of a crash in `app.exe` at 0x140001234, built by hand.
pub(crate) fn dump(platform: u32, code: u32, parameters: &[u64]) -> Vec<u8> {
    let mut file = vec![0u8; 32 + 4 * 12];
    let put = |file: &mut Vec<u8>, at: usize, bytes: &[u8]| {
        if file.len() < at + bytes.len() {
            file.resize(at + bytes.len(), 0);
        }
        file[at..at + bytes.len()].copy_from_slice(bytes);
    };
    let word = |n: u32| n.to_le_bytes();
    put(&mut file, 0, b"MDMP");
    put(&mut file, 4, &word(0x0001_a793));
    put(&mut file, 8, &word(4));
    put(&mut file, 12, &word(32));
    put(&mut file, 20, &word(1_795_361_286));
    let append = |file: &mut Vec<u8>, bytes: &[u8]| {
        file.resize(file.len().next_multiple_of(8), 0);
        let at = file.len();
        file.extend_from_slice(bytes);
        at as u32
    };
    let utf16 = |text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [&word(units.len() as u32)[..], &units, &[0, 0]].concat()
    };
    let name = append(&mut file, &utf16("C:\\Program Files\\App\\app.exe"));
    let pack = append(&mut file, &utf16("Service Pack 1"));
    let mut code_view = b"RSDS".to_vec();
    code_view.extend_from_slice(&[
        0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    code_view.extend_from_slice(&word(2));
    code_view.extend_from_slice(b"app.pdb\0");
    let code_view_at = append(&mut file, &code_view);
    let mut context = vec![0u8; 0x4d0];
    context[0xf8..0x100].copy_from_slice(&0x1_4000_1234u64.to_le_bytes());
    let context_at = append(&mut file, &context);

    let mut exception = vec![0u8; 168];
    exception[0..4].copy_from_slice(&word(77));
    exception[8..12].copy_from_slice(&word(code));
    exception[24..32].copy_from_slice(&0x1_4000_1230u64.to_le_bytes());
    exception[32..36].copy_from_slice(&word(parameters.len() as u32));
    for (index, parameter) in parameters.iter().enumerate() {
        exception[40 + index * 8..48 + index * 8].copy_from_slice(&parameter.to_le_bytes());
    }
    exception[160..164].copy_from_slice(&word(0x4d0));
    exception[164..168].copy_from_slice(&word(context_at));
    let mut system = vec![0u8; 56];
    system[0..2].copy_from_slice(&9u16.to_le_bytes());
    system[6] = 8;
    system[8..12].copy_from_slice(&word(10));
    system[16..20].copy_from_slice(&word(22631));
    system[20..24].copy_from_slice(&word(platform));
    system[24..28].copy_from_slice(&word(pack));
    let mut modules = word(1).to_vec();
    let mut module = vec![0u8; 108];
    module[0..8].copy_from_slice(&0x1_4000_0000u64.to_le_bytes());
    module[8..12].copy_from_slice(&word(0x10000));
    module[20..24].copy_from_slice(&word(name));
    module[76..80].copy_from_slice(&word(code_view.len() as u32));
    module[80..84].copy_from_slice(&word(code_view_at));
    modules.extend_from_slice(&module);
    let mut threads = word(3).to_vec();
    threads.resize(4 + 3 * 48, 0);
    for (index, (kind, stream)) in [(6, exception), (7, system), (4, modules), (3, threads)]
        .into_iter()
        .enumerate()
    {
        let at = append(&mut file, &stream);
        let entry = [word(kind), word(stream.len() as u32), word(at)].concat();
        put(&mut file, 32 + index * 12, &entry);
    }
    file
}

fn event_of(dump: &Minidump) -> Value {
    serde_json::from_slice(&payload(Map::new(), dump)).unwrap()
}

#[test]
fn a_crash_on_windows_says_what_where_and_on_what() {
    let dump = read(&dump(2, 0xc000_0005, &[1, 0x10])).unwrap();
    assert_eq!(dump.threads, 3);
    let event = event_of(&dump);
    let exception = &event["exception"]["values"][0];
    assert_eq!(exception["type"], "EXCEPTION_ACCESS_VIOLATION");
    assert_eq!(exception["value"], "Bad write of 0x10");
    assert_eq!(exception["thread_id"], 77);
    assert_eq!(exception["mechanism"]["data"]["address"], "0x140001230");
    let frame = &exception["stacktrace"]["frames"][0];
    assert_eq!(frame["function"], "app.exe+0x1234");
    assert_eq!(frame["in_app"], true);
    let image = &event["debug_meta"]["images"][0];
    assert_eq!(image["debug_id"], "12345678-9abc-def0-0102-030405060708-2");
    assert_eq!(image["debug_file"], "app.pdb");
    assert_eq!(event["contexts"]["os"]["name"], "Windows");
    assert_eq!(event["contexts"]["os"]["version"], "10.0.22631");
    assert_eq!(event["contexts"]["os"]["build"], "Service Pack 1");
    assert_eq!(event["contexts"]["device"]["arch"], "x86_64");
    assert_eq!(event["timestamp"], 1_795_361_286);
    assert_eq!(
        (&event["level"], &event["platform"]),
        (&json!("fatal"), &json!("native"))
    );
}

#[test]
fn crashes_are_called_as_where_they_happen() {
    for (platform, code, parameters, ty, value) in [
        (0x8201, 11, &[][..], "SIGSEGV", "Bad access to 0x140001230"),
        (0x8203, 6, &[], "SIGABRT", "Aborted"),
        (0x8201, 99, &[], "Signal 99", "at 0x140001230"),
        (
            0x8101,
            1,
            &[],
            "EXC_BAD_ACCESS",
            "Bad access to 0x140001230",
        ),
        (
            2,
            0xc000_0005,
            &[8, 0],
            "EXCEPTION_ACCESS_VIOLATION",
            "Bad execution of 0x0",
        ),
        (
            2,
            0xe06d_7363,
            &[],
            "C++ exception",
            "Thrown and never caught",
        ),
        (
            2,
            0x1234_5678,
            &[],
            "Exception 0x12345678",
            "at 0x140001230",
        ),
    ] {
        let event = event_of(&read(&dump(platform, code, parameters)).unwrap());
        let exception = &event["exception"]["values"][0];
        assert_eq!(
            (&exception["type"], &exception["value"]),
            (&json!(ty), &json!(value))
        );
    }
}

#[test]
fn what_came_beside_a_dump_wins() {
    let base = json!({
        "release": "app@2",
        "level": "error",
        "timestamp": null,
        "contexts": { "os": { "name": "Wine" } },
    });
    let Value::Object(base) = base else {
        unreachable!()
    };
    let dump = read(&dump(2, 0xc000_0094, &[])).unwrap();
    let event: Value = serde_json::from_slice(&payload(base, &dump)).unwrap();
    assert_eq!(
        (&event["release"], &event["level"]),
        (&json!("app@2"), &json!("error"))
    );
    assert_eq!(event["contexts"]["os"]["name"], "Wine");
    assert_eq!(event["contexts"]["device"]["arch"], "x86_64");
    assert_eq!(event["timestamp"], 1_795_361_286);
    assert_eq!(
        event["exception"]["values"][0]["type"],
        "EXCEPTION_INT_DIVIDE_BY_ZERO"
    );
}

#[test]
fn only_what_begins_like_a_dump_is_one() {
    assert!(read(b"").is_none());
    assert!(read(b"MDMP").is_none());
    assert!(read(&[b"PMDM", &[0; 100][..]].concat()).is_none());
    let mut other = dump(2, 1, &[]);
    other[4] = 0;
    assert!(is_minidump(&other) && read(&other).is_none());
    // A directory beyond the end: a dump that says nothing.
    let mut cut = dump(2, 1, &[]);
    cut.truncate(40);
    assert_eq!(read(&cut).unwrap().exception, None);
}

#[test]
fn a_dump_cut_anywhere_is_read_as_far_as_it_goes() {
    let whole = dump(2, 0xc000_0005, &[1, 0x10]);
    for length in 0..whole.len() {
        if let Some(dump) = read(&whole[..length]) {
            let _ = payload(Map::new(), &dump);
        }
    }
}

proptest! {
    #[test]
    fn a_damaged_dump_is_read_without_a_panic(
        at in any::<prop::sample::Index>(), bytes in any::<[u8; 4]>(),
    ) {
        let mut file = dump(2, 0xc000_0005, &[1, 0x10]);
        let at = at.index(file.len() - 4);
        file[at..at + 4].copy_from_slice(&bytes);
        if let Some(dump) = read(&file) {
            let text = payload(Map::new(), &dump);
            prop_assert!(serde_json::from_slice::<Value>(&text).is_ok());
        }
    }
}
