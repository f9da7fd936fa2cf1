//! Traffic for measurements: stacks, users and minutes as a shop of some size has them.

use anyhow::Result;
use event_log::LogWriter;
use event_model::head::{ExceptionHeadV1, FrameHeadV1, Head};

/// Distinct stacks, users and minutes of the traffic.
const STACKS: u64 = 500;
const USERS: u64 = 5_000;
const EVENTS_A_MINUTE: u64 = 6_000;
const START_NS: i64 = 1_795_341_600_000_000_000;

/// Appends so many events of projects 1 to `projects`; all are durable when it returns.
pub fn append(log: &LogWriter, events: u64, projects: u64) -> Result<()> {
    let mut last = None;
    for number in 0..events {
        last = Some(loop {
            match log.append_event(&head(number, projects), b"{}".to_vec()) {
                Ok(ticket) => break ticket,
                Err(_) => std::thread::yield_now(),
            }
        });
    }
    if let Some(ticket) = last {
        ticket.wait()?;
    }
    Ok(())
}

/// Twenty frames and ten tags, as web frameworks send them.
fn head(number: u64, projects: u64) -> Head {
    // Any mixing will do: the traffic should not come in order.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let stack = mixed % STACKS;
    let at_ns = START_NS + (number * 60_000_000_000 / EVENTS_A_MINUTE) as i64;
    let frames = (0..20).map(|depth| FrameHeadV1 {
        function: format!("handle_{depth}_{}", if depth > 15 { stack } else { 0 }),
        module: format!("acme.shop.views.part{}", depth / 4),
        filename: "acme/shop/views.py".into(),
        package: String::new(),
        lineno: 100 + depth,
        colno: 0,
        address: 0,
        debug_id: 0,
        in_app: depth % 3 != 0,
    });
    let tags = (0..10).map(|tag| (format!("tag_{tag}"), format!("value_{}", mixed % (tag + 2))));
    let mut event_id = [0; 16];
    event_id[..8].copy_from_slice(&number.to_be_bytes());
    Head {
        event_id,
        project_id: (stack % projects) as u32 + 1,
        level: 4,
        received_ns: at_ns,
        timestamp_ns: at_ns,
        weight: 1,
        size_bytes: 3_400,
        handled: 1,
        kept_for: 0,
        platform: "python".into(),
        exceptions: vec![ExceptionHeadV1 {
            ty: "ValueError".into(),
            value: format!("order {number} is not open"),
            module: String::new(),
            code: String::new(),
            synthetic: false,
            exception_id: -1,
            parent_id: -1,
            is_exception_group: false,
            is_suppressed: false,
            frames: frames.collect(),
        }],
        thread_frames: Vec::new(),
        message: String::new(),
        message_template: String::new(),
        transaction: "/orders/{id}".into(),
        logger: String::new(),
        release: format!("shop@1.{}", stack % 4),
        environment: "production".into(),
        server_name: "web-1".into(),
        user: format!("id:{}", mixed % USERS),
        tags: tags.collect(),
        fingerprint: Vec::new(),
        sdk: ("sentry.python".into(), "2.0".into()),
        debug_ids: Vec::new(),
    }
}
