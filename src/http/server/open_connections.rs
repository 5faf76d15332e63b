//! The open connections of the server, and the limits on them.
//!
//! A new connection at the limit waits in a task of its own until an idle one has closed for it.

use crate::graphql::MemoryBudget;
use crate::http::client_network::ClientNetwork;
use crate::http::limit_per_key::{KeyPermit, LimitPerKey};
use crate::http::server::activity::Activity;
use crate::http::server::eviction::EvictionCandidates;
use crate::http::server::head_memory::HeadMemory;
use crate::http::server::shutdown::ConnectionTracker;
use crate::http::trusted_proxies::{ClientAddress, TrustedProxies};
use axum::http::HeaderMap;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The limits on connections.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLimits {
    /// The most connections in total.
    pub(crate) total: usize,
    /// The most connections of one client address; `None` for no limit.
    pub(crate) per_address: Option<usize>,
    /// The most new connections that wait for another one to close.
    waiting: usize,
    /// The proxies whose connections are those of many clients.
    trusted_proxies: TrustedProxies,
}

/// How many new connections wait for another one to close at most. Their descriptors are a part of those that are
/// reserved, which are as many as those for connections when there are few.
const MAX_WAITING: usize = 256;

impl ConnectionLimits {
    pub(crate) fn new(total: usize, per_address: Option<usize>, trusted_proxies: TrustedProxies) -> Self {
        Self { total, per_address, waiting: MAX_WAITING, trusted_proxies }
    }

    /// These limits, lowered to what the limit on file descriptors allows. Logs a warning in this case.
    pub(crate) fn within(self, descriptors: usize) -> Self {
        if descriptors < self.total {
            let (wanted, allowed) = (self.total, descriptors);
            tracing::warn!(wanted, allowed, "the limit on open files is too low for MAX_CONNECTIONS: see `ulimit -n`");
        }
        Self { total: self.total.min(descriptors), waiting: self.waiting.min(descriptors / 2), ..self }
    }

    /// The most long-lived connections: they must leave some for requests.
    pub(crate) fn max_long_lived(&self) -> usize {
        self.total - self.total / 8
    }
}

/// The open connections.
#[derive(Clone, Debug)]
pub(super) struct OpenConnections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    permits: Arc<Semaphore>,
    per_address: Option<LimitPerKey<ClientNetwork>>,
    /// Limits how many new connections wait.
    waiting: Arc<Semaphore>,
    trusted_proxies: TrustedProxies,
    tracker: ConnectionTracker,
    memory: MemoryBudget,
    candidates: Mutex<EvictionCandidates>,
}

/// One open connection, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    id: u64,
    peer: IpAddr,
    pub(super) activity: Arc<Activity>,
    pub(super) head_memory: HeadMemory,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
    _of_address: Option<KeyPermit<ClientNetwork>>,
}

/// What becomes of a new connection.
pub(super) enum Admission {
    Open(OpenConnection),
    /// The server is full: the connection is open when another one has closed. `None` if none does in time.
    Pending(BoxFuture<'static, Option<OpenConnection>>),
    Refused(Refused),
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// All connections have requests or are long-lived.
    Full,
    /// The client's address has as many connections as it may have.
    AddressFull,
}

/// How long an evicted connection may take to close before the next one is evicted.
const EVICTION_TIME: Duration = Duration::from_millis(50);
/// How many connections are evicted for a new one at most.
const MAX_EVICTIONS: usize = 10;

impl OpenConnections {
    pub(super) fn new(limits: ConnectionLimits, tracker: ConnectionTracker, memory: MemoryBudget) -> Self {
        Self(Arc::new(Shared {
            permits: Arc::new(Semaphore::new(limits.total)),
            per_address: limits.per_address.map(LimitPerKey::new),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            trusted_proxies: limits.trusted_proxies,
            tracker,
            memory,
            candidates: Mutex::default(),
        }))
    }

    /// Counts a new connection of this client.
    pub(super) fn admit(&self, address: IpAddr) -> Admission {
        // The connections of a proxy are those of many clients.
        let per_address = self.0.per_address.as_ref().filter(|_| !self.0.trusted_proxies.contains(address));
        let of_address = match per_address {
            Some(limit) => match limit.try_acquire(ClientNetwork::of(address)) {
                Some(permit) => Some(permit),
                None => return Admission::Refused(Refused::AddressFull),
            },
            None => None,
        };
        if let Ok(permit) = self.0.permits.clone().try_acquire_owned() {
            return Admission::Open(self.open(address, permit, of_address));
        }
        let Ok(waiting) = self.0.waiting.clone().try_acquire_owned() else {
            return Admission::Refused(Refused::Full);
        };
        let connections = self.clone();
        let admitted = async move {
            let _waiting = waiting;
            let permit = connections.wait_for_permit().await?;
            Some(connections.open(address, permit, of_address))
        };
        Admission::Pending(admitted.boxed())
    }

    /// Closes idle connections until there is a permit.
    async fn wait_for_permit(&self) -> Option<OwnedSemaphorePermit> {
        for _ in 0..MAX_EVICTIONS {
            self.evict();
            if let Ok(permit) = timeout(EVICTION_TIME, self.0.permits.clone().acquire_owned()).await {
                return permit.ok();
            }
        }
        None
    }

    fn open(
        &self,
        peer: IpAddr,
        permit: OwnedSemaphorePermit,
        of_address: Option<KeyPermit<ClientNetwork>>,
    ) -> OpenConnection {
        let activity = Arc::new(Activity::new(&self.0.tracker.shutdown_signal()));
        let id = self.0.candidates().add(activity.clone());
        let head_memory = HeadMemory::new(&self.0.memory);
        let shared = self.0.clone();
        OpenConnection { id, peer, activity, head_memory, shared, _permit: permit, _of_address: of_address }
    }

    /// Whether a request has arrived on any of them that is not answered.
    pub(super) fn have_requests(&self) -> bool {
        self.0.candidates().have_requests()
    }

    /// Closes an idle connection, if there is one.
    pub(super) fn evict(&self) {
        // Closing it wakes its task, which must not wait for the lock.
        let evicted = self.0.candidates().next();
        if let Some(activity) = evicted {
            activity.evict();
        }
    }
}

impl Shared {
    fn candidates(&self) -> MutexGuard<'_, EvictionCandidates> {
        self.candidates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection {
    /// Whether the next response is the last one of the connection.
    pub(super) fn is_draining(&self) -> bool {
        self.shared.tracker.is_draining()
    }

    /// The client of a request on this connection.
    pub(super) fn client_address(&self, headers: &HeaderMap) -> ClientAddress {
        ClientAddress(self.shared.trusted_proxies.client_of(self.peer, headers))
    }

    /// A request has arrived in full.
    pub(super) fn begin_request(&self) {
        self.head_memory.body_arrived();
        self.activity.begin_request();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.shared.candidates().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::time::sleep;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn connections(total: usize, per_address: Option<usize>) -> OpenConnections {
        let limits = ConnectionLimits::new(total, per_address, "10.0.0.0/8".parse().unwrap());
        OpenConnections::new(limits, ConnectionTracker::default(), MemoryBudget::new(1_000_000))
    }

    async fn admit(connections: &OpenConnections, address: IpAddr) -> Result<OpenConnection, Refused> {
        match connections.admit(address) {
            Admission::Open(connection) => Ok(connection),
            Admission::Pending(admitted) => admitted.await.ok_or(Refused::Full),
            Admission::Refused(why) => Err(why),
        }
    }

    fn is_evicted(connection: &OpenConnection) -> bool {
        connection.activity.close_signal().is_cancelled()
    }

    /// Admits a connection while the evicted one closes.
    async fn admit_for(connections: &OpenConnections, evicted: OpenConnection) -> OpenConnection {
        let close = evicted.activity.close_signal();
        let (admitted, ()) = tokio::join!(admit(connections, CLIENT), async {
            close.cancelled().await;
            drop(evicted);
        });
        admitted.unwrap()
    }

    #[tokio::test]
    async fn idle_connection_is_closed_for_a_new_one_and_one_in_use_is_not() {
        let connections = connections(2, None);
        let [first, second] = [(); 2].map(|()| connections.admit(CLIENT));
        let (Admission::Open(first), Admission::Open(second)) = (first, second) else { panic!("the server is full") };
        first.begin_request();
        let third = admit_for(&connections, second).await;
        third.begin_request();
        assert_eq!(admit(&connections, CLIENT).await.unwrap_err(), Refused::Full);
        first.activity.rest();
        let fourth = admit_for(&connections, first).await;
        assert!(!is_evicted(&third) && !is_evicted(&fourth));
    }

    #[tokio::test]
    async fn connection_that_does_not_close_when_it_is_evicted_is_passed_over() {
        let connections = connections(2, None);
        let stuck = admit(&connections, CLIENT).await.unwrap();
        let second = admit(&connections, CLIENT).await.unwrap();
        let third = admit_for(&connections, second).await;
        assert!(is_evicted(&stuck) && !is_evicted(&third));
    }

    #[tokio::test]
    async fn new_connection_waits_for_one_in_use_to_end() {
        let connections = connections(1, None);
        let in_use = admit(&connections, CLIENT).await.unwrap();
        in_use.begin_request();
        let (admitted, ()) = tokio::join!(admit(&connections, CLIENT), async {
            sleep(EVICTION_TIME).await;
            drop(in_use);
        });
        admitted.unwrap();
    }

    #[tokio::test]
    async fn new_connections_that_wait_are_limited() {
        let connections = connections(1, None);
        let _in_use = admit(&connections, CLIENT).await.unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING).map(|_| connections.admit(CLIENT)).collect();
        assert!(waiting.iter().all(|admission| matches!(admission, Admission::Pending(_))));
        assert!(matches!(connections.admit(CLIENT), Admission::Refused(Refused::Full)));
        drop(waiting);
        assert!(matches!(connections.admit(CLIENT), Admission::Pending(_)));
    }

    #[tokio::test]
    async fn address_has_a_limit_of_its_own() {
        let connections = connections(10, Some(2));
        let first = admit(&connections, CLIENT).await.unwrap();
        let _second = admit(&connections, CLIENT).await.unwrap();
        assert_eq!(admit(&connections, CLIENT).await.unwrap_err(), Refused::AddressFull);
        assert!(!is_evicted(&first));
        let _other = admit(&connections, OTHER).await.unwrap();
        drop(first);
        let _third = admit(&connections, CLIENT).await.unwrap();
        assert_eq!(admit(&connections, CLIENT).await.unwrap_err(), Refused::AddressFull);
    }

    #[tokio::test]
    async fn closed_connections_leave_nothing_behind() {
        let connections = connections(2, Some(2));
        for used in [true, false] {
            let connection = admit(&connections, CLIENT).await.unwrap();
            if used {
                connection.begin_request();
            }
            drop(connection);
        }
        assert!(connections.0.candidates().is_empty());
    }

    #[tokio::test]
    async fn connections_of_a_trusted_proxy_are_not_counted_by_address() {
        let connections = connections(10, Some(1));
        let proxy = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));
        let _of_proxy = [admit(&connections, proxy).await.unwrap(), admit(&connections, proxy).await.unwrap()];
        let _of_other = admit(&connections, OTHER).await.unwrap();
        assert_eq!(admit(&connections, OTHER).await.unwrap_err(), Refused::AddressFull);
    }
}
