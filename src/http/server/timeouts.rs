//! Timeouts for slow clients.

use crate::http::server::activity::Awaited;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// The timeouts of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// For anything to arrive on a new connection.
    pub(crate) first_byte: Duration,
    /// For the headers of a request to arrive, from their first byte on.
    pub(crate) header: Duration,
    /// For the next request to begin, after a response.
    pub(crate) keep_alive: Duration,
    /// For a client to accept any bytes of a response.
    pub(crate) write: Duration,
    /// For requests in flight to finish when the server stops.
    pub(crate) shutdown_grace: Duration,
}

/// The shortest time between two looks at a connection.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

impl Timeouts {
    /// When to look again at a connection on which the server waits for this; `None` if it has waited too long.
    pub(super) fn look_again(&self, awaited: Option<(Awaited, Duration)>) -> Option<Duration> {
        // What the server waits for can change at any time, and the connection does not tell.
        let interval = self.header.min(self.keep_alive).max(SHORTEST_INTERVAL);
        let Some((awaited, waited)) = awaited else { return Some(interval) };
        let limit = match awaited {
            Awaited::FirstByte => self.first_byte,
            Awaited::Head => self.header,
            Awaited::NextRequest => self.keep_alive,
        };
        let left = limit.checked_sub(waited).filter(|left| !left.is_zero())?;
        Some(left.min(interval))
    }
}

/// Makes writes fail with `TimedOut` once no bytes could be written for this long. Otherwise a client that never
/// reads holds its connection, and the response in it, forever.
pub(super) fn with_write_timeout<S: AsyncRead + AsyncWrite>(
    stream: S,
    timeout: Duration,
) -> Pin<Box<TimeoutStream<S>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(timeout));
    Box::pin(stream)
}

/// Makes the kernel close the connection when sent data is not acknowledged for this long. The write timeout does not
/// see data in the kernel's send buffer: without this option, a client that vanished is kept for about 15 minutes.
#[cfg(target_os = "linux")]
pub(super) fn set_user_timeout(stream: &TcpStream, timeout: Duration) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(timeout))
}

/// Only Linux has `TCP_USER_TIMEOUT`; other systems use their own retransmission limits.
#[cfg(not(target_os = "linux"))]
pub(super) fn set_user_timeout(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, IoSlice};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const TIMEOUT: Duration = Duration::from_millis(50);

    #[test]
    fn connection_is_looked_at_before_any_timeout_can_have_passed() {
        let seconds = Duration::from_secs;
        let timeouts = Timeouts {
            first_byte: seconds(5),
            header: seconds(30),
            keep_alive: seconds(75),
            write: seconds(10),
            shutdown_grace: seconds(30),
        };
        for (awaited, left) in [
            (None, Some(30)),
            (Some((Awaited::FirstByte, 1)), Some(4)),
            (Some((Awaited::FirstByte, 5)), None),
            (Some((Awaited::Head, 1)), Some(29)),
            (Some((Awaited::Head, 30)), None),
            (Some((Awaited::NextRequest, 1)), Some(30)),
            (Some((Awaited::NextRequest, 70)), Some(5)),
            (Some((Awaited::NextRequest, 76)), None),
        ] {
            let awaited = awaited.map(|(awaited, waited)| (awaited, seconds(waited)));
            assert_eq!(timeouts.look_again(awaited), left.map(seconds), "{awaited:?}");
        }
    }

    #[tokio::test]
    async fn write_without_progress_times_out() {
        let (server, mut client) = duplex(8);
        let mut server = with_write_timeout(server, TIMEOUT);
        server.write_all(&[1; 8]).await.unwrap();
        assert_eq!(server.write_all(&[2; 8]).await.unwrap_err().kind(), ErrorKind::TimedOut);
        let slices = [IoSlice::new(&[2; 4]), IoSlice::new(&[2; 4])];
        assert_eq!(server.write_vectored(&slices).await.unwrap_err().kind(), ErrorKind::TimedOut);

        // A client that reads again has the whole timeout again.
        let mut received = [0; 8];
        client.read_exact(&mut received).await.unwrap();
        server.write_all(&[3; 8]).await.unwrap();
    }

    #[tokio::test]
    async fn only_writes_have_a_timeout_and_vectored_writes_stay() {
        let (server, _client) = duplex(1);
        assert!(server.is_write_vectored());
        let server = with_write_timeout(server, TIMEOUT);
        assert_eq!((server.read_timeout(), server.write_timeout()), (None, Some(TIMEOUT)));
        assert!(server.is_write_vectored());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn user_timeout_is_set_on_the_socket() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        set_user_timeout(&stream, Duration::from_secs(20)).unwrap();
        assert_eq!(socket2::SockRef::from(&stream).tcp_user_timeout().unwrap(), Some(Duration::from_secs(20)));
    }
}
