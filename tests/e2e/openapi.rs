//! The OpenAPI document beside a running server: every path that it describes is
//! there, and every answer is as described.

use serde_json::{Value, json};

use crate::support::{Answer, Client, KEY, Server, TOKEN, python, wait_for};

const PUBLIC: [&str; 1] = ["/api/openapi.json"];

/// Answers to be held to the document.
struct Seen<'s> {
    client: &'s Client,
    answers: Vec<Value>,
}

impl Seen<'_> {
    /// Sends a request to a path of the document and notes the answer.
    fn send(
        &mut self,
        method: &str,
        template: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let answer = self.client.request(method, path, headers, body.to_owned());
        self.answers.push(json!({
            "method": method.to_lowercase(),
            "path": template,
            "status": answer.status,
            "type": answer.content_type,
            "body": answer.body,
        }));
        answer
    }

    /// Each path of the document, without credentials.
    fn knock(&mut self, document: &Value) {
        for (template, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                let method = method.to_uppercase();
                let headers = [("content-type", "application/json")];
                let answer = self.send(&method, template, &filled(template), &headers, "");
                let is_there = match answer.status {
                    // Sign-out is open to everybody; the rest wants to know who asks.
                    200 => PUBLIC.contains(&template.as_str()),
                    204 => template == "/auth/sign-out",
                    status => matches!(status, 400 | 401 | 403),
                };
                assert!(
                    is_there,
                    "{method} {template}: {} {}",
                    answer.status, answer.body
                );
            }
        }
    }

    /// What clients send; the id of a native event.
    fn write(&mut self) -> String {
        let key = format!("Bearer {KEY}");
        let json_with = |value: &str| {
            [
                ("authorization", value.to_owned()),
                ("content-type", "application/json".to_owned()),
            ]
        };
        let owned = json_with(&key);
        let key: Vec<(&str, &str)> = owned
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let event = json!({
            "error": {
                "type": "PaymentDeclined", "message": "no", "handled": false, "mechanism": "onerror",
                "stack": "PaymentDeclined: no\n    at pay (/srv/shop.js:3:15)\n    at node:internal/main:1:2 {\n  [cause]: Error: expired\n      at charge (/srv/shop.js:9:1)\n}",
            },
            "platform": "node", "user": {"id": "7"}, "tags": {"plan": "pro"}, "extra": {"cart": {"items": 3}},
            "client": {"url": "https://shop.example/pay", "os": "Linux"},
            "context": {"breadcrumbs": [{"timestamp": "2026-11-22T12:00:00Z", "category": "ui.click", "message": "pay", "data": {"a": 1}}]},
        });
        let sent = self.send(
            "POST",
            "/api/errors",
            "/api/errors",
            &key,
            &event.to_string(),
        );
        assert_eq!(sent.status, 202);
        let id = sent.body["id"].as_str().unwrap().to_owned();
        let batch =
            json!({"errors": [event, {"error": {"type": 5}}, {"error": {"message": "bare"}}]});
        self.send(
            "POST",
            "/api/errors/batch",
            "/api/errors/batch/",
            &key,
            &batch.to_string(),
        );
        for (template, body, status) in [
            ("/api/errors", "{", 400),
            ("/api/errors", "{\"error\":{}}", 400),
            ("/api/errors/batch", "[]", 400),
        ] {
            assert_eq!(
                self.send("POST", template, template, &key, body).status,
                status
            );
        }
        let compressed = [key[0], ("content-encoding", "compress")];
        assert_eq!(
            self.send("POST", "/api/errors", "/api/errors", &compressed, "")
                .status,
            415
        );
        let unknown = [("authorization", "Bearer 00000000000000000000000000000000")];
        assert_eq!(
            self.send("POST", "/api/errors", "/api/errors", &unknown, "")
                .status,
            403
        );

        let sentry = format!("sentry_key={KEY}");
        let envelope = "{}\n{\"type\":\"event\"}\n{\"message\":\"hello\",\"threads\":[{\"id\":1,\"stacktrace\":{\"frames\":[{\"function\":\"f\"}]}}]}";
        let path = format!("/api/1/envelope/?{sentry}");
        assert_eq!(
            self.send("POST", "/api/{project}/envelope", &path, &[], envelope)
                .status,
            200
        );
        assert_eq!(
            self.send("POST", "/api/{project}/envelope", &path, &[], "nope")
                .status,
            400
        );
        let path = format!("/api/9/store/?{sentry}");
        assert_eq!(
            self.send("POST", "/api/{project}/store", &path, &[], "{}")
                .status,
            404
        );
        let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
            {"severityNumber": 17, "body": {"stringValue": "gone"}}, {"severityNumber": 17},
        ]}]}]});
        for (body, status) in [
            (logs.to_string(), 200),
            ("{}".to_owned(), 200),
            ("nope".to_owned(), 400),
        ] {
            assert_eq!(
                self.send("POST", "/v1/logs", "/v1/logs", &key, &body)
                    .status,
                status
            );
        }
        id
    }

    /// By which rules events go.
    fn read_retention(&mut self) {
        let token = format!("Bearer {TOKEN}");
        let reader = [("authorization", token.as_str())];
        for (path, status) in [
            ("/api/retention?rule=level:debug%207d", 200),
            ("/api/retention?rule=level:debug", 400),
        ] {
            let plan = self.send("GET", "/api/retention", path, &reader, "");
            assert_eq!(plan.status, status, "{}", plan.body);
        }
    }

    /// What people read of it.
    fn read(&mut self, server: &Server, id: &str) {
        let token = format!("Bearer {TOKEN}");
        let reader = [("authorization", token.as_str())];
        let detail = format!("/api/errors/{id}");
        wait_for("the events", || {
            let (_, list) = self.client.get("/api/errors");
            (list["errors"].as_array().map(Vec::len) == Some(5)).then_some(())
        });
        let read = self.send("GET", "/api/errors/{id}", &detail, &reader, "");
        assert_eq!(
            read.body["exceptions"].as_array().unwrap().len(),
            2,
            "{}",
            read.body
        );
        let template = "/api/errors/{id}/grouping";
        let grouping = self.send("GET", template, &format!("{detail}/grouping"), &reader, "");
        assert_eq!(grouping.status, 200, "{}", grouping.body);
        let list = self.send("GET", "/api/errors", "/api/errors?limit=2", &reader, "");
        for line in self.client.get("/api/errors").1["errors"]
            .as_array()
            .unwrap()
        {
            let path = format!("/api/errors/{}", line["id"].as_str().unwrap());
            assert_eq!(
                self.send("GET", "/api/errors/{id}", &path, &reader, "")
                    .status,
                200
            );
        }
        let issue = list.body["errors"][0]["issue_id"]
            .as_str()
            .unwrap()
            .to_owned();
        for (template, path, status) in [
            ("/api/issues", "/api/issues".to_owned(), 200),
            ("/api/issues", "/api/issues?sort=age".to_owned(), 400),
            ("/api/issues", "/api/issues?project=99".to_owned(), 404),
            ("/api/issues/{id}", format!("/api/issues/{issue}"), 200),
            (
                "/api/issues/{id}/similar",
                format!("/api/issues/{issue}/similar"),
                200,
            ),
            (
                "/api/issues/{id}",
                "/api/issues/00000000000000ff".to_owned(),
                404,
            ),
            ("/api/errors", "/api/errors?limit=0".to_owned(), 400),
            (
                "/api/errors/{id}",
                format!("/api/errors/{}", "e".repeat(32)),
                404,
            ),
            (
                "/api/projects/{id}/ingest",
                "/api/projects/1/ingest".to_owned(),
                200,
            ),
            (
                "/api/projects/{id}/ingest",
                "/api/projects/99/ingest".to_owned(),
                404,
            ),
            (
                "/api/stats",
                "/api/stats?users=true&before=true&group_by=type".to_owned(),
                200,
            ),
            ("/api/stats", "/api/stats?interval=7m".to_owned(), 400),
            ("/api/openapi.json", "/api/openapi.json".to_owned(), 200),
        ] {
            assert_eq!(
                self.send("GET", template, &path, &reader, "").status,
                status,
                "{path}"
            );
        }
        self.export(&reader);
        self.rules(&reader);
        self.one_of_several(&reader);
        let plain = [
            ("content-type", "application/json"),
            ("origin", server.url.as_str()),
        ];
        let wrong = json!({"email": "owner@example.com", "password": "wrong"});
        assert_eq!(
            self.send(
                "POST",
                "/auth/sign-in",
                "/auth/sign-in",
                &plain,
                &wrong.to_string()
            )
            .status,
            401
        );
    }
}

impl Seen<'_> {
    /// All events, as a file.
    fn export(&mut self, reader: &[(&str, &str)]) {
        let template = "/api/errors/export";
        for (format, status) in [("csv", 200), ("jsonl", 200), ("xlsx", 400)] {
            let path = format!("{template}?format={format}");
            let answer = self.send("GET", template, &path, reader, "");
            assert_eq!(answer.status, status, "{}", answer.body);
        }
    }

    /// Two issues made one, and two again.
    fn one_of_several(&mut self, reader: &[(&str, &str)]) {
        let ids = |seen: &Self| -> Vec<String> {
            let (_, list) = seen.client.get("/api/issues?sort=first_seen");
            let issues = list["issues"].as_array().unwrap().iter();
            issues
                .map(|issue| issue["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let before = ids(self);
        let merge = "/api/issues/merge";
        let wanted = json!({ "issue_ids": before[..2] }).to_string();
        for (body, status) in [
            ("{\"issues\": []}", 400),
            (
                "{\"issue_ids\": [\"00000000000000ff\", \"00000000000000fe\"]}",
                404,
            ),
            (&wanted, 200),
        ] {
            let answer = self.send("POST", merge, merge, reader, body);
            assert_eq!(answer.status, status, "{body}: {}", answer.body);
        }
        let merged = wait_for("one issue of two", || {
            let now = ids(self);
            (now.len() == before.len() - 1).then_some(now)
        });
        let lead = before[..2].iter().find(|id| merged.contains(id)).unwrap();
        let (template, path) = ("/api/issues/{id}", format!("/api/issues/{lead}"));
        let told = format!("{path}?fingerprints=true");
        let issue = self.send("GET", template, &told, reader, "").body;
        let parts = issue["fingerprints"].as_array().unwrap();
        assert_eq!(parts.len(), 2, "{issue}");
        let theirs = parts.iter().find(|part| part["issue_id"] != **lead);
        let out = json!({ "fingerprints": [theirs.unwrap()["fingerprint"]] }).to_string();
        let unmerge = "/api/issues/{id}/unmerge";
        let path = format!("{path}/unmerge");
        for (body, status) in [("{}", 400), (&out, 200)] {
            let answer = self.send("POST", unmerge, &path, reader, body);
            assert_eq!(answer.status, status, "{body}: {}", answer.body);
        }
        wait_for("two issues again", || (ids(self) == before).then_some(()));
    }

    /// Rules of grouping: tried out, set, read, applied and taken back.
    fn rules(&mut self, reader: &[(&str, &str)]) {
        let rules = "/api/projects/{id}/grouping-rules";
        let check = "/api/projects/{id}/grouping-rules/check";
        let preview = "/api/projects/{id}/grouping-rules/preview";
        let apply = "/api/projects/{id}/grouping-rules/apply";
        let undo = "/api/projects/{id}/grouping-rules/undo";
        let of_first = "/api/projects/1/grouping-rules";
        let declined = "error.type:PaymentDeclined -> declined";
        for (method, template, end, body, status) in [
            ("POST", check, "/check", "error.typ:x -> y", 200),
            ("POST", check, "/check", declined, 200),
            ("POST", check, "/check?events=1001", declined, 400),
            (
                "POST",
                check,
                "/check?event=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
                declined,
                404,
            ),
            ("POST", preview, "/preview", "error.typ:x -> y", 400),
            ("POST", preview, "/preview?seconds=601", declined, 400),
            (
                "POST",
                preview,
                "/preview?samples=1",
                "error.type:* -> one",
                200,
            ),
            ("PUT", rules, "", "error.typ:x -> y", 400),
            ("PUT", rules, "?expected_version=7", declined, 409),
            ("PUT", rules, "?expected_version=0", declined, 200),
            ("GET", rules, "", "", 200),
            ("GET", rules, "?version=9", "", 404),
            ("POST", apply, "/apply", "error.typ:x -> y", 400),
            ("POST", apply, "/apply?expected_version=7", declined, 409),
            ("POST", undo, "/undo", "", 404),
            ("POST", apply, "/apply?in_force=true", "", 200),
            ("POST", undo, "/undo?application=9999", "", 404),
            ("POST", undo, "/undo", "", 200),
            ("GET", rules, "", "", 200),
        ] {
            let path = format!("{of_first}{end}");
            let answer = self.send(method, template, &path, reader, body);
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        }
        let answer = self.send(
            "POST",
            check,
            &format!("{of_first}/check"),
            reader,
            declined,
        );
        let found = &answer.body["matches"][0];
        assert_eq!(found["events"], 2, "{}", answer.body);
        let (_, held) = self.client.get(of_first);
        assert_eq!(held["text"], declined);
    }
}

/// A path with something in place of its parameters.
fn filled(template: &str) -> String {
    let path = template
        .replace("{project}", "1")
        .replace("{event_id}", &"e".repeat(32));
    let mut filled = String::new();
    let mut rest = path.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str("1234");
        rest = after.split_once('}').unwrap().1;
    }
    filled + rest
}

#[test]
fn the_server_answers_as_its_description_says() {
    let server = Server::start();
    let client = Client::new(&server);
    let (status, document) = client.get("/api/openapi.json");
    assert_eq!(status, 200);
    let mut seen = Seen {
        client: &client,
        answers: Vec::new(),
    };
    seen.knock(&document);
    let id = seen.write();
    seen.read(&server, &id);
    seen.read_retention();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.json");
    let given = json!({"document": document, "answers": seen.answers});
    std::fs::write(&file, given.to_string()).unwrap();
    let wrong = python("openapi.py", &[file.to_str().unwrap()]);
    assert_eq!(wrong.trim(), "", "{} answers", seen.answers.len());
    assert!(seen.answers.len() > 60);
}
