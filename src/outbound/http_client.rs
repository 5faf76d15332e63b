//! The client for HTTP and TLS.

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::crypto::ring;
use std::sync::Once;

/// What the server calls itself.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A client for this URL. It follows no redirect, uses no proxy, and trusts the certificate authorities of the system,
/// which it reads anew. Fails where there are none.
pub(super) fn client_for(url: &Url) -> reqwest::Result<Client> {
    static RING: Once = Once::new();
    // It fails if the process has another provider already, which is used then.
    RING.call_once(|| drop(ring::default_provider().install_default()));
    let client = Client::builder().no_proxy().redirect(Policy::none()).user_agent(USER_AGENT).referer(false);
    if url.scheme() == "https" { client.https_only(true).build() } else { client.tls_certs_only([]).build() }
}
