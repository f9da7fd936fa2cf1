use super::*;

/// Every code: the compiler asks for a new one here.
fn place(code: ErrorCode) -> usize {
    match code {
        ErrorCode::Invalid => 0,
        ErrorCode::Unauthenticated => 1,
        ErrorCode::Forbidden => 2,
        ErrorCode::NotFound => 3,
        ErrorCode::NotRetained => 4,
        ErrorCode::MethodNotAllowed => 5,
        ErrorCode::TimedOut => 6,
        ErrorCode::Conflict => 7,
        ErrorCode::TooLarge => 8,
        ErrorCode::UnsupportedEncoding => 9,
        ErrorCode::UnsupportedType => 10,
        ErrorCode::Limited => 11,
        ErrorCode::Overloaded => 12,
        ErrorCode::Internal => 13,
    }
}

#[test]
fn every_code_stands_in_its_row() {
    let codes: Vec<ErrorCode> = ErrorCode::all().collect();
    for (at, code) in codes.iter().enumerate() {
        assert_eq!((place(*code), *code as usize), (at, at), "{code:?}");
        assert_eq!(ErrorCode::of_word(code.word()), Some(*code));
    }
    assert_eq!(ErrorCode::of_word("teapot"), None);
}

#[test]
fn the_words_and_statuses_are_those_of_the_openapi_document() {
    let text = include_str!("../../../docs/openapi.json");
    let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let code = &document["components"]["schemas"]["Problem"]["properties"]["code"];
    let described = code["x-statuses"].as_object().expect("an object");
    let ours = ErrorCode::all().map(|code| (code.word().to_owned(), code.http().as_u16().into()));
    assert_eq!(*described, ours.collect());
    let mut listed: Vec<&str> = code["enum"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(serde_json::Value::as_str)
        .collect();
    let mut words: Vec<&str> = ErrorCode::all().map(ErrorCode::word).collect();
    listed.sort_unstable();
    words.sort_unstable();
    assert_eq!(listed, words);
}

#[test]
fn a_refusal_reads_alike_in_every_protocol() {
    for code in ErrorCode::all() {
        for field in ["", "error.type", "events[3]"] {
            let refusal = Refusal::at(code, field, "must not be: empty").retry_after(7);
            let response: Response<String> = refusal.response();
            assert_eq!(response.status(), code.http());
            let said: serde_json::Value = serde_json::from_str(response.body()).expect("JSON");
            let given = (!field.is_empty()).then_some(field);
            assert_eq!(
                said,
                serde_json::json!({"error": {"code": code.word(), "message": "must not be: empty", "field": given}})
            );
            let waits = response.headers().get(header::RETRY_AFTER);
            assert_eq!(waits.is_some(), code.is_retriable(), "{code:?}");

            let status = refusal.status();
            assert_eq!(status.code(), code.grpc());
            assert_eq!(
                status.message(),
                if field.is_empty() {
                    "must not be: empty".to_owned()
                } else {
                    format!("{field}: must not be: empty")
                }
            );
            // Over the wire and back: what is sent as headers is all there is.
            let mut headers = HeaderMap::new();
            status.add_header(&mut headers).expect("sound headers");
            let arrived = Status::from_header_map(&headers).expect("a status");
            let mut same = refusal.clone();
            if !code.is_retriable() {
                same.retry_after_s = RETRY_AFTER_S;
            }
            assert_eq!(Refusal::of_status(&arrived), same);
        }
    }
}

#[test]
fn a_status_of_somebody_else_is_understood_by_its_code() {
    for number in 1..=16 {
        let status = Status::new(Code::from_i32(number), "field: not ours");
        let refusal = Refusal::of_status(&status);
        assert_eq!(
            (refusal.message.as_str(), refusal.field.as_str()),
            ("field: not ours", "")
        );
        let passes = matches!(
            status.code(),
            Code::Unavailable | Code::Aborted | Code::Cancelled | Code::ResourceExhausted
        );
        assert_eq!(refusal.code.is_retriable(), passes, "{number}");
    }
}

#[test]
fn only_what_may_pass_later_carries_a_waiting_time() {
    let wait = |refusal: Refusal| {
        let response: Response<String> = refusal.response();
        let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
        Some(seconds.to_owned())
    };
    let of = |code| Refusal::new(code, "later");
    assert_eq!(wait(of(ErrorCode::Overloaded)).as_deref(), Some("5"));
    let limited = of(ErrorCode::Limited).retry_after(60);
    assert_eq!(wait(limited).as_deref(), Some("60"));
    let none = of(ErrorCode::Overloaded).retry_after(0);
    assert_eq!(wait(none).as_deref(), Some("1"));
    assert_eq!(wait(of(ErrorCode::TooLarge)), None);
}

#[test]
fn a_field_that_no_header_holds_never_breaks_one() {
    let refusal = Refusal::at(ErrorCode::Invalid, "tags.ü\r\nx: y", "is not");
    let status = refusal.status();
    let field = status.metadata().get(FIELD).expect("a field");
    assert_eq!(field.to_str().ok(), Some("tags.???x: y"));
}

#[test]
fn grpc_proper_is_told_from_its_kin() {
    for (given, expected) in [
        ("application/grpc", true),
        ("application/grpc+proto", true),
        ("application/grpc-web+proto", false),
        ("application/json", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(given));
        assert_eq!(is_grpc(&headers), expected, "{given}");
    }
}

#[test]
fn a_part_of_a_text_travels_with_what_may_have_been_meant() {
    for suggestion in ["is:ünresolved", ""] {
        let place = Place {
            offset: 3,
            length: 9,
            suggestion: suggestion.to_owned(),
        };
        let refusal = Refusal::at(ErrorCode::Invalid, "query", "is none");
        let refusal = refusal.within(Some(place));
        assert_eq!(Refusal::of_status(&refusal.status()), refusal);
        let expected = serde_json::json!({
            "code": "invalid",
            "message": "is none",
            "field": "query",
            "position": { "offset": 3, "length": 9 },
            "suggestion": (!suggestion.is_empty()).then_some(suggestion),
        });
        assert_eq!(refusal.to_json(), expected);
    }
}
