//! Timeouts for slow clients.

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
    /// For the headers of a request to arrive; also how long a connection may be idle between requests.
    pub(crate) header: Duration,
    /// For a client to accept any bytes of a response.
    pub(crate) write: Duration,
    /// For requests in flight to finish when the server stops.
    pub(crate) shutdown_grace: Duration,
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
