//! The command line.

mod database;
mod dev;
mod error;
mod serve;

pub use error::CliError;

use crate::config::{DatabaseSettings, LogFormat, LogSettings, Missing, TokenSettings};
use crate::domain::UserId;
use crate::graphql;
use crate::services::Clock;
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Schedules interviews between a company's staff and the drivers who applied to it: a GraphQL API server.
#[derive(Parser, Debug)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogSettings,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve for trying out, without any configuration: a SQLite file with demo data, GraphiQL, tokens printed
    Dev(dev::Arguments),
    /// Serve in production
    Serve(serve::Arguments),
    /// Bring the database's schema up or down, or tell where it is
    Migrate {
        #[command(subcommand)]
        direction: database::Direction,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Print the GraphQL schema
    Schema,
    /// Sign a token with the JWT secret
    Token {
        /// The user's id
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        sub: i64,
        /// How long it is valid
        #[arg(long, default_value = "30d", value_parser = humantime::parse_duration)]
        ttl: Duration,
        #[command(flatten)]
        tokens: TokenSettings,
    },
    /// Fill an empty database with deterministic data, for trying out and for benchmarks
    DemoData {
        /// How many interviews the first company gets
        #[arg(long, default_value_t = 1000)]
        interviews: u32,
        #[command(flatten)]
        database: DatabaseSettings,
    },
}

/// Runs the command.
///
/// # Errors
/// [`CliError`], for whoever typed it.
pub async fn run(cli: Cli) -> Result<(), CliError> {
    init_log(&cli.log)?;
    match cli.command {
        Command::Dev(arguments) => dev::run(arguments).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Migrate { direction, database } => database::migrate(&direction, &database).await,
        Command::Schema => {
            print!("{}", graphql::sdl());
            Ok(())
        }
        Command::Token { sub, ttl, tokens } => token(sub, ttl, &tokens),
        Command::DemoData { interviews, database } => database::demo_data(interviews, &database).await,
    }
}

fn token(sub: i64, ttl: Duration, settings: &TokenSettings) -> Result<(), CliError> {
    let secret = settings.secret().map_err(|Missing(name)| CliError::Missing(vec![name]))?;
    let ttl = chrono::TimeDelta::from_std(ttl).map_err(|_| CliError::TtlTooLong)?;
    let now = Clock::System.now();
    now.checked_add_signed(ttl).ok_or(CliError::TtlTooLong)?;
    println!("{}", settings.tokens(secret)?.sign(UserId(sub), now, ttl)?);
    Ok(())
}

fn init_log(settings: &LogSettings) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|_| CliError::LogFilter(settings.log.clone()))?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
