//! Finds the addresses of names, and refuses names with an address to which no request may be sent.

use crate::domain::webhook::address::AddressPolicy;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::lookup_host;

/// Finds the addresses of a name.
pub trait NameLookup: fmt::Debug + Send + Sync {
    /// All addresses of the name.
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the system does.
#[derive(Clone, Copy, Debug)]
pub struct SystemLookup;

impl NameLookup for SystemLookup {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move { Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// A name has an address to which no request may be sent. The error does not say which: it is shown to the owner of the
/// webhook.
#[derive(Debug, thiserror::Error)]
#[error("an address of the host is not public")]
pub(super) struct RefusedAddress;

/// A name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address")]
struct NoAddress;

/// Looks a name up once, checks the addresses and connects to just these. A name whose addresses change between a check
/// and a second look-up (DNS rebinding) reaches nothing else that way.
#[derive(Clone, Debug)]
pub(super) struct CheckedLookup {
    pub(super) names: Arc<dyn NameLookup>,
    pub(super) policy: AddressPolicy,
}

impl Resolve for CheckedLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, policy) = (self.names.addresses(name.as_str()), self.policy);
        Box::pin(async move {
            let addresses = found.await?;
            if addresses.is_empty() {
                return Err(NoAddress.into());
            }
            if !addresses.iter().all(|address| policy.allows(*address)) {
                return Err(RefusedAddress.into());
            }
            // The port is replaced by that of the URL.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
