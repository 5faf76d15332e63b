//! The database's schema, step by step, up and down, for SQLite and PostgreSQL alike. A step that was released is never edited: what
//! changes later is a new step.

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};
use sea_orm_migration::{MigrationTrait, async_trait};

mod m20261123_000001_tables;
mod m20261123_000002_no_double_booking;
mod m20261123_000003_event_order;
mod m20261123_000004_cheaper_checks;

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_tables::Migration),
            Box::new(m20261123_000002_no_double_booking::Migration),
            Box::new(m20261123_000003_event_order::Migration),
            Box::new(m20261123_000004_cheaper_checks::Migration),
        ]
    }
}
