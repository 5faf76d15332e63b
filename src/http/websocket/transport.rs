//! The socket of a WebSocket connection: messages in both directions with timeouts, and the closing handshake.

use crate::graphql::{Charge, MemoryBudget, NoMemory};
use crate::http::json_memory::{charge_json, parsed_size};
use crate::http::websocket::close::Close;
use crate::http::websocket::messages::{ClientMessage, ServerMessage, parse};
use crate::http::websocket::split_frames::{MAX_FRAME, SplitFrames};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

/// The server's end of a WebSocket.
pub(super) struct Transport {
    socket: WebSocketStream<SplitFrames<TokioIo<Upgraded>>>,
    write_timeout: Duration,
    memory: MemoryBudget,
    /// How long closing the connection may take.
    close_timeout: Duration,
    /// Whether the client has sent anything since the last ping.
    is_alive: bool,
    /// Whether the answer to a ping of the client may not be written yet.
    owes_pong: bool,
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

/// How long closing may take when the client has not signed in.
const ANONYMOUS_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The read buffer of the library, in bytes. It is allocated for idle sockets too.
const READ_BUFFER: usize = 1024;

/// A longer message is sent in frames of this many bytes. The library keeps a buffer as large as the longest frame.
const SENT_FRAME: usize = 16 * 1024;

/// The most bytes that the library buffers for writing: one frame, and the answer to a ping. Without a limit it would
/// buffer as many answers as the client sends pings without reading.
const WRITE_BUFFER: usize = 2 * SENT_FRAME;

impl Transport {
    /// Accepts messages of at most `max_message` bytes.
    pub(super) async fn new(
        upgraded: Upgraded,
        max_message: usize,
        write_timeout: Duration,
        memory: MemoryBudget,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(max_message))
            .max_frame_size(Some(max_message.min(MAX_FRAME)));
        let stream = SplitFrames::new(TokioIo::new(upgraded), max_message, &memory);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        let close_timeout = write_timeout.min(ANONYMOUS_CLOSE_TIMEOUT);
        Self { socket, write_timeout, close_timeout, memory, is_alive: true, owes_pong: false }
    }

    /// The client has signed in: it has the whole write timeout for the closing handshake.
    pub(super) fn signed_in(&mut self) {
        self.close_timeout = self.write_timeout;
    }

    /// The next message of the client, with the memory that it takes. Cancel-safe.
    pub(super) async fn receive(&mut self) -> Result<(ClientMessage, Charge), Disconnect> {
        loop {
            if self.owes_pong {
                // Nothing more is read from a client that does not take the answers to its pings.
                within(self.write_timeout, self.socket.flush()).await?;
                self.owes_pong = false;
            }
            let message = self.socket.next().await.ok_or(Disconnect::Lost)?.map_err(|error| disconnect(&error))?;
            self.is_alive = true;
            match message {
                Message::Text(text) => {
                    let mut charge = self.socket.get_mut().take_charge();
                    if parsed_size(text.as_bytes()) > self.memory.largest() {
                        return Err(Disconnect::ByServer(Close::TOO_LARGE));
                    }
                    charge_json(&self.memory, &mut charge, text.as_bytes())
                        .map_err(|NoMemory| Disconnect::ByServer(Close::TRY_LATER))?;
                    let message = parse(&text).map_err(Disconnect::ByServer)?;
                    return Ok((message, charge));
                }
                Message::Binary(_) => {
                    return Err(Disconnect::ByServer(Close::invalid_message("The message has to be text.")));
                }
                Message::Close(_) => return Err(Disconnect::ByClient),
                // The library has prepared the answer.
                Message::Ping(_) => self.owes_pong = true,
                Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    pub(super) async fn send(&mut self, message: &ServerMessage<'_>) -> Result<(), Disconnect> {
        let text = message.text();
        let charge = self.memory.charge(text.len());
        let _charge = charge.map_err(|NoMemory| Disconnect::ByServer(Close::TRY_LATER))?;
        if text.len() <= SENT_FRAME {
            return self.write(Message::text(text)).await;
        }
        let (socket, mut rest) = (&mut self.socket, Bytes::from(text));
        let send = async {
            let mut kind = Data::Text;
            while !rest.is_empty() {
                let part = rest.split_to(rest.len().min(SENT_FRAME));
                let frame = Frame::message(part, OpCode::Data(kind), rest.is_empty());
                socket.send(Message::Frame(frame)).await?;
                kind = Data::Continue;
            }
            Ok(())
        };
        within(self.write_timeout, send).await
    }

    /// Sends a ping. The connection is lost when the client has sent nothing since the last one.
    pub(super) async fn ping(&mut self) -> Result<(), Disconnect> {
        if !std::mem::take(&mut self.is_alive) {
            return Err(Disconnect::Lost);
        }
        self.write(Message::Ping(Bytes::new())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Disconnect> {
        within(self.write_timeout, self.socket.send(message)).await
    }

    /// Closes the connection, within a limited time, so that the client learns the reason.
    pub(super) async fn close(mut self, disconnect: Disconnect) {
        let close_timeout = self.close_timeout;
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
            let stream = self.socket.get_mut().raw();
            let mut rest = [0; 512];
            if stream.shutdown().await.is_ok() {
                while let Ok(1..) = stream.read(&mut rest).await {}
            }
        };
        if timeout(close_timeout, close).await.is_err() {
            tracing::debug!("a WebSocket was closed without the reply of its client");
        }
    }
}

async fn within(write_timeout: Duration, send: impl Future<Output = Result<(), Error>>) -> Result<(), Disconnect> {
    match timeout(write_timeout, send).await {
        Ok(sent) => sent.map_err(|error| disconnect(&error)),
        Err(_) => Err(Disconnect::ByServer(Close::TOO_SLOW)),
    }
}

fn disconnect(error: &Error) -> Disconnect {
    match error {
        Error::Io(error) if error.kind() == ErrorKind::OutOfMemory => Disconnect::ByServer(Close::TRY_LATER),
        Error::Capacity(_) => Disconnect::ByServer(Close::TOO_LARGE),
        Error::Utf8(_) => Disconnect::ByServer(Close::NOT_TEXT),
        Error::Protocol(_) => Disconnect::ByServer(Close::BROKEN_FRAME),
        _ => Disconnect::Lost,
    }
}
