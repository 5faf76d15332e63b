//! The interview-scheduling server of a driver-recruiting platform, as a library: `docs/ARCHITECTURE.md` tells where each thing
//! lives and why. The layers, each using those before it: [`domain`], [`storage`], [`services`], [`graphql`] and [`http`], [`app`],
//! [`cli`].

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod graphql;
pub mod http;
pub mod services;
pub mod storage;
