//! The integration tests, one program for them all: one PostgreSQL cluster, one template database, and one link. Each module proves
//! what its first lines say; `support` has what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails a test")]
#![allow(
    clippy::format_collect,
    clippy::needless_pass_by_value,
    reason = "the shortest way to say it, and nobody waits for it"
)]

#[macro_use]
mod support;

mod api;
mod architecture;
mod cli;
mod domain;
mod http;
mod load;
mod storage;
mod websocket;
