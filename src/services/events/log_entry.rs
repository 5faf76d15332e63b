//! What a viewer sees of an entry of the event log.

use crate::domain::Scope;
use crate::services::LogEntry;
use std::borrow::Cow;
use std::sync::Arc;

impl LogEntry {
    /// What is visible of the entry in this scope: the event of its time, and the interview of today. None if the event
    /// is not visible.
    pub(super) fn seen_in(self: Arc<Self>, scope: Scope) -> Option<Arc<Self>> {
        let event = self.event.seen_in(scope)?;
        let interview = self.interview.as_ref().filter(|interview| scope.covers(interview));
        let is_complete = matches!(event, Cow::Borrowed(_)) && interview.is_some() == self.interview.is_some();
        if is_complete {
            return Some(self);
        }
        let (event, interview) = (event.into_owned(), interview.cloned());
        Some(Arc::new(Self { event, interview, epoch: self.epoch, position: self.position }))
    }
}
