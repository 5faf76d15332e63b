//! `GraphiQL`, the explorer that a browser gets at `/graphql`. Its page and its files are in the binary, so that it
//! works without access to other hosts and under a strict content security policy.
//!
//! `assets/graphiql/explorer.js` configures the page in the browser; `GraphiQL` itself is vendored beside it.

use crate::http::entity_tags::is_current;
use crate::http::host::{Host, hosts};
use crate::http::middleware::cors::OwnOriginOnly;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::Serialize;
use serde_json::json;
use std::future::ready;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

/// The URL to which the page sends its operations.
const ENDPOINT: &str = "/graphql";

const PAGE: &str = include_str!("../../assets/graphiql/index.html");

/// Only files of this server, no inline scripts and no `eval`. Fonts and a few icons are `data:` URLs in the style
/// sheet of `GraphiQL`. The hash is that of the one `<style>` element that `GraphiQL` adds by script, for the scroll
/// lock of its dialogs; the browser test opens a dialog and fails when the hash changes.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='; img-src 'self' data:; \
    font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// Headers by which a proxy says that the request is of another client.
const PROXY_HEADERS: [HeaderName; 5] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
];

/// What the browser uses a response for.
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What the page starts with, in a server for development.
pub struct Prefill {
    /// The token in the headers editor of every tab. Only browsers of the same machine get it.
    pub token: Option<String>,
    /// The tabs of the first visit.
    pub examples: Vec<Example>,
}

/// An operation in a tab of its own.
#[derive(Serialize)]
pub struct Example {
    /// The GraphQL document.
    pub query: &'static str,
    /// The variables, as JSON.
    pub variables: &'static str,
}

impl Example {
    /// Examples that run on the demo data.
    #[must_use]
    pub fn of_demo_data() -> Vec<Self> {
        vec![
            Self {
                query: include_str!("../../assets/graphiql/examples/interviews.graphql"),
                variables: include_str!("../../assets/graphiql/examples/interviews.json"),
            },
            Self {
                query: include_str!("../../assets/graphiql/examples/update-interview.graphql"),
                variables: include_str!("../../assets/graphiql/examples/update-interview.json"),
            },
            Self {
                query: include_str!("../../assets/graphiql/examples/interview-changed.graphql"),
                variables: include_str!("../../assets/graphiql/examples/interview-changed.json"),
            },
        ]
    }
}

/// The page of `GraphiQL`, rendered once.
#[derive(Clone)]
pub struct Explorer {
    page: Bytes,
    page_with_token: Option<Bytes>,
}

impl Explorer {
    /// Without a token in `prefill` the user has to enter one.
    #[must_use]
    pub fn new(prefill: Option<Prefill>) -> Self {
        let (token, examples) = match prefill {
            Some(Prefill { token, examples }) => (token, examples),
            None => (None, Vec::new()),
        };
        let page = render(None, &examples);
        Self { page, page_with_token: token.map(|token| render(Some(&token), &examples)) }
    }

    /// The page, with the token if a browser of this machine shows it. Caches must not store it, and pages of other
    /// origins must not read it, because it can contain a token.
    pub(crate) fn page(&self, uri: &Uri, request: &HeaderMap) -> Response {
        let page = self.page_with_token.as_ref().filter(|_| is_local(uri, request)).unwrap_or(&self.page);
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        ];
        let mut response = (headers, page.clone()).into_response();
        response.extensions_mut().insert(OwnOriginOnly);
        response
    }
}

fn render(token: Option<&str>, examples: &[Example]) -> Bytes {
    let config = json!({"endpoint": ENDPOINT, "token": token, "examples": examples});
    PAGE.replace("{{config}}", &escape_for_html(&config.to_string())).into()
}

/// Whether a browser opened the page by a name of this machine, not through a proxy and not from a script of another
/// page, which sends `Origin`. A link on a page of another site may lead here: that page cannot read what the browser
/// shows. But the browser must not get the token for a frame, a script or an image of that page
/// (<https://www.w3.org/TR/fetch-metadata/>): it would keep the text in the process of that page.
fn is_local(uri: &Uri, request: &HeaderMap) -> bool {
    let mut hosts = hosts(uri, request).peekable();
    hosts.peek().is_some()
        && hosts.all(|host| host.is_some_and(|host: Host| host.is_loopback()))
        && !request.contains_key(header::ORIGIN)
        && request.get_all(SEC_FETCH_DEST).iter().all(|destination| destination == "document")
        && !PROXY_HEADERS.iter().any(|name| request.contains_key(name))
}

/// Escapes JSON so that it cannot end the `<script>` element around it. In JSON these characters occur only in
/// strings, where the escape has the same meaning.
fn escape_for_html(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The routes of the page's files, below `/graphiql/`.
pub(crate) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    macro_rules! asset {
        ($path:literal, $content_type:expr) => {
            (
                concat!("/graphiql/", $path),
                file($content_type, include_bytes!(concat!("../../assets/graphiql/", $path))),
            )
        };
    }
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    [
        asset!("explorer.css", CSS),
        asset!("explorer.js", JS),
        asset!("vendor/graphiql.min.css", CSS),
        asset!("vendor/graphiql.min.js", JS),
        asset!("vendor/react.production.min.js", JS),
        asset!("vendor/react-dom.production.min.js", JS),
    ]
    .into_iter()
    .fold(Router::new(), |router, (path, file)| router.route(path, file))
}

/// A file that browsers cache and revalidate, because the next version of the server can have another file at the
/// same URL.
fn file<S>(content_type: &'static str, body: &'static [u8]) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    // Computed on first use: hashing a file loads it from the binary into memory, and most servers never serve it.
    let etag = Arc::new(LazyLock::new(move || {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }));
    get(move |request: HeaderMap| {
        let etag = etag.as_str();
        let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache"), (header::ETAG, etag)];
        ready(if is_current(&request, etag) {
            (StatusCode::NOT_MODIFIED, headers).into_response()
        } else {
            (headers, body).into_response()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_cannot_end_its_script_element() {
        let hostile = "</script><!--&\u{2028}";
        let page = render(Some(hostile), &Example::of_demo_data());
        let page = std::str::from_utf8(&page).unwrap();
        let (_, config) = page.split_once(r#"id="explorer-config">"#).unwrap();
        let (config, _) = config.split_once("</script>").unwrap();

        let config: serde_json::Value = serde_json::from_str(config).unwrap();
        assert_eq!(config["token"], hostile);
        assert_eq!(config["examples"].as_array().map(Vec::len), Some(3));
    }

    #[tokio::test]
    async fn token_is_only_in_the_page_that_a_browser_of_this_machine_opens() {
        let explorer = Explorer::new(Some(Prefill { token: Some("secret".to_owned()), examples: Vec::new() }));
        let has_token = async |headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let page = explorer.page(&Uri::from_static("/graphql"), &headers.collect());
            let page = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
            std::str::from_utf8(&page).unwrap().contains("secret")
        };
        for host in ["127.0.0.1:8000", "localhost", "[::1]:8000"] {
            assert!(has_token(&[("host", host)]).await, "{host}");
        }
        for site in ["none", "same-origin", "cross-site"] {
            let navigation = [("host", "localhost"), ("sec-fetch-site", site), ("sec-fetch-dest", "document")];
            assert!(has_token(&navigation).await, "a link of {site}");
        }
        for headers in [
            [].as_slice(),
            &[("host", "192.168.1.5")],
            &[("host", "app.example")],
            &[("host", "localhost"), ("origin", "https://evil.example")],
            &[("host", "localhost"), ("origin", "null")],
            &[("host", "127.0.0.1"), ("x-forwarded-for", "192.0.2.1")],
            &[("host", "127.0.0.1"), ("forwarded", "for=192.0.2.1")],
            &[("host", "127.0.0.1"), ("via", "1.1 proxy")],
            &[("host", "localhost"), ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "empty")],
            &[("host", "localhost"), ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe")],
            &[("host", "localhost"), ("sec-fetch-site", "same-site"), ("sec-fetch-dest", "script")],
            &[("host", "localhost"), ("sec-fetch-dest", "image")],
        ] {
            assert!(!has_token(headers).await, "{headers:?}");
        }
    }
}
