//! Which clients `dev` answers, and which of them get its token: it is for the browser of this machine only.

use crate::support::shell::{Server, Shell};
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};

const PAGE: (&str, &str) = ("accept", "text/html");

/// The status of the response to a browser, and whether it has the token of the staff member.
async fn page(server: &Server, headers: &[(&str, &str)]) -> (u16, bool) {
    let headers: Vec<_> = [PAGE].iter().chain(headers).copied().collect();
    let response = server.get_with("/graphql", &headers).await;
    let status = response.status().as_u16();
    (status, response.text().await.unwrap().contains(&server.printed("staff")))
}

#[tokio::test]
async fn dev_answers_only_for_names_that_cannot_be_rebound() {
    let shell = Shell::new();
    let server = shell.start("dev --interviews 40");
    let port = server.address.split_once(':').unwrap().1;
    for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", "evil.example@localhost"] {
        for path in ["/graphql", "/api/v1/interviews/27", "/livez", "/readyz", "/", "/graphiql/explorer.js", "/none"] {
            let response = server.get_with(path, &[("host", host), PAGE]).await;
            assert_eq!(response.status(), 421, "{host} {path}");
        }
        let origin = format!("http://{host}");
        let headers = [SUBPROTOCOL, ("host", host), ("origin", &origin)];
        let rejected = WebSocketClient::connect(server.address.parse().unwrap(), &headers).await.err().unwrap();
        assert!(rejected.head.starts_with("HTTP/1.1 421 "), "{host}: {}", rejected.head);
    }
    let graphql = server.get_with("/graphql?query={__typename}", &[("host", "evil.example")]).await;
    let graphql: serde_json::Value = graphql.json().await.unwrap();
    assert_json!(graphql, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "BAD_REQUEST"},
          "message": "This server does not answer for this host. See ALLOWED_HOSTS."
        }
      ]
    }
    "#);
    for host in ["localhost", &format!("LOCALHOST:{port}"), &format!("[::1]:{port}"), "127.0.0.1"] {
        assert_eq!(page(&server, &[("host", host)]).await, (200, true), "{host}");
    }
    assert_eq!(page(&server, &[("host", "192.168.1.5")]).await, (200, false), "an address of another machine");
}

#[tokio::test]
async fn dev_answers_for_configured_names_without_its_token() {
    let shell = Shell::new().set("ALLOWED_HOSTS", "App.Example, other.example");
    let server = shell.start("dev --interviews 40");
    for host in ["app.example", "OTHER.example:8000"] {
        assert_eq!(page(&server, &[("host", host)]).await, (200, false), "{host}");
    }
    assert_eq!(page(&server, &[("host", "evil.example")]).await, (421, false));
    assert_eq!(page(&server, &[("host", "localhost")]).await, (200, true));
}

#[tokio::test]
async fn page_of_dev_is_for_no_other_origin() {
    let shell = Shell::new().set("CORS_ORIGINS", "*");
    let server = shell.start("dev --interviews 40");
    let origin = ("origin", "https://evil.example");
    let response = server.get_with("/graphql", &[PAGE, origin]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers().get("access-control-allow-origin"), None);
    assert!(!response.text().await.unwrap().contains(&server.printed("staff")));
    // The API is for other origins, as it is configured.
    let api = server.get_with("/graphql?query={__typename}", &[origin]).await;
    assert_eq!(api.headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn page_of_dev_has_no_token_behind_a_proxy() {
    let shell = Shell::new();
    let server = shell.start("dev --interviews 40");
    for header in ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via"] {
        assert_eq!(page(&server, &[(header, "192.0.2.1")]).await, (200, false), "{header}");
    }
}

#[tokio::test]
async fn dev_on_a_network_address_has_no_token_in_its_page() {
    let shell = Shell::new();
    let server = shell.start_on_all_addresses("dev --interviews 40");
    for host in ["127.0.0.1", "localhost", "0.0.0.0"] {
        assert_eq!(page(&server, &[("host", host)]).await, (200, false), "{host}");
    }
    assert!(server.printed("GraphiQL does not contain a token, because other machines can reach").contains("0.0.0.0:"));
    // The printed token is accepted.
    assert_json!(server.viewer(&server.printed("staff")).await, @r#"{"role": "STAFF", "title": "Mona Berg"}"#);
}
