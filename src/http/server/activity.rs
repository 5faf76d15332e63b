//! What a connection is doing: when the server is full, it closes one that is idle.

use crate::graphql::GiveUp;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
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
    /// What has arrived since the last request: [`NOTHING`], a part of a [`HEAD`], or a head and a part of a [`BODY`].
    arriving: AtomicU8,
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

/// What the server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Anything, on a new connection.
    FirstByte,
    /// The rest of a head.
    Head,
    /// The next request, after a response.
    NextRequest,
}

const NOTHING: u8 = 0;
const HEAD: u8 = 1;
const BODY: u8 = 2;

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
            arriving: AtomicU8::new(NOTHING),
            is_evicted: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
            close: shutdown.child_token(),
        }
    }

    /// A request has arrived.
    pub(super) fn begin_request(&self) {
        self.resting_since.store(BUSY, Ordering::Relaxed);
        self.arriving.store(NOTHING, Ordering::Relaxed);
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
        if self.arriving.load(Ordering::Relaxed) != NOTHING {
            return;
        }
        self.arriving.store(HEAD, Ordering::Relaxed);
        // A connection that was idle for long before this request is as good as a new one.
        if self.was_used() && self.resting_since.load(Ordering::Relaxed) < LONG_LIVED {
            self.rest();
        }
    }

    /// A head has arrived, and its body follows.
    pub(super) fn receive_body(&self) {
        self.receive();
        self.arriving.store(BODY, Ordering::Relaxed);
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
        self.was_used() || self.is_receiving()
    }

    fn is_receiving(&self) -> bool {
        self.arriving.load(Ordering::Relaxed) != NOTHING
    }

    fn was_used(&self) -> bool {
        self.was_used.load(Ordering::Relaxed)
    }

    /// Whether the head of a request has arrived, and its response is not written.
    pub(super) fn has_request(&self) -> bool {
        match self.resting_since.load(Ordering::Relaxed) {
            LONG_LIVED => false,
            BUSY => true,
            _ => self.arriving.load(Ordering::Relaxed) == BODY,
        }
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
                let has_response = self.was_used() && !self.is_receiving();
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

    /// What the server waits for, and for how long it has. `None` while a body arrives or a request is in flight, which
    /// have timeouts of their own.
    pub(super) fn awaited(&self) -> Option<(Awaited, Duration)> {
        let since = self.resting_since.load(Ordering::Relaxed);
        let awaited = match self.arriving.load(Ordering::Relaxed) {
            _ if since >= LONG_LIVED => return None,
            HEAD => Awaited::Head,
            BODY => return None,
            _ if self.was_used() => Awaited::NextRequest,
            _ => Awaited::FirstByte,
        };
        Some((awaited, Duration::from_nanos(now().saturating_sub(since))))
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
    fn server_waits_for_what_the_client_has_to_send_next() {
        let activity = Activity::new(&CancellationToken::new());
        let awaited = || {
            let awaited = activity.awaited().map(|(awaited, _)| awaited);
            let is_long_lived = activity.resting_since.load(Ordering::Relaxed) == LONG_LIVED;
            assert_eq!(activity.has_request(), awaited.is_none() && !is_long_lived);
            awaited
        };
        assert_eq!(awaited(), Some(Awaited::FirstByte));
        activity.receive();
        assert_eq!(awaited(), Some(Awaited::Head));
        activity.receive_body();
        activity.receive();
        assert_eq!(awaited(), None);
        activity.begin_request();
        assert_eq!(awaited(), None);
        activity.rest();
        assert_eq!(awaited(), Some(Awaited::NextRequest));
        activity.resting_since.store(0, Ordering::Relaxed);
        activity.receive();
        assert!(matches!(activity.awaited(), Some((Awaited::Head, time)) if time < START.elapsed()));
        activity.begin_request();
        activity.receive(); // the next head, while the response is being written
        assert_eq!(awaited(), None);
        activity.rest();
        assert_eq!(awaited(), Some(Awaited::Head));
        activity.upgrade();
        assert_eq!(awaited(), None);
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
