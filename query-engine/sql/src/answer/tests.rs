use std::sync::Arc;

use datafusion::arrow::{
    array::{
        ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
        TimestampNanosecondArray,
    },
    datatypes::Int32Type,
};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::*;

fn batch() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "t",
            Arc::new(StringArray::from(vec![Some("a,\"b\"\n"), None])),
        ),
        ("n", Arc::new(Int64Array::from(vec![Some(-5), Some(7)]))),
        ("f", Arc::new(Float64Array::from(vec![0.5, f64::NAN]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        (
            "at",
            Arc::new(
                TimestampNanosecondArray::from(vec![1_795_341_600_000_000_001, 0])
                    .with_timezone("UTC"),
            ),
        ),
        (
            "l",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                Some(vec![Some(1), None]),
                None,
            ])),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

async fn written(
    format: Format,
    sent: Vec<Result<RecordBatch, Refusal>>,
    rows_max: usize,
) -> (String, bool) {
    let (tx, batches) = mpsc::channel(8);
    for item in sent {
        tx.send(item.map(Some)).await.unwrap();
    }
    tx.send(Ok(None)).await.unwrap();
    drop(tx);
    let answer = Answer {
        schema: batch().schema(),
        batches: Batches::new(batches),
        began: Instant::now(),
        rows_max,
        is_limited: false,
    };
    let pieces: Vec<_> = begin(answer, format).await.unwrap().collect().await;
    let is_whole = pieces.iter().all(Result::is_ok);
    let bytes: Vec<u8> = pieces.into_iter().flatten().flatten().collect();
    (String::from_utf8_lossy(&bytes).into_owned(), is_whole)
}

#[tokio::test]
async fn json_has_columns_rows_and_an_end() {
    let (text, is_whole) = written(Format::Json, vec![Ok(batch()), Ok(batch())], 3).await;
    assert!(is_whole);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["columns"][4]["type"], "timestamp");
    assert_eq!(json["rows"].as_array().unwrap().len(), 3);
    assert_eq!(json["truncated"], true);
    assert_eq!(json["rows"][0][0], "a,\"b\"\n");
    assert_eq!(json["rows"][0][4], "2026-11-22T10:00:00.000000001Z");
    assert_eq!(json["rows"][0][5], serde_json::json!([1, null]));
    assert_eq!(json["rows"][1][0], serde_json::Value::Null);
}

#[tokio::test]
async fn csv_quotes_what_needs_it() {
    let (text, is_whole) = written(Format::Csv, vec![Ok(batch())], 10).await;
    assert!(is_whole);
    let expected = "t,n,f,b,at,l\r\n\"a,\"\"b\"\"\n\",-5,0.5,true,2026-11-22T10:00:00.000000001Z,\"[1,null]\"\r\n,7,";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test]
async fn no_rows_are_an_answer_too() {
    let (text, _) = written(Format::Json, Vec::new(), 10).await;
    assert!(text.contains("\"rows\":[],\"truncated\":false"), "{text}");
    let (text, _) = written(Format::Csv, Vec::new(), 10).await;
    assert_eq!(text, "t,n,f,b,at,l\r\n");
    let (text, is_whole) = written(Format::Arrow, Vec::new(), 10).await;
    assert!(is_whole && !text.is_empty());
}

#[tokio::test]
async fn an_answer_that_ends_early_does_not_look_whole() {
    let fault = || Err(Refusal::new(ErrorCode::Overloaded, "come again"));
    let (text, _) = written(Format::Json, vec![Ok(batch()), fault()], 10).await;
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["error"]["message"], "come again");
    for format in [Format::Csv, Format::Arrow] {
        let (_, is_whole) = written(format, vec![Ok(batch()), fault()], 10).await;
        assert!(!is_whole);
        let (_, is_whole) = written(format, vec![Ok(batch()), Ok(batch())], 3).await;
        assert!(!is_whole, "more rows than there may be");
    }
}

#[test]
fn a_form_is_named_or_json() {
    for (accept, expected) in [
        ("", Format::Json),
        ("*/*", Format::Json),
        ("text/csv", Format::Csv),
        ("text/html, text/csv;q=0.5", Format::Csv),
        ("application/vnd.apache.arrow.stream", Format::Arrow),
    ] {
        assert_eq!(Format::accepted(accept), expected, "{accept}");
    }
}

#[tokio::test]
async fn who_sends_and_vanishes_leaves_no_whole_answer() {
    let (tx, batches) = mpsc::channel(8);
    tx.send(Ok(Some(batch()))).await.unwrap();
    drop(tx);
    let mut batches = Batches::new(batches);
    assert!(batches.next().await.is_some_and(|batch| batch.is_ok()));
    assert!(batches.next().await.is_some_and(|batch| batch.is_err()));
    assert!(batches.next().await.is_none());
}
