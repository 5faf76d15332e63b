//! What can be subscribed to.

use crate::domain::filter::InterviewFilter;
use crate::domain::{EventId, LogPosition};
use crate::graphql::context::ContextExt;
use crate::graphql::engine::error::{Code, error_with_code};
use crate::graphql::schema::interview::event::InterviewEvent;
use crate::graphql::schema::interview::inputs::InterviewFilterInput;
use crate::services::LogEntry;
use async_graphql::{Context, ID, Result, Subscription as GraphQlSubscription};
use futures_util::stream::{self, Stream};
use std::sync::{Arc, OnceLock};

/// What can be subscribed to.
pub struct Subscription;

/// What a subscription asks for.
#[derive(Debug)]
pub struct SubscriptionArguments {
    pub filter: InterviewFilter,
    pub since: Option<LogPosition>,
}

/// What the executor is called for. The engine calls it anew for each event, with a viewer and loaders that are fresh, and once before
/// to read the arguments.
pub enum SubscriptionPhase {
    Opening(OnceLock<SubscriptionArguments>),
    Event(Arc<LogEntry>),
}

impl SubscriptionPhase {
    /// What was asked for, once it was opened.
    pub fn wanted(self) -> Option<SubscriptionArguments> {
        match self {
            Self::Opening(wanted) => wanted.into_inner(),
            Self::Event(_) => None,
        }
    }
}

/// What can be subscribed to. Comes over WebSocket (graphql-transport-ws) or as server-sent events.
#[GraphQlSubscription]
impl Subscription {
    /// Each change of an interview that the viewer sees, once, and in order for each interview. Begins with the changes after `since`,
    /// then goes on live. Whether the viewer sees an interview, and whether the filter admits it, is decided by what both are when the
    /// event is sent.
    async fn interview_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only changes of interviews that are like this after the change.")] filter: Option<
            InterviewFilterInput,
        >,
        #[graphql(desc = "The id of the last event that the client has: what came after it is sent first. \
                          \"0\" for all there ever were. Only new ones when it is left out.")]
        since: Option<ID>,
    ) -> Result<impl Stream<Item = InterviewEvent>> {
        let event = match ctx.data_unchecked::<Arc<SubscriptionPhase>>().as_ref() {
            SubscriptionPhase::Opening(wanted) => {
                let filter = filter.unwrap_or_default().into_domain()?;
                let since = match since {
                    Some(since) => Some(position(ctx, &since).await?),
                    None => None,
                };
                wanted.get_or_init(|| SubscriptionArguments { filter, since });
                None
            }
            SubscriptionPhase::Event(change) => {
                let LogEntry { event, interview, .. } = change.as_ref();
                Some(InterviewEvent { event: event.clone(), interview: interview.clone() })
            }
        };
        Ok(stream::iter(event))
    }
}

/// The place in the log of the event that a client has last.
///
/// # Errors
/// `BAD_USER_INPUT` when there is no such event.
pub async fn position(ctx: &Context<'_>, since: &ID) -> Result<LogPosition> {
    if since.as_str() == "0" {
        return Ok(LogPosition::START);
    }
    let found = ctx.services().log_position(EventId::from_text(since)).await.map_err(|error| ctx.failure(error))?;
    found.ok_or_else(|| error_with_code(Code::BadUserInput, "`since` is not the id of an event"))
}
