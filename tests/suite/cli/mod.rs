//! The binary as its users run it: real processes, each in its own folder and with an empty environment.

mod commands;
mod dev;
mod documents;
mod serve;
mod settings;
mod shutdown;
