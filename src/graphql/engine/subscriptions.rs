//! Subscriptions: for each event the executor runs anew, with the viewer's current permissions and with empty loaders.
//! Subscribers with equal selections and equal scopes share one response, so that a thousand open dashboards of a
//! company cost about as much as one.

use crate::graphql::engine::api::{Api, Delivery, RequestContext};
use crate::graphql::engine::document::{Hash, PreparedDocument, RootField, SelectionHash, drop_root_arguments};
use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::executor::Executor;
use async_graphql::Request;
use async_graphql::parser::types::ExecutableDocument as ExecutorDocument;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, ready};
use futures_util::stream::{BoxStream, StreamExt};
use quick_cache::sync::Cache;
use std::convert::Infallible;
use std::sync::Arc;

/// The responses of a subscription, as JSON. The stream ends with its first error.
pub type ResponseStream = BoxStream<'static, Result<Arc<str>, StreamEnd>>;

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
    executor: Executor<A>,
    shared: Arc<SharedResponses<A::ShareKey>>,
}

/// Responses by event, scope and selection.
type SharedResponses<K> = Cache<(K, Hash), PendingResponse>;

/// A response that is complete or being executed, or the code with which the execution failed.
type PendingResponse = Shared<BoxFuture<'static, Result<Arc<str>, Code>>>;

/// The number of responses to keep. Subscribers ask for an event at nearly the same time, so few responses are needed
/// for long.
const SHARED_RESPONSES: usize = 256;

/// A subscription whose document was checked.
pub struct PreparedSubscription {
    /// Selects the events.
    root_field: RootField,
    per_event: EventRequest,
}

/// The part of a subscription that runs for each event. It is kept as long as the subscription, possibly for days, and
/// so has no variable that is not used.
struct EventRequest {
    selection: SelectionHash,
    executable: ExecutorDocument,
    operation_name: Option<String>,
}

impl PreparedSubscription {
    /// # Errors
    /// `BAD_USER_INPUT` when `@skip` or `@include` removes the root field.
    pub fn new(
        document: PreparedDocument,
        selection: SelectionHash,
        operation_name: Option<String>,
    ) -> Result<Self, RequestError> {
        let PreparedDocument { mut executable, root_field, .. } = document;
        let nothing = || RequestError::new(Code::BadUserInput, "the subscription selects nothing", None);
        let root_field = root_field.ok_or_else(nothing)?;
        drop_root_arguments(&mut executable);
        Ok(Self { root_field, per_event: EventRequest { selection, executable, operation_name } })
    }
}

impl EventRequest {
    fn request(&self) -> Request {
        let mut request = Request::new("").variables(self.selection.variables.clone());
        request.operation_name.clone_from(&self.operation_name);
        request.set_parsed_query(self.executable.clone());
        request
    }
}

impl<A: Api> Subscriptions<A> {
    pub(super) fn new(executor: Executor<A>) -> Self {
        Self { executor, shared: Arc::new(Cache::new(SHARED_RESPONSES)) }
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
        let deliveries = self.executor.api().subscribe(session, request_id.clone(), &root_field).await?;
        let (subscriptions, per_event) = (self.clone(), Arc::new(per_event));
        let respond = move |delivery: Result<Delivery<A>, StreamEnd>| {
            let (subscriptions, per_event, request_id) = (subscriptions.clone(), per_event.clone(), request_id.clone());
            async move {
                let response = subscriptions.respond(delivery?, request_id, per_event).await;
                response.map_err(StreamEnd::Failed)
            }
        };
        let until_first_error = |ended: &mut bool, response: Result<Arc<str>, StreamEnd>| {
            let continues = !std::mem::replace(ended, response.is_err());
            ready(continues.then_some(response))
        };
        Ok(deliveries.then(respond).scan(false, until_first_error).boxed())
    }

    /// The response to one subscriber for one event, or the code with which the server failed.
    async fn respond(
        &self,
        delivery: Delivery<A>,
        request_id: String,
        per_event: Arc<EventRequest>,
    ) -> Result<Arc<str>, Code> {
        let Delivery { event, viewer, share_key } = delivery;
        let hash = per_event.selection.hash;
        let catching_up = share_key.is_none();
        let executor = self.executor.clone();
        let execute = async move {
            let context = RequestContext { viewer: Some(viewer), request_id };
            execute_with_retries(&executor, &per_event, &context, &event, catching_up).await
        };
        let Some(share_key) = share_key else { return execute.await };
        // In a task of its own: other subscribers must not wait for the connection of the first one.
        let begin = || {
            let executing = tokio::spawn(execute);
            async move { executing.await.unwrap_or(Err(Code::Internal)) }.boxed().shared()
        };
        let Ok(response) = self.shared.get_or_insert_with(&(share_key, hash), || Ok::<_, Infallible>(begin()));
        response.await
    }
}

/// Executes a subscription for an event. Failures are retried, because a subscriber would never get an event that is
/// skipped.
async fn execute_with_retries<A: Api>(
    executor: &Executor<A>,
    per_event: &EventRequest,
    context: &RequestContext<A::Viewer>,
    event: &Arc<A::Event>,
    catching_up: bool,
) -> Result<Arc<str>, Code> {
    let mut failure = Code::Internal;
    for attempt in 0..=A::EVENT_RETRIES {
        if attempt > 0 {
            tokio::time::sleep(A::EVENT_RETRY_PAUSE).await;
        }
        // Held for one attempt and released while backing off, so that other subscribers can catch up meanwhile.
        let _permit = if catching_up { executor.api().catch_up_permit().await } else { None };
        let response = executor.execute_for_event(per_event.request(), context.clone(), event.clone()).await;
        let response = response.ok_or(Code::Internal)?;
        match response.failure() {
            Some(code) => failure = code,
            None => return Ok(response.text().into()),
        }
    }
    Err(failure)
}
