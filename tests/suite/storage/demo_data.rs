//! The demo data: the same rows on every machine, with the documentation's people and interview, and of the requested
//! size.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::SECRET;
use crate::support::database::TestDatabase;
use crate::support::interview_rows::{self, Row};
use crate::support::lists::List;
use crate::support::people::{COASTAL_FREIGHT, JUDE, JUDE_APPLICATION, JUDE_WITH_LUISA, NORTHERN_HAULAGE};
use chrono::{DateTime, TimeDelta, Utc};
use interviews::services::{CacheLifetimes, Clock, DemoDataError, FrozenClock, Services, Tokens};
use interviews::storage::Db;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A database with the schema and without rows, or the end of a test where there is no PostgreSQL.
macro_rules! empty {
    ($database:expr) => {
        match TestDatabase::without_rows($database).await {
            Some(database) => Empty::new(database).await,
            None => return,
        }
    };
}

struct Empty {
    db: Db,
    database: TestDatabase,
    statements: Arc<AtomicUsize>,
}

impl Empty {
    async fn new(database: TestDatabase) -> Self {
        let mut db = database.connect().await;
        let statements: Arc<AtomicUsize> = Arc::default();
        let counter = statements.clone();
        db.observe(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        Self { db, database, statements }
    }

    async fn fill_at(&self, now: &str, count: u32) -> Result<(), DemoDataError> {
        let clock = Clock::Frozen(FrozenClock::at(now.parse().unwrap()));
        let tokens = Tokens::try_new(SECRET, None).unwrap();
        Services::new(self.db.clone(), clock, tokens, CacheLifetimes::default()).fill_with_demo_data(count).await
    }

    async fn fill(&self, count: u32) {
        self.fill_at("2026-06-01T12:00:00Z", count).await.unwrap();
    }

    async fn count(&self, rows: &str) -> i64 {
        self.database.value(&format!("SELECT CAST(count(*) AS BIGINT) FROM {rows}")).await
    }
}

/// Every table with its columns: `@` marks times, `?` booleans.
const TABLES: [(&str, &str); 5] = [
    ("companies", "id name"),
    ("users", "id role company_id title image phone_number contact_phone_number deactivated_at@"),
    ("interviewees", "id company_id driver_id kind updated_at@"),
    (
        "interviews",
        "id company_id driver_id interviewee_id interviewer_id kind status start_at@ end_at@ amend_start_at@ \
         amend_end_at@ amended_by amended_from location reason absent allow_overlap? version created_at@ updated_at@",
    ),
    ("interview_events", "id interview_id type at@ actor_id actor_side changes"),
];

/// Every row as a line of text, the same on both databases.
async fn dump(database: &TestDatabase) -> Vec<String> {
    let connection = database.connection().await;
    let backend = connection.get_database_backend();
    let text = |column: &str| match (column.strip_suffix('@'), column.strip_suffix('?'), backend) {
        (Some(time), _, DbBackend::Postgres) => {
            format!("to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')")
        }
        (Some(time), ..) => format!("strftime('%Y-%m-%dT%H:%M:%f', {time})"),
        (_, Some(boolean), _) => format!("CASE WHEN {boolean} THEN 'true' ELSE 'false' END"),
        _ => format!("CAST({column} AS TEXT)"),
    };
    let mut lines = Vec::new();
    for (table, columns) in TABLES {
        let columns: Vec<String> =
            columns.split(' ').map(|column| format!("coalesce({}, '-')", text(column))).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY id", columns.join(" || '|' || "));
        let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        lines.extend(rows.iter().map(|row| format!("{table} {}", row.try_get_by_index::<String>(0).unwrap())));
    }
    lines.into_iter().map(with_plain_json).collect()
}

/// The databases differ in the order of keys and the blanks of stored JSON.
fn with_plain_json(line: String) -> String {
    let Some(at) = line.find("[{") else { return line };
    let json: Value = serde_json::from_str(&line[at..]).unwrap();
    format!("{}{json}", &line[..at])
}

#[tokio::test]
async fn same_count_gives_the_same_rows_at_any_time() {
    let (one, other) = (empty!(Sqlite), empty!(Sqlite));
    one.fill_at("2025-01-01T00:00:00Z", 300).await.unwrap();
    other.fill_at("2031-07-07T07:07:07.777Z", 300).await.unwrap();
    let lines = dump(&one.database).await;
    assert!(lines.len() > 1000);
    assert!(lines == dump(&other.database).await);
}

#[tokio::test]
async fn both_databases_hold_the_same_rows() {
    let (sqlite, postgres) = (empty!(Sqlite), empty!(Postgres));
    sqlite.fill(300).await;
    postgres.fill(300).await;
    let (sqlite, postgres) = (dump(&sqlite.database).await, dump(&postgres.database).await);
    for (sqlite, postgres) in sqlite.iter().zip(&postgres) {
        assert_eq!(sqlite, postgres);
    }
    assert_eq!(sqlite.len(), postgres.len());
}

/// Up to 5,000 interviews are one chunk.
#[tokio::test]
async fn events_of_a_chunk_are_stored_in_the_order_of_time() {
    let empty = empty!(Sqlite);
    empty.fill(300).await;
    let pairs = "interview_events AS one JOIN interview_events AS next ON next.id = one.id + 1";
    assert!(empty.count(pairs).await > 500);
    assert_eq!(empty.count(&format!("{pairs} WHERE next.at < one.at")).await, 0);
}

/// 5,500 interviews are more than one chunk, and more rows than a statement has parameters for.
#[rstest]
#[case(Sqlite, 1)]
#[case(Sqlite, 2)]
#[case(Sqlite, 26)]
#[case(Sqlite, 27)]
#[case(Sqlite, 28)]
#[case(Sqlite, 1000)]
#[case(Sqlite, 5500)]
#[case(Postgres, 5500)]
#[tokio::test]
async fn data_has_the_requested_size(#[case] database: Database, #[case] count: u32) {
    let empty = empty!(database);
    empty.fill(count).await;
    let northern = format!("WHERE company_id = {NORTHERN_HAULAGE}");
    assert_eq!(empty.count(&format!("interviews {northern}")).await, i64::from(count));
    assert_eq!(empty.count(&format!("interviews WHERE company_id = {COASTAL_FREIGHT}")).await, 20);
    assert_eq!(empty.count("companies").await, 2);
    let interviewers = empty.count(&format!("users {northern} AND role = 'staff'")).await;
    assert!(interviewers * 200 >= i64::from(count), "{interviewers} interviewers");
    let drivers = empty.count(&format!("(SELECT DISTINCT driver_id FROM interviewees {northern}) AS drivers")).await;
    assert!(drivers * 5 >= i64::from(count), "{drivers} drivers");

    let rows = interview_rows::all(&empty.database).await;
    assert!(rows.iter().any(|row| row.id == JUDE_WITH_LUISA.0 && row.company_id == NORTHERN_HAULAGE.0));
    if count >= 100 {
        let statuses: BTreeSet<&str> = rows.iter().map(|row| row.status.as_str()).collect();
        let kinds: BTreeSet<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!((statuses.len(), kinds.len()), (7, 3), "every status and kind");
    }
    if count >= 5000 {
        let (events, statements) = (empty.count("interview_events").await, empty.statements.load(Ordering::Relaxed));
        let rows = rows.len() + usize::try_from(events).unwrap();
        assert!(rows / statements >= 100, "{rows} rows in {statements} statements");
    }
    assert_pauses(&rows, |row| row.interviewer_id);
    assert_pauses(&rows, |row| row.driver_id);
    assert_histories(&empty, &rows).await;
}

/// Between any two interviews of a person, of any status, are at least 15 minutes.
fn assert_pauses(rows: &[Row], person: impl Fn(&Row) -> i64) {
    let mut of_person: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        of_person.entry(person(row)).or_default().push(row);
    }
    for mut rows in of_person.into_values() {
        rows.sort_by_key(|row| row.start_at);
        for pair in rows.windows(2) {
            assert!(pair[1].start_at - pair[0].end_at >= TimeDelta::minutes(15), "{pair:#?}");
        }
    }
}

/// Each interview has an event for every version; the last one has the time of its last change.
async fn assert_histories(empty: &Empty, rows: &[Row]) {
    let connection = empty.database.connection().await;
    let sql = "SELECT CAST(interviews.version AS BIGINT), CAST(count(*) AS BIGINT), max(at), interviews.updated_at, \
            sum(CASE type WHEN 'created' THEN 1 ELSE 0 END) \
        FROM interviews JOIN interview_events ON interview_id = interviews.id \
        GROUP BY interviews.id, interviews.version, interviews.updated_at";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let histories = connection.query_all_raw(statement).await.unwrap();
    assert_eq!(histories.len(), rows.len());
    for history in histories {
        let (version, events, created): (i64, i64, i64) = (
            history.try_get_by_index(0).unwrap(),
            history.try_get_by_index(1).unwrap(),
            history.try_get_by_index(4).unwrap(),
        );
        assert_eq!((version, created), (events, 1));
        let times: [DateTime<Utc>; 2] = [2, 3].map(|index| history.try_get_by_index(index).unwrap());
        assert_eq!(times[0], times[1]);
    }
}

#[rstest]
#[tokio::test]
async fn people_and_interview_of_the_documentation_are_there(#[values(1, 300)] count: u32) {
    let empty = empty!(Sqlite);
    empty.fill(count).await;
    let lines = dump(&empty.database).await;
    for line in [
        "companies 1|Northern Haulage",
        "companies 2|Coastal Freight",
        "users 1|admin|-|Ada Prentice|-|-|-|-",
        "users 997|driver|-|Jude Howell|-|123|-|-",
        "users 1000|staff|1|Mona Berg|-|-|-|-",
        "users 1001|staff|1|Luisa Hintz|-|-|-|-",
        "users 1002|staff|2|Piet Maas|-|-|-|-",
        "interviewees 277|1|997|verified|2025-03-20T10:02:08.958",
        "interviews 27|1|997|277|1001|video_call|pending|2025-03-20T09:00:00.000|2025-03-20T09:30:00.000|-|-|-|-|-|-|-|\
         false|1|2025-03-19T16:20:41.250|2025-03-19T16:20:41.250",
    ] {
        assert!(lines.iter().any(|stored| stored == line), "{line}");
    }
}

#[rstest]
#[tokio::test]
async fn database_that_holds_rows_is_left_as_it_is(#[values(Sqlite, Postgres)] database: Database) {
    let empty = empty!(database);
    let assert_refused = async || {
        let before = dump(&empty.database).await;
        let refused = empty.fill_at("2026-06-01T12:00:00Z", 30).await.unwrap_err();
        assert!(matches!(refused, DemoDataError::NotEmpty), "{refused:?}");
        assert_eq!(dump(&empty.database).await, before);
    };
    for (insert, delete) in [
        ("INSERT INTO companies (name) VALUES ('A company')", "DELETE FROM companies"),
        ("INSERT INTO users (role, title) VALUES ('driver', 'A driver')", "DELETE FROM users"),
    ] {
        empty.database.execute(insert).await;
        assert_refused().await;
        empty.database.execute(delete).await;
    }
    empty.fill(30).await;
    assert_refused().await;
}

#[tokio::test]
async fn zero_interviews_are_refused() {
    let empty = empty!(Sqlite);
    assert!(matches!(empty.fill_at("2026-06-01T12:00:00Z", 0).await, Err(DemoDataError::NoInterviews)));
    assert_eq!(dump(&empty.database).await, Vec::<String>::new());
}

#[rstest]
#[case(Sqlite, 300)]
#[case(Postgres, 1)]
#[case(Postgres, 300)]
#[tokio::test]
async fn new_rows_get_ids_above_those_of_the_demo_data(#[case] database: Database, #[case] count: u32) {
    let empty = empty!(database);
    empty.fill(count).await;
    let at = "'2026-06-01T12:00:00+00:00'";
    for (table, columns, values) in [
        ("companies", "name", "'New'".to_owned()),
        ("users", "role, title", "'driver', 'New'".to_owned()),
        ("interviewees", "company_id, driver_id, kind, updated_at", {
            format!("{COASTAL_FREIGHT}, {JUDE}, 'verified', {at}")
        }),
        ("interview_events", "interview_id, type, at, actor_side, changes", {
            format!("{JUDE_WITH_LUISA}, 'updated', {at}, 'interviewer', '[]'")
        }),
    ] {
        let largest = format!("SELECT max(id) FROM {table}");
        let before = empty.database.value::<i64>(&largest).await;
        empty.database.execute(&format!("INSERT INTO {table} ({columns}) VALUES ({values})")).await;
        assert_eq!(empty.database.value::<i64>(&largest).await, before + 1, "{table}");
    }
    interview_rows::insert_at(&empty.database, "2030-01-01T08:00:00Z".parse().unwrap()).await;
    let largest = empty.database.value::<i64>("SELECT max(id) FROM interviews").await;
    assert_eq!(largest, i64::from(count).max(JUDE_WITH_LUISA.0) + 20 + 1);
}

#[tokio::test]
async fn companies_do_not_see_each_others_interviews_and_interviewees() {
    let app = start!(Sqlite);
    let rows = interview_rows::all(&app.database).await;
    let (northern, coastal): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.company_id == NORTHERN_HAULAGE.0);
    assert_eq!((northern.len(), coastal.len()), (250, 20));
    let listed = List::of("interviews").walk(&app.staff(), 100).await;
    assert_eq!(listed.len(), 250);
    for row in &coastal {
        assert!(!listed.contains(&row.id));
        let query = "query($interview: ID!, $interviewee: ID!) { \
            interview(id: $interview) { id } interviewee(id: $interviewee) { id } }";
        let ids = json!({"interview": row.id.to_string(), "interviewee": row.interviewee_id.to_string()});
        assert_json!(app.staff().ask(query, ids).await, @r#"{"interview": null, "interviewee": null}"#);
    }
    // Jude applied to both companies; his application to this one lists its interviews alone.
    assert!(coastal.iter().any(|row| row.driver_id == JUDE.0));
    let query = format!("{{ interviewee(id: {JUDE_APPLICATION}) {{ interviews {{ nodes {{ id }} }} }} }}");
    assert_json!(app.staff().ask(&query, json!({})).await, @r#"
    {
      "interviewee": {"interviews": {"nodes": [{"id": "27"}]}}
    }
    "#);
}
