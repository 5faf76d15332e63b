//! The binary as its users run it: real processes, each in a folder of its own and with nothing in its environment but what the test
//! sets.

mod commands;
mod dev;
pub mod process;
mod readme;
mod serve;
mod settings;
mod shutdown;
