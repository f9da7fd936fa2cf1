//! An installation of up to three projects, the same but for those that never were.

use std::collections::BTreeSet;

use axum::body::Body;
use event_log::blobs::Blobs;
use event_model::{
    Decision, Event, EventId, IssueId, ProjectId, PublicKey, Role, Sight, TokenId, TokenScope,
    UserId, credential::sha256,
};
use http::{Request, StatusCode, Version};
use http_body_util::BodyExt;
use prost::Message;
use rusqlite::params;
use tonic::Code;
use tower::ServiceExt;

use super::calls::Call;
use crate::fixture::{Fixture, T0_MS, TOKEN, event};

pub(crate) const OWNER_READ_TOKEN: &str = "errata_owner_who_reads";
pub(crate) const MEMBER_TOKEN: &str = "errata_member";
pub(crate) const MEMBER_READ_TOKEN: &str = "errata_member_who_reads";
const HOUR_MS: i64 = 3_600_000;
/// More than a day, so that it is counted in hours whenever it is asked for.
pub(crate) const FROM_MS: i64 = T0_MS - 30 * HOUR_MS;
pub(crate) const TO_MS: i64 = T0_MS + 30 * HOUR_MS;

pub(crate) fn bearer(token: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {token}"))]
}

pub(crate) fn issue_id(number: u64) -> String {
    IssueId(number).to_string()
}

pub(crate) fn event_id(number: u64) -> String {
    EventId([number as u8; 16]).to_string()
}

/// Status, headers that tell something, body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    code: Option<Code>,
    message: String,
    body: Vec<u8>,
}

pub(crate) struct World {
    pub(crate) fixture: Fixture,
}

impl World {
    /// Of these issues (each of the project named) those of projects that exist, and a
    /// member who sees `seen` of them.
    pub(crate) async fn new(
        issues: &[u32],
        existing: &BTreeSet<u32>,
        seen: &BTreeSet<u32>,
    ) -> Self {
        let fixture = Fixture::with(decisions(existing, seen));
        let blobs = Blobs::open(&fixture.blobs_dir()).unwrap();
        for (number, project) in (1..).zip(issues) {
            let is_there = existing.contains(project);
            let event = event_of(number as u8, *project);
            if !is_there {
                // Something takes its place in the log, so that positions are the same.
                let other = event_of(number as u8 + 100, 99);
                fixture.pass_over(fixture.append(&other));
                continue;
            }
            let name = format!("file-{number}");
            let naming = blobs.naming().await;
            let bytes = bytes::Bytes::from(name.clone());
            let (hash, _) = blobs
                .put(&naming, ProjectId(*project), bytes, 0)
                .await
                .unwrap();
            drop(naming);
            let issue = fixture.issue_of(*project, number, "a thing", 7, T0_MS);
            let position = fixture.event(issue, &event);
            fixture.alike(issue, &event, position);
            let position = position.0 as i64;
            fill(&fixture, *project, number as i64, position);
            let sql = "INSERT INTO attachment (project_id, event_id, name, sha256, position,
                           number, content_type, attachment_type, size_bytes, received)
                       VALUES (?1, ?2, ?3, ?4, ?5, 0, 'text/plain', 'event.attachment', 6, ?6)";
            let values = params![project, event.id.0, name, hash.0, position, T0_MS];
            fixture.db.execute(sql, values).unwrap();
        }
        fixture.settle().await;
        Self { fixture }
    }

    /// The answer of one unary call.
    pub(crate) async fn call(&self, call: &Call, headers: &[(&'static str, String)]) -> Answer {
        let response = self.send(call, headers).await;
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned().unwrap_or_default();
        let text = |name: &str| {
            let value = trailers.get(name).or_else(|| parts.headers.get(name));
            value
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let code = text("grpc-status").and_then(|code| code.parse().ok());
        Answer {
            code: code.map(|code: i32| Code::from(code)),
            message: text("grpc-message").unwrap_or_default(),
            body: collected.to_bytes().to_vec(),
        }
    }

    /// The message of one call that must succeed.
    pub(crate) async fn ask<T: Message + Default>(
        &self,
        call: &Call,
        headers: &[(&'static str, String)],
    ) -> T {
        let answer = self.call(call, headers).await;
        assert_eq!(answer.code, Some(Code::Ok), "{}", answer.message);
        T::decode(&answer.body[5..]).unwrap()
    }

    /// Why a call is refused at once; none: it is not.
    pub(crate) async fn refusal(
        &self,
        call: &Call,
        headers: &[(&'static str, String)],
    ) -> Option<Code> {
        let response = self.send(call, headers).await;
        let code = response.headers().get("grpc-status")?;
        let code: i32 = code.to_str().ok()?.parse().ok()?;
        (code != 0).then(|| Code::from(code))
    }

    async fn send(&self, call: &Call, headers: &[(&'static str, String)]) -> http::Response<Body> {
        let mut framed = vec![0];
        framed.extend((call.body.len() as u32).to_be_bytes());
        framed.extend(&call.body);
        let mut request = Request::post(format!("/errata.v1.{}", call.path))
            .version(Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(framed)).unwrap();
        self.fixture.router().oneshot(request).await.unwrap()
    }

    /// The answer of one route.
    pub(crate) async fn get(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> (StatusCode, String) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.fixture.router().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

fn event_of(number: u8, project: u32) -> Event {
    Event {
        project_id: ProjectId(project),
        environment: format!("env-{project}"),
        release: format!("rel-{project}"),
        // One, for maps of messages have no order.
        tags: vec![("browser".to_owned(), "Firefox".to_owned())],
        ..event(number)
    }
}

fn decisions(existing: &BTreeSet<u32>, seen: &BTreeSet<u32>) -> Vec<Decision> {
    // Something takes the place of each that never was: records have positions, too.
    let projects = (1..=3).map(|id| {
        if !existing.contains(&id) {
            return Decision::AdvanceAlertCursor { position: 0 };
        }
        Decision::CreateProject {
            id: ProjectId(id),
            name: format!("project-{id}"),
            platform: "node".to_owned(),
            public_key: PublicKey([id as u8; 16]),
            key_label: String::new(),
            algorithm: 1,
        }
    });
    let user = |id, role| Decision::CreateUser {
        id: UserId(id),
        email: format!("{id}@acme.example"),
        name: String::new(),
        role,
        password_hash: String::new(),
        link: None,
    };
    let token = |id, user, token: &str, scope| Decision::CreateToken {
        id: TokenId(id),
        user_id: UserId(user),
        label: String::new(),
        token_sha256: sha256(token),
        scope,
        expires_ns: None,
    };
    let sees = |id, projects: &BTreeSet<u32>| Decision::SetUserProjects {
        id: UserId(id),
        sight: Sight::only(projects.iter().copied().map(ProjectId)),
    };
    // Somebody who sees others: of that no more may be known than both see.
    let others = existing.iter().copied().filter(|id| *id != 1).collect();
    projects
        .chain([
            user(1, Role::Owner),
            user(2, Role::Member),
            user(3, Role::Member),
            sees(2, seen),
            sees(3, &others),
            token(1, 1, TOKEN, TokenScope::Full),
            token(2, 1, OWNER_READ_TOKEN, TokenScope::Read),
            token(3, 2, MEMBER_TOKEN, TokenScope::Full),
            token(4, 2, MEMBER_READ_TOKEN, TokenScope::Read),
        ])
        .collect()
}

/// A row of every table that an issue of a project stands in.
fn fill(fixture: &Fixture, project: u32, issue: i64, position: i64) {
    let hour = T0_MS / HOUR_MS;
    let hour_now = fixture.clock.now_ns() / (HOUR_MS * 1_000_000);
    let (environment, release) = (2 * project, 2 * project + 1);
    let sql = format!(
        "BEGIN;
         INSERT OR IGNORE INTO name VALUES ({environment}, 'env-{project}'), ({release}, 'rel-{project}');
         INSERT OR IGNORE INTO scene VALUES ({project}, {environment}, {release});
         INSERT INTO fingerprint_hour VALUES ({issue}, {hour}, {project}, 7);
         INSERT INTO fingerprint_user_hour VALUES ({issue}, {hour}, {project}, {issue}, 1);
         INSERT INTO project_hour VALUES ({project}, {hour}, 4, {project}, 7)
             ON CONFLICT DO UPDATE SET count = count + 7;
         INSERT INTO fingerprint_user VALUES ({issue}, {issue});
         INSERT INTO fingerprint_tag VALUES ({issue}, 'browser', 'Firefox', 7);
         INSERT INTO issue_environment VALUES ({issue}, {environment}, 7, {T0_MS}, {T0_MS});
         INSERT INTO issue_release VALUES ({issue}, {release}, 7, {T0_MS}, {T0_MS});
         INSERT INTO issue_scene VALUES ({issue}, {project}, 7, {T0_MS}, {T0_MS});
         INSERT OR IGNORE INTO release VALUES ({project}, 'rel-{project}', 7, {T0_MS}, {T0_MS});
         INSERT OR IGNORE INTO environment VALUES ({project}, 'env-{project}', 7);
         INSERT INTO transition VALUES ({position}, {issue}, 1, 0, {T0_MS}, NULL, '', '');
         INSERT INTO activity VALUES ({issue}, {position}, 'new', 0, 'system', '');
         INSERT INTO delivery VALUES (x'{issue:032x}', {position}, {position}, {issue},
             'new_issue', 'email', 'a@b', 2, 1, '', 100);
         INSERT INTO change VALUES ({issue}, {position});
         INSERT INTO turned_away VALUES ({issue}, 3);
         INSERT INTO feedback VALUES ({project}, x'{issue:032x}', {position}, NULL, 'Jane', '',
             'it broke', '', '', '', {T0_MS});
         INSERT INTO arrival_hour VALUES ({project}, {hour_now}, 1, 'error', '', 7)
             ON CONFLICT DO UPDATE SET count = count + 7;
         INSERT OR IGNORE INTO session_scene VALUES ({project}, {project}, 'env-{project}', 'rel-{project}', {hour}, {hour});
         INSERT OR IGNORE INTO session_hour VALUES ({project}, {hour}, 7, 3, 1, 0, 0, 2, x'01', x'01');
         INSERT OR IGNORE INTO monitor VALUES ({project}, {project}, 'job-{project}', '', '');
         INSERT OR IGNORE INTO check_in VALUES ({project}, 1, x'{issue:032x}', 2, {T0_MS}, {T0_MS}, 5, '');
         UPDATE issue SET last_position = {position}, first_position = {position},
             last_event_id = x'{event}', first_event_id = x'{event}' WHERE id = {issue};
         COMMIT;",
        event = event_id(issue as u64),
    );
    fixture.db.execute_batch(&sql).unwrap();
}
