//! Splits the long frames of a client into fragments (RFC 6455, 5.4), and counts the memory of its messages.
//!
//! The library reads a whole frame into a buffer that it keeps for the next ones. Without fragments each connection on
//! which one long message has arrived would keep as much memory until it is closed.

use crate::graphql::{Arrival, Charge, MemoryBudget, NoMemory};
use crate::http::websocket::frame_header::{FIN, Header};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The longest frame that the library sees, in bytes. A multiple of four, so that each fragment begins with the first
/// byte of the mask.
pub(super) const MAX_FRAME: usize = 4096;

/// A stream whose long frames are split while they are read.
pub(super) struct SplitFrames<S> {
    stream: BufReader<S>,
    max_message: usize,
    /// The header that is being read.
    header: Header,
    /// The header that is passed on next.
    output: Header,
    /// The bytes of the payload until the next header.
    payload: u64,
    /// The frame that is being split, without its part up to the next header.
    rest: Option<Rest>,
    is_data: bool,
    /// The bytes of the message up to now.
    message: usize,
    arrival: Arrival,
    /// Completes when other messages and requests need the memory of this one.
    given_up: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

/// What is left of a frame that is being split.
#[derive(Clone, Copy)]
struct Rest {
    length: u64,
    is_final: bool,
    mask: Option<[u8; 4]>,
}

impl<S: AsyncRead> SplitFrames<S> {
    /// Splits frames of at most `max_message` bytes. Longer ones are passed on as they are; the library refuses them by
    /// their header.
    pub(super) fn new(stream: S, max_message: usize, memory: &MemoryBudget) -> Self {
        Self {
            stream: BufReader::with_capacity(MAX_FRAME, stream),
            max_message,
            header: Header::default(),
            output: Header::default(),
            payload: 0,
            rest: None,
            is_data: false,
            message: 0,
            arrival: memory.arrival(),
            given_up: None,
        }
    }

    /// Takes over what is counted for the message that was received last.
    pub(super) fn take_charge(&mut self) -> Charge {
        self.message = 0;
        self.given_up = None;
        self.arrival.complete()
    }

    /// The stream without splitting and counting.
    pub(super) fn raw(&mut self) -> &mut S {
        self.stream.get_mut()
    }

    /// Begins with the payload of a frame whose header is complete.
    fn begin_frame(&mut self) {
        let header = std::mem::take(&mut self.header);
        let (length, mask) = (header.payload_length(), header.mask());
        self.is_data = header.is_data();
        let is_split = self.is_data && length > MAX_FRAME as u64 && length <= self.max_message as u64;
        if !is_split {
            (self.output, self.payload) = (header, length);
            return;
        }
        self.payload = MAX_FRAME as u64;
        self.output = Header::new(header.kind(), mask, self.payload);
        self.rest = Some(Rest { length: length - self.payload, is_final: header.is_final(), mask });
    }

    /// Begins with the next fragment, if the frame has one.
    fn begin_fragment(&mut self) {
        let Some(Rest { length, is_final, mask }) = self.rest.take() else { return };
        self.payload = length.min(MAX_FRAME as u64);
        let is_last = self.payload == length;
        self.output = Header::new(if is_last && is_final { FIN } else { 0 }, mask, self.payload);
        if !is_last {
            self.rest = Some(Rest { length: length - self.payload, is_final, mask });
        }
    }

    fn count(&mut self, bytes: usize) -> io::Result<()> {
        if !self.is_data {
            return Ok(());
        }
        self.message += bytes;
        let given_up = &mut self.given_up;
        let reader = || {
            let token = CancellationToken::new();
            *given_up = Some(Box::pin(token.clone().cancelled_owned()));
            Arc::new(token)
        };
        // The library collects fragments in a text that doubles its capacity.
        self.arrival.grow(2 * self.message, reader).map_err(|NoMemory| io::ErrorKind::OutOfMemory.into())
    }

    /// Fails when the message is given up. Otherwise wakes the task when it is. The connection is then dropped without
    /// a closing handshake, for which the message would stay in memory.
    fn poll_given_up(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let is_given_up = self.given_up.as_mut().is_some_and(|given_up| given_up.as_mut().poll(cx).is_ready());
        if is_given_up { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for SplitFrames<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.poll_given_up(cx)?;
        loop {
            if !this.output.is_empty() {
                this.output.move_to(out);
                return Poll::Ready(Ok(()));
            }
            if this.payload == 0 && this.rest.is_some() {
                this.begin_fragment();
                continue;
            }
            let available = ready!(Pin::new(&mut this.stream).poll_fill_buf(cx))?;
            if available.is_empty() {
                return Poll::Ready(Ok(())); // the end
            }
            if this.payload > 0 {
                let left = usize::try_from(this.payload).unwrap_or(usize::MAX);
                let count = available.len().min(left).min(out.remaining());
                out.put_slice(&available[..count]);
                Pin::new(&mut this.stream).consume(count);
                this.payload -= count as u64;
                return Poll::Ready(this.count(count));
            }
            let count = available.len().min(this.header.missing());
            this.header.extend(&available[..count]);
            Pin::new(&mut this.stream).consume(count);
            if this.header.missing() == 0 {
                this.begin_frame();
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for SplitFrames<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{SinkExt, StreamExt};
    use tokio::io::duplex;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
    use tokio_tungstenite::tungstenite::{Error, Message};

    const MAX_MESSAGE: usize = 100_000;

    /// What a server receives of these messages when `at_once` bytes are on the way at most. It ends at an error.
    async fn received(messages: Vec<Message>, at_once: usize, memory: &MemoryBudget) -> Vec<Result<Message, Error>> {
        let (client, server) = duplex(at_once);
        // The library would refuse a longer frame.
        let config = WebSocketConfig::default().max_frame_size(Some(MAX_FRAME)).max_message_size(Some(MAX_MESSAGE));
        let server = SplitFrames::new(server, MAX_MESSAGE, memory);
        let mut server = WebSocketStream::from_raw_socket(server, Role::Server, Some(config)).await;
        let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        let send = async {
            for message in messages {
                client.send(message).await?;
            }
            // Takes the replies to pings.
            while client.next().await.is_some_and(|message| message.is_ok()) {}
            Ok::<_, Error>(())
        };
        let receive = async {
            let mut received = Vec::new();
            while let Some(message) = server.next().await {
                server.get_mut().take_charge();
                let is_last = message.is_err() || message.as_ref().is_ok_and(Message::is_close);
                received.push(message);
                if is_last {
                    break;
                }
            }
            drop(server);
            received
        };
        tokio::join!(send, receive).1
    }

    fn close() -> Message {
        Message::Close(None)
    }

    #[tokio::test]
    async fn messages_of_any_length_arrive_unchanged() {
        let memory = MemoryBudget::new(10_000_000);
        for at_once in [1, 7, 100_000] {
            let mut messages = Vec::new();
            for length in [0, 1, 125, 126, 4095, 4096, 4097, 8192, 8193, 65_535, 65_536, MAX_MESSAGE] {
                let text: String = ('a'..='z').cycle().take(length).collect();
                messages.extend([Message::text(text.clone()), Message::binary(text.into_bytes())]);
            }
            messages.extend([Message::text("ä".repeat(10_000)), close()]);
            let arrived = received(messages.clone(), at_once, &memory).await;
            assert!(arrived.into_iter().map(Result::unwrap).eq(messages), "{at_once} bytes at once");
            assert_eq!(memory.used(), 0);
        }
    }

    #[tokio::test]
    async fn fragments_of_the_client_are_split_too() {
        let frame = |text: &str, kind, is_final| {
            Message::Frame(Frame::message(text.to_owned().into_bytes(), OpCode::Data(kind), is_final))
        };
        let long = "x".repeat(10_000);
        let messages = vec![
            frame(&long, Data::Text, false),
            Message::Ping("between".into()),
            frame("short", Data::Continue, false),
            frame(&long, Data::Continue, true),
            Message::text("next"),
            close(),
        ];
        let arrived = received(messages, 1000, &MemoryBudget::new(10_000_000)).await;
        let arrived: Vec<_> = arrived.into_iter().map(Result::unwrap).collect();
        let whole = format!("{long}short{long}");
        assert_eq!(arrived, [Message::Ping("between".into()), Message::text(whole), Message::text("next"), close()]);
    }

    #[tokio::test]
    async fn frame_longer_than_a_message_is_refused_by_its_header() {
        let messages = vec![Message::text("x".repeat(MAX_MESSAGE + 1))];
        let arrived = received(messages, 1000, &MemoryBudget::new(10_000_000)).await;
        assert!(matches!(&arrived[..], [Err(Error::Capacity(_))]), "{arrived:?}");
    }

    #[tokio::test]
    async fn message_for_which_there_is_no_memory_is_an_error() {
        let memory = MemoryBudget::new(100_000);
        let arrived = received(vec![Message::text("x".repeat(90_000))], 1000, &memory).await;
        let [Err(Error::Io(error))] = &arrived[..] else { panic!("{arrived:?}") };
        assert_eq!((error.kind(), memory.used()), (io::ErrorKind::OutOfMemory, 0));
    }
}
