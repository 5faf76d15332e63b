//! Subscriptions: subscribers with equal selections and equal scopes share one response to an event, so that a thousand
//! open dashboards of a company cost about as much as one.

use crate::graphql::engine::api::{Api, Client, Delivery, EventStream, RequestContext};
use crate::graphql::engine::document::{Document, PreparedDocument, RootField, SelectionHash};
use crate::graphql::engine::error::{Code, NoViewer, RequestError};
use crate::graphql::engine::event_executor::{EventExecutor, EventRequest};
use crate::graphql::engine::json::JsonText;
use crate::graphql::engine::kept_memory::{KeptMemory, KeptSubscription};
use crate::graphql::engine::shared_responses::SharedResponses;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

/// The responses of a subscription. The stream ends with its first error.
pub type ResponseStream = BoxStream<'static, Result<SubscriptionResponse, StreamEnd>>;

/// A response of a subscription.
#[derive(Clone, Debug)]
pub struct SubscriptionResponse {
    /// What a client passes to resume after the event of this response.
    pub cursor: String,
    pub json: Arc<JsonText>,
}

/// Why the server ended a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// The token is no longer accepted.
    SignedOut(NoViewer),
    /// The events that the client has received are not all in the log any more. The client has to query anew.
    CursorExpired,
    /// The server failed, and the client can resume. The log has the cause.
    Failed(Code),
}

/// Starts subscriptions and shares their responses.
#[derive(Clone)]
pub struct Subscriptions<A: Api> {
    events: Arc<EventExecutor<A>>,
    shared: Arc<SharedResponses<A::ShareKey>>,
    kept: KeptMemory<A::RateLimitKey>,
}

/// A subscription whose document was checked.
pub struct PreparedSubscription {
    /// Selects the events.
    root_field: RootField,
    per_event: EventRequest,
}

/// A subscription that runs.
struct Subscription<A: Api> {
    subscriptions: Subscriptions<A>,
    session: A::Session,
    client: Client,
    per_event: Arc<EventRequest>,
    _kept: KeptSubscription<A::RateLimitKey>,
    /// `None` after the first error.
    deliveries: Option<EventStream<A>>,
}

impl PreparedSubscription {
    /// # Errors
    /// `BAD_USER_INPUT` when `@skip` or `@include` removes the root field.
    pub fn new(
        document: &Document,
        prepared: PreparedDocument,
        selection: SelectionHash,
        operation_name: Option<String>,
    ) -> Result<Self, RequestError> {
        let nothing = || RequestError::new(Code::BadUserInput, "The subscription selects nothing.", None);
        let PreparedDocument { root_field, cost, memory, .. } = prepared;
        let root_field = root_field.ok_or_else(nothing)?;
        Ok(Self { root_field, per_event: EventRequest::new(document, selection, operation_name, cost, memory) })
    }
}

impl<A: Api> Subscriptions<A> {
    /// `shared_memory` is the memory of the responses that are kept for other subscribers, `kept_per_user` that of what
    /// the subscriptions of one user keep, in bytes.
    pub(super) fn new(events: EventExecutor<A>, shared_memory: usize, kept_per_user: usize) -> Self {
        let (shared, kept) = (Arc::new(SharedResponses::new(shared_memory)), KeptMemory::new(kept_per_user));
        Self { events: Arc::new(events), shared, kept }
    }

    /// The memory of the responses that are kept, in bytes.
    pub fn shared_memory(&self) -> u64 {
        self.shared.memory()
    }

    /// Starts a subscription. With `resume_after`, the cursor of a response, it begins after that one.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a wrong argument or cursor, `TOO_MANY_SUBSCRIPTIONS` when those of the user keep too much
    /// memory, the code of the failure when the events cannot be read.
    pub async fn start(
        &self,
        session: A::Session,
        client: Client,
        subscription: PreparedSubscription,
        resume_after: Option<&str>,
    ) -> Result<ResponseStream, RequestError> {
        let PreparedSubscription { root_field, mut per_event } = subscription;
        let viewer = A::viewer(&session)?;
        let kept = per_event.keep(A::rate_limit_key(&viewer), &self.kept, root_field.memory())?;
        let api = self.events.executor.api();
        let request_id = client.request_id.clone();
        let deliveries = api.subscribe(session.clone(), request_id, &root_field, resume_after).await?;
        let subscription = Subscription {
            subscriptions: self.clone(),
            session,
            client,
            per_event: Arc::new(per_event),
            _kept: kept,
            deliveries: Some(deliveries),
        };
        let next = |mut subscription: Subscription<A>| async {
            subscription.next().await.map(|response| (response, subscription))
        };
        Ok(stream::unfold(subscription, next).boxed())
    }
}

impl<A: Api> Subscription<A> {
    async fn next(&mut self) -> Option<Result<SubscriptionResponse, StreamEnd>> {
        let deliveries = self.deliveries.as_mut()?;
        // Before the event is read: the permissions to see it are those of the moment at which it is sent.
        self.subscriptions.events.wait_for_points(&self.session).await;
        let response = match deliveries.next().await? {
            Ok(delivery) => self.respond(delivery).await.map_err(StreamEnd::Failed),
            Err(end) => Err(end),
        };
        if response.is_err() {
            self.deliveries = None;
        }
        Some(response)
    }

    /// The response for one event. `&mut`, because the stream of deliveries is not `Sync`.
    async fn respond(&mut self, delivery: Delivery<A>) -> Result<SubscriptionResponse, Code> {
        let Delivery { event, cursor, viewer, share_key } = delivery;
        let Subscriptions { events, shared, .. } = &self.subscriptions;
        let (per_event, events, client) = (self.per_event.clone(), events.clone(), self.client.clone());
        let (selection, catching_up) = (per_event.selection.hash, share_key.is_none());
        let execute = async move {
            let context = RequestContext { viewer: Some(viewer), client };
            events.execute_with_retries(&per_event, &context, &event, catching_up).await
        };
        let json = match share_key {
            Some(share_key) => shared.get_or_execute((share_key, selection), execute).await,
            // In a task of its own: this future is not polled while the client does not read, and would hold a permit
            // and database connections for that time.
            None => AbortOnDropHandle::new(tokio::spawn(execute)).await.unwrap_or(Err(Code::Internal)),
        }?;
        Ok(SubscriptionResponse { cursor, json })
    }
}
