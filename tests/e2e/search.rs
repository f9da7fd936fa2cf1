//! Whatever an event says finds it, and its issue: through the clients' door, live, after a
//! restart and after the read model was lost.

use serde_json::{Value, json};

use crate::{
    replay::settle,
    support::{Client, KEY, Server, wait_for},
};

fn send(client: &Client, event: &Value) -> String {
    let path = format!("/api/1/store/?sentry_key={KEY}");
    let (status, _, answer) = client.post(&path, &[], event.to_string());
    assert_eq!(status, 200, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// A payment that failed in Python, by whom and on which cart.
fn payment(email: &str, cart: u32) -> Value {
    json!({
        "platform": "python",
        "logger": "shop.pay",
        "transaction": "/pay",
        "exception": {"values": [{
            "type": "CardDeclined", "value": "the bank said no",
            "stacktrace": {"frames": [{
                "function": "chargeCustomer", "module": "shop.billing", "in_app": true,
                "filename": "shop/billing.py", "lineno": 7,
                "context_line": "receipt = gateway.capture(total)",
                "vars": {"cart_number": cart},
            }]},
        }]},
        "user": {"id": email, "email": email},
        "request": {"url": "https://shop.example/checkout/last", "method": "POST"},
        "breadcrumbs": [{"category": "ui.click", "message": "pressed the green button"}],
        "extra": {"basket": {"colour": "ultramarine"}},
        "tags": {"region": "eu-1"},
    })
}

fn found(server: &Server, of: &str, query: &str) -> Vec<String> {
    let query = query
        .replace('%', "%25")
        .replace(' ', "%20")
        .replace('"', "%22");
    let query = query
        .replace('&', "%26")
        .replace('#', "%23")
        .replace('+', "%2B");
    let (status, list) = server.get(&format!("/api/{of}?limit=100&query={query}"));
    assert_eq!(status, 200, "{query}: {list}");
    let rows = list[of].as_array().unwrap().iter();
    let mut ids: Vec<String> = rows
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn whatever_an_event_says_finds_it_and_its_issue() {
    let mut server = Server::start();
    let client = Client::new(&server);
    let mut payments = vec![
        send(&client, &payment("ada@example.com", 4711)),
        send(&client, &payment("grace@example.com", 4712)),
    ];
    payments.sort();
    let other = send(
        &client,
        &json!({"message": "the parcel 支払い was lost", "level": "warning"}),
    );
    settle(&server, 3);
    let ada = wait_for("the first", || {
        found(&server, "errors", "user.email:ADA@example.com").pop()
    });
    let (_, event) = server.get(&format!("/api/errors/{ada}"));
    let issue = event["issue_id"].as_str().unwrap().to_owned();
    let both = [
        "bank",
        "carddeclined",
        "declined",
        "type:CardDeclined",
        "stack.function:charge*",
        "chargeCustomer",
        "customer",
        "stack.path:shop/billing.py",
        "shop.billing",
        "stack.source:gateway.capture",
        "capture",
        "breadcrumb:\"green button\"",
        "pressed",
        "extra:ultramarine",
        "basket",
        "request:checkout",
        "request.method:post",
        "logger:shop.*",
        "platform:python",
        "region:eu-1",
        "message:\"bank said\" !message:parcel",
        "(ultramarine OR parcel) handled:no OR ultramarine",
    ];
    let look = |server: &Server| {
        for query in both {
            assert_eq!(found(server, "errors", query), payments, "{query}");
            assert_eq!(found(server, "issues", query), [issue.as_str()], "{query}");
        }
        for query in [
            "stack.vars:4711",
            "4711",
            "ada@example.com",
            "user.id:ada@example.com",
        ] {
            assert_eq!(found(server, "errors", query), [ada.as_str()], "{query}");
        }
        for query in ["支払い", "parcel", "level:warning", "!bank"] {
            assert_eq!(found(server, "errors", query), [other.as_str()], "{query}");
        }
        for query in ["extra:green", "stack.function:capture", "nowhere"] {
            assert!(found(server, "errors", query).is_empty(), "{query}");
            assert!(found(server, "issues", query).is_empty(), "{query}");
        }
    };
    look(&server);
    server.stop();
    server.restart();
    settle(&server, 3);
    look(&server);
    server.stop();
    std::fs::remove_dir_all(server.data_dir().join("read-model")).unwrap();
    server.restart();
    settle(&server, 3);
    look(&server);
}
