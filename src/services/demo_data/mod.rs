//! Deterministic data for demonstrations and benchmarks: the same count and date give the same rows, on every machine.

mod calendar;
mod history;
mod plan;

use crate::domain::{Event, Interview};
use crate::services::Services;
use crate::storage::{MigrationState, StorageError, bulk_insert, company_settings};
use chrono::NaiveDate;
use history::invent_history;
use plan::Plan;

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

/// The number of interviews in memory at once.
const CHUNK: i64 = 5_000;

impl Services {
    /// Fills an empty database: `count` interviews in the first company, among them the documentation's, and a few in a
    /// second company. With a date the interviews are around it; without one they have the times that benchmarks
    /// compare. Waits for migrations that run.
    pub async fn fill_with_demo_data(&self, count: u32, date: Option<NaiveDate>) -> Result<(), DemoDataError> {
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
        bulk_insert::insert_people(&transaction, plan.people()).await?;
        for (company, settings, at) in plan::settings() {
            company_settings::store(&transaction, company, &settings, at).await?;
        }
        for from in (0..plan.total()).step_by(CHUNK.unsigned_abs().try_into().unwrap_or(1)) {
            let chunk = from..plan.total().min(from + CHUNK);
            let mut interviews: Vec<Interview> = chunk.map(|index| plan.interview(index)).collect();
            let mut events: Vec<Event> = interviews.iter_mut().flat_map(invent_history).collect();
            // All interviews of a chunk are created within a day, and their first events are larger than the later
            // ones. Sorted by time, events of one size share their pages. Mixed sizes would leave a gap in every page,
            // and PostgreSQL would place later events in these gaps, so that each of them reads and logs another page.
            events.sort_by_key(|event| event.at);
            bulk_insert::insert_interviews(&transaction, &interviews, events).await?;
        }
        bulk_insert::continue_ids(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}
