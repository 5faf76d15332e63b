//! The settings of a PostgreSQL session. PostgreSQL itself ends what outlives its request: a statement that waits or
//! runs too long, the transaction of a server that stopped, the session of a host that is gone.

use sea_orm::sqlx::{self, AssertSqlSafe, Executor, PgConnection, Row};
use std::fmt::Write;
use std::time::Duration;

/// How long a transaction may be idle between two statements. A server sends the next statement within microseconds, so
/// that only one that stopped reaches this limit. Its locks then make others wait, and the oldest open transaction
/// delays the events of all servers.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(5);
/// The limits on a connection whose other end is silent, in seconds, seconds, probes and milliseconds. A host that is
/// gone is noticed within a minute (by default after two hours), and within half a minute if it owes a response.
const TCP: [(&str, u128); 4] = [
    ("tcp_keepalives_idle", 30),
    ("tcp_keepalives_interval", 10),
    ("tcp_keepalives_count", 3),
    ("tcp_user_timeout", 30_000),
];
/// How often PostgreSQL looks, during a statement, whether the client is still connected, in milliseconds. On some
/// systems PostgreSQL cannot look, and refuses the setting.
const CONNECTION_CHECK: [(&str, u128); 1] = [("client_connection_check_interval", 1_000)];
/// The longest time that a setting can have, in milliseconds.
const MAX_TIMEOUT: u128 = i32::MAX.unsigned_abs() as u128;

/// Not limits: how the sessions of this server execute statements.
///
/// `plan_cache_mode`: by default PostgreSQL plans list queries again for each execution, because a plan for the actual
/// limit seems cheaper. No statement of this server needs another plan for other values, and planning is about a
/// quarter of the cost of a list.
///
/// `jit`: PostgreSQL compiles a plan whose estimated cost is high. The estimate of a list grows with its table, because
/// a generic plan knows no limit, and not with what it reads: compiling took 50 to 250 ms of lists of 50 rows that take
/// one, from some million interviews on.
///
/// The third statement keeps freed memory in the server process. For a statement that needs more than 128 KiB, glibc
/// would return the memory to the system after each execution and get it back as zeroed pages: twenty page faults and
/// four system calls for each change. Once a block of 1 MiB was freed, glibc keeps up to 2 MiB (`mallopt(3)`,
/// `M_MMAP_THRESHOLD`).
///
/// A pooler in session mode may hand over a session with prepared statements of its last client. They have the same
/// names.
const EXECUTION: &str =
    "DEALLOCATE ALL; SET plan_cache_mode = force_generic_plan; SET jit = off; SELECT length(repeat(' ', 1048576))";

const IS_READ_ONLY: &str = "SELECT current_setting('transaction_read_only')";

/// The limits on what a session does.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// How long a statement may wait for a lock.
    pub lock_wait: Duration,
    /// How long a statement may run; unlimited for commands.
    pub statement: Option<Duration>,
}

impl SessionLimits {
    /// Sets up a new session, in one round trip and one for what PostgreSQL may refuse. Returns whether the session can
    /// only read: on a standby, or by `default_transaction_read_only`.
    pub async fn apply(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let setup = format!("{EXECUTION}; {}; {IS_READ_ONLY}", lower_to(self.settings()));
        let rows = sqlx::raw_sql(AssertSqlSafe(setup)).fetch_all(&mut *connection).await?;
        let is_read_only = rows.last().is_some_and(|row| row.try_get(0).is_ok_and(|setting: &str| setting == "on"));
        match connection.execute(AssertSqlSafe(lower_to(CONNECTION_CHECK))).await {
            Err(sqlx::Error::Database(error)) => {
                tracing::debug!(%error, "PostgreSQL does not check connections during statements");
                Ok(is_read_only)
            }
            outcome => outcome.map(|_| is_read_only),
        }
    }

    fn settings(&self) -> impl Iterator<Item = (&'static str, u128)> {
        let statement = self.statement.map(|statement| ("statement_timeout", milliseconds(statement)));
        let timeouts = [
            ("lock_timeout", milliseconds(self.lock_wait)),
            ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
        ];
        timeouts.into_iter().chain(statement).chain(TCP)
    }
}

/// 0 would mean no limit.
fn milliseconds(duration: Duration) -> u128 {
    duration.as_millis().clamp(1, MAX_TIMEOUT)
}

/// The statement that sets these limits. A limit that is lower already, for the role or the database, stays, and one of
/// the URL's `options` stays in any case.
fn lower_to(settings: impl IntoIterator<Item = (&'static str, u128)>) -> String {
    let mut limits = String::new();
    for (name, value) in settings {
        let separator = if limits.is_empty() { "" } else { ", " };
        let _ = write!(limits, "{separator}('{name}', {value})");
    }
    // The comparison of the names in CASE keeps the settings that are no numbers from being cast.
    format!(
        "SELECT set_config(limits.name, limits.value::text, false) \
         FROM (VALUES {limits}) AS limits (name, value) JOIN pg_settings AS present ON present.name = limits.name \
         WHERE present.source <> 'client' AND \
         CASE WHEN present.name = limits.name THEN present.setting::bigint NOT BETWEEN 1 AND limits.value END"
    )
}
