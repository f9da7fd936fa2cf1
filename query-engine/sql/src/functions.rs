//! The functions of a query: DataFusion's, without those that make much of nothing, with a
//! bound on those that make much of little, and two of ours.
//!
//! Invariant: no call makes more than [`GROWN_BYTES_MAX`] at once of a batch of rows: what a
//! function gives back stands in no account of memory, and a chain of calls could double it
//! each time.

mod issue;
mod json;

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, AsArray},
        compute::kernels::concat_elements::concat_elements_utf8,
        datatypes::{DataType, FieldRef},
    },
    common::{DFSchema, DataFusionError, Result, ScalarValue},
    execution::SessionStateDefaults,
    logical_expr::{
        ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
        ScalarUDFImpl, Signature, Volatility, cast,
        planner::{ExprPlanner, PlannerResult, RawBinaryExpr},
    },
    sql::sqlparser::ast::BinaryOperator,
};

pub(crate) use issue::issue_of;

/// What a call may make of one batch of rows, bytes.
const GROWN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Make as much of nothing as one likes.
const REMOVED: [&str; 7] = [
    "repeat",
    "lpad",
    "rpad",
    "array_repeat",
    "array_resize",
    "range",
    "generate_series",
];

/// Make long values of short ones, and how.
const GROWN: [(&str, Grows); 7] = [
    ("concat", Grows::Sum),
    ("concat_ws", Grows::Sum),
    ("array_concat", Grows::Sum),
    ("make_array", Grows::Sum),
    ("array_to_string", Grows::Joined),
    ("replace", Grows::Replaced),
    ("regexp_replace", Grows::Matched),
];

/// All names of those, for whoever counts calls.
pub(crate) const GROWING: [&str; 14] = [
    "concat",
    "concat_ws",
    "array_concat",
    "array_cat",
    "list_concat",
    "list_cat",
    "make_array",
    "make_list",
    "array_to_string",
    "list_to_string",
    "array_join",
    "list_join",
    "replace",
    "regexp_replace",
];

/// The functions that a query has.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    let given = SessionStateDefaults::default_scalar_functions().into_iter();
    let kept = given.filter(|function| !REMOVED.contains(&function.name()));
    let bounded = kept.map(|function| {
        let how = GROWN.iter().find(|(name, _)| *name == function.name());
        match how {
            Some((_, grows)) => guarded(function, *grows),
            None => function,
        }
    });
    bounded.chain([json::json_text()]).collect()
}

fn guarded(inner: Arc<ScalarUDF>, grows: Grows) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Guarded { inner, grows }))
}

/// Plans `||` of texts, and lists of values, as functions that are bounded.
#[derive(Debug)]
pub(crate) struct Planner {
    join: Arc<ScalarUDF>,
    list: Option<Arc<ScalarUDF>>,
}

impl Planner {
    /// With the functions of [`all`].
    pub(crate) fn new(functions: &[Arc<ScalarUDF>]) -> Self {
        let list = functions
            .iter()
            .find(|function| function.name() == "make_array");
        let join = ScalarUDF::from(Join {
            signature: Signature::uniform(2, vec![DataType::Utf8], Volatility::Immutable),
        });
        Self {
            join: guarded(Arc::new(join), Grows::Sum),
            list: list.cloned(),
        }
    }
}

impl ExprPlanner for Planner {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let is_join = expr.op == BinaryOperator::StringConcat;
        let is_list = |expr: &Expr| -> Result<bool> {
            let kind = expr.get_type(schema)?;
            Ok(matches!(
                kind,
                DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)
            ))
        };
        if !is_join || is_list(&expr.left)? || is_list(&expr.right)? {
            return Ok(PlannerResult::Original(expr));
        }
        let text = |expr: Expr| -> Result<Expr> {
            Ok(match expr.get_type(schema)? {
                DataType::Utf8 => expr,
                _ => cast(expr, DataType::Utf8),
            })
        };
        let joined = self.join.call(vec![text(expr.left)?, text(expr.right)?]);
        Ok(PlannerResult::Planned(joined))
    }

    fn plan_array_literal(
        &self,
        exprs: Vec<Expr>,
        _: &DFSchema,
    ) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(match &self.list {
            Some(list) => PlannerResult::Planned(list.call(exprs)),
            None => PlannerResult::Original(exprs),
        })
    }
}

/// How much a function can make of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Grows {
    /// As much as all of them together.
    Sum,
    /// The second stands between the parts of the first.
    Joined,
    /// The third stands for each of the second in the first.
    Replaced,
    /// Likewise, and what is found may be empty, and be in the third.
    Matched,
}

impl Grows {
    /// At most so many bytes.
    fn bound(self, args: &ScalarFunctionArgs) -> usize {
        let bytes = |at: usize| {
            args.args
                .get(at)
                .map_or(0, |arg| bytes_of(arg, args.number_rows))
        };
        let longest = |at: usize| args.args.get(at).map_or(0, longest_of);
        match self {
            Self::Sum => (0..args.args.len()).map(bytes).sum(),
            Self::Joined => bytes(0).saturating_mul(1 + longest(1)),
            Self::Replaced => {
                let found = args.args.get(1).map_or(1, shortest_of).max(1);
                let found = bytes(0) / found + args.number_rows;
                bytes(0).saturating_add(found.saturating_mul(longest(2)))
            }
            Self::Matched => {
                let found = bytes(0) + args.number_rows;
                bytes(0).saturating_add(found.saturating_mul(longest(2)))
            }
        }
    }
}

/// A function that is asked first how much it could make.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Guarded {
    inner: Arc<ScalarUDF>,
    grows: Grows,
}

impl ScalarUDFImpl for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = self.grows.bound(&args);
        // What does not grow is as large as what is there already.
        let is_alike =
            self.grows != Grows::Sum && args.args.get(2).is_some_and(|arg| longest_of(arg) == 0);
        if bytes > GROWN_BYTES_MAX && !is_alike {
            let mib = |bytes: usize| bytes / (1024 * 1024);
            return Err(DataFusionError::Execution(format!(
                "{} could make {} MiB of {} rows, at most {} MiB: shorten its texts first, by left(…)",
                self.name(),
                mib(bytes),
                args.number_rows,
                mib(GROWN_BYTES_MAX)
            )));
        }
        self.inner.invoke_with_args(args)
    }
}

/// `||` of two texts; of a missing one nothing.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Join {
    signature: Signature,
}

impl ScalarUDFImpl for Join {
    fn name(&self) -> &'static str {
        "join_texts"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = arrays.as_slice() else {
            return Err(DataFusionError::Internal("|| has two sides".to_owned()));
        };
        let joined = concat_elements_utf8(left.as_string::<i32>(), right.as_string::<i32>())?;
        let is_one = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        if is_one {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &joined, 0,
            )?));
        }
        Ok(ColumnarValue::Array(Arc::new(joined)))
    }
}

/// Bytes of an argument, in all rows.
fn bytes_of(arg: &ColumnarValue, rows: usize) -> usize {
    match arg {
        ColumnarValue::Array(array) if *array.data_type() == DataType::Utf8View => {
            texts(array.as_ref()).sum()
        }
        ColumnarValue::Array(array) => {
            let bytes = array.to_data().get_slice_memory_size();
            bytes.unwrap_or_else(|_| array.get_array_memory_size())
        }
        ColumnarValue::Scalar(scalar) => scalar_bytes(scalar).saturating_mul(rows),
    }
}

/// Bytes of the longest text of an argument.
fn longest_of(arg: &ColumnarValue) -> usize {
    match arg {
        ColumnarValue::Array(array) => texts(array.as_ref()).max().unwrap_or_default(),
        ColumnarValue::Scalar(scalar) => scalar_bytes(scalar),
    }
}

fn shortest_of(arg: &ColumnarValue) -> usize {
    match arg {
        ColumnarValue::Array(array) => texts(array.as_ref()).min().unwrap_or_default(),
        ColumnarValue::Scalar(scalar) => scalar_bytes(scalar),
    }
}

fn scalar_bytes(scalar: &ScalarValue) -> usize {
    match scalar {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_ref().map_or(0, String::len)
        }
        other => other.size(),
    }
}

fn texts(array: &dyn Array) -> Box<dyn Iterator<Item = usize> + '_> {
    let length = |text: Option<&str>| text.map_or(0, str::len);
    match array.data_type() {
        DataType::Utf8 => Box::new(array.as_string::<i32>().iter().map(length)),
        DataType::LargeUtf8 => Box::new(array.as_string::<i64>().iter().map(length)),
        DataType::Utf8View => Box::new(array.as_string_view().iter().map(length)),
        _ => Box::new(std::iter::empty()),
    }
}
