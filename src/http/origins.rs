//! The pages of other origins that may call the server, and what is logged about those that may not.

use crate::http::host::Host;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Decides for requests that a browser sends for a page of another origin.
#[derive(Debug)]
pub(crate) struct AllowedOrigins {
    rule: Rule,
    refused: RefusedOrigins,
}

#[derive(Debug)]
enum Rule {
    Any,
    Listed(Vec<String>),
    /// The pages that servers on this machine serve.
    Loopback,
}

impl AllowedOrigins {
    /// These origins, or any if one of them is `*`. An empty one is ignored, because a variable can be empty. Without
    /// any, those of this machine if `default_to_loopback`, and otherwise none.
    pub(crate) fn new(origins: &[String], default_to_loopback: bool) -> Self {
        let listed: Vec<String> = origins.iter().filter(|origin| !origin.is_empty()).cloned().collect();
        let rule = if listed.iter().any(|origin| origin == "*") {
            Rule::Any
        } else if listed.is_empty() && default_to_loopback {
            Rule::Loopback
        } else {
            Rule::Listed(listed)
        };
        Self { rule, refused: RefusedOrigins::default() }
    }

    /// Whether pages of any origin may call.
    pub(crate) fn allow_any(&self) -> bool {
        matches!(self.rule, Rule::Any)
    }

    /// Whether no page of another origin may call.
    pub(crate) fn allow_none(&self) -> bool {
        matches!(&self.rule, Rule::Listed(origins) if origins.is_empty())
    }

    /// Whether pages of this origin may call.
    pub(crate) fn allow(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        match &self.rule {
            Rule::Any => true,
            Rule::Listed(origins) => origins.iter().any(|allowed| allowed == origin),
            Rule::Loopback => is_loopback(origin),
        }
    }

    /// Whether a page may open a WebSocket. Browsers send no CORS preflight before one, therefore the server checks the
    /// origin itself. Other clients send none.
    pub(crate) fn allow_websocket(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let is_allowed = self.allow(origin) || is_own(origin, headers);
        if !is_allowed {
            self.refused.log(origin);
        }
        is_allowed
    }

    /// Logs that the page of a refused preflight may not call.
    pub(crate) fn log_refusal(&self, method: &Method, headers: &HeaderMap) {
        if let Some(origin) = headers.get(header::ORIGIN).filter(|_| is_preflight(method, headers)) {
            self.refused.log(origin);
        }
    }
}

/// Whether a browser asks if a page may send a request (<https://fetch.spec.whatwg.org/#cors-preflight-request>).
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The scheme is not compared: a proxy in front of the server may terminate TLS.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    origin.zip(host).is_some_and(|((_, from), host)| from.eq_ignore_ascii_case(host))
}

fn is_loopback(origin: &str) -> bool {
    let authority = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    authority.and_then(|(_, authority)| Host::parse(authority)).is_some_and(|host| host.is_loopback())
}

/// The origins whose refusal was logged: each is logged once, and only so many.
#[derive(Debug, Default)]
struct RefusedOrigins(Mutex<HashSet<String>>);

/// The most origins that are logged. Any client can invent them.
const MAX_LOGGED: usize = 100;
/// The longest text of an origin in the log: a scheme, the longest host name and a port.
const MAX_LENGTH: usize = 270;

impl RefusedOrigins {
    fn log(&self, origin: &HeaderValue) {
        let text: String = origin.to_str().unwrap_or("an unreadable origin").chars().take(MAX_LENGTH).collect();
        match self.remember(&text) {
            Some(count) if count < MAX_LOGGED => tracing::warn!("refused a page of {text}: not in CORS_ORIGINS"),
            Some(_) => tracing::warn!(
                "refused a page of {text}: not in CORS_ORIGINS. Further origins that are refused are not logged"
            ),
            None => {}
        }
    }

    /// The number of origins with this one, if it is to be logged.
    fn remember(&self, origin: &str) -> Option<usize> {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = logged.len() < MAX_LOGGED && logged.insert(origin.to_owned());
        is_new.then(|| logged.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &[&str], default_to_loopback: bool, origin: &str) -> bool {
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        AllowedOrigins::new(&origins, default_to_loopback).allow(&origin.parse().unwrap())
    }

    #[test]
    fn loopback_origins_are_those_of_servers_on_this_machine() {
        for (origin, is_loopback) in [
            ("http://localhost:5173", true),
            ("http://localhost", true),
            ("https://localhost:5173", true),
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
            assert_eq!(allowed(&[], true, origin), is_loopback, "{origin}");
            assert!(!allowed(&[], false, origin), "{origin}");
        }
    }

    #[test]
    fn configured_origins_replace_those_of_this_machine() {
        for default_to_loopback in [false, true] {
            let allowed = |origins: &[&str], origin| allowed(origins, default_to_loopback, origin);
            assert!(allowed(&["https://app.example"], "https://app.example"));
            assert!(!allowed(&["https://app.example"], "http://localhost:5173"));
            assert!(allowed(&["https://app.example", "*"], "https://other.example"));
            assert_eq!(allowed(&[""], "http://localhost:5173"), default_to_loopback);
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
