//! The access log: what it says of each request and operation, and what it does not contain.

use crate::support::Database::Sqlite;
use crate::support::http_client;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::shell::{Server, Shell};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use serde_json::{Value, json};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// What the tests hide wherever a client can put text that is not for the log.
const SECRET_TEXT: &str = "xyzzy-plugh";

async fn shell(log: &str) -> Shell {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    shell.set("LOG", log).set("LOG_FORMAT", "json").set("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")
}

/// A request with this method, path, headers and body.
async fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let request = http_client::client().request(method.parse().unwrap(), format!("http://{}{path}", server.address));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.header("content-type", "application/json").body(body.to_owned());
    request.send().await.unwrap().text().await.unwrap()
}

/// The lines of the access log, without what differs from run to run. Each of them is checked for its form.
fn access_lines(server: Server) -> Vec<Value> {
    server.signal("TERM");
    let (_, log) = server.ended();
    let is_of_access = |line: &&String| line.contains(r#""target":"access""#);
    let parse = |line: &String| {
        assert_eq!(line.matches("request_id").count(), 1, "{line}");
        let mut line: Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        assert!(fields.values().all(|value| !value.is_object() && !value.is_array()), "flat: {fields:?}");
        for name in ["timestamp", "level", "target", "request_id"] {
            assert!(fields.remove(name).is_some_and(|value| value.is_string()), "{name}");
        }
        if fields["message"] != "sign-in" {
            let milliseconds = fields.remove("milliseconds").unwrap();
            let decimals = milliseconds.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
            assert!(milliseconds.as_f64().unwrap() >= 0.0 && decimals <= 3, "{milliseconds}");
        }
        line
    };
    log.iter().filter(is_of_access).map(parse).collect()
}

#[tokio::test]
async fn every_request_has_a_line() {
    let shell = shell("info,access=info").await;
    let server = shell.start("serve");
    let bearer = format!("Bearer {}", shell.token(MONA));
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.1.2.3"),
        ("traceparent", traceparent.as_str()),
    ];
    let document = |query: &str| json!({"query": query}).to_string();
    let stale = "mutation Move { updateInterview(id: 27, input: {location: \"Gate 1\"}, expectedVersion: 9) { \
        userErrors { code } } }";
    let several =
        json!({"query": "query A { __typename } query B { viewer { id } }", "operationName": "B"}).to_string();
    let hostile = json!({"query": "{", "operationName": format!("a\nb\u{1b}{}", "x".repeat(100))}).to_string();
    let by_rest = format!("/api/v1/interviews/{JUDE_WITH_LUISA}");
    for (method, path, body) in [
        ("POST", "/graphql", document("query Me { viewer { id } }")),
        ("POST", "/graphql", document("{ viewer { id } }")),
        ("POST", "/graphql", several),
        ("POST", "/graphql", document(stale)),
        ("POST", "/graphql", document("query Wrong { nope }")),
        ("POST", "/graphql", hostile),
        ("POST", "/graphql", "no JSON".to_owned()),
        ("GET", "/graphql?query=query%20Get%20%7B__typename%7D", String::new()),
        ("PATCH", by_rest.as_str(), json!({"interview": {}}).to_string()),
        ("PATCH", "/api/v1/interviews/0", json!({"interview": {}}).to_string()),
        ("DELETE", "/livez", String::new()),
        ("GET", "/none", String::new()),
    ] {
        send(&server, method, path, &headers, &body).await;
    }
    let lines = access_lines(server);
    let expected = [
        json!({"operation": "Me", "operation_type": "query", "user": 1000}),
        json!({"operation_type": "query", "user": 1000}),
        json!({"operation": "B", "operation_type": "query", "user": 1000}),
        json!({"operation": "Move", "operation_type": "mutation", "user": 1000, "code": "STALE_VERSION"}),
        json!({"code": "GRAPHQL_VALIDATION_FAILED", "user": 1000}),
        json!({"operation": format!("a?b?{}", "x".repeat(60)), "code": "GRAPHQL_PARSE_FAILED", "user": 1000}),
        json!({"code": "BAD_REQUEST", "status": 400}),
        json!({"method": "GET", "operation": "Get", "operation_type": "query", "user": 1000}),
        json!({"method": "PATCH", "path": by_rest, "user": 1000}),
        json!({"method": "PATCH", "path": "/api/v1/interviews/0", "user": 1000, "code": "NOT_FOUND", "status": 404}),
        json!({"method": "DELETE", "path": "/livez", "code": "BAD_REQUEST", "status": 405}),
        json!({"method": "GET", "path": "/none", "code": "BAD_REQUEST", "status": 404}),
    ];
    for (line, given) in lines.iter().zip(&expected) {
        let outcome = if given.get("code").is_some() { "error" } else { "ok" };
        let mut expected = json!({
            "message": "answered", "method": "POST", "path": "/graphql", "status": 200, "outcome": outcome,
            "client": "203.0.113.7", "trace_id": TRACE,
        });
        expected.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        assert_eq!(*line, expected);
    }
    assert_eq!(lines.len(), expected.len());
}

#[tokio::test]
async fn operations_of_batches_and_streams_and_websockets_have_lines() {
    let shell = shell("info,access=info").await;
    let server = shell.start("serve");
    let token = shell.token(MONA);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let batch = json!([{"query": "query One { __typename }"}, {"query": "query Two { nope }"}]).to_string();
    send(&server, "POST", "/graphql", &headers, &batch).await;
    let events = [headers[0], ("accept", "text/event-stream")];
    send(&server, "POST", "/graphql", &events, &json!({"query": "query Three { __typename }"}).to_string()).await;
    let refused = [("authorization", "Bearer nonsense"), ("accept", "text/event-stream")];
    send(&server, "POST", "/graphql", &refused, &json!({"query": "query Four { __typename }"}).to_string()).await;
    let address = server.address.parse().unwrap();
    let mut client = WebSocketClient::sign_in(address, &token).await;
    client.ask("query Five { viewer { id } }").await;
    client.errors_of(json!({"query": "query Six { nope }"})).await;
    let follow = json!({"query": "subscription Seven { interviewChanged { id } }"});
    client.send(json!({"id": "7", "type": "subscribe", "payload": follow})).await;
    client.expect_nothing().await;
    client.close().await;
    let mut client = WebSocketClient::connect(address, &[SUBPROTOCOL]).await.unwrap();
    client.send(json!({"type": "connection_init", "payload": {"authorization": "Bearer nonsense"}})).await;
    client.expect_close(4403, "TOKEN_INVALID").await;
    let mut lines = access_lines(server);
    for line in &mut lines {
        assert_eq!(line.as_object_mut().unwrap().remove("client"), Some(json!("127.0.0.1")));
    }
    let post = |more: Value| {
        let mut line = json!({"message": "answered", "method": "POST", "path": "/graphql", "status": 200});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let upgrade = json!({
        "message": "answered", "method": "GET", "path": "/graphql", "status": 101, "outcome": "ok",
    });
    let operation = |transport: &str, name: &str, kind: Option<&str>, code: Option<&str>| {
        let outcome = if code.is_some() { "error" } else { "ok" };
        let mut line = json!({"message": "operation", "transport": transport, "outcome": outcome, "user": 1000});
        for (field, value) in [("operation", kind.map(|_| name)), ("operation_type", kind), ("code", code)] {
            if let Some(value) = value {
                line[field] = json!(value);
            }
        }
        line
    };
    let mut batch_one = operation("batch", "One", Some("query"), None);
    let mut batch_two = operation("batch", "Two", None, Some("GRAPHQL_VALIDATION_FAILED"));
    for line in [&mut batch_one, &mut batch_two] {
        line["method"] = json!("POST");
        line["path"] = json!("/graphql");
    }
    let expected = [
        batch_one,
        batch_two,
        post(json!({"outcome": "error", "code": "GRAPHQL_VALIDATION_FAILED", "batch": 2, "user": 1000})),
        post(json!({"outcome": "ok", "operation": "Three", "operation_type": "query", "user": 1000})),
        post(json!({"outcome": "error", "code": "UNAUTHENTICATED"})),
        upgrade.clone(),
        json!({"message": "sign-in", "outcome": "ok", "user": 1000}),
        operation("websocket", "Five", Some("query"), None),
        operation("websocket", "Six", None, Some("GRAPHQL_VALIDATION_FAILED")),
        operation("websocket", "Seven", Some("subscription"), None),
        upgrade,
        json!({"message": "sign-in", "outcome": "error", "code": "TOKEN_INVALID"}),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn client_cannot_forge_its_address() {
    let shell = shell("info,access=info").await;
    for (proxies, headers, client) in [
        ("", &[("x-forwarded-for", "203.0.113.7")][..], "127.0.0.1"),
        ("10.0.0.0/8", &[("x-forwarded-for", "203.0.113.7")], "127.0.0.1"),
        ("127.0.0.0/8", &[("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        ("127.0.0.1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        ("127.0.0.1", &[("x-forwarded-for", "1.1.1.1, nonsense")], "127.0.0.1"),
        ("127.0.0.1", &[("forwarded", "for=\"[2001:db8::7]:1\"")], "2001:db8::7"),
        ("127.0.0.1", &[("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
    ] {
        let server = shell.start(&format!("serve --trusted-proxies={proxies}"));
        send(&server, "GET", "/livez", headers, "").await;
        let lines = access_lines(server);
        assert_eq!(lines[0]["client"], client, "{proxies} {headers:?}");
    }
    let refused = shell.run("serve --trusted-proxies 127.0.0.1,proxy");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("`proxy` is no address or network"), "{}", refused.stderr);
}

#[tokio::test]
async fn clients_of_a_trusted_proxy_have_rate_limits_of_their_own() {
    let shell = shell("info").await.set("RATE_LIMIT", "20");
    let server = shell.start("serve");
    let ask = async |client: &str| {
        let body = json!({"query": "{ __typename }", "variables": {}}).to_string();
        send(&server, "POST", "/graphql", &[("x-forwarded-for", client)], &body).await
    };
    let mut asked = 0;
    while !ask("203.0.113.7").await.contains("RATE_LIMITED") {
        asked += 1;
        assert!(asked < 100, "there is no limit");
    }
    for (client, is_limited) in
        [("1.1.1.1, 203.0.113.7", true), ("203.0.113.8", false), ("203.0.113.7, 203.0.113.9", false)]
    {
        assert_eq!(ask(client).await.contains("RATE_LIMITED"), is_limited, "{client}");
    }
}

#[tokio::test]
async fn no_secret_is_in_any_line() {
    let shell = shell("debug,access=info").await;
    let server = shell.start("serve");
    let token = shell.token(MONA);
    let (bearer, planted) = (format!("Bearer {token}"), SECRET_TEXT);
    let queries = [
        json!({
            "query": "query A($v: String) { interviewees(search: $v) { totalCount } }",
            "variables": {"v": planted},
        }),
        json!({"query": format!("query B {{ interviewees(search: \"{planted}\") {{ totalCount }} }} # {planted}")}),
        json!({"query": "query C { __typename }", "variables": {planted: planted}, "extensions": {"a": planted}}),
        json!({"query": format!("{{ {} }} #{planted}", planted.replace('-', "_"))}),
        json!([{"query": "query D($v: Int) { interviews(first: $v) { totalCount } }", "variables": {"v": planted}}]),
    ];
    for authorization in [bearer.clone(), format!("Bearer {planted}"), planted.to_owned()] {
        for accept in ["application/json", "text/event-stream"] {
            let headers = [
                ("authorization", authorization.as_str()),
                ("accept", accept),
                ("cookie", planted),
                ("traceparent", planted),
                ("x-forwarded-for", planted),
                ("forwarded", planted),
                ("if-none-match", planted),
            ];
            for query in &queries {
                send(&server, "POST", "/graphql", &headers, &query.to_string()).await;
            }
            send(&server, "GET", &format!("/graphql?query=%7B__typename%7D&token={planted}"), &headers, "").await;
            send(&server, "GET", &format!("/graphql/?{planted}"), &headers, "").await;
            let body = json!({"interview": {"location": planted}}).to_string();
            send(&server, "PATCH", &format!("/api/v1/interviews/27?{planted}={planted}"), &headers, &body).await;
        }
    }
    let mut client = WebSocketClient::sign_in(server.address.parse().unwrap(), &token).await;
    for query in &queries[..3] {
        client.send(json!({"id": planted, "type": "subscribe", "payload": query})).await;
        client.receive().await;
        client.receive().await;
    }
    client.close().await;
    let mut client = WebSocketClient::connect(server.address.parse().unwrap(), &[SUBPROTOCOL]).await.unwrap();
    client.send(json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {planted}")}})).await;
    client.expect_close(4403, "TOKEN_INVALID").await;
    server.signal("TERM");
    let (_, log) = server.ended();
    assert!(log.iter().filter(|line| line.contains(r#""target":"access""#)).count() > 50, "the log is on");
    let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    for secret in [planted, &planted.replace('-', "_"), claims, signature] {
        assert_eq!(log.iter().find(|line| line.contains(secret)), None, "{secret}");
    }
}

#[tokio::test]
async fn access_log_is_off_unless_it_is_asked_for() {
    let shell = shell("info").await;
    for (filter, lines) in [
        ("info", 0),
        ("info,access=off", 0),
        ("debug,access=warn", 0),
        ("info,access=info", 1),
        ("debug", 1),
        ("info,interviews=debug", 1),
        // `listening` is a line of the application, by which the test finds the port.
        ("off,interviews::cli=info,interviews::app=info,access=info", 1),
    ] {
        let server = shell.start(&format!("serve --log {filter}"));
        server.get("/livez").await;
        assert_eq!(access_lines(server).len(), lines, "{filter}");
    }
}

#[tokio::test]
async fn line_of_text_has_the_request_once() {
    let shell = shell("info,access=info").await.set("LOG_FORMAT", "text");
    let server = shell.start("serve");
    send(&server, "GET", "/livez?secret", &[("x-request-id", "my-id")], "").await;
    let line = server.stderr.wait_for("answered");
    assert_eq!((line.matches("my-id").count(), line.matches("/livez").count()), (1, 1), "{line}");
    assert!(
        line.contains("status=200") && line.contains(r#"outcome="ok""#) && line.contains("client=127.0.0.1"),
        "{line}"
    );
    assert!(!line.contains("secret"), "{line}");
}
