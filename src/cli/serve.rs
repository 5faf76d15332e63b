//! `serve`: the server in production.

use crate::app;
use crate::app::App;
use crate::cli::{CliError, database};
use crate::config::{DatabaseSettings, ServerSettings, TokenSettings};
use crate::http::explorer::Explorer;
use crate::services::Clock;
use crate::storage::DatabaseOptions;
use clap::Args;
use tokio::net::TcpListener;

/// The arguments of `serve`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Apply pending migrations before serving
    #[arg(long)]
    migrate: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    tokens: TokenSettings,
    #[command(flatten)]
    server: ServerSettings,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { migrate, database, tokens, server } = arguments;
    let (options, secret) = match (database.options(migrate), tokens.secret()) {
        (Ok(options), Ok(secret)) => {
            (DatabaseOptions { request_timeout: Some(server.http.request_timeout), ..options }, secret)
        }
        (options, secret) => return Err(CliError::settings(options.err().into_iter().chain(secret.err()))),
    };
    let tokens = tokens.tokens(&secret)?;
    let db = database::connect(&options).await?;
    if migrate {
        db.migrate_up().await?;
    }
    db.require_rights_to_serve().await?;
    let state = db.migration_state().await?;
    state.require_own_database()?;
    if state.is_current() {
        database::rebase_log_after_restore(&db).await?;
    } else {
        tracing::warn!(
            "the database's schema is behind: run `interviews migrate up`; until then this server is not ready"
        );
    }
    let listener = bind(&server).await?;
    listen(App::new(db, Clock::System, tokens, Explorer::new(None), server), listener).await
}

/// Serves until a signal stops the server. A second signal ends the process without waiting for requests in flight.
pub async fn listen(app: App, listener: TcpListener) -> Result<(), CliError> {
    let signals = app::listen_for_signals()?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    tokio::select! {
        () = app.serve(listener, signals.drain.cancelled_owned()) => Ok(()),
        () = signals.abort.cancelled() => Err(CliError::Aborted),
    }
}

/// Binds the address. The system queues connections until [`listen`] accepts them.
pub async fn bind(settings: &ServerSettings) -> Result<TcpListener, CliError> {
    TcpListener::bind(settings.http.bind).await.map_err(|error| CliError::Listen(settings.http.bind, error))
}
