//! The binary: processes, each in a folder of its own and with an empty environment.

mod backup;
mod commands;
mod delayed_event_log;
mod dev;
mod dev_hosts;
mod dev_key;
mod documents;
mod encoding;
mod export;
mod identity_provider;
mod import;
mod log;
mod migrations;
mod operations;
mod origins;
mod output;
mod poolers;
mod roles;
mod secret_output;
mod secrets;
mod serve;
mod settings;
mod shutdown;
mod sqlite_files;
mod token_revocation;
mod waiting;
