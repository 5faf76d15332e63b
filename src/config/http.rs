//! Settings of the HTTP layer: the address, connections, and the limits on requests.

use crate::config::{duration, permits, positive_duration};
use crate::http::Limits;
use crate::http::server::Timeouts;
use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;

/// Where the server listens, and what a request or a connection may take.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct HttpSettings {
    /// Listen on this address and port
    ///
    /// Port 0 lets the system choose one; the server logs it.
    #[arg(long, value_name = "ADDRESS", env = "BIND", default_value = "127.0.0.1:8000")]
    pub bind: SocketAddr,
    /// Accept request bodies and WebSocket messages of at most this many bytes
    ///
    /// A larger body is answered with 413; a WebSocket with a larger message is closed with 1009.
    #[arg(long, value_name = "BYTES", env = "MAX_BODY", default_value_t = 1024 * 1024)]
    pub max_body: usize,
    /// Use at most this many bytes of memory for requests and responses at a time
    ///
    /// Bodies and messages while they arrive, parsed requests, and responses until they are written count, from 4 KiB
    /// on. Beyond the limit a request is answered with 503, the error code `OVERLOADED` and a `retry-after` header; a
    /// WebSocket with a large message is closed with 1013. A quarter is reserved for requests and responses of at most
    /// 64 KiB. A body whose values alone would need the other three quarters is answered with 413: a value takes up
    /// to 432 bytes.
    #[arg(long, value_name = "BYTES", env = "REQUEST_MEMORY", default_value_t = 64 * 1024 * 1024)]
    pub request_memory: usize,
    /// Accept batches of at most this many operations
    ///
    /// The operations of a batch run one after the other. A longer batch is answered with 400, and nothing of it runs.
    #[arg(long, value_name = "COUNT", env = "MAX_BATCH", default_value_t = 10)]
    pub max_batch: usize,
    /// Cancel a request that has taken this long
    ///
    /// The time starts when the headers have arrived and includes the body. The request is answered with 503 and the
    /// error code `TIMEOUT`, and what it had begun is rolled back; or with 500 and `OUTCOME_UNKNOWN` if it had
    /// committed a change, or was committing one. PostgreSQL ends a statement after the same time. The limit holds for
    /// each query and mutation on a WebSocket, and for starting a subscription.
    #[arg(long, value_name = "DURATION", env = "REQUEST_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub request_timeout: Duration,
    /// Close a connection on which a request's headers did not arrive within this time
    ///
    /// An idle connection is closed after the same time. Set it above the idle timeout of a proxy that reuses
    /// connections.
    #[arg(long, value_name = "DURATION", env = "HEADER_TIMEOUT", default_value = "30s", value_parser = duration)]
    pub header_timeout: Duration,
    /// Refuse a request whose body did not arrive within this time
    ///
    /// It is answered with 408 and the error code `TIMEOUT`.
    #[arg(long, value_name = "DURATION", env = "BODY_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub body_timeout: Duration,
    /// Close a connection when no bytes could be written for this long
    ///
    /// A WebSocket is closed with 1013 when one message takes this long. Every other connection, such as an event
    /// stream, is closed after twice this time, on Linux also when the client acknowledges nothing.
    #[arg(long, value_name = "DURATION", env = "WRITE_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub write_timeout: Duration,
    /// Process at most this many requests at a time
    ///
    /// Further requests are answered with 503, the error code `OVERLOADED` and a `retry-after` header. Queries and
    /// mutations on WebSockets count; open subscriptions do not.
    #[arg(long, value_name = "COUNT", env = "MAX_IN_FLIGHT", default_value_t = 512, value_parser = permits())]
    pub max_in_flight: usize,
    /// Keep at most this many WebSockets and event streams open
    ///
    /// Further ones are answered with 503. Each uses a file descriptor: `ulimit -n` has to be larger.
    #[arg(long, value_name = "COUNT", env = "MAX_SOCKETS", default_value_t = 10_000, value_parser = permits())]
    pub max_sockets: usize,
    /// Run at most this many operations at a time on one WebSocket
    ///
    /// A further operation is refused with the error code `TOO_MANY_SUBSCRIPTIONS`.
    #[arg(long, value_name = "COUNT", env = "MAX_SUBSCRIPTIONS", default_value_t = 100)]
    pub max_subscriptions: usize,
    /// Close a WebSocket on which `connection_init` did not arrive within this time
    ///
    /// It is closed with 4408.
    #[arg(long, value_name = "DURATION", env = "INIT_TIMEOUT", default_value = "3s", value_parser = duration)]
    pub init_timeout: Duration,
    /// Ping WebSockets and event streams at this interval, more than 0s
    ///
    /// A WebSocket on which nothing arrived since the last ping is closed. Set it below the idle timeout of every
    /// proxy in front of the server.
    #[arg(
        long,
        value_name = "DURATION",
        env = "PING_INTERVAL",
        default_value = "15s",
        value_parser = positive_duration
    )]
    pub ping_interval: Duration,
    /// Let pages of these origins call the server, separated by commas; `*` for all
    ///
    /// An origin has the form `https://app.example.com`. Requests of other origins get no CORS headers, and their
    /// WebSockets are answered with 403. Pages of the server's own origin and clients other than browsers are not
    /// affected.
    #[arg(long, value_name = "ORIGINS", env = "CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// Answer only requests for these host names, separated by commas
    ///
    /// A request with another `Host` is answered with 421. IP addresses and `localhost` are always answered. Without
    /// this setting `serve` answers for every name, and `dev` for none besides those. A page of another site can
    /// reach a server without TLS by letting the site's name resolve to it (DNS rebinding); this setting prevents it.
    #[arg(
        long,
        value_name = "NAMES",
        env = "ALLOWED_HOSTS",
        value_delimiter = ',',
        value_parser = host_name
    )]
    pub allowed_hosts: Vec<String>,
    /// Let requests in flight run for this long after SIGTERM or Ctrl-C
    ///
    /// The server then closes the connections that are left, and exits. A second signal ends it at once.
    #[arg(long, value_name = "DURATION", env = "SHUTDOWN_GRACE", default_value = "30s", value_parser = duration)]
    pub shutdown_grace: Duration,
}

/// The name of a host, in lower case. An empty one is ignored, because a variable can be empty.
fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_'));
    if is_name { Ok(name) } else { Err("it has to be a host name, without a scheme and a port".to_owned()) }
}

impl HttpSettings {
    /// The limits on requests and messages.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_body: self.max_body,
            max_batch: self.max_batch,
            body_timeout: self.body_timeout,
            request_timeout: self.request_timeout,
            init_timeout: self.init_timeout,
            write_timeout: self.write_timeout,
            ping_interval: self.ping_interval,
            max_subscriptions: self.max_subscriptions,
        }
    }

    /// The limits on connections.
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts { header: self.header_timeout, write: self.write_timeout, shutdown_grace: self.shutdown_grace }
    }
}
