//! `GraphiQL`, the explorer that a browser sees at `/graphql`: its page and its files, all from the
//! binary, so that it works without any other host and under a strict content security policy.
//!
//! What the page does in the browser is in `assets/graphiql/explorer.js`; `GraphiQL` itself is
//! vendored beside it. Deciding whether a request wants this page is the router's affair.

use std::{
    future::ready,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, LazyLock},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use serde::Serialize;
use serde_json::json;

/// Where the page sends its operations.
const ENDPOINT: &str = "/graphql";

const PAGE: &str = include_str!("../../assets/graphiql/index.html");

/// Nothing but our own files, no inline script and no `eval`. Fonts and a few icons are `data:`
/// URLs inside `GraphiQL`'s style sheet. The hash is of the one `<style>` that `GraphiQL` adds by
/// script, the scroll lock of its dialogs; the browser test opens one and fails if it changes.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='; img-src 'self' data:; \
    font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// What the page starts with where the server may hand out a token.
pub struct Prefill {
    /// A token for the headers editor of every tab.
    pub token: String,
    /// The tabs of a first visit.
    pub examples: Vec<Example>,
}

/// An operation that opens in a tab, ready to run.
#[derive(Serialize)]
pub struct Example {
    /// The GraphQL document.
    pub query: &'static str,
    /// Its variables, as JSON.
    pub variables: &'static str,
}

impl Example {
    /// Examples that run as they are on the demo data.
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

/// `GraphiQL`'s page, rendered once.
#[derive(Clone)]
pub struct Explorer {
    page: Bytes,
}

impl Explorer {
    /// A page that starts with `prefill`, or with an empty token for the person to fill in.
    #[must_use]
    pub fn new(prefill: Option<Prefill>) -> Self {
        let (token, examples) = match prefill {
            Some(Prefill { token, examples }) => (Some(token), examples),
            None => (None, Vec::new()),
        };
        let config = json!({"endpoint": ENDPOINT, "token": token, "examples": examples});
        let page = PAGE.replace("{{config}}", &escape_for_html(&config.to_string()));
        Self { page: page.into() }
    }

    /// The page. It may hold a token: no cache keeps it.
    #[must_use]
    pub fn page(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        ];
        (headers, self.page.clone()).into_response()
    }
}

/// JSON that cannot end the `<script>` it stands in. These characters occur in JSON inside
/// strings only, where the escape means the same.
fn escape_for_html(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The files that the page asks for, under `/graphiql/`.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
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

/// A file that browsers keep and ask about again: a new binary may have a new one at the same
/// address.
fn file<S>(content_type: &'static str, body: &'static [u8]) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    // Not before it is asked for: most servers never are, and reading a file of the binary puts it into memory.
    let etag = Arc::new(LazyLock::new(move || {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }));
    get(move |request: HeaderMap| {
        let etag = etag.as_str();
        let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache"), (header::ETAG, etag)];
        ready(if has_current(&request, etag) {
            (StatusCode::NOT_MODIFIED, headers).into_response()
        } else {
            (headers, body).into_response()
        })
    })
}

fn has_current(request: &HeaderMap, etag: &str) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_configuration_ends_its_script_element() {
        let hostile = "</script><!--&\u{2028}";
        let page = Explorer::new(Some(Prefill { token: hostile.to_owned(), examples: Example::of_demo_data() }));
        let page = std::str::from_utf8(&page.page).unwrap();
        let (_, config) = page.split_once(r#"id="explorer-config">"#).unwrap();
        let (config, _) = config.split_once("</script>").unwrap();

        let config: serde_json::Value = serde_json::from_str(config).unwrap();
        assert_eq!(config["token"], hostile);
        assert_eq!(config["examples"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn a_file_is_not_sent_again_to_whoever_has_it() {
        let mut request = HeaderMap::new();
        assert!(!has_current(&request, r#""b""#));
        request.insert(header::IF_NONE_MATCH, r#""a", W/"b""#.parse().unwrap());
        assert!(has_current(&request, r#""b""#));
        assert!(!has_current(&request, r#""c""#));
    }
}
