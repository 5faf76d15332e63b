//! Checks and required columns: which values a row may have, alone and together.

use super::Constraint::{Check, ForeignKey, NotNull};
use super::{changes, done, refused};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::people::{JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA};
use rstest::rstest;

/// The parts of a proposal.
const PROPOSAL: [&str; 4] = [
    "amend_start_at = '2025-03-21T09:00:00+00:00'",
    "amend_end_at = '2025-03-21T09:30:00+00:00'",
    "amended_by = 'interviewer'",
    "amended_from = 'pending'",
];

#[rstest]
#[tokio::test]
async fn unknown_values_are_rejected(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let unknown = ["", "x", "VIDEO_CALL", "Pending", " pending", "both"];
    for (table, column, id, check, not_null) in [
        ("interviews", "kind", JUDE_WITH_LUISA.0, "interviews_kind_check", "interviews.kind"),
        ("interviews", "status", JUDE_WITH_LUISA.0, "interviews_status_check", "interviews.status"),
        ("interviewees", "kind", JUDE_APPLICATION.0, "interviewees_kind_check", "interviewees.kind"),
        ("users", "role", JUDE.0, "users_role_check", "users.role"),
        ("interview_events", "type", 1, "interview_events_type_check", "interview_events.type"),
        ("interview_events", "actor_side", 1, "interview_events_actor_side_check", "interview_events.actor_side"),
    ] {
        let update = |value: &str| format!("UPDATE {table} SET {column} = {value} WHERE id = {id}");
        refused(&database, Check(check), unknown.map(|value| update(&format!("'{value}'")))).await;
        // An event that nobody has caused has no side.
        if column == "actor_side" {
            done(&database, [update("NULL")]).await;
        } else {
            refused(&database, NotNull(not_null), [update("NULL")]).await;
        }
    }
    for (status, column, check) in [
        ("amended", "amended_by", "interviews_amended_by_check"),
        ("amended", "amended_from", "interviews_amended_from_check"),
        ("no_show", "absent", "interviews_absent_check"),
    ] {
        let update = |value: &str| format!("UPDATE interviews SET {column} = '{value}' WHERE status = '{status}'");
        refused(&database, Check(check), unknown.map(update)).await;
    }
}

#[rstest]
#[tokio::test]
async fn every_known_value_is_stored(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let words = |table: &str, column: &str, values: &[&str], id: i64| -> Vec<String> {
        values.iter().map(|value| format!("UPDATE {table} SET {column} = '{value}' WHERE id = {id}")).collect()
    };
    done(&database, words("interviews", "kind", &["video_call", "in_person", "phone_call"], JUDE_WITH_LUISA.0)).await;
    let plain = ["pending", "scheduled", "rejected", "cancelled", "completed"];
    done(&database, words("interviews", "status", &plain, JUDE_WITH_LUISA.0)).await;
    done(
        &database,
        words("interviewees", "kind", &["verified", "interview", "accepted", "rejected"], JUDE_APPLICATION.0),
    )
    .await;
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
        "reminder_due",
        "answer_overdue",
    ];
    done(&database, words("interview_events", "type", &events, 1)).await;
    done(&database, words("interview_events", "actor_side", &["interviewer", "interviewee"], 1)).await;
    done(&database, changes(["status = 'no_show', absent = 'interviewer'", "absent = 'interviewee'"])).await;
}

#[rstest]
#[tokio::test]
async fn proposal_is_complete_exactly_while_the_interview_is_amended(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let incomplete = Check("interviews_proposal_check");
    refused(&database, incomplete, changes(PROPOSAL)).await;
    refused(&database, incomplete, changes(["status = 'amended'", &PROPOSAL.join(", ")])).await;
    for missing in 0..PROPOSAL.len() {
        let mut parts = vec!["status = 'amended'"];
        parts.extend((0..PROPOSAL.len()).filter(|part| *part != missing).map(|part| PROPOSAL[part]));
        refused(&database, incomplete, changes([&parts.join(", ")])).await;
    }
    let amended = format!("status = 'amended', {}", PROPOSAL.join(", "));
    done(&database, changes([&*amended])).await;
    refused(&database, incomplete, changes(["status = 'pending'", "status = 'scheduled'", "status = 'cancelled'"]))
        .await;
    let order = Check("interviews_proposal_time_order_check");
    let ends = ["amend_end_at = amend_start_at", "amend_end_at = '2025-03-21T08:00:00+00:00'"];
    refused(&database, order, changes(ends)).await;
    let accepted =
        "status = 'scheduled', amend_start_at = NULL, amend_end_at = NULL, amended_by = NULL, amended_from = NULL";
    done(&database, changes([accepted])).await;
}

#[rstest]
#[tokio::test]
async fn reason_and_absent_side_are_rejected_in_other_states(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let reasons = changes([
        "reason = 'because'",
        "status = 'scheduled', reason = 'because'",
        "status = 'completed', reason = 'because'",
        "status = 'no_show', absent = 'interviewee', reason = 'because'",
    ]);
    refused(&database, Check("interviews_reason_check"), reasons).await;
    let absences =
        changes(["absent = 'interviewee'", "status = 'cancelled', absent = 'interviewee'", "status = 'no_show'"]);
    refused(&database, Check("interviews_no_show_check"), absences).await;
    done(&database, changes(["status = 'rejected', reason = 'because'", "status = 'cancelled'", "reason = NULL"]))
        .await;
}

#[rstest]
#[tokio::test]
async fn interview_ends_after_it_starts(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let times = changes([
        "end_at = start_at",
        "end_at = '2025-03-20T08:59:59.999+00:00'",
        "start_at = '2025-03-20T09:30:00+00:00'",
    ]);
    refused(&database, Check("interviews_time_order_check"), times).await;
    done(&database, changes(["end_at = '2025-03-20T09:00:00.001+00:00'"])).await;
}

#[rstest]
#[case("users.title", JUDE.0)]
#[case("interviews.company_id", JUDE_WITH_LUISA.0)]
#[case("interviews.driver_id", JUDE_WITH_LUISA.0)]
#[case("interviews.interviewer_id", JUDE_WITH_LUISA.0)]
#[case("interviews.start_at", JUDE_WITH_LUISA.0)]
#[case("interviews.end_at", JUDE_WITH_LUISA.0)]
#[case("interviews.allow_overlap", JUDE_WITH_LUISA.0)]
#[case("interviews.version", JUDE_WITH_LUISA.0)]
#[case("interviews.created_at", JUDE_WITH_LUISA.0)]
#[case("interviews.updated_at", JUDE_WITH_LUISA.0)]
#[tokio::test]
async fn null_is_rejected(
    #[case] column: &'static str,
    #[case] id: i64,
    #[values(Sqlite, Postgres)] database: Database,
) {
    let database = filled!(database);
    let (table, name) = column.split_once('.').unwrap();
    refused(&database, NotNull(column), [format!("UPDATE {table} SET {name} = NULL WHERE id = {id}")]).await;
}

#[rstest]
#[tokio::test]
async fn staff_belong_to_a_company_and_others_to_none(#[values(Sqlite, Postgres)] database: Database) {
    let database = filled!(database);
    let user = |role: &str, company: &str| {
        format!("INSERT INTO users (role, company_id, title) VALUES ('{role}', {company}, 'New User')")
    };
    let misplaced = [user("staff", "NULL"), user("driver", "1"), user("admin", "2"), user("service", "1")];
    refused(&database, Check("users_staff_company_check"), misplaced).await;
    refused(&database, ForeignKey("users_company_id_fkey"), [user("staff", "99")]).await;
    let placed = [user("staff", "2"), user("driver", "NULL"), user("admin", "NULL"), user("service", "NULL")];
    done(&database, placed).await;
}
