//! What `serve` reads again on SIGHUP: the secrets of tokens, and the keys of the identity provider.

use crate::config::TokenSettings;
use crate::services::Services;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for SIGHUP, which does not end the process from now on.
pub fn listen() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Reads the secrets and keys again on each SIGHUP. What cannot be read stays as it is.
pub async fn on_each(mut hangup: Signal, settings: &TokenSettings, services: &Services) -> ! {
    loop {
        if hangup.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        if settings.is_set() {
            replace_secrets(settings, services);
        }
        if services.tokens().identity_provider().is_some() {
            match services.refresh_keys().await {
                Ok(()) => tracing::info!("the key set was read again"),
                Err(error) => tracing::error!(%error, "the key set cannot be read again: the former keys stay in use"),
            }
        }
    }
}

fn replace_secrets(settings: &TokenSettings, services: &Services) {
    let secrets = settings.read().map_err(|error| error.to_string());
    match secrets.and_then(|secrets| settings.secrets(&secrets).map_err(|error| error.to_string())) {
        Ok(secrets) => {
            tracing::info!(secrets = secrets.count(), "the secrets of tokens were read again");
            services.tokens().replace_secrets(secrets);
        }
        Err(error) => tracing::error!(error, "the secrets of tokens cannot be read again: the former ones stay in use"),
    }
}
