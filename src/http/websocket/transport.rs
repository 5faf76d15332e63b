//! The socket of a WebSocket connection: messages in both directions with timeouts, and the closing handshake.

use crate::http::websocket::close::Close;
use crate::http::websocket::messages::{ClientMessage, ServerMessage, parse};
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
pub(super) struct Transport {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    write_timeout: Duration,
    /// Whether the client has sent anything since the last ping.
    is_alive: bool,
}

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// The server closes it.
    ByServer(Close),
    /// The client closes it.
    ByClient,
    /// The connection is broken, or the client did not answer a ping.
    Lost,
}

/// The read buffer of a socket, in bytes. It is allocated for idle sockets too.
const READ_BUFFER: usize = 4096;

impl Transport {
    /// Accepts messages of at most `max_message` bytes.
    pub(super) async fn new(upgraded: Upgraded, max_message: usize, write_timeout: Duration) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(max_message))
            .max_frame_size(Some(max_message));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        Self { socket, write_timeout, is_alive: true }
    }

    /// The next message of the client. Cancel-safe.
    pub(super) async fn receive(&mut self) -> Result<ClientMessage, Disconnect> {
        loop {
            let message = self.socket.next().await.ok_or(Disconnect::Lost)?.map_err(|error| disconnect(&error))?;
            self.is_alive = true;
            match message {
                Message::Text(text) => return parse(&text).map_err(Disconnect::ByServer),
                Message::Binary(_) => {
                    return Err(Disconnect::ByServer(Close::invalid_message("The message has to be text")));
                }
                Message::Close(_) => return Err(Disconnect::ByClient),
                // The library answers pings.
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    pub(super) async fn send(&mut self, message: &ServerMessage<'_>) -> Result<(), Disconnect> {
        self.write(Message::text(message.text())).await
    }

    /// Sends a ping. The connection is lost when the client has sent nothing since the last one.
    pub(super) async fn ping(&mut self) -> Result<(), Disconnect> {
        if !std::mem::take(&mut self.is_alive) {
            return Err(Disconnect::Lost);
        }
        self.write(Message::Ping(Bytes::new())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Disconnect> {
        match timeout(self.write_timeout, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| disconnect(&error)),
            Err(_) => Err(Disconnect::ByServer(Close::TOO_SLOW)),
        }
    }

    /// Closes the connection, within the write timeout, so that the client learns the reason.
    pub(super) async fn close(mut self, disconnect: Disconnect) {
        let write_timeout = self.write_timeout;
        let close = async {
            match disconnect {
                Disconnect::Lost => return,
                Disconnect::ByClient => {}
                Disconnect::ByServer(Close { code, reason }) => {
                    let frame = CloseFrame { code: code.into(), reason: reason.as_ref().into() };
                    if self.socket.send(Message::Close(Some(frame))).await.is_err() {
                        return;
                    }
                }
            }
            // Polls until the closing handshake is complete: a connection that is dropped earlier ends with 1006.
            while let Some(Ok(_)) = self.socket.next().await {}
            // Then reads what the client has sent meanwhile: the kernel answers unread data with a reset, and a reset
            // discards the close frame.
            let stream = self.socket.get_mut();
            let mut rest = [0; 512];
            if stream.shutdown().await.is_ok() {
                while let Ok(1..) = stream.read(&mut rest).await {}
            }
        };
        if timeout(write_timeout, close).await.is_err() {
            tracing::debug!("a WebSocket was closed without the reply of its client");
        }
    }
}

fn disconnect(error: &Error) -> Disconnect {
    match error {
        Error::Capacity(_) => Disconnect::ByServer(Close::TOO_LARGE),
        Error::Utf8(_) => Disconnect::ByServer(Close::NOT_TEXT),
        Error::Protocol(_) => Disconnect::ByServer(Close::BROKEN_FRAME),
        _ => Disconnect::Lost,
    }
}
