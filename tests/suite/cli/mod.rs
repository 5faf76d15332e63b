//! The binary: processes, each in a folder of its own and with an empty environment.

mod commands;
mod dev;
mod documents;
mod operations;
mod serve;
mod settings;
mod shutdown;
