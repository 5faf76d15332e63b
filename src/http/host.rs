//! The host that a request is for, as the client names it.
//!
//! A page of another site reaches a server on this machine when the site's name resolves to it (DNS rebinding). The
//! browser then takes the server for the page's own origin, but it still sends the site's name as `Host`.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use std::fmt;
use std::net::IpAddr;

/// A host without its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    Ip(IpAddr),
    /// In lower case, without the dot at the end that marks the root of the DNS.
    Name(String),
}

/// The name that browsers resolve to this machine themselves.
const LOCALHOST: &str = "localhost";

impl Host {
    pub(crate) fn parse(authority: &str) -> Option<Self> {
        let authority: Authority = authority.parse().ok().filter(|it: &Authority| !it.as_str().contains('@'))?;
        let host = authority.host();
        let ip = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match ip.parse::<IpAddr>() {
            Ok(ip) => Some(Self::Ip(ip.to_canonical())),
            Err(_) => Some(Self::name(host)),
        }
    }

    pub(crate) fn name(text: &str) -> Self {
        Self::Name(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase())
    }

    /// Whether the host is this machine, by any resolver.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.is_loopback(),
            Self::Name(name) => name == LOCALHOST,
        }
    }

    /// Whether the host is `localhost`, one of these names, or an IP address. An address cannot be rebound: a page of
    /// that origin was loaded from it.
    pub(crate) fn is_allowed(&self, names: &[String]) -> bool {
        match self {
            Self::Ip(_) => true,
            Self::Name(name) => name == LOCALHOST || names.contains(name),
        }
    }
}

/// As in an address.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The hosts of a request: of its target and of its `Host` headers; `None` for one that is malformed. Browsers send
/// exactly one; other clients can send several or none.
pub(crate) fn hosts(uri: &Uri, headers: &HeaderMap) -> impl Iterator<Item = Option<Host>> {
    let target = uri.authority().map(|authority| Host::parse(authority.as_str()));
    let headers = headers.get_all(header::HOST).into_iter().map(|host| host.to_str().ok().and_then(Host::parse));
    target.into_iter().chain(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_localhost_and_listed_names_are_allowed() {
        let allowed = ["app.example".to_owned()];
        for (host, is_allowed, is_loopback) in [
            ("127.0.0.1:8000", true, true),
            ("127.8.9.1", true, true),
            ("[::1]:8000", true, true),
            ("[::ffff:127.0.0.1]", true, true),
            ("localhost", true, true),
            ("LocalHost:8000", true, true),
            ("localhost.", true, true),
            ("192.168.1.5:8000", true, false),
            ("0.0.0.0", true, false),
            ("[2001:db8::1]", true, false),
            ("App.Example:8000", true, false),
            ("evil.example", false, false),
            ("evil.example:8000", false, false),
            ("www.app.example", false, false),
            ("app.example.evil.example", false, false),
            ("localhost.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("127.1", false, false),
            ("2130706433", false, false),
            ("0x7f000001", false, false),
        ] {
            let host = Host::parse(host).unwrap();
            assert_eq!((host.is_allowed(&allowed), host.is_loopback()), (is_allowed, is_loopback), "{host:?}");
        }
    }

    #[test]
    fn malformed_host_is_none() {
        for host in
            ["", "localhost@evil.example", "evil.example@localhost", "localhost, evil.example", "local host", "/"]
        {
            assert_eq!(Host::parse(host), None, "{host:?}");
        }
    }

    #[test]
    fn target_and_every_header_are_looked_at() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "localhost".parse().unwrap());
        headers.append(header::HOST, "evil.example".parse().unwrap());
        let uri = Uri::from_static("http://127.0.0.1/graphql");
        let hosts: Vec<_> = hosts(&uri, &headers).map(Option::unwrap).collect();
        let name = |name: &str| Host::Name(name.to_owned());
        assert_eq!(hosts, [Host::Ip([127, 0, 0, 1].into()), name("localhost"), name("evil.example")]);
    }
}
