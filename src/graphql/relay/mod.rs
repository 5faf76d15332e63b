//! Relay's connections and cursors.

pub mod connection;
pub mod cursor;
