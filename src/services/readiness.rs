//! Whether the server can serve requests now.

use super::{KeySetState, Services};
use crate::storage::{Db, Outage, StorageError};
use std::time::Duration;
use strum::IntoStaticStr;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// What the readiness check found: one field for each part that it checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The database.
    pub database: DatabaseState,
    /// The database's schema.
    pub schema: SchemaState,
    /// The keys of the identity provider, if there is one.
    pub keys: Option<KeySetState>,
}

/// Whether the database executes statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum DatabaseState {
    /// It answered the check.
    Ok,
    /// It answered other statements a moment ago, but the check got no connection or waited for a lock.
    Busy,
    /// It answers, and refuses changes.
    ReadOnly,
    /// It answers, and has no space or memory left for changes.
    Full,
    /// It answers, and cannot read or write some of its files.
    IoError,
    /// It does not answer.
    Unreachable,
    /// It is behind a connection pooler that shares sessions, and is not asked.
    SharedSessions,
}

/// Whether the schema is the one that this server needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SchemaState {
    /// All migrations are applied.
    Current,
    /// Migrations are missing.
    Behind,
    /// The database has not been asked with success yet.
    Unknown,
}

/// The last result of the check.
#[derive(Debug, Default)]
pub(crate) struct ReadinessCheck {
    last: Mutex<Option<(Instant, Readiness)>>,
}

/// How long a result is valid: however often the server is asked, it asks the database once in this time.
const VALIDITY: Duration = Duration::from_secs(1);
/// How long the database may take to answer the check.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// A database that answered any statement within this time is busy, and not unreachable. A statement that waits for a
/// lock is answered within `DATABASE_TIMEOUT`, by default 3 s.
const BUSY_FOR: Duration = Duration::from_secs(5);

impl Readiness {
    /// Whether requests can be served, be it that only queries succeed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !matches!(self.database, DatabaseState::Unreachable | DatabaseState::SharedSessions)
            && self.schema != SchemaState::Behind
            && !matches!(self.keys, Some(KeySetState::Unavailable | KeySetState::Empty))
    }
}

impl Services {
    /// Whether the database answers and has the schema of this release.
    pub async fn has_current_schema(&self) -> bool {
        self.db.migration_state().await.is_ok_and(|state| state.is_current())
    }

    /// Checks the database, its schema and the keys. Calls within a second share one result.
    pub async fn readiness(&self) -> Readiness {
        let mut last = self.readiness.last.lock().await;
        if let Some((at, readiness)) = *last
            && at.elapsed() < VALIDITY
        {
            return readiness;
        }
        let before = last.map(|(_, readiness)| readiness);
        let (database, schema) = check(&self.db, before.map_or(SchemaState::Unknown, |before| before.schema)).await;
        let readiness = Readiness { database, schema, keys: self.tokens.key_set_state(&self.clock) };
        log_change(before, readiness);
        *last = Some((Instant::now(), readiness));
        readiness
    }
}

/// `schema` is its last known state, for a database that does not say.
async fn check(db: &Db, schema: SchemaState) -> (DatabaseState, SchemaState) {
    if db.shares_sessions() {
        return (DatabaseState::SharedSessions, schema);
    }
    let error = match timeout(ANSWER_TIMEOUT, db.migration_state()).await {
        Ok(Ok(state)) => {
            let schema = if state.is_current() { SchemaState::Current } else { SchemaState::Behind };
            return (state_for_changes(db).await, schema);
        }
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    tracing::debug!(?error, "the readiness check got no answer");
    let can_be_busy = matches!(error, None | Some(StorageError::Timeout(_)));
    let is_busy = can_be_busy && db.last_response() < BUSY_FOR;
    (if is_busy { DatabaseState::Busy } else { DatabaseState::Unreachable }, schema)
}

/// The state of a database that answers.
async fn state_for_changes(db: &Db) -> DatabaseState {
    match timeout(ANSWER_TIMEOUT, db.outage_of_changes()).await {
        Ok(Ok(Some(Outage::ReadOnly))) => DatabaseState::ReadOnly,
        Ok(Ok(Some(Outage::Full))) => DatabaseState::Full,
        Ok(Ok(Some(Outage::Files))) => DatabaseState::IoError,
        Ok(Ok(_)) => DatabaseState::Ok,
        // It answered a moment ago.
        Ok(Err(_)) | Err(_) => DatabaseState::Busy,
    }
}

/// The log has a warning about an outage already.
fn log_change(before: Option<Readiness>, now: Readiness) {
    match (before.is_none_or(|before| before.is_ready()), now.is_ready()) {
        (true, false) if now.schema == SchemaState::Behind => tracing::warn!("not ready: the schema is behind"),
        (true, false) => tracing::info!(database = ?now.database, keys = ?now.keys, "not ready"),
        (false, true) => tracing::info!("ready again"),
        _ => {}
    }
}
