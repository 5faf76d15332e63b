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

/// The line about a refused page, which says what would allow it.
fn refusal(origin: &str) -> String {
    format!(" of {origin}: not in CORS_ORIGINS. To allow it, add {origin} to CORS_ORIGINS")
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
    let shell = Shell::new();
    let server = shell.start("dev --interviews 40");
    let origins = [VITE, "https://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8080", "http://localhost"];
    for origin in origins {
        assert!(may_call(&server, origin).await && may_connect(&server, origin).await, "{origin}");
    }
    for origin in [ELSEWHERE, "http://192.168.1.5:5173", "http://localhost.evil.example", "null"] {
        assert!(!may_call(&server, origin).await && !may_connect(&server, origin).await, "{origin}");
    }
    let refused = refusals(server);
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert_eq!(refused[0], refusal(ELSEWHERE));
    assert!(refused[3].starts_with(" of null: not in CORS_ORIGINS. It is no origin of a site"), "{refused:?}");
}

#[tokio::test]
async fn dev_with_configured_origins_allows_those_alone() {
    let shell = Shell::new().set("CORS_ORIGINS", ELSEWHERE);
    let server = shell.start("dev --interviews 40");
    assert!(may_call(&server, ELSEWHERE).await && may_connect(&server, ELSEWHERE).await);
    assert!(!may_call(&server, VITE).await && !may_connect(&server, VITE).await);
    assert_eq!(refusals(server), [refusal(VITE)]);
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
    assert_eq!(refusals(server), [VITE, ELSEWHERE].map(refusal));
}

/// Each entry is written as an operator may write it, beside the origin that browsers send and one that stays refused.
#[tokio::test]
async fn entries_match_what_browsers_send_over_both_transports() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let table = [
        ("https://slash.example/", "https://slash.example", "http://slash.example"),
        ("HTTPS://Upper.Example", "https://upper.example", "https://upper.example:8443"),
        ("https://port.example:443", "https://port.example", "https://port.example:444"),
        ("http://port.example:80/", "http://port.example", "http://port.example:8080"),
        (" https://blank.example ", "https://blank.example", "https://blank.example.evil.example"),
        ("https://dot.example.", "https://dot.example", "https://dot.examples"),
        ("https://bücher.example", "https://xn--bcher-kva.example", "https://bucher.example"),
        ("http://[0::1]:3000", "http://[::1]:3000", "http://[::1]"),
        ("", "http://[::1]:3000", "null"),
        ("capacitor://localhost", "capacitor://localhost", "https://localhost"),
    ];
    let server = shell.set("CORS_ORIGINS", table.map(|(entry, ..)| entry).join(",")).start("serve");
    for (entry, allowed, refused) in table {
        assert!(may_call(&server, allowed).await && may_connect(&server, allowed).await, "{entry:?}");
        assert!(!may_call(&server, refused).await && !may_connect(&server, refused).await, "{entry:?}");
    }
}

#[test]
fn entries_that_would_never_match_stop_the_start_with_the_entry_and_the_reason() {
    for (entry, reason) in [
        ("https://app.example.com/path", "an origin has no path, query and fragment: write https://app.example.com"),
        ("https://app.example.com?query", "an origin has no path, query and fragment: write https://app.example.com"),
        ("https://me@app.example.com", "an origin has no user name and no password"),
        ("https://*.example.com", "`*` stands for all origins and can only be an entry of its own"),
        ("null", "`null` is the origin of sandboxed pages and of files of any site"),
        ("app.example.com", "it has no scheme: write https://app.example.com"),
        ("wss://app.example.com", "a page has the scheme http or https"),
        ("https://a.example https://b.example", "origins are separated by commas"),
        ("https://app.example.com:http", "it has to be like https://app.example.com or http://localhost:3000"),
    ] {
        for command in ["dev", "serve"] {
            let list = format!("https://valid.example,{entry}");
            let finished = Shell::new().set("CORS_ORIGINS", list).run(command);
            assert_eq!(finished.code, Some(2), "{command} {entry}");
            // A user name in a URL can come with a password.
            let shown = if entry.contains('@') { "(not shown: it could be part of a secret)" } else { entry };
            let value = format!("invalid value '{shown}' for 'CORS_ORIGINS'");
            assert!(finished.stderr.contains(&value), "{command} {entry}: {}", finished.stderr);
            assert!(finished.stderr.contains(reason), "{command} {entry}: {}", finished.stderr);
        }
    }
}
