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

mod batching;
mod cli;
mod constraints;
mod crash;
mod demo_data;
mod direct;
mod double_booking;
mod execution;
mod filters;
mod filters_by_time;
mod fuzz;
mod graphql_over_http;
mod hostile;
mod http;
mod layers;
mod life;
mod limits;
mod live;
mod migrations;
mod paging;
mod paging_arguments;
mod paging_lists;
mod paging_meanwhile;
mod race;
mod reading;
mod rest_siblings;
mod rest_update;
mod schema;
mod searching;
mod socket;
mod state_machine;
mod tokens;
mod update;
mod visibility;
