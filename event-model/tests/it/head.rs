//! What a head keeps of an event for symbols that come late, and of an NSError.

use event_model::{Event, Head};

fn head(fields: &str) -> Head {
    let text = format!(
        r#"{{"id":"30313233343536373839616263646566","project_id":1,"received_ns":1,"timestamp_ns":1,{fields}}}"#
    );
    let event: Event = serde_json::from_str(&text).unwrap();
    Head::of(&event, 0)
}

#[test]
fn a_minified_frame_keeps_its_column_and_its_source_map() {
    let head = head(
        r#""exceptions":[{"type":"TypeError","frames":[
            {"function":"p","filename":"https://shop.example/a.js","lineno":3,"colno":298,"in_app":true},
            {"function":"q","filename":"https://cdn.example/lib.js","lineno":1,"colno":77}]}],
        "debug_meta":{"images":[{"type":"sourcemap","code_file":"https://shop.example/a.js",
            "debug_id":"CD2DBC2D-d2d1-58c6-8cc6-a5a57d260092"}]}"#,
    );
    let frames = &head.exceptions[0].frames;
    assert_eq!((frames[0].lineno, frames[0].colno), (3, 298));
    assert_eq!([frames[0].debug_id, frames[1].debug_id], [1, 0]);
    assert_eq!(head.debug_ids, ["cd2dbc2d-d2d1-58c6-8cc6-a5a57d260092"]);
}

#[test]
fn a_native_frame_keeps_its_image_and_its_address_in_it() {
    let head = head(
        r#""exceptions":[{"type":"SIGSEGV","thread_id":"1"}],
        "threads":[{"id":"1","crashed":true,"frames":[
            {"package":"/opt/shop/bin/shopd","other":{"instruction_addr":"0x55d4c0a04bb0"}},
            {"package":"/usr/lib/libc.so.6","other":{"instruction_addr":"0x7f0000001010"}}]}],
        "debug_meta":{"images":[
            {"type":"elf","code_file":"/opt/shop/bin/shopd","debug_id":"aa","image_addr":"0x55d4c0a00000","image_size":200704},
            {"type":"elf","code_file":"/usr/lib/libc.so.6","debug_id":"bb","image_addr":"0x7f0000000000","image_size":200704},
            {"type":"elf","code_file":"/unused.so","debug_id":"cc","image_addr":"0x1000"}]}"#,
    );
    let found: Vec<_> = head
        .thread_frames
        .iter()
        .map(|frame| (frame.package.as_str(), frame.address, frame.debug_id))
        .collect();
    assert_eq!(found, [("shopd", 0x4bb0, 1), ("libc.so.6", 0x1010, 2)]);
    assert_eq!(head.debug_ids, ["aa", "bb"]);
}

#[test]
fn an_ns_error_keeps_domain_and_code() {
    let code = |meta: &str| {
        let mechanism = format!(r#"{{"type":"NSError","data":{{"meta":{meta}}}}}"#);
        let exceptions = format!(r#""exceptions":[{{"type":"NSError","mechanism":{mechanism}}}]"#);
        head(&exceptions).exceptions.remove(0).code
    };
    let told = r#"{"ns_error":{"domain":"NSCocoaErrorDomain","code":260}}"#;
    assert_eq!(code(told), "NSCocoaErrorDomain 260");
    assert_eq!(
        code(r#"{"ns_error":{"domain":"Shop.Fault"}}"#),
        "Shop.Fault"
    );
    assert_eq!(code(r#"{"ns_error":{"code":-1009}}"#), "-1009");
    assert_eq!(code("{}"), "");
}
