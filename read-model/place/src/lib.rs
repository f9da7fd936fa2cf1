//! Where objects are kept, told by an address: a folder (a path, or `file:///path`), or a bucket,
//! `s3://bucket/folder` (and `s3a://`), `gs://bucket/folder`, `az://container/folder` (and `abfs://`,
//! `abfss://`).
//!
//! Invariant: whatever the address lacks (credentials, region, endpoint) comes from the variables that are
//! handed in, by the names that other programs read, `AWS_…`, `GOOGLE_…`, `AZURE_…`; this crate reads no
//! environment. Nothing is asked of a bucket before it is read or written: an address that is right and leads
//! nowhere opens.

use std::{path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder, azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder, path::Path as Location, prefix::PrefixStore,
};
use url::Url;

/// What the names of variables begin with that say something of a store.
pub const VARIABLES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// Where objects are.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// See the module.
    pub address: String,
    /// Variables of the environment: credentials, region, endpoint.
    pub variables: Vec<(String, String)>,
}

/// Values of variables are secrets.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.address).finish()
    }
}

/// How long a bucket is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For one request, its body included.
    pub request: Duration,
    /// From the first try to the begin of the last one.
    pub retry: Duration,
    /// Tries after the first one.
    pub retries_max: usize,
}

/// An address, read.
#[derive(Debug, Clone)]
pub enum Home {
    /// A folder of this machine, which need not be there.
    Folder(PathBuf),
    /// A bucket, or a folder of one.
    Bucket(Arc<dyn ObjectStore>),
}

/// An address that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{address:?} is no folder and no URL like s3://bucket/folder, gs://bucket/folder or az://container/folder: {reason}"
)]
pub struct PlaceError {
    /// As it was given.
    pub address: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Place {
    /// A folder.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self {
            address: path.into().to_string_lossy().into_owned(),
            variables: Vec::new(),
        }
    }

    /// Whether it is a bucket, by its address alone.
    pub fn is_bucket(&self) -> bool {
        self.address.contains("://") && !self.address.starts_with("file://")
    }

    /// Reads the address, and prepares what it takes to reach a bucket.
    pub fn open(&self, patience: Patience) -> Result<Home, PlaceError> {
        if !self.address.contains("://") {
            if self.address.is_empty() {
                return Err(self.refused("it is empty"));
            }
            return Ok(Home::Folder(PathBuf::from(&self.address)));
        }
        let url = Url::parse(&self.address).map_err(|error| self.refused(&error))?;
        let store: Arc<dyn ObjectStore> = match url.scheme() {
            "file" => {
                let path = url.to_file_path();
                let path = path.map_err(|()| {
                    self.refused("of file:// a path is expected, like file:///srv/cold")
                })?;
                return Ok(Home::Folder(path));
            }
            "s3" | "s3a" => Arc::new(self.s3(patience)?),
            "gs" => Arc::new(self.google(patience)?),
            "az" | "azure" | "abfs" | "abfss" => Arc::new(self.azure(patience)?),
            scheme => return Err(self.refused(&format!("its scheme {scheme:?} is not known"))),
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(self.refused("it names no bucket"));
        }
        let prefix = Location::from_url_path(url.path()).map_err(|error| self.refused(&error))?;
        Ok(Home::Bucket(Arc::new(PrefixStore::new(store, prefix))))
    }

    fn s3(&self, patience: Patience) -> Result<object_store::aws::AmazonS3, PlaceError> {
        let builder = AmazonS3Builder::new()
            .with_client_options(patience.client())
            .with_retry(patience.retries())
            .with_url(&self.address);
        let settings = self.settings();
        let builder = settings.fold(builder, |builder, (key, value)| {
            builder.with_config(key, value)
        });
        builder.build().map_err(|error| self.refused(&error))
    }

    fn google(
        &self,
        patience: Patience,
    ) -> Result<object_store::gcp::GoogleCloudStorage, PlaceError> {
        let builder = GoogleCloudStorageBuilder::new()
            .with_client_options(patience.client())
            .with_retry(patience.retries())
            .with_url(&self.address);
        let settings = self.settings();
        let builder = settings.fold(builder, |builder, (key, value)| {
            builder.with_config(key, value)
        });
        builder.build().map_err(|error| self.refused(&error))
    }

    fn azure(&self, patience: Patience) -> Result<object_store::azure::MicrosoftAzure, PlaceError> {
        let builder = MicrosoftAzureBuilder::new()
            .with_client_options(patience.client())
            .with_retry(patience.retries())
            .with_url(&self.address);
        let settings = self.settings();
        let builder = settings.fold(builder, |builder, (key, value)| {
            builder.with_config(key, value)
        });
        builder.build().map_err(|error| self.refused(&error))
    }

    /// The variables that a kind of store knows.
    fn settings<K: std::str::FromStr>(&self) -> impl Iterator<Item = (K, String)> {
        let of = |(name, value): &(String, String)| {
            Some((name.to_ascii_lowercase().parse().ok()?, value.clone()))
        };
        self.variables.iter().filter_map(of)
    }

    fn refused(&self, reason: &(impl std::fmt::Display + ?Sized)) -> PlaceError {
        PlaceError {
            address: self.address.clone(),
            reason: reason.to_string(),
        }
    }
}

impl Patience {
    fn client(self) -> ClientOptions {
        ClientOptions::new()
            .with_connect_timeout(self.connect)
            .with_timeout(self.request)
    }

    fn retries(self) -> RetryConfig {
        RetryConfig {
            max_retries: self.retries_max,
            retry_timeout: self.retry,
            ..RetryConfig::default()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Patience = Patience {
        connect: Duration::from_secs(1),
        request: Duration::from_secs(1),
        retry: Duration::from_secs(1),
        retries_max: 0,
    };

    fn place(address: &str) -> Place {
        let variables = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "aGlkZGVu"),
            ("GOOGLE_SKIP_SIGNATURE", "true"),
            ("AWS_OF_ANOTHER_PROGRAM", "x"),
        ];
        Place {
            address: address.to_owned(),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        }
    }

    #[test]
    fn addresses_lead_to_folders_and_buckets() {
        for (address, path) in [
            ("/srv/cold", "/srv/cold"),
            ("relative/cold", "relative/cold"),
            ("file:///srv/my%20cold", "/srv/my cold"),
        ] {
            let home = place(address).open(PATIENCE).unwrap();
            assert!(
                matches!(home, Home::Folder(found) if found.as_os_str() == path),
                "{address}"
            );
            assert!(!place(address).is_bucket());
        }
        for (address, shown) in [
            ("s3://bucket/a/b", "(a/b)"),
            ("s3a://bucket", "()"),
            ("gs://bucket/a", "(a)"),
            ("az://container/a", "(a)"),
            ("abfs://container/a", "(a)"),
        ] {
            assert!(place(address).is_bucket());
            match place(address).open(PATIENCE).unwrap() {
                Home::Bucket(store) => assert!(store.to_string().contains(shown), "{store}"),
                Home::Folder(path) => panic!("{address} became {path:?}"),
            }
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused_with_the_reason_and_without_a_secret() {
        for (address, reason) in [
            ("", "it is empty"),
            ("ftp://host/x", "\"ftp\" is not known"),
            ("s3://", ""),
            ("s3:///folder", ""),
            ("file://host/x", "a path is expected"),
            ("gs:// /", ""),
        ] {
            let error = place(address).open(PATIENCE).map(|_| ()).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains(reason) && text.contains(&format!("{address:?}")),
                "{text}"
            );
            assert!(
                !text.contains("hidden") && !text.contains("aGlkZGVu"),
                "{text}"
            );
        }
        assert!(!format!("{:?}", place("s3://bucket")).contains("hidden"));
    }

    proptest! {
        #[test]
        fn no_address_panics(address in ".{0,40}", scheme in "(s3|gs|az|file|abfs)://.{0,30}") {
            let _ = place(&address).open(PATIENCE);
            let _ = place(&scheme).open(PATIENCE);
        }
    }
}
