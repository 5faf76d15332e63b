//! GraphQL over WebSocket (`graphql-transport-ws`) through raw sockets.

mod close_codes;
mod connection_limits;
mod handshake;
mod operations;
mod shutdown;
mod timeouts;
mod untrusted_input;
