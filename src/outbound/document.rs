//! A document that another server publishes, or that lies in a file.

use crate::outbound::http_client::client_for;
use reqwest::{StatusCode, Url, header};
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Where a document comes from.
#[derive(Clone, Debug)]
pub enum DocumentSource {
    /// A server.
    Url(DocumentUrl),
    /// A file of this machine.
    File(PathBuf),
}

/// A URL with `https`, or with `http` to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentUrl(Url);

/// Why a text is not a [`DocumentUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is no URL.
    #[error("it is not a URL")]
    Malformed,
    /// Others on the way could change the document.
    #[error("it has to begin with https://, or with http:// and name this machine")]
    Insecure,
    /// The log would contain the password.
    #[error("it must not contain a user or a password; elsewhere `@` has to be written as %40")]
    Credentials,
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server answered with another status than 200. Redirects are not followed.
    #[error("the server answered with the status {0}")]
    Status(u16),
    /// The document is too large.
    #[error("the document has more than {0} bytes")]
    TooLarge(usize),
    /// It did not arrive in time.
    #[error("the document did not arrive within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The server cannot be reached, or the connection broke.
    #[error("{0}")]
    Transport(String),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
}

impl DocumentSource {
    /// Reads the document, of at most this many bytes, within this time.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn fetch(&self, max_bytes: usize, limit: Duration) -> Result<Vec<u8>, FetchError> {
        let read = async {
            match self {
                Self::Url(DocumentUrl(url)) => request(url.clone(), max_bytes).await,
                Self::File(path) => {
                    let path = path.clone();
                    // A file can be a pipe, or lie on a network.
                    let read = spawn_blocking(move || read_file(&path, max_bytes)).await;
                    read.unwrap_or_else(|error| Err(io::Error::other(error).into()))
                }
            }
        };
        timeout(limit, read).await.unwrap_or(Err(FetchError::Timeout(limit)))
    }
}

async fn request(url: Url, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
    let client = client_for(&url)?;
    let mut response = client.get(url).header(header::ACCEPT, "application/json").send().await?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if document.len() + chunk.len() > max_bytes {
            return Err(FetchError::TooLarge(max_bytes));
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

fn read_file(path: &Path, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
    let mut document = Vec::new();
    File::open(path)?.take(max_bytes as u64 + 1).read_to_end(&mut document)?;
    if document.len() > max_bytes { Err(FetchError::TooLarge(max_bytes)) } else { Ok(document) }
}

impl FromStr for DocumentUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        // A password with `/`, `?` or `#` ends the host too early: its `@` is then in the rest.
        if text.contains('@') {
            return Err(InvalidUrl::Credentials);
        }
        let url = Url::parse(text).map_err(|_| InvalidUrl::Malformed)?;
        let is_local = match url.host_str().unwrap_or_default().trim_matches(['[', ']']) {
            "localhost" => true,
            host => host.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback()),
        };
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_local);
        if is_secure { Ok(Self(url)) } else { Err(InvalidUrl::Insecure) }
    }
}

/// Without the query, which can contain a key.
impl fmt::Display for DocumentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(DocumentUrl(url)) => write!(f, "{}{}", url.origin().ascii_serialization(), url.path()),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl From<reqwest::Error> for FetchError {
    /// With the causes, which say what was wrong, and without the URL.
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let (mut causes, mut cause) = (vec![error.to_string()], error.source());
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        Self::Transport(causes.join(": "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_secure_or_names_this_machine() {
        for url in [
            "https://login.example.com/.well-known/jwks.json",
            "https://10.0.0.1:8443/keys?version=2",
            "http://127.0.0.1:8080/keys",
            "http://127.1.2.3/keys",
            "http://[::1]:8080/keys",
            "http://[::ffff:127.0.0.1]/keys",
            "http://localhost/keys",
            "HTTP://LOCALHOST/keys",
        ] {
            assert!(url.parse::<DocumentUrl>().is_ok(), "{url}");
        }
        for (url, error) in [
            ("", InvalidUrl::Malformed),
            ("login.example.com/keys", InvalidUrl::Malformed),
            ("https://", InvalidUrl::Malformed),
            ("http://login.example.com/keys", InvalidUrl::Insecure),
            ("http://localhost.example.com/keys", InvalidUrl::Insecure),
            ("http://127.0.0.1.example.com/keys", InvalidUrl::Insecure),
            ("http://10.0.0.1/keys", InvalidUrl::Insecure),
            ("http://0.0.0.0/keys", InvalidUrl::Insecure),
            ("file:///etc/keys", InvalidUrl::Insecure),
            ("ftp://127.0.0.1/keys", InvalidUrl::Insecure),
            ("data:application/json,{}", InvalidUrl::Insecure),
            ("https://me:hunter2@login.example.com/keys", InvalidUrl::Credentials),
            ("http://me@127.0.0.1/keys", InvalidUrl::Credentials),
            ("http://localhost@login.example.com/keys", InvalidUrl::Credentials),
            ("https://me:hun/ter2@login.example.com/keys", InvalidUrl::Credentials),
            ("https://me:12/ter2@login.example.com/keys", InvalidUrl::Credentials),
            ("https://me:12?ter2@login.example.com/keys", InvalidUrl::Credentials),
            ("https://me:12#ter2@login.example.com/keys", InvalidUrl::Credentials),
            ("https://me:hun\\ter2@login.example.com/keys", InvalidUrl::Credentials),
        ] {
            assert_eq!(url.parse::<DocumentUrl>(), Err(error), "{url}");
        }
    }

    #[test]
    fn text_of_a_source_has_no_query() {
        let url = "https://login.example.com:8443/keys?secret=hunter2".parse().unwrap();
        assert_eq!(DocumentSource::Url(url).to_string(), "https://login.example.com:8443/keys");
    }

    #[tokio::test]
    async fn file_has_a_limit() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "1234").unwrap();
        let source = DocumentSource::File(file.path().to_owned());
        assert_eq!(source.fetch(4, Duration::from_mins(1)).await.unwrap(), b"1234");
        let error = source.fetch(3, Duration::from_mins(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "the document has more than 3 bytes");
    }
}
