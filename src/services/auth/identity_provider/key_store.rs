//! The present key set, and when it is read again. One reading serves all who wait for it.

use super::key::Key;
use super::key_set::{KeySet, KeySetError, Lookup};
use crate::outbound::DocumentSource;
use crate::services::Clock;
use crate::services::auth::token_problem::TokenProblem;
use crate::services::auth::tokens::VerificationError;
use arc_swap::ArcSwapOption;
use jsonwebtoken::Algorithm;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use strum::IntoStaticStr;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout_at};

/// The present keys of an identity provider.
#[derive(Debug)]
pub(super) struct KeyStore {
    source: DocumentSource,
    times: RefreshTimes,
    current: ArcSwapOption<ReadSet>,
    attempts: Mutex<Attempts>,
    /// For requests that wait for a reading.
    waiting: Semaphore,
}

/// How often keys are read.
#[derive(Clone, Copy, Debug)]
pub struct RefreshTimes {
    /// The interval.
    pub ttl: Duration,
    /// The least interval of readings for keys that tokens name and the set does not have.
    pub cooldown: Duration,
    /// The greatest age of a set, while newer ones cannot be read.
    pub max_stale: Duration,
}

/// The state of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum KeySetState {
    /// They were read.
    Ok,
    /// They were read, and the last try to read them again failed.
    Stale,
    /// The set has no key that can be used.
    Empty,
    /// They were never read, or too long ago.
    Unavailable,
}

/// A key set that was read.
#[derive(Debug)]
pub(super) struct ReadSet {
    pub(super) set: KeySet,
    /// By the clock's uptime.
    read_at: Duration,
}

type Outcome = Option<Result<(), Arc<KeySetError>>>;

#[derive(Debug, Default)]
struct Attempts {
    /// The latest reading. Its sender is dropped when it has ended.
    latest: Option<watch::Receiver<Outcome>>,
    /// When a reading began for an unknown key, by the clock's uptime.
    for_unknown_key: Option<Duration>,
    /// How many have failed since the last success.
    failures: u32,
}

/// The largest document, in bytes, and how long it may take to arrive.
const MAX_DOCUMENT: usize = 64 * 1024;
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a reading that may bring its key.
const KEY_TIMEOUT: Duration = Duration::from_secs(2);
/// The most requests that wait. They count as in flight, and a slow identity provider must leave room for others.
const MAX_WAITING: usize = 256;
/// The pause after a failure, which doubles up to the cooldown.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The shortest pause between two readings.
const MIN_PAUSE: Duration = Duration::from_millis(100);

impl KeyStore {
    pub(super) fn new(source: DocumentSource, times: RefreshTimes) -> Self {
        Self {
            source,
            times,
            current: ArcSwapOption::empty(),
            attempts: Mutex::default(),
            waiting: Semaphore::new(MAX_WAITING),
        }
    }

    /// The present set, unless it is too old.
    pub(super) fn present(&self, clock: &Clock) -> Option<Arc<ReadSet>> {
        let current = self.current.load_full()?;
        let age = clock.uptime().saturating_sub(current.read_at);
        (age <= self.times.max_stale).then_some(current)
    }

    pub(super) fn state(&self, clock: &Clock) -> KeySetState {
        match self.present(clock) {
            None => KeySetState::Unavailable,
            Some(read) if read.set.len() == 0 => KeySetState::Empty,
            Some(_) if self.lock().failures > 0 => KeySetState::Stale,
            Some(_) => KeySetState::Ok,
        }
    }

    /// The keys for a token with this header, at least one. For an unknown key the set is read again, at most once a
    /// cooldown.
    pub(super) async fn find(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
        clock: &Clock,
    ) -> Result<Vec<Key>, VerificationError> {
        let (deadline, mut is_over) = (Instant::now() + KEY_TIMEOUT, false);
        loop {
            let refusal = match self.present(clock).map(|read| read.set.find(kid, algorithm)) {
                Some(Lookup::Keys(keys)) => return Ok(keys),
                Some(Lookup::Unfit) => return Err(TokenProblem::Invalid.into()),
                Some(Lookup::Unknown) => TokenProblem::Invalid.into(),
                None => VerificationError::NoKeys,
            };
            if is_over {
                return Err(refusal);
            }
            // One that is under way may have begun before the key was published: then another one follows.
            let Some(mut reading) = self.read_for_unknown_key(clock) else { return Err(refusal) };
            let Ok(_permit) = self.waiting.try_acquire() else { return Err(VerificationError::NoKeys) };
            is_over = timeout_at(deadline, reading.wait_for(Option::is_some)).await.is_err();
        }
    }

    /// Reads the set as it is now: a reading that is under way may have seen a former one.
    pub(super) async fn refresh(self: &Arc<Self>, clock: &Clock) -> Result<(), Arc<KeySetError>> {
        let under_way = self.lock().under_way();
        if let Some(mut reading) = under_way {
            drop(reading.wait_for(Option::is_some).await);
        }
        self.read_once(clock).await
    }

    /// Reads the set, or waits for the reading that is under way.
    async fn read_once(self: &Arc<Self>, clock: &Clock) -> Result<(), Arc<KeySetError>> {
        let mut reading = self.join_or_start(&mut self.lock(), clock);
        // This fails only if the task was cancelled, when the process ends.
        let outcome = reading.wait_for(Option::is_some).await.map_or(None, |outcome| outcome.clone());
        outcome.unwrap_or(Ok(()))
    }

    /// Reads the set at once and at the interval. After failures it waits for a second, then longer each time.
    pub(super) async fn keep_fresh(self: &Arc<Self>, clock: &Clock) -> ! {
        let mut is_due = self.present(clock).is_none();
        loop {
            if std::mem::replace(&mut is_due, true) {
                drop(self.read_once(clock).await); // what it finds is in the log
            }
            let pause = match self.lock().failures {
                0 => self.times.ttl,
                failures => FIRST_PAUSE.saturating_mul(1 << (failures.min(10) - 1)).min(self.times.cooldown),
            };
            sleep(pause.max(MIN_PAUSE)).await;
        }
    }

    /// The reading that may bring an unknown key; `None` within the cooldown.
    fn read_for_unknown_key(self: &Arc<Self>, clock: &Clock) -> Option<watch::Receiver<Outcome>> {
        let (mut attempts, now) = (self.lock(), clock.uptime());
        if let Some(reading) = attempts.under_way() {
            return Some(reading);
        }
        if attempts.for_unknown_key.is_some_and(|last| now.saturating_sub(last) < self.times.cooldown) {
            return None;
        }
        attempts.for_unknown_key = Some(now);
        Some(self.join_or_start(&mut attempts, clock))
    }

    fn join_or_start(self: &Arc<Self>, attempts: &mut Attempts, clock: &Clock) -> watch::Receiver<Outcome> {
        if let Some(reading) = attempts.under_way() {
            return reading;
        }
        let (outcome, reading) = watch::channel(None);
        attempts.latest = Some(reading.clone());
        let (store, clock) = (self.clone(), clock.clone());
        // A task of its own: it goes on when the request that began it has given up.
        tokio::spawn(async move {
            let failures = store.lock().failures;
            let read = store.read(&clock).await;
            store.log(failures, &read);
            outcome.send_replace(Some(read.map(drop).map_err(Arc::new)));
        });
        reading
    }

    /// Reads the set; the number of its keys. When it fails, the former set stays.
    pub(super) async fn read(&self, clock: &Clock) -> Result<usize, KeySetError> {
        let read_at = clock.uptime();
        let document = self.source.fetch(MAX_DOCUMENT, FETCH_TIMEOUT).await;
        let set = document.map_err(KeySetError::from).and_then(|document| KeySet::parse(&document));
        let mut attempts = self.lock();
        attempts.failures = if set.is_ok() { 0 } else { attempts.failures.saturating_add(1) };
        let set = set?;
        let keys = set.len();
        self.current.store(Some(Arc::new(ReadSet { set, read_at })));
        Ok(keys)
    }

    /// The beginning and the end of an outage are logged, and not each try between.
    fn log(&self, failures: u32, read: &Result<usize, KeySetError>) {
        let source = &self.source;
        match read {
            Ok(0) => tracing::warn!(%source, "the key set has no key that can be used"),
            Ok(keys) if failures > 0 => tracing::info!(%source, keys, "the key set can be read again"),
            Ok(keys) => tracing::debug!(%source, keys, "the key set was read"),
            Err(error) if failures == 0 => tracing::warn!(%source, %error, "the key set cannot be read"),
            Err(error) => tracing::debug!(%source, %error, "the key set cannot be read"),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempts {
    /// The reading that has not ended.
    fn under_way(&self) -> Option<watch::Receiver<Outcome>> {
        self.latest.clone().filter(|reading| reading.borrow().is_none() && reading.has_changed().is_ok())
    }
}
