//! Settings of the HTTP layer: the address, connections, and the limits on requests.

use crate::config::{CorsOrigin, MAX_DURATION, bytes, count, duration, duration_within, timeout};
use crate::http::Limits;
use crate::http::host::Host;
use crate::http::origin::Origin;
use crate::http::origins::{AllowedOrigins, OriginRule};
use crate::http::public_url::PublicUrl;
use crate::http::server::listener::BindAddress;
use crate::http::server::long_lived::LongLivedLimits;
use crate::http::server::{ConnectionLimits, Timeouts};
use crate::http::trusted_proxies::TrustedProxies;
use clap::Args;
use std::time::Duration;

/// More pings would take more time than requests.
const MIN_PING_INTERVAL: Duration = Duration::from_millis(100);

/// Where the server listens, and what a request or a connection may take.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct HttpSettings {
    /// Listen on this address and port, or on a Unix socket
    ///
    /// An IP address or a host name with a port, such as `127.0.0.1:8000` or `localhost:8000`; `:8000` is the port on
    /// all addresses of the machine. Port 0 lets the system choose one; the server logs it. `unix:PATH` is a Unix
    /// socket, which is removed when the server stops; the umask decides who may connect.
    #[arg(long, value_name = "ADDRESS", env = "BIND", default_value = "127.0.0.1:8000")]
    pub bind: BindAddress,
    /// Begin links to this server with this URL, such as `https://example.com`
    ///
    /// The addresses of calendar feeds and files begin with it. Without this setting it is the address on which the
    /// server listens, which clients on other machines cannot use. The `Host` of a request is never part of a link.
    #[arg(long, value_name = "URL", env = "PUBLIC_URL")]
    pub public_url: Option<PublicUrl>,
    /// Accept request bodies and WebSocket messages of at most this many bytes
    ///
    /// A larger body is answered with 413; a WebSocket with a larger message is closed with 1009.
    #[arg(long, value_name = "BYTES", env = "MAX_BODY", default_value_t = 1024 * 1024, value_parser = bytes(1))]
    pub max_body: usize,
    /// Use at most this many bytes of memory for requests and responses at a time
    ///
    /// The headers of a request until it ends, bodies and messages while they arrive, parsed requests with their
    /// variables in each place that uses them, and responses until they are written count, from 4 KiB on. The response
    /// to a mutation is reserved before the mutation runs, with 2 KiB for each point of its cost. Beyond the limit a
    /// request is answered with 503, the error code `OVERLOADED` and a `retry-after` header; a WebSocket with a large
    /// message is closed with 1013, and a connection with long headers is closed. A quarter is reserved for requests
    /// and responses of at most 64 KiB. A body whose values alone would need the other three quarters is answered with
    /// 413: a value takes up to 432 bytes. What is still arriving has at most half; when that is full, the oldest head,
    /// body or message that has not arrived in full is refused for the others.
    #[arg(
        long,
        value_name = "BYTES",
        env = "REQUEST_MEMORY",
        default_value_t = 64 * 1024 * 1024,
        value_parser = bytes(65_536)
    )]
    pub request_memory: usize,
    /// Accept batches of at most this many operations
    ///
    /// The operations of a batch run one after the other. A longer batch is answered with 400, and nothing of it runs.
    #[arg(long, value_name = "COUNT", env = "MAX_BATCH", default_value_t = 10, value_parser = count(1))]
    pub max_batch: usize,
    /// Cancel a request that has taken this long
    ///
    /// The time starts when the headers have arrived and includes the body. The request is answered with 503 and the
    /// error code `TIMEOUT`, and what it had begun is rolled back; or with 500 and `OUTCOME_UNKNOWN` if it had
    /// committed a change, or was committing one. PostgreSQL ends a statement after the same time. The limit holds for
    /// each query and mutation on a WebSocket, and for starting a subscription.
    #[arg(long, value_name = "DURATION", env = "REQUEST_TIMEOUT", default_value = "10s", value_parser = timeout)]
    pub request_timeout: Duration,
    /// Close a new connection on which nothing arrived within this time
    ///
    /// Once something has arrived, `--header-timeout` applies.
    #[arg(long, value_name = "DURATION", env = "FIRST_BYTE_TIMEOUT", default_value = "5s", value_parser = timeout)]
    pub first_byte_timeout: Duration,
    /// Close a connection on which a request's headers did not arrive within this time
    ///
    /// The time starts with their first byte, or on a new connection with the connection. Between requests,
    /// `--keep-alive-timeout` applies.
    #[arg(long, value_name = "DURATION", env = "HEADER_TIMEOUT", default_value = "30s", value_parser = timeout)]
    pub header_timeout: Duration,
    /// Close a connection on which no further request began within this time after a response
    ///
    /// Set it above the time for which a proxy or load balancer in front of the server keeps idle connections.
    /// Otherwise the server closes some at the moment in which the proxy sends a request on them, which fails.
    #[arg(long, value_name = "DURATION", env = "KEEP_ALIVE_TIMEOUT", default_value = "75s", value_parser = timeout)]
    pub keep_alive_timeout: Duration,
    /// Refuse a request whose body did not arrive within this time
    ///
    /// It is answered with 408 and the error code `TIMEOUT`.
    #[arg(long, value_name = "DURATION", env = "BODY_TIMEOUT", default_value = "10s", value_parser = timeout)]
    pub body_timeout: Duration,
    /// Close a connection when no bytes could be written for this long
    ///
    /// A WebSocket is closed with 1013 when one message takes this long. Every other connection, such as an event
    /// stream, is closed after twice this time, on Linux also when the client acknowledges nothing.
    #[arg(long, value_name = "DURATION", env = "WRITE_TIMEOUT", default_value = "10s", value_parser = timeout)]
    pub write_timeout: Duration,
    /// Process at most this many requests at a time
    ///
    /// Further requests are answered with 503, the error code `OVERLOADED` and a `retry-after` header. Queries and
    /// mutations on WebSockets count; open subscriptions do not.
    #[arg(long, value_name = "COUNT", env = "MAX_IN_FLIGHT", default_value_t = 512, value_parser = count(1))]
    pub max_in_flight: usize,
    /// Process at most this many requests of one user at a time
    ///
    /// A further one is answered with 429, the error code `RATE_LIMITED` and a `retry-after` header. Queries and
    /// mutations on WebSockets count; open subscriptions do not.
    #[arg(long, value_name = "COUNT", env = "MAX_IN_FLIGHT_PER_USER", default_value_t = 128, value_parser = count(1))]
    pub max_in_flight_per_user: usize,
    /// Keep at most this many connections open, at least 1
    ///
    /// At the limit, the server closes an idle connection for a new one: first the one on which a request has been
    /// arriving for the longest time, then the one whose last response is the oldest. When all have requests in flight
    /// or are long-lived, the new one is answered with 503 and the error code `OVERLOADED`. A connection uses from 15
    /// to 40 KiB of memory: the default fits into 256 MiB. The server raises its soft limit on file descriptors to the
    /// hard one; where that is too low, it logs a warning and keeps fewer connections open.
    #[arg(long, value_name = "COUNT", env = "MAX_CONNECTIONS", default_value_t = 2_000, value_parser = count(1))]
    pub max_connections: usize,
    /// Keep at most this many connections of one client address open, at least 1
    ///
    /// Further ones are answered with 503 and the error code `OVERLOADED`. An IPv6 network of 64 bits counts as one
    /// address. Without this setting there is no such limit. Behind a proxy, list it in `--trusted-proxies`, because
    /// all its clients have its address.
    #[arg(long, value_name = "COUNT", env = "MAX_CONNECTIONS_PER_ADDRESS", value_parser = count(1))]
    pub max_connections_per_address: Option<usize>,
    /// Keep at most this many WebSockets and event streams open
    ///
    /// Further ones are answered with 503, or closed with 1013 when the limit is reached while their clients sign in.
    /// An eighth of `--max-connections` is reserved for requests in any case.
    #[arg(long, value_name = "COUNT", env = "MAX_SOCKETS", default_value_t = 1_500, value_parser = count(1))]
    pub max_sockets: usize,
    /// Keep at most this many WebSockets and event streams of one user open
    ///
    /// A further event stream is answered with 429 and the error code `TOO_MANY_SUBSCRIPTIONS`, a further WebSocket is
    /// closed with 1013.
    #[arg(long, value_name = "COUNT", env = "MAX_SOCKETS_PER_USER", default_value_t = 1000, value_parser = count(1))]
    pub max_sockets_per_user: usize,
    /// Keep at most this many WebSockets open whose clients have not signed in, at least 1
    ///
    /// They are not counted in `--max-sockets`. At the limit, the oldest one without `connection_init` is closed with
    /// 1013 for a new one.
    #[arg(long, value_name = "COUNT", env = "MAX_PENDING_SOCKETS", default_value_t = 512, value_parser = count(1))]
    pub max_pending_sockets: usize,
    /// Run at most this many operations at a time on one WebSocket
    ///
    /// A further operation is refused with the error code `TOO_MANY_SUBSCRIPTIONS`.
    #[arg(long, value_name = "COUNT", env = "MAX_SUBSCRIPTIONS", default_value_t = 100, value_parser = count(1))]
    pub max_subscriptions: usize,
    /// Close a WebSocket on which `connection_init` did not arrive within this time
    ///
    /// It is closed with 4408.
    #[arg(long, value_name = "DURATION", env = "INIT_TIMEOUT", default_value = "3s", value_parser = timeout)]
    pub init_timeout: Duration,
    /// Ping WebSockets and event streams at this interval, at least 100ms
    ///
    /// A WebSocket on which nothing arrived since the last ping is closed. Set it below the idle timeout of every
    /// proxy in front of the server.
    #[arg(
        long,
        value_name = "DURATION",
        env = "PING_INTERVAL",
        default_value = "15s",
        value_parser = duration_within(MIN_PING_INTERVAL, MAX_DURATION)
    )]
    pub ping_interval: Duration,
    /// Trust the client addresses that these proxies send: their own addresses and networks, separated by commas
    ///
    /// Such as `127.0.0.1,10.0.0.0/8,2001:db8::/32`. The client of a request that comes from one of them is the
    /// right-most address in `X-Forwarded-For`, or without this header in `Forwarded`, that is none of them. The rate
    /// limit of clients without a token and the access log use it, and `--max-connections-per-address` does not count
    /// connections of these proxies. List only proxies that append to the header. Without this setting the client is
    /// the peer of the connection.
    #[arg(long, value_name = "NETWORKS", env = "TRUSTED_PROXIES")]
    pub trusted_proxies: Option<TrustedProxies>,
    /// Let pages of these origins call the server, separated by commas; `*` for all
    ///
    /// An origin has the form `https://app.example.com` or `http://localhost:3000`. Case, the default port and a slash
    /// at the end do not matter; an entry with a path, a user name or a wildcard is refused. Requests of other origins
    /// get no CORS headers, and their WebSockets are answered with 403; the server logs each such origin once, with
    /// what would allow it. Pages of the server's own origin and clients other than browsers are not affected. Without
    /// this setting `serve` allows no other origin, and `dev` those of this machine: `localhost` and loopback
    /// addresses, with any port.
    #[arg(long, value_name = "ORIGINS", env = "CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<CorsOrigin>,
    /// Whether pages of this machine may call the server if there are no such origins.
    #[arg(skip)]
    pub default_to_loopback_origins: bool,
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
    /// Go on serving for this long after SIGTERM before the server stops
    ///
    /// Meanwhile `/readyz` answers 503 with `draining`, each response closes its connection, and everything else is
    /// served, also on new connections: load balancers notice before a connection is refused. Then `--shutdown-grace`
    /// begins. Ctrl-C does not wait for it.
    #[arg(long, value_name = "DURATION", env = "SHUTDOWN_DELAY", default_value = "0s", value_parser = duration)]
    pub shutdown_delay: Duration,
    /// Let requests in flight run for this long when the server stops accepting connections
    ///
    /// That is after SIGTERM and `--shutdown-delay`, or after Ctrl-C. The server then closes the connections that are
    /// left, and exits, with 1 if a request was not answered. A second signal ends it at once.
    #[arg(long, value_name = "DURATION", env = "SHUTDOWN_GRACE", default_value = "30s", value_parser = duration)]
    pub shutdown_grace: Duration,
}

/// The name of a host, in the form in which `Host` headers are compared. An empty one is ignored, because a variable
/// can be empty.
fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() {
        return Ok(String::new());
    }
    match Origin::of("http", name).filter(|_| !name.contains(':')).as_ref().map(Origin::host) {
        Some(Host::Name(name)) => Ok(name.clone()),
        Some(Host::Ip(ip)) => Ok(ip.to_string()),
        None => Err("it has to be a host name, without a scheme and a port".to_owned()),
    }
}

impl HttpSettings {
    /// The address of this server for its clients.
    pub(crate) fn public_url(&self) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::of(&self.bind))
    }

    /// The pages of other origins that may call the server.
    pub(crate) fn allowed_origins(&self) -> AllowedOrigins {
        let listed = self.cors_origins.iter().filter_map(|entry| match entry {
            CorsOrigin::One(origin) => Some(origin.clone()),
            CorsOrigin::Empty | CorsOrigin::Any => None,
        });
        let listed: Vec<_> = listed.collect();
        AllowedOrigins::new(if self.cors_origins.contains(&CorsOrigin::Any) {
            OriginRule::Any
        } else if listed.is_empty() && self.default_to_loopback_origins {
            OriginRule::Loopback
        } else {
            OriginRule::Listed(listed)
        })
    }

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

    /// The limits on the number of connections.
    pub(crate) fn connection_limits(&self) -> ConnectionLimits {
        let proxies = self.trusted_proxies.clone().unwrap_or_default();
        ConnectionLimits::new(self.max_connections, self.max_connections_per_address, proxies)
    }

    /// The limits on the number of WebSockets and event streams.
    pub(crate) fn long_lived_limits(&self) -> LongLivedLimits {
        LongLivedLimits {
            total: self.max_sockets,
            per_user: self.max_sockets_per_user,
            pending: self.max_pending_sockets,
        }
    }

    /// The timeouts of connections.
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            first_byte: self.first_byte_timeout,
            header: self.header_timeout,
            keep_alive: self.keep_alive_timeout,
            write: self.write_timeout,
            shutdown_grace: self.shutdown_grace,
        }
    }
}
