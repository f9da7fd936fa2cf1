use event_log::LogWriter;
use event_model::{Actor, Command, Decision, ProjectId, credential::Caller};
use ingest_gateway::{Bootstrap, Gateway, StartError};

use crate::support::{KEY, TOKEN, World, config, config_in, open_log, secret, wishes};

fn count_commands(log: &LogWriter) -> usize {
    log.reader().commands_after(0).count()
}

#[tokio::test]
async fn the_first_start_makes_project_key_and_owner_and_prints_them() {
    let world = World::with(config(), Bootstrap::default()).await;
    let report = world.gateway.bootstrap_report().clone();
    assert!(report.first_start);
    let dsn = report.dsn.unwrap();
    assert!(
        dsn.starts_with("http://") && dsn.ends_with("@127.0.0.1:8470/1"),
        "{dsn}"
    );
    let link = report.owner_link.unwrap();
    assert!(link.starts_with("http://127.0.0.1:8470/welcome#"), "{link}");
    assert!(link.len() > 60);
}

#[tokio::test]
async fn wishes_fix_key_owner_and_token_and_a_second_start_changes_nothing() {
    let world = World::new().await;
    let report = world.gateway.bootstrap_report().clone();
    assert_eq!(report.dsn, Some(format!("http://{KEY}@127.0.0.1:8470/1")));
    assert_eq!(report.owner_link, None);
    let commands = count_commands(&world.log);
    assert_eq!(commands, 4);
    let revoked = world.gateway.commands();
    revoked
        .revoke_token(Caller::Admin, proto::v1::RevokeTokenRequest { token_id: 1 })
        .await
        .unwrap();

    let world = World::in_dir(world.stop(), config(), wishes()).await;
    let report = world.gateway.bootstrap_report();
    assert!(!report.first_start);
    // A revoked token does not come back.
    assert_eq!(count_commands(&world.log), commands + 1);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_heals_at_the_next_start() {
    let whole = World::new().await;
    let all: Vec<Command> = whole
        .log
        .reader()
        .commands_after(0)
        .map(|record| record.unwrap().1)
        .collect();
    let finished = whole.gateway.commands().core().state().read().clone();
    for steps in 0..=all.len() {
        let dir = tempfile::tempdir().unwrap();
        let log = open_log(dir.path());
        for command in &all[..steps] {
            log.append_command(command.clone()).await.unwrap();
        }
        log.close().unwrap();
        drop(log);
        let world = World::in_dir(dir, config(), wishes()).await;
        let state = world.gateway.commands().core().state().read().clone();
        assert_eq!(state.organization, finished.organization, "after {steps}");
        assert_eq!(state.projects.len(), 1, "after {steps}");
        assert_eq!(state.keys.len(), 1, "after {steps}");
        assert_eq!(state.users.len(), 1, "after {steps}");
        assert_eq!(state.tokens.len(), 1, "after {steps}");
        assert_eq!(count_commands(&world.log), all.len(), "after {steps}");
    }
}

#[tokio::test]
async fn until_the_owner_has_a_password_each_start_makes_a_new_link() {
    let world = World::with(config(), Bootstrap::default()).await;
    let first = world.gateway.bootstrap_report().clone();
    let world = World::in_dir(world.stop(), config(), Bootstrap::default()).await;
    let second = world.gateway.bootstrap_report().clone();
    assert!(!second.first_start);
    assert_eq!(first.dsn, second.dsn);
    assert!(second.owner_link.is_some());
    assert_ne!(first.owner_link, second.owner_link);
}

#[tokio::test]
async fn malformed_wishes_are_refused_before_anything_is_written() {
    for token in ["short", "with a blank in the middle", &"x".repeat(129)] {
        let dir = tempfile::tempdir().unwrap();
        let log = open_log(dir.path());
        let wishes = Bootstrap {
            token: Some(token.to_owned()),
            ..wishes()
        };
        let started = Gateway::start(
            config_in(dir.path(), config()),
            log.clone(),
            secret(),
            wishes,
        )
        .await;
        let Err(refused @ StartError::Bootstrap(_)) = started else {
            panic!("{token} was taken");
        };
        assert!(refused.to_string().ends_with(": bootstrap.token"));
        assert_eq!(count_commands(&log), 0);
    }
}

#[tokio::test]
async fn a_first_start_that_ended_after_its_first_step_is_finished_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_log(dir.path());
    let decision = Decision::CreateProject {
        id: ProjectId(1),
        name: "default".to_owned(),
        platform: String::new(),
        public_key: crate::support::KEY.parse().unwrap(),
        key_label: String::new(),
        algorithm: 1,
    };
    let command = Command {
        actor: Actor::System,
        at_ns: 1,
        decision,
    };
    log.append_command(command).await.unwrap();
    log.close().unwrap();
    drop(log);
    let world = World::in_dir(dir, config(), wishes()).await;
    let answer = world.post_native(crate::support::native_event("")).await;
    assert_eq!(answer.status.as_u16(), 202);
    assert!(!format!("{:?}", wishes()).contains(TOKEN));
}
