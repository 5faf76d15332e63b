//! Every setting: a flag, with an environment variable behind it. One struct per layer that has settings.

mod cors_origin;
mod database;
mod graphql;
mod http;
mod jwks;
mod log;
mod secret;
mod services;
mod webhooks;
mod work;

pub use cors_origin::{CorsOrigin, InvalidOrigin};
pub use database::DatabaseSettings;
pub use graphql::GraphQlSettings;
pub use http::HttpSettings;
pub use jwks::{JwksError, JwksSettings};
pub use log::{LogFormat, LogSettings};
pub use secret::{Secret, SecretError};
pub use services::{BookingSettings, ServiceSettings, TokenSettings};
pub use webhooks::WebhookSettings;
pub use work::{Switch, WorkInterval, WorkSettings};

use crate::services::ServiceLimits;
use clap::Args;
use std::convert::Infallible;
use std::time::Duration;

/// The settings that `serve` and `dev` share.
#[derive(Args, Clone, Debug)]
pub struct ServerSettings {
    /// The HTTP layer.
    #[command(flatten)]
    pub http: HttpSettings,
    /// The GraphQL engine.
    #[command(flatten)]
    pub graphql: GraphQlSettings,
    /// The service layer.
    #[command(flatten)]
    pub services: ServiceSettings,
    /// The rules of bookings.
    #[command(flatten)]
    pub bookings: BookingSettings,
    /// Where webhooks are sent.
    #[command(flatten)]
    pub webhooks: WebhookSettings,
    /// Background work.
    #[command(flatten)]
    pub work: WorkSettings,
}

impl ServerSettings {
    /// The limits of the service layer.
    pub(crate) fn service_limits(&self) -> ServiceLimits {
        ServiceLimits {
            max_count: self.services.max_count,
            missed_events: self.services.missed_event_memory,
            bookings: self.bookings.limits(),
            key_lifetime: self.services.key_lifetime(),
        }
    }
}

/// The longest duration that a setting may have: sums of a time and a duration stay representable.
const MAX_DURATION: Duration = Duration::from_hours(24 * 365);

/// A duration that may be none.
fn duration(text: &str) -> Result<Duration, String> {
    duration_within(Duration::ZERO, MAX_DURATION)(text)
}

/// A duration after which something ends.
fn timeout(text: &str) -> Result<Duration, String> {
    duration_within(Duration::from_millis(1), MAX_DURATION)(text)
}

/// A parser of durations in this range.
fn duration_within(least: Duration, most: Duration) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync {
    move |text| {
        let duration = humantime::parse_duration(text.trim()).map_err(|error| error.to_string())?;
        if (least..=most).contains(&duration) {
            return Ok(duration);
        }
        // The longest one is a year for humantime, and would be printed as 11 months.
        let most =
            if most == MAX_DURATION { "365days".to_owned() } else { humantime::format_duration(most).to_string() };
        Err(format!("it has to be from {} to {most}", humantime::format_duration(least)))
    }
}

/// A parser of whole numbers in this range.
fn number<T: TryFrom<u64>>(least: u64, most: u64) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync {
    move |text| {
        let number = text.trim().parse().ok().filter(|number| (least..=most).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("it has to be a whole number from {least} to {most}"))
    }
}

/// A number of things, from `least`. The semaphores that hold permits panic on more than an eighth of `usize::MAX`.
fn count(least: u64) -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync {
    number(least, 1_000_000_000)
}

/// A number of bytes, from `least` to 1 TiB.
fn bytes(least: u64) -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync {
    number(least, 1 << 40)
}

/// A text without the white space around it, such as the newline of a file.
#[expect(clippy::unnecessary_wraps, reason = "a parser of clap returns a Result")]
fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}
