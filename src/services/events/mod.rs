//! The event log for subscribers: one follower per server reads it, and each subscriber filters what the follower
//! sends.

pub mod follower;
pub mod subscriber;
