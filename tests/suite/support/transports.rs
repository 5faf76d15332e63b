//! One operation over every transport.

use crate::support::Database::Sqlite;
use crate::support::listening_server::ListeningServer;
use crate::support::websocket_client::WebSocketClient;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// The ways to send an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Post,
    BatchEntry,
    Get,
    EventsByPost,
    EventsByGet,
    WebSocket,
}

impl Transport {
    pub const ALL: [Self; 6] =
        [Self::Post, Self::BatchEntry, Self::Get, Self::EventsByPost, Self::EventsByGet, Self::WebSocket];

    /// Whether the fields are parameters of the address.
    pub fn is_by_get(self) -> bool {
        matches!(self, Self::Get | Self::EventsByGet)
    }
}

/// A server that is called over every transport, as Mona.
pub struct Transports {
    pub server: ListeningServer,
}

impl Transports {
    pub async fn start() -> Self {
        Self { server: ListeningServer::start(Sqlite, &[]).await.unwrap() }
    }

    /// The response to an operation whose fields are given as JSON text. A parameter of an address is the text itself.
    /// A WebSocket that is closed has the reason as the message of an error.
    pub async fn answer(&self, transport: Transport, fields: &[(&str, &str)]) -> Value {
        match transport {
            Transport::Get => json(&self.get(fields, "application/json").await),
            Transport::EventsByGet => first_event(&self.get(fields, "text/event-stream").await),
            transport => self.answer_to_body(transport, &object(fields)).await,
        }
    }

    /// The response to this text as a body, in a batch as its only entry, or as the payload of a message.
    pub async fn answer_to_body(&self, transport: Transport, body: &str) -> Value {
        match transport {
            Transport::Post => json(&self.post(body, "application/json").await),
            Transport::BatchEntry => {
                let answer = json(&self.post(&format!("[{body}]"), "application/json").await);
                if answer.is_array() { answer[0].clone() } else { answer }
            }
            Transport::EventsByPost => first_event(&self.post(body, "text/event-stream").await),
            Transport::WebSocket => {
                self.answer_to_message(&format!(r#"{{"id":"1","type":"subscribe","payload":{body}}}"#)).await
            }
            Transport::Get | Transport::EventsByGet => panic!("it has no body"),
        }
    }

    /// The payload of the response to a message on a new WebSocket.
    pub async fn answer_to_message(&self, message: &str) -> Value {
        let mut client = WebSocketClient::sign_in(self.server.address, self.server.app.staff().token()).await;
        client.send_message(Message::text(message)).await;
        match client.receive_or_close().await {
            Ok(mut answer) if answer["type"] == "error" => json!({"errors": answer["payload"].take()}),
            Ok(mut answer) => answer["payload"].take(),
            Err(reason) => json!({"errors": [{"message": reason}]}),
        }
    }

    async fn post(&self, body: &str, accept: &str) -> String {
        let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
        self.server.app.staff().send(request.body(Body::from(body.to_owned())).unwrap()).await.text
    }

    async fn get(&self, fields: &[(&str, &str)], accept: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            query.append_pair(name, &serde_json::from_str(value).unwrap_or_else(|_| (*value).to_owned()));
        }
        let request = Request::get(format!("/graphql?{}", query.finish())).header("accept", accept);
        self.server.app.staff().send(request.body(Body::empty()).unwrap()).await.text
    }
}

/// An object of JSON with these fields.
fn object(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", fields.join(","))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("not JSON: {text}"))
}

/// The first event of a stream, or the body where there is none.
fn first_event(text: &str) -> Value {
    let event = text.strip_prefix("event: next\ndata: ").map(|rest| rest.split('\n').next().unwrap());
    json(event.unwrap_or(text))
}
