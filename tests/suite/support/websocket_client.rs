//! The client's end of a WebSocket, with no library's ideas of GraphQL.

use crate::support::listening_server::{PATIENCE, subscribe};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// The head of the answer that made it a socket.
    pub head: String,
}

/// The answer of a server that refuses.
#[derive(Debug)]
pub struct Refusal {
    pub head: String,
    pub body: Value,
}

impl Client {
    /// Asks for a WebSocket, with these headers and those that every one needs.
    pub async fn connect(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, Refusal> {
        let (head, mut stream) = ask(address, headers).await;
        if head.starts_with("HTTP/1.1 101 ") {
            let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
            return Ok(Self { socket, head });
        }
        let length = head.to_lowercase().split_once("content-length: ").unwrap().1.lines().next().unwrap().parse();
        let mut body = vec![0; length.unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        Err(Refusal { head, body: serde_json::from_slice(&body).unwrap() })
    }

    pub async fn send(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message)).await.unwrap().unwrap();
    }

    pub async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// The next message, past pings.
    async fn next(&mut self) -> Option<Message> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the server says nothing")? {
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(message) => return Some(message),
                Err(error) => panic!("an abnormal end: {error}"),
            }
        }
    }

    pub async fn hear(&mut self) -> Value {
        match self.next().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("no message: {other:?}"),
        }
    }

    /// The next message, whenever it comes; none when the connection has ended, however that was.
    pub async fn hear_or_end(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Fails unless the next thing is this close, and a clean end.
    pub async fn sees_close(mut self, code: u16, reason: &str) {
        match self.next().await {
            Some(Message::Close(Some(frame))) => {
                assert_eq!((u16::from(frame.code), frame.reason.as_str()), (code, reason));
            }
            other => panic!("not closed: {other:?}"),
        }
        // Sends the reply, and reads until the server has taken it.
        assert_eq!(self.next().await, None);
    }

    /// Fails unless these messages come next and no others before the answer to a ping.
    pub async fn hears_only(&mut self, messages: &[Value]) {
        for message in messages {
            assert_eq!(self.hear().await, *message);
        }
        self.hears_nothing().await;
    }

    /// Fails if the server has anything to say.
    pub async fn hears_nothing(&mut self) {
        self.say(json!({"type": "ping", "payload": {"fence": true}})).await;
        assert_eq!(self.hear().await, json!({"type": "pong", "payload": {"fence": true}}));
    }

    /// An operation; the data of its one answer.
    pub async fn ask(&mut self, query: &str) -> Value {
        self.say(subscribe("ask", query)).await;
        let mut next = self.hear().await;
        assert_eq!((&next["id"], &next["type"]), (&json!("ask"), &json!("next")), "{next}");
        assert_eq!(self.hear().await, json!({"id": "ask", "type": "complete"}));
        next["payload"]["data"].take()
    }

    /// An operation that is refused; its errors.
    pub async fn fail(&mut self, payload: Value) -> Value {
        self.say(json!({"id": "fail", "type": "subscribe", "payload": payload})).await;
        let mut error = self.hear().await;
        assert_eq!((&error["id"], &error["type"]), (&json!("fail"), &json!("error")), "{error}");
        self.hears_nothing().await; // no `complete` above all
        error["payload"].take()
    }

    /// Leaves as a browser does.
    pub async fn leave(mut self) {
        self.socket.close(None).await.unwrap();
        while self.next().await.is_some_and(|message| !message.is_close()) {}
        assert_eq!(self.next().await, None);
    }
}

/// Asks for a WebSocket; the head of the answer, and the connection as it is after it.
pub async fn ask(address: SocketAddr, headers: &[(&str, &str)]) -> (String, TcpStream) {
    let mut request = format!(
        "GET /graphql HTTP/1.1\r\nhost: {address}\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    request.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    raw(address, &(request + "\r\n")).await
}

/// Writes this, and reads the head of the answer and not a byte more.
pub async fn raw(address: SocketAddr, request: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    (String::from_utf8(head).unwrap(), stream)
}

/// A frame with one message of text, as a client masks it: by zeroes, that is not at all.
pub fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend((text.len() as u64).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}
