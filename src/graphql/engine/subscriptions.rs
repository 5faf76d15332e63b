//! Subscriptions: for each event the executor runs anew, with the viewer's current permissions and with empty loaders.
//! Subscribers with equal selections and equal scopes share one response, so that a thousand open dashboards of a
//! company cost about as much as one.

use crate::graphql::engine::api::{Api, Delivery, RequestContext};
use crate::graphql::engine::document::{Caching, Document, Documents, Hash, RootField, SelectionHash};
use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::executor::Executor;
use crate::graphql::engine::json::JsonText;
use crate::graphql::engine::memory::{Charge, NoMemory};
use crate::graphql::engine::response::Outcome;
use crate::graphql::engine::response_limits::{ResponseError, ResponseLimits};
use crate::graphql::engine::shared_responses::{EventResponse, SharedResponses};
use async_graphql::Request;
use futures_util::future::ready;
use futures_util::stream::{BoxStream, StreamExt};
use std::sync::Arc;

/// The responses of a subscription. The stream ends with its first error.
pub type ResponseStream = BoxStream<'static, Result<Arc<JsonText>, StreamEnd>>;

/// Why the server ended a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// The token is no longer accepted.
    SignedOut,
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
}

/// Executes subscriptions for events.
struct EventExecutor<A: Api> {
    executor: Executor<A>,
    documents: Arc<Documents>,
    limits: ResponseLimits,
}

/// A subscription whose document was checked.
pub struct PreparedSubscription {
    /// Selects the events.
    root_field: RootField,
    per_event: EventRequest,
}

/// The part of a subscription that runs for each event. It is kept as long as the subscription, possibly for days. So
/// it has the text of the document, which is much smaller than the document itself, and no variable that is not used.
struct EventRequest {
    text: Arc<str>,
    hash: Hash,
    selection: SelectionHash,
    operation_name: Option<String>,
}

impl PreparedSubscription {
    /// # Errors
    /// `BAD_USER_INPUT` when `@skip` or `@include` removes the root field.
    pub fn new(
        document: &Document,
        root_field: Option<RootField>,
        selection: SelectionHash,
        operation_name: Option<String>,
    ) -> Result<Self, RequestError> {
        let nothing = || RequestError::new(Code::BadUserInput, "the subscription selects nothing", None);
        let root_field = root_field.ok_or_else(nothing)?;
        let (text, hash) = document.source();
        Ok(Self { root_field, per_event: EventRequest { text, hash, selection, operation_name } })
    }
}

impl<A: Api> Subscriptions<A> {
    /// `shared_memory` is the memory of the responses that are kept for other subscribers, in bytes.
    pub(super) fn new(
        executor: Executor<A>,
        documents: Arc<Documents>,
        limits: ResponseLimits,
        shared_memory: usize,
    ) -> Self {
        let events = EventExecutor { executor, documents, limits };
        Self { events: Arc::new(events), shared: Arc::new(SharedResponses::new(shared_memory)) }
    }

    /// The memory of the responses that are kept, in bytes.
    pub fn shared_memory(&self) -> u64 {
        self.shared.memory()
    }

    /// Starts a subscription.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a wrong argument, the code of the failure when the events cannot be read.
    pub async fn start(
        &self,
        session: A::Session,
        request_id: String,
        subscription: PreparedSubscription,
    ) -> Result<ResponseStream, RequestError> {
        let PreparedSubscription { root_field, per_event } = subscription;
        let deliveries = self.events.executor.api().subscribe(session, request_id.clone(), &root_field).await?;
        let (subscriptions, per_event) = (self.clone(), Arc::new(per_event));
        let respond = move |delivery: Result<Delivery<A>, StreamEnd>| {
            let (subscriptions, per_event, request_id) = (subscriptions.clone(), per_event.clone(), request_id.clone());
            async move {
                let response = subscriptions.respond(delivery?, request_id, per_event).await;
                response.map_err(StreamEnd::Failed)
            }
        };
        let until_first_error = |ended: &mut bool, response: Result<Arc<JsonText>, StreamEnd>| {
            let continues = !std::mem::replace(ended, response.is_err());
            ready(continues.then_some(response))
        };
        Ok(deliveries.then(respond).scan(false, until_first_error).boxed())
    }

    /// The response to one subscriber for one event.
    async fn respond(&self, delivery: Delivery<A>, request_id: String, per_event: Arc<EventRequest>) -> EventResponse {
        let Delivery { event, viewer, share_key } = delivery;
        let (selection, events) = (per_event.selection.hash, self.events.clone());
        let catching_up = share_key.is_none();
        let execute = async move {
            let context = RequestContext { viewer: Some(viewer), request_id };
            events.execute_with_retries(&per_event, &context, &event, catching_up).await
        };
        match share_key {
            Some(share_key) => self.shared.get_or_execute((share_key, selection), execute).await,
            None => execute.await,
        }
    }
}

impl<A: Api> EventExecutor<A> {
    /// Executes a subscription for an event. Failures are retried, because a subscriber would never get an event that
    /// is skipped.
    async fn execute_with_retries(
        &self,
        per_event: &EventRequest,
        context: &RequestContext<A::Viewer>,
        event: &Arc<A::Event>,
        catching_up: bool,
    ) -> EventResponse {
        let mut failure = Code::Internal;
        for attempt in 0..=A::EVENT_RETRIES {
            if attempt > 0 {
                tokio::time::sleep(A::EVENT_RETRY_PAUSE).await;
            }
            // Held for one attempt and released while backing off, so that other subscribers can catch up meanwhile.
            let _permit = if catching_up { self.executor.api().catch_up_permit().await } else { None };
            match self.execute(per_event, context.clone(), event.clone()).await {
                Ok(response) => return Ok(response),
                Err(code) => failure = code,
            }
        }
        Err(failure)
    }

    async fn execute(
        &self,
        per_event: &EventRequest,
        context: RequestContext<A::Viewer>,
        event: Arc<A::Event>,
    ) -> EventResponse {
        let (request, _charge) = self.request(per_event)?;
        let response = self.executor.execute_for_event(request, context, event, &self.limits).await;
        let json = match response.ok_or(Code::Internal)? {
            Ok(response) => match response.failure() {
                Some(code) => return Err(code),
                None => response.into_json(),
            },
            Err(ResponseError::NoMemory) => return Err(Code::Overloaded),
            // It is as long at the next attempt.
            Err(error) => Outcome::Rejected(error.into()).into_json(),
        };
        Ok(Arc::new(json.into_text()))
    }

    /// What the executor runs, with the memory that it takes.
    fn request(&self, per_event: &EventRequest) -> Result<(Request, Charge), Code> {
        let EventRequest { text, hash, selection, operation_name } = per_event;
        let document = self.documents.parse_and_validate_hashed(text, *hash, Caching::Insert);
        let document = document.map_err(|error| error.code)?;
        let charge = self.limits.memory.charge(document.executable_memory());
        let charge = charge.map_err(|NoMemory| Code::Overloaded)?;
        let mut request = Request::new("").variables(selection.variables.clone());
        request.operation_name.clone_from(operation_name);
        request.set_parsed_query(document.executable_for_event(operation_name.as_deref(), &selection.variables));
        Ok((request, charge))
    }
}
