//! Keys and projects: renamed, rotated.

use proto::v1::{
    CreateKeyRequest, DisableKeyRequest, EnableKeyRequest, ListKeysRequest, RenameKeyRequest,
    RenameProjectRequest,
};
use serde_json::json;
use tonic::Code;

use crate::{
    accounts::{accounts, by, commands, member, refused},
    support::{TOKEN, World},
};

#[tokio::test]
async fn keys_are_rotated_and_renamed_and_projects_too() {
    let world = World::new().await;
    let mut client = commands(&world);
    let create = CreateKeyRequest {
        project_id: 1,
        label: "new".to_owned(),
    };
    let new = client
        .create_key(by(TOKEN, create))
        .await
        .unwrap()
        .into_inner()
        .public_key;
    let send = async |key: &str| {
        let body = json!({"error": {"type": "E"}}).to_string();
        let answer = world
            .post(&format!("/api/errors?key={key}"), &[], body)
            .await;
        answer.status.as_u16()
    };
    let old = crate::support::KEY.to_owned();
    let key = |public_key: &str| (1, public_key.to_owned());
    let (project_id, public_key) = key(&old);
    let disable = DisableKeyRequest {
        project_id,
        public_key,
    };
    client.disable_key(by(TOKEN, disable)).await.unwrap();
    assert_eq!((send(&old).await, send(&new).await), (403, 202));
    let rename = RenameKeyRequest {
        project_id: 1,
        public_key: new.clone(),
        label: "mobile".to_owned(),
    };
    client.rename_key(by(TOKEN, rename)).await.unwrap();
    let listed = accounts(&world)
        .list_keys(by(TOKEN, ListKeysRequest { project_id: 1 }))
        .await;
    let listed = listed.unwrap().into_inner().keys;
    let shown: Vec<(&str, bool)> = listed
        .iter()
        .map(|key| (key.label.as_str(), key.enabled))
        .collect();
    assert_eq!(shown, [("default", false), ("mobile", true)]);
    let (project_id, public_key) = key(&old);
    let enable = EnableKeyRequest {
        project_id,
        public_key,
    };
    client.enable_key(by(TOKEN, enable)).await.unwrap();
    assert_eq!(send(&old).await, 202);
    let unknown = EnableKeyRequest {
        project_id: 1,
        public_key: "0".repeat(32),
    };
    refused(client.enable_key(by(TOKEN, unknown)).await, Code::NotFound);

    let rename = |name: &str| RenameProjectRequest {
        project_id: 1,
        name: name.to_owned(),
        platform: "go".to_owned(),
    };
    client
        .rename_project(by(TOKEN, rename("shop")))
        .await
        .unwrap();
    client
        .rename_project(by(TOKEN, rename("Shop")))
        .await
        .unwrap();
    let (_, token) = member(&world, "ada@example.com").await;
    refused(
        client.rename_project(by(&token, rename("x"))).await,
        Code::PermissionDenied,
    );
}
