//! What every request passes through: its id, the log, the headers of its response, errors and limits.

pub(crate) mod admission;
mod allowed_hosts;
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

use crate::http::ServerState;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use std::sync::Arc;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

/// The smallest response that is compressed, in bytes: gzip saves nothing on less.
const MIN_COMPRESSED: u16 = 1024;

/// Adds the middleware that every route has. A request passes through it from the top to the bottom. Without
/// `allowed_hosts`, requests for any host are answered.
pub(crate) fn wrap(
    router: Router<ServerState>,
    origins: &[String],
    allowed_hosts: &Arc<[String]>,
) -> Router<ServerState> {
    let allowed_hosts = Some(allowed_hosts.clone()).filter(|hosts| !hosts.is_empty());
    router.layer(
        ServiceBuilder::new()
            .map_request(request_id::remove_malformed)
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(tracing::span)
                    .on_request(())
                    .on_response(tracing::log_response)
                    .on_body_chunk(())
                    .on_eos(())
                    .on_failure(()),
            )
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(security_headers::layers())
            .map_response(cors::remove_from_own_pages)
            .option_layer(cors::layer(origins))
            // A compressor buffers: events would arrive late.
            .layer(
                CompressionLayer::new()
                    .gzip(true)
                    .compress_when(SizeAbove::new(MIN_COMPRESSED).and(NotForContentType::SSE)),
            )
            .layer(from_fn(error_format::format_errors))
            .layer(CatchPanicLayer::custom(panics::into_response))
            .option_layer(allowed_hosts.map(|hosts| from_fn_with_state(hosts, allowed_hosts::check))),
    )
}
