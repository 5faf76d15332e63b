//! Subscriptions over the network: WebSocket and server-sent events.

mod database_outages;
mod server_sent_events;
mod websocket;

use crate::support::websocket_client::WebSocketClient;
use serde_json::{Value, json};
use std::net::SocketAddr;

const QUERY: &str = "subscription($since: ID) { interviewChanged(since: $since) { id interview { location } } }";

/// The body of a request for the events after a cursor.
fn request(since: &str) -> Value {
    json!({"query": QUERY, "variables": {"since": since}})
}

fn subscribe(id: &str, since: &str) -> Value {
    json!({"id": id, "type": "subscribe", "payload": request(since)})
}

/// A signed-in client with subscription `1` to the events after a cursor.
async fn subscriber(address: SocketAddr, token: &str, since: &str) -> WebSocketClient {
    let mut client = WebSocketClient::sign_in(address, token).await;
    client.send(subscribe("1", since)).await;
    client
}

/// The response for an event that set the location.
fn response(event: i64, location: &str) -> Value {
    json!({"data": {"interviewChanged": {"id": event.to_string(), "interview": {"location": location}}}})
}

/// The message with that response.
fn next(id: &str, event: i64, location: &str) -> Value {
    json!({"id": id, "type": "next", "payload": response(event, location)})
}
