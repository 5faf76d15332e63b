//! `serve`: the server in production.

use crate::app::{App, Listener, Stopped};
use crate::cli::database::verify_current_event_log;
use crate::cli::signals::{self, Hangup, ShutdownSignals};
use crate::cli::{CliError, reload, start};
use crate::config::{DatabaseSettings, JwksSettings, SecretError, ServerSettings, TokenSettings};
use crate::http::explorer::Explorer;
use crate::http::public_url::PublicUrl;
use crate::services::{Clock, Tokens};
use crate::storage::{DatabaseOptions, Db, Outage};
use clap::Args;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;

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
    jwks: JwksSettings,
    #[command(flatten)]
    server: ServerSettings,
}

/// The server listens no later than this, so that health checks are answered during a migration that takes long. A
/// start without one takes less.
const LISTEN_AFTER: Duration = Duration::from_secs(2);

pub async fn run(arguments: Arguments, changed_settings: &[String]) -> Result<(), CliError> {
    let Arguments { migrate, database, tokens: token_settings, jwks, mut server } = arguments;
    let options = database.options(migrate).map_err(CliError::from);
    let (options, tokens) = match (options, tokens(&token_settings, &jwks)) {
        (Ok(options), Ok(tokens)) => {
            (DatabaseOptions { request_timeout: Some(server.http.request_timeout), ..options }, tokens)
        }
        (options, tokens) => return Err(CliError::settings(options.err().into_iter().chain(tokens.err()))),
    };
    if let Some(provider) = tokens.identity_provider().filter(|_| jwks.is_file()) {
        provider.load(&Clock::System).await?;
    }
    let db = Db::open(&options)?;
    let (signals, hangup) = (signals::listen(Hangup::IsHandled)?, reload::listen()?);
    let failed = Notify::new();
    let prepare = async || prepare(&db, migrate).await;
    let mut starting = pin!(start::until_available(&db, database.wait_for_database, || failed.notify_one(), prepare));
    let is_started = tokio::select! {
        started = &mut starting => started.map(|()| true)?,
        () = failed.notified() => false,
        () = sleep(LISTEN_AFTER) => false,
        () = signals.drain.cancelled() => return Ok(()),
    };
    let listener = bind(&server).await?;
    if server.http.public_url.is_none() {
        let url = PublicUrl::of(listener.address());
        if !listener.is_local() {
            tracing::info!(%url, "links begin with this URL, which other machines cannot use: set PUBLIC_URL");
        }
        server.http.public_url = Some(url);
    }
    let app = App::new(db.clone(), Clock::System, tokens, Explorer::new(None), server);
    if !is_started {
        app.hold_requests();
    }
    let start = async {
        if !is_started {
            starting.await?;
            app.admit_requests();
        }
        fold_names(&db).await;
        db.watch_sessions().await;
        Ok(())
    };
    tokio::select! {
        served = listen(app.clone(), listener, signals, changed_settings) => served,
        failed = start => failed,
        never = reload::on_each(hangup, &token_settings, app.services()) => never,
    }
}

/// What signs and verifies tokens: secrets, the keys of an identity provider, or both.
fn tokens(settings: &TokenSettings, jwks: &JwksSettings) -> Result<Tokens, CliError> {
    match (settings.read(), jwks.identity_provider()) {
        (Err(SecretError::Missing(_)), Ok(Some(provider))) => Ok(Tokens::new(None, Some(provider))),
        (Ok(secrets), Ok(provider)) => Ok(Tokens::new(Some(settings.secrets(&secrets)?), provider)),
        (secrets, provider) => {
            // A key set whose other settings are missing would do without a secret.
            let secrets = secrets.err().filter(|error| provider.is_ok() || !matches!(error, SecretError::Missing(_)));
            let errors = secrets.map(CliError::from).into_iter().chain(provider.err().map(CliError::from));
            Err(CliError::settings(errors))
        }
    }
}

/// Does what has to be done, and checks what has to be true, before the first request is served.
pub async fn prepare(db: &Db, migrate: bool) -> Result<(), CliError> {
    db.start().await?;
    if migrate {
        db.migrate_up().await?;
    }
    db.require_rights_to_serve().await?;
    db.migration_state().await?.require_own_database()?;
    let is_current = match verify_current_event_log(db).await {
        // No epoch can be drawn now. Nobody reads the log before this check succeeds. Other queries are served.
        Err(error) if error.outage() == Some(Outage::ReadOnly) => true,
        verified => verified?,
    };
    if !is_current {
        tracing::warn!(
            "the database's schema is behind: run `interviews migrate up`; until then this server is not ready"
        );
    }
    Ok(())
}

/// Folds the names that servers of the previous release have written. Without it, searches find them less well.
async fn fold_names(db: &Db) {
    let folded = async { if db.migration_state().await?.is_current() { db.fold_names().await } else { Ok(()) } };
    if let Err(error) = folded.await {
        tracing::warn!(%error, "names could not be folded for searches");
    }
}

/// Serves until a signal stops the server: after `SHUTDOWN_DELAY`, unless it is from a terminal. A second signal ends
/// the process without waiting for requests in flight.
pub async fn listen(
    app: App,
    listener: Listener,
    signals: ShutdownSignals,
    changed_settings: &[String],
) -> Result<(), CliError> {
    tracing::info!(settings = changed_settings.join(" "), "these settings differ from the defaults");
    tracing::info!(address = %listener.address(), "listening");
    let draining = app.clone();
    let stop = async {
        signals.drain.cancelled().await;
        if !signals.is_from_terminal() {
            draining.drain().await;
        }
    };
    tokio::select! {
        stopped = Box::pin(app.serve(listener, stop)) => match stopped {
            Stopped::InOrder => Ok(()),
            Stopped::RequestsCut => Err(CliError::RequestsCut),
        },
        () = signals.abort.cancelled() => Err(CliError::Aborted),
    }
}

/// Binds the address. The system queues connections until [`listen`] accepts them.
pub async fn bind(settings: &ServerSettings) -> Result<Listener, CliError> {
    let address = &settings.http.bind;
    Listener::bind(address).await.map_err(|error| CliError::Listen(address.clone(), error))
}
