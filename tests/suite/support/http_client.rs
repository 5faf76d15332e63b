//! Clients of servers on this machine.

use rustls::crypto::ring;
use std::sync::Once;

/// Builds a client without a proxy, and without TLS: reading the certificate authorities of the system takes time.
pub fn builder() -> reqwest::ClientBuilder {
    static RING: Once = Once::new();
    // It fails if the server in this process was first.
    RING.call_once(|| drop(ring::default_provider().install_default()));
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

/// A client with reqwest's settings.
pub fn client() -> reqwest::Client {
    builder().build().unwrap()
}
