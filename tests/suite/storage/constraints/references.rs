//! Primary keys and foreign keys: rows are unique and refer to rows that exist.

use super::Constraint::{ForeignKey, PrimaryKey};
use super::{changes, done, refused};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::people::{
    BRUNA, BRUNA_APPLICATION, COASTAL_FREIGHT, JUDE, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA,
    LUISA, MONA, NORTHERN_HAULAGE, UNKNOWN_INTERVIEW, UNKNOWN_INTERVIEWEE, UNKNOWN_USER,
};
use interviews::domain::{CompanyId, InterviewId, UserId};
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn driver_and_company_of_an_interview_are_those_of_its_interviewee(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let database = filled!(database);
    let others = [
        format!("driver_id = {BRUNA}"),
        format!("company_id = {COASTAL_FREIGHT}"),
        format!("interviewee_id = {BRUNA_APPLICATION}"),
        format!("interviewee_id = {JUDE_COASTAL_APPLICATION}"),
        format!("interviewee_id = {UNKNOWN_INTERVIEWEE}"),
    ];
    let interviewee = ForeignKey("interviews_interviewee_id_fkey");
    refused(&database, interviewee, changes(others.each_ref().map(String::as_str))).await;
    let unknown = format!("interviewer_id = {UNKNOWN_USER}");
    refused(&database, ForeignKey("interviews_interviewer_id_fkey"), changes([&*unknown])).await;
    let moved = [format!("driver_id = {BRUNA}"), format!("company_id = {COASTAL_FREIGHT}")];
    let moved = moved.map(|change| format!("UPDATE interviewees SET {change} WHERE id = {JUDE_APPLICATION}"));
    refused(&database, interviewee, moved).await;
    let bruna = format!("interviewee_id = {BRUNA_APPLICATION}, driver_id = {BRUNA}");
    let coastal =
        format!("interviewee_id = {JUDE_COASTAL_APPLICATION}, driver_id = {JUDE}, company_id = {COASTAL_FREIGHT}");
    done(&database, changes([&*bruna, &*coastal])).await;
}

#[rstest]
#[tokio::test]
async fn references_to_missing_rows_are_rejected(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let at = "'2025-03-20T10:00:00+00:00'";
    let event = |interview: InterviewId, actor: UserId| {
        format!(
            "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) \
             VALUES ({interview}, 'updated', {at}, {actor}, 'interviewer', '[]')"
        )
    };
    let interviewee = |company: CompanyId, driver: UserId| {
        format!(
            "INSERT INTO interviewees (company_id, driver_id, kind, updated_at) \
             VALUES ({company}, {driver}, 'verified', {at})"
        )
    };
    for (foreign_key, statement) in [
        ("interview_events_interview_id_fkey", event(UNKNOWN_INTERVIEW, MONA)),
        ("interview_events_actor_id_fkey", event(JUDE_WITH_LUISA, UNKNOWN_USER)),
        ("interviewees_company_id_fkey", interviewee(CompanyId(404), JUDE)),
        ("interviewees_driver_id_fkey", interviewee(NORTHERN_HAULAGE, UNKNOWN_USER)),
    ] {
        refused(&database, ForeignKey(foreign_key), [statement]).await;
    }
    done(&database, [event(JUDE_WITH_LUISA, MONA), interviewee(COASTAL_FREIGHT, JUDE)]).await;
}

#[rstest]
#[tokio::test]
async fn ids_are_unique(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let revoked = "INSERT INTO revoked_tokens (jti, revoked_at) VALUES ('one', '2025-03-20T10:00:00+00:00')";
    done(&database, [revoked.to_owned()]).await;
    // A completed interview reserves no time, so that only its id is a duplicate.
    let completed = "INSERT INTO interviews SELECT * FROM interviews WHERE status = 'completed'";
    for (table, column, insert) in [
        ("companies", "id", format!("INSERT INTO companies (id, name) VALUES ({NORTHERN_HAULAGE}, 'Twice')")),
        ("users", "id", format!("INSERT INTO users (id, role, title) VALUES ({JUDE}, 'driver', 'Twice')")),
        ("interviews", "id", completed.to_owned()),
        ("revoked_tokens", "jti", revoked.to_owned()),
    ] {
        refused(&database, PrimaryKey(table, column), [insert]).await;
    }
}

#[rstest]
#[tokio::test]
async fn referenced_rows_cannot_be_deleted_but_events_outlive_their_actor(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let database = filled!(database);
    for (foreign_key, rows) in [
        ("users_company_id_fkey", format!("companies WHERE id = {NORTHERN_HAULAGE}")),
        ("interviewees_driver_id_fkey", format!("users WHERE id = {JUDE}")),
        ("interviews_interviewer_id_fkey", format!("users WHERE id = {LUISA}")),
        ("interviews_interviewee_id_fkey", format!("interviewees WHERE id = {JUDE_APPLICATION}")),
        ("interview_events_interview_id_fkey", format!("interviews WHERE id = {JUDE_WITH_LUISA}")),
    ] {
        refused(&database, ForeignKey(foreign_key), [format!("DELETE FROM {rows}")]).await;
    }

    let user = "INSERT INTO users (id, role, company_id, title) VALUES (3000, 'staff', 1, 'Gone Tomorrow')".to_owned();
    let event = format!(
        "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) \
         VALUES ({JUDE_WITH_LUISA}, 'updated', '2025-03-20T10:00:00+00:00', 3000, 'interviewer', '[]')"
    );
    done(&database, [user, event, "DELETE FROM users WHERE id = 3000".to_owned()]).await;
    let without_actor = format!(
        "SELECT CAST(count(*) AS BIGINT) FROM interview_events \
         WHERE actor_id IS NULL AND interview_id = {JUDE_WITH_LUISA}"
    );
    assert_eq!(database.value::<i64>(&without_actor).await, 1);
}
