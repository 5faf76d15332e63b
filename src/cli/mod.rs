//! The command line: one file for each command or two.

mod backup;
mod command_line;
mod configuration;
mod database;
mod dev;
mod environment;
mod error;
mod export;
mod import;
mod json_lines;
mod log;
mod output;
mod progress_bar;
mod reload;
mod secret_flags;
mod serve;
mod signals;
mod start;
mod token;
mod webhooks;
mod work;

pub use error::CliError;

use crate::config::{DatabaseSettings, LogSettings};
use crate::graphql;
use chrono::NaiveDate;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::env;
use std::process::ExitCode;

/// Schedule interviews between a company's staff and the drivers who applied to it: a GraphQL API server
#[derive(Parser, Debug)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogSettings,
    /// The flags that have a secret as their value.
    #[arg(skip)]
    secret_flags: Vec<&'static str>,
    /// Variables of the environment that look like settings and are none.
    #[arg(skip)]
    misspelt_variables: Vec<String>,
    /// The settings that differ from their defaults.
    #[arg(skip)]
    changed_settings: Vec<String>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a server for development, without configuration: a SQLite file with demo data, GraphiQL, and printed tokens
    #[command(after_help = DURATIONS)]
    Dev(Box<dev::Arguments>),
    /// Run the server in production
    #[command(after_help = DURATIONS)]
    Serve(Box<serve::Arguments>),
    /// Do background work alone, for servers with `--workers off`: write reminders, send webhooks, and delete
    /// old rows
    #[command(after_help = DURATIONS)]
    Work(work::Arguments),
    /// Apply or revert migrations of the database, or print their state
    #[command(after_help = DURATIONS)]
    Migrate {
        #[command(subcommand)]
        direction: database::Direction,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Print the GraphQL schema
    Schema,
    /// Sign a token for a user and print it, or revoke tokens
    #[command(after_help = DURATIONS)]
    Token(Box<token::Arguments>),
    /// Fill an empty database with deterministic demo data
    #[command(after_help = DURATIONS)]
    DemoData {
        /// Create this many interviews in the first company, at least 1
        #[arg(long, value_name = "COUNT", default_value_t = 1000)]
        interviews: u32,
        /// Spread the interviews over the weeks around this date, such as 2026-11-27. Without it they begin in January
        /// 2026, at the times that benchmarks compare
        #[arg(long, value_name = "DATE", value_parser = database::base_date)]
        base_date: Option<NaiveDate>,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Import companies, users, applications and interviews from lines of JSON. Exits with 1 if a line was refused, and
    /// with 2 if not all lines could be read and judged
    #[command(after_help = DURATIONS)]
    Import(import::Arguments),
    /// Export all rows that concern a user as lines of JSON
    #[command(after_help = DURATIONS)]
    Export(export::Arguments),
    /// Make clients of the event log query anew. For a restore that the server cannot notice, such as of a snapshot
    #[command(after_help = DURATIONS)]
    ExpireCursors {
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Copy a SQLite database to a new file, while servers use it, and check the copy
    #[command(after_help = DURATIONS)]
    Backup(backup::Arguments),
    /// Receive webhooks during development
    Webhooks {
        #[command(subcommand)]
        command: webhooks::WebhooksCommand,
    },
    /// Print the reference of commands and settings as Markdown
    #[command(hide = true)]
    Configuration,
}

const DURATIONS: &str = "A DURATION is a number with a unit, such as 500ms, 10s or 2min, and at most 365days.";

impl Cli {
    /// Parses the command line and the environment. Ends the process if they are invalid, or for `--help`.
    #[must_use]
    pub fn from_command_line() -> Self {
        let arguments: Vec<_> = env::args_os().collect();
        let parsed = environment::without_blank_variables(Self::command())
            .try_get_matches_from(&arguments)
            .and_then(|matches| Ok((Self::from_arg_matches(&matches)?, matches)));
        let mut command = Self::command();
        command.build();
        let (cli, matches) = parsed.unwrap_or_else(|error| {
            let error = environment::with_variable_name(error, &command, &arguments);
            command_line::without_secrets(error, arguments.clone()).exit()
        });
        Self {
            secret_flags: secret_flags::find(&matches),
            misspelt_variables: environment::misspelt_variables(&command, env::vars_os().map(|(name, _)| name)),
            changed_settings: environment::changed_settings(&command, &matches),
            ..cli
        }
    }
}

/// Runs the command, and returns the exit code of the process.
///
/// # Errors
/// [`CliError`], whose text is for the user of the command line.
pub async fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let _log = log::init(&cli.log)?;
    secret_flags::warn(&cli.secret_flags);
    for misspelt in &cli.misspelt_variables {
        tracing::warn!("{misspelt}");
    }
    match cli.command {
        Command::Import(arguments) => return import::run(arguments).await,
        Command::Dev(arguments) => Box::pin(dev::run(*arguments, &cli.changed_settings)).await,
        Command::Serve(arguments) => Box::pin(serve::run(*arguments, &cli.changed_settings)).await,
        Command::Work(arguments) => Box::pin(work::run(arguments)).await,
        Command::Migrate { direction, database } => database::migrate(&direction, &database).await,
        Command::Schema => output::print(graphql::sdl()),
        Command::Token(arguments) => token::run(*arguments).await,
        Command::DemoData { interviews, base_date, database } => {
            database::demo_data(interviews, base_date, &database).await
        }
        Command::Export(arguments) => export::run(arguments).await,
        Command::ExpireCursors { database } => database::expire_cursors(&database).await,
        Command::Backup(arguments) => backup::run(arguments).await,
        Command::Webhooks { command } => webhooks::run(command).await,
        Command::Configuration => output::print(configuration::reference()),
    }?;
    Ok(ExitCode::SUCCESS)
}
