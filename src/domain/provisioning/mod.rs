//! Companies, users and applications are copies of the platform's rows, under the platform's ids. The platform sends
//! its rows again and again, in any order: a row counts if it is newer than what is stored, and each row is judged by
//! itself, so that a bad one stops no feed.
//!
//! Feeds in any order lead to the same rows only if each row of them is complete: a field that is absent keeps what is
//! stored, and what is stored depends on the rows that came before.

mod account_list;
mod application;
mod company;
mod ids;
mod interview;
mod interview_overlaps;
mod references;
mod row_error;
mod texts;
mod user;

pub use account_list::{AccountFilter, AccountPosition};
pub use application::{Application, IntervieweeRow};
pub use company::CompanyRow;
pub use ids::admit;
pub use interview::{InterviewPeople, InterviewRow};
pub use interview_overlaps::{clashing, schedule_conflict};
pub use references::{References, Wanted};
pub use row_error::{RowError, RowField};
pub use user::UserRow;

use crate::domain::{Authority, Refusal, Viewer};
use chrono::{DateTime, Utc};

/// The most rows that are judged at once.
pub const MAX_ROWS: usize = 500;

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncOutcome {
    /// The row is stored.
    Written,
    /// The stored row has this content already. It has the new time of change.
    Unchanged,
    /// The stored row is as new, or newer. Nothing was written.
    Outdated,
    /// The row has errors. Nothing was written.
    Refused(Vec<RowError>),
}

/// What has to become of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement<T> {
    /// Store this.
    Write(T),
    /// Store this, which differs from what is stored in the time of change alone.
    Stamp(T),
    /// See [`SyncOutcome::Outdated`].
    Outdated,
    /// See [`SyncOutcome::Refused`].
    Refused(Vec<RowError>),
}

/// A row as the platform sends it.
pub trait PlatformRow {
    /// What is stored of it.
    type Stored;

    /// The id, as text that may be none.
    fn id(&self) -> &str;

    /// When the row changed in the platform.
    fn source_updated_at(&self) -> DateTime<Utc>;

    /// Adds what has to be looked up before the row can be judged.
    fn want(&self, stored: Option<&Self::Stored>, wanted: &mut Wanted);

    /// Decides about the row. `id` is the parsed id.
    fn judge(
        &self,
        id: i64,
        stored: Option<&Self::Stored>,
        references: &References,
        now: DateTime<Utc>,
    ) -> Judgement<Self::Stored>;
}

/// Checks whether the viewer may change what the platform owns.
pub fn permit(viewer: &Viewer) -> Result<(), Refusal> {
    match viewer.authority {
        Authority::Admin | Authority::Service => Ok(()),
        Authority::Driver | Authority::Staff(_) => Err(Refusal::Forbidden("Only admins and services can do this.")),
    }
}

/// Whether a row that changed at `at` is no newer than the stored one.
fn is_outdated(at: DateTime<Utc>, stored: Option<DateTime<Utc>>) -> bool {
    stored.is_some_and(|stored| at <= stored)
}
