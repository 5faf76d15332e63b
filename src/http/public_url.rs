//! The address of the server for its clients, with which links begin. It is never taken from the `Host` of a request:
//! subscribers share responses, and a link in them must not lead where one client says.

use crate::http::server::listener::BindAddress;
use std::fmt;
use std::str::FromStr;
use url::Url;

/// An http or https URL without a slash at its end, such as `https://example.com/interviews`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text is not a [`PublicUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has to be a URL such as https://example.com, without a user, a query and a fragment")]
pub struct InvalidPublicUrl;

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidPublicUrl)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        let is_plain = !has_user && url.query().is_none() && url.fragment().is_none();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain {
            return Ok(Self(url.as_str().trim_end_matches('/').to_owned()));
        }
        Err(InvalidPublicUrl)
    }
}

impl PublicUrl {
    /// The address at which clients on the same machine reach a server that listens here.
    #[must_use]
    pub fn of(address: &BindAddress) -> Self {
        Self(match address {
            BindAddress::Ip(address) if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
            BindAddress::Ip(address) => format!("http://{address}"),
            BindAddress::Host(host, port) => format!("http://{host}:{port}"),
            BindAddress::AllAddresses(port) => format!("http://localhost:{port}"),
            BindAddress::UnixSocket(_) => "http://localhost".to_owned(),
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_url_has_a_host_and_nothing_after_its_path() {
        for (text, expected) in [
            ("https://example.com", "https://example.com"),
            (" https://EXAMPLE.com:443/ ", "https://example.com"),
            ("http://example.com:8080/interviews/", "http://example.com:8080/interviews"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().map(|url| url.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://me@example.com",
            "https://example.com?a=b",
            "https://example.com/#a",
            "javascript:alert(1)",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(InvalidPublicUrl), "{text}");
        }
    }

    #[test]
    fn server_that_listens_everywhere_is_reached_on_its_own_machine() {
        for (address, expected) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("[::1]:8000", "http://[::1]:8000"),
            ("0.0.0.0:8000", "http://localhost:8000"),
            ("[::]:8000", "http://localhost:8000"),
            (":8000", "http://localhost:8000"),
            ("example.com:80", "http://example.com:80"),
            ("unix:/run/interviews.sock", "http://localhost"),
        ] {
            assert_eq!(PublicUrl::of(&address.parse().unwrap()).to_string(), expected);
        }
    }
}
