//! Flight SQL, by Arrow's own client.

use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow_flight::{
    FlightInfo,
    sql::{CommandGetDbSchemas, CommandGetTables, client::FlightSqlServiceClient},
};
use futures_util::TryStreamExt;
use tokio::net::TcpListener;
use tonic::transport::Channel;

use crate::world::{MEMBER, OWNER, World, event};

async fn client(world: &World) -> FlightSqlServiceClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = world.sql.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    FlightSqlServiceClient::new(channel.connect().await.unwrap())
}

async fn rows(client: &mut FlightSqlServiceClient<Channel>, info: FlightInfo) -> Vec<RecordBatch> {
    let described = info.clone().try_decode_schema().unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let stream = client.do_get(ticket).await.unwrap();
    let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    // Drivers refuse an answer that is not as it was described.
    for batch in &batches {
        assert_eq!(*batch.schema(), described);
    }
    batches
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |batch: &RecordBatch| {
        let column = batch.column(0).clone();
        let column = arrow::compute::cast(&column, &arrow::datatypes::DataType::Int64).unwrap();
        let column: &Int64Array = column.as_primitive();
        column.values().to_vec()
    };
    batches.iter().flat_map(column).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_flight_sql_signs_in_looks_around_and_asks() {
    let world = World::new();
    for n in 0..100 {
        world.append(&event(n));
    }
    let mut client = client(&world).await;
    let refused = client.execute("SELECT 1".to_owned(), None).await;
    assert!(refused.is_err(), "nobody is signed in");
    client.handshake("anybody", MEMBER).await.unwrap();
    let info = client
        .execute("SELECT count(*) FROM events".to_owned(), None)
        .await;
    assert_eq!(numbers(&rows(&mut client, info.unwrap()).await), [80]);
    client.set_token(OWNER.to_owned());
    let info = client
        .execute("SELECT count(*) FROM events".to_owned(), None)
        .await;
    assert_eq!(numbers(&rows(&mut client, info.unwrap()).await), [100]);
    let wrong = client
        .execute("SELECT titel FROM events".to_owned(), None)
        .await;
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("did you mean"), "{wrong}");

    let tables = CommandGetTables {
        include_schema: true,
        ..CommandGetTables::default()
    };
    let info = client.get_tables(tables).await.unwrap();
    let batches = rows(&mut client, info).await;
    let names: &StringArray = batches[0].column_by_name("table_name").unwrap().as_string();
    assert!(
        names.iter().flatten().any(|name| name == "events"),
        "{names:?}"
    );
    for info in [
        client.get_catalogs().await.unwrap(),
        client
            .get_db_schemas(CommandGetDbSchemas::default())
            .await
            .unwrap(),
        client.get_table_types().await.unwrap(),
        client.get_sql_info(vec![]).await.unwrap(),
        client
            .get_xdbc_type_info(arrow_flight::sql::CommandGetXdbcTypeInfo::default())
            .await
            .unwrap(),
    ] {
        let batches = rows(&mut client, info).await;
        assert!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_query_takes_parameters_and_nothing_is_written() {
    let world = World::new();
    for n in 0..60 {
        world.append(&event(n));
    }
    let mut client = client(&world).await;
    client.set_token(OWNER.to_owned());
    let query = "SELECT count(*) FROM events WHERE level = $1 AND project_id = $2";
    let mut prepared = client.prepare(query.to_owned(), None).await.unwrap();
    assert_eq!(prepared.parameter_schema().unwrap().fields().len(), 2);
    let bound = RecordBatch::try_from_iter([
        (
            "1",
            Arc::new(StringArray::from(vec!["error"])) as arrow::array::ArrayRef,
        ),
        ("2", Arc::new(Int64Array::from(vec![2]))),
    ]);
    prepared.set_parameters(bound.unwrap()).unwrap();
    let info = prepared.execute().await.unwrap();
    assert_eq!(numbers(&rows(&mut client, info).await), [4]);
    prepared.close().await.unwrap();

    let update = client
        .execute_update("DELETE FROM events".to_owned(), None)
        .await;
    let update = update.unwrap_err().to_string();
    assert!(update.contains("only reads"), "{update}");
    assert!(client.begin_transaction().await.is_err());
}
