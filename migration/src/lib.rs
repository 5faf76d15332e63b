//! The schema of the database as a list of migration steps for SQLite and PostgreSQL.
//!
//! Rules for a new step:
//! - A released step is never edited. A later change is a new step.
//! - A step is self-contained. It uses no constant and no function of another step or of the
//!   server, because those change later.
//! - A step expands or contracts the schema, never both. The server of the release before must run
//!   on the expanded schema. A later release removes what no server uses any more.
//! - `up` and `down` work on both databases with data in every table, and tests prove it.
//! - Each step runs in a transaction. On PostgreSQL it is the step's own, on SQLite that of all
//!   steps of a command.
//! - SQLite changes a `CHECK`, a `NOT NULL` or a foreign key only by rebuilding the table, as in
//!   <https://www.sqlite.org/lang_altertable.html#otheralter>. Foreign keys are not enforced during
//!   a step, and are checked at its end.
//! - Constraints and indexes have explicit names, in the manner of the first step.

use sea_orm_migration::async_trait;
pub use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};

mod m20261127_000001_first_schema;
mod m20261128_000002_event_log_epoch;
mod m20261129_000003_event_audience;
mod m20261129_000004_interviews_of_interviewee;
mod m20261129_000005_event_audiences_of_the_past;
mod m20261130_000006_companies_of_the_platform;
mod m20261130_000007_users_of_the_platform;
mod m20261130_000008_valid_roles;
mod m20261130_000009_applications_of_the_platform;
mod m20261130_000010_expiry_of_revoked_tokens;
mod m20261201_000011_folded_names;
mod m20261203_000012_reminder_times;
mod m20261203_000013_reminder_indexes;
mod m20261203_000014_company_settings;
mod m20261203_000015_sent_reminders;
mod m20261203_000016_events_without_actor;
mod m20261203_000017_valid_event_types;
mod m20261204_000018_index_of_expired_tokens;
mod m20261204_000019_webhooks;
mod m20261206_000026_calendars;
mod m20261207_000027_idempotency_keys;

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261127_000001_first_schema::FirstSchema),
            Box::new(m20261128_000002_event_log_epoch::EventLogEpoch),
            Box::new(m20261129_000003_event_audience::EventAudience),
            Box::new(m20261129_000004_interviews_of_interviewee::InterviewsOfInterviewee),
            Box::new(m20261129_000005_event_audiences_of_the_past::EventAudiencesOfThePast),
            Box::new(m20261130_000006_companies_of_the_platform::CompaniesOfThePlatform),
            Box::new(m20261130_000007_users_of_the_platform::UsersOfThePlatform),
            Box::new(m20261130_000008_valid_roles::ValidRoles),
            Box::new(m20261130_000009_applications_of_the_platform::ApplicationsOfThePlatform),
            Box::new(m20261130_000010_expiry_of_revoked_tokens::ExpiryOfRevokedTokens),
            Box::new(m20261201_000011_folded_names::FoldedNames),
            Box::new(m20261203_000012_reminder_times::ReminderTimes),
            Box::new(m20261203_000013_reminder_indexes::ReminderIndexes),
            Box::new(m20261203_000014_company_settings::CompanySettings),
            Box::new(m20261203_000015_sent_reminders::SentReminders),
            Box::new(m20261203_000016_events_without_actor::EventsWithoutActor),
            Box::new(m20261203_000017_valid_event_types::ValidEventTypes),
            Box::new(m20261204_000018_index_of_expired_tokens::IndexOfExpiredTokens),
            Box::new(m20261204_000019_webhooks::Webhooks),
            Box::new(m20261206_000026_calendars::Calendars),
            Box::new(m20261207_000027_idempotency_keys::IdempotencyKeys),
        ]
    }
}
