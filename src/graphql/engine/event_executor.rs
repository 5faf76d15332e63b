//! Executes subscriptions for events: anew for each event, with the viewer's current permissions and empty loaders.

use crate::graphql::engine::EmbeddedJson;
use crate::graphql::engine::api::{Api, RequestContext};
use crate::graphql::engine::document::{Caching, Document, Documents, Hash, SelectionHash, memory_of_variables};
use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::executor::Executor;
use crate::graphql::engine::kept_memory::{KeptMemory, KeptSubscription};
use crate::graphql::engine::memory::{Charge, NoMemory};
use crate::graphql::engine::rate_limit::{Payer, RateLimiter};
use crate::graphql::engine::response::Outcome;
use crate::graphql::engine::response_limits::{ResponseError, ResponseLimits};
use crate::graphql::engine::shared_responses::EventResponse;
use async_graphql::Request;
use std::hash::Hash as Hashable;
use std::sync::Arc;

/// Executes subscriptions for events.
pub struct EventExecutor<A: Api> {
    pub executor: Executor<A>,
    pub documents: Arc<Documents>,
    pub limits: ResponseLimits,
    pub rate_limiter: Option<Arc<RateLimiter<A::RateLimitKey>>>,
}

/// The part of a subscription that runs for each event. It is kept as long as the subscription, possibly for days. So
/// it has the text of the document, which is much smaller than the document itself, and no variable that is not used.
pub struct EventRequest {
    text: Arc<str>,
    hash: Hash,
    pub(super) selection: SelectionHash,
    operation_name: Option<String>,
    /// What one execution costs, in points.
    cost: usize,
    /// The memory of one execution, in bytes.
    memory: usize,
}

impl EventRequest {
    pub fn new(
        document: &Document,
        selection: SelectionHash,
        operation_name: Option<String>,
        cost: usize,
        memory: usize,
    ) -> Self {
        let (text, hash) = document.source();
        Self { text, hash, selection, operation_name, cost, memory }
    }

    /// Counts what this and the arguments of the root field keep for a user. Subscriptions with equal texts share one.
    ///
    /// # Errors
    /// `TOO_MANY_SUBSCRIPTIONS`
    pub fn keep<K: Clone + Eq + Hashable>(
        &mut self,
        user: K,
        memory: &KeptMemory<K>,
        arguments: usize,
    ) -> Result<KeptSubscription<K>, RequestError> {
        let variables = memory_of_variables(&self.selection.variables);
        let kept = memory.keep(user, self.hash, &self.text, variables + arguments)?;
        self.text = kept.text();
        Ok(kept)
    }
}

impl<A: Api> EventExecutor<A> {
    /// Waits until the viewer of a session owes no points, so that a subscriber who spends more than the rate limit
    /// receives events late. A session that has ended does not wait.
    pub async fn wait_for_points(&self, session: &A::Session) {
        if let (Some(rate_limiter), Ok(viewer)) = (&self.rate_limiter, A::viewer(session)) {
            let payer = Payer::Viewer(A::rate_limit_key(&viewer));
            rate_limiter.wait(&payer, || A::viewer(session).is_ok()).await;
        }
    }

    /// Executes a subscription for an event, and charges the viewer for it. Failures are retried, because a subscriber
    /// would never get an event that is skipped.
    pub async fn execute_with_retries(
        &self,
        per_event: &EventRequest,
        context: &RequestContext<A::Viewer>,
        event: &Arc<A::Event>,
        catching_up: bool,
    ) -> EventResponse {
        if let (Some(rate_limiter), Some(viewer)) = (&self.rate_limiter, &context.viewer) {
            rate_limiter.charge(&Payer::Viewer(A::rate_limit_key(viewer)), per_event.cost);
        }
        let mut failure = Code::Internal;
        for attempt in 0..=A::EVENT_RETRIES {
            if attempt > 0 {
                tokio::time::sleep(A::EVENT_RETRY_PAUSE).await;
            }
            // Held for one attempt and released while backing off, so that other subscribers can catch up meanwhile.
            let _permit = match &context.viewer {
                Some(viewer) if catching_up => self.executor.api().catch_up_permit(viewer).await,
                _ => None,
            };
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
        let EventRequest { text, hash, selection, operation_name, memory, .. } = per_event;
        let document = self.documents.parse_and_validate_hashed(text, *hash, Caching::Insert);
        let document = document.map_err(|error| error.code)?;
        let charge = self.limits.memory.charge(*memory);
        let charge = charge.map_err(|NoMemory| Code::Overloaded)?;
        let mut request = Request::new("").variables(selection.variables.clone());
        request.operation_name.clone_from(operation_name);
        // Without text, and to count what the execution holds.
        request.data.insert(EmbeddedJson::new(Arc::default(), false, self.limits.clone()));
        request.set_parsed_query(document.executable_for_event(operation_name.as_deref(), &selection.variables));
        Ok((request, charge))
    }
}
