//! What the engine needs from the API that it serves: a schema, the data of its resolvers and a source of events.

use crate::graphql::engine::document::{CostRules, CustomScalar, RootField};
use crate::graphql::engine::error::{NoViewer, RequestError};
use crate::graphql::engine::loader_scheduler::PendingFetches;
use crate::graphql::engine::operation_record::OperationRecord;
use crate::graphql::engine::subscriptions::StreamEnd;
use apollo_compiler::Schema as SchemaDefinition;
use apollo_compiler::validation::Valid;
use async_graphql::{Executor, Request};
use futures_util::stream::BoxStream;
use std::future::Future;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// An API that the engine can serve.
pub trait Api: Clone + Send + Sync + 'static {
    /// The authenticated user of a request.
    type Viewer: Send + Sync + 'static;
    /// The sign-in of a connection that stays open. Its viewer can change, and ends when the token is no longer
    /// accepted.
    type Session: Clone + Send + Sync + 'static;
    /// Identifies a viewer to the rate limiter.
    type RateLimitKey: Clone + Eq + Hash + Send + Sync + 'static;
    /// An event of a subscription. Resolvers read it as `ctx.data::<Arc<Event>>()`.
    type Event: Send + Sync + 'static;
    /// Identifies an event and the scope in which a viewer sees it. Viewers with an equal key get equal responses to
    /// equal selections.
    type ShareKey: Clone + Eq + Hash + Send + Sync + 'static;
    /// Allows one execution for a subscriber who catches up.
    type CatchUpPermit: Send;

    /// What the cost of a field depends on.
    const COST: CostRules;
    /// The scalars of the schema whose literals and variables the engine checks.
    const SCALARS: &'static [CustomScalar];
    /// The root field of queries that is read before the other fields of its operation begin. They run concurrently.
    const READ_FIRST: Option<&'static str>;
    /// Why a request without a token is refused.
    const NO_TOKEN: NoViewer;
    /// How often the execution for an event is retried while the server fails.
    const EVENT_RETRIES: u32;
    /// The pause before each of these retries.
    const EVENT_RETRY_PAUSE: Duration;

    /// The definition of the schema, against which documents are validated.
    fn definition() -> &'static Valid<SchemaDefinition>;

    /// The schema to execute. The engine has validated every document before.
    fn schema(&self) -> &impl Executor;

    /// Runs the execution of an operation, or of an event of a subscription, with its share of what all of them use.
    fn with_share<F: Future + Send>(execution: F) -> impl Future<Output = F::Output> + Send;

    /// Adds the data of the resolvers to a request: its context, and loaders that fetch through `fetches`.
    fn attach(&self, request: Request, context: RequestContext<Self::Viewer>, fetches: PendingFetches) -> Request;

    /// Reads the field [`Api::READ_FIRST`], and adds its value to the data of the resolvers.
    fn read_first(&self, request: Request, viewer: &Self::Viewer) -> impl Future<Output = Request> + Send;

    /// The viewer of a session.
    ///
    /// # Errors
    /// Why the token is no longer accepted.
    fn viewer(session: &Self::Session) -> Result<Arc<Self::Viewer>, NoViewer>;

    /// The key under which the cost of an operation is charged to its viewer.
    fn rate_limit_key(viewer: &Self::Viewer) -> Self::RateLimitKey;

    /// Starts the events of a subscription. The stream ends with its first error. With `resume_after`, the cursor of a
    /// delivery, it begins after that one, and not where its arguments say.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a wrong argument or cursor, the code of the failure when the events cannot be read.
    fn subscribe(
        &self,
        session: Self::Session,
        request_id: String,
        field: &RootField,
        resume_after: Option<&str>,
    ) -> impl Future<Output = Result<EventStream<Self>, RequestError>> + Send;

    /// Waits for a permit to execute an event for one subscriber who catches up. It limits how much such work uses the
    /// database.
    fn catch_up_permit(&self, viewer: &Self::Viewer) -> impl Future<Output = Option<Self::CatchUpPermit>> + Send;
}

/// Events on their way to one subscriber.
pub type EventStream<A> = BoxStream<'static, Result<Delivery<A>, StreamEnd>>;

/// An event on its way to one subscriber.
pub struct Delivery<A: Api> {
    /// The event.
    pub event: Arc<A::Event>,
    /// What a client passes to resume after this event.
    pub cursor: String,
    /// The subscriber, with the permissions at this moment.
    pub viewer: Arc<A::Viewer>,
    /// The key of the shared response; `None` for a subscriber who catches up and so gets the event alone.
    pub share_key: Option<A::ShareKey>,
}

/// The context of one request.
#[derive(Debug)]
pub struct RequestContext<V> {
    /// The authenticated user; `None` for a request without a token.
    pub viewer: Option<Arc<V>>,
    /// Where the request comes from.
    pub client: Client,
}

/// The client of a request, or of a connection that stays open.
#[derive(Clone, Debug)]
pub struct Client {
    /// The id of the request in the log and in error responses.
    pub request_id: String,
    /// The network of the client, if it is known. Anonymous clients of one network share a rate limit.
    pub network: Option<IpAddr>,
    /// Where the engine records what the operation was, if it is logged.
    pub record: Option<Arc<OperationRecord>>,
}

impl<V> Clone for RequestContext<V> {
    fn clone(&self) -> Self {
        Self { viewer: self.viewer.clone(), client: self.client.clone() }
    }
}
