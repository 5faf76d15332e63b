//! GraphQL over HTTP by the working group's specification: media types, status codes, methods, malformed requests.

use crate::support::Database::Sqlite;
use crate::support::actor::{Actor, Answer};
use crate::support::listening_server::set_location;
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

const OWN: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// Sends a body with these headers.
async fn post(actor: &Actor, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let request =
        headers.iter().fold(Request::post("/graphql"), |request, (name, value)| request.header(*name, *value));
    actor.send(request.body(body.into()).unwrap()).await
}

async fn operation(actor: &Actor, accept: &str, query: &str) -> Answer {
    let body = json!({"query": query}).to_string();
    post(actor, &[("content-type", JSON), ("accept", accept)], body).await
}

async fn get(actor: &Actor, parameters: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let request = Request::get(format!("/graphql?{query}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    actor.send(request.body(Body::empty()).unwrap()).await
}

fn code(answer: &Answer) -> Value {
    answer.json()["errors"][0]["extensions"]["code"].clone()
}

#[tokio::test]
async fn media_type_decides_the_status_of_a_request_error() {
    let app = start!(Sqlite);
    for (query, refusal, status) in [
        ("{ __typename }", None, 200),
        ("{ nope", Some("GRAPHQL_PARSE_FAILED"), 400),
        ("{ nope }", Some("GRAPHQL_VALIDATION_FAILED"), 400),
        ("{ a: __typename b: __typename }", None, 200),
        ("query A { __typename } query B { __typename }", Some("BAD_REQUEST"), 400),
        ("query($id: ID!) { interview(id: $id) { id } }", Some("BAD_USER_INPUT"), 400),
    ] {
        for (accept, content_type, expected) in [
            (OWN, "application/graphql-response+json; charset=utf-8", status),
            (JSON, "application/json; charset=utf-8", 200),
            ("*/*", "application/json; charset=utf-8", 200),
        ] {
            let answer = operation(&app.staff(), accept, query).await;
            assert_eq!(answer.status, expected, "{accept} {query}");
            assert_eq!(answer.header("content-type"), content_type);
            match refusal {
                None => assert!(answer.json().get("errors").is_none()),
                Some(refusal) => {
                    assert_eq!(code(&answer), refusal, "{query}");
                    assert!(answer.json().get("data").is_none(), "there is no data: {}", answer.text);
                }
            }
        }
    }
}

#[tokio::test]
async fn missing_or_invalid_token_is_unauthenticated() {
    let app = start!(Sqlite);
    let invalid = r#"Bearer error="invalid_token", error_description="The token is not valid.""#;
    for (actor, challenge) in [(app.anonymous(), "Bearer"), (app.bearer("nonsense"), invalid)] {
        let answer = operation(&actor, OWN, "{ viewer { id } }").await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (401, json!("UNAUTHENTICATED")));
        assert_eq!(answer.header("www-authenticate"), challenge);
        assert!(answer.json().get("data").is_none());
        let answer = operation(&actor, JSON, "{ viewer { id } }").await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (200, json!("UNAUTHENTICATED")));
    }
    let schema = operation(&app.anonymous(), OWN, "{ __schema { queryType { name } } __typename }").await;
    assert_json!(schema.json(), @r#"
    {
      "data": {"__schema": {"queryType": {"name": "Query"}}, "__typename": "Query"}
    }
    "#);
    let mixed =
        operation(&app.anonymous(), OWN, "query { ...F } fragment F on Query { __typename viewer { id } }").await;
    assert_eq!(mixed.status, 401);
}

#[tokio::test]
async fn other_media_type_is_not_acceptable() {
    let app = start!(Sqlite);
    let answer = operation(&app.staff(), "text/plain", "{ __typename }").await;
    assert_eq!((answer.status.as_u16(), code(&answer)), (406, json!("BAD_REQUEST")));
}

#[tokio::test]
async fn mutation_runs_only_as_json_by_post() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let before = staff.interview(JUDE_WITH_LUISA).await;
    let update = set_location();
    let body = json!({"query": update}).to_string();
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("query", &update).finish();
    let multipart = format!(
        "--x\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{body}\r\n--x\r\n\
         content-disposition: form-data; name=\"map\"\r\n\r\n{{}}\r\n--x--\r\n"
    );
    for (content_type, body) in [
        (None, body.clone()),
        (Some("text/plain"), body.clone()),
        (Some("application/graphql"), update.clone()),
        (Some("application/x-www-form-urlencoded"), form),
        (Some("multipart/form-data; boundary=x"), multipart),
        (Some("application/json; charset=utf-16"), body.clone()),
        (Some("application/jsonp"), body.clone()),
    ] {
        let headers: Vec<(&str, &str)> = content_type.map(|it| ("content-type", it)).into_iter().collect();
        let answer = post(&staff, &headers, body).await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (415, json!("BAD_REQUEST")), "{content_type:?}");
    }
    for accept in [OWN, JSON] {
        let answer = get(&staff, &[("query", update.as_str())], &[("accept", accept)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
        assert!(answer.json().get("data").is_none());
    }
    assert_eq!(staff.interview(JUDE_WITH_LUISA).await, before);
    let answer = post(&staff, &[("content-type", "Application/JSON; Charset=UTF-8")], body).await;
    assert_eq!(answer.json()["data"]["updateInterview"]["interview"]["location"], "Gate 9");
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let app = start!(Sqlite);
    for method in ["PUT", "PATCH", "DELETE"] {
        let request = Request::builder().method(method).uri("/graphql").header(header::CONTENT_TYPE, JSON);
        let answer =
            app.staff().send(request.body(Body::from(json!({"query": set_location()}).to_string())).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET,HEAD,POST"), "{method}");
        assert_eq!(code(&answer), "BAD_REQUEST");
    }
}

#[tokio::test]
async fn malformed_request_has_a_message_about_its_cause() {
    let app = start!(Sqlite);
    for (body, message) in [
        ("", "The body is not JSON."),
        ("{\"query\": \"{ __typena", "The body is not JSON."),
        ("[1, 2]", "The body has to be a JSON object with a `query`, or an array of them."),
        ("\"{ __typename }\"", "The body has to be a JSON object with a `query`, or an array of them."),
        ("{\"query\": 5}", "The field `query` has to be a string."),
        ("{\"query\": null}", "The field `query` is missing."),
        ("{\"query\": \"{ __typename }\", \"variables\": \"x\"}", "The field `variables` has to be an object."),
        ("{\"query\": \"{ __typename }\", \"variables\": [1]}", "The field `variables` has to be an object."),
        ("{\"query\": \"{ __typename }\", \"operationName\": {}}", "The field `operationName` has to be a string."),
        ("{\"query\": \"{ __typename }\", \"extensions\": 0}", "The field `extensions` has to be an object."),
        ("[]", "A batch has from 1 to 10 operations."),
    ] {
        for accept in [OWN, JSON] {
            let answer = post(&app.staff(), &[("content-type", JSON), ("accept", accept)], body.to_owned()).await;
            assert_eq!(answer.status, 400, "{body}");
            let expected = json!({"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]});
            assert_eq!(answer.json(), expected, "{body}");
        }
    }
    for body in ["{}", "{\"variables\": {}}"] {
        let answer = post(&app.staff(), &[("content-type", JSON), ("accept", OWN)], body.to_owned()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["errors"][0]["message"]),
            (400, &json!("The field `query` is missing."))
        );
    }
    let empty = operation(&app.staff(), OWN, "").await;
    assert_eq!((empty.status.as_u16(), code(&empty)), (400, json!("GRAPHQL_PARSE_FAILED")));
    for nulls in ["{\"query\": \"{ __typename }\", \"variables\": null, \"operationName\": null, \"extensions\": null}"]
    {
        let answer = post(&app.staff(), &[("content-type", JSON), ("accept", OWN)], nulls.to_owned()).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, r#"{"data":{"__typename":"Query"}}"#));
    }
}

#[tokio::test]
async fn query_by_get_has_an_etag_and_is_cached_privately() {
    let app = start!(Sqlite);
    let two = "query A { viewer { id } } query B($id: ID!) { interview(id: $id) { id } }";
    let variables = json!({"id": JUDE_WITH_LUISA.to_string()}).to_string();
    let parameters = [("query", two), ("operationName", "B"), ("variables", variables.as_str())];
    let answer = get(&app.staff(), &parameters, &[("accept", OWN)]).await;
    assert_json!(answer.json(), @r#"{"data": {"interview": {"id": "27"}}}"#);
    assert_eq!(answer.header("cache-control"), "private, max-age=0, must-revalidate");
    assert_eq!(answer.header("vary"), "accept, authorization, origin");
    let etag = answer.header("etag").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");

    let again = get(&app.staff(), &parameters, &[("accept", OWN), ("if-none-match", &etag)]).await;
    assert_eq!((again.status.as_u16(), again.text.as_str(), again.header("etag")), (304, "", etag.as_str()));
    let location = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ location }} }}");
    let query = [("query", location.as_str())];
    let before = get(&app.staff(), &query, &[]).await.header("etag").to_owned();
    app.staff().update(JUDE_WITH_LUISA, json!({"location": "elsewhere"})).await;
    assert_eq!(get(&app.staff(), &query, &[("if-none-match", &before)]).await.status, 200);

    for (wrong, message) in [
        (("variables", "{"), "The field `variables` has to be a JSON object."),
        (("variables", "[]"), "The field `variables` has to be a JSON object."),
        (("extensions", "5"), "The field `extensions` has to be a JSON object."),
    ] {
        let answer = get(&app.staff(), &[("query", "{ __typename }"), wrong], &[("accept", OWN)]).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["message"]), (400, &json!(message)));
    }
    let refused = get(&app.staff(), &[("query", "{ nope }")], &[("accept", OWN)]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("cache-control"), refused.header("etag")),
        (400, "no-store", "")
    );
    assert_eq!(operation(&app.staff(), OWN, "{ __typename }").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn batch_has_a_response_for_each_operation_in_order() {
    let app = start!(Sqlite);
    let batch = json!([{"query": "{ viewer { id } }"}, {"query": "{ nope }"}, {"query": "{ __typename }"}]);
    let answer = post(&app.staff(), &[("content-type", JSON), ("accept", OWN)], batch.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_json!(answer.json(), @r#"
    [
      {"data": {"viewer": {"id": "1000"}}},
      {
        "errors": [
          {
            "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
            "locations": [{"column": 3, "line": 1}],
            "message": "Type `Query` does not have a field `nope`."
          }
        ]
      },
      {"data": {"__typename": "Query"}}
    ]
    "#);
    let batch = |size| json!(vec![json!({"query": "{ __typename }"}); size]).to_string();
    assert_eq!(post(&app.staff(), &[("content-type", JSON)], batch(10)).await.status, 200);
    assert_eq!(post(&app.staff(), &[("content-type", JSON)], batch(11)).await.status, 400);
}

#[tokio::test]
async fn only_configured_origins_are_allowed() {
    let app =
        crate::support::TestApp::start_with(Sqlite, &["--cors-origins", "https://app.example.test"]).await.unwrap();
    let preflight = async |origin: &str| {
        let request = Request::builder()
            .method("OPTIONS")
            .uri("/graphql")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type");
        app.anonymous().send(request.body(Body::empty()).unwrap()).await
    };
    let answer = preflight("https://app.example.test").await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.test");
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(preflight("https://evil.example.test").await.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn large_responses_are_compressed_on_request() {
    let app = start!(Sqlite);
    let list = json!({"query": "{ interviews(first: 100) { nodes { id startAt endAt location } } }"}).to_string();
    let request = Request::post("/graphql").header("content-type", JSON).header("accept-encoding", "gzip");
    let encoding = app.staff().encoding_of(request.body(Body::from(list.clone())).unwrap()).await;
    assert_eq!(encoding.as_deref(), Some("gzip"));
    let small = Request::post("/graphql").header("content-type", JSON).header("accept-encoding", "gzip");
    let small = small.body(Body::from(json!({"query": "{ __typename }"}).to_string())).unwrap();
    assert_eq!(app.staff().encoding_of(small).await, None);
    assert_eq!(post(&app.staff(), &[("content-type", JSON)], list).await.header("content-encoding"), "");
}
