//! What a connection is doing: when the server is full, it closes one that is idle.

use crate::graphql::GiveUp;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The activity of one connection. It rests until its first request has arrived in full, and between two requests.
#[derive(Debug)]
pub(super) struct Activity {
    /// When the rest began, in nanoseconds since [`START`]; [`BUSY`] while there is a request, or [`LONG_LIVED`].
    resting_since: AtomicU64,
    /// Since when the client takes nothing of what is written to it; [`NOT_STALLED`] while it does.
    stalled_since: AtomicU64,
    was_used: AtomicBool,
    /// Bytes have arrived since the last request.
    is_receiving: AtomicBool,
    is_evicted: AtomicBool,
    is_given_up: AtomicBool,
    close: CancellationToken,
}

/// A connection that is of no use to its client at the moment. The first in order costs its client the least when it is
/// closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Idle {
    pub(super) kind: IdleKind,
    /// In nanoseconds since [`START`].
    pub(super) since: u64,
}

/// Why a connection is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IdleKind {
    /// A request has not arrived in full for some time.
    Unfinished,
    /// There is no request.
    BetweenRequests,
    /// A request has just begun to arrive, or the connection is new.
    Arriving,
    /// The client does not read its response.
    Stalled,
}

/// The connection has a request.
const BUSY: u64 = u64::MAX;
/// The connection is a WebSocket, which has timeouts of its own.
const LONG_LIVED: u64 = u64::MAX - 1;
const NOT_STALLED: u64 = u64::MAX;

/// How long a request may take to arrive before its connection is closed before others. So a client that connects to a
/// full server has the time to send its request.
const ARRIVAL_TIME: Duration = Duration::from_millis(250);
/// How long a client reads nothing before its connection may be closed for a new one.
const STALL_TIME: Duration = Duration::from_secs(2);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Activity {
    /// A connection that rests. It is asked to close when the server shuts down, and when it is evicted.
    pub(super) fn new(shutdown: &CancellationToken) -> Self {
        Self {
            resting_since: AtomicU64::new(now()),
            stalled_since: AtomicU64::new(NOT_STALLED),
            was_used: AtomicBool::new(false),
            is_receiving: AtomicBool::new(false),
            is_evicted: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
            close: shutdown.child_token(),
        }
    }

    /// A request has arrived.
    pub(super) fn begin_request(&self) {
        self.resting_since.store(BUSY, Ordering::Relaxed);
        self.is_receiving.store(false, Ordering::Relaxed);
        if !self.was_used() {
            self.was_used.store(true, Ordering::Relaxed);
        }
    }

    /// The response is written, or given up.
    pub(super) fn rest(&self) {
        self.resting_since.store(now(), Ordering::Relaxed);
    }

    /// The connection stays open from now on.
    pub(super) fn upgrade(&self) {
        self.resting_since.store(LONG_LIVED, Ordering::Relaxed);
    }

    /// Bytes have arrived.
    pub(super) fn receive(&self) {
        if self.is_receiving.load(Ordering::Relaxed) {
            return;
        }
        self.is_receiving.store(true, Ordering::Relaxed);
        // A connection that was idle for long before this request is as good as a new one.
        if self.was_used() && self.resting_since.load(Ordering::Relaxed) < LONG_LIVED {
            self.rest();
        }
    }

    /// The client takes nothing of what is written to it.
    pub(super) fn stall(&self) {
        if self.stalled_since.load(Ordering::Relaxed) == NOT_STALLED {
            self.stalled_since.store(now(), Ordering::Relaxed);
        }
    }

    /// Bytes were written.
    pub(super) fn progress(&self) {
        if self.stalled_since.load(Ordering::Relaxed) != NOT_STALLED {
            self.stalled_since.store(NOT_STALLED, Ordering::Relaxed);
        }
    }

    /// Whether anything has arrived.
    pub(super) fn has_received(&self) -> bool {
        self.was_used() || self.is_receiving.load(Ordering::Relaxed)
    }

    fn was_used(&self) -> bool {
        self.was_used.load(Ordering::Relaxed)
    }

    /// How the connection is idle; `None` while it is in use.
    pub(super) fn idle(&self) -> Option<Idle> {
        self.idle_at(now())
    }

    fn idle_at(&self, now: u64) -> Option<Idle> {
        let age = |since| Duration::from_nanos(now.saturating_sub(since));
        match self.resting_since.load(Ordering::Relaxed) {
            LONG_LIVED => None,
            BUSY => {
                let since = self.stalled_since.load(Ordering::Relaxed);
                (since != NOT_STALLED && age(since) >= STALL_TIME).then_some(Idle { kind: IdleKind::Stalled, since })
            }
            since => {
                let has_response = self.was_used() && !self.is_receiving.load(Ordering::Relaxed);
                let kind = if has_response {
                    IdleKind::BetweenRequests
                } else if age(since) < ARRIVAL_TIME {
                    IdleKind::Arriving
                } else {
                    IdleKind::Unfinished
                };
                Some(Idle { kind, since })
            }
        }
    }

    /// Asks the connection to close, for a new one.
    pub(super) fn evict(&self) {
        self.is_evicted.store(true, Ordering::Relaxed);
        self.close.cancel();
    }

    pub(super) fn is_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Relaxed)
    }

    /// Whether it was evicted for the memory of the request that is arriving.
    pub(super) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::Relaxed)
    }

    /// Cancelled when the connection has to close.
    pub(super) fn close_signal(&self) -> CancellationToken {
        self.close.clone()
    }
}

impl GiveUp for Activity {
    fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
        self.evict();
    }
}

fn now() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(LONG_LIVED - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why it is idle this long after now.
    fn kind_in(activity: &Activity, time: Duration) -> Option<IdleKind> {
        let later = now() + u64::try_from(time.as_nanos()).unwrap();
        activity.idle_at(later).map(|idle| idle.kind)
    }

    #[test]
    fn connection_is_idle_before_and_between_requests() {
        let activity = Activity::new(&CancellationToken::new());
        activity.resting_since.store(now(), Ordering::Relaxed);
        assert_eq!(kind_in(&activity, Duration::ZERO), Some(IdleKind::Arriving));
        assert_eq!(kind_in(&activity, ARRIVAL_TIME), Some(IdleKind::Unfinished));
        activity.begin_request();
        assert_eq!(activity.idle(), None);
        activity.rest();
        assert_eq!(kind_in(&activity, ARRIVAL_TIME), Some(IdleKind::BetweenRequests));
        activity.resting_since.store(0, Ordering::Relaxed);
        activity.receive();
        let began = activity.idle().unwrap().since;
        assert!(began > 0, "the time for the next request begins when it does");
        activity.receive();
        assert_eq!(activity.idle().unwrap().since, began);
        assert_eq!(kind_in(&activity, ARRIVAL_TIME), Some(IdleKind::Unfinished));
        activity.upgrade();
        activity.receive();
        assert_eq!(activity.idle(), None);
    }

    #[test]
    fn client_that_reads_nothing_of_its_response_is_idle_after_some_time() {
        let activity = Activity::new(&CancellationToken::new());
        activity.begin_request();
        activity.stall();
        assert_eq!(
            (kind_in(&activity, Duration::ZERO), kind_in(&activity, STALL_TIME)),
            (None, Some(IdleKind::Stalled))
        );
        activity.progress();
        assert_eq!(kind_in(&activity, STALL_TIME), None);
    }

    #[test]
    fn eviction_and_shutdown_ask_the_connection_to_close() {
        let shutdown = CancellationToken::new();
        let [evicted, other] = [(); 2].map(|()| Activity::new(&shutdown));
        evicted.evict();
        assert!(evicted.close_signal().is_cancelled() && evicted.is_evicted());
        assert!(!other.close_signal().is_cancelled());
        shutdown.cancel();
        assert!(other.close_signal().is_cancelled() && !other.is_evicted());
    }
}
