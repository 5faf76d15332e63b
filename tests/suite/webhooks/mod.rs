//! Webhooks: managing them, and the delivery of their messages.

mod api;
mod delivery;
mod listen;
