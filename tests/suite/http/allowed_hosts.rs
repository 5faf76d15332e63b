//! The setting `ALLOWED_HOSTS`: requests for other names are refused.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::actor::Answer;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::rest::interview_path;
use axum::body::Body;
use axum::http::Request;

/// The response to a GET of this target with these `Host` headers.
async fn get(app: &TestApp, target: &str, hosts: &[&str]) -> Answer {
    let request = Request::get(target).header("accept", "application/json");
    let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
    app.staff().send(request.body(Body::empty()).unwrap()).await
}

const QUERY: &str = "/graphql?query={__typename}";

#[tokio::test]
async fn every_host_is_answered_without_the_setting() {
    for flags in [[].as_slice(), &["--allowed-hosts", ""]] {
        let app = TestApp::start_with(Sqlite, flags).await.unwrap();
        for hosts in [[].as_slice(), &["any.example"], &["a.example", "b.example"], &["@"]] {
            assert_eq!(get(&app, QUERY, hosts).await.status, 200, "{hosts:?}");
        }
    }
}

#[tokio::test]
async fn other_hosts_are_refused_with_421() {
    let app = TestApp::start_with(Sqlite, &["--allowed-hosts", "app.example,www.app.example"]).await.unwrap();
    for hosts in [[].as_slice(), &["app.example"], &["WWW.app.example:443"], &["10.0.0.7:8000"], &["localhost"]] {
        assert_eq!(get(&app, QUERY, hosts).await.status, 200, "{hosts:?}");
    }
    for hosts in [["evil.example"].as_slice(), &["app.example", "evil.example"], &["app.example@evil.example"], &[""]] {
        for path in [QUERY, "/livez", "/readyz", "/none", "/graphiql/explorer.js"] {
            assert_eq!(get(&app, path, hosts).await.status, 421, "{hosts:?} {path}");
        }
    }
    // The target of the request takes precedence over the header (RFC 9112, 3.2.2), so neither may be another host.
    assert_eq!(get(&app, "http://evil.example/livez", &["app.example"]).await.status, 421);
    assert_eq!(get(&app, "http://app.example/livez", &["evil.example"]).await.status, 421);
}

#[tokio::test]
async fn names_are_compared_in_one_form() {
    let names = " App.Example. ,bücher.example,10.0.0.7";
    let app = TestApp::start_with(Sqlite, &["--allowed-hosts", names]).await.unwrap();
    for host in ["app.example", "APP.example.:8000", "xn--bcher-kva.example", "10.0.0.8"] {
        assert_eq!(get(&app, QUERY, &[host]).await.status, 200, "{host}");
    }
    assert_eq!(get(&app, QUERY, &["bucher.example"]).await.status, 421);
}

#[tokio::test]
async fn misdirected_request_is_an_error_in_the_format_of_its_api() {
    let app = TestApp::start_with(Sqlite, &["--allowed-hosts", "app.example"]).await.unwrap();
    assert_json!(get(&app, QUERY, &["evil.example"]).await.json(), @r#"
    {
      "errors": [
        {
          "extensions": {"code": "BAD_REQUEST"},
          "message": "This server does not answer for this host. See ALLOWED_HOSTS."
        }
      ]
    }
    "#);
    assert_json!(get(&app, &interview_path(JUDE_WITH_LUISA), &["evil.example"]).await.json(), @r#"
    {
      "errors": [
        {
          "code": "BAD_REQUEST",
          "message": "This server does not answer for this host. See ALLOWED_HOSTS.",
          "path": []
        }
      ]
    }
    "#);
}
