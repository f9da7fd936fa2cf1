//! Arrow Flight SQL on the port of gRPC: for BI tools and notebooks, by ADBC, JDBC, ODBC.
//!
//! Invariant: the same queries as over REST, by the same callers, within the same bounds.
//! Nothing is kept between calls: a handle is the text itself (and what was bound to it), and
//! whoever brings it is asked who they are each time. Updates and transactions are refused.

mod about;
mod wire;

use std::pin::Pin;

use arrow_flight::{
    Action, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse, IpcMessage,
    SchemaAsIpc, Ticket,
    decode::FlightRecordBatchStream,
    error::FlightError,
    flight_service_server::{FlightService, FlightServiceServer},
    sql::{
        ActionBeginTransactionRequest, ActionBeginTransactionResult,
        ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
        ActionCreatePreparedStatementResult, CommandGetCatalogs, CommandGetDbSchemas,
        CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
        CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementIngest,
        CommandStatementQuery, CommandStatementUpdate, DoPutPreparedStatementResult, SqlInfo,
        TicketStatementQuery,
        server::{FlightSqlService, PeekableFlightDataStream},
    },
};
use axum::Router;
use bytes::Bytes;
use datafusion::arrow::{datatypes::Schema, ipc::writer::IpcWriteOptions};
use event_model::access::{Action as Right, Viewer};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderValue, header};
use prost::Message;
use proto::error::{ErrorCode, Refusal};
use tonic::{Request, Response, Status, Streaming};

use self::{
    about::{SERVER, TYPES},
    wire::{
        DoGet, Handle, encoded, failed, handle_of, info_of, password, ticket_of, unknown_handle,
        values, whole,
    },
};
use crate::{
    engine::{Asked, SqlEngine},
    tables::{self, CATALOG, SCHEMA},
};

/// Longest request: a text and what is bound to it.
const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;
/// What every table is.
const TABLE: &str = "TABLE";
const READS_ONLY: &str = "this server only reads: SELECT, WITH, VALUES, EXPLAIN, SHOW, DESCRIBE";

/// The routes, to be merged with those of gRPC.
pub(crate) fn routes(engine: &SqlEngine) -> Router {
    let server = FlightServiceServer::new(Flight(engine.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    // The fallback of the whole is another's.
    tonic::service::Routes::new(server)
        .into_axum_router()
        .reset_fallback()
}

/// See the module.
struct Flight(SqlEngine);

impl Flight {
    fn viewer<T>(&self, request: &Request<T>) -> Result<Viewer, Status> {
        let headers = request.metadata().clone().into_headers();
        self.viewer_of(&headers, request.extensions())
    }

    fn viewer_of(
        &self,
        headers: &HeaderMap,
        extensions: &http::Extensions,
    ) -> Result<Viewer, Status> {
        let viewer = self
            .0
            .reads()
            .viewer(headers, extensions, Right::ReadProject);
        viewer.map_err(|refusal| refusal.status())
    }

    fn asked(&self, viewer: Viewer, handle: Handle) -> Result<Asked, Status> {
        let parameters = handle.parameters.iter().map(|value| {
            let value = serde_json::from_str(value).map_err(|_| unknown_handle())?;
            crate::rest::parameter(0, value).map_err(|refusal| refusal.status())
        });
        Ok(Asked {
            viewer,
            text: handle.text,
            parameters: parameters.collect::<Result<_, _>>()?,
            rows_max: self.0.config().stream_rows_max,
            is_limited: false,
        })
    }

    async fn info(
        &self,
        request: Request<FlightDescriptor>,
        handle: Handle,
        ticket: Bytes,
    ) -> Result<Response<FlightInfo>, Status> {
        let viewer = self.viewer(&request)?;
        let asked = self.asked(viewer, handle)?;
        let described = self.0.describe(asked).await;
        let described = described.map_err(|refusal| refusal.status())?;
        info_of(&described.schema, request.into_inner(), ticket)
    }

    async fn rows(&self, viewer: Viewer, handle: Handle) -> Result<Response<DoGet>, Status> {
        let asked = self.asked(viewer, handle)?;
        let answer = self.0.query(asked).await;
        let answer = answer.map_err(|refusal| refusal.status())?;
        let schema = answer.schema;
        let (batches, left) = (answer.batches, answer.rows_max);
        let batches = stream::unfold((batches, left), async |(mut batches, left)| {
            let batch = batches.next().await?;
            let (batch, left) = match batch {
                Ok(batch) if batch.num_rows() > left => (Err(too_many_rows().status()), 0),
                Ok(batch) => {
                    let left = left - batch.num_rows();
                    (Ok(batch), left)
                }
                Err(refusal) => (Err(refusal.status()), 0),
            };
            Some((batch.map_err(FlightError::from), (batches, left)))
        });
        Ok(Response::new(encoded(schema, batches)))
    }
}

fn too_many_rows() -> Refusal {
    let message = "it has more rows than an answer may have";
    Refusal::at(ErrorCode::Invalid, "query", message)
}

#[tonic::async_trait]
impl FlightSqlService for Flight {
    type FlightService = Self;

    /// A token as the password of anybody: what clients send who know names and passwords
    /// only. They go on with it as a bearer.
    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<
        Response<Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>>,
        Status,
    > {
        let given = request.metadata().get(header::AUTHORIZATION.as_str());
        let given = given
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let token = match given.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => password(rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Some(rest.to_owned()),
            _ => None,
        };
        let bearer = token.map(|token| HeaderValue::try_from(format!("Bearer {token}")));
        let Some(Ok(bearer)) = bearer else {
            let message = "sign in with any name and an API token as the password";
            let refusal = Refusal::new(ErrorCode::Unauthenticated, message);
            return Err(refusal.status());
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, bearer.clone());
        self.viewer_of(&headers, request.extensions())?;
        let answers = stream::iter([Ok(HandshakeResponse::default())]);
        let mut response: Response<Pin<Box<dyn Stream<Item = _> + Send>>> =
            Response::new(Box::pin(answers));
        let text = bearer.to_str().unwrap_or_default();
        if let Ok(value) = text.parse() {
            response.metadata_mut().insert("authorization", value);
        }
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let handle = Handle {
            text: query.query,
            parameters: Vec::new(),
        };
        let ticket = TicketStatementQuery {
            statement_handle: handle.encode_to_vec().into(),
        };
        self.info(request, handle, ticket_of(&ticket)).await
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        let viewer = self.viewer(&request)?;
        self.rows(viewer, handle_of(&ticket.statement_handle)?)
            .await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let viewer = self.viewer(&request)?;
        let handle = Handle {
            text: query.query,
            parameters: Vec::new(),
        };
        let asked = self.asked(viewer, handle.clone())?;
        let described = self.0.describe(asked).await;
        let described = described.map_err(|refusal| refusal.status())?;
        let message = |schema: &Schema| -> Result<Bytes, Status> {
            let options = IpcWriteOptions::default();
            let message = IpcMessage::try_from(SchemaAsIpc::new(schema, &options));
            let IpcMessage(bytes) = message.map_err(|error| failed(&error))?;
            Ok(bytes)
        };
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: handle.encode_to_vec().into(),
            dataset_schema: message(&described.schema)?,
            parameter_schema: message(&described.parameters)?,
        })
    }

    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        self.viewer(&request)?;
        let mut handle = handle_of(&query.prepared_statement_handle)?;
        let batches = request.into_inner().map_err(FlightError::from);
        let mut batches = FlightRecordBatchStream::new_from_flight_data(batches);
        let mut bound: Option<Vec<String>> = None;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(Status::from)?;
            let is_second = bound.is_some() && batch.num_rows() > 0;
            if batch.num_rows() > 1 || is_second {
                let message = "one row of parameters at a time can be bound";
                return Err(Status::invalid_argument(message));
            }
            if batch.num_rows() == 1 {
                bound = Some(values(&batch)?);
            }
        }
        handle.parameters = bound.unwrap_or_default();
        Ok(DoPutPreparedStatementResult {
            prepared_statement_handle: Some(handle.encode_to_vec().into()),
        })
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let handle = handle_of(&query.prepared_statement_handle)?;
        self.info(request, handle, ticket_of(&query)).await
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        let viewer = self.viewer(&request)?;
        self.rows(viewer, handle_of(&query.prepared_statement_handle)?)
            .await
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        _: Request<Action>,
    ) -> Result<(), Status> {
        // Nothing was kept.
        Ok(())
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.viewer(&request)?;
        let ticket = ticket_of(&query);
        info_of(&query.into_builder().schema(), request.into_inner(), ticket)
    }

    async fn do_get_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        self.viewer(&request)?;
        let mut builder = query.into_builder();
        builder.append(CATALOG);
        let schema = builder.schema();
        Ok(whole(schema, builder.build()))
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.viewer(&request)?;
        let ticket = ticket_of(&query);
        info_of(&query.into_builder().schema(), request.into_inner(), ticket)
    }

    async fn do_get_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        self.viewer(&request)?;
        let mut builder = query.into_builder();
        builder.append(CATALOG, SCHEMA);
        let schema = builder.schema();
        Ok(whole(schema, builder.build()))
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.viewer(&request)?;
        let ticket = ticket_of(&query);
        info_of(&query.into_builder().schema(), request.into_inner(), ticket)
    }

    async fn do_get_tables(
        &self,
        query: CommandGetTables,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        self.viewer(&request)?;
        let mut builder = query.into_builder();
        for table in tables::told() {
            let fields: Vec<_> = table.columns.into_iter().map(|(field, _)| field).collect();
            let columns = Schema::new(fields);
            builder
                .append(CATALOG, SCHEMA, table.name, TABLE, &columns)
                .map_err(Status::from)?;
        }
        let schema = builder.schema();
        Ok(whole(schema, builder.build()))
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.viewer(&request)?;
        let ticket = ticket_of(&query);
        info_of(&query.into_builder().schema(), request.into_inner(), ticket)
    }

    async fn do_get_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        self.viewer(&request)?;
        let mut builder = query.into_builder();
        builder.append(TABLE);
        let schema = builder.schema();
        Ok(whole(schema, builder.build()))
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.viewer(&request)?;
        let ticket = ticket_of(&query);
        let schema = query.into_builder(&SERVER).schema();
        info_of(&schema, request.into_inner(), ticket)
    }

    async fn do_get_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        self.viewer(&request)?;
        let builder = query.into_builder(&SERVER);
        let schema = builder.schema();
        Ok(whole(schema, builder.build()))
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.viewer(&request)?;
        let ticket = ticket_of(&query);
        let schema = query.into_builder(&TYPES).schema();
        info_of(&schema, request.into_inner(), ticket)
    }

    async fn do_get_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<Ticket>,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Status> {
        self.viewer(&request)?;
        let builder = query.into_builder(&TYPES);
        let schema = builder.schema();
        Ok(whole(schema, builder.build()))
    }

    async fn do_put_statement_update(
        &self,
        _: CommandStatementUpdate,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(reads_only())
    }

    async fn do_put_prepared_statement_update(
        &self,
        _: CommandPreparedStatementUpdate,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(reads_only())
    }

    async fn do_put_statement_ingest(
        &self,
        _: CommandStatementIngest,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(reads_only())
    }

    async fn do_action_begin_transaction(
        &self,
        _: ActionBeginTransactionRequest,
        _: Request<Action>,
    ) -> Result<ActionBeginTransactionResult, Status> {
        Err(Status::unimplemented(
            "there are no transactions: each query is of one moment",
        ))
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}

fn reads_only() -> Status {
    Refusal::new(ErrorCode::Invalid, READS_ONLY).status()
}
