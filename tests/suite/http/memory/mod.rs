//! The memory that clients can make the server use is limited in bytes. The tests read the server's own counters.

mod client;
mod documents;
