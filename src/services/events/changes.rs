//! The event log page by page, for clients that poll, and the positions of cursors.

use super::follower::with_interviews;
use crate::domain::filter::InterviewFilter;
use crate::domain::page::{Page, Window};
use crate::domain::{Epoch, Event, Interview, LogCursor, LogPosition, Since, Viewer};
use crate::services::{ServiceError, Services};
use crate::storage::event_log;
use std::sync::Arc;

/// A page of the event log.
#[derive(Debug)]
pub struct Changes {
    /// The epoch of the log.
    pub epoch: Epoch,
    /// The position after which the page begins.
    pub since: LogPosition,
    /// The events, each with its interview as it is now, if the viewer sees it.
    pub page: Page<(Event, Option<Arc<Interview>>)>,
}

impl Services {
    /// A page of the events that the viewer sees. `CursorExpired` if `since` is not in the present history of the log.
    pub async fn changes(&self, viewer: &Viewer, since: Since, limit: u64) -> Result<Changes, ServiceError> {
        let (expected, since) = self.log_position(since).await?;
        let window = Window { after: Some(since), before: None, limit, from_end: false };
        let filter = InterviewFilter::default();
        let reader = self.reader(viewer).await?;
        let read = event_log::page(&*reader, viewer, &filter, expected, since, window.fetch()).await?;
        let read = read.ok_or(ServiceError::CursorExpired)?;
        let page = window.page(read.entries);
        let entries = with_interviews(&reader, viewer.scope(), read.epoch, page.items).await?;
        let items = entries.into_iter().map(|entry| (entry.event, entry.interview)).collect();
        let has_previous = since != LogPosition::START;
        Ok(Changes { epoch: read.epoch, since, page: Page { items, has_previous, has_next: page.has_next } })
    }

    /// The number of events after a position that the viewer sees, up to
    /// [`ServiceLimits::max_count`](crate::services::ServiceLimits).
    pub async fn count_changes(&self, viewer: &Viewer, since: LogPosition) -> Result<u64, ServiceError> {
        Ok(event_log::count(&*self.reader(viewer).await?, viewer, since, self.limits.max_count).await?)
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
