//! Webhooks: URLs to which the events of the log are sent, as in Standard Webhooks 1.0.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

pub mod address;
mod delivery;
mod message_type;
pub mod schedule;
mod secret;
pub mod signature;
mod status;
mod webhook;

pub use delivery::{Attempt, AttemptError, Delivery, DeliveryState};
pub use message_type::WebhookType;
pub use secret::{InvalidSecret, WebhookSecret};
pub use status::{DisabledReason, WebhookStatus};
pub use webhook::{PreviousSecret, Webhook};
