//! `token`: signs a token, or revokes tokens.

use crate::cli::{CliError, database, output};
use crate::config::{DatabaseSettings, Secret, TokenSettings};
use crate::domain::UserId;
use crate::services::{Clock, Revocation, RevokedTokens, SigningError, revoke as revoke_tokens};
use clap::{ArgGroup, Args};
use std::io::{Read, stdin};
use std::time::Duration;

/// The arguments of `token`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["sub", "revoke", "revoke_user"]))]
pub struct Arguments {
    /// Sign a token for the user with this id, and print it
    #[arg(long, value_name = "USER_ID", value_parser = clap::value_parser!(i64).range(1..))]
    sub: Option<i64>,
    /// Let the token expire after this time, a number with a unit such as 12h or 30d
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// Revoke this token. With `-` it is read from standard input
    #[arg(long, value_name = "TOKEN")]
    revoke: Option<Secret>,
    /// Revoke all tokens of the user with this id that were issued before now
    #[arg(long, value_name = "USER_ID", value_parser = clap::value_parser!(i64).range(1..))]
    revoke_user: Option<i64>,
    #[command(flatten)]
    tokens: TokenSettings,
    #[command(flatten)]
    database: DatabaseSettings,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { sub, ttl, revoke, revoke_user, tokens, database } = arguments;
    let revoked = match (sub, revoke, revoke_user) {
        (Some(sub), ..) => return sign(UserId(sub), ttl, &tokens),
        (None, Some(token), _) => RevokedTokens::single(&read(&token)?).ok_or(CliError::NotRevocable)?,
        (None, None, Some(user)) => RevokedTokens::OfUser(UserId(user)),
        (None, None, None) => return Ok(()), // the parser demands one of them
    };
    database::with_database(&database, false, async |db| {
        if !db.migration_state().await?.is_current() {
            return Err(CliError::Behind);
        }
        match revoke_tokens(db, &revoked, Clock::System.now()).await? {
            Revocation::Done(_) => output::print_line("revoked"),
            Revocation::UnknownUser => Err(CliError::UnknownUser),
            Revocation::InvalidJti => Err(CliError::NotRevocable),
        }
    })
    .await
}

fn sign(user: UserId, ttl: Duration, settings: &TokenSettings) -> Result<(), CliError> {
    let secrets = settings.secrets(&settings.read()?)?;
    let ttl = chrono::TimeDelta::from_std(ttl).map_err(|_| CliError::TtlTooLong)?;
    let now = Clock::System.now();
    now.checked_add_signed(ttl).ok_or(CliError::TtlTooLong)?;
    output::print_line(secrets.sign(user, now, ttl).map_err(SigningError::from)?)
}

/// More than any token has, in bytes.
const MAX_TOKEN: u64 = 65_536;

/// The token of the flag, or of standard input.
fn read(token: &Secret) -> Result<String, CliError> {
    if token.expose() != "-" {
        return Ok(token.expose().to_owned());
    }
    let mut text = String::new();
    stdin().take(MAX_TOKEN).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}
