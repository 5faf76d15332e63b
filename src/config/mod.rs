//! Every setting: a flag, with an environment variable behind it. One struct per layer that has settings.

mod cors_origin;
mod database;
mod graphql;
mod http;
mod jwks;
mod log;
mod secret;
mod services;

pub use cors_origin::{CorsOrigin, InvalidOrigin};
pub use database::DatabaseSettings;
pub use graphql::GraphQlSettings;
pub use http::HttpSettings;
pub use jwks::{JwksError, JwksSettings};
pub use log::{LogFormat, LogSettings};
pub use secret::{Secret, SecretError};
pub use services::{BookingSettings, ServiceSettings, TokenSettings};

use crate::services::ServiceLimits;
use clap::Args;
use clap::builder::RangedU64ValueParser;
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
}

impl ServerSettings {
    /// The limits of the service layer.
    pub(crate) fn service_limits(&self) -> ServiceLimits {
        ServiceLimits {
            max_count: self.services.max_count,
            missed_events: self.services.missed_event_memory,
            bookings: self.bookings.limits(),
        }
    }
}

/// The longest duration that a setting may have: sums of a time and a duration stay representable.
const MAX_DURATION: Duration = Duration::from_hours(24 * 365);

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration > MAX_DURATION { Err("it has to be at most 365days".to_owned()) } else { Ok(duration) }
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() { Err("it has to be more than 0s".to_owned()) } else { Ok(duration) }
}

/// A number of permits: the semaphores that hold them panic on more than an eighth of `usize::MAX`.
fn permits() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(..=1_000_000_000)
}
