//! Every setting, in one place: a flag, with an environment variable behind it.

use crate::graphql::engine::document::DocumentLimits;
use crate::http::Limits;
use crate::services::{CacheLifetimes, SecretTooShort, Tokens};
use crate::storage::DatabaseOptions;
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// Which database, and how it is used.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// The database: `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The largest number of database connections of this server (on SQLite: of readers, two for each processor at most)
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub database_connections: u32,
    /// How long a request waits for a database connection before it fails
    #[arg(long, env = "DATABASE_TIMEOUT", default_value = "3s", value_parser = humantime::parse_duration)]
    pub database_timeout: Duration,
}

/// How tokens are signed and read.
#[derive(Args, Clone, Debug)]
pub struct TokenSettings {
    /// The secret with which tokens are signed, HS256: at least 32 bytes
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<String>,
    /// The audience that tokens have to name; any or none when it is not set
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,
}

/// How the server listens, and what a request may cost.
#[derive(Args, Clone, Debug)]
pub struct ServerSettings {
    /// The address to listen on
    #[arg(long, env = "BIND", default_value = "127.0.0.1:8000")]
    pub bind: SocketAddr,
    /// The largest request body, in bytes
    #[arg(long, env = "MAX_BODY", default_value_t = 1024 * 1024)]
    pub max_body: usize,
    /// The most operations in a batch
    #[arg(long, env = "MAX_BATCH", default_value_t = 10)]
    pub max_batch: usize,
    /// The most tokens in a document, the white space between them counted as well
    #[arg(long, env = "MAX_TOKENS", default_value_t = 8000)]
    pub max_tokens: usize,
    /// The deepest nesting of brackets in a document
    #[arg(long, env = "MAX_NESTING", default_value_t = 40)]
    pub max_nesting: usize,
    /// The most selections in a document, with every fragment spread
    #[arg(long, env = "MAX_SELECTIONS", default_value_t = 3000)]
    pub max_selections: usize,
    /// The deepest field in a document
    #[arg(long, env = "MAX_DEPTH", default_value_t = 20)]
    pub max_depth: usize,
    /// The most aliases in a document, with every fragment spread
    #[arg(long, env = "MAX_ALIASES", default_value_t = 100)]
    pub max_aliases: usize,
    /// The most directives in a document, with every fragment spread
    #[arg(long, env = "MAX_DIRECTIVES", default_value_t = 100)]
    pub max_directives: usize,
    /// The most that an operation may cost: a field is one, and a list costs its fields as often as it may have items
    #[arg(long, env = "MAX_COMPLEXITY", default_value_t = 20_000)]
    pub max_complexity: usize,
    /// How many valid documents are remembered, and can be named by their hash
    #[arg(long, env = "DOCUMENT_CACHE", default_value_t = 1000)]
    pub document_cache: usize,
    /// The longest time for one request
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "10s", value_parser = humantime::parse_duration)]
    pub request_timeout: Duration,
    /// How long a client may take to send a request's headers; as long may a connection rest between requests
    #[arg(long, env = "HEADER_TIMEOUT", default_value = "30s", value_parser = humantime::parse_duration)]
    pub header_timeout: Duration,
    /// How long a client may take to send a request's body
    #[arg(long, env = "BODY_TIMEOUT", default_value = "10s", value_parser = humantime::parse_duration)]
    pub body_timeout: Duration,
    /// How long a client may take nothing of what is sent to it
    #[arg(long, env = "WRITE_TIMEOUT", default_value = "10s", value_parser = humantime::parse_duration)]
    pub write_timeout: Duration,
    /// The most requests in flight; further ones are told to come back
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 512)]
    pub max_in_flight: usize,
    /// The most WebSockets and event streams that are open; further ones are told to come back
    #[arg(long, env = "MAX_SOCKETS", default_value_t = 10_000)]
    pub max_sockets: usize,
    /// The most operations at a time on one WebSocket
    #[arg(long, env = "MAX_SUBSCRIPTIONS", default_value_t = 100)]
    pub max_subscriptions: usize,
    /// How long a WebSocket may take to send its first message, `connection_init`
    #[arg(long, env = "INIT_TIMEOUT", default_value = "3s", value_parser = humantime::parse_duration)]
    pub init_timeout: Duration,
    /// How often WebSockets and event streams are pinged; a WebSocket that is silent for twice as long is cut
    #[arg(long, env = "PING_INTERVAL", default_value = "15s", value_parser = interval)]
    pub ping_interval: Duration,
    /// How many complexity points a viewer may spend in a minute; as many as they like when it is not set
    #[arg(long, env = "RATE_LIMIT")]
    pub rate_limit: Option<NonZeroU32>,
    /// The origins whose pages may call this server, separated by commas; `*` for all
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// How long requests in flight may go on when the server is told to stop
    #[arg(long, env = "SHUTDOWN_GRACE", default_value = "30s", value_parser = humantime::parse_duration)]
    pub shutdown_grace: Duration,
    /// How often the event log is read for subscribers; changes that this server makes are sent at once
    #[arg(long, env = "EVENT_INTERVAL", default_value = "100ms", value_parser = humantime::parse_duration)]
    pub event_interval: Duration,
    /// How long a user is remembered: so long a revoked token or a changed role may still count
    #[arg(long, env = "VIEWER_TTL", default_value = "5s", value_parser = humantime::parse_duration)]
    pub viewer_ttl: Duration,
}

/// What is logged, to standard error.
#[derive(Args, Clone, Debug)]
pub struct LogSettings {
    /// What is logged, as in `info` or `warn,interviews=debug` (debug: a line a request)
    #[arg(long, global = true, env = "LOG", default_value = "info")]
    pub log: String,
    /// How it is written
    #[arg(long, global = true, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// A JSON object a line
    Json,
}

/// A setting without which a command cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub &'static str);

/// A duration that is not nothing.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if interval.is_zero() { Err("it has to be more than nothing".to_owned()) } else { Ok(interval) }
}

impl DatabaseSettings {
    /// How to connect.
    ///
    /// # Errors
    /// [`Missing`] without a URL.
    pub fn options(&self, create: bool) -> Result<DatabaseOptions, Missing> {
        Ok(DatabaseOptions {
            url: self.database_url.clone().filter(|url| !url.is_empty()).ok_or(Missing("DATABASE_URL"))?,
            max_connections: self.database_connections,
            acquire_timeout: self.database_timeout,
            create,
        })
    }
}

impl TokenSettings {
    /// The secret.
    ///
    /// # Errors
    /// [`Missing`] without one.
    pub fn secret(&self) -> Result<&str, Missing> {
        self.jwt_secret.as_deref().filter(|secret| !secret.is_empty()).ok_or(Missing("JWT_SECRET"))
    }

    /// What signs tokens with this secret.
    ///
    /// # Errors
    /// [`SecretTooShort`]
    pub fn tokens(&self, secret: &str) -> Result<Tokens, SecretTooShort> {
        Tokens::try_new(secret.as_bytes(), self.jwt_audience.clone().filter(|audience| !audience.is_empty()))
    }
}

impl ServerSettings {
    /// What a request may cost.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            body: self.max_body,
            batch: self.max_batch,
            body_time: self.body_timeout,
            time: self.request_timeout,
            init_time: self.init_timeout,
            write_time: self.write_timeout,
            ping: self.ping_interval,
            subscriptions: self.max_subscriptions,
        }
    }

    /// How old what is known may be.
    #[must_use]
    pub fn cache_lifetimes(&self) -> CacheLifetimes {
        CacheLifetimes { viewers: self.viewer_ttl, log: self.event_interval }
    }

    /// What a document may be.
    #[must_use]
    pub fn documents(&self) -> DocumentLimits {
        DocumentLimits {
            tokens: self.max_tokens,
            nesting: self.max_nesting,
            selections: self.max_selections,
            depth: self.max_depth,
            aliases: self.max_aliases,
            directives: self.max_directives,
            complexity: self.max_complexity,
            cached_documents: self.document_cache,
            ..DocumentLimits::default()
        }
    }
}
