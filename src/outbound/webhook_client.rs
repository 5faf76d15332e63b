//! Sends webhooks: one request, no redirects, and only to addresses that are allowed.

use crate::domain::webhook::DeliveryError;
use crate::domain::webhook::address::{AddressPolicy, InvalidWebhookUrl, WebhookUrl};
use crate::outbound::http_client;
use crate::outbound::name_lookup::{CheckedLookup, NameLookup, RefusedAddress};
use bytes::Bytes;
use reqwest::{Client, Proxy, Response, Url, header};
use std::error::Error;
use std::fmt;
use std::io;
use std::iter;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a response is read, in bytes.
const MAX_RESPONSE: usize = 1024;

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct WebhookTransport {
    /// Which addresses may be reached.
    pub policy: AddressPolicy,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// A proxy that makes the connections, and decides which addresses may be reached.
    pub proxy: Option<WebhookProxy>,
}

impl Default for WebhookTransport {
    fn default() -> Self {
        Self { policy: AddressPolicy::default(), timeout: Duration::from_secs(15), proxy: None }
    }
}

/// The URL of a proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookProxy(Url);

/// A text is no [`WebhookProxy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has to be the URL of a proxy, beginning with http://")]
pub struct InvalidProxy;

/// One attempt.
#[derive(Clone, Debug)]
pub struct WebhookRequest {
    /// The receiver.
    pub url: String,
    /// The id of the message.
    pub id: String,
    /// The time of the attempt, in seconds since 1970.
    pub timestamp: i64,
    /// The signatures.
    pub signature: String,
    /// The message.
    pub body: Bytes,
}

/// What the receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookResponse {
    /// The status.
    pub status: u16,
    /// The value of `retry-after`.
    pub retry_after: Option<String>,
    /// The beginning of the body: at most 1024 bytes.
    pub body: String,
}

/// The client. It keeps connections for further requests.
#[derive(Debug)]
pub struct WebhookClient {
    transport: WebhookTransport,
    names: Arc<dyn NameLookup>,
    /// They are built when they are needed: a machine without certificate authorities can send with `http`.
    http: OnceLock<Client>,
    https: OnceLock<Client>,
}

impl WebhookClient {
    /// A client that finds addresses of names this way.
    #[must_use]
    pub fn new(transport: WebhookTransport, names: Arc<dyn NameLookup>) -> Self {
        Self { transport, names, http: OnceLock::new(), https: OnceLock::new() }
    }

    /// Sends a message once.
    ///
    /// # Errors
    /// Why there is no response.
    pub async fn send(&self, request: WebhookRequest) -> Result<WebhookResponse, DeliveryError> {
        let deadline = Instant::now() + self.transport.timeout;
        // An address in the URL is connected to without a look-up. It can be forbidden since the webhook was created.
        WebhookUrl::parse(&request.url, self.transport.policy).map_err(|error| match error {
            InvalidWebhookUrl::Malformed => DeliveryError::Dns,
            _ => DeliveryError::RefusedAddress,
        })?;
        let client = self.client(request.url.starts_with("https://"))?;
        let sent = client
            .post(request.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", request.id)
            .header("webhook-timestamp", request.timestamp)
            .header("webhook-signature", request.signature)
            .body(request.body)
            .send();
        let response = timeout_at(deadline, sent).await.map_err(|_| DeliveryError::Timeout)?;
        let response = response.map_err(|error| reason(&error))?;
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        Ok(WebhookResponse {
            status: response.status().as_u16(),
            retry_after: retry_after.map(str::to_owned),
            body: beginning_of_body(response, deadline).await,
        })
    }

    fn client(&self, is_secure: bool) -> Result<&Client, DeliveryError> {
        let cell = if is_secure { &self.https } else { &self.http };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        match self.build(is_secure) {
            Ok(client) => Ok(cell.get_or_init(|| client)),
            Err(error) => {
                tracing::error!(%error, "webhooks cannot be sent: no client for HTTP can be made");
                Err(DeliveryError::Tls)
            }
        }
    }

    fn build(&self, is_secure: bool) -> reqwest::Result<Client> {
        let client = http_client::builder(is_secure).connect_timeout(CONNECT_TIMEOUT);
        if let Some(WebhookProxy(url)) = &self.transport.proxy {
            return client.proxy(Proxy::all(url.clone())?).build();
        }
        let names = CheckedLookup { names: self.names.clone(), policy: self.transport.policy };
        client.dns_resolver(Arc::new(names)).build()
    }
}

/// What arrives of the body in time, up to the limit. The status has decided about the delivery already.
async fn beginning_of_body(mut response: Response, deadline: Instant) -> String {
    let mut body = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
        body.extend_from_slice(&chunk[..chunk.len().min(MAX_RESPONSE - body.len())]);
        if body.len() == MAX_RESPONSE {
            break;
        }
    }
    // PostgreSQL stores no NUL.
    String::from_utf8_lossy(&body).replace('\0', "\u{fffd}")
}

/// The cause of an error. An error of I/O does not name what it contains as its source, such as an error of TLS.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// What the receiver is shown of an error.
fn reason(error: &reqwest::Error) -> DeliveryError {
    let causes = || iter::successors(error.source(), |error| cause(*error));
    if causes().any(<dyn Error>::is::<RefusedAddress>) {
        DeliveryError::RefusedAddress
    } else if error.is_dns() {
        DeliveryError::Dns
    } else if causes().any(<dyn Error>::is::<rustls::Error>) {
        DeliveryError::Tls
    } else if error.is_timeout() {
        DeliveryError::Timeout
    } else if error.is_connect() {
        DeliveryError::Connect
    } else {
        DeliveryError::Reset
    }
}

impl FromStr for WebhookProxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidProxy)?;
        if url.scheme() == "http" { Ok(Self(url)) } else { Err(InvalidProxy) }
    }
}

/// Without a user and a password.
impl fmt::Debug for WebhookProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookProxy({})", self.0.origin().ascii_serialization())
    }
}
