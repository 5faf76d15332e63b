//! The client for HTTP and TLS.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};
use rustls::crypto::ring;
use std::sync::Once;

/// What the server calls itself.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A client for this URL. It trusts the certificate authorities of the system, which it reads anew. Fails where there
/// are none.
pub(super) fn client_for(url: &Url) -> reqwest::Result<Client> {
    builder(url.scheme() == "https").build()
}

/// A client for `https`, or for `http`. It follows no redirect and uses no proxy.
pub(super) fn builder(is_secure: bool) -> ClientBuilder {
    static RING: Once = Once::new();
    // It fails if the process has another provider already, which is used then.
    RING.call_once(|| drop(ring::default_provider().install_default()));
    let client = Client::builder().no_proxy().redirect(Policy::none()).user_agent(USER_AGENT).referer(false);
    if is_secure { client.https_only(true) } else { client.tls_certs_only([]) }
}
