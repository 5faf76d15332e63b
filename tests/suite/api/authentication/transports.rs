//! The same tokens over every transport: GraphQL by POST and GET, REST, server-sent events and WebSocket.

use crate::support::Database::Sqlite;
use crate::support::SECRET;
use crate::support::http_client;
use crate::support::listening_server::ListeningServer;
use crate::support::people::{JUDE_WITH_LUISA, MONA};
use crate::support::rest::interview_path;
use crate::support::signer::unsigned_text;
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

const QUERY: &str = "{ viewer { id } }";

/// Headers whose tokens are refused although their signature is valid (RFC 7515, section 4.1.11): an extension that
/// the server does not know, a list that must not be empty, and what is no list of names.
pub(super) const CRITICAL: [&str; 9] =
    [r#"["exp"]"#, r#"["b64"]"#, "[]", "null", r#""exp""#, "{}", "true", "[1]", r#"["alg", "typ"]"#];

/// Times around the present, in seconds, as `exp` or `nbf`, and as they count with a leeway of 30 s.
pub(super) const TIMES: [(&str, f64, &str); 8] = [
    ("exp", 60.5, "ok"),
    ("exp", -29.75, "ok"),
    ("exp", -30.0, "TOKEN_EXPIRED"),
    ("exp", -30.25, "TOKEN_EXPIRED"),
    ("nbf", -0.5, "ok"),
    ("nbf", 30.0, "ok"),
    ("nbf", 30.25, "TOKEN_INVALID"),
    ("iat", -0.25, "ok"),
];

/// Values of `exp` that no present time has, as texts of JSON.
pub(super) const EXPIRIES: [(&str, &str); 16] = [
    ("9223372036854775807", "ok"),
    ("4102444800.5", "ok"),
    ("1e10", "ok"),
    ("0", "TOKEN_EXPIRED"),
    ("-0.0", "TOKEN_EXPIRED"),
    ("0.5", "TOKEN_EXPIRED"),
    ("-1", "TOKEN_EXPIRED"),
    ("-1.5", "TOKEN_EXPIRED"),
    ("-9223372036854775808", "TOKEN_EXPIRED"),
    ("18446744073709551615", "TOKEN_INVALID"),
    ("1e300", "TOKEN_INVALID"),
    ("1e999", "TOKEN_INVALID"),
    ("NaN", "TOKEN_INVALID"),
    ("Infinity", "TOKEN_INVALID"),
    ("\"4102444800\"", "TOKEN_INVALID"),
    ("[4102444800]", "TOKEN_INVALID"),
];

/// The claims with a value of `exp` that is not of JSON's numbers, perhaps.
pub(super) fn with_expiry(claims: &Value, expiry: &str) -> String {
    let mut claims = claims.clone();
    claims["exp"] = json!("EXPIRY");
    claims.to_string().replace("\"EXPIRY\"", expiry)
}

/// Fails unless the token has this outcome over every transport: `ok`, or the reason of the refusal.
pub(super) async fn assert_outcome(server: &ListeningServer, token: &str, expected: &str) {
    assert_eq!(over_http(server, token).await, [expected; 4].map(str::to_owned), "{expected}");
    if expected == "ok" {
        let mut client = WebSocketClient::sign_in(server.address, token).await;
        assert_eq!(client.ask(QUERY).await, json!({"viewer": {"id": "1000"}}));
        client.close().await;
        return;
    }
    let authorization = format!("Bearer {token}");
    let mut client = server.connect().await;
    client.send(json!({"type": "connection_init", "payload": {"Authorization": authorization}})).await;
    client.expect_close(4403, expected).await;
    let headers = [SUBPROTOCOL, ("authorization", authorization.as_str())];
    let mut client = WebSocketClient::connect(server.address, &headers).await.unwrap();
    client.send(json!({"type": "connection_init"})).await;
    client.expect_close(4403, expected).await;
}

async fn over_http(server: &ListeningServer, token: &str) -> [String; 4] {
    let (client, url) = (http_client::client(), format!("http://{}/graphql", server.address));
    let send = async |request: reqwest::RequestBuilder| request.bearer_auth(token).send().await.unwrap();
    let body = json!({"query": QUERY});
    let post = send(client.post(&url).json(&body)).await.json().await.unwrap();
    let get = send(client.get(&url).query(&[("query", QUERY)]).header("accept", "application/json")).await;
    let get = get.json().await.unwrap();
    let path = format!("http://{}{}", server.address, interview_path(JUDE_WITH_LUISA));
    let rest = send(client.patch(path).json(&json!({"interview": {}}))).await;
    let rest_outcome = match rest.status().as_u16() {
        200 => "ok".to_owned(),
        401 => rest.json::<Value>().await.unwrap()["errors"][0]["reason"].as_str().unwrap().to_owned(),
        status => panic!("{status}"),
    };
    let events = send(client.post(&url).json(&body).header("accept", "text/event-stream")).await;
    let events = events.text().await.unwrap();
    let data = events.lines().find_map(|line| line.strip_prefix("data: {")).unwrap();
    let event = serde_json::from_str(&format!("{{{data}")).unwrap();
    [outcome(&post), outcome(&get), rest_outcome, outcome(&event)]
}

fn outcome(answer: &Value) -> String {
    if answer["data"]["viewer"]["id"] == "1000" {
        return "ok".to_owned();
    }
    answer["errors"][0]["extensions"]["reason"].as_str().unwrap().to_owned()
}

/// A token with a secret.
fn token(header: &str, claims: &str) -> String {
    let message = unsigned_text(header, claims);
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(SECRET), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

const HEADER: &str = r#"{"alg":"HS256"}"#;

fn claims(server: &ListeningServer) -> Value {
    json!({"sub": MONA.to_string(), "scp": "user", "exp": server.app.now().timestamp() + 3600, "jti": "one"})
}

#[tokio::test]
async fn token_with_a_secret_that_has_a_critical_extension_is_refused_everywhere() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let claims = claims(&server).to_string();
    assert_outcome(&server, &token(HEADER, &claims), "ok").await;
    for crit in CRITICAL {
        for name in ["crit", r"\u0063rit"] {
            let header = format!(r#"{{"alg":"HS256","{name}":{crit},"exp":1}}"#);
            assert_outcome(&server, &token(&header, &claims), "TOKEN_INVALID").await;
        }
    }
}

#[tokio::test]
async fn times_of_a_token_with_a_secret_may_have_fractions_everywhere() {
    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    server.app.clock.advance(chrono::TimeDelta::milliseconds(42)); // a whole second
    let now = server.app.now();
    assert_eq!(now.timestamp_subsec_millis(), 0);
    for (claim, seconds, expected) in TIMES {
        let mut claims = claims(&server);
        claims[claim] = json!(f64::from(i32::try_from(now.timestamp()).unwrap()) + seconds);
        assert_outcome(&server, &token(HEADER, &claims.to_string()), expected).await;
    }
    for (expiry, expected) in EXPIRIES {
        assert_outcome(&server, &token(HEADER, &with_expiry(&claims(&server), expiry)), expected).await;
    }
}

#[tokio::test]
async fn open_connections_end_at_the_fraction_of_a_second() {
    let server = ListeningServer::start(Sqlite, &["--viewer-ttl", "50ms"]).await.unwrap();
    server.app.clock.advance(chrono::TimeDelta::milliseconds(42));
    let now = server.app.now().timestamp();
    let expiring = |fraction: f64| {
        let mut claims = claims(&server);
        claims["exp"] = json!(f64::from(i32::try_from(now).unwrap()) + fraction);
        token(HEADER, &claims.to_string())
    };
    let (first, second) = (expiring(0.25), expiring(0.75));
    let early = WebSocketClient::sign_in(server.address, &first).await;
    let mut late = WebSocketClient::sign_in(server.address, &second).await;
    let post = http_client::client().post(format!("http://{}/graphql", server.address));
    let body = json!({"query": "subscription { interviewChanged { type } }"});
    let events = post.json(&body).bearer_auth(&second).header("accept", "text/event-stream").send().await.unwrap();
    // The check that ends one connection leaves the others open.
    server.app.clock.advance(chrono::TimeDelta::milliseconds(30_250));
    early.expect_close(4403, "TOKEN_EXPIRED").await;
    assert_eq!(late.ask(QUERY).await, json!({"viewer": {"id": "1000"}}));
    server.app.clock.advance(chrono::TimeDelta::milliseconds(500));
    late.expect_close(4403, "TOKEN_EXPIRED").await;
    let text = events.text().await.unwrap();
    assert!(text.contains(r#""code":"UNAUTHENTICATED","reason":"TOKEN_EXPIRED""#), "{text}");
}
