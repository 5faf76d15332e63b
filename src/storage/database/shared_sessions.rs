//! A pooler that shares sessions, found out while the server runs: its mode was changed, or the address was moved
//! to it. No statement is sent until each connection has a session of its own again.

use crate::storage::StorageError;
use crate::storage::database::Db;
use crate::storage::database::address::Address;
use crate::storage::database::session_check::{POOLER, check_sessions};
use sea_orm::{DbErr, RuntimeErr, sqlx};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_secs(1);

/// What the connections of a pool know about their sessions.
#[derive(Debug, Default)]
pub struct SessionState {
    suspicion: Notify,
    are_shared: AtomicBool,
}

impl SessionState {
    pub fn are_shared(&self) -> bool {
        self.are_shared.load(Ordering::Acquire)
    }

    /// Fails while sessions are shared.
    pub fn require_own(&self) -> Result<(), DbErr> {
        if self.are_shared() { Err(DbErr::Conn(RuntimeErr::Internal(POOLER.to_owned()))) } else { Ok(()) }
    }

    /// Has the sessions checked if the error is one of a session that other clients use, too.
    pub fn notice(&self, error: &sqlx::Error) {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if code.is_some_and(|code| is_sign_of_shared_session(&code)) {
            self.suspicion.notify_one();
        }
    }
}

/// A prepared statement is missing, or exists already, or has other parameters: it is another client's. The statement
/// was not executed.
pub fn is_sign_of_shared_session(sqlstate: &str) -> bool {
    matches!(sqlstate, "26000" | "42P05" | "08P01")
}

impl Db {
    /// Checks the sessions whenever an error makes it likely that they are shared, and refuses statements while they
    /// are. Runs until it is dropped.
    pub async fn watch_sessions(&self) {
        let (state, limit) = (self.reader.session_state(), self.options.acquire_timeout);
        loop {
            state.suspicion.notified().await;
            let Ok(Address::Postgres(address)) = Address::parse(&self.options.url) else { continue };
            loop {
                match check_sessions(&address, limit).await {
                    Ok(()) => break,
                    Err(StorageError::Unusable(reason)) if !state.are_shared() => {
                        tracing::error!("requests are refused: {reason}");
                        state.are_shared.store(true, Ordering::Release);
                        // They have statements that belong to others.
                        self.reader.discard_idle();
                    }
                    Err(_) if !state.are_shared() => break,
                    Err(_) => {}
                }
                sleep(PAUSE).await;
            }
            if state.are_shared.swap(false, Ordering::AcqRel) {
                tracing::info!("each connection has a session of its own again: requests are served");
            }
            sleep(PAUSE).await;
        }
    }

    /// Whether statements are refused, because other clients use the same sessions.
    #[must_use]
    pub fn shares_sessions(&self) -> bool {
        self.reader.session_state().are_shared()
    }
}
