//! The memory that clients can make the server use is limited in bytes. The tests read the server's own counters.

mod arrivals;
mod batches;
mod bodies;
pub mod client;
mod documents;
mod heads;
mod responses;
mod subscriptions;
mod variables;
mod websockets;
