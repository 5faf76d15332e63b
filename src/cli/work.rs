//! `work`: background work in a process of its own.

use crate::cli::signals::{self, Hangup};
use crate::cli::{CliError, serve, start};
use crate::config::{DatabaseSettings, WebhookSettings, WorkInterval};
use crate::services::{CacheLifetimes, Clock, Services, Tokens};
use crate::storage::Db;
use crate::worker::Workers;
use clap::Args;
use std::sync::Arc;

/// The arguments of `work`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    interval: WorkInterval,
    #[command(flatten)]
    webhooks: WebhookSettings,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { database, interval, webhooks } = arguments;
    let db = Db::open(&database.options(false)?)?;
    let signals = signals::listen(Hangup::Stops)?;
    let prepare = async || serve::prepare(&db, false).await;
    tokio::select! {
        started = start::until_available(&db, database.wait_for_database, || {}, prepare) => started?,
        () = signals.drain.cancelled() => return Ok(()),
    }
    // No token is signed or verified here.
    let tokens = Tokens::new(None, None);
    let services =
        Services::new(db.clone(), Clock::System, tokens, CacheLifetimes::default()).with_webhooks(webhooks.options());
    let workers = Workers::new(Arc::new(services), interval.work_interval);
    tracing::info!("background work begins");
    let run = async {
        tokio::join!(workers.run(&signals.drain), async {
            signals.drain.cancelled().await;
            tracing::info!("stopping: background work may finish");
        })
    };
    tokio::select! {
        _ = run => {}
        () = signals.abort.cancelled() => return Err(CliError::WorkCut),
        never = db.watch_sessions() => never,
    }
    tracing::info!("background work has ended");
    Ok(db.close().await?)
}
