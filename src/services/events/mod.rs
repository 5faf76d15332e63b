//! The event log as subscribers follow it.

pub mod follower;
pub mod subscriber;
