//! `errata project scrub` and `errata project filters`: settings as JSON; `errata project
//! spike-protection`, a switch.

use std::{io::Read as _, path::Path};

use anyhow::{Context, Result};
use event_model::settings::{Filters, Scrubbing};
use ingest_gateway::people::settings::{filters_of, filters_to, scrubbing_of, scrubbing_to};
use proto::v1::{
    GetProjectSettingsRequest, ProjectSettings, SetFiltersRequest, SetScrubbingRequest,
    SetSpikeProtectionRequest, project_settings_service_client::ProjectSettingsServiceClient,
};
use serde::de::DeserializeOwned;
use tonic::transport::Channel;

use super::said;
use crate::cli::{SettingsChoice, Switch};

pub(super) type Client = ProjectSettingsServiceClient<Channel>;

/// Sets if asked to; prints what holds then.
pub(super) async fn scrub(choice: &SettingsChoice, channel: Channel) -> Result<String> {
    let mut client = Client::new(channel);
    if let Some(file) = &choice.set {
        let request = SetScrubbingRequest {
            project_id: choice.project,
            scrubbing: Some(scrubbing_to(&read::<Scrubbing>(file)?)),
        };
        client.set_scrubbing(request).await.map_err(|s| said(&s))?;
    }
    let held = held(&mut client, choice.project).await?;
    let settings = scrubbing_of(&held.scrubbing.unwrap_or_default())
        .map_err(|error| anyhow::anyhow!("{}", error.message))?;
    printed(&settings)
}

/// Sets if asked to; prints what holds then.
pub(super) async fn filters(choice: &SettingsChoice, channel: Channel) -> Result<String> {
    let mut client = Client::new(channel);
    if let Some(file) = &choice.set {
        let request = SetFiltersRequest {
            project_id: choice.project,
            filters: Some(filters_to(&read::<Filters>(file)?)),
        };
        client.set_filters(request).await.map_err(|s| said(&s))?;
    }
    let held = held(&mut client, choice.project).await?;
    printed(&filters_of(&held.filters.unwrap_or_default()))
}

/// Switches if asked to; prints what holds then.
pub(super) async fn spike_protection(
    project_id: u32,
    set: Option<Switch>,
    channel: Channel,
) -> Result<String> {
    let mut client = Client::new(channel);
    if let Some(switch) = set {
        let is_on = switch == Switch::On;
        let request = SetSpikeProtectionRequest { project_id, is_on };
        let done = client.set_spike_protection(request).await;
        done.map_err(|s| said(&s))?;
    }
    let is_on = held(&mut client, project_id).await?.spike_protection;
    Ok(if is_on { "on\n" } else { "off\n" }.to_owned())
}

pub(super) async fn held(client: &mut Client, project_id: u32) -> Result<ProjectSettings> {
    let request = GetProjectSettingsRequest { project_id };
    let held = client.get_project_settings(request).await;
    Ok(held.map_err(|s| said(&s))?.into_inner())
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.context("read standard input")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?
    };
    let json = &mut serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(json)
        .with_context(|| format!("{} holds no such settings", file.display()))
}

fn printed<T: serde::Serialize>(settings: &T) -> Result<String> {
    let mut text = serde_json::to_string_pretty(settings).context("write JSON")?;
    text.push('\n');
    Ok(text)
}
