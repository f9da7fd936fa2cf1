//! The tables of a query, each as far as the caller sees it.
//!
//! Invariant: what is registered here is all that a query can name; whatever a plan makes of
//! it, each provider shows rows of projects in sight alone.

mod cold;
mod conditions;
mod database;
mod hot;
mod left;

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{RecordBatch, StringArray, UInt32Array},
        datatypes::{DataType, Field, Schema, SchemaRef},
    },
    catalog::{
        CatalogProvider, MemTable, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
        TableProvider,
    },
    common::{Column, Result},
    datasource::{ViewTable, provider_as_source},
    logical_expr::{Expr, LogicalPlanBuilder},
};
use event_model::access::Sight;
use read_model::{cold::schema::schema, issues::reader::tables::TABLES};

use crate::{functions::issue_of, moment::Moment};

use self::{cold::ColdTable, database::DatabaseTable, hot::HotTable};

/// The catalogue's name, and that of its schema.
pub(crate) const CATALOG: &str = "errata";
pub(crate) const SCHEMA: &str = "public";

const EVENTS: &str = "events";
const PROJECTS: &str = "projects";

/// All tables there are.
pub(crate) fn names() -> Vec<&'static str> {
    let stored = TABLES.iter().map(|table| table.name);
    [EVENTS]
        .into_iter()
        .chain(stored)
        .chain([PROJECTS])
        .collect()
}

/// What people are told of a table.
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Names, types and meanings; of some columns the name says it.
    pub(crate) columns: Vec<(Arc<Field>, &'static str)>,
}

/// All tables, for people.
pub(crate) fn told() -> Vec<Told> {
    let events = Told {
        name: EVENTS,
        about: "an event, whole: of the log and of the Parquet files, each once",
        columns: events_schema()
            .fields()
            .iter()
            .map(|field| (Arc::clone(field), about_event(field.name())))
            .collect(),
    };
    let stored = TABLES.iter().map(|table| Told {
        name: table.name,
        about: table.about,
        columns: {
            let schema = table.schema();
            let fields = schema.fields().iter().cloned();
            fields
                .zip(table.columns.iter().map(|column| column.about))
                .collect()
        },
    });
    let projects = Told {
        name: PROJECTS,
        about: "a project that you see",
        columns: projects_schema()
            .fields()
            .iter()
            .map(|field| (Arc::clone(field), ""))
            .collect(),
    };
    [events]
        .into_iter()
        .chain(stored)
        .chain([projects])
        .collect()
}

/// In short; docs/formats/parquet.md has it whole.
fn about_event(column: &str) -> &'static str {
    match column {
        "position" => "the event's place in the log",
        "event_id" => "32 hex digits, unique within the project",
        "timestamp" => "when it happened, by the client's clock",
        "received_at" => "when it came in, by the server's clock; prunes files",
        "level" => "`debug` … `fatal`",
        "type" => "type of the newest exception; empty for messages",
        "value" => "first line of its value, or of the message",
        "title" => "as the issue is shown",
        "culprit" => "where it broke",
        "fingerprint" => "what grouping computed",
        "user" => "`id:42`, `email:…`, …; empty: none. In quotes, for SQL has a word of that name",
        "handled" => "whether the application caught it; null: unknown",
        "weight" => "how many events the row stands for: sum it to count",
        "size_bytes" => "the client's payload, decompressed",
        "tags" => "its tags: tags['browser']",
        "exceptions" => "oldest cause first, each with its frames",
        "body" => "the whole event as JSON: json_text(body, 'request.url')",
        "issue_id" => "the issue it belongs to now; null: not known yet",
        _ => "",
    }
}

fn events_schema() -> Schema {
    let columns = schema();
    let mut fields: Vec<Arc<Field>> = columns.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("issue_id", DataType::Utf8, true)));
    Schema::new(fields)
}

fn projects_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("project_id", DataType::UInt32, false),
        Field::new("name", DataType::Utf8, false),
    ]))
}

/// The tables of one query.
pub(crate) fn catalog(moment: &Arc<Moment>) -> Result<Arc<dyn CatalogProvider>> {
    let schema = MemorySchemaProvider::new();
    schema.register_table(EVENTS.to_owned(), events(moment)?)?;
    for table in TABLES {
        let provider = Arc::new(DatabaseTable::new(table, moment));
        schema.register_table(table.name.to_owned(), provider)?;
    }
    schema.register_table(PROJECTS.to_owned(), projects(moment)?)?;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(schema))?;
    Ok(Arc::new(catalog))
}

/// Files and log as one table, with the issue of each event: made anew for each event that is
/// asked for it, and for none where nobody asks.
fn events(moment: &Arc<Moment>) -> Result<Arc<dyn TableProvider>> {
    let scan = |name: &str, table: Arc<dyn TableProvider>| {
        LogicalPlanBuilder::scan(name, provider_as_source(table), None)
    };
    let cold = scan("cold", Arc::new(ColdTable::new(moment)))?;
    let hot = scan("hot", Arc::new(HotTable::new(moment)))?;
    let column = |name: &str| Expr::Column(Column::from_name(name));
    let columns = schema();
    let mut shown: Vec<Expr> = columns.fields().iter().map(|f| column(f.name())).collect();
    let issue = issue_of(moment, column("project_id"), column("fingerprint"));
    shown.push(issue.alias("issue_id"));
    let plan = cold.union(hot.build()?)?.project(shown)?.build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

fn projects(moment: &Moment) -> Result<Arc<dyn TableProvider>> {
    let state = moment.reads.control();
    let seen = state
        .projects
        .iter()
        .filter(|(id, _)| moment.sight.has(**id));
    let (ids, names): (Vec<u32>, Vec<&str>) = seen
        .map(|(id, project)| (id.0, project.name.as_str()))
        .unzip();
    let schema = projects_schema();
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(UInt32Array::from(ids)),
            Arc::new(StringArray::from(names)),
        ],
    )?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}

/// The numbers of the projects in sight; none: all.
fn numbers(sight: &Sight) -> Option<Vec<u32>> {
    match sight {
        Sight::All => None,
        Sight::Only(projects) => Some(projects.iter().map(|id| id.0).collect()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
