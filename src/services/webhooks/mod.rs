//! Webhooks: managing them, and what is delivered to them.

mod body;
mod changes;
mod dispatch;
mod missed;
mod queries;
mod redelivery;
mod send;
mod sender;
mod status;

pub use changes::ChangedWebhook;
pub use redelivery::Replay;
pub use sender::WebhookOptions;
pub(crate) use sender::WebhookSender;
