//! Queries under way: who may begin, on which threads, how long.
//!
//! Invariant: planning and running happen on threads of their own, whose stacks bear what
//! `check` lets pass, so that a heavy query takes time from nobody's request but other
//! queries'. A query holds a turn from its beginning to its end; it ends with its time, with
//! its rows, or when its answer is dropped. A batch or two are ahead of whoever takes them.

mod session;

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use datafusion::{
    arrow::{
        array::RecordBatch,
        datatypes::{DataType, Field, Schema, SchemaRef},
    },
    common::{DataFusionError, ParamValues, Result as DataResult, ScalarValue},
    execution::{
        SendableRecordBatchStream, SessionState,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    logical_expr::{LogicalPlan, LogicalPlanBuilder, ScalarUDF},
    physical_plan::execute_stream,
};
use event_model::access::Viewer;
use futures_util::StreamExt;
use proto::error::{ErrorCode, Refusal};
use query_engine::Reads;
use tokio::{
    runtime::Runtime,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
};

use self::session::OneStore;
use crate::{
    check, cold::ColdFiles, fault, flight, functions, memory::Account, moment::Moment, rest,
};

/// Stack of a thread that queries run on: trees are walked by recursion, and `check` lets
/// trees of some depth pass. Only what is touched takes memory.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// Most threads that queries run on.
const THREADS_MAX: usize = 4;
/// Threads that read logs and databases: a few a query.
const BLOCKING_MAX: usize = 32;
/// Longest wait for a turn; beyond it whoever asks is told to come back.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);
/// Batches of an answer ahead of whoever takes them.
const AHEAD: usize = 2;
/// What footers of files may take, bytes.
const FOOTERS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What queries may take; no hidden defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlConfig {
    /// Memory of all queries together, bytes; one may take half.
    pub memory_bytes: usize,
    /// Queries at once.
    pub queries_max: usize,
    /// Longest time of one, whoever takes its answer slowly included.
    pub time_max: Duration,
    /// Most rows of an answer in JSON.
    pub rows_max: usize,
    /// Most rows of an answer that is only passed on: CSV, Arrow.
    pub stream_rows_max: usize,
}

/// Why SQL cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its threads.
    #[error("the threads of queries cannot be started")]
    Threads(#[source] std::io::Error),
    /// What they share.
    #[error("what queries share cannot be made")]
    Shared(#[from] DataFusionError),
}

/// See the module. Dropping it ends its queries.
#[derive(Clone)]
pub struct SqlEngine(Arc<Inner>);

impl std::fmt::Debug for SqlEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SqlEngine").field(&self.0.config).finish()
    }
}

struct Inner {
    config: SqlConfig,
    reads: Reads,
    files: Arc<dyn ColdFiles>,
    account: Arc<Account>,
    /// What queries share: footers of files, the store.
    shared: Arc<RuntimeEnv>,
    functions: Vec<Arc<ScalarUDF>>,
    turns: Arc<Semaphore>,
    threads: usize,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting is not for asynchronous tasks, which may be who drops this.
            runtime.shutdown_background();
        }
    }
}

/// A query of somebody.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) viewer: Viewer,
    pub(crate) text: String,
    /// For $1, $2, …
    pub(crate) parameters: Vec<ScalarValue>,
    /// Rows beyond are left out.
    pub(crate) rows_max: usize,
    /// Whoever asks wants no more: what is beyond need not be told.
    pub(crate) is_limited: bool,
}

/// An answer that has begun. Dropping it ends the query.
pub(crate) struct Answer {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Batches,
    pub(crate) began: Instant,
    pub(crate) rows_max: usize,
    pub(crate) is_limited: bool,
}

/// What a query is like that was planned.
pub(crate) struct Described {
    pub(crate) schema: SchemaRef,
    /// One for each of $1, $2, …
    pub(crate) parameters: Schema,
}

/// A batch, or none at the end: an answer without one is not whole.
pub(crate) type Sent = Result<Option<RecordBatch>, Refusal>;

/// The batches of an answer as they come.
pub(crate) struct Batches {
    sent: mpsc::Receiver<Sent>,
    is_over: bool,
}

impl Batches {
    pub(crate) fn new(sent: mpsc::Receiver<Sent>) -> Self {
        Self {
            sent,
            is_over: false,
        }
    }

    /// The next one; none: it was the last.
    pub(crate) async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        if self.is_over {
            return None;
        }
        let next = match self.sent.recv().await {
            Some(Ok(batch)) => batch.map(Ok),
            Some(Err(refusal)) => Some(Err(refusal)),
            // Whoever sent is gone by a panic.
            None => Some(Err(gone())),
        };
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }

    /// Nothing more is wanted.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
        self.sent.close();
    }
}

fn gone() -> Refusal {
    Refusal::new(ErrorCode::Internal, "the query failed on the server")
}

impl SqlEngine {
    /// Makes ready.
    pub fn start(
        config: SqlConfig,
        reads: Reads,
        files: Arc<dyn ColdFiles>,
    ) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = cores.clamp(1, THREADS_MAX);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(BLOCKING_MAX)
            .thread_name("errata-sql")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let store = OneStore(Arc::clone(&files));
        let shared = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(
                DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
            )
            .with_object_store_registry(Arc::new(store))
            .with_metadata_cache_limit(FOOTERS_BYTES_MAX)
            .build_arc()?;
        Ok(Self(Arc::new(Inner {
            account: Account::new(config.memory_bytes),
            turns: Arc::new(Semaphore::new(config.queries_max.max(1))),
            functions: functions::all(),
            config,
            reads,
            files,
            shared,
            threads,
            runtime: Some(runtime),
        })))
    }

    /// The routes of REST and of Flight SQL, to be merged with those of the query engine.
    pub fn router(&self) -> Router {
        let rest = self.0.reads.rest(rest::routes(self));
        rest.merge(flight::routes(self))
    }

    pub(crate) fn config(&self) -> &SqlConfig {
        &self.0.config
    }

    pub(crate) fn reads(&self) -> &Reads {
        &self.0.reads
    }

    /// Begins a query; comes back with the columns of its answer.
    pub(crate) async fn query(&self, asked: Asked) -> Result<Answer, Refusal> {
        let (rows, batches) = mpsc::channel(AHEAD);
        let mut batches = Batches::new(batches);
        let (began, rows_max, is_limited) = (Instant::now(), asked.rows_max, asked.is_limited);
        let (told, schema) = oneshot::channel();
        self.run(asked, rows, told).await?;
        let schema = match schema.await {
            Ok(schema) => schema?,
            // It ended while it was planned: why comes where rows would come.
            Err(_) => match batches.next().await {
                Some(Err(refusal)) => return Err(refusal),
                _ => return Err(gone()),
            },
        };
        Ok(Answer {
            schema,
            batches,
            began,
            rows_max,
            is_limited,
        })
    }

    /// What a query's answer would be like. It is planned, not run.
    pub(crate) async fn describe(&self, asked: Asked) -> Result<Described, Refusal> {
        let turn = self.turn().await?;
        let inner = Arc::clone(&self.0);
        let Some(runtime) = &self.0.runtime else {
            return Err(Refusal::new(ErrorCode::Overloaded, "the server stops"));
        };
        let planned = runtime.spawn(async move {
            let _turn = turn;
            describe(&inner, &asked).await
        });
        planned.await.map_err(|_| gone())?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let turn = tokio::time::timeout(TURN_WAIT_MAX, Arc::clone(&self.0.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            let message = format!("{} queries at once, come again", self.0.config.queries_max);
            return Err(Refusal::new(ErrorCode::Overloaded, message));
        };
        Ok(turn)
    }

    async fn run(
        &self,
        asked: Asked,
        rows: mpsc::Sender<Sent>,
        told: oneshot::Sender<Result<SchemaRef, Refusal>>,
    ) -> Result<(), Refusal> {
        let turn = self.turn().await?;
        let Some(runtime) = &self.0.runtime else {
            return Err(Refusal::new(ErrorCode::Overloaded, "the server stops"));
        };
        let inner = Arc::downgrade(&self.0);
        runtime.spawn(async move {
            // Strong for as long as it plans, not for as long as it runs.
            let Some(inner) = inner.upgrade() else {
                return;
            };
            let time_max = inner.config.time_max;
            let mut stopping = inner.reads.stopping();
            let work = work(inner, asked, rows.clone(), told, turn);
            let fault = tokio::select! {
                // Nobody waits.
                () = rows.closed() => None,
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {
                    Some(Refusal::new(ErrorCode::Overloaded, "the server stops"))
                }
                ended = tokio::time::timeout(time_max, work) => ended.is_err().then(|| {
                    let seconds = time_max.as_secs();
                    let message = format!("takes longer than {seconds} s: filter or aggregate more");
                    Refusal::at(ErrorCode::Invalid, "query", message)
                }),
            };
            if let Some(refusal) = fault {
                // Behind what is still to be taken; the query itself is over.
                let _ = rows.send_timeout(Err(refusal), time_max).await;
            }
        });
        Ok(())
    }
}

/// Plans and runs a query; what goes wrong before its first row is told with the columns.
async fn work(
    inner: Arc<Inner>,
    asked: Asked,
    rows: mpsc::Sender<Sent>,
    told: oneshot::Sender<Result<SchemaRef, Refusal>>,
    _turn: OwnedSemaphorePermit,
) {
    let begun = begin(&inner, asked).await;
    drop(inner);
    let mut stream = match begun {
        Ok(stream) => stream,
        Err(refusal) => {
            let _ = told.send(Err(refusal));
            return;
        }
    };
    if told.send(Ok(stream.schema())).is_err() {
        return;
    }
    while let Some(batch) = stream.next().await {
        let batch = batch.map(Some).map_err(|error| fault::of_run(&error));
        let is_end = batch.is_err();
        if rows.send(batch).await.is_err() || is_end {
            return;
        }
    }
    // Whoever went away meanwhile needs no end.
    let _ = rows.send(Ok(None)).await;
}

async fn begin(inner: &Arc<Inner>, asked: Asked) -> Result<SendableRecordBatchStream, Refusal> {
    let text = asked.text.as_str();
    let (state, plan) = plan(inner, &asked).await?;
    let plan = bound(plan, asked.parameters, asked.rows_max);
    let plan = plan.map_err(|error| fault::of_text(&error, text))?;
    let physical = state.create_physical_plan(&plan).await;
    let physical = physical.map_err(|error| fault::of_text(&error, text))?;
    execute_stream(physical, state.task_ctx()).map_err(|error| fault::of_run(&error))
}

/// Of one moment, without parameters.
async fn plan(inner: &Arc<Inner>, asked: &Asked) -> Result<(SessionState, LogicalPlan), Refusal> {
    let statement = check::read(&asked.text)?;
    let (reads, files) = (inner.reads.clone(), Arc::clone(&inner.files));
    let sight = asked.viewer.sight().clone();
    let moment = tokio::task::spawn_blocking(move || Moment::now(&reads, sight, &files));
    let moment = Arc::new(moment.await.map_err(|_| gone())??);
    let state = inner
        .state(&moment)
        .map_err(|error| fault::of_run(&error))?;
    let plan = state.statement_to_plan(statement).await;
    let plan = plan.map_err(|error| fault::of_text(&error, &asked.text))?;
    Ok((state, plan))
}

async fn describe(inner: &Arc<Inner>, asked: &Asked) -> Result<Described, Refusal> {
    let (state, plan) = plan(inner, asked).await?;
    let fault = |error: DataFusionError| fault::of_text(&error, &asked.text);
    let types = plan.get_parameter_types().map_err(fault)?;
    let mut names: Vec<(String, DataType)> = types
        .into_iter()
        .map(|(name, kind)| (name, kind.unwrap_or(DataType::Utf8)))
        .collect();
    // "$10" stands behind "$9".
    names.sort_by_key(|(name, _)| (name.len(), name.clone()));
    let fields = names
        .iter()
        .map(|(name, kind)| Field::new(name, kind.clone(), true));
    let parameters = Schema::new(fields.collect::<Vec<_>>());
    if asked.parameters.len() < names.len() {
        // Nothing is bound yet: planned as far as it can be.
        let schema = Arc::clone(plan.schema().inner());
        return Ok(Described { schema, parameters });
    }
    let plan = bound(plan, asked.parameters.clone(), asked.rows_max).map_err(fault)?;
    let physical = state.create_physical_plan(&plan).await.map_err(fault)?;
    Ok(Described {
        schema: physical.schema(),
        parameters,
    })
}

/// Puts in the parameters, and an end after a row more than are wanted.
fn bound(
    plan: LogicalPlan,
    parameters: Vec<ScalarValue>,
    rows_max: usize,
) -> DataResult<LogicalPlan> {
    let names = plan.get_parameter_names()?;
    if names.len() > parameters.len() {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort();
        return Err(DataFusionError::Plan(format!(
            "{} needs {} parameters, {} were given",
            names.join(", "),
            names.len(),
            parameters.len()
        )));
    }
    let values = parameters.into_iter().map(Into::into).collect();
    let plan = plan.with_param_values(ParamValues::List(values))?;
    match plan {
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_) => {
            Ok(plan)
        }
        plan => LogicalPlanBuilder::from(plan)
            .limit(0, Some(rows_max.saturating_add(1)))?
            .build(),
    }
}
