//! Where Parquet files are, and for how long.

use std::{path::Path, time::Duration};

use anyhow::Result;
use object_place::Place;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{retention, store_variables};

/// `cold.*`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub(crate) struct ColdConfig {
    /// Where events are written as Parquet files, and read once the log has dropped them: a folder
    /// (`/srv/cold`, `file:///srv/cold`) or a bucket (`s3://bucket/folder`, `gs://bucket/folder`,
    /// `az://container/folder`; credentials, region and endpoint from `AWS_…`, `GOOGLE_…`,
    /// `AZURE_…` in the environment); empty: `cold` in the data directory.
    pub url: String,
    /// Parquet files of days of receipt older than this are removed: `365d`; empty: kept however
    /// old. Events are readable for as long as log or Parquet files have them.
    pub age: String,
}

impl ColdConfig {
    /// How old files get.
    pub(crate) fn age_max(&self) -> Result<Option<Duration>> {
        retention::duration("cold.age", &self.age)
    }

    /// Where they are.
    pub(crate) fn place(&self, data_dir: &Path) -> Place {
        if self.url.is_empty() {
            return Place::folder(data_dir.join("cold"));
        }
        Place {
            address: self.url.clone(),
            variables: store_variables(),
        }
    }
}
