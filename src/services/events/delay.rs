//! Reports when the event log is delayed: a transaction that stays open, in any database of the PostgreSQL cluster,
//! holds back all later events, from subscribers and from clients that poll. The server watches the log also while it
//! has no subscribers, so that an operator learns of it before a client does.

use crate::domain::EventId;
use crate::services::Services;
use crate::storage::event_log::{self, Holder};
use crate::storage::{Db, StorageError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the log is looked at.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// The delay from which on it is reported.
const THRESHOLD: Duration = Duration::from_secs(5);
/// The time between two reports of one delay.
const REPORT_INTERVAL: Duration = Duration::from_mins(1);

/// Watches for how long the first waiting event has been waiting.
#[derive(Debug)]
pub(crate) struct DelayWatch {
    db: Db,
    state: Mutex<DelayState>,
}

#[derive(Clone, Copy, Debug, Default)]
struct DelayState {
    /// The first waiting event, and when it was seen first.
    waiting: Option<(EventId, Instant)>,
    /// When the reported delay began, and when it was reported last.
    reported: Option<(Instant, Instant)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    /// The log is delayed by this much.
    Delayed(Duration),
    /// It was delayed, for this long in total.
    Over(Duration),
}

impl DelayWatch {
    pub(crate) fn new(db: Db) -> Self {
        Self { db, state: Mutex::default() }
    }

    /// What waited before the database failed may not wait any more.
    fn forget(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting = None;
    }

    async fn run_once(&self, now: Instant) -> Result<(), StorageError> {
        let waiting = event_log::waiting_event(self.db.monitor()).await?;
        let report = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.observe(waiting.map(|waiting| waiting.id), now)
        };
        match (report, waiting) {
            (Some(Report::Delayed(delay)), Some(waiting)) => {
                let holder = event_log::holder_of(self.db.monitor(), waiting.oldest_transaction).await?;
                warn(delay, holder);
            }
            (Some(Report::Over(total)), _) => {
                tracing::info!(seconds = total.as_secs(), "the event log is no longer delayed");
            }
            _ => {}
        }
        Ok(())
    }
}

impl DelayState {
    fn observe(&mut self, waiting: Option<EventId>, now: Instant) -> Option<Report> {
        self.waiting = match (self.waiting, waiting) {
            (Some((known, since)), Some(id)) if known == id => Some((id, since)),
            (_, waiting) => waiting.map(|id| (id, now)),
        };
        match (self.delay(now), self.reported) {
            (Some(delay), None) => {
                self.reported = Some((now.checked_sub(delay).unwrap_or(now), now));
                Some(Report::Delayed(delay))
            }
            (Some(delay), Some((began, last))) if now - last >= REPORT_INTERVAL => {
                self.reported = Some((began, now));
                Some(Report::Delayed(delay))
            }
            (None, Some((began, _))) => {
                self.reported = None;
                Some(Report::Over(now - began))
            }
            _ => None,
        }
    }

    /// The delay, if it is long enough to be reported.
    fn delay(&self, now: Instant) -> Option<Duration> {
        let delay = now - self.waiting?.1;
        (delay >= THRESHOLD).then_some(delay)
    }
}

/// Texts are quoted, because applications choose them.
fn warn(delay: Duration, holder: Option<Holder>) {
    let (seconds, message) = (delay.as_secs(), "the event log is delayed until this transaction ends");
    match holder {
        Some(Holder::Session { pid, database, application, state, age }) => {
            let unknown = || "unknown: it needs the role pg_read_all_stats".to_owned();
            let age = age.map_or_else(unknown, |age| format!("{} s", age.as_secs()));
            let state = state.unwrap_or_else(unknown);
            let (database, application) = (database.unwrap_or_default(), application.unwrap_or_default());
            tracing::warn!(seconds, pid, ?database, ?application, state, age, "{message}");
        }
        Some(Holder::Prepared { name, database, age }) => {
            let age = format!("{} s", age.as_secs());
            tracing::warn!(seconds, prepared_transaction = ?name, ?database, age, "{message}");
        }
        None => tracing::warn!(seconds, "the event log is delayed by a transaction that ended just now"),
    }
}

impl Services {
    /// Watches the event log, and reports a delay in the log of the server. Never returns.
    pub async fn watch_event_log(&self) -> ! {
        let mut interval = tokio::time::interval(WATCH_INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let now = interval.tick().await;
            // A failure of the database has reports of its own.
            if let Err(error) = self.delay_watch.run_once(now).await {
                self.delay_watch.forget();
                tracing::debug!(%error, "the delay of the event log cannot be read");
            }
        }
    }

    /// By how much the event log is delayed; `None` for a delay of a few seconds, as any transaction causes it.
    #[must_use]
    pub fn event_log_delay(&self) -> Option<Duration> {
        let state = *self.delay_watch.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.delay(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Option<EventId> = Some(EventId(1));
    const TWO: Option<EventId> = Some(EventId(2));

    /// What is reported at each of these seconds.
    fn reports(observed: &[(u64, Option<EventId>)]) -> Vec<(u64, Report)> {
        let (mut state, start) = (DelayState::default(), Instant::now());
        let mut report = |(second, waiting): &(u64, Option<EventId>)| {
            let report = state.observe(*waiting, start + Duration::from_secs(*second))?;
            Some((*second, report))
        };
        observed.iter().filter_map(&mut report).collect()
    }

    fn delayed(second: u64, delay: u64) -> (u64, Report) {
        (second, Report::Delayed(Duration::from_secs(delay)))
    }

    fn over(second: u64, total: u64) -> (u64, Report) {
        (second, Report::Over(Duration::from_secs(total)))
    }

    #[test]
    fn delay_is_reported_after_five_seconds_once_a_minute_and_when_it_is_over() {
        let waiting: Vec<_> = (10..190).map(|second| (second, ONE)).collect();
        let observed = [&[(9, None)], &waiting[..], &[(190, None), (191, None)]].concat();
        assert_eq!(reports(&observed), [delayed(15, 5), delayed(75, 65), delayed(135, 125), over(190, 180)]);
    }

    #[test]
    fn events_that_wait_one_after_the_other_for_a_short_time_are_not_reported() {
        let observed: Vec<_> = (0..100).map(|second| (second, if second / 4 % 2 == 0 { ONE } else { TWO })).collect();
        assert_eq!(reports(&observed), []);
    }

    #[test]
    fn next_delay_is_reported_anew() {
        let observed = [(0, ONE), (5, ONE), (6, TWO), (7, TWO), (11, TWO), (12, None)];
        assert_eq!(reports(&observed), [delayed(5, 5), over(6, 6), delayed(11, 5), over(12, 6)]);
    }
}
