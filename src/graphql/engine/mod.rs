//! Executes requests: from the text to the answer.

pub mod document;
pub mod error;
pub mod loader_scheduler;
mod rate_limit;
pub mod response;
pub mod subscriptions;

use crate::graphql::direct_json::DirectJsonEnabled;
use crate::graphql::engine::document::{Document, DocumentLimits, Documents, Hash, RequestError};
use crate::graphql::engine::error::Code;
use crate::graphql::engine::rate_limit::RateLimiter;
use crate::graphql::engine::response::Response;
use crate::graphql::engine::subscriptions::{PreparedSubscription, ResponseStream, SharedResponses};
use crate::graphql::schema::interview::subscription::SubscriptionPhase;
use crate::graphql::{RequestContext, Schema, loaders, schema, sdl};
use crate::services::{LiveSession, SharedServices};
use apollo_compiler::executable::OperationType;
use async_graphql::{Request, Value};
use futures_util::StreamExt;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The GraphQL API over the use cases.
#[derive(Clone)]
pub struct Engine {
    schema: Schema,
    documents: Arc<Documents>,
    services: SharedServices,
    rates: Option<Arc<RateLimiter>>,
    answers: Arc<SharedResponses>,
}

/// How a request ended.
#[derive(Debug)]
pub enum Outcome {
    /// It ran; fields may have failed.
    Executed(Response),
    /// Nothing ran.
    Rejected(RequestError),
}

/// What a request turns into on a way that can carry more than one answer.
pub enum Execution {
    /// A query or mutation: it is done. Or a subscription that was refused.
    Once(Outcome),
    /// A subscription.
    Stream(ResponseStream),
}

/// What a request may do by the way it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedOperations {
    /// Queries and mutations.
    All,
    /// Nothing that changes anything.
    QueriesOnly,
}

impl Engine {
    /// Wires it.
    #[must_use]
    pub fn new(services: SharedServices, limits: DocumentLimits, rate: Option<NonZeroU32>) -> Self {
        let rates = rate.map(|rate| Arc::new(RateLimiter::new(rate)));
        let (schema, documents) = (schema(), Arc::new(Documents::new(&sdl(), limits)));
        Self { schema, documents, services, rates, answers: Arc::default() }
    }

    /// Executes one query or mutation for one viewer, or for nobody, who is let into introspection alone.
    pub async fn execute(
        &self,
        session: RequestContext,
        mut request: Request,
        permitted: AllowedOperations,
    ) -> Outcome {
        match self.prepare(&session, &mut request, permitted) {
            Ok(None) => Outcome::Executed(self.run(session, request).await),
            Ok(Some(_)) => {
                let message = "subscriptions come over WebSocket, or with `accept: text/event-stream`";
                Outcome::Rejected(RequestError::new(Code::BadRequest, message, None))
            }
            Err(refused) => Outcome::Rejected(refused),
        }
    }

    /// The same, and begins subscriptions.
    pub async fn open(
        &self,
        live_session: Option<&LiveSession>,
        request_id: String,
        mut request: Request,
        permitted: AllowedOperations,
    ) -> Execution {
        let session = RequestContext { viewer: live_session.and_then(LiveSession::viewer), request_id };
        let outcome = match (self.prepare(&session, &mut request, permitted), live_session) {
            (Ok(Some(prepared)), Some(live_session)) => {
                match self.subscribe(live_session.clone(), session, request, prepared).await {
                    Ok(live) => return Execution::Stream(live),
                    Err(refused) => Outcome::Rejected(refused),
                }
            }
            (Ok(_), _) => Outcome::Executed(self.run(session, request).await),
            (Err(refused), _) => Outcome::Rejected(refused),
        };
        Execution::Once(outcome)
    }

    /// Checks a request and makes it ready to run; a subscription as one that can run for each event.
    fn prepare(
        &self,
        session: &RequestContext,
        request: &mut Request,
        permitted: AllowedOperations,
    ) -> Result<Option<PreparedSubscription>, RequestError> {
        let document = self.document(request)?;
        let operation = document.operation(request.operation_name.as_deref())?;
        let kind = operation.operation_type;
        if permitted == AllowedOperations::QueriesOnly && kind == OperationType::Mutation {
            return Err(RequestError::new(Code::MethodNotAllowed, "only queries run by GET: send this by POST", None));
        }
        if session.viewer.is_none() && (kind == OperationType::Subscription || !document.is_introspection(operation)) {
            let message = "this needs a token: send `Authorization: Bearer <JWT>`";
            return Err(RequestError::new(Code::Unauthenticated, message, None));
        }
        let executable = document.prepare(&self.documents, operation, &request.variables)?;
        if let (Some(rates), Some(viewer)) = (&self.rates, &session.viewer) {
            rates.spend(viewer.id, document.cost(operation, &request.variables))?;
        }
        if kind == OperationType::Subscription {
            let selection_hash = document.selection_hash(operation, &request.variables);
            let prepared = PreparedSubscription::new(selection_hash, executable.clone(), request);
            request.set_parsed_query(executable);
            return Ok(Some(prepared));
        }
        request.set_parsed_query(executable);
        if !document.has_duplicate_keys() {
            request.data.insert(DirectJsonEnabled);
        }
        Ok(None)
    }

    fn document(&self, request: &Request) -> Result<Arc<Document>, RequestError> {
        match request.extensions.get("persistedQuery") {
            Some(persisted) => self.documents.parse_and_validate_persisted(&request.query, persisted_hash(persisted)?),
            None => self.documents.parse_and_validate(&request.query),
        }
    }

    async fn run(&self, session: RequestContext, request: Request) -> Response {
        let (request, fetches) = self.attach_context(session, request);
        let mut response = loader_scheduler::run_with_batches(fetches, self.schema.execute(request)).await;
        response.errors.iter_mut().for_each(error::tag_argument_error);
        Response::from(response)
    }

    /// Calls a subscription's resolver; none when it has nothing to answer.
    pub(super) async fn execute_for_event(
        &self,
        session: RequestContext,
        request: Request,
        occasion: Arc<SubscriptionPhase>,
    ) -> Option<Response> {
        let (request, fetches) = self.attach_context(session, request.data(occasion));
        let mut responses = self.schema.execute_stream(request);
        let mut response = loader_scheduler::run_with_batches(fetches, responses.next()).await?;
        response.errors.iter_mut().for_each(error::tag_argument_error);
        Some(Response::from(response))
    }

    /// With what its resolvers need.
    fn attach_context(&self, session: RequestContext, request: Request) -> (Request, loader_scheduler::PendingFetches) {
        let fetches = loader_scheduler::PendingFetches::default();
        let loader = loaders::new(self.services.clone(), session.viewer.clone(), fetches.clone());
        (request.data(self.services.clone()).data(session).data(loader), fetches)
    }

    pub(super) fn services(&self) -> &SharedServices {
        &self.services
    }

    pub(super) fn answers(&self) -> &SharedResponses {
        &self.answers
    }
}

/// Reads `extensions.persistedQuery`.
fn persisted_hash(persisted: &Value) -> Result<Hash, RequestError> {
    let bad = |message| RequestError::new(Code::BadRequest, message, None);
    let Value::Object(fields) = persisted else {
        return Err(bad("`extensions.persistedQuery` has to be an object"));
    };
    if fields.get("version") != Some(&Value::from(1)) {
        return Err(bad("`extensions.persistedQuery.version` has to be 1"));
    }
    let hash = match fields.get("sha256Hash") {
        Some(Value::String(hex)) if hex.len() == 64 && hex.is_ascii() => {
            let byte = |index: usize| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok();
            (0..32).map(byte).collect::<Option<Vec<u8>>>().and_then(|bytes| bytes.try_into().ok())
        }
        _ => None,
    };
    hash.ok_or_else(|| bad("`extensions.persistedQuery.sha256Hash` has to be a SHA-256 in hexadecimal"))
}
