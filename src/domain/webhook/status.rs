//! Whether a webhook receives messages.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Whether a webhook receives messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum WebhookStatus {
    /// It does.
    Enabled,
    /// A user has switched it off.
    Paused,
    /// The server has switched it off, for a [`DisabledReason`].
    Disabled,
}

/// Why the server has switched a webhook off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DisabledReason {
    /// The receiver has responded with 410 Gone.
    Gone,
    /// No delivery has succeeded for a long time.
    Failing,
}
