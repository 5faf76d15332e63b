//! The type `InterviewEvent`, its parts, and lists of events.

use crate::domain::{self, Epoch, EventFilter, EventId, LogCursor, LogPosition};
use crate::graphql::context::ContextExt;
use crate::graphql::direct_json::{FieldWriter, WriteJson};
use crate::graphql::loaders::CountOf;
use crate::graphql::relay::connection::Listed;
use crate::graphql::relay::cursor::{encode, position_by_id};
use crate::graphql::root_counts::RootCount;
use crate::graphql::schema::enums::{InterviewEventType, Role, Side};
use crate::graphql::schema::interview::field_change::FieldChange;
use crate::graphql::schema::interview::log_cursor;
use crate::graphql::schema::interview::object::Interview;
use crate::graphql::schema::scalars::DateTime;
use crate::services::{AdmittedEntry, LogEntry};
use async_graphql::{Context, ID, Object, Result};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone)]
pub struct InterviewEvent {
    /// The epoch of the log, if it was read with the event.
    pub epoch: Option<Epoch>,
    pub event: domain::Event,
    /// The interview as it is now, if the viewer sees it.
    pub interview: Option<Arc<domain::Interview>>,
    /// Whether the interview matches the filter of the field after the event.
    pub matches: bool,
}

impl InterviewEvent {
    /// An event of the log that a filter has admitted.
    pub fn admitted(AdmittedEntry { entry, matches }: &AdmittedEntry) -> Self {
        let LogEntry { epoch, event, interview, .. } = entry.as_ref();
        Self { epoch: Some(*epoch), event: event.clone(), interview: interview.clone(), matches: *matches }
    }

    /// An event by its id, where there is no filter.
    pub fn of_log(event: domain::Event, interview: Option<domain::Interview>) -> Self {
        Self { epoch: None, event, interview: interview.map(Arc::new), matches: true }
    }
}

/// An event in the history of an interview: which fields changed, when, and by whom; or a reminder of it, which changes
/// nothing: not its `version` either. Drivers see the events at whose time they were the driver of the interview.
#[Object]
impl InterviewEvent {
    /// The id. Later events of one interview have higher ids.
    async fn id(&self) -> ID {
        self.event.id.0.into()
    }

    /// The position of the event in the log of all events. Pass it as `since` to get what came after the event.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<ID> {
        let epoch = match self.epoch {
            Some(epoch) => epoch,
            None => ctx.map_failure(ctx.loader().event_log_epoch().await)?,
        };
        Ok(log_cursor::encode(self.log_cursor(epoch)).into())
    }

    /// The type of the event.
    #[graphql(name = "type")]
    async fn event_type(&self) -> InterviewEventType {
        self.event.event_type.into()
    }

    /// The time of the event.
    async fn at(&self) -> DateTime {
        self.event.at.into()
    }

    /// The user who made the change. Null if the user was deleted, and of a reminder.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Actor>> {
        let id = self.event.actor_id?;
        Some(ctx.map_failure(ctx.loader().user(id).await).map(Actor))
    }

    /// The side for which the actor made the change. Null for changes that belong to neither side, and of a reminder.
    async fn actor_side(&self) -> Option<Side> {
        self.event.actor_side.map(Side::from)
    }

    /// The id of the interview.
    async fn interview_id(&self) -> ID {
        self.event.interview_id.0.into()
    }

    /// The interview in its current state, which can be later than the event. Null if the viewer may not see it any
    /// more, because it has another driver now: the client removes it from what it shows.
    async fn interview(&self) -> Option<Interview> {
        self.interview.clone().map(Interview::from)
    }

    /// Whether the interview matches the `filter` of the field that returns the event, in the state after the event.
    /// True where no filter is given. False means that it has left the filter: the client removes it from what it
    /// shows. The value depends on that field, although the event has an `id`: a client that keeps objects by their
    /// ids uses it when the event arrives, and does not keep it.
    async fn matches(&self) -> bool {
        self.matches
    }

    /// The fields that changed. Of an event that gave the interview to another driver, the new driver sees the values
    /// `to`, and the former driver the values `from`. Of a reminder, its number in `to`: `minutesBefore` of
    /// `REMINDER_DUE`, or `hours` of `ANSWER_OVERDUE`.
    async fn changes(&self) -> Vec<FieldChange<'_>> {
        self.event.changes.iter().map(FieldChange).collect()
    }
}

pub struct Actor(Arc<domain::User>);

/// A user who made a change.
#[Object]
impl Actor {
    /// The user's id.
    async fn id(&self) -> ID {
        self.0.id.0.into()
    }

    /// The name to display.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The user's current role.
    async fn role(&self) -> Role {
        self.0.authority.role().into()
    }
}

impl InterviewEvent {
    fn log_cursor(&self, epoch: Epoch) -> LogCursor {
        LogCursor { epoch, event: self.event.id, at: self.event.at }
    }
}

/// The events after a position in the log that a filter admits.
pub struct ChangesQuery {
    pub epoch: Epoch,
    pub since: LogPosition,
    pub filter: EventFilter,
    /// Where to go on, if it is not after the last event of the page.
    pub read_to: Option<LogPosition>,
}

/// What a list of events was selected by.
pub enum EventQuery {
    OfInterview { id: domain::InterviewId, includes_reminders: bool },
    Changes(Box<ChangesQuery>),
}

/// Events are executed: their fields are objects and enums that no list of interviews selects often.
impl WriteJson for InterviewEvent {
    const FREE_TEXTS: &'static [&'static str] = &["from", "to"];

    fn text_length(&self) -> usize {
        self.event.changes.iter().flat_map(|change| [&change.from, &change.to]).flatten().map(String::len).sum()
    }

    type Nested = Infallible;

    fn field_writer(_: &str) -> Option<FieldWriter<Self>> {
        None
    }
}

position_by_id!(EventId, 'e');

impl Listed for InterviewEvent {
    type Query = EventQuery;

    /// The log has the cursors of its events. Those of a history are valid in histories only.
    fn cursor(&self, query: &EventQuery) -> String {
        match query {
            EventQuery::OfInterview { .. } => encode(self.event.id, ()),
            EventQuery::Changes(query) => log_cursor::encode(self.log_cursor(query.epoch)),
        }
    }

    fn end_cursor(query: &EventQuery) -> Option<String> {
        let EventQuery::Changes(query) = query else { return None };
        let position = query.read_to?;
        Some(log_cursor::encode(LogCursor { epoch: query.epoch, event: position.event, at: position.at? }))
    }

    async fn count(query: &EventQuery, ctx: &Context<'_>) -> Result<u64> {
        match query {
            EventQuery::OfInterview { id, includes_reminders } => {
                let count = ctx.map_failure(ctx.loader().load(CountOf::Events(*id, *includes_reminders)).await);
                count.map(Option::unwrap_or_default)
            }
            EventQuery::Changes(query) => {
                let count = RootCount::Changes(query.since, query.filter.clone());
                ctx.map_failure(ctx.root_counts().count(ctx.viewer()?, count).await)
            }
        }
    }
}
