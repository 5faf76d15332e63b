//! Bodies with a content encoding: the server decodes none.

use crate::support::Database::Sqlite;
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

#[tokio::test]
async fn encoded_body_is_refused_with_the_encodings_that_are_decoded() {
    let app = start!(Sqlite);
    let interview = format!("/api/v1/interviews/{JUDE_WITH_LUISA}");
    let query = r#"{"query":"{ __typename }"}"#.to_owned();
    let update = json!({"interview": {"location": "Gate 9"}}).to_string();
    let before = app.staff().interview(JUDE_WITH_LUISA).await;
    for (method, path, accept, body, is_served) in [
        ("POST", "/graphql", "application/json", query.clone(), true),
        ("POST", "/graphql", "application/graphql-response+json", query.clone(), true),
        ("POST", "/graphql", "text/event-stream", query.clone(), true),
        ("POST", "/graphql", "application/json", format!("[{query}]"), true),
        ("PATCH", interview.as_str(), "*/*", update.clone(), false),
        ("POST", "/api/v1/interviews", "*/*", update, false),
    ] {
        let send = async |encodings: &[&str]| {
            let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
            let request = encodings
                .iter()
                .fold(request.header("accept", accept), |request, it| request.header("content-encoding", *it));
            app.staff().send(request.body(Body::from(body.clone())).unwrap()).await
        };
        for encodings in [
            &["gzip"][..],
            &["GZIP"],
            &["br"],
            &["zstd"],
            &["deflate"],
            &["compress"],
            &["aws-chunked"],
            &["utf-8"],
            &["gzip, gzip"],
            &["identity, gzip"],
            &["identity", "br"],
        ] {
            let answer = send(encodings).await;
            assert_eq!((answer.status.as_u16(), answer.header("accept-encoding")), (415, "identity"), "{encodings:?}");
            let errors = &answer.json()["errors"][0];
            let code = if is_served { &errors["extensions"]["code"] } else { &errors["code"] };
            assert_eq!(code, "BAD_REQUEST", "{method} {path} {encodings:?}");
        }
        if is_served {
            for encodings in [&["identity"][..], &["Identity"], &[""], &["identity", "identity"]] {
                assert_eq!(send(encodings).await.status, 200, "{method} {path} {encodings:?}");
            }
        }
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await, before);
}

#[tokio::test]
async fn encoding_of_no_body_does_not_matter() {
    let app = start!(Sqlite);
    let accept = format!("/api/v1/users/interviews/{JUDE_WITH_LUISA}/accept");
    for (actor, method, path) in
        [(app.staff(), "GET", "/graphql?query=%7B__typename%7D"), (app.driver(), "POST", accept.as_str())]
    {
        let request = Request::builder().method(method).uri(path).header("content-encoding", "gzip");
        assert_eq!(actor.send(request.body(Body::empty()).unwrap()).await.status, 200, "{method} {path}");
    }
}
