//! What the database refuses by itself, whoever writes: values that are none, halves of a proposal, rows that refer to nothing.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use rstest::rstest;
use sea_orm::ConnectionTrait;

/// A database with the demo data, or the end of a test where there is no PostgreSQL.
macro_rules! filled {
    ($database:expr) => {
        match TestDatabase::new($database).await {
            Some(database) => database,
            None => return,
        }
    };
}

/// What the database says to a statement: nothing when it does it.
async fn refusal(database: &TestDatabase, sql: &str) -> Option<String> {
    let refused = database.raw().await.execute_unprepared(sql).await.err()?;
    Some(refused.to_string().to_lowercase())
}

/// Each is refused for a constraint, and not because it is not SQL.
async fn refused(database: &TestDatabase, statements: impl IntoIterator<Item = String>) {
    for sql in statements {
        let said = refusal(database, &sql).await;
        assert!(said.as_ref().is_some_and(|said| said.contains("constraint")), "{sql}\n{said:?}");
    }
}

async fn done(database: &TestDatabase, statements: impl IntoIterator<Item = String>) {
    for sql in statements {
        assert_eq!(refusal(database, &sql).await, None, "{sql}");
    }
}

/// Changes of the documented interview, which is pending.
fn of_27<const N: usize>(changes: [&str; N]) -> [String; N] {
    changes.map(|change| format!("UPDATE interviews SET {change} WHERE id = 27"))
}

/// The parts of a proposal.
const PROPOSAL: [&str; 4] = [
    "amend_start_at = '2025-03-21T09:00:00+00:00'",
    "amend_end_at = '2025-03-21T09:30:00+00:00'",
    "amended_by = 'interviewer'",
    "amended_from = 'pending'",
];

#[rstest]
#[tokio::test]
async fn a_word_that_is_no_value_is_not_stored(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let bad = ["", "x", "VIDEO_CALL", "Pending", " pending", "both"];
    for (table, column) in [
        ("interviews", "kind"),
        ("interviews", "status"),
        ("interviewees", "kind"),
        ("users", "role"),
        ("interview_events", "type"),
        ("interview_events", "actor_side"),
    ] {
        let update = |value: &str| format!("UPDATE {table} SET {column} = {value}");
        refused(&database, bad.iter().map(|value| update(&format!("'{value}'"))).chain([update("NULL")])).await;
    }
    for (condition, column) in [("amended", "amended_by"), ("amended", "amended_from"), ("no_show", "absent")] {
        let update = |value: &str| format!("UPDATE interviews SET {column} = '{value}' WHERE status = '{condition}'");
        refused(&database, bad.map(update)).await;
    }
}

#[rstest]
#[tokio::test]
async fn every_word_that_is_a_value_is_stored(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let words = |table: &str, column: &str, values: &[&str], id: i64| -> Vec<String> {
        values.iter().map(|value| format!("UPDATE {table} SET {column} = '{value}' WHERE id = {id}")).collect()
    };
    done(&database, words("interviews", "kind", &["video_call", "in_person", "phone_call"], 27)).await;
    let plain = ["pending", "scheduled", "rejected", "cancelled", "completed"];
    done(&database, words("interviews", "status", &plain, 27)).await;
    done(&database, words("interviewees", "kind", &["verified", "interview", "accepted", "rejected"], 277)).await;
    let events = [
        "created",
        "updated",
        "amended",
        "accepted",
        "amendment_declined",
        "amendment_withdrawn",
        "rejected",
        "cancelled",
        "completed",
        "no_show",
    ];
    done(&database, words("interview_events", "type", &events, 1)).await;
    done(&database, words("interview_events", "actor_side", &["interviewer", "interviewee"], 1)).await;
    done(&database, of_27(["status = 'no_show', absent = 'interviewer'", "absent = 'interviewee'"])).await;
}

#[rstest]
#[tokio::test]
async fn a_proposal_is_there_in_full_exactly_while_it_is_open(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    refused(&database, of_27(PROPOSAL)).await;
    refused(&database, of_27(["status = 'amended'", &PROPOSAL.join(", ")])).await;
    for missing in 0..PROPOSAL.len() {
        let mut parts = vec!["status = 'amended'"];
        parts.extend((0..PROPOSAL.len()).filter(|part| *part != missing).map(|part| PROPOSAL[part]));
        refused(&database, of_27([&parts.join(", ")])).await;
    }
    let proposed = format!("status = 'amended', {}", PROPOSAL.join(", "));
    done(&database, of_27([&*proposed])).await;
    refused(
        &database,
        of_27([
            "status = 'pending'",
            "status = 'scheduled'",
            "status = 'cancelled'",
            "amend_end_at = amend_start_at",
            "amend_end_at = '2025-03-21T08:00:00+00:00'",
        ]),
    )
    .await;
    let over =
        "status = 'scheduled', amend_start_at = NULL, amend_end_at = NULL, amended_by = NULL, amended_from = NULL";
    done(&database, of_27([over])).await;
}

#[rstest]
#[tokio::test]
async fn what_belongs_to_one_state_is_in_no_other(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    refused(
        &database,
        of_27([
            "reason = 'because'",
            "status = 'scheduled', reason = 'because'",
            "status = 'completed', reason = 'because'",
            "absent = 'interviewee'",
            "status = 'cancelled', absent = 'interviewee'",
            "status = 'no_show'",
            "status = 'no_show', absent = 'interviewee', reason = 'because'",
        ]),
    )
    .await;
    done(&database, of_27(["status = 'rejected', reason = 'because'", "status = 'cancelled'", "reason = NULL"])).await;
}

#[rstest]
#[tokio::test]
async fn an_interview_ends_after_it_starts(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let bad = of_27([
        "end_at = start_at",
        "end_at = '2025-03-20T08:59:59.999+00:00'",
        "start_at = '2025-03-20T09:30:00+00:00'",
        "start_at = NULL",
        "end_at = NULL",
        "created_at = NULL",
        "updated_at = NULL",
        "version = NULL",
        "allow_overlap = NULL",
    ]);
    refused(&database, bad).await;
    done(&database, of_27(["end_at = '2025-03-20T09:00:00.001+00:00'"])).await;
}

#[rstest]
#[tokio::test]
async fn driver_and_company_of_an_interview_are_those_of_its_interviewee(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let database = filled!(database);
    let other = database.value::<i64>("SELECT id FROM interviewees WHERE company_id = 2 AND driver_id = 997").await;
    let bad = of_27([
        "driver_id = 1000000",
        "driver_id = NULL",
        "company_id = 2",
        "company_id = NULL",
        "interviewee_id = 1000",
        "interviewee_id = 999999",
        &format!("interviewee_id = {other}"), // the same driver's application elsewhere
        "interviewer_id = 999999",
        "interviewer_id = NULL",
    ]);
    refused(&database, bad).await;
    let moved = "UPDATE interviewees SET driver_id = 1000000 WHERE id = 277";
    refused(&database, [moved.to_owned(), "UPDATE interviewees SET company_id = 2 WHERE id = 277".to_owned()]).await;
    done(
        &database,
        of_27([
            "interviewee_id = 1000, driver_id = 1000000",
            &format!("interviewee_id = {other}, driver_id = 997, company_id = 2"),
        ]),
    )
    .await;
}

#[rstest]
#[tokio::test]
async fn staff_belong_to_a_company_and_others_to_none(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let user = |role: &str, company: &str| {
        format!("INSERT INTO users (role, company_id, title) VALUES ('{role}', {company}, 'Somebody')")
    };
    refused(&database, [user("staff", "NULL"), user("driver", "1"), user("admin", "2"), user("staff", "99")]).await;
    refused(&database, ["UPDATE users SET title = NULL WHERE id = 997".to_owned()]).await;
    done(&database, [user("staff", "2"), user("driver", "NULL"), user("admin", "NULL")]).await;
}

#[rstest]
#[tokio::test]
async fn every_row_is_there_once_and_refers_to_what_exists(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let at = "'2025-03-20T10:00:00+00:00'";
    let event = |interview: i64, actor: i64| {
        format!(
            "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) \
             VALUES ({interview}, 'updated', {at}, {actor}, 'interviewer', '[]')"
        )
    };
    let interviewee = |company: i64, driver: i64| {
        format!(
            "INSERT INTO interviewees (company_id, driver_id, kind, updated_at) VALUES ({company}, {driver}, 'verified', {at})"
        )
    };
    let revoked = format!("INSERT INTO revoked_tokens (jti, revoked_at) VALUES ('one', {at})");
    refused(
        &database,
        [
            event(999_999, 1000),
            event(27, 999_999),
            interviewee(99, 997),
            interviewee(1, 999_999),
            "INSERT INTO companies (id, name) VALUES (1, 'Twice')".to_owned(),
            "INSERT INTO users (id, role, title) VALUES (997, 'driver', 'Twice')".to_owned(),
            "INSERT INTO interviews SELECT * FROM interviews WHERE id = 3".to_owned(), // completed: it takes no time
        ],
    )
    .await;
    done(&database, [event(27, 1000), interviewee(2, 997), revoked.clone()]).await;
    refused(&database, [revoked]).await;
}

#[rstest]
#[tokio::test]
async fn what_others_refer_to_stays_but_history_outlives_its_actor(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let delete =
        ["companies WHERE id = 1", "users WHERE id = 997", "users WHERE id = 1001", "interviewees WHERE id = 277"];
    refused(&database, delete.map(|rows| format!("DELETE FROM {rows}"))).await;
    refused(&database, ["DELETE FROM interviews WHERE id = 27".to_owned()]).await;

    let somebody = "INSERT INTO users (id, role, company_id, title) VALUES (3000, 'staff', 1, 'Gone Tomorrow')";
    let event = "INSERT INTO interview_events (interview_id, type, at, actor_id, actor_side, changes) \
        VALUES (27, 'updated', '2025-03-20T10:00:00+00:00', 3000, 'interviewer', '[]')";
    done(&database, [somebody, event, "DELETE FROM users WHERE id = 3000"].map(str::to_owned)).await;
    let without = "SELECT CAST(count(*) AS BIGINT) FROM interview_events WHERE actor_id IS NULL AND interview_id = 27";
    assert_eq!(database.value::<i64>(without).await, 1);
}
