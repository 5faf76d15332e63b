//! The binary as its users run it: real processes, each in a folder of its own and with nothing in its environment but what the test
//! sets.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod commands;
mod dev;
mod process;
mod readme;
mod serve;
mod settings;
mod shutdown;
#[path = "../support/mod.rs"]
mod support;
