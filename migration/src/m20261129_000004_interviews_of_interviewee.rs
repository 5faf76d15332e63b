//! The interviews of an application in the order in which they are listed, so that a page is read
//! without the others. The new index serves what the old one did.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct InterviewsOfInterviewee;

const UNORDERED: (&str, &[&str]) = ("interviews_interviewee_id_idx", &["interviewee_id"]);
const ORDERED: (&str, &[&str]) = ("interviews_interviewee_id_start_at_id_idx", &["interviewee_id", "start_at", "id"]);

impl MigrationName for InterviewsOfInterviewee {
    fn name(&self) -> &'static str {
        "m20261129_000004_interviews_of_interviewee"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for InterviewsOfInterviewee {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, UNORDERED, ORDERED).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, ORDERED, UNORDERED).await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn replace(
    manager: &SchemaManager<'_>,
    (old, _): (&str, &[&'static str]),
    (new, columns): (&str, &[&'static str]),
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(new).table("interviews");
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await?;
    manager.get_connection().execute_unprepared(&format!("DROP INDEX {old}")).await?;
    Ok(())
}
