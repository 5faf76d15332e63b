//! Subscriptions as the engine runs them: for each event the executor is called anew, with the viewer as they are then and with loaders
//! that have cached nothing. Subscribers who ask the same and see the same share one answer, so that a thousand open dashboards of a
//! company cost hardly more than one.

use crate::domain::{EventId, Scope};
use crate::graphql::context::RequestContext;
use crate::graphql::engine::Engine;
use crate::graphql::engine::document::{Hash, RequestError, SelectionHash, collect_root_fields};
use crate::graphql::engine::error;
use crate::graphql::engine::error::{Code, internal};
use crate::graphql::schema::interview::subscription::{SubscriptionArguments, SubscriptionPhase};
use crate::services;
use crate::services::{Delivery, LiveSession, LogEntry, MAX_RETRIES, RETRY_PAUSE};
use async_graphql::Request;
use async_graphql::parser::types::ExecutableDocument as ExecutorDocument;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, ready};
use futures_util::stream::{BoxStream, StreamExt};
use quick_cache::sync::Cache;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

/// The answers of a subscription, as JSON. After an error there are no more.
pub type ResponseStream = BoxStream<'static, Result<Arc<str>, StreamEnd>>;

/// Why a subscription ended, other than by its client's wish. The client can go on where it was with `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// The token is not accepted any more.
    SignedOut,
    /// The server failed; the log knows why.
    Failed,
}

/// A subscription that was checked: what to execute for each event.
pub struct PreparedSubscription {
    selection_hash: SelectionHash,
    executable: ExecutorDocument,
    operation_name: Option<String>,
}

/// Answers that others may be about to ask for: to this subscription, about this event, for whoever sees this much.
pub struct SharedResponses(Cache<(EventId, Hash, Scope), PendingResponse>);

/// An answer that is there, or on its way; none when the server failed.
type PendingResponse = Shared<BoxFuture<'static, Option<Arc<str>>>>;

/// Everybody asks at nearly the same time: few are remembered for long enough.
const REMEMBERED: usize = 256;

impl Default for SharedResponses {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl PreparedSubscription {
    /// Keeps no more of the request than what is executed for each event: it may be there for days.
    #[must_use]
    pub fn new(selection_hash: SelectionHash, mut document: ExecutorDocument, request: &Request) -> Self {
        collect_root_fields::drop_root_arguments(&mut document);
        Self { selection_hash, executable: document, operation_name: request.operation_name.clone() }
    }

    /// What the executor runs.
    #[must_use]
    pub fn request(&self) -> Request {
        let mut request = Request::new("").variables(self.selection_hash.variables.clone());
        request.operation_name.clone_from(&self.operation_name);
        request.set_parsed_query(self.executable.clone());
        request
    }
}

impl Engine {
    /// Begins a subscription: `request` says which events, `prepared` what of them.
    ///
    /// # Errors
    /// [`RequestError`] when its arguments are wrong, or the database fails.
    pub(super) async fn subscribe(
        &self,
        live_session: LiveSession,
        session: RequestContext,
        request: Request,
        prepared: PreparedSubscription,
    ) -> Result<ResponseStream, RequestError> {
        let opening = Arc::new(SubscriptionPhase::Opening(OnceLock::new()));
        if let Some(answer) = self.execute_for_event(session.clone(), request, opening.clone()).await {
            return Err(RequestError { code: Code::BadUserInput, errors: answer.into_errors(), retry_after: None });
        }
        let Some(SubscriptionArguments { filter, since }) =
            Arc::into_inner(opening).and_then(SubscriptionPhase::wanted)
        else {
            return Err(RequestError::new(Code::BadUserInput, "the subscription selects nothing", None));
        };
        let deliveries = self.services().subscribe(live_session, filter, since).await;
        let deliveries = deliveries.map_err(|cause| RequestError::failed(internal(&session.request_id, &cause)))?;
        let (engine, prepared) = (self.clone(), Arc::new(prepared));
        let answer = move |delivery: Result<Delivery, services::SubscriptionEnd>| {
            let (engine, prepared, request_id) = (engine.clone(), prepared.clone(), session.request_id.clone());
            async move {
                match delivery {
                    Ok(delivery) => engine.answer(delivery, request_id, prepared).await.ok_or(StreamEnd::Failed),
                    Err(services::SubscriptionEnd::SignedOut) => Err(StreamEnd::SignedOut),
                    Err(services::SubscriptionEnd::Failed(cause)) => {
                        error::log(&request_id, &cause);
                        Err(StreamEnd::Failed)
                    }
                }
            }
        };
        let until_it_ends = |ended: &mut bool, answer: Result<Arc<str>, StreamEnd>| {
            let go_on = !std::mem::replace(ended, answer.is_err());
            ready(go_on.then_some(answer))
        };
        Ok(deliveries.then(answer).scan(false, until_it_ends).boxed())
    }

    /// What a subscriber gets for an event; none when the server failed.
    async fn answer(
        &self,
        delivery: Delivery,
        request_id: String,
        prepared: Arc<PreparedSubscription>,
    ) -> Option<Arc<str>> {
        let Delivery { entry: change, viewer, is_live: live } = delivery;
        let key = (change.event.id, prepared.selection_hash.hash, viewer.scope());
        let engine = self.clone();
        let execute = async move {
            let session = RequestContext { viewer: Some(viewer), request_id };
            engine.execute_for(&session, &prepared, &change, live).await
        };
        if !live {
            return execute.await; // nobody else missed just this, and it may be older than what is remembered
        }
        // In a task of its own: it must not wait for the subscriber who happens to ask first, and may be slow.
        let begin = || {
            let executing = tokio::spawn(execute);
            async move { executing.await.ok().flatten() }.boxed().shared()
        };
        let Ok(answer) = self.answers().0.get_or_insert_with(&key, || Ok::<_, Infallible>(begin()));
        answer.await
    }

    /// Executes a subscription for an event. While the database is away it is tried again: an event that is passed over would be lost to
    /// its subscriber for good.
    async fn execute_for(
        &self,
        session: &RequestContext,
        prepared: &PreparedSubscription,
        change: &Arc<LogEntry>,
        live: bool,
    ) -> Option<Arc<str>> {
        for attempt in 0..=MAX_RETRIES {
            if attempt > 0 {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            // For one try: whoever pauses must not keep others from catching up.
            let _permit = if live { None } else { self.services().catch_up_permit().await };
            let occasion = Arc::new(SubscriptionPhase::Event(change.clone()));
            let answer = self.execute_for_event(session.clone(), prepared.request(), occasion).await?;
            if !answer.failed() {
                return Some(answer.text().into());
            }
        }
        None
    }
}
