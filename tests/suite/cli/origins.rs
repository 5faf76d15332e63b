//! Pages of other origins: `dev` lets those of this machine call it, and a refused origin is logged once.

use crate::support::Database::Sqlite;
use crate::support::http_client;
use crate::support::shell::{Server, Shell};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use reqwest::{Method, Response};

/// The page of a development server such as Vite's.
const VITE: &str = "http://localhost:5173";
const ELSEWHERE: &str = "https://app.example";

async fn preflight(server: &Server, path: &str, origin: &str) -> Response {
    let request = http_client::client().request(Method::OPTIONS, format!("http://{}{path}", server.address));
    let request = request.header("origin", origin).header("access-control-request-method", "POST");
    request.header("access-control-request-headers", "authorization,content-type").send().await.unwrap()
}

/// Whether a browser would let the page of this origin call.
async fn may_call(server: &Server, origin: &str) -> bool {
    let allowed = preflight(server, "/graphql", origin).await.headers().get("access-control-allow-origin").cloned();
    assert!(allowed.as_ref().is_none_or(|allowed| allowed == origin), "{origin}: {allowed:?}");
    allowed.is_some()
}

/// Whether the page of this origin can open a WebSocket.
async fn may_connect(server: &Server, origin: &str) -> bool {
    match WebSocketClient::connect(server.address.parse().unwrap(), &[SUBPROTOCOL, ("origin", origin)]).await {
        Ok(client) => {
            client.close().await;
            true
        }
        Err(rejected) => {
            assert!(rejected.head.starts_with("HTTP/1.1 403 "), "{origin}: {}", rejected.head);
            false
        }
    }
}

/// The lines about refused pages.
fn refusals(server: Server) -> Vec<String> {
    server.signal("TERM");
    let (_, log) = server.ended();
    let message = |line: String| line.split_once("refused a page").map(|(_, rest)| rest.to_owned());
    log.into_iter().filter_map(message).collect()
}

#[tokio::test]
async fn dev_lets_pages_of_this_machine_call() {
    let server = Shell::new().start("dev --interviews 40");
    let origins = [VITE, "https://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8080", "http://localhost"];
    for origin in origins {
        assert!(may_call(&server, origin).await && may_connect(&server, origin).await, "{origin}");
    }
    for origin in [ELSEWHERE, "http://192.168.1.5:5173", "http://localhost.evil.example", "null"] {
        assert!(!may_call(&server, origin).await && !may_connect(&server, origin).await, "{origin}");
    }
    let refused = refusals(server);
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert_eq!(refused[0], " of https://app.example: not in CORS_ORIGINS");
}

#[tokio::test]
async fn dev_with_configured_origins_allows_those_alone() {
    let server = Shell::new().set("CORS_ORIGINS", ELSEWHERE).start("dev --interviews 40");
    assert!(may_call(&server, ELSEWHERE).await && may_connect(&server, ELSEWHERE).await);
    assert!(!may_call(&server, VITE).await && !may_connect(&server, VITE).await);
    assert_eq!(refusals(server), [" of http://localhost:5173: not in CORS_ORIGINS"]);
}

#[tokio::test]
async fn serve_refuses_pages_of_this_machine_and_says_why() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let server = shell.start("serve");
    for path in ["/graphql", "/api/v1/interviews/27", "/livez"] {
        let answer = preflight(&server, path, VITE).await;
        assert_eq!((answer.status().as_u16(), answer.headers().get("access-control-allow-origin")), (405, None));
        let body = answer.text().await.unwrap();
        assert!(body.contains("Pages of this origin may not call this server: it is not in CORS_ORIGINS."), "{body}");
    }
    assert!(!may_connect(&server, VITE).await);
    assert!(!may_connect(&server, ELSEWHERE).await);
    // A request by OPTIONS that is no preflight is not of a page.
    let request = http_client::client().request(Method::OPTIONS, format!("http://{}/graphql", server.address));
    let body = request.header("origin", "https://other.example").send().await.unwrap().text().await.unwrap();
    assert!(!body.contains("CORS_ORIGINS"), "{body}");
    let expected = [VITE, ELSEWHERE].map(|origin| format!(" of {origin}: not in CORS_ORIGINS"));
    assert_eq!(refusals(server), expected);
}
