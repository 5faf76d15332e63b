//! The integration tests, one program: they share a PostgreSQL cluster, a template database, and one linking step.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failure here fails a test")]
#![expect(
    clippy::format_collect,
    clippy::needless_pass_by_value,
    reason = "tests prefer the shortest form to the fastest"
)]

#[macro_use]
mod support;

mod api;
mod architecture;
mod calendar;
mod cli;
mod domain;
mod groups;
mod http;
mod idempotency;
mod load;
mod outages;
mod reminders;
mod storage;
mod webhooks;
mod websocket;
mod work;
