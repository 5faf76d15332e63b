//! An entry of the event log, and what a viewer sees of it.

use crate::domain::{
    Epoch, Event, EventFilter, EventId, Interview, InterviewId, LogPosition, Scope, ValuesAtEvent, Viewer,
};
use crate::storage::{Pool, StorageError, interviews, recent_past};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// An event of the log with its interview.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The history of the log.
    pub epoch: Epoch,
    /// The position in the log.
    pub position: LogPosition,
    /// What happened.
    pub event: Event,
    /// The interview as it was when the entry was read, which may be later than the event. None if it is not visible
    /// to the viewer for whom the entry was read.
    pub interview: Option<Arc<Interview>>,
    /// What filters compare, before and after the event. None if it was not read, or is unknown.
    pub values: Option<ValuesAtEvent>,
}

/// An entry that a viewer sees and a filter admits.
#[derive(Clone, Debug)]
pub struct AdmittedEntry {
    /// What the viewer sees of it.
    pub entry: Arc<LogEntry>,
    /// Whether the interview matches the filter after the event.
    pub matches: bool,
}

/// About how many events are read to find out what interviews were at the time of others. An interview that has more
/// of them than its part is unknown.
const MAX_LATER_EVENTS: u64 = 20_000;
/// The smallest part of an interview.
const MIN_PART: u64 = 100;

type Events = Vec<(LogPosition, Event)>;

impl LogEntry {
    /// About the memory of the entry, in bytes.
    pub(super) fn memory(&self) -> usize {
        let changes = self.event.changes.iter().flat_map(|change| [&change.from, &change.to]).flatten();
        let changes = size_of_val(&*self.event.changes) + changes.map(String::len).sum::<usize>();
        let texts = |interview: &Interview| {
            let texts = [interview.location.as_deref(), interview.reason()];
            size_of::<Interview>() + texts.into_iter().flatten().map(str::len).sum::<usize>()
        };
        size_of::<Self>() + changes + self.interview.as_deref().map_or(0, texts)
    }

    /// Adds to events their interviews of now, and leaves out what is not visible in the scope.
    pub(super) async fn with_interviews(
        reader: &Pool,
        scope: Scope,
        epoch: Epoch,
        events: Events,
    ) -> Result<Vec<Self>, StorageError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let interviews = interviews::by_ids(reader, scope, &interview_ids(&events)).await?;
        let interviews = interviews.into_iter().map(|interview| (interview.id, Arc::new(interview))).collect();
        Ok(Self::all(scope, epoch, events, &interviews, &HashMap::new()))
    }

    /// The same with what filters compare.
    pub(super) async fn with_values(
        reader: &Pool,
        scope: Scope,
        epoch: Epoch,
        events: Events,
    ) -> Result<Vec<Self>, StorageError> {
        let ids = interview_ids(&events);
        let Some(first) = events.iter().map(|(_, event)| event.id).min() else { return Ok(Vec::new()) };
        let part = (MAX_LATER_EVENTS / ids.len() as u64).max(MIN_PART);
        let (mut interviews, mut values) = (HashMap::new(), HashMap::new());
        for past in recent_past::read(reader, &ids, first, part).await? {
            values.extend(past.values());
            interviews.insert(past.interview.id, Arc::new(past.interview));
        }
        let unknown: Vec<_> = ids.into_iter().filter(|id| !interviews.contains_key(id)).collect();
        if !unknown.is_empty() {
            let others = interviews::by_ids(reader, Scope::Everything, &unknown).await?;
            interviews.extend(others.into_iter().map(|interview| (interview.id, Arc::new(interview))));
        }
        Ok(Self::all(scope, epoch, events, &interviews, &values))
    }

    fn all(
        scope: Scope,
        epoch: Epoch,
        events: Events,
        interviews: &HashMap<InterviewId, Arc<Interview>>,
        values: &HashMap<EventId, ValuesAtEvent>,
    ) -> Vec<Self> {
        let entry = |(position, event): (LogPosition, Event)| {
            let interview = interviews.get(&event.interview_id).filter(|interview| scope.covers(interview)).cloned();
            let values = values.get(&event.id).copied();
            Some(Self { epoch, position, event: event.seen_in(scope)?.into_owned(), interview, values })
        };
        events.into_iter().filter_map(entry).collect()
    }

    /// The entry as a viewer sees it: the event of its time, and the interview of today. None if the event is not
    /// visible, or the filter does not admit it.
    pub(super) fn admitted(self: Arc<Self>, viewer: &Viewer, filter: &EventFilter) -> Option<AdmittedEntry> {
        let scope = viewer.scope();
        let event = self.event.seen_in(scope)?;
        let interview = self.interview.as_ref().filter(|interview| scope.covers(interview));
        let matches = filter.admits(&event, self.values.as_ref(), interview.map(|it| &**it), viewer)?;
        let is_complete = matches!(event, Cow::Borrowed(_)) && interview.is_some() == self.interview.is_some();
        if is_complete {
            return Some(AdmittedEntry { entry: self, matches });
        }
        let (event, interview) = (event.into_owned(), interview.cloned());
        let Self { epoch, position, values, .. } = *self;
        Some(AdmittedEntry { entry: Arc::new(Self { epoch, position, event, interview, values }), matches })
    }
}

fn interview_ids(events: &Events) -> Vec<InterviewId> {
    let mut ids: Vec<InterviewId> = events.iter().map(|(_, event)| event.interview_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{Audience, CompanyId, EventType, Field, FieldChange, Side, UserId};
    use chrono::DateTime;

    /// An entry with a text of so many bytes.
    pub fn entry(length: usize) -> LogEntry {
        let change = FieldChange { field: Field::Location, from: None, to: Some("x".repeat(length)) };
        let event = Event {
            id: EventId(1),
            interview_id: InterviewId(1),
            event_type: EventType::Updated,
            at: DateTime::UNIX_EPOCH,
            actor_id: None,
            actor_side: Some(Side::Interviewer),
            changes: vec![change],
            audience: Audience { company_id: CompanyId(1), driver_id: Some(UserId(1)), former_driver_id: None },
        };
        LogEntry { epoch: Epoch(1), position: LogPosition::START, event, interview: None, values: None }
    }
}
