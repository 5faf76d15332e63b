//! GraphQL over WebSocket: who is let in.

mod connection;
mod messages;
mod operations;
mod transport;

use crate::graphql::Code;
use crate::http::error_response::{ErrorFormat, HttpError, OVERLOADED};
use crate::http::{Server, authorization};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use connection::ConnectionContext;
use messages::Close;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use transport::{Disconnect, Transport};

/// The one subprotocol that is spoken here.
const SUBPROTOCOL: &str = "graphql-transport-ws";
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Whether a request wants to become a WebSocket.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    list(headers, header::UPGRADE).any(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// Turns a request into a WebSocket.
///
/// Done here and not by axum's extractor because what is left on the connection has to be read when it is closed, and the extractor's socket
/// does not give its stream out.
pub fn accept(server: Server, request_id: String, mut request: Request) -> Response {
    let headers = request.headers();
    let refuse = |problem: &HttpError| problem.answer(ErrorFormat::of(request.uri(), headers), &request_id);
    let Some(handshake) = Handshake::of(request.method(), headers) else {
        let mut response = refuse(&BAD_HANDSHAKE);
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, VERSION);
        return response;
    };
    if !origin_allowed(headers, &server.origins) {
        return refuse(&ORIGIN_NOT_ALLOWED);
    }
    let Some(permit) = server.connections.try_acquire() else { return refuse(&OVERLOADED) };
    let token = authorization::of_headers(headers).map(|token| token.map(str::to_owned));
    let (speaks, upgrade) = (handshake.speaks, hyper::upgrade::on(&mut request));
    let connections = server.connections.clone();
    connections.spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let mut transport = Transport::new(upgraded, server.limits.body, server.limits.write_time).await;
        let end = if speaks {
            connection::run(&ConnectionContext { server, request_id, token }, &permit, &mut transport).await
        } else {
            Disconnect::Closed(Close::SUBPROTOCOL)
        };
        transport.end(end).await;
        drop(permit);
    });
    handshake.answer()
}

/// What a client asks for (RFC 6455, section 4.2).
struct Handshake {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
    /// Whether that is the one that is spoken here.
    speaks: bool,
}

impl Handshake {
    fn of(method: &Method, headers: &HeaderMap) -> Option<Self> {
        let upgrade = list(headers, header::CONNECTION).any(|option| option.eq_ignore_ascii_case("upgrade"));
        let version = headers.get(header::SEC_WEBSOCKET_VERSION)? == VERSION;
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| upgrade && version && method == Method::GET)?;
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()?;
        let offered: Vec<_> = list(headers, header::SEC_WEBSOCKET_PROTOCOL).collect();
        let speaks = offered.contains(&SUBPROTOCOL);
        // One that is not spoken here is named all the same: a browser whose offers are passed over does not show why it is closed.
        let subprotocol = if speaks { Some(SUBPROTOCOL) } else { offered.first().copied() };
        Some(Self { accept, subprotocol: subprotocol.and_then(|it| HeaderValue::from_str(it).ok()), speaks })
    }

    fn answer(self) -> Response {
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, self.accept),
        ];
        let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
        if let Some(subprotocol) = self.subprotocol {
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        response
    }
}

const BAD_HANDSHAKE: HttpError =
    HttpError::new(StatusCode::BAD_REQUEST, Code::BadRequest, "this is no WebSocket handshake of version 13");
const ORIGIN_NOT_ALLOWED: HttpError =
    HttpError::new(StatusCode::FORBIDDEN, Code::Forbidden, "pages of this origin may not connect: see CORS_ORIGINS");

/// No browser asks before it opens a WebSocket to another site; so it is asked here where the page comes from. Other clients do not say.
fn origin_allowed(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(context) = headers.get(header::ORIGIN) else { return true };
    let Ok(context) = context.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // The scheme is not compared: what ends TLS stands in front of the server.
    let own = context.split_once("://").zip(host).is_some_and(|((_, from), host)| from.eq_ignore_ascii_case(host));
    own || origins.iter().any(|listed| listed == "*" || listed == context)
}

/// The elements of a header that is a list.
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}
