//! Where the server listens: a TCP address, or a Unix socket for a proxy on the same machine.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

/// The connection of a client.
pub(super) type Connection = Either<TcpStream, UnixStream>;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindAddress {
    /// An IP address and a port. Port 0 lets the system choose one.
    Ip(SocketAddr),
    /// A host name and a port.
    Host(String, u16),
    /// A port on all addresses of the machine.
    AllAddresses(u16),
    /// The path of a Unix socket.
    UnixSocket(PathBuf),
}

/// A text is not an address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it has to be like 127.0.0.1:8000, [::1]:8000, localhost:8000, :8000 for all addresses, or \
     unix:/run/interviews.sock"
)]
pub struct InvalidBindAddress;

/// The longest path of a Unix socket on Linux, in bytes.
const MAX_SOCKET_PATH: usize = 107;

impl FromStr for BindAddress {
    type Err = InvalidBindAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_prefix("unix:").or_else(|| text.starts_with(['/', '.']).then_some(text));
        if let Some(path) = path {
            let is_valid = !path.is_empty() && path.len() <= MAX_SOCKET_PATH && !path.ends_with('/');
            return if is_valid { Ok(Self::UnixSocket(path.into())) } else { Err(InvalidBindAddress) };
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let (host, port) = text.rsplit_once(':').ok_or(InvalidBindAddress)?;
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number).ok_or(InvalidBindAddress)?;
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        // A name without letters is a mistyped IP address.
        let has_letter = host.bytes().any(|byte| byte.is_ascii_alphabetic());
        match host {
            "" => Ok(Self::AllAddresses(port)),
            _ if is_name && has_letter => Ok(Self::Host(host.to_owned(), port)),
            _ => Err(InvalidBindAddress),
        }
    }
}

impl fmt::Display for BindAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
            Self::AllAddresses(port) => write!(f, ":{port}"),
            Self::UnixSocket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A listening socket.
pub struct Listener {
    socket: Socket,
    address: BindAddress,
}

enum Socket {
    Tcp(TcpListener),
    Unix { listener: UnixListener, _file: SocketFile },
}

impl Listener {
    /// Listens on the address. The system queues connections until they are accepted.
    ///
    /// # Errors
    /// The address is in use, is not one of this machine, or is not permitted.
    pub async fn bind(address: &BindAddress) -> io::Result<Self> {
        let socket = match address {
            BindAddress::Ip(address) => TcpListener::bind(address).await?,
            BindAddress::Host(host, port) => TcpListener::bind((host.as_str(), *port)).await?,
            BindAddress::AllAddresses(port) => {
                // The first one includes the second one, where the machine has IPv6.
                let all = [(Ipv6Addr::UNSPECIFIED, *port).into(), (Ipv4Addr::UNSPECIFIED, *port).into()];
                TcpListener::bind(&all[..] as &[SocketAddr]).await?
            }
            BindAddress::UnixSocket(path) => {
                remove_stale_socket(path).await?;
                let listener = UnixListener::bind(path)?;
                let socket = Socket::Unix { listener, _file: SocketFile(path.clone()) };
                return Ok(Self { socket, address: address.clone() });
            }
        };
        Self::of(socket)
    }

    /// Accepts the connections of this socket.
    ///
    /// # Errors
    /// The socket has no address.
    pub fn of(socket: TcpListener) -> io::Result<Self> {
        let address = BindAddress::Ip(socket.local_addr()?);
        Ok(Self { socket: Socket::Tcp(socket), address })
    }

    /// The address, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> &BindAddress {
        &self.address
    }

    /// Whether programs of other machines cannot connect.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match &self.address {
            BindAddress::Ip(address) => address.ip().to_canonical().is_loopback(),
            BindAddress::UnixSocket(_) => true,
            BindAddress::Host(..) | BindAddress::AllAddresses(_) => false,
        }
    }

    /// The next connection, and the client's address. The client of a Unix socket is on this machine.
    pub(super) async fn accept(&self) -> io::Result<(Connection, IpAddr)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, client) = listener.accept().await?;
                Ok((Either::Left(stream), client.ip()))
            }
            Socket::Unix { listener, .. } => {
                Ok((Either::Right(listener.accept().await?.0), Ipv4Addr::LOCALHOST.into()))
            }
        }
    }
}

/// Removes a socket on which no process listens, such as after a crash.
async fn remove_stale_socket(path: &Path) -> io::Result<()> {
    let Ok(file) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !file.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is not a socket"));
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) => Err(error),
    }
}

/// The file of a Unix socket. It is removed with its listener.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed() {
        let ip = |text: &str| BindAddress::Ip(text.parse().unwrap());
        let host = |name: &str, port| BindAddress::Host(name.to_owned(), port);
        let unix = |path: &str| BindAddress::UnixSocket(path.into());
        for (text, expected) in [
            ("127.0.0.1:8000", ip("127.0.0.1:8000")),
            ("[::1]:0", ip("[::1]:0")),
            ("0.0.0.0:80", ip("0.0.0.0:80")),
            ("localhost:8000", host("localhost", 8000)),
            ("api-1.internal:65535", host("api-1.internal", 65535)),
            (":8000", BindAddress::AllAddresses(8000)),
            (":0", BindAddress::AllAddresses(0)),
            ("unix:/run/interviews.sock", unix("/run/interviews.sock")),
            ("unix:api.sock", unix("api.sock")),
            ("/run/interviews.sock", unix("/run/interviews.sock")),
            ("./api.sock", unix("./api.sock")),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        let long = format!("/{}", "x".repeat(107));
        for text in [
            "",
            "localhost",
            "8000",
            "localhost:",
            ":",
            ":x",
            "localhost:+80",
            "localhost:65536",
            "256.0.0.1:80",
            "::1:80",
            "[::1]",
            "http://localhost:80",
            "local host:80",
            "unix:",
            "/run/",
            "*:80",
            &long,
        ] {
            assert_eq!(text.parse::<BindAddress>(), Err(InvalidBindAddress), "{text}");
        }
    }
}
