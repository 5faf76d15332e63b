//! The opening handshake (RFC 6455, 4.2) with the negotiation of the subprotocol.

use crate::graphql::Code;
use crate::http::error_response::HttpError;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The subprotocol of this server.
const SUBPROTOCOL: &str = "graphql-transport-ws";

/// The version of the WebSocket protocol.
pub(super) const VERSION: HeaderValue = HeaderValue::from_static("13");

pub(super) const BAD_HANDSHAKE: HttpError =
    HttpError::new(StatusCode::BAD_REQUEST, Code::BadRequest, "This is no WebSocket handshake of version 13.");
pub(super) const ORIGIN_NOT_ALLOWED: HttpError =
    HttpError::new(StatusCode::FORBIDDEN, Code::Forbidden, "Pages of this origin may not connect. See CORS_ORIGINS.");

/// Whether a request asks for a WebSocket.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    list(headers, header::UPGRADE).any(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// A valid handshake.
pub(super) struct Handshake {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
    /// Whether the client offers the subprotocol of this server.
    pub(super) is_supported: bool,
}

impl Handshake {
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Option<Self> {
        let upgrade = list(headers, header::CONNECTION).any(|option| option.eq_ignore_ascii_case("upgrade"));
        let version = headers.get(header::SEC_WEBSOCKET_VERSION)? == VERSION;
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| upgrade && version && method == Method::GET)?;
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()?;
        let offered: Vec<_> = list(headers, header::SEC_WEBSOCKET_PROTOCOL).collect();
        let is_supported = offered.contains(&SUBPROTOCOL);
        // An unsupported subprotocol is confirmed as well, and the connection closed with 4406: when no offer is
        // confirmed, browsers fail the handshake and do not show the close code.
        let subprotocol = if is_supported { Some(SUBPROTOCOL) } else { offered.first().copied() };
        Some(Self { accept, subprotocol: subprotocol.and_then(|it| HeaderValue::from_str(it).ok()), is_supported })
    }

    pub(super) fn into_response(self) -> Response {
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

/// The elements of a header that is a list.
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}
