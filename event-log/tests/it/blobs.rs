//! Blobs by project and hash.

use event_log::blobs::{BLOB_BYTES_MAX, BlobError, BlobHash, Blobs, Put};
use event_model::ProjectId;

const PROJECT: ProjectId = ProjectId(7);

#[tokio::test]
async fn a_blob_comes_back_by_project_and_hash() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("blobs");
    let blobs = Blobs::open(&folder).unwrap();
    let (hash, put) = blobs
        .put(&blobs.naming().await, PROJECT, "source map".into(), 0)
        .await
        .unwrap();
    assert_eq!(put, Put::New);
    assert_eq!(hash, BlobHash::of(b"source map"));
    let again = blobs
        .put(&blobs.naming().await, PROJECT, "source map".into(), 0)
        .await
        .unwrap();
    assert_eq!(again, (hash, Put::Again));
    let path = folder.join("7").join(hash.to_string());
    assert_eq!(std::fs::read(path).unwrap(), b"source map");
    let again = Blobs::open(&folder).unwrap();
    let bytes = again.get(PROJECT, hash).await.unwrap();
    assert_eq!(bytes.as_deref(), Some(&b"source map"[..]));
    assert_eq!(again.get(ProjectId(8), hash).await.unwrap(), None);
    let other = BlobHash::of(b"other");
    assert_eq!(again.get(PROJECT, other).await.unwrap(), None);
    let (empty, _) = blobs
        .put(&blobs.naming().await, PROJECT, "".into(), 0)
        .await
        .unwrap();
    assert_eq!(
        blobs.get(PROJECT, empty).await.unwrap().as_deref(),
        Some(&b""[..])
    );
}

#[tokio::test]
async fn a_damaged_blob_is_never_handed_out_and_putting_it_again_heals_it() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let (hash, _) = blobs
        .put(&blobs.naming().await, PROJECT, "whole".into(), 0)
        .await
        .unwrap();
    let path = dir.path().join("7").join(hash.to_string());
    std::fs::write(&path, b"who").unwrap();
    let error = blobs.get(PROJECT, hash).await.unwrap_err();
    assert!(
        matches!(error, BlobError::Damaged { found, .. } if found == BlobHash::of(b"who")),
        "{error}"
    );
    blobs
        .put(&blobs.naming().await, PROJECT, "whole".into(), 0)
        .await
        .unwrap();
    let bytes = blobs.get(PROJECT, hash).await.unwrap();
    assert_eq!(bytes.as_deref(), Some(&b"whole"[..]));
}

#[tokio::test]
async fn a_blob_above_the_bound_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(dir.path()).unwrap();
    let large = vec![0u8; BLOB_BYTES_MAX + 1];
    let error = blobs
        .put(&blobs.naming().await, PROJECT, large.into(), 0)
        .await
        .unwrap_err();
    assert!(matches!(error, BlobError::TooLarge { .. }), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn only_64_lower_case_hex_digits_are_a_hash() {
    let good = "0123456789abcdef".repeat(4);
    assert_eq!(good.parse::<BlobHash>().unwrap().to_string(), good);
    let long = format!("{good}0");
    let upper = good.to_uppercase();
    let climbing = format!("../../{}", &good[6..]);
    let umlaut = format!("ä{}", &good[2..]);
    for bad in ["", &good[1..], &long, &upper, &climbing, &umlaut] {
        assert!(bad.parse::<BlobHash>().is_err(), "{bad}");
    }
}
