//! The binary: processes, each in a folder of its own and with an empty environment.

mod commands;
mod dev;
mod documents;
mod migrations;
mod operations;
mod roles;
mod serve;
mod settings;
mod shutdown;
