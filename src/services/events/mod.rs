//! The event log for subscribers and for clients that poll: one follower per server reads it, and each subscriber
//! filters what the follower sends.

mod broadcast;
pub mod catch_up;
pub mod changes;
pub mod delay;
pub(super) mod epoch;
pub mod follower;
pub mod log_entry;
pub(super) mod missed_memory;
pub mod subscriber;
