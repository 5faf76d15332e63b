//! A WebSocket: messages in and out, each in its time, and an end that reaches the client.

use crate::http::websocket::messages::{Close, Received, Sent, read};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

/// The server's end of a WebSocket.
pub struct Transport {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    timeout_after: Duration,
    heard: bool,
}

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// We close it.
    Closed(Close),
    /// The client closes it.
    Left,
    /// Nobody is there any more.
    Lost,
}

/// What a socket has allocated when nothing happens on it.
const BUFFER: usize = 4096;

impl Transport {
    /// Takes messages up to this many bytes. Whoever takes nothing for as long as `timeout_after` is given up.
    pub async fn new(upgraded: Upgraded, largest: usize, timeout_after: Duration) -> Self {
        let limits = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(largest))
            .max_frame_size(Some(largest));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(limits)).await;
        Self { socket, timeout_after, heard: true }
    }

    /// The next message. May be dropped and called again.
    pub async fn receive(&mut self) -> Result<Received, Disconnect> {
        loop {
            let message = self.socket.next().await.ok_or(Disconnect::Lost)?.map_err(|error| end(&error))?;
            self.heard = true;
            match message {
                Message::Text(text) => return read(&text).map_err(Disconnect::Closed),
                Message::Binary(_) => return Err(Disconnect::Closed(Close::invalid("The message has to be text"))),
                Message::Close(_) => return Err(Disconnect::Left),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {} // pings are answered by the library
            }
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &Sent<'_>) -> Result<(), Disconnect> {
        self.write(Message::text(message.text())).await
    }

    /// Asks for a sign of life. Whoever gave none since the last time is lost.
    pub async fn ping(&mut self) -> Result<(), Disconnect> {
        if !std::mem::take(&mut self.heard) {
            return Err(Disconnect::Lost);
        }
        self.write(Message::Ping(Bytes::new())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Disconnect> {
        match timeout(self.timeout_after, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| end(&error)),
            Err(_) => Err(Disconnect::Closed(Close::TOO_SLOW)),
        }
    }

    /// Ends the connection, within bounded time, in such a way that the client learns why.
    pub async fn end(mut self, end: Disconnect) {
        let timeout_after = self.timeout_after;
        let close = async {
            match end {
                Disconnect::Lost => return,
                Disconnect::Left => {}
                Disconnect::Closed(Close { code, reason }) => {
                    let frame = CloseFrame { code: code.into(), reason: reason.as_ref().into() };
                    if self.socket.send(Message::Close(Some(frame))).await.is_err() {
                        return;
                    }
                }
            }
            // Until the client's reply is there, or ours to the client is sent: a connection that is dropped before ends abnormally.
            while let Some(Ok(_)) = self.socket.next().await {}
            // Whatever else the client was about to send has to be read: data that nobody reads resets the connection, and with it what
            // was sent on it.
            let stream = self.socket.get_mut();
            let mut rest = [0; 512];
            if stream.shutdown().await.is_ok() {
                while let Ok(1..) = stream.read(&mut rest).await {}
            }
        };
        if timeout(timeout_after, close).await.is_err() {
            tracing::debug!("a socket was closed without its client's reply");
        }
    }
}

/// What an error of the socket means for it.
fn end(error: &Error) -> Disconnect {
    match error {
        Error::Capacity(_) => Disconnect::Closed(Close::TOO_LARGE),
        Error::Utf8(_) => Disconnect::Closed(Close::NOT_TEXT),
        Error::Protocol(_) => Disconnect::Closed(Close::BROKEN_FRAME),
        _ => Disconnect::Lost,
    }
}
