//! `issue_id` of an event: which issue its fingerprint belongs to now.
//!
//! Invariant: asked of the issue database in the caller's sight, each fingerprint once a
//! query; null where the issues do not have it: in the moments until they have applied a new
//! event.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, StringBuilder},
        datatypes::{DataType, UInt32Type},
    },
    common::{DataFusionError, Result},
    logical_expr::{
        ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};
use event_model::{Fingerprint, IssueId, ProjectId};
use parking_lot::Mutex;
use read_model::issues::reader::Reader;

use crate::{fault::Stopped, moment::Moment};

/// Fingerprints that are remembered: some 30 MiB.
const KNOWN_MAX: usize = 500_000;

type Key = (ProjectId, Fingerprint);

/// `issue_id` of the columns `project_id` and `fingerprint`.
pub(crate) fn issue_of(moment: &Arc<Moment>, project: Expr, fingerprint: Expr) -> Expr {
    let types = vec![DataType::UInt32, DataType::Utf8];
    let function = IssueOf {
        signature: Signature::exact(types, Volatility::Stable),
        moment: Arc::clone(moment),
        known: Mutex::default(),
    };
    ScalarUDF::from(function).call(vec![project, fingerprint])
}

struct IssueOf {
    signature: Signature,
    moment: Arc<Moment>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    reader: Option<Reader>,
    issues: HashMap<Key, Option<IssueId>>,
}

impl std::fmt::Debug for IssueOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IssueOf")
    }
}

/// One a query.
impl PartialEq for IssueOf {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.moment, &other.moment)
    }
}

impl Eq for IssueOf {}

impl Hash for IssueOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.moment).hash(state);
    }
}

impl ScalarUDFImpl for IssueOf {
    fn name(&self) -> &'static str {
        "issue_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [projects, prints] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(
                "issue_of has two arguments".to_owned(),
            ));
        };
        let projects = projects.as_primitive::<UInt32Type>().iter();
        let keys = projects.zip(prints.as_string::<i32>().iter());
        let keys: Vec<Option<Key>> = keys.map(|(project, print)| key(project?, print?)).collect();
        let mut known = self.known.lock();
        known.learn(&self.moment, keys.iter().flatten())?;
        let mut found = StringBuilder::new();
        for key in keys {
            let issue = key.and_then(|key| known.issues.get(&key).copied().flatten());
            found.append_option(issue.map(|issue| issue.to_string()));
        }
        let found: ArrayRef = Arc::new(found.finish());
        Ok(ColumnarValue::Array(found))
    }
}

fn key(project: u32, print: &str) -> Option<Key> {
    Some((ProjectId(project), print.parse().ok()?))
}

impl Known {
    fn learn<'k>(
        &mut self,
        moment: &Moment,
        keys: impl Iterator<Item = &'k Key>,
    ) -> Result<(), DataFusionError> {
        if self.issues.len() > KNOWN_MAX {
            self.issues.clear();
        }
        let mut asked: Vec<Key> = keys
            .filter(|key| !self.issues.contains_key(key))
            .copied()
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        asked.sort_unstable();
        asked.dedup();
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => moment
                .reads
                .issues()
                .map_err(|refusal| Stopped::Refused(refusal.message))?,
        };
        let told = reader.read(&moment.sight, |snapshot| {
            snapshot.issue_ids(asked.iter().copied())
        });
        let told = told.map_err(Stopped::Issues)?;
        self.reader = Some(reader);
        for key in asked {
            self.issues.insert(key, told.get(&key).copied());
        }
        Ok(())
    }
}
