//! Settings of the service layer: tokens, users and the event log.

use crate::config::{MAX_DURATION, Secret, SecretError, bytes, duration, duration_within, number, secret, trimmed};
use crate::services::{BookingLimits, CacheLifetimes, Secrets, ServiceLimits, WeakSecret};
use chrono::TimeDelta;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// How tokens are signed and verified.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Tokens")]
pub struct TokenSettings {
    /// Sign and verify tokens with this secret (HS256), at least 32 bytes. Required without a JWKS
    ///
    /// A shorter secret is refused at the start. Servers that share a database need the same secret. As a flag it is
    /// in the list of processes, which every user of the machine can read: use the variable, or `JWT_SECRET_FILE`.
    #[arg(long, value_name = "SECRET", env = "JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<Secret>,
    /// Read secrets from this file instead, one in each line
    ///
    /// The first signs, and all verify. Blank lines do not count. `serve` reads the file again on SIGHUP.
    #[arg(long, value_name = "FILE", env = "JWT_SECRET_FILE", hide_env_values = true, value_parser = secret::file())]
    pub jwt_secret_file: Option<PathBuf>,
    /// Accept only tokens whose `aud` claim names this audience
    ///
    /// Without this setting the claim is not checked. `interviews token` writes the audience into the tokens that it
    /// signs.
    #[arg(long, value_name = "AUDIENCE", env = "JWT_AUDIENCE", value_parser = trimmed)]
    pub jwt_audience: Option<String>,
}

/// How old cached users and the known end of the event log may be.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Users and events")]
pub struct ServiceSettings {
    /// Cache users for this long; revocations and role changes take effect within it
    ///
    /// The users of open WebSockets and event streams are read again at this interval, but not more often than every
    /// 50ms. With 0s every request reads its user.
    #[arg(long, value_name = "DURATION", env = "VIEWER_TTL", default_value = "5s", value_parser = duration)]
    pub viewer_ttl: Duration,
    /// Read the event log at this interval while there are subscribers
    ///
    /// Subscribers receive changes of other servers within this time, and changes of their own server at once. The
    /// server pauses for at least 5ms between two reads.
    #[arg(
        long,
        value_name = "DURATION",
        env = "EVENT_INTERVAL",
        default_value = "100ms",
        value_parser = duration_within(Duration::from_millis(1), Duration::from_mins(1))
    )]
    pub event_interval: Duration,
    /// Keep missed events that subscribers have read and not sent yet in at most this many bytes of memory
    ///
    /// A subscriber who resumes with `since` reads up to 100 missed events at once. When there is little memory left it
    /// reads fewer, and at least one.
    #[arg(
        long,
        value_name = "BYTES",
        env = "MISSED_EVENT_MEMORY",
        default_value_t = ServiceLimits::default().missed_events,
        value_parser = bytes(0)
    )]
    pub missed_event_memory: usize,
    /// Count at most this many items of a list
    ///
    /// A `totalCount` of this value means that there are at least so many. Without a limit, the time for a count would
    /// grow with the list. A page of `interviewChanges` with a filter looks at as many events.
    #[arg(long, value_name = "COUNT", env = "MAX_COUNT", default_value_t = ServiceLimits::default().max_count,
        value_parser = number::<u64>(1, MAX_COUNT))]
    pub max_count: u64,
    /// Remember the idempotency keys of requests for this long
    ///
    /// A request that is repeated with its key within this time is not made a second time.
    #[arg(
        long,
        value_name = "DURATION",
        env = "IDEMPOTENCY_TTL",
        default_value = "24h",
        value_parser = duration_within(Duration::from_mins(1), MAX_DURATION)
    )]
    pub idempotency_ttl: Duration,
}

/// Limits on bookings.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Bookings")]
pub struct BookingSettings {
    /// Allow at most this many open interviews of one application
    ///
    /// Each reserves the driver's time at all companies before the driver has agreed. One more is refused with the code
    /// `TOO_MANY_OPEN_INTERVIEWS`.
    #[arg(
        long,
        value_name = "COUNT",
        env = "MAX_OPEN_INTERVIEWS",
        default_value_t = BookingLimits::default().open_interviews,
        value_parser = number::<u64>(1, 1_000_000_000)
    )]
    pub max_open_interviews: u64,
    /// Allow interviews and proposals that are at most this long, up to 24h
    ///
    /// A longer one is refused with the code `DURATION_TOO_LONG`. Interviews that are longer already stay as they are.
    #[arg(long, value_name = "DURATION", env = "MAX_INTERVIEW_LENGTH", default_value = "24h", value_parser = length)]
    pub max_interview_length: Duration,
}

fn length(text: &str) -> Result<Duration, String> {
    let longest = BookingLimits::default().length.to_std().unwrap_or_default();
    duration_within(Duration::from_millis(1), longest)(text)
}

impl BookingSettings {
    /// The limits as the domain takes them.
    pub(crate) fn limits(&self) -> BookingLimits {
        let length = TimeDelta::from_std(self.max_interview_length).unwrap_or(BookingLimits::default().length);
        BookingLimits { open_interviews: self.max_open_interviews, length }
    }
}

/// `totalCount` is an integer of GraphQL.
const MAX_COUNT: u64 = i32::MAX.unsigned_abs() as u64;

impl TokenSettings {
    /// Whether there is a secret or a file.
    pub(crate) fn is_set(&self) -> bool {
        !matches!(self.read(), Err(SecretError::Missing(_)))
    }

    /// The secrets as they are written.
    pub(crate) fn read(&self) -> Result<Vec<Secret>, SecretError> {
        Secret::resolve_lines("JWT_SECRET", self.jwt_secret.as_ref(), self.jwt_secret_file.as_deref())
    }

    /// The signer and verifier of tokens with these secrets.
    ///
    /// # Errors
    /// [`WeakSecret`]
    pub(crate) fn secrets(&self, secrets: &[Secret]) -> Result<Secrets, WeakSecret> {
        let secrets: Vec<_> = secrets.iter().map(|secret| secret.expose().as_bytes()).collect();
        Secrets::try_new(&secrets, self.jwt_audience.clone().filter(|audience| !audience.is_empty()))
    }
}

impl ServiceSettings {
    /// The settings as the service layer takes them.
    pub(crate) fn cache_lifetimes(&self) -> CacheLifetimes {
        CacheLifetimes { viewers: self.viewer_ttl, log: self.event_interval }
    }

    /// The same for idempotency keys.
    pub(crate) fn key_lifetime(&self) -> TimeDelta {
        TimeDelta::from_std(self.idempotency_ttl).unwrap_or(ServiceLimits::default().key_lifetime)
    }
}
