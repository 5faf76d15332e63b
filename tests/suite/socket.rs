//! GraphQL over WebSocket, by the protocol's text, through raw sockets; and as server-sent events.

mod admission;
pub mod client;
mod closing;
mod events;
mod hostile;
mod operations;
pub mod server;
mod silence;
mod stopping;
