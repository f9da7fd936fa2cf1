//! `data/secret.key`: 32 random bytes, made at the first start, readable by the
//! owner of the process alone. Signs sessions and the internal token.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result, bail};
use event_model::credential::ServerSecret;

/// Name of the file in the data directory.
pub(crate) const NAME: &str = "secret.key";

/// Reads the key, or makes it. A file of another length is refused: replacing it
/// would end every session without a word.
pub(crate) fn load_or_create(data_dir: &Path) -> Result<ServerSecret> {
    let path = data_dir.join(NAME);
    if let Some(secret) = load(data_dir)? {
        return Ok(secret);
    }
    let mut key = [0u8; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("draw a random key: {error}"))?;
    let temporary = data_dir.join("secret.key.new");
    let _ = fs::remove_file(&temporary);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| format!("create {}", temporary.display()))?;
    file.write_all(&key)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("write {}", temporary.display()))?;
    fs::rename(&temporary, &path).with_context(|| format!("rename to {}", path.display()))?;
    fs::File::open(data_dir)
        .and_then(|dir| dir.sync_all())
        .context("sync the data directory")?;
    Ok(ServerSecret::new(key))
}

/// Reads the key; none before the gateway's first start has made it.
pub(crate) fn load(data_dir: &Path) -> Result<Option<ServerSecret>> {
    let path = data_dir.join(NAME);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) else {
        bail!(
            "{} holds {} bytes, not 32: restore it from a backup, or delete it to sign everyone out",
            path.display(),
            bytes.len()
        );
    };
    let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "others may read the secret key; use mode 600");
    }
    Ok(Some(ServerSecret::new(key)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = load_or_create(dir.path()).unwrap().internal_token();
        let mode = fs::metadata(dir.path().join("secret.key"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(load_or_create(dir.path()).unwrap().internal_token(), first);
        fs::write(dir.path().join("secret.key"), b"short").unwrap();
        let error = load_or_create(dir.path()).unwrap_err().to_string();
        assert!(error.contains("holds 5 bytes"), "{error}");
    }
}
