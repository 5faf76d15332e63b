//! The event log: appending to it, and reading it in its total order of (transaction, id).
//!
//! On PostgreSQL transactions commit in another order than they write. An event becomes readable here only when all
//! transactions with smaller numbers have ended, so that nothing is ever added before an event that was read.

mod append;
mod audience;
mod delay;
mod epoch;
mod read;

pub(crate) use append::{insert, insert_all};
pub(crate) use audience::{reminder_types, visible_to, without_reminders};
pub use delay::{Holder, WaitingEvent, holder_of, waiting_event};
pub(crate) use epoch::{EXISTS_IN_COPY, current_epoch, draw_for_copy};
pub use epoch::{Renewal, renew_epoch, verify_epoch};
pub use read::{LogPage, after, head};
pub(crate) use read::{after_consumer, count, page, position_of};

use sea_orm::DbBackend;
use sea_orm::sea_query::Expr;

/// All transactions with smaller numbers have ended. On PostgreSQL it is the oldest transaction that is still running
/// (<https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-PG-SNAPSHOT>). On SQLite each transaction ends
/// before the next begins.
pub(super) fn visible_before(backend: DbBackend) -> Expr {
    if backend == DbBackend::Postgres {
        Expr::cust("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    } else {
        Expr::val(i64::MAX)
    }
}
