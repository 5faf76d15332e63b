//! GraphQL over WebSocket, by the protocol `graphql-transport-ws`.

mod close;
mod connection;
mod frame_header;
mod handshake;
mod messages;
mod operations;
mod split_frames;
mod transport;

pub(crate) use handshake::is_upgrade;

use crate::http::ServerState;
use crate::http::caller::Caller;
use crate::http::error_response::{HttpError, OVERLOADED};
use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use close::Close;
use connection::ConnectionContext;
use handshake::{BAD_HANDSHAKE, Handshake, ORIGIN_NOT_ALLOWED, VERSION};
use transport::{Disconnect, Transport};

/// Upgrades a request to a WebSocket, and serves it in a task of its own.
///
/// axum's extractor is not used because its socket does not expose the stream, which has to be read to its end when
/// the connection is closed.
pub(crate) fn accept(server: ServerState, caller: Caller, mut request: Request) -> Result<Response, HttpError> {
    let headers = request.headers();
    let Some(handshake) = Handshake::of(request.method(), headers) else {
        return Ok(([(header::SEC_WEBSOCKET_VERSION, VERSION)], BAD_HANDSHAKE).into_response());
    };
    if !server.origins.allow_websocket(request.uri(), headers) {
        return Err(ORIGIN_NOT_ALLOWED);
    }
    if server.long_lived.is_full() {
        return Err(OVERLOADED);
    }
    let pending = server.long_lived.pending().ok_or(OVERLOADED)?;
    let (is_supported, upgrade) = (handshake.is_supported, hyper::upgrade::on(&mut request));
    let (connections, caller) = (server.connections.clone(), caller.without_head());
    connections.spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let (limits, memory) = (server.limits.clone(), server.memory.clone());
        let mut transport = Transport::new(upgraded, limits.max_body, limits.write_timeout, memory).await;
        let (disconnect, permit) = if is_supported {
            connection::run(&ConnectionContext { server, caller }, pending, &mut transport).await
        } else {
            drop(pending);
            (Disconnect::ByServer(Close::SUBPROTOCOL), None)
        };
        transport.close(disconnect).await;
        drop(permit);
    });
    Ok(handshake.into_response())
}
