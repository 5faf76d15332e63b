//! One subscriber of the event log: first the events that it missed, then live events. It gets each event once and in
//! order, if its viewer sees the event at the time of delivery, and the interview matched the filter before or after
//! it.

use super::broadcast::Broadcast;
use super::catch_up::CatchUpPermit;
use super::follower::{Feed, MAX_RETRIES, RETRY_PAUSE};
use super::log_entry::{AdmittedEntry, LogEntry};
use super::missed_memory::MissedEntry;
use crate::domain::{Epoch, EventFilter, LogPosition, Since, UserId, Viewer};
use crate::services::{Failure, LiveSession, ServiceError, Services, TokenProblem};
use crate::storage::{StorageError, event_log};
use futures_util::stream::{self, Stream};
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::AbortOnDropHandle;

/// Why the server ended a subscription.
#[derive(Clone, Debug)]
pub enum SubscriptionEnd {
    /// The token is no longer accepted.
    SignedOut(TokenProblem),
    /// The database has lost events, or was restored: the client has to query anew.
    HistoryChanged,
    /// The server failed.
    Failed(ServiceError),
}

/// An event on its way to a subscriber.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What the viewer sees of the event and its interview.
    pub entry: Arc<LogEntry>,
    /// Whether the interview matches the filter after the event.
    pub matches: bool,
    /// The subscriber with their role and company at the time of delivery.
    pub viewer: Arc<Viewer>,
    /// Whether other subscribers get this event at the same time. `false` while this subscriber catches up.
    pub is_live: bool,
}

/// The most missed events that are read at once.
const CATCH_UP_BATCH: u64 = 100;

/// Missed entries, the position of the last one that was read, and whether there may be more.
type MissedPage = (Vec<LogEntry>, Option<LogPosition>, bool);

struct Subscriber {
    services: Arc<Services>,
    session: LiveSession,
    filter: EventFilter,
    receiver: Receiver<Broadcast>,
    /// The history of the log in which the subscriber reads.
    epoch: Epoch,
    /// Entries that were read from the log and not delivered yet.
    missed: VecDeque<MissedEntry>,
    /// The position of the last event that was delivered or skipped.
    position: LogPosition,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The log may hold more missed events.
    CatchingUp,
    /// The next event comes from the receiver, unless the receiver lags.
    Live,
}

impl Services {
    /// The events after `since`, or from now on without it. The stream ends with its first error. `CursorExpired` if
    /// `since` is not in the present history of the log.
    pub async fn subscribe(
        self: &Arc<Self>,
        session: LiveSession,
        filter: EventFilter,
        since: Option<Since>,
    ) -> Result<impl Stream<Item = Result<Delivery, SubscriptionEnd>> + Send + use<>, ServiceError> {
        let since = match since {
            Some(since) => Some(self.log_position(since).await?.1),
            None => None,
        };
        // Subscribe before reading missed events, so that none is lost between; duplicates are dropped by position.
        let Feed { receiver, epoch, position } = self.follower.subscribe().await?;
        let subscriber = Subscriber {
            services: self.clone(),
            session,
            filter,
            receiver,
            epoch,
            missed: VecDeque::new(),
            position: since.unwrap_or(position),
            phase: if since.is_some() { Phase::CatchingUp } else { Phase::Live },
        };
        Ok(stream::unfold(Some(subscriber), async |subscriber| {
            let mut subscriber = subscriber?;
            let next = subscriber.next().await;
            let continues = next.is_ok();
            Some((next, continues.then_some(subscriber)))
        }))
    }

    /// Waits for a permit to do work for one subscriber of this user that catches up. Other requests come first.
    pub async fn catch_up_permit(&self, user: UserId) -> Option<CatchUpPermit> {
        self.catch_up.acquire(user).await
    }
}

impl Subscriber {
    async fn next(&mut self) -> Result<Delivery, SubscriptionEnd> {
        loop {
            let (entry, is_live) = match self.missed.pop_front() {
                Some(missed) => (missed.entry, false),
                None if self.phase == Phase::CatchingUp => {
                    self.read_missed().await?;
                    continue;
                }
                None => match self.receive().await? {
                    Some(entry) => (entry, true),
                    None => continue,
                },
            };
            if entry.position <= self.position {
                continue;
            }
            self.position = entry.position;
            let viewer = self.viewer()?;
            if let Some(AdmittedEntry { entry, matches }) = entry.admitted(&viewer, &self.filter) {
                return Ok(Delivery { entry, matches, viewer, is_live });
            }
        }
    }

    fn viewer(&self) -> Result<Arc<Viewer>, SubscriptionEnd> {
        self.session.viewer().map_err(SubscriptionEnd::SignedOut)
    }

    async fn read_missed(&mut self) -> Result<(), SubscriptionEnd> {
        let mut retries = 0;
        let (entries, last, is_full) = loop {
            let viewer = self.viewer()?;
            match self.read_page(viewer).await {
                Ok(Some(page)) => break page,
                Ok(None) => return Err(SubscriptionEnd::HistoryChanged),
                Err(error) => {
                    retries += 1;
                    let error = ServiceError::from(error);
                    let is_temporary = matches!(error.failure(), Failure::Unavailable | Failure::Timeout);
                    if retries > MAX_RETRIES || !is_temporary {
                        return Err(SubscriptionEnd::Failed(error));
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        };
        if let (true, Some(last)) = (entries.is_empty(), last) {
            self.position = last;
        }
        let count = entries.len();
        self.missed = self.services.missed_memory.keep(entries);
        // Those for which there is no memory are read again.
        if !is_full && self.missed.len() == count {
            self.phase = Phase::Live;
        }
        Ok(())
    }

    /// The next missed entries, the position of the last event that was read, and whether there may be more. `None` if
    /// the subscriber's position is not in the present history of the log.
    ///
    /// They are read in a task of its own: this future is not polled while the client does not read, and would hold a
    /// permit and database connections for that time.
    async fn read_page(&self, viewer: Arc<Viewer>) -> Result<Option<MissedPage>, StorageError> {
        let reading = read_page(self.services.clone(), viewer, self.filter.clone(), self.epoch, self.position);
        let read = AbortOnDropHandle::new(tokio::spawn(reading)).await;
        read.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }

    /// The next live entry. `None` for one that was read already, and when the receiver lagged: the missed entries have
    /// to be read from the log.
    async fn receive(&mut self) -> Result<Option<Arc<LogEntry>>, SubscriptionEnd> {
        let received = tokio::select! {
            received = self.receiver.recv() => received,
            problem = self.session.signed_out() => return Err(SubscriptionEnd::SignedOut(problem)),
        };
        match received {
            Ok(Broadcast::Entry(position, _)) if position <= self.position => Ok(None),
            Ok(Broadcast::Entry(_, entry)) => Ok(entry.upgrade().or_else(|| self.lagged())),
            Ok(Broadcast::HistoryChanged) => Err(SubscriptionEnd::HistoryChanged),
            Err(RecvError::Lagged(_)) => Ok(self.lagged()),
            Err(RecvError::Closed) => Err(SubscriptionEnd::Failed(ServiceError::FollowerStopped)),
        }
    }

    fn lagged(&mut self) -> Option<Arc<LogEntry>> {
        self.phase = Phase::CatchingUp;
        None
    }
}

async fn read_page(
    services: Arc<Services>,
    viewer: Arc<Viewer>,
    filter: EventFilter,
    subscribed: Epoch,
    position: LogPosition,
) -> Result<Option<MissedPage>, StorageError> {
    let _permit = services.catch_up.acquire(viewer.id).await;
    let (reader, epoch) = (services.reader(&viewer).await?, Some(subscribed));
    let size = services.missed_memory.page_size(CATCH_UP_BATCH);
    let page = loop {
        services.epoch_check.run().await?;
        let page = event_log::page(&*reader, viewer.scope(), epoch, position, filter.includes_reminders, size).await?;
        if services.epoch_check.confirms(subscribed).await? {
            break page;
        }
    };
    let Some(page) = page else { return Ok(None) };
    let last = page.entries.last().map(|(position, _)| *position);
    let is_full = page.entries.len() as u64 == size;
    let entries = if filter.interviews.is_empty() {
        LogEntry::with_interviews(&reader, viewer.scope(), subscribed, page.entries).await?
    } else {
        LogEntry::with_values(&reader, viewer.scope(), subscribed, page.entries).await?
    };
    Ok(Some((entries, last, is_full)))
}
