//! A client of `graphql-transport-ws` over a raw WebSocket, without a GraphQL library.

use crate::support::listening_server::{TIMEOUT, subscribe};
use crate::support::sentences;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The header that offers the subprotocol of the server.
pub const SUBPROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

pub struct WebSocketClient {
    socket: WebSocketStream<TcpStream>,
    /// The head of the response that upgraded the connection.
    pub head: String,
}

/// The response of a server that does not upgrade the connection.
#[derive(Debug)]
pub struct RejectedUpgrade {
    pub head: String,
    pub body: Value,
}

impl WebSocketClient {
    /// Requests a WebSocket with these headers and those that every handshake needs.
    pub async fn connect(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, RejectedUpgrade> {
        let (head, mut stream) = request_upgrade(address, headers).await;
        if head.starts_with("HTTP/1.1 101 ") {
            let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
            return Ok(Self { socket, head });
        }
        let length = head.to_lowercase().split_once("content-length: ").unwrap().1.lines().next().unwrap().parse();
        let mut body = vec![0; length.unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        Err(RejectedUpgrade { head, body: serde_json::from_slice(&body).unwrap() })
    }

    /// Connects with the subprotocol and sends the token in the first message.
    pub async fn sign_in(address: SocketAddr, token: &str) -> Self {
        let mut client = Self::connect(address, &[SUBPROTOCOL]).await.unwrap();
        client.initialise(json!({"Authorization": format!("Bearer {token}")})).await;
        client
    }

    /// Sends `connection_init` with this payload; fails unless the server acknowledges it.
    pub async fn initialise(&mut self, payload: Value) {
        self.send(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(self.receive().await, json!({"type": "connection_ack"}));
    }

    pub async fn send(&mut self, message: Value) {
        self.send_message(Message::text(message.to_string())).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        timeout(TIMEOUT, self.socket.send(message)).await.unwrap().unwrap();
    }

    /// The next message other than pings and pongs of the WebSocket itself.
    async fn next(&mut self) -> Option<Message> {
        loop {
            match timeout(TIMEOUT, self.socket.next()).await.expect("no message in time")? {
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(message) => return Some(message),
                Err(error) => panic!("the connection broke: {error}"),
            }
        }
    }

    pub async fn receive(&mut self) -> Value {
        match self.next().await {
            Some(Message::Text(text)) => {
                let message = serde_json::from_str(&text).unwrap();
                sentences::check_messages(&message);
                message
            }
            other => panic!("not a text message: {other:?}"),
        }
    }

    /// The next message, or the reason for which the server closes the connection.
    pub async fn receive_or_close(&mut self) -> Result<Value, String> {
        match self.next().await {
            Some(Message::Close(Some(frame))) => Err(frame.reason.to_string()),
            Some(Message::Text(text)) => Ok(serde_json::from_str(&text).unwrap()),
            other => panic!("neither a text message nor closed: {other:?}"),
        }
    }

    /// The next message without a timeout; `None` when the connection has ended in any way.
    pub async fn receive_or_end(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Fails unless the server closes the connection next, with this code and reason, and then ends it.
    pub async fn expect_close(mut self, code: u16, reason: &str) {
        match self.next().await {
            Some(Message::Close(Some(frame))) => {
                assert_eq!((u16::from(frame.code), frame.reason.as_str()), (code, reason));
            }
            other => panic!("not closed: {other:?}"),
        }
        // Sends the reply and reads until the server ends the connection.
        assert_eq!(self.next().await, None);
    }

    /// Fails unless these messages come next, and no others before the response to a ping.
    pub async fn expect_only(&mut self, messages: &[Value]) {
        for message in messages {
            assert_eq!(self.receive().await, *message);
        }
        self.expect_nothing().await;
    }

    /// Fails if the server sends a message before the response to a ping.
    pub async fn expect_nothing(&mut self) {
        self.send(json!({"type": "ping", "payload": {"fence": true}})).await;
        assert_eq!(self.receive().await, json!({"type": "pong", "payload": {"fence": true}}));
    }

    /// An operation with one response; its data.
    pub async fn ask(&mut self, query: &str) -> Value {
        self.send(subscribe("ask", query)).await;
        let mut next = self.receive().await;
        assert_eq!((&next["id"], &next["type"]), (&json!("ask"), &json!("next")), "{next}");
        assert_eq!(self.receive().await, json!({"id": "ask", "type": "complete"}));
        next["payload"]["data"].take()
    }

    /// The errors of an operation that is rejected before it runs: one `error` message without a `complete`.
    pub async fn errors_of(&mut self, payload: Value) -> Value {
        self.send(json!({"id": "rejected", "type": "subscribe", "payload": payload})).await;
        let mut error = self.receive().await;
        assert_eq!((&error["id"], &error["type"]), (&json!("rejected"), &json!("error")), "{error}");
        self.expect_nothing().await;
        error["payload"].take()
    }

    /// Closes the connection as a browser does.
    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        while self.next().await.is_some_and(|message| !message.is_close()) {}
        assert_eq!(self.next().await, None);
    }
}

/// Requests a WebSocket; the head of the response, and the connection after it.
pub async fn request_upgrade(address: SocketAddr, headers: &[(&str, &str)]) -> (String, TcpStream) {
    request_upgrade_at("/graphql", address, headers).await
}

/// The same at another path.
pub async fn request_upgrade_at(path: &str, address: SocketAddr, headers: &[(&str, &str)]) -> (String, TcpStream) {
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    request.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    send_raw(address, &(request + "\r\n")).await
}

/// Writes these bytes to a new connection and reads the head of the response, but nothing of its body.
pub async fn send_raw(address: SocketAddr, request: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(TIMEOUT, stream.read_u8()).await.unwrap().unwrap());
    }
    (String::from_utf8(head).unwrap(), stream)
}

/// A frame with one text message, masked with zeroes, which leaves the text as it is.
pub fn text_frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend((text.len() as u64).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}
