//! What every response has: a request id, the security headers and errors in the shape of its API. And the limit on
//! request bodies.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::actor::Answer;
use crate::support::http_client;
use crate::support::listening_server::set_location;
use crate::support::people::{JUDE_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, LUISA};
use crate::support::rest::interview_path;
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use interviews::app::Listener;
use rstest::rstest;
use serde_json::{Value, json};

fn get(path: &str) -> Request<Body> {
    request("GET", path, "")
}

fn request(method: &str, path: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    request.body(Body::from(body.to_owned())).unwrap()
}

/// The request with this header replaced.
fn with(mut request: Request<Body>, name: &'static str, value: &[u8]) -> Request<Body> {
    request.headers_mut().insert(name, HeaderValue::from_bytes(value).unwrap());
    request
}

fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

/// The code of the error. Fails unless the response has the error shape of its API.
fn code(answer: &Answer, path: &str) -> String {
    let body = answer.json();
    let error = &body["errors"][0];
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{body:#}");
    let code = if path.starts_with("/api/") {
        assert!(error["path"].is_array() && error["extensions"].is_null(), "{body:#}");
        &error["code"]
    } else {
        assert!(error["code"].is_null() && body.get("data").is_none(), "{body:#}");
        &error["extensions"]["code"]
    };
    code.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn response_has_a_request_id_and_the_security_headers() {
    let app = start!(Sqlite);
    let asset = "/graphiql/explorer.js";
    let etag = app.anonymous().send(get(asset)).await.header("etag").to_owned();
    let query = r#"{"query": "{ viewer { id } }"}"#;
    let interview = interview_path(JUDE_WITH_LUISA);
    let answers = [
        (200, request("POST", "/graphql", query)),
        (200, request("POST", "/graphql", r#"{"query": "{"}"#)),
        (400, request("POST", "/graphql", "{")),
        (415, with(request("POST", "/graphql", query), "content-type", b"text/plain")),
        (200, with(get("/graphql"), "accept", b"text/html")),
        (400, get("/graphql")),
        (405, request("PUT", "/graphql", query)),
        (204, request("OPTIONS", "/graphql", "")),
        (307, get("/")),
        (200, get(asset)),
        (304, with(get(asset), "if-none-match", etag.as_bytes())),
        (405, request("POST", asset, "")),
        (200, request("PATCH", &interview, r#"{"interview": {}}"#)),
        (400, request("PATCH", &interview, "{")),
        (404, request("PATCH", &interview_path("x"), r#"{"interview": {}}"#)),
        (405, get(&interview)),
        (404, get("/api/v1/nothing")),
        (404, get(&interview.replace("v1", "v2"))),
        (404, get("/nothing")),
        (404, get("/graphiql/../Cargo.toml")),
        (404, get("/graphiql/%2e%2e/%2e%2e/etc/passwd")),
        (200, get("/livez")),
        (405, request("POST", "/livez", "")),
        (200, request("HEAD", "/livez", "")),
        (200, get("/readyz")),
    ];
    for (status, request) in answers {
        let shown = format!("{} {}", request.method(), request.uri());
        let answer = app.staff().send(request).await;
        assert_eq!(answer.status, status, "{shown}: {}", answer.text);
        for (name, value) in [
            ("x-frame-options", "SAMEORIGIN"),
            ("x-xss-protection", "0"),
            ("x-content-type-options", "nosniff"),
            ("x-permitted-cross-domain-policies", "none"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
        ] {
            assert_eq!(values(&answer, name), [value], "{shown}");
        }
        let [id] = values(&answer, "x-request-id")[..] else { panic!("{shown}") };
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{shown}");
        assert_eq!(values(&answer, "content-type").len(), usize::from(!matches!(status, 204 | 307)), "{shown}");
        assert!(values(&answer, "server").is_empty() && values(&answer, "x-powered-by").is_empty());
    }
}

#[tokio::test]
async fn unknown_path_or_method_has_the_error_shape_of_its_api() {
    let app = start!(Sqlite);
    let interview = interview_path(JUDE_WITH_LUISA);
    for (method, path, status, allow) in [
        ("GET", "/nothing", 404, ""),
        ("GET", "/graphql//", 404, ""),
        ("GET", "/api/v1", 404, ""),
        ("GET", "/api/v1/nothing", 404, ""),
        ("PATCH", format!("{interview}//").as_str(), 404, ""),
        ("PATCH", format!("{interview}/{JUDE_WITH_PIET}").as_str(), 404, ""),
        ("PATCH", interview.replace("v1", "v2").as_str(), 404, ""),
        ("GET", interview.as_str(), 405, "PATCH,PUT"),
        ("DELETE", interview.as_str(), 405, "PATCH,PUT"),
        ("PUT", "/graphql", 405, "GET,HEAD,POST"),
        ("POST", "/readyz", 405, "GET,HEAD"),
    ] {
        let answer = app.staff().send(request(method, path, "{}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (status, allow), "{method} {path}");
        assert_eq!(code(&answer, path), "BAD_REQUEST", "{method} {path}");
    }
}

#[tokio::test]
async fn request_id_of_the_client_is_used() {
    let app = start!(Sqlite);
    for id in [
        "01a4d000-fd61-402a-a34d-7269899c4bd9",
        "a",
        "Root=1-67891233-abcdef012345678912345678",
        "00-4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7:1+2_3.4@x",
    ] {
        for id in [id.to_owned(), id.repeat(128)[..128].to_owned()] {
            for path in ["/graphql", "/livez", "/nothing", &interview_path(JUDE_WITH_LUISA)] {
                let answer = app.anonymous().send(with(get(path), "x-request-id", id.as_bytes())).await;
                assert_eq!(values(&answer, "x-request-id"), [&id], "{path}");
            }
        }
    }
}

#[rstest]
#[case::empty(b"")]
#[case::with_blanks(b"a b")]
#[case::with_quotes(br#""a""#)]
#[case::with_markup(b"<script>alert(1)</script>")]
#[case::with_the_end_of_a_log_line(b"a\tlevel=error")]
#[case::not_ascii(b"\xc3\xa9")]
#[case::a_list(b"a,b")]
#[tokio::test]
async fn invalid_request_id_is_replaced(#[case] id: &[u8]) {
    let app = start!(Sqlite);
    let mut seen = Vec::new();
    for id in [id, &[b'a'; 129]] {
        let answer = app.anonymous().send(with(get("/livez"), "x-request-id", id)).await;
        let [new] = values(&answer, "x-request-id")[..] else { panic!("{:?}", answer.headers) };
        assert!(uuid::Uuid::parse_str(new).is_ok(), "{new}");
        seen.push(new.to_owned());
    }
    assert_ne!(seen[0], seen[1]);
}

/// Requests over GraphQL and REST that make the same change, with a body of this many bytes.
fn bodies(bytes: usize) -> [(&'static str, String, String); 2] {
    let pad = |body: Value| {
        let body = body.to_string();
        let spaces = " ".repeat(bytes - body.len());
        body + &spaces
    };
    [
        ("POST", "/graphql".to_owned(), pad(json!({"query": set_location()}))),
        ("PATCH", interview_path(JUDE_WITH_LUISA), pad(json!({"interview": {"location": "Gate 9"}}))),
    ]
}

const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

/// Fails unless a body of `limit` bytes is accepted and a longer one rejected.
async fn assert_limited_to(app: &TestApp, limit: usize) {
    for (method, path, body) in bodies(limit + 1) {
        let whole = request(method, &path, &body);
        // A chunked body has no `content-length`.
        let mut parts = request(method, &path, "");
        let (half, rest) = body.split_at(body.len() / 2);
        let chunks = [half.to_owned(), rest.to_owned()].map(Ok::<_, std::convert::Infallible>);
        *parts.body_mut() = Body::from_stream(futures_util::stream::iter(chunks));
        for request in [whole, parts] {
            let answer = app.staff().send(request).await;
            assert_eq!((answer.status.as_u16(), code(&answer, &path)), (413, "BAD_REQUEST".to_owned()));
        }
    }
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
    for (method, path, body) in bodies(limit) {
        let answer = app.staff().send(request(method, &path, &body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(app.staff().interview(JUDE_WITH_LUISA).await["version"], 2);
}

#[tokio::test]
async fn body_beyond_one_mebibyte_is_rejected() {
    assert_limited_to(&start!(Sqlite), 1024 * 1024).await;
}

#[tokio::test]
async fn body_limit_can_be_configured() {
    let app = TestApp::start_with(Sqlite, &["--max-body", "300"]).await.unwrap();
    assert_limited_to(&app, 300).await;
}

#[tokio::test]
async fn response_has_content_length() {
    let app = start!(Sqlite);
    let request = json!({"interview": {
        "location": "https://google.meet", "start_at": "2025-03-20T10:32:08Z", "end_at": "2025-03-20T11:02:08Z",
        "interviewer_id": LUISA.0, "interviewee_id": JUDE_APPLICATION.0
    }});
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}{}", listener.local_addr().unwrap(), interview_path(JUDE_WITH_LUISA));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(
        app.app.clone().serve(Listener::of(listener).unwrap(), async { stopped.await.unwrap_or_default() }),
    );
    let client = http_client::client();
    let answer = client.patch(address).bearer_auth(app.staff().token()).json(&request).send().await.unwrap();
    let headers = answer.headers().clone();
    let body: Value = answer.json().await.unwrap();
    stop.send(()).unwrap();
    server.await.unwrap();
    assert_eq!(headers["content-length"], "520");
    assert_eq!(headers.get_all("content-type").iter().count(), 1);
    assert!(!headers.contains_key("transfer-encoding") && !headers.contains_key("content-encoding"));
    assert_eq!(body["interview"]["location"], "https://google.meet");
}

#[tokio::test]
async fn health_endpoints_need_no_token() {
    let app = start!(Sqlite);
    for path in ["/livez", "/readyz"] {
        let answer = app.anonymous().send(get(path)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("ok")));
        assert_eq!(answer.header("cache-control"), "no-store");
        // An invalid token is ignored.
        assert_eq!(app.bearer("x").send(get(path)).await.status, 200);
    }
}

#[tokio::test]
async fn mutation_by_get_changes_nothing() {
    let app = start!(Sqlite);
    let actor = app.staff();
    let mutation = form_urlencoded::Serializer::new(String::new()).append_pair("query", &set_location()).finish();
    for (accept, status, content_type) in [
        ("text/html", 200, "text/html; charset=utf-8"),
        ("application/json", 405, "application/json; charset=utf-8"),
        ("application/graphql-response+json", 405, "application/graphql-response+json; charset=utf-8"),
        ("*/*", 405, "application/json; charset=utf-8"),
    ] {
        let link = get(&format!("/graphql?{mutation}"));
        let answer = actor.send(with(link, "accept", accept.as_bytes())).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, content_type), "{accept}");
    }
    assert_eq!(app.database.value::<i64>(UPDATES).await, 0);
}
