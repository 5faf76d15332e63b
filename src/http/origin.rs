//! The origin of a page (RFC 6454): its scheme, host and port, in one form however they were written.

use crate::http::host::Host;
use std::fmt;
use url::Url;

/// An origin. Two are equal if a browser finds the same server for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In lower case.
    scheme: String,
    host: Host,
    /// The port, also where it is the default of the scheme; `None` for schemes without a default.
    port: Option<u16>,
}

impl Origin {
    /// The origin in a header, or none if the text is something else. Only case, the port and the form of the host may
    /// differ from what browsers send.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        Self::of(scheme, authority)
    }

    /// The origin of pages that a server with this `Host` serves by the scheme. Without a port it is the default one.
    pub(crate) fn of(scheme: &str, authority: &str) -> Option<Self> {
        // The parser of URLs would pass over some of these, or take them for the end of the authority.
        let is_of_authority = |it: char| !it.is_whitespace() && !it.is_control() && !r"/\?#@*,".contains(it);
        if !authority.chars().all(is_of_authority) {
            return None;
        }
        let url = Url::parse(&format!("{scheme}://{authority}"))
            .ok()
            .filter(|url| url.scheme().eq_ignore_ascii_case(scheme))?;
        let host = match url.host()? {
            url::Host::Ipv4(ip) => Host::Ip(ip.into()),
            url::Host::Ipv6(ip) => Host::Ip(std::net::IpAddr::from(ip).to_canonical()),
            url::Host::Domain(name) => Host::name(name),
        };
        let is_usual = match &host {
            Host::Ip(_) => true,
            Host::Name(name) => name.split('.').all(is_label),
        };
        is_usual.then(|| Self { scheme: url.scheme().to_owned(), host, port: url.port_or_known_default() })
    }

    /// Whether the scheme is one by which servers serve pages.
    pub(crate) fn is_web(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "https")
    }

    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }
}

/// URLs allow other characters in the names of hosts, but the DNS and certificates do not.
fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
}

/// As browsers write it: without the port if it is the default one.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match (self.scheme.as_str(), self.port) {
            (_, None) | ("http", Some(80)) | ("https", Some(443)) => Ok(()),
            (_, Some(port)) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_origins_have_one_form() {
        for (form, texts) in [
            (
                "https://app.example",
                &[
                    "https://app.example",
                    "HTTPS://App.EXAMPLE",
                    "https://app.example:443",
                    "https://app.example.",
                    "https://app.example.:443",
                    "https://app.example:",
                    "https://app%2Eexample",
                ][..],
            ),
            ("http://app.example", &["http://app.example", "http://app.example:80"]),
            ("http://app.example:443", &["http://app.example:443", "http://APP.example.:0443"]),
            ("https://app.example:8443", &["https://app.example:8443"]),
            (
                "https://xn--bcher-kva.example",
                &[
                    "https://xn--bcher-kva.example",
                    "https://XN--BCHER-KVA.example",
                    "https://bücher.example",
                    "https://BÜCHER.example:443",
                    "https://bücher。example",
                ],
            ),
            ("http://127.0.0.1:3000", &["http://127.0.0.1:3000", "http://[::ffff:127.0.0.1]:3000"]),
            ("https://[::1]", &["https://[::1]", "https://[0:0:0:0:0:0:0:1]:443", "https://[0::1]"]),
            ("http://[2001:db8::1]:81", &["http://[2001:DB8::1]:81", "http://[2001:db8:0:0::1]:81"]),
            ("capacitor://localhost", &["capacitor://localhost", "Capacitor://LOCALHOST"]),
        ] {
            for text in texts {
                let origin = Origin::parse(text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!(origin.to_string(), form, "{text}");
                assert_eq!(Some(origin), Origin::parse(form), "{text}");
            }
        }
    }

    #[test]
    fn other_texts_are_no_origins() {
        for text in [
            "",
            "null",
            "app.example",
            "//app.example",
            "https:app.example",
            "https:/app.example",
            "https://",
            "https:///app.example",
            "https://app.example/",
            "https://app.example/path",
            r"https://app.example\path",
            r"https:\\app.example",
            "https://app.example?query",
            "https://app.example?",
            "https://app.example#fragment",
            "https://user@app.example",
            "https://user:secret@app.example",
            "https://@app.example",
            "https://app.example:port",
            "https://app.example:65536",
            "https://app.example:443:443",
            "https://*.example",
            "https://app.example, https://other.example",
            "https://app.example https://other.example",
            " https://app.example",
            "https://app.ex\tample",
            "https://app.example%2F",
            "https://app.example;https",
            "https://.",
            "https://app.example..",
            "https://[::1",
            "https://[::g]",
            "https://1.2.3.4.5",
            "file://",
            "data:text/html,page",
        ] {
            assert_eq!(Origin::parse(text), None, "{text:?}");
        }
    }
}
