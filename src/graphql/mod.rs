//! The GraphQL API. The engine executes requests and knows nothing of interviews; the schema has the types, with
//! resolvers of a few lines that call one service each; `relay` has the connections and `direct_json` writes objects
//! without the executor.

mod api;
mod context;
mod direct_json;
pub mod engine;
mod failure;
mod loaders;
mod relay;
mod root_counts;
mod schema;

pub use api::InterviewsApi;
pub(crate) use engine::api::Client;
pub use engine::document::DocumentLimits;
pub(crate) use engine::error::{CURSOR_EXPIRED, Code, NoViewer, RETRY_AFTER, RequestError, whole_seconds};
pub(crate) use engine::json::{Json, JsonText};
pub(crate) use engine::log_limit::LogLimit;
pub use engine::memory::MemoryBudget;
pub(crate) use engine::memory::{Arrival, Charge, GiveUp, NoMemory};
pub(crate) use engine::operation_record::OperationRecord;
pub(crate) use engine::rate_limit::{Payer, RateLimiter};
pub(crate) use engine::response_limits::NO_MEMORY;
pub(crate) use engine::subscriptions::{ResponseStream, StreamEnd, SubscriptionResponse};
pub(crate) use engine::{AllowedOperations, EngineLimits, Execution, Introspection, Outcome};
pub(crate) use failure::{no_viewer, reject};
pub(crate) use schema::CONFLICT_COST;

use async_graphql::SDLExportOptions;

/// The engine that serves this API.
pub type Engine = engine::Engine<InterviewsApi>;

/// The context of a request to this API.
pub type RequestContext = engine::api::RequestContext<crate::domain::Viewer>;

/// The schema in the schema definition language, as in `schema.graphql`.
#[must_use]
pub fn sdl() -> String {
    let sdl = schema::SCHEMA.sdl_with_options(SDLExportOptions::new().include_specified_by());
    format!("{}\n", sdl.trim_end())
}
