//! The outages of the database. The log has a line when an outage begins and one when it is over, however many requests
//! fail meanwhile.

use crate::storage::database::fault::Outage;
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The outages of one database, for all of its pools.
#[derive(Debug, Default)]
pub struct OutageLog {
    outages: Mutex<HashMap<Outage, Record>>,
    /// Whether an outage is going on: most calls need no lock.
    is_any: AtomicBool,
    /// Whether the database was reached once. Before that the start of the process logs why it waits.
    is_started: AtomicBool,
}

/// What is known of one kind of outage.
#[derive(Debug)]
struct Record {
    began_at: Instant,
    last_failure: Instant,
    failures: u32,
    is_over: bool,
    /// Whether the log has no line about it, except at the level `debug`.
    is_quiet: bool,
}

/// An outage that begins again within this time has no line before it has lasted as long: a database that accepts every
/// second connection would fill the log.
const QUIET: Duration = Duration::from_secs(1);
/// How long an outage of changes counts as going on when no further change is tried.
const EXPIRY: Duration = Duration::from_mins(1);

impl Outage {
    const fn began(self) -> &'static str {
        match self {
            Self::Unreachable => "the database cannot be reached",
            Self::TooManyConnections => {
                "the database grants fewer connections than DATABASE_CONNECTIONS: requests wait for those it granted"
            }
            Self::ReadOnly => "the database is read-only: changes fail",
            Self::Full => "the database has no space or memory left: requests fail",
            Self::Files => "the database cannot read or write its files: requests fail",
        }
    }

    const fn ended(self) -> &'static str {
        match self {
            Self::Unreachable => "the database can be reached again",
            Self::TooManyConnections => "the database grants enough connections again",
            Self::ReadOnly | Self::Full | Self::Files => "changes succeed again",
        }
    }
}

impl OutageLog {
    /// Something failed because of this outage.
    pub fn report(&self, outage: Outage, cause: &dyn Display) {
        let now = Instant::now();
        let mut outages = self.outages();
        self.is_any.store(true, Ordering::Release);
        let is_started = self.is_started.load(Ordering::Relaxed);
        let record = outages.entry(outage).or_insert_with(|| Record::new(now, false));
        if record.is_over {
            *record = Record::new(now, now.duration_since(record.last_failure) < QUIET);
        }
        let is_due =
            record.failures == 0 && !record.is_quiet || record.is_quiet && now.duration_since(record.began_at) >= QUIET;
        if is_due && is_started {
            record.is_quiet = false;
            tracing::warn!(%cause, "{}", outage.began());
        } else {
            record.is_quiet |= record.failures == 0;
            tracing::debug!(%cause, "{}", outage.began());
        }
        record.last_failure = now;
        record.failures += 1;
    }

    /// The database was reached for the first time.
    pub fn start(&self) {
        self.is_started.store(true, Ordering::Relaxed);
    }

    /// What these outages prevent has succeeded.
    pub fn end(&self, ended: &[Outage]) {
        if !self.is_any.load(Ordering::Acquire) {
            return;
        }
        let mut outages = self.outages();
        for outage in ended {
            if let Some(record) = outages.get_mut(outage).filter(|record| !record.is_over) {
                record.is_over = true;
                let (seconds, failures) = (record.began_at.elapsed().as_secs_f64(), record.failures);
                if record.is_quiet {
                    tracing::debug!(seconds, failures, "{}", outage.ended());
                } else {
                    tracing::info!(seconds, failures, "{}", outage.ended());
                }
            }
        }
        let is_any = outages.values().any(|record| !record.is_over);
        self.is_any.store(is_any, Ordering::Release);
    }

    /// A change succeeded.
    pub fn change_succeeded(&self) {
        self.end(&[Outage::ReadOnly, Outage::Full, Outage::Files]);
    }

    /// Why changes fail now, as far as the latest ones have shown.
    pub fn of_changes(&self) -> Option<Outage> {
        let outages = self.outages();
        [Outage::ReadOnly, Outage::Full, Outage::Files].into_iter().find(|outage| {
            outages.get(outage).is_some_and(|record| !record.is_over && record.last_failure.elapsed() < EXPIRY)
        })
    }

    fn outages(&self) -> MutexGuard<'_, HashMap<Outage, Record>> {
        self.outages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn new(now: Instant, is_quiet: bool) -> Self {
        Self { began_at: now, last_failure: now, failures: 0, is_over: false, is_quiet }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ongoing(log: &OutageLog, outage: Outage) -> bool {
        log.outages().get(&outage).is_some_and(|record| !record.is_over)
    }

    #[test]
    fn success_ends_only_the_outages_that_it_disproves() {
        let log = OutageLog::default();
        log.report(Outage::Unreachable, &"refused");
        log.report(Outage::ReadOnly, &"standby");
        log.end(&[Outage::Unreachable]);
        assert!(!is_ongoing(&log, Outage::Unreachable) && is_ongoing(&log, Outage::ReadOnly));
        assert_eq!(log.of_changes(), Some(Outage::ReadOnly));
        log.change_succeeded();
        assert_eq!(log.of_changes(), None);
        assert!(!log.is_any.load(Ordering::Relaxed));
    }

    #[test]
    fn outage_that_begins_again_at_once_has_no_further_line() {
        let log = OutageLog::default();
        log.start();
        for _ in 0..3 {
            log.report(Outage::Full, &"no space");
        }
        let is_quiet = |log: &OutageLog| log.outages()[&Outage::Full].is_quiet;
        assert!(!is_quiet(&log));
        assert_eq!(log.outages()[&Outage::Full].failures, 3);
        log.change_succeeded();
        log.report(Outage::Full, &"no space");
        assert!(is_quiet(&log));
    }

    #[test]
    fn database_that_was_not_reached_yet_has_no_line() {
        let log = OutageLog::default();
        log.report(Outage::Unreachable, &"refused");
        assert!(log.outages()[&Outage::Unreachable].is_quiet);
    }
}
