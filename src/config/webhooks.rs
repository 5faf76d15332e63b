//! Settings of webhooks.

use crate::config::Switch;
use crate::domain::webhook::address::AddressPolicy;
use clap::Args;

/// Where webhooks are sent.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookSettings {
    /// Allow webhooks with `http` URLs, whose messages others can read on the way
    ///
    /// Without this setting, such a URL is refused with the code `INVALID_URL`.
    #[arg(long, value_name = "SWITCH", env = "WEBHOOK_ALLOW_HTTP", value_enum, default_value_t = Switch::Off)]
    pub webhook_allow_http: Switch,
    /// Allow webhooks to addresses that are not public, such as those of the own network
    ///
    /// Managers of companies choose the URLs. Without this setting, they cannot make the server send requests to its
    /// own network (SSRF).
    #[arg(long, value_name = "SWITCH", env = "WEBHOOK_ALLOW_PRIVATE", value_enum, default_value_t = Switch::Off)]
    pub webhook_allow_private: Switch,
}

impl WebhookSettings {
    /// What webhooks may reach.
    pub(crate) fn addresses(&self) -> AddressPolicy {
        let is_on = |switch| switch == Switch::On;
        AddressPolicy { allow_http: is_on(self.webhook_allow_http), allow_private: is_on(self.webhook_allow_private) }
    }
}
