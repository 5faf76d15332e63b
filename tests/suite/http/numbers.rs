//! Numbers of JSON that are whole are integers, however they are written. Those of a document are not.

use crate::support::Database::Sqlite;
use crate::support::people::{JUDE_WITH_LUISA, LUISA};
use crate::support::transports::{Transport, Transports};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

/// Numbers inside of each other: a list of input objects with ids.
const SYNC: &str = "mutation($rows: [CompanyInput!]!) { syncCompanies(companies: $rows) { results { id outcome } } }";

/// The number of interviews of the first page, and the id of one, for these numbers.
async fn page(transports: &Transports, transport: Transport, size: &str, id: &str) -> Value {
    let query =
        json!("query($n: Int!, $id: ID!) { interviews(first: $n) { nodes { __typename } } interview(id: $id) { id } }");
    let variables = format!(r#"{{"n":{size},"id":{id}}}"#);
    transports.answer(transport, &[("query", &query.to_string()), ("variables", &variables)]).await
}

#[tokio::test]
async fn whole_number_in_variables_is_an_integer_on_every_transport() {
    let transports = Transports::start().await;
    let all = page(&transports, Transport::Post, "100", "27").await["data"]["interviews"]["nodes"].clone();
    for transport in Transport::ALL {
        for (size, id, expected) in
            [("1.0", "27.0", 1), ("2e0", "2.7e1", 2), ("1e2", "270e-1", all.as_array().unwrap().len())]
        {
            let answer = page(&transports, transport, size, id).await;
            let nodes = answer["data"]["interviews"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
            assert_eq!(nodes.len(), expected, "{transport:?} {size}");
            assert_eq!(answer["data"]["interview"]["id"], JUDE_WITH_LUISA.to_string(), "{transport:?} {id}");
        }
        for (size, id, problem) in [
            ("1.5", "27", "n"),
            ("2147483648.0", "27", "n"),
            ("1e300", "27", "n"),
            ("\"1.0\"", "27", "n"),
            ("1", "27.5", "id"),
            ("1", "9007199254740992.0", "id"),
            ("1", "1e30", "id"),
            ("1", "true", "id"),
        ] {
            let answer = page(&transports, transport, size, id).await;
            let problems = &answer["errors"][0]["extensions"]["problems"];
            assert_eq!(problems[0]["path"], json!([problem]), "{transport:?} {size} {id} {answer}");
        }
    }
}

#[tokio::test]
async fn whole_number_costs_as_much_as_the_integer() {
    let transports = Transports::start().await;
    let lists = "a: interviews(first: $n) { nodes { interviewee { interviews(first: $n) { nodes { id } } } } }";
    let query = json!(format!("query($n: Int) {{ {lists} {} }}", lists.replace("a:", "b:"))).to_string();
    let cost = async |size: &str| {
        let variables = format!(r#"{{"n":{size}}}"#);
        let answer = transports.answer(Transport::Post, &[("query", &query), ("variables", &variables)]).await;
        answer["errors"][0]["extensions"].clone()
    };
    let of_integer = cost("100").await;
    assert_eq!(of_integer["code"], "QUERY_TOO_COMPLEX");
    assert_eq!(cost("100.0").await, of_integer);
}

#[tokio::test]
async fn numbers_in_lists_of_objects_and_in_subscriptions_are_integers() {
    let transports = Transports::start().await;
    let service = transports.server.app.service();
    let rest = r#""name":"Haulage","sourceUpdatedAt":"2025-03-20T10:00:00Z""#;
    let body =
        format!(r#"{{"query":{},"variables":{{"rows":[{{"id":901.0,{rest}}},{{"id":9.02e2,{rest}}}]}}}}"#, json!(SYNC));
    let request = Request::post("/graphql").header("content-type", "application/json");
    let answer = service.send(request.body(Body::from(body)).unwrap()).await.json();
    assert_json!(answer, @r#"
    {
      "data": {
        "syncCompanies": {"results": [{"id": "901", "outcome": "WRITTEN"}, {"id": "902", "outcome": "WRITTEN"}]}
      }
    }
    "#);

    let update = "mutation($id: ID!, $input: UpdateInterviewInput!, $v: Int) { \
        updateInterview(id: $id, input: $input, expectedVersion: $v) { \
        userErrors { code } interview { interviewerId } } }";
    let variables = format!(r#"{{"id":27.0,"input":{{"interviewerId":{LUISA}.0}},"v":1.0}}"#);
    // The interviewer is Luisa already, so that nothing changes.
    for transport in [Transport::Post, Transport::BatchEntry, Transport::EventsByPost, Transport::WebSocket] {
        let fields = [("query", json!(update).to_string()), ("variables", variables.clone())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let expected =
            json!({"data": {"updateInterview": {"userErrors": [], "interview": {"interviewerId": LUISA.to_string()}}}});
        assert_eq!(transports.answer(transport, &fields).await, expected, "{transport:?}");
    }
    let follow = json!("subscription($since: ID) { interviewChanged(since: $since) { id } }").to_string();
    for transport in [Transport::EventsByGet, Transport::EventsByPost, Transport::WebSocket] {
        let answer = transports.answer(transport, &[("query", &follow), ("variables", r#"{"since":5.0}"#)]).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "CURSOR_EXPIRED", "as 5: {transport:?} {answer}");
    }
}

#[tokio::test]
async fn number_of_a_document_is_an_integer_only_without_a_fraction() {
    let transports = Transports::start().await;
    for transport in Transport::ALL {
        for query in [
            "{ interviews(first: 1.0) { nodes { id } } }",
            "{ interviews(first: 1e0) { nodes { id } } }",
            "{ interview(id: 27.0) { id } }",
            "query($n: Int = 1.0) { interviews(first: $n) { nodes { id } } }",
            "query($id: ID = 27.0) { interview(id: $id) { id } }",
            "{ interviews(filter: {driverId: 1.0}) { totalCount } }",
        ] {
            let answer = transports.answer(transport, &[("query", &json!(query).to_string())]).await;
            let code = &answer["errors"][0]["extensions"]["code"];
            assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{transport:?} {query} {answer}");
        }
    }
}

#[tokio::test]
async fn whole_number_in_a_body_of_rest_is_an_id() {
    let app = start!(Sqlite);
    let send = async |id: &str| {
        let body = format!(r#"{{"interview":{{"interviewer_id":{id}}}}}"#);
        let request = Request::patch(format!("/api/v1/interviews/{JUDE_WITH_LUISA}"));
        app.staff().send(request.header("content-type", "application/json").body(Body::from(body)).unwrap()).await
    };
    let number = LUISA.to_string();
    for id in [format!("{number}.0"), format!("{number}.00"), format!("{number}e0"), format!("{number}0e-1")] {
        let answer = send(&id).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["interview"]["interviewer_id"]),
            (200, &json!(LUISA.0)),
            "{id}"
        );
    }
    for id in
        [format!("{number}.5"), "9007199254740992.0".to_owned(), "1e300".to_owned(), "18446744073709551615".to_owned()]
    {
        let answer = send(&id).await;
        let error = &answer.json()["errors"][0];
        assert_eq!((answer.status.as_u16(), &error["code"]), (422, &json!("BAD_USER_INPUT")), "{id}");
    }
}
