//! The subscription `interviewChanged`.

use crate::domain::{EventFilter, Since};
use crate::graphql::engine::document::RootField;
use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::schema::interview::event::InterviewEvent;
use crate::graphql::schema::interview::inputs::InterviewFilterInput;
use crate::graphql::schema::interview::log_cursor;
use crate::services::AdmittedEntry;
use async_graphql::{Context, ID, Result, Subscription};
use futures_util::stream::{self, Stream};
use std::future::ready;
use std::sync::Arc;

/// The arguments of `interviewChanged`. They select the events before the executor runs for each of them.
#[derive(Debug)]
pub struct SubscriptionArguments {
    pub filter: EventFilter,
    /// Where to start in the log; `None` to start with the next event.
    pub since: Option<Since>,
}

impl SubscriptionArguments {
    /// `resume_after` is the cursor of the last event that an event stream has sent to the client. It takes precedence
    /// over `since`, with which the client began an earlier stream.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, or `CURSOR_EXPIRED` for the id of an event.
    pub fn parse(field: &RootField, resume_after: Option<&str>) -> Result<Self, RequestError> {
        let filter: Option<InterviewFilterInput> = field.argument("filter")?;
        let since: Option<ID> = field.argument("since")?;
        let include_reminders: Option<bool> = field.argument("includeReminders")?;
        let interviews = filter.unwrap_or_default().into_domain();
        let interviews = interviews.map_err(|error| field.error(Code::BadUserInput, error))?;
        let filter = EventFilter { interviews, includes_reminders: include_reminders == Some(true) };
        let since = match resume_after {
            Some(cursor) => Some(log_cursor::parse_last_event_id(cursor)),
            None => since.map(|since| log_cursor::parse(&since)),
        };
        let since = since.transpose();
        let since = since.map_err(|invalid| field.error(invalid.code, invalid.into()))?;
        Ok(Self { filter, since })
    }
}

pub struct InterviewSubscriptions;

#[Subscription]
impl InterviewSubscriptions {
    /// The events that the viewer may see. Each event is delivered once, and those of one interview in order: first the
    /// events after `since`, then live events. With a filter, an event is delivered if the interview matched before or
    /// after the event, so that a client learns when an interview leaves the filter: `matches` is false then.
    /// `interview` is null when the viewer does not see it any more.
    async fn interview_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            name = "filter",
            desc = "The conditions that an interview has to meet before or after an event for the event to be \
                    delivered."
        )]
        _filter: Option<InterviewFilterInput>,
        #[graphql(
            name = "since",
            desc = "The `cursor` of the last event that the client has received: delivers the events after it first. \
                    \"0\" delivers all events. The default is to deliver new events; one that was written the moment \
                    before can be among them. `CURSOR_EXPIRED` if the event is not in the log any more: query anew \
                    with `changesCursor`, then subscribe from there. The same error ends a subscription when the log \
                    is replaced while it runs."
        )]
        _since: Option<ID>,
        #[graphql(
            name = "includeReminders",
            desc = "Whether reminders are delivered: `REMINDER_DUE` and `ANSWER_OVERDUE`.",
            default_with = "Some(false)"
        )]
        _include_reminders: Option<bool>,
    ) -> Result<impl Stream<Item = InterviewEvent>> {
        // The engine runs this resolver once for each event that the arguments select, with the event in the data.
        Ok(stream::once(ready(InterviewEvent::admitted(ctx.data::<Arc<AdmittedEntry>>()?))))
    }
}
