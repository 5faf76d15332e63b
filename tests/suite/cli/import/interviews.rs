//! Interviews of another system: they keep their ids, are inserted once, and reserve their time.

use super::{interview, lines, people};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::TestDatabase;
use crate::support::feed::with;
use crate::support::inspect::query;
use crate::support::invariants::double_bookings;
use crate::support::shell::Shell;
use chrono::{DateTime, TimeDelta, Utc};
use interviews::domain::UserId;
use interviews::domain::time::format;
use interviews::services::Clock;
use interviews::services::provisioning::import::{BatchReport, ImportOptions, ImportStop, Summary, import};
use rstest::rstest;
use serde_json::{Value, json};
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// Staff of the imported company.
const VERA: UserId = UserId(9010);
/// The beginning of the interviews that are counted.
const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The people, and an interview of every status.
fn every_status() -> Vec<Value> {
    let of = |id: i64, hour: u32, fields: Value| with(interview(id, hour), &fields);
    let mut rows = people();
    rows.extend([
        of(5_000, 8, json!({"location": "Gate 2", "allowOverlap": true, "companyId": 9000, "driverId": 9020})),
        of(
            5_001,
            9,
            json!({"status": "AMENDED", "amendStartAt": "2025-05-06T09:00:00.500Z",
            "amendEndAt": "2025-05-06T10:00:00Z", "amendedBy": "INTERVIEWEE", "amendedFrom": "SCHEDULED"}),
        ),
        of(
            5_002,
            10,
            json!({"status": "SCHEDULED", "kind": "IN_PERSON", "version": 3,
            "updatedAt": "2025-04-02T08:00:00Z"}),
        ),
        of(5_003, 11, json!({"status": "REJECTED", "reason": "ill\nsorry"})),
        of(5_004, 12, json!({"status": "CANCELLED", "reason": ""})),
        of(5_005, 13, json!({"status": "COMPLETED", "kind": "PHONE_CALL", "reason": null})),
        of(5_006, 14, json!({"status": "NO_SHOW", "absent": "INTERVIEWER"})),
    ]);
    rows
}

#[rstest]
#[tokio::test]
async fn interview_of_every_status_keeps_its_id_and_fields(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let finished = shell.import(&lines(every_status()));
    assert!(finished.stderr.contains("interviews: 7 written, 0 unchanged"), "{}", finished.stderr);
    assert_eq!(finished.code, Some(0));

    let server = shell.start("serve");
    let query_all = "{ interviews(first: 10, orderBy: {field: ID, direction: ASC}) { nodes { id status kind startAt \
        amendStartAt amendEndAt amendedBy location reason absent allowOverlap version createdAt updatedAt } } }";
    let listed = server.graphql(&shell.token(VERA), query_all).await;
    let row = |node: &Value| {
        let always = ["id", "status", "kind", "startAt", "version", "createdAt", "updatedAt"];
        let sometimes = ["amendStartAt", "amendEndAt", "amendedBy", "location", "reason", "absent", "allowOverlap"];
        let mut texts: Vec<String> = always.map(|field| node[field].to_string().replace(['"'], "")).into();
        let set = sometimes.iter().filter(|field| !matches!(node[**field], Value::Null | Value::Bool(false)));
        texts.extend(set.map(|field| format!("{field}={}", node[*field])));
        texts.join(" ").replace("2025-", "").replace(":00.000Z", "")
    };
    let rows: Vec<String> = listed["data"]["interviews"]["nodes"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(
        rows,
        [
            r#"5000 PENDING VIDEO_CALL 05-05T08:00 1 04-01T08:00 04-01T08:00 location="Gate 2" allowOverlap=true"#,
            "5001 AMENDED VIDEO_CALL 05-05T09:00 1 04-01T08:00 04-01T08:00 amendStartAt=\"05-06T09:00:00.500Z\" \
                amendEndAt=\"05-06T10:00\" amendedBy=\"INTERVIEWEE\"",
            "5002 SCHEDULED IN_PERSON 05-05T10:00 3 04-01T08:00 04-02T08:00",
            r#"5003 REJECTED VIDEO_CALL 05-05T11:00 1 04-01T08:00 04-01T08:00 reason="ill\nsorry""#,
            "5004 CANCELLED VIDEO_CALL 05-05T12:00 1 04-01T08:00 04-01T08:00",
            "5005 COMPLETED PHONE_CALL 05-05T13:00 1 04-01T08:00 04-01T08:00",
            r#"5006 NO_SHOW VIDEO_CALL 05-05T14:00 1 04-01T08:00 04-01T08:00 absent="INTERVIEWER""#,
        ]
    );
    let from = "SELECT amended_from FROM interviews WHERE id = 5001";
    assert_eq!(shell.database().value::<String>(from).await, "scheduled");

    let events = "SELECT interview_id, type, actor_id, actor_side, company_id, driver_id, former_driver_id \
        FROM interview_events WHERE interview_id >= 5000 ORDER BY id";
    let expected = |id: i64| {
        json!({"interview_id": id, "type": "created", "actor_id": null, "actor_side": "interviewer",
            "company_id": 9000, "driver_id": 9020, "former_driver_id": null})
    };
    assert_eq!(query(shell.database(), events).await, (5_000..5_007).map(expected).collect::<Vec<_>>());
    let created = "SELECT CAST(count(*) AS BIGINT) FROM interview_events AS event JOIN interviews \
        ON interviews.id = interview_id WHERE interview_id >= 5000 AND event.at = created_at";
    assert_eq!(shell.database().value::<i64>(created).await, 7);
}

#[rstest]
#[tokio::test]
async fn imported_interview_is_inserted_once_and_changes_like_others(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let rows = every_status();
    assert_eq!(shell.import(&lines(rows.clone())).code, Some(0));
    // The rest of a later line is not read.
    let changed = rows.into_iter().map(|row| {
        if row["type"] == "interview" { with(row, &json!({"location": "X", "interviewerId": 404})) } else { row }
    });
    let finished = shell.import(&lines(changed));
    assert!(finished.stderr.contains("interviews: 0 written, 7 unchanged, 0 outdated, 0 refused"), "{finished:?}");
    assert_eq!(query(shell.database(), "SELECT id FROM interviews WHERE location = 'X'").await, Vec::<Value>::new());

    let (server, token) = (shell.start("serve"), shell.token(VERA));
    let cancel = "mutation { cancelInterview(id: 5002, reason: \"moved\") { interview { status version } } }";
    assert_json!(server.graphql(&token, cancel).await, @r#"
    {
      "data": {"cancelInterview": {"interview": {"status": "CANCELLED", "version": 4}}}
    }
    "#);
    let create = "mutation { createInterview(input: {intervieweeId: 9030, interviewerId: 9010, kind: VIDEO_CALL, \
        startAt: \"2025-06-05T09:00:00Z\", endAt: \"2025-06-05T10:00:00Z\"}) { interview { id } } }";
    // New interviews get ids above the imported ones.
    assert_json!(server.graphql(&token, create).await, @r#"
    {
      "data": {"createInterview": {"interview": {"id": "5007"}}}
    }
    "#);
}

#[rstest]
#[tokio::test]
async fn overlap_is_refused_or_stored_with_the_permission(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    shell.import(&lines(people()));
    let at = |id: i64, from: &str, to: &str, fields: Value| {
        let times = json!({"startAt": format!("2025-05-05T{from}Z"), "endAt": format!("2025-05-05T{to}Z")});
        with(with(interview(id, 9), &times), &fields)
    };
    let none = || json!({});
    assert_eq!(shell.import(&lines([at(5_000, "09:00:00", "10:00:00", none())])).code, Some(0));
    let rows = [
        at(5_001, "09:59:59", "10:30:00", none()), // with 5000, which is stored
        at(5_002, "10:00:00", "11:00:00", none()), // 5001 takes no time
        at(5_003, "10:30:00", "11:30:00", none()), // with 5002, of the same batch
        at(5_004, "11:00:00", "12:00:00", none()), // 5003 takes no time
        at(5_005, "11:15:00", "11:45:00", json!({"allowOverlap": true})),
        at(5_006, "11:15:00", "11:45:00", json!({"status": "CANCELLED"})),
        at(5_007, "08:00:00", "09:00:00", none()), // ends when 5000 begins
        at(5_008, "07:00:00", "12:30:00", none()), // around all of them
        at(5_002, "10:00:00", "11:00:00", none()), // once more
    ];
    let rehearsed = shell.import_with("--dry-run", &lines(rows.clone()));
    let finished = shell.import(&lines(rows.clone()));
    let expected = "\
        line 1: interviews SCHEDULE_CONFLICT startAt\n\
        line 3: interviews SCHEDULE_CONFLICT startAt\n\
        line 8: interviews SCHEDULE_CONFLICT startAt\n\
        interviews: 5 written, 1 unchanged, 0 outdated, 3 refused\n\
        9 lines, 3 of them refused\n";
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), expected));
    assert_eq!(rehearsed.stderr, format!("{expected}dry run: nothing was written\n"));

    let finished = shell.import_with("--allow-overlap", &lines(rows));
    let expected = "\
        interviews: 3 written, 6 unchanged, 0 outdated, 0 refused\n\
        9 lines, 0 of them refused\n";
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), expected));
    let allowed = "SELECT id FROM interviews WHERE id >= 5000 AND allow_overlap ORDER BY id";
    let ids: Vec<i64> = query(shell.database(), allowed).await.iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [5_001, 5_003, 5_005, 5_008]);
    let event = "SELECT CAST(changes AS TEXT) FROM interview_events WHERE interview_id = 5008";
    let changes: Vec<Value> = serde_json::from_str(&shell.database().value::<String>(event).await).unwrap();
    assert!(changes.contains(&json!({"field": "allow_overlap", "from": null, "to": "true"})), "{changes:?}");
}

/// Live servers draw ids from the sequence of PostgreSQL, which does not notice ids that a statement sets.
#[rstest]
#[tokio::test]
async fn lower_ids_leave_the_sequence_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    shell.import(&lines(people()));
    let create = |hour: u32| {
        format!(
            "mutation {{ createInterview(input: {{intervieweeId: 9030, interviewerId: 9010, kind: VIDEO_CALL, \
                startAt: \"2025-06-05T{hour}:00:00Z\", endAt: \"2025-06-05T{hour}:30:00Z\"}}) \
                {{ interview {{ id }} userErrors {{ code }} }} }}"
        )
    };
    let (server, token) = (shell.start("serve"), shell.token(VERA));
    let id =
        async |hour| server.graphql(&token, &create(hour)).await["data"]["createInterview"]["interview"]["id"].take();
    let first: i64 = id(10).await.as_str().unwrap().parse().unwrap();
    assert_eq!(shell.import(&lines([interview(9_000_000, 9)])).code, Some(0));
    // The sequence is above both ids, and one is taken.
    let finished = shell.import(&lines([interview(first + 1, 10), interview(first, 11)]));
    assert!(finished.stderr.contains("interviews: 1 written, 1 unchanged"), "{}", finished.stderr);
    assert_eq!(id(11).await, "9000001");
    // A refused interview and a dry run take no ids.
    shell.import(&lines([interview(9_500_000, 9)]));
    shell.import_with("--dry-run", &lines([interview(9_600_000, 15)]));
    assert_eq!(id(12).await, "9000002");
}

#[rstest]
#[tokio::test]
async fn statements_do_not_grow_with_the_rows(#[values(Sqlite, Postgres)] database: Database) {
    let Some(database) = TestDatabase::new(database).await else { return };
    let mut db = database.connect().await;
    let statements: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = statements.clone();
    db.observe(move |sql| seen.lock().unwrap().push(sql.to_owned()));
    let stop = ImportStop { after_batch: CancellationToken::new(), now: CancellationToken::new() };
    let import = async |text: String| {
        statements.lock().unwrap().clear();
        let mut summary = Summary::default();
        let input = Cursor::new(text.into_bytes());
        let on_batch = |batch: &BatchReport| summary.add(batch);
        import(&db, &Clock::System, input, ImportOptions::default(), &stop, on_batch).await.unwrap();
        assert!(!summary.has_refusals());
        statements.lock().unwrap().clone()
    };
    import(lines(people())).await;
    let rows = |from: i64, to: i64| {
        let rows = (from..to).flat_map(|id| {
            let start = START + TimeDelta::hours(id);
            let times = json!({"startAt": format(start), "endAt": format(start + TimeDelta::minutes(30))});
            let own = |row: &Value, own_id: i64| {
                with(row.clone(), &json!({"id": own_id, "sourceUpdatedAt": "2025-04-01T08:00:00Z"}))
            };
            let [company, staff, driver, application] = people().try_into().unwrap();
            let people = [(company, 1), (staff, 2), (driver, 3), (application, 4)];
            let people = people.map(|(row, kind)| own(&row, 20_000 + 10 * id + kind));
            people.into_iter().chain([with(interview(id, 9), &times)]).collect::<Vec<_>>()
        });
        lines(rows)
    };
    let one = import(rows(9_000, 9_001)).await;
    let hundred = import(rows(9_001, 9_101)).await;
    assert_eq!(one, hundred);
    // Three for each kind of row, without references for companies; and each transaction begins and ends.
    let expected = if database.url.starts_with("postgres") { 3 + 8 + 2 + 9 } else { 2 + 8 + 2 + 7 };
    assert_eq!(one.len(), expected, "{one:#?}");
    assert_eq!(double_bookings(&database).await, Vec::<Value>::new());
}
