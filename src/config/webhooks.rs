//! Settings of webhooks.

use crate::config::{Switch, count, duration_within};
use crate::outbound::{AddressPolicy, WebhookProxy, WebhookTransport};
use crate::services::WebhookOptions;
use chrono::TimeDelta;
use clap::Args;
use std::time::Duration;

/// To where webhooks are sent, and for how long.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookSettings {
    /// Give a receiver this long to answer
    ///
    /// The connection has to be there after 5s. An attempt that takes longer has failed, and is made again later.
    #[arg(
        long,
        value_name = "DURATION",
        env = "WEBHOOK_TIMEOUT",
        default_value = "15s",
        value_parser = duration_within(Duration::from_millis(100), Duration::from_secs(20))
    )]
    pub webhook_timeout: Duration,
    /// Send at most this many webhooks at a time
    ///
    /// Of one webhook, all servers together send at most 4 deliveries at a time, and 1 while it fails.
    #[arg(long, value_name = "COUNT", env = "WEBHOOK_CONCURRENCY", default_value_t = 16, value_parser = count(1))]
    pub webhook_concurrency: usize,
    /// Allow webhooks with `http` URLs, whose messages others can read on the way
    ///
    /// Without this setting, such a URL is refused with the code `INVALID_URL`. `dev` allows them.
    #[arg(long, value_name = "SWITCH", env = "WEBHOOK_ALLOW_HTTP", value_enum, default_value_t = Switch::Off)]
    pub webhook_allow_http: Switch,
    /// Allow webhooks to addresses that are not public, such as those of the own network
    ///
    /// Managers of companies choose the URLs. Without this setting, they cannot make the server send requests to its
    /// own network (SSRF). `dev` allows them.
    #[arg(long, value_name = "SWITCH", env = "WEBHOOK_ALLOW_PRIVATE", value_enum, default_value_t = Switch::Off)]
    pub webhook_allow_private: Switch,
    /// Send webhooks through this HTTP proxy, which decides about addresses that belong to names
    ///
    /// The URL begins with `http://`. Without this setting no proxy is used, also where `HTTPS_PROXY` is set. Addresses
    /// in URLs are checked in any case.
    #[arg(long, value_name = "URL", env = "WEBHOOK_PROXY", hide_env_values = true)]
    pub webhook_proxy: Option<WebhookProxy>,
    /// Disable a webhook that has failed for this long without one success
    ///
    /// At least 12h lie between the first and the last failure. Its deliveries are cancelled, and queued when it is
    /// enabled again.
    #[arg(
        long,
        value_name = "DURATION",
        env = "WEBHOOK_DISABLE_AFTER",
        default_value = "5days",
        value_parser = duration_within(Duration::from_hours(12), Duration::from_hours(24 * 365))
    )]
    pub webhook_disable_after: Duration,
    /// Keep deliveries for this long after they have ended
    ///
    /// Until then they are shown, and can be delivered again.
    #[arg(
        long,
        value_name = "DURATION",
        env = "WEBHOOK_RETENTION",
        default_value = "30days",
        value_parser = duration_within(Duration::from_hours(1), Duration::from_hours(24 * 365))
    )]
    pub webhook_retention: Duration,
}

impl WebhookSettings {
    /// The settings as the service layer takes them.
    pub(crate) fn options(&self) -> WebhookOptions {
        WebhookOptions {
            transport: WebhookTransport {
                policy: self.addresses(),
                timeout: self.webhook_timeout,
                proxy: self.webhook_proxy.clone(),
            },
            concurrency: self.webhook_concurrency,
            disable_after: delta(self.webhook_disable_after),
            retention: delta(self.webhook_retention),
        }
    }

    /// What webhooks may reach.
    fn addresses(&self) -> AddressPolicy {
        AddressPolicy {
            allow_http: self.webhook_allow_http == Switch::On,
            allow_private: self.webhook_allow_private == Switch::On,
        }
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
