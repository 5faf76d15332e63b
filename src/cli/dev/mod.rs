//! `dev`: a server for development, without configuration.

mod key_file;

pub use key_file::KeyFileError;

use crate::app::{App, BindAddress};
use crate::cli::signals::{self, Hangup};
use crate::cli::{CliError, database, output, serve, start};
use crate::config::{ServerSettings, Switch};
use crate::domain::UserId;
use crate::http::explorer::{Example, Explorer, Prefill};
use crate::http::public_url::PublicUrl;
use crate::services::{Clock, DemoDataError, Tokens, demo};
use crate::storage::{DatabaseOptions, Synchronous};
use chrono::{NaiveDate, TimeDelta};
use clap::Args;
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

/// The arguments of `dev`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Replace the database by fresh demo data
    #[arg(long)]
    reset: bool,
    /// Create this many interviews when there is no database yet, at least 1
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    interviews: u32,
    /// Spread them over the weeks around this date [default: today in UTC]
    #[arg(long, value_name = "DATE", value_parser = database::base_date)]
    base_date: Option<NaiveDate>,
    #[command(flatten)]
    server: ServerSettings,
}

/// Both files are in the working directory.
const DATABASE: &str = "interviews-dev.db";
const KEY: &str = "interviews-dev.key";

pub async fn run(arguments: Arguments, changed_settings: &[String]) -> Result<(), CliError> {
    let Arguments { reset, interviews, base_date, mut server } = arguments;
    // Bind first: where this fails, another `dev` may be using the files of this directory.
    let listener = serve::bind(&server).await?;
    let (address, is_local) = (listener.address().clone(), listener.is_local());
    let key = key_file::read_or_create(KEY).map_err(|error| CliError::KeyFile(KEY, error))?;
    if reset {
        for suffix in ["", "-wal", "-shm"] {
            remove(&format!("{DATABASE}{suffix}"))?;
        }
    }
    let options = DatabaseOptions {
        url: format!("sqlite://{DATABASE}"),
        max_connections: 4,
        max_per_user: None,
        acquire_timeout: Duration::from_secs(3),
        request_timeout: Some(server.http.request_timeout),
        create: true,
        synchronous: Synchronous::Normal,
    };
    let db = start::connect(&options, Duration::ZERO).await?;
    db.migrate_up().await?;
    let base_date = base_date.unwrap_or_else(|| Clock::System.now().date_naive());
    match database::fill(&db, interviews, Some(base_date)).await {
        Ok(()) | Err(CliError::DemoData(DemoDataError::NotEmpty)) => {}
        Err(error) => return Err(error),
    }
    let tokens = Tokens::try_new(key.expose().as_bytes(), None)?;
    let staff = sign(&tokens, demo::STAFF)?;
    let server_url = match &address {
        BindAddress::UnixSocket(_) => format!("{address}, http://localhost"),
        _ => format!("http://{address}"),
    };
    let introduction = format!(
        "GraphiQL    {server_url}/graphql\n\
         REST        {server_url}/api/v1\n\
         Database    {DATABASE} (start over: --reset)\n\
         Tokens, for `Authorization: Bearer …`, valid for 30 days:\n\
         admin   {}\nservice {}\nmanager {}\nstaff   {staff}\ndriver  {}\n",
        sign(&tokens, demo::ADMIN)?,
        sign(&tokens, demo::SERVICE)?,
        sign(&tokens, demo::MANAGER)?,
        sign(&tokens, demo::DRIVER)?,
    );
    // A page that other machines can load has no token.
    let note = if is_local {
        String::new()
    } else {
        format!("GraphiQL does not contain a token, because other machines can reach {address}: enter one.\n")
    };
    if let Err(error) = output::print(format_args!("{introduction}{note}")) {
        tracing::warn!(%error, "the addresses and tokens could not be printed");
    }
    let token = is_local.then_some(staff);
    let explorer = Explorer::new(Some(Prefill { token, examples: Example::of_demo_data() }));
    // With any name in the list, names that are not in it are refused.
    server.http.allowed_hosts.push("localhost".to_owned());
    server.http.default_to_loopback_origins = true;
    // Receivers run on the same machine.
    (server.webhooks.webhook_allow_http, server.webhooks.webhook_allow_private) = (Switch::On, Switch::On);
    server.http.public_url.get_or_insert_with(|| PublicUrl::of(&address));
    let signals = signals::listen(Hangup::Stops)?;
    serve::listen(App::new(db, Clock::System, tokens, explorer, server), listener, signals, changed_settings).await
}

fn sign(tokens: &Tokens, user: UserId) -> Result<String, CliError> {
    Ok(tokens.sign(user, Clock::System.now(), TimeDelta::days(30))?)
}

fn remove(file: &str) -> Result<(), CliError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(CliError::File(file.to_owned(), error)),
        _ => Ok(()),
    }
}
