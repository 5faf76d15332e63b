//! The open connections of the server, and the limits on them.
//!
//! When the server is full, a connection that rests is closed for a new one: first the one that has waited longest
//! without sending a request, then the one whose last response is the oldest. So a client that opens connections and
//! asks for nothing keeps no other client out.

use crate::graphql::MemoryBudget;
use crate::http::client_network::ClientNetwork;
use crate::http::server::activity::Activity;
use crate::http::server::head_memory::HeadMemory;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The limits on connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// The most connections in total.
    pub(crate) total: usize,
    /// The most connections of one client address; `None` for no limit.
    pub(crate) per_address: Option<usize>,
}

impl ConnectionLimits {
    /// These limits, lowered to what the limit on file descriptors allows. Logs a warning in this case.
    pub(crate) fn within(self, descriptors: usize) -> Self {
        if descriptors < self.total {
            let (wanted, allowed) = (self.total, descriptors);
            tracing::warn!(wanted, allowed, "the limit on open files is too low for MAX_CONNECTIONS: see `ulimit -n`");
        }
        Self { total: self.total.min(descriptors), ..self }
    }

    /// The most long-lived connections: they must leave some for requests.
    pub(crate) fn max_long_lived(self) -> usize {
        self.total - self.total / 8
    }
}

/// The open connections.
#[derive(Clone, Debug)]
pub(super) struct OpenConnections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    permits: Arc<Semaphore>,
    per_address: Option<usize>,
    shutdown: CancellationToken,
    memory: MemoryBudget,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    /// Connections without a request so far, the oldest first.
    unused: BTreeMap<u64, Arc<Activity>>,
    /// Connections that have had a request.
    used: HashMap<u64, Arc<Activity>>,
    by_network: HashMap<ClientNetwork, usize>,
    /// Used connections that rested when they were last looked for, the longest rest first.
    resting: VecDeque<(u64, Weak<Activity>)>,
    last_search: Option<Instant>,
}

/// One open connection, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    id: u64,
    pub(super) network: ClientNetwork,
    pub(super) activity: Arc<Activity>,
    pub(super) head_memory: HeadMemory,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
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
/// How often resting connections are searched at most, when all are busy.
const SEARCH_INTERVAL: Duration = Duration::from_millis(10);

impl OpenConnections {
    pub(super) fn new(limits: ConnectionLimits, shutdown: CancellationToken, memory: MemoryBudget) -> Self {
        Self(Arc::new(Shared {
            permits: Arc::new(Semaphore::new(limits.total)),
            per_address: limits.per_address,
            shutdown,
            memory,
            state: Mutex::default(),
        }))
    }

    /// Counts a new connection of this client. A resting connection is closed for it if the server is full.
    pub(super) async fn admit(&self, address: IpAddr) -> Result<OpenConnection, Refused> {
        let network = ClientNetwork::of(address);
        if self.0.state().is_full(network, self.0.per_address) {
            return Err(Refused::AddressFull);
        }
        let permit = self.permit().await.ok_or(Refused::Full)?;
        let activity = Arc::new(Activity::new(&self.0.shutdown));
        let mut state = self.0.state();
        let id = state.next_id;
        state.next_id += 1;
        state.unused.insert(id, activity.clone());
        if self.0.per_address.is_some() {
            *state.by_network.entry(network).or_default() += 1;
        }
        drop(state);
        let head_memory = HeadMemory::new(self.0.memory.clone());
        Ok(OpenConnection { id, network, activity, head_memory, shared: self.0.clone(), _permit: permit })
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.0.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        for _ in 0..MAX_EVICTIONS {
            if !self.evict() {
                return None;
            }
            if let Ok(permit) = timeout(EVICTION_TIME, self.0.permits.clone().acquire_owned()).await {
                return permit.ok();
            }
        }
        None
    }

    /// Closes the connection that has rested longest. Returns whether there is one.
    pub(super) fn evict(&self) -> bool {
        let mut state = self.0.state();
        let evicted = state.unused.pop_first().map(|(_, activity)| activity).or_else(|| state.longest_resting());
        drop(state);
        if let Some(activity) = &evicted {
            activity.evict();
        }
        evicted.is_some()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_full(&self, network: ClientNetwork, per_address: Option<usize>) -> bool {
        per_address.is_some_and(|max| self.by_network.get(&network).copied().unwrap_or_default() >= max)
    }

    /// The used connection with the longest rest. They are sorted once for many evictions: an eviction must not take
    /// time for each connection, because a client can cause one by connecting.
    fn longest_resting(&mut self) -> Option<Arc<Activity>> {
        self.next_resting().or_else(|| {
            let now = Instant::now();
            if self.last_search.is_some_and(|last| now.duration_since(last) < SEARCH_INTERVAL) {
                return None;
            }
            self.last_search = Some(now);
            let resting = self.used.values().filter_map(|it| Some((it.resting_since()?, Arc::downgrade(it))));
            let mut resting: Vec<_> = resting.collect();
            resting.sort_unstable_by_key(|(since, _)| *since);
            self.resting = resting.into();
            self.next_resting()
        })
    }

    /// The next of those that were found, if it still has the same rest.
    fn next_resting(&mut self) -> Option<Arc<Activity>> {
        while let Some((since, activity)) = self.resting.pop_front() {
            if let Some(activity) = activity.upgrade()
                && activity.resting_since() == Some(since)
            {
                return Some(activity);
            }
        }
        None
    }
}

impl OpenConnection {
    /// A request has arrived in full.
    pub(super) fn begin_request(&self) {
        self.head_memory.body_arrived();
        if self.activity.begin_request() {
            let mut state = self.shared.state();
            state.unused.remove(&self.id);
            state.used.insert(self.id, self.activity.clone());
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.unused.remove(&self.id);
        state.used.remove(&self.id);
        if let Some(count) = state.by_network.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                state.by_network.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn connections(total: usize, per_address: Option<usize>) -> OpenConnections {
        let limits = ConnectionLimits { total, per_address };
        OpenConnections::new(limits, CancellationToken::new(), MemoryBudget::new(1_000_000))
    }

    fn is_evicted(connection: &OpenConnection) -> bool {
        connection.activity.close_signal().is_cancelled()
    }

    /// Admits a connection while the evicted one closes.
    async fn admit_for(connections: &OpenConnections, evicted: OpenConnection) -> OpenConnection {
        let close = evicted.activity.close_signal();
        let (admitted, ()) = tokio::join!(connections.admit(CLIENT), async {
            close.cancelled().await;
            drop(evicted);
        });
        admitted.unwrap()
    }

    #[tokio::test]
    async fn connection_that_has_waited_longest_without_a_request_is_closed() {
        let connections = connections(3, None);
        let used = connections.admit(CLIENT).await.unwrap();
        used.begin_request();
        used.activity.rest();
        let oldest = connections.admit(CLIENT).await.unwrap();
        let second = connections.admit(CLIENT).await.unwrap();
        let third = admit_for(&connections, oldest).await;
        let fourth = admit_for(&connections, second).await;
        assert!(![used, third, fourth].iter().any(is_evicted));
    }

    #[tokio::test]
    async fn used_connection_with_the_longest_rest_is_closed_when_all_are_used() {
        let connections = connections(3, None);
        let mut used = Vec::new();
        for _ in 0..3 {
            let connection = connections.admit(CLIENT).await.unwrap();
            connection.begin_request();
            used.push(connection);
        }
        for connection in used.iter().rev() {
            connection.activity.rest(); // the last one first
        }
        used[1].begin_request();
        let last = used.pop().unwrap();
        let new = admit_for(&connections, last).await;
        new.begin_request();
        let first = used.remove(0);
        let newest = admit_for(&connections, first).await;
        newest.begin_request();
        assert!(!is_evicted(&used[0]), "it has a request");
        assert_eq!(connections.admit(CLIENT).await.unwrap_err(), Refused::Full, "all have requests");
        drop(new);
        connections.admit(CLIENT).await.unwrap();
    }

    #[tokio::test]
    async fn connection_that_does_not_close_when_it_is_evicted_is_passed_over() {
        let connections = connections(2, None);
        let stuck = connections.admit(CLIENT).await.unwrap();
        let second = connections.admit(CLIENT).await.unwrap();
        let third = admit_for(&connections, second).await;
        assert!(is_evicted(&stuck) && !is_evicted(&third));
    }

    #[tokio::test]
    async fn address_has_a_limit_of_its_own() {
        let connections = connections(10, Some(2));
        let first = connections.admit(CLIENT).await.unwrap();
        let _second = connections.admit(CLIENT).await.unwrap();
        assert_eq!(connections.admit(CLIENT).await.unwrap_err(), Refused::AddressFull);
        assert!(!is_evicted(&first));
        let _other = connections.admit(OTHER).await.unwrap();
        drop(first);
        let _third = connections.admit(CLIENT).await.unwrap();
        assert_eq!(connections.admit(CLIENT).await.unwrap_err(), Refused::AddressFull);
    }

    #[tokio::test]
    async fn closed_connections_leave_nothing_behind() {
        let connections = connections(2, Some(2));
        for used in [true, false] {
            let connection = connections.admit(CLIENT).await.unwrap();
            if used {
                connection.begin_request();
            }
            drop(connection);
        }
        let state = connections.0.state();
        assert!(state.unused.is_empty() && state.used.is_empty() && state.by_network.is_empty());
    }
}
