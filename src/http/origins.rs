//! The pages of other origins that may call the server, and what is logged about those that may not.

use crate::http::origin::Origin;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use std::collections::HashSet;
use std::str;
use std::sync::{Mutex, PoisonError};

/// Decides for requests that a browser sends for a page of another origin.
#[derive(Debug)]
pub(crate) struct AllowedOrigins {
    rule: OriginRule,
    refused: RefusedOrigins,
}

/// Which origins are allowed.
#[derive(Debug)]
pub(crate) enum OriginRule {
    Any,
    Listed(Vec<Origin>),
    /// The pages that servers on this machine serve.
    Loopback,
}

impl AllowedOrigins {
    pub(crate) fn new(rule: OriginRule) -> Self {
        Self { rule, refused: RefusedOrigins::default() }
    }

    /// Whether pages of any origin may call.
    pub(crate) fn allow_any(&self) -> bool {
        matches!(self.rule, OriginRule::Any)
    }

    /// Whether no page of another origin may call.
    pub(crate) fn allow_none(&self) -> bool {
        matches!(&self.rule, OriginRule::Listed(origins) if origins.is_empty())
    }

    /// Whether pages of this origin may call.
    pub(crate) fn allow(&self, origin: &HeaderValue) -> bool {
        match &self.rule {
            OriginRule::Any => true,
            OriginRule::Listed(origins) => parse(origin).is_some_and(|origin| origins.contains(&origin)),
            OriginRule::Loopback => parse(origin).is_some_and(|it| it.is_web() && it.host().is_loopback()),
        }
    }

    /// Whether a page may open a WebSocket. Browsers send no CORS preflight before one, therefore the server checks the
    /// origin itself. Other clients send none.
    pub(crate) fn allow_websocket(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let refused = headers.get_all(header::ORIGIN).iter().find(|it| !self.allow(it) && !is_own(it, uri, headers));
        if let Some(origin) = refused {
            self.refused.log(origin, authority(uri, headers));
        }
        refused.is_none()
    }

    /// Logs that the page of a refused preflight may not call.
    pub(crate) fn log_refusal(&self, method: &Method, headers: &HeaderMap) {
        if let Some(origin) = headers.get(header::ORIGIN).filter(|_| is_preflight(method, headers)) {
            self.refused.log(origin, None);
        }
    }
}

/// Whether a browser asks if a page may send a request (<https://fetch.spec.whatwg.org/#cors-preflight-request>).
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn parse(origin: &HeaderValue) -> Option<Origin> {
    Origin::parse(str::from_utf8(origin.as_bytes()).ok()?)
}

/// Whether the server has served the page itself. A proxy in front of the server may terminate TLS, so that only the
/// origin tells the scheme, and the port if `Host` has none.
fn is_own(origin: &HeaderValue, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some((origin, authority)) = parse(origin).zip(authority(uri, headers)) else { return false };
    origin.is_web() && Origin::of(origin.scheme(), authority).as_ref() == Some(&origin)
}

/// The host and port that the request is for; `None` where they are ambiguous.
fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (uri.authority(), hosts.next(), hosts.next()) {
        (Some(target), _, None) => Some(target.as_str()),
        (None, Some(host), None) => str::from_utf8(host.as_bytes()).ok(),
        _ => None,
    }
}

/// The origins whose refusal was logged: each is logged once, and only so many.
#[derive(Debug, Default)]
struct RefusedOrigins(Mutex<HashSet<String>>);

/// The most origins that are logged. Any client can invent them.
const MAX_LOGGED: usize = 100;
/// The longest text of an origin in the log: a scheme, the longest host name and a port.
const MAX_LENGTH: usize = 270;

impl RefusedOrigins {
    /// Logs what would allow the origin. `authority` is the host and port of a request for a WebSocket.
    fn log(&self, origin: &HeaderValue, authority: Option<&str>) {
        let text: String = origin.to_str().unwrap_or("an unreadable origin").chars().take(MAX_LENGTH).collect();
        let Some(count) = self.remember(&text) else { return };
        let advice = advice(origin, authority);
        let rest = if count < MAX_LOGGED { "" } else { ". Further origins that are refused are not logged" };
        tracing::warn!("refused a page of {text}: not in CORS_ORIGINS. {advice}{rest}");
    }

    /// The number of origins with this one, if it is to be logged.
    fn remember(&self, origin: &str) -> Option<usize> {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = logged.len() < MAX_LOGGED && logged.insert(origin.to_owned());
        is_new.then(|| logged.len())
    }
}

/// What would allow an origin.
fn advice(origin: &HeaderValue, authority: Option<&str>) -> String {
    let Some(origin) = parse(origin) else {
        return "It is no origin of a site: only CORS_ORIGINS=* allows it".to_owned();
    };
    let add = format!("To allow it, add {origin} to CORS_ORIGINS");
    match authority.and_then(|authority| Origin::of(origin.scheme(), authority)) {
        Some(own) if origin.is_web() && own.host() == origin.host() => {
            format!("{add}, or let the proxy pass the port on in the `Host` header: it makes {own} of it")
        }
        _ => add,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    fn headers(origin: &str, hosts: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_bytes(origin.as_bytes()).unwrap());
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        headers
    }

    fn is_own_page(origin: &str, hosts: &[&str]) -> bool {
        let allowed = AllowedOrigins::new(OriginRule::Listed(Vec::new()));
        allowed.allow_websocket(&Uri::from_static("/graphql"), &headers(origin, hosts))
    }

    #[test]
    fn loopback_origins_are_those_of_servers_on_this_machine() {
        for (origin, is_loopback) in [
            ("http://localhost:5173", true),
            ("http://localhost", true),
            ("https://localhost:5173", true),
            ("http://LOCALHOST.:5173", true),
            ("http://127.0.0.1:3000", true),
            ("https://127.0.0.1", true),
            ("http://[::1]:5173", true),
            ("https://[::1]", true),
            ("null", false),
            ("localhost:5173", false),
            ("file://localhost", false),
            ("chrome-extension://localhost", false),
            ("http://192.168.1.5:5173", false),
            ("http://0.0.0.0:5173", false),
            ("https://app.example", false),
            ("http://localhost.evil.example", false),
            ("http://evil.example/localhost", false),
            ("http://localhost@evil.example", false),
            ("http://evil.example@localhost", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://", false),
        ] {
            let value = HeaderValue::from_static(origin);
            assert_eq!(AllowedOrigins::new(OriginRule::Loopback).allow(&value), is_loopback, "{origin}");
            assert!(!AllowedOrigins::new(OriginRule::Listed(Vec::new())).allow(&value), "{origin}");
            assert!(AllowedOrigins::new(OriginRule::Any).allow(&value), "{origin}");
        }
    }

    #[test]
    fn listed_origins_are_compared_in_one_form() {
        let listed =
            ["https://app.example", "http://[::1]:3000", "https://xn--bcher-kva.example", "capacitor://localhost"];
        let allowed = AllowedOrigins::new(OriginRule::Listed(listed.map(origin).to_vec()));
        for (origin, is_allowed) in [
            ("https://app.example", true),
            ("https://APP.example:443", true),
            ("https://app.example.", true),
            ("http://[0::1]:3000", true),
            ("https://bücher.example", true),
            ("capacitor://localhost", true),
            ("http://app.example", false),
            ("https://app.example:80", false),
            ("https://app.example:8443", false),
            ("https://www.app.example", false),
            ("https://app.example.evil.example", false),
            ("https://evil-app.example", false),
            ("https://app.example@evil.example", false),
            ("https://evil.example/app.example", false),
            ("https://app.example/", false),
            ("http://[::1]", false),
            ("https://bucher.example", false),
            ("capacitor://localhost:443", false),
            ("null", false),
            ("", false),
        ] {
            let value = HeaderValue::from_bytes(origin.as_bytes()).unwrap();
            assert_eq!(allowed.allow(&value), is_allowed, "{origin}");
            let connects = allowed.allow_websocket(&Uri::from_static("/graphql"), &headers(origin, &["api.example"]));
            assert_eq!(connects, is_allowed, "{origin}");
        }
    }

    #[test]
    fn page_of_the_own_origin_is_recognised_behind_proxies() {
        for (origin, host, is_own) in [
            ("http://app.example", "app.example", true),
            ("https://app.example", "app.example", true),
            ("https://app.example", "app.example:443", true),
            ("http://app.example", "app.example:80", true),
            ("https://app.example:443", "app.example", true),
            ("https://app.example", "app.example:", true),
            ("https://app.example:8443", "app.example:8443", true),
            ("http://app.example:8000", "app.example:8000", true),
            ("https://app.example", "APP.Example", true),
            ("https://app.example", "app.example.", true),
            ("https://app.example.", "app.example:443", true),
            ("https://[2001:db8::1]", "[2001:DB8:0::1]:443", true),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443", true),
            ("https://xn--bcher-kva.example", "bücher.example", true),
            ("https://bücher.example", "xn--bcher-kva.example:443", true),
            ("https://127.0.0.1", "127.0.0.1:443", true),
            // Other ports.
            ("https://app.example", "app.example:80", false),
            ("http://app.example", "app.example:443", false),
            ("https://app.example", "app.example:8443", false),
            ("https://app.example:8443", "app.example", false),
            ("http://app.example:3000", "app.example:8000", false),
            // Other hosts.
            ("https://app.example.evil.example", "app.example", false),
            ("https://evil-app.example", "app.example", false),
            ("https://www.app.example", "app.example", false),
            ("https://app.example", "app.example.evil.example", false),
            ("https://app.example@evil.example", "app.example", false),
            ("https://evil.example", "app.example@evil.example", false),
            ("https://app.example", "evil.example@app.example", false),
            ("https://evil.example/app.example", "app.example", false),
            ("https://app.example", "app.example/", false),
            ("https://app.example", "app.example, evil.example", false),
            ("https://bucher.example", "bücher.example", false),
            ("https://[::1]", "[::2]", false),
            ("https://app.example", "", false),
            // Not of a site.
            ("null", "null", false),
            ("app.example", "app.example", false),
            ("chrome-extension://app.example", "app.example", false),
            ("wss://app.example", "app.example", false),
        ] {
            assert_eq!(is_own_page(origin, &[host]), is_own, "{origin} {host}");
        }
    }

    #[test]
    fn ambiguous_requests_are_of_no_own_page() {
        let own = "https://app.example";
        assert!(!is_own_page(own, &[]));
        assert!(!is_own_page(own, &["app.example", "evil.example"]));
        let none = AllowedOrigins::new(OriginRule::Listed(Vec::new()));
        let mut several = headers(own, &["app.example"]);
        assert!(
            none.allow_websocket(&Uri::from_static("http://app.example/graphql"), &headers(own, &["evil.example"]))
        );
        assert!(!none.allow_websocket(&Uri::from_static("http://evil.example/graphql"), &several));
        several.append(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
        assert!(!none.allow_websocket(&Uri::from_static("/graphql"), &several));
        assert!(none.allow_websocket(&Uri::from_static("/graphql"), &HeaderMap::new()));
    }

    #[test]
    fn log_says_what_would_allow_an_origin() {
        for (origin, host, expected) in [
            ("https://app.example", None, "To allow it, add https://app.example to CORS_ORIGINS"),
            ("https://APP.example:443", Some("api.example"), "To allow it, add https://app.example to CORS_ORIGINS"),
            (
                "https://app.example:8443",
                Some("app.example"),
                "To allow it, add https://app.example:8443 to CORS_ORIGINS, or let the proxy pass the port on in the \
                 `Host` header: it makes https://app.example of it",
            ),
            ("null", Some("app.example"), "It is no origin of a site: only CORS_ORIGINS=* allows it"),
            ("https://a.example/", None, "It is no origin of a site: only CORS_ORIGINS=* allows it"),
        ] {
            assert_eq!(advice(&HeaderValue::from_static(origin), host), expected, "{origin}");
        }
    }

    #[test]
    fn origin_is_logged_once_and_only_so_many_are() {
        let refused = RefusedOrigins::default();
        assert_eq!(refused.remember("https://app.example"), Some(1));
        assert_eq!(refused.remember("https://app.example"), None);
        for number in 2..=MAX_LOGGED {
            assert_eq!(refused.remember(&format!("https://app.example:{number}")), Some(number));
        }
        assert_eq!(refused.remember("https://another.example"), None);
        assert_eq!(refused.0.lock().unwrap().len(), MAX_LOGGED);
    }
}
