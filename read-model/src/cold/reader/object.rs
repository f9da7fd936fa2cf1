//! One content of a cold file, in ranges.
//!
//! Invariant: all ranges are of the content whose footer was read. A file that was written anew meanwhile is refused
//! by its tag, never mixed.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, path::Path as ObjectPath};
use parquet::{
    arrow::{arrow_reader::ArrowReaderOptions, async_reader::AsyncFileReader},
    errors::ParquetError,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};

/// Ranges that are closer to each other are fetched as one.
const GAP_BYTES_MAX: u64 = 64 * 1024;
/// Read from the end of a file at once: most footers of our files are smaller.
const FOOTER_HINT_BYTES: usize = 64 * 1024;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) store: Arc<dyn ObjectStore>,
    /// Not the one of `meta`: a store that is a folder of a bucket may tell another.
    pub(super) path: ObjectPath,
    pub(super) meta: Arc<ObjectMeta>,
}

impl Object {
    async fn range(&self, range: Range<u64>) -> object_store::Result<Bytes> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: self.meta.e_tag.clone(),
            ..GetOptions::default()
        };
        self.store
            .get_opts(&self.path, options)
            .await?
            .bytes()
            .await
    }
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for Object {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        self.range(range)
            .map(|bytes| bytes.map_err(external))
            .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let this = self.clone();
        async move {
            let fetch = |range| this.range(range);
            let bytes = object_store::coalesce_ranges(&ranges, fetch, GAP_BYTES_MAX).await;
            bytes.map_err(external)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        let size = self.meta.size;
        async move {
            let metadata = ParquetMetaDataReader::new()
                .with_arrow_reader_options(options)
                .with_prefetch_hint(Some(FOOTER_HINT_BYTES))
                .load_and_finish(self, size)
                .await?;
            Ok(Arc::new(metadata))
        }
        .boxed()
    }
}
