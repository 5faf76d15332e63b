//! The interview-scheduling server of a driver-recruiting platform, as a library. `docs/ARCHITECTURE.md` explains the
//! structure. Each layer uses the layers before it: [`domain`], [`storage`], [`outbound`], [`services`], [`graphql`],
//! [`worker`], [`http`], [`config`], [`app`], [`cli`].

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod graphql;
pub mod http;
pub mod outbound;
pub mod services;
pub mod storage;
pub mod worker;
