//! Deterministic data for demonstrations and benchmarks: the same count and date give the same rows, on every machine.

mod calendar;
mod history;
mod plan;

use crate::domain::{Event, Interview};
use crate::services::Services;
use crate::storage::bulk_insert::{self, BulkInsert, Histories, RowFormat};
use crate::storage::{MigrationState, StorageError, company_settings};
use chrono::NaiveDate;
use history::invent_history;
use plan::Plan;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinHandle;

/// The people and the interview that the documentation of the REST API uses. They are part of the data for every count.
pub mod demo {
    use crate::domain::{InterviewId, IntervieweeId, UserId};

    /// An admin of the platform.
    pub const ADMIN: UserId = UserId(1);
    /// The program that feeds the server with companies, users and applications.
    pub const SERVICE: UserId = UserId(2);
    /// Jude Howell, a driver.
    pub const DRIVER: UserId = UserId(997);
    /// Staff of the first company.
    pub const STAFF: UserId = UserId(1000);
    /// Luisa Hintz, staff of the first company.
    pub const INTERVIEWER: UserId = UserId(1001);
    /// Jude Howell's application to the first company.
    pub const INTERVIEWEE: IntervieweeId = IntervieweeId(277);
    /// Luisa Hintz with Jude Howell.
    pub const INTERVIEW: InterviewId = InterviewId(27);
    /// Nora Lind, staff of the first company and its manager.
    pub const MANAGER: UserId = UserId(1003);
    /// Staff of the second company.
    pub const OTHER_STAFF: UserId = UserId(1002);
}

/// Why the database was not filled. Nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DemoDataError {
    /// Migrations are missing.
    #[error("the database's schema is behind: run `interviews migrate up` first")]
    SchemaBehind,
    /// The database has companies or users.
    #[error("the database is not empty: demo data goes into an empty one only")]
    NotEmpty,
    /// A count of 0 leaves no place for the interview of the documentation.
    #[error("at least one interview is needed")]
    NoInterviews,
    /// The database failed, or rejected a row.
    #[error(transparent)]
    Failed(#[from] StorageError),
}

/// How far the filling of a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillProgress {
    /// Interviews are written, of so many.
    Interviews(u64, u64),
    /// Indexes and constraints are made, of so many.
    Indexes(usize, usize),
}

/// The number of interviews, or people, of a statement.
const CHUNK: i64 = 5_000;
/// The chunks that are made while the database writes another one.
const CHUNKS_AHEAD: usize = 2;

impl Services {
    /// Fills an empty database: `count` interviews in the first company, among them the documentation's, and a few in a
    /// second company. With a date the interviews are around it; without one they have the times that benchmarks
    /// compare. Waits for migrations that run. On PostgreSQL requests wait for it.
    pub async fn fill_with_demo_data(
        &self,
        count: u32,
        date: Option<NaiveDate>,
        mut on_progress: impl FnMut(FillProgress),
    ) -> Result<(), DemoDataError> {
        if count == 0 {
            return Err(DemoDataError::NoInterviews);
        }
        let plan = Plan::new(count.into(), date);
        let transaction = self.db.begin_exclusive().await?;
        if !MigrationState::read(&transaction).await?.is_current() {
            return Err(DemoDataError::SchemaBehind);
        }
        if !bulk_insert::is_empty(&transaction).await? {
            return Err(DemoDataError::NotEmpty);
        }
        let database = BulkInsert::begin(transaction).await?;
        database.insert_companies(plan::companies()).await?;
        for (company, settings, at) in plan::settings() {
            company_settings::store(database.transaction(), company, &settings, at).await?;
        }
        for users in chunks(plan.users()) {
            database.insert_users(users).await?;
        }
        for interviewees in chunks(plan.interviewees()) {
            database.insert_interviewees(interviewees).await?;
        }
        let total = plan.total().unsigned_abs();
        let mut written = 0;
        let (mut chunks, maker) = histories(plan, database.row_format());
        while let Some((interviews, histories)) = chunks.recv().await {
            on_progress(FillProgress::Interviews(written, total));
            database.insert_histories(histories).await?;
            written += interviews;
        }
        if let Err(error) = maker.await {
            std::panic::resume_unwind(error.into_panic());
        }
        Ok(database.finish(|made, all| on_progress(FillProgress::Indexes(made, all))).await?)
    }
}

fn chunks<T>(mut rows: impl Iterator<Item = T>) -> impl Iterator<Item = Vec<T>> {
    let size = usize::try_from(CHUNK).unwrap_or(1);
    std::iter::from_fn(move || Some(rows.by_ref().take(size).collect::<Vec<_>>()).filter(|chunk| !chunk.is_empty()))
}

/// All interviews with their events, chunk by chunk with the number of interviews. Another thread makes them while the
/// database writes those before.
fn histories(plan: Plan, format: RowFormat) -> (Receiver<(u64, Histories)>, JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    let maker = tokio::task::spawn_blocking(move || {
        for interviews in chunks((0..plan.total()).map(|index| plan.interview(index))) {
            if sender.blocking_send(histories_of(interviews, format)).is_err() {
                break; // the database failed
            }
        }
    });
    (receiver, maker)
}

fn histories_of(mut interviews: Vec<Interview>, format: RowFormat) -> (u64, Histories) {
    let mut events: Vec<Event> = interviews.iter_mut().flat_map(invent_history).collect();
    // All interviews of a chunk are created within a day, and their first events are larger than the later ones. Sorted
    // by time, events of one size share their pages. Mixed sizes would leave a gap in every page, and PostgreSQL would
    // place later events in these gaps, so that each of them reads and logs another page.
    events.sort_by_key(|event| event.at);
    (u64::try_from(interviews.len()).unwrap_or_default(), Histories::new(format, &interviews, events))
}
