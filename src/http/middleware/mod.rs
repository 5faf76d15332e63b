//! What every request passes through: its id, the log, the headers of its response, errors and limits.

mod access_log;
pub(crate) mod admission;
mod allowed_hosts;
mod body;
mod compression;
pub(crate) mod cors;
mod error_format;
mod panics;
pub(crate) mod request_id;
mod request_limits;
mod security_headers;
mod tracing;
mod x_runtime;

pub(crate) use request_limits::enforce_limits;
pub(crate) use x_runtime::add_x_runtime;

use crate::graphql::MemoryBudget;
use crate::http::ServerState;
use crate::http::middleware::access_log::AccessLogLayer;
use crate::http::origins::AllowedOrigins;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use std::sync::Arc;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

/// Adds the middleware that every route has. A request passes through it from the top to the bottom. Without
/// `allowed_hosts`, requests for any host are answered.
pub(crate) fn wrap(
    router: Router<ServerState>,
    origins: &Arc<AllowedOrigins>,
    allowed_hosts: &Arc<[String]>,
    memory: &MemoryBudget,
) -> Router<ServerState> {
    let allowed_hosts = Some(allowed_hosts.clone()).filter(|hosts| !hosts.is_empty());
    router.layer(
        ServiceBuilder::new()
            .map_response(compression::charge_encoder(memory))
            .map_request(request_id::remove_malformed)
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(tracing::span)
                    .on_request(())
                    .on_response(())
                    .on_body_chunk(())
                    .on_eos(())
                    .on_failure(()),
            )
            .layer(AccessLogLayer)
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(security_headers::layers())
            .map_response(cors::remove_from_own_pages)
            .option_layer(cors::layer(origins))
            .layer(compression::layer(memory))
            .layer(from_fn(error_format::format_errors))
            .layer(CatchPanicLayer::custom(panics::into_response))
            .option_layer(allowed_hosts.map(|hosts| from_fn_with_state(hosts, allowed_hosts::check))),
    )
}
