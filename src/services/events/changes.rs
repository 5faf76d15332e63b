//! The event log page by page, for clients that poll, and the positions of cursors.

use super::log_entry::{AdmittedEntry, LogEntry};
use crate::domain::page::Page;
use crate::domain::{Epoch, EventFilter, LogCursor, LogPosition, Since, Viewer};
use crate::services::{ServiceError, Services};
use crate::storage::event_log::{self, LogPage};
use std::sync::Arc;

/// A page of the event log.
#[derive(Debug)]
pub struct Changes {
    /// The epoch of the log.
    pub epoch: Epoch,
    /// The position after which the page begins.
    pub since: LogPosition,
    /// The events, each with its interview as it is now, if the viewer sees it.
    pub page: Page<AdmittedEntry>,
    /// Where to go on, if it is not after the last event of the page: the page has no events, or the filter has
    /// admitted none of those that come between.
    pub read_to: Option<LogPosition>,
}

/// How many events are read at once to look for those that a filter admits.
const BATCH: u64 = 200;

/// Reads the events after a position that a viewer sees and a filter admits.
struct Scan<'a> {
    services: &'a Services,
    viewer: &'a Viewer,
    filter: &'a EventFilter,
    /// The epoch in which the position is.
    epoch: Option<Epoch>,
    /// The position of the last event that was read.
    position: LogPosition,
    /// Whether there are further events.
    has_more: bool,
}

impl Scan<'_> {
    /// The admitted ones among at most `limit` further events.
    async fn next(&mut self, limit: u64) -> Result<Vec<AdmittedEntry>, ServiceError> {
        let Self { services, viewer, filter, .. } = *self;
        let (reader, scope) = (services.reader(viewer).await?, viewer.scope());
        let read =
            event_log::page(&*reader, scope, self.epoch, self.position, filter.includes_reminders, limit + 1).await?;
        let LogPage { epoch, mut entries, .. } = read.ok_or(ServiceError::CursorExpired)?;
        self.epoch = Some(epoch);
        self.has_more = entries.len() as u64 > limit;
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        self.position = entries.last().map_or(self.position, |(position, _)| *position);
        let entries = if filter.interviews.is_empty() {
            LogEntry::with_interviews(&reader, scope, epoch, entries).await?
        } else {
            LogEntry::with_values(&reader, scope, epoch, entries).await?
        };
        Ok(entries.into_iter().filter_map(|entry| Arc::new(entry).admitted(viewer, filter)).collect())
    }
}

impl Services {
    /// A page of the events that the viewer sees and the filter admits. With a filter it reads at most as many events
    /// as [`ServiceLimits::max_count`](crate::services::ServiceLimits), so that a page can end before it is full.
    /// `CursorExpired` if `since` is not in the present history of the log.
    pub async fn changes(
        &self,
        viewer: &Viewer,
        filter: &EventFilter,
        since: Since,
        limit: u64,
    ) -> Result<Changes, ServiceError> {
        let (epoch, since) = self.log_position(since).await?;
        let mut scan = Scan { services: self, viewer, filter, epoch, position: since, has_more: true };
        let mut items = Vec::new();
        if filter.interviews.is_empty() {
            items = scan.next(limit).await?;
        }
        let mut unread = if filter.interviews.is_empty() { 0 } else { self.limits.max_count };
        while scan.has_more && items.len() as u64 <= limit && unread > 0 {
            let batch = unread.min(BATCH);
            items.extend(scan.next(batch).await?);
            unread -= batch;
        }
        let is_full = items.len() as u64 > limit;
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let goes_on_elsewhere = !is_full && (scan.has_more || items.is_empty());
        let page = Page { items, has_previous: since != LogPosition::START, has_next: is_full || scan.has_more };
        let epoch = scan.epoch.ok_or(ServiceError::CursorExpired)?;
        Ok(Changes { epoch, since, page, read_to: goes_on_elsewhere.then_some(scan.position) })
    }

    /// The number of events after a position that the viewer sees and the filter admits, up to
    /// [`ServiceLimits::max_count`](crate::services::ServiceLimits). With a filter, as many events are looked at.
    pub async fn count_changes(
        &self,
        viewer: &Viewer,
        filter: &EventFilter,
        since: LogPosition,
    ) -> Result<u64, ServiceError> {
        let mut unread = self.limits.max_count;
        if filter.interviews.is_empty() {
            let (reader, scope) = (self.reader(viewer).await?, viewer.scope());
            return Ok(event_log::count(&*reader, scope, since, filter.includes_reminders, unread).await?);
        }
        let mut scan = Scan { services: self, viewer, filter, epoch: None, position: since, has_more: true };
        let mut count = 0;
        while scan.has_more && unread > 0 {
            let batch = unread.min(BATCH);
            count += scan.next(batch).await?.len() as u64;
            unread -= batch;
        }
        Ok(count)
    }

    /// Where a client has to begin that reads everything else after this: after the last event that the viewer sees. It
    /// is not the last event of all, whose time and id would tell what other companies do.
    pub async fn changes_cursor(&self, viewer: &Viewer) -> Result<Since, ServiceError> {
        loop {
            self.epoch_check.run().await?;
            let (epoch, position) = event_log::head(&*self.reader(viewer).await?, viewer.scope()).await?;
            if self.epoch_check.confirms(epoch).await? {
                let LogPosition { event, at, .. } = position;
                return Ok(at.map_or(Since::Start, |at| Since::After(LogCursor { epoch, event, at })));
            }
        }
    }

    /// The position of the log at which a client begins, and the epoch that it expects. Nothing is said about other
    /// events than that of the cursor: a client that knows its id and its time has received it.
    pub(super) async fn log_position(&self, since: Since) -> Result<(Option<Epoch>, LogPosition), ServiceError> {
        match since {
            Since::Start => Ok((None, LogPosition::START)),
            Since::After(cursor) => {
                self.epoch_check.run().await?;
                let position = event_log::position_of(self.db.reader(), cursor).await?;
                Ok((Some(cursor.epoch), position.ok_or(ServiceError::CursorExpired)?))
            }
        }
    }
}
