//! The GraphQL engine: from the text of a request to its response. It checks documents, limits their cost, executes
//! them and shares the responses of subscriptions. It serves any schema: the trait `Api` is all that it needs to know.

mod allowance;
pub(crate) mod api;
pub(crate) mod document;
mod embedded_json;
pub(crate) mod error;
mod event_executor;
mod excess;
mod executor;
mod introspection;
pub(crate) mod json;
mod kept_memory;
pub mod loader_scheduler;
pub(crate) mod log_limit;
pub(crate) mod memory;
pub(crate) mod operation_record;
pub(crate) mod rate_limit;
pub(crate) mod response;
pub(crate) mod response_limits;
mod schema_description;
mod sentence;
mod shared_responses;
pub(crate) mod subscriptions;
mod surcharge;

pub(crate) use allowance::Allowance;
pub(crate) use embedded_json::EmbeddedJson;
pub(crate) use introspection::Introspection;
pub(crate) use response::Outcome;
pub(crate) use surcharge::Surcharge;

use crate::graphql::engine::api::{Api, Client, RequestContext};
use crate::graphql::engine::document::{
    Caching, Document, DocumentLimits, Documents, SchemaRules, persisted_query_hash,
};
use crate::graphql::engine::error::{Code, RequestError};
use crate::graphql::engine::event_executor::EventExecutor;
use crate::graphql::engine::executor::Executor;
use crate::graphql::engine::memory::{Charge, MemoryBudget, NoMemory};
use crate::graphql::engine::rate_limit::{Payer, REQUEST_COST, RateLimiter};
use crate::graphql::engine::response::Response;
use crate::graphql::engine::response_limits::{ReservedMemory, ResponseError, ResponseLimits};
use crate::graphql::engine::schema_description::SelectedSchema;
use crate::graphql::engine::subscriptions::{PreparedSubscription, ResponseStream, Subscriptions};
use apollo_compiler::executable::OperationType;
use async_graphql::Request;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Serves an API.
#[derive(Clone)]
pub struct Engine<A: Api> {
    documents: Arc<Documents>,
    introspection: Introspection,
    rate_limiter: Option<Arc<RateLimiter<A::RateLimitKey>>>,
    max_response: usize,
    memory: MemoryBudget,
    embedded_objects: Arc<AtomicU64>,
    executor: Executor<A>,
    subscriptions: Subscriptions<A>,
}

/// What a server allows its clients.
#[derive(Clone, Copy, Debug)]
pub struct EngineLimits {
    /// The limits on documents and operations.
    pub documents: DocumentLimits,
    /// The cost that a viewer may spend in a minute; `None` for no limit.
    pub rate_limit: Option<NonZeroU32>,
    /// Who may read the schema by introspection.
    pub introspection: Introspection,
    /// The length of a response, or of all responses to a batch together, in bytes.
    pub response: usize,
    /// The memory of the responses that subscribers share, in bytes.
    pub shared_responses: usize,
    /// The memory of what the subscriptions of one user keep, in bytes.
    pub subscriptions_per_user: usize,
}

/// The result of a request on a transport that can carry more than one response.
pub enum Execution {
    /// The outcome of a query or mutation, or of a subscription that did not start.
    Once(Outcome),
    /// The responses of a subscription.
    Stream(ResponseStream),
}

/// The operations that a transport allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedOperations {
    /// Queries, mutations and, where the transport can carry them, subscriptions.
    All,
    /// Everything but mutations.
    QueriesOnly,
}

/// A request that can run.
enum PreparedRequest {
    QueryOrMutation(PreparedExecution),
    Subscription(PreparedSubscription),
}

/// A query or mutation that can run.
struct PreparedExecution {
    request: Request,
    limits: ResponseLimits,
    /// Whether it selects the field [`Api::READ_FIRST`].
    selects_first: bool,
    /// Set if it selects the schema itself.
    schema: Option<Box<SelectedSchema>>,
    /// The memory of its document.
    _charge: Charge,
}

/// A request that was checked, and is not paid for.
struct CheckedRequest {
    request: PreparedRequest,
    /// In points.
    cost: usize,
    /// Whether the document was parsed for it.
    is_first_use: bool,
}

impl<A: Api> Engine<A> {
    /// An engine for an API. Its requests and responses use the memory of this budget.
    #[must_use]
    pub fn new(api: A, limits: EngineLimits, memory: MemoryBudget) -> Self {
        let EngineLimits { documents, rate_limit, introspection, response, .. } = limits;
        let rules = SchemaRules { definition: A::definition(), cost: A::COST, scalars: A::SCALARS };
        let (executor, documents) = (Executor::new(api), Arc::new(Documents::new(&rules, documents)));
        let rate_limiter = rate_limit.map(|points| Arc::new(RateLimiter::new(points)));
        let event_limits =
            ResponseLimits { max_length: response, total_length: response, memory: memory.clone(), reserved: None };
        let events = EventExecutor {
            executor: executor.clone(),
            documents: documents.clone(),
            limits: event_limits,
            rate_limiter: rate_limiter.clone(),
        };
        Self {
            introspection,
            max_response: response,
            memory,
            embedded_objects: Arc::default(),
            subscriptions: Subscriptions::new(events, limits.shared_responses, limits.subscriptions_per_user),
            rate_limiter,
            documents,
            executor,
        }
    }

    /// What the operations of one request may use together.
    #[must_use]
    pub fn allowance(&self) -> Allowance {
        Allowance::new(self.documents.limits().complexity, self.max_response)
    }

    /// Executes a query or mutation. Without a viewer only introspection is allowed.
    pub async fn execute(
        &self,
        context: RequestContext<A::Viewer>,
        request: Request,
        allowed: AllowedOperations,
        allowance: &mut Allowance,
    ) -> Outcome {
        let record = context.client.record.clone();
        let outcome = match self.prepare(&context, request, allowed, allowance) {
            Ok(PreparedRequest::QueryOrMutation(execution)) => {
                let outcome = self.run(execution, context).await;
                if let Outcome::Executed(response) = &outcome {
                    allowance.spend_response(response.len());
                }
                outcome
            }
            Ok(PreparedRequest::Subscription(_)) => {
                let message = "Subscriptions come over WebSocket, or with `accept: text/event-stream`.";
                Outcome::Rejected(RequestError::new(Code::BadRequest, message, None))
            }
            Err(error) => Outcome::Rejected(error),
        };
        if let Some(record) = record {
            record.fail_with(outcome.first_code());
        }
        outcome
    }

    /// Executes a query or mutation, or starts a subscription, with `resume_after` after the response with this cursor.
    pub async fn open(
        &self,
        session: Option<&A::Session>,
        client: Client,
        request: Request,
        allowed: AllowedOperations,
        resume_after: Option<&str>,
    ) -> Execution {
        let record = client.record.clone();
        let once = |outcome: Outcome| {
            if let Some(record) = record {
                record.fail_with(outcome.first_code());
            }
            Execution::Once(outcome)
        };
        let viewer = match session.map(A::viewer).transpose() {
            Ok(viewer) => viewer,
            Err(ended) => return once(Outcome::Rejected(ended.into())),
        };
        let context = RequestContext { viewer, client: client.clone() };
        let error = match (self.prepare(&context, request, allowed, &mut self.allowance()), session) {
            (Ok(PreparedRequest::QueryOrMutation(execution)), _) => {
                return once(self.run(execution, context).await);
            }
            (Ok(PreparedRequest::Subscription(subscription)), Some(session)) => {
                match self.subscriptions.start(session.clone(), client, subscription, resume_after).await {
                    Ok(responses) => return Execution::Stream(responses),
                    Err(error) => error,
                }
            }
            (Ok(PreparedRequest::Subscription(_)), None) => A::NO_TOKEN.into(),
            (Err(error), _) => error,
        };
        once(Outcome::Rejected(error))
    }

    async fn run(&self, execution: PreparedExecution, context: RequestContext<A::Viewer>) -> Outcome {
        let PreparedExecution { request, limits, selects_first, schema, _charge } = execution;
        outcome(self.executor.run(request, context, selects_first, schema, &limits).await)
    }

    /// The memory of the documents in the cache, in bytes.
    #[must_use]
    pub fn cached_document_memory(&self) -> u64 {
        self.documents.cached_memory()
    }

    /// The number of objects that resolvers have returned as JSON text since the start (see `EmbeddedJson`).
    #[must_use]
    pub fn embedded_objects(&self) -> u64 {
        self.embedded_objects.load(Ordering::Relaxed)
    }

    /// The memory of the responses that subscribers share, in bytes.
    #[must_use]
    pub fn shared_response_memory(&self) -> u64 {
        self.subscriptions.shared_memory()
    }

    /// Charges a user for a request that is not GraphQL.
    ///
    /// # Errors
    /// `RATE_LIMITED`
    pub fn charge_request(&self, viewer: &A::Viewer) -> Result<(), RequestError> {
        let Some(rate_limiter) = &self.rate_limiter else { return Ok(()) };
        let payer = Payer::Viewer(A::rate_limit_key(viewer));
        rate_limiter.check(&payer)?;
        rate_limiter.charge(&payer, REQUEST_COST);
        Ok(())
    }

    /// Checks a request, and spends its cost. A request that is refused costs points, too, because the server has read
    /// its document.
    fn prepare(
        &self,
        context: &RequestContext<A::Viewer>,
        request: Request,
        allowed: AllowedOperations,
        allowance: &mut Allowance,
    ) -> Result<PreparedRequest, RequestError> {
        let Some(rate_limiter) = &self.rate_limiter else {
            return Ok(self.check(context, request, allowed, allowance)?.request);
        };
        let payer = match &context.viewer {
            Some(viewer) => Payer::Viewer(A::rate_limit_key(viewer)),
            None => Payer::Anonymous(context.client.network),
        };
        rate_limiter.check(&payer)?;
        let refused = match self.check(context, request, allowed, allowance) {
            Ok(CheckedRequest { request, cost, is_first_use }) => match rate_limiter.spend(&payer, cost) {
                Ok(()) => return Ok(request),
                // The server has not parsed it, and the client may retry it.
                Err(error) if !is_first_use => return Err(error),
                Err(error) => error,
            },
            Err(error) if error.code == Code::Overloaded => return Err(error),
            Err(error) => error,
        };
        rate_limiter.charge(&payer, REQUEST_COST);
        Err(refused)
    }

    /// Checks a request: its document, its variables, its cost, and whether its viewer may send it on this transport.
    fn check(
        &self,
        context: &RequestContext<A::Viewer>,
        mut request: Request,
        allowed: AllowedOperations,
        allowance: &mut Allowance,
    ) -> Result<CheckedRequest, RequestError> {
        if let (Some(record), Some(name)) = (&context.client.record, &request.operation_name) {
            record.name_as(name);
        }
        let caching = if context.viewer.is_some() { Caching::Insert } else { Caching::ReadOnly };
        let document = self.document(&request, caching)?;
        let operation = document.operation(request.operation_name.as_deref())?;
        if let Some(record) = &context.client.record {
            record.identify(operation);
        }
        let kind = operation.operation_type;
        if allowed == AllowedOperations::QueriesOnly && kind == OperationType::Mutation {
            return Err(RequestError::new(Code::MethodNotAllowed, "Only queries run by GET. Send this by POST.", None));
        }
        if context.viewer.is_none() && (kind == OperationType::Subscription || !document.is_introspection(operation)) {
            return Err(A::NO_TOKEN.into());
        }
        let selects_schema = document.selects_schema(operation);
        if selects_schema {
            self.introspection.check(context.viewer.is_some(), A::NO_TOKEN)?;
        }
        let names = self.introspection.names(context.viewer.is_some());
        let prepared = document.prepare(&self.documents, operation, &mut request.variables, allowance, names)?;
        let (cost, is_first_use) = (prepared.cost, document.begin_use());
        if kind == OperationType::Subscription {
            self.documents.check_kept_variables(&request.variables)?;
            let selection = document.selection_hash(operation, &request.variables);
            let subscription = PreparedSubscription::new(&document, prepared, selection, request.operation_name)?;
            return Ok(CheckedRequest { request: PreparedRequest::Subscription(subscription), cost, is_first_use });
        }
        let max_length = allowance.response_length()?;
        let charge = |bytes| self.memory.charge(bytes).map_err(|NoMemory| ResponseError::NoMemory);
        let reserved = match kind {
            OperationType::Mutation => Some(ReservedMemory::new(charge(prepared.response_memory.min(max_length))?)),
            _ => None,
        };
        let charge = charge(prepared.memory)?;
        let limits =
            ResponseLimits { max_length, total_length: self.max_response, memory: self.memory.clone(), reserved };
        let selects_first =
            A::READ_FIRST.is_some_and(|name| document.selects_root_field(operation, &request.variables, name));
        request.set_parsed_query(prepared.executable);
        request.data.insert(self.surcharge(context.viewer.as_deref()));
        let embedded_json =
            EmbeddedJson::new(self.embedded_objects.clone(), !document.has_duplicate_keys(), limits.clone());
        request.data.insert(embedded_json);
        let schema = selects_schema.then(|| Box::new(SelectedSchema::new(document, request.operation_name.clone())));
        let execution = PreparedExecution { request, limits, selects_first, schema, _charge: charge };
        Ok(CheckedRequest { request: PreparedRequest::QueryOrMutation(execution), cost, is_first_use })
    }

    /// Charges a viewer for what a request turns out to do.
    pub(crate) fn surcharge(&self, viewer: Option<&A::Viewer>) -> Surcharge {
        match (&self.rate_limiter, viewer) {
            (Some(rate_limiter), Some(viewer)) => {
                Surcharge::new(rate_limiter.clone(), Payer::Viewer(A::rate_limit_key(viewer)))
            }
            _ => Surcharge::default(),
        }
    }

    fn document(&self, request: &Request, caching: Caching) -> Result<Arc<Document>, RequestError> {
        let Request { query, extensions, .. } = request;
        match extensions.get("persistedQuery") {
            Some(persisted) => {
                self.documents.parse_and_validate_persisted(query, persisted_query_hash(persisted)?, caching)
            }
            None => self.documents.parse_and_validate(query, caching),
        }
    }
}

fn outcome(executed: Result<Response, ResponseError>) -> Outcome {
    executed.map_or_else(|error| Outcome::Rejected(error.into()), Outcome::Executed)
}
