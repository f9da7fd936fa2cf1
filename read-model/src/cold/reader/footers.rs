//! The footers of files that were read last: where in a file everything is.
//!
//! Invariant: a footer is of one content. A file that was written anew under its name has another tag, and is read
//! anew.

use std::{collections::VecDeque, sync::Arc};

use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path as ObjectPath};
use parking_lot::Mutex;
use parquet::{
    arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions},
    file::metadata::PageIndexPolicy,
};

use super::object::Object;
use crate::{
    ReadModelError,
    cold::{home::store_error, writer::parquet_error},
};

/// Footers kept.
const FOOTERS_MAX: usize = 32;

/// See the module; the newest last.
#[derive(Debug, Default)]
pub(super) struct Footers(Mutex<VecDeque<Footer>>);

/// The footer of a file, and which content it is of.
#[derive(Debug, Clone)]
pub(super) struct Footer {
    pub(super) object: Object,
    pub(super) metadata: ArrowReaderMetadata,
}

impl Footers {
    /// The footer of a file as it is now.
    pub(super) async fn of(
        &self,
        store: &Arc<dyn ObjectStore>,
        path: &ObjectPath,
    ) -> Result<Footer, ReadModelError> {
        let object = store.head(path).await.map_err(store_error("open", path))?;
        if let Some(footer) = self.known(&object) {
            return Ok(footer);
        }
        let mut object = Object {
            store: Arc::clone(store),
            path: path.clone(),
            meta: Arc::new(object),
        };
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load_async(&mut object, options).await;
        let footer = Footer {
            metadata: metadata.map_err(parquet_error("read the footer of", path))?,
            object,
        };
        let mut kept = self.0.lock();
        kept.retain(|other| other.object.path != footer.object.path);
        while kept.len() >= FOOTERS_MAX {
            kept.pop_front();
        }
        kept.push_back(footer.clone());
        Ok(footer)
    }

    fn known(&self, object: &ObjectMeta) -> Option<Footer> {
        let mut kept = self.0.lock();
        let at = kept
            .iter()
            .position(|footer| *footer.object.meta == *object)?;
        let footer = kept.remove(at)?;
        kept.push_back(footer.clone());
        Some(footer)
    }
}
