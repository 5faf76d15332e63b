//! Webhooks: managing them, and what is delivered to them.

mod changes;
mod missed;
mod queries;
mod redelivery;
mod removal;
mod status;

pub use redelivery::Replay;
