//! Webhooks: URLs to which the events of the log are sent, as in Standard Webhooks 1.0.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

mod access;
pub mod address;
mod definition;
mod delivery;
mod edit;
mod message_type;
pub mod schedule;
mod secret;
pub mod signature;
mod status;

pub use access::{WebhookRefusal, WebhookResult};
pub use definition::{PreviousSecret, Webhook};
pub use delivery::{Attempt, Delivery, DeliveryError, DeliveryState};
pub use edit::{NewWebhook, WebhookError, WebhookField, WebhookPatch};
pub use message_type::WebhookType;
pub use secret::{InvalidSecret, WebhookSecret};
pub use status::{DisabledReason, WebhookStatus};
