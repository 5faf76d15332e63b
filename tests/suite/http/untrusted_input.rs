//! Untrusted input over a socket. After each hazard the server still answers.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::http_client;
use crate::support::lifecycle::only;
use crate::support::listening_server::set_location;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::polling::until;
use interviews::app::Listener;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server on a socket, in this process, so that a crash ends the test.
struct Server {
    address: std::net::SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    app: TestApp,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

async fn start(flags: &[&str]) -> Server {
    let app = TestApp::start_with(Sqlite, flags).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = app.app.clone();
    tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        server.serve(Listener::of(listener).unwrap(), stopped).await;
    });
    Server { address, stop: Some(stop), app }
}

impl Server {
    async fn post(&self, body: String) -> (u16, Value) {
        let request = http_client::client().post(format!("http://{}/graphql", self.address));
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    async fn query(&self, query: &str) -> (u16, Value) {
        self.post(json!({"query": query}).to_string()).await
    }

    async fn is_alive(&self) {
        let answer = self.query("{ __typename }").await;
        assert_json!(json!(answer), @r#"[200, {"data": {"__typename": "Query"}}]"#);
    }

    /// Writes these bytes and reads until the server closes.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

async fn is_refused(server: &Server, query: &str, code: &str) {
    let (_, answer) = server.query(query).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
    assert!(answer.to_string().len() < 10_000, "the response is small");
    server.is_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deeply_nested_document_is_query_too_complex() {
    let server = start(&[]).await;
    for depth in [2_000, 6_900, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        is_refused(&server, &format!("{{ __type(name: {nested}) {{ name }} }}"), "QUERY_TOO_COMPLEX").await;
        is_refused(
            &server,
            &format!("query($a: String = {nested}) {{ __type(name: $a) {{ name }} }}"),
            "QUERY_TOO_COMPLEX",
        )
        .await;
        let objects = format!("{}1{}", "{a:".repeat(depth), "}".repeat(depth));
        is_refused(&server, &format!("{{ __type(name: {objects}) {{ name }} }}"), "QUERY_TOO_COMPLEX").await;
        is_refused(&server, &format!("{}id{}", "{ viewer ".repeat(depth), "}".repeat(depth)), "QUERY_TOO_COMPLEX")
            .await;
    }
    // The JSON parser has a limit on the nesting of variables.
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(
        r#"{{"query": "query($a: String) {{ __type(name: $a) {{ name }} }}", "variables": {{"a": {nested}}}}}"#
    );
    assert_eq!(server.post(body).await.0, 400);
    server.is_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn multiplying_fragments_are_query_too_complex() {
    let server = start(&[]).await;
    for levels in [20, 26, 60] {
        let spread = |n: usize| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }} ", n + 1);
        let fragments: String = (0..levels).map(spread).collect();
        let bomb = format!("{{ ...F0 }} {fragments} fragment F{levels} on Query {{ viewer {{ id }} }}");
        is_refused(&server, &bomb, "QUERY_TOO_COMPLEX").await;
    }
    is_refused(&server, "{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn multiplying_introspection_is_query_too_complex() {
    let server = start(&[]).await;
    for pairs in [2, 7, 8] {
        let nested = format!("{}name{}", "possibleTypes{interfaces{".repeat(pairs), "}}".repeat(pairs));
        is_refused(&server, &format!("{{__schema{{types{{{nested}}}}}}}"), "QUERY_TOO_COMPLEX").await;
    }
    let fields = "types{name fields{name type{name ofType{name ofType{name}}}}}";
    let schemas: String = (0..99).map(|n| format!("a{n}:__schema{{{fields}}}")).collect();
    is_refused(&server, &format!("{{ {schemas} }}"), "QUERY_TOO_COMPLEX").await;
    let types: String = (0..99).map(|n| format!("a{n}:{fields}")).collect();
    is_refused(&server, &format!("{{ __schema {{ {types} }} }}"), "QUERY_TOO_COMPLEX").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn response_to_a_large_request_is_small() {
    let server = start(&[]).await;
    is_refused(&server, &format!("{{ {} }}", "nope ".repeat(20_000)), "QUERY_TOO_COMPLEX").await;
    is_refused(&server, &format!("{{ {} }}", "nope ".repeat(1_000)), "GRAPHQL_VALIDATION_FAILED").await;
    is_refused(&server, &format!("{{ {} }}", "n".repeat(500_000)), "QUERY_TOO_COMPLEX").await;
    let name = json!({"query": "query A { __typename }", "operationName": "n".repeat(500_000)}).to_string();
    let (status, answer) = server.post(name).await;
    assert_eq!(
        (status, answer["errors"][0]["message"].as_str()),
        (400, Some("The field `operationName` has at most 256 bytes."))
    );
    let aliases: String = (0..3_000).map(|n| format!("a{n}:__schema{{types{{name}}}}")).collect();
    is_refused(&server, &format!("{{ {aliases} }}"), "QUERY_TOO_COMPLEX").await;
    let batch = json!(vec![json!({"query": "{ __typename }"}); 1000]).to_string();
    assert_eq!(server.post(batch).await.0, 400);
    let large = json!({"query": "{ __typename }", "variables": {"a": "x".repeat(2_000_000)}}).to_string();
    assert_eq!(server.post(large).await.0, 413);
    server.is_alive().await;
}

/// Requests that a default integration of async-graphql would execute.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_content_types_change_nothing() {
    let server = start(&[]).await;
    let token = server.app.staff().token().to_owned();
    let update = set_location();
    let json = json!({"query": update}).to_string();
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("query", &update).finish();
    let parts = format!("--x\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{json}\r\n--x--\r\n");
    let by_get = format!("/graphql?{form}");
    for (method, path, content_type, body, status) in [
        ("POST", "/graphql", "application/x-www-form-urlencoded", form.as_str(), 415),
        ("POST", "/graphql", "multipart/form-data; boundary=x", parts.as_str(), 415),
        ("POST", "/graphql", "text/plain", json.as_str(), 415),
        ("GET", by_get.as_str(), "application/json", "", 405),
        ("PUT", "/graphql", "application/json", json.as_str(), 405),
        ("PATCH", "/graphql", "application/json", json.as_str(), 405),
        ("POST", "/graphql", "application/json", "[]", 400),
    ] {
        let request =
            http_client::client().request(method.parse().unwrap(), format!("http://{}{path}", server.address));
        let request = request.header("content-type", content_type).bearer_auth(&token).body(body.to_owned());
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{method} {content_type}");
    }
    // An invalid variable stops the mutation before its first field runs.
    let two = format!(
        "mutation($id: ID!) {{ \
         a: updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"hostile\"}}) {{ interview {{ id }} }} \
         b: updateInterview(id: $id, input: {{}}) {{ interview {{ id }} }} }}"
    );
    let answer = server.app.staff().graphql(&two, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    let interview = server.app.staff().interview(JUDE_WITH_LUISA).await;
    assert_json!(only(&interview, "location version"), @r#"{"location": null, "version": 1}"#);
    // The errors reveal no internals of the server.
    let staff = server.app.staff();
    assert_json!(staff.graphql("{ interviews(first: 99999999999) { totalCount } }", json!({})).await, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
          "locations": [{"column": 21, "line": 1}],
          "message": "Int cannot represent non 32-bit signed integer value."
        }
      ]
    }
    "#);
    assert_json!(staff.graphql("{ interviews(after: \"x\") { totalCount } }", json!({})).await, @r#"
    {
      "data": null,
      "errors": [
        {
          "extensions": {"code": "BAD_USER_INPUT"},
          "locations": [{"column": 3, "line": 1}],
          "message": "The argument `after` is not a cursor of this list in this order.",
          "path": ["interviews"]
        }
      ]
    }
    "#);
    server.is_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_request_times_out() {
    let server = start(&["--header-timeout", "200ms", "--body-timeout", "200ms"]).await;
    let answer = server.raw(b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-ty").await;
    assert_eq!(answer, "");
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
        content-type: application/json\r\ncontent-length: 100";
    let answer = server.raw(format!("{head}\r\n\r\n{{\"query\": \"{{ __ty").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""code":"TIMEOUT""#), "{answer}");
    server.is_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_http_is_a_bad_request() {
    let server = start(&["--header-timeout", "200ms"]).await;
    let bad_request = "HTTP/1.1 400 Bad Request";
    for (nonsense, status) in [
        // Empty lines are skipped, and the header timeout closes the connection.
        ("\r\n\r\n", ""),
        ("GET\r\n\r\n", bad_request),
        ("\u{16}\u{3}\u{1}tls", bad_request),
        ("POST /graphql HTTP/9.9\r\n\r\n", bad_request),
    ] {
        let answer = server.raw(nonsense.as_bytes()).await;
        assert_eq!(answer.lines().next().unwrap_or_default(), status, "{nonsense:?}: {answer}");
    }
    let mut flood = String::from("GET /graphql HTTP/1.1\r\nhost: x\r\n");
    flood.extend((0..2_000).map(|n| format!("x-{n}: {}\r\n", "y".repeat(200))));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // The server may close while we still write.
    let _ = stream.write_all(flood.as_bytes()).await;
    drop(stream);
    server.is_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_bodies_release_their_permits_after_the_body_timeout() {
    let server = start(&["--max-in-flight", "2", "--body-timeout", "300ms"]).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let mut idle = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        idle.push(stream);
    }
    // Both permits are in use until the body timeout.
    until(async || server.query("{ __typename }").await.0 == 200).await;
}
