//! The demo data: the same on every machine, with the documentation's people and interview in it, and as large as was
//! asked for.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::SECRET;
use crate::support::database::TestDatabase;
use crate::support::interview_rows::Row;
use crate::support::lists::List;
use chrono::{DateTime, TimeDelta, Utc};
use interviews::services::{CacheLifetimes, Clock, DemoDataError, FrozenClock, Services, Tokens};
use interviews::storage::Db;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// A database with the schema and without a row, or the end of a test where there is no PostgreSQL.
macro_rules! empty {
    ($database:expr) => {
        match TestDatabase::new($database).await {
            Some(database) => Empty::made_of(database).await,
            None => return,
        }
    };
}

struct Empty {
    db: Db,
    database: TestDatabase,
}

impl Empty {
    async fn made_of(database: TestDatabase) -> Self {
        let db = database.connect().await;
        db.migrate_down(1000).await.unwrap();
        db.migrate_up().await.unwrap();
        Self { db, database }
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

/// Every table with its columns: those that end with `@` are times, those with `?` truth values.
const TABLES: [(&str, &str); 5] = [
    ("companies", "id name"),
    ("users", "id role company_id title image phone_number contact_phone_number deactivated_at@"),
    ("interviewees", "id company_id driver_id kind updated_at@"),
    (
        "interviews",
        "id company_id driver_id interviewee_id interviewer_id kind status start_at@ end_at@ amend_start_at@ amend_end_at@ \
         amended_by amended_from location reason absent allow_overlap? version created_at@ updated_at@",
    ),
    ("interview_events", "id interview_id type at@ actor_id actor_side changes"),
];

/// Every row as a line of text, written alike for both databases.
async fn dump(database: &TestDatabase) -> Vec<String> {
    let connection = database.raw().await;
    let backend = connection.get_database_backend();
    let text = |column: &str| match (column.strip_suffix('@'), column.strip_suffix('?'), backend) {
        (Some(time), _, DbBackend::Postgres) => {
            format!("to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')")
        }
        (Some(time), ..) => format!("strftime('%Y-%m-%dT%H:%M:%f', {time})"),
        (_, Some(truth), _) => format!("CASE WHEN {truth} THEN 'true' ELSE 'false' END"),
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

/// JSON is stored with its keys and blanks as each database likes them.
fn with_plain_json(line: String) -> String {
    let Some(at) = line.find("[{") else { return line };
    let json: Value = serde_json::from_str(&line[at..]).unwrap();
    format!("{}{json}", &line[..at])
}

#[rstest]
#[tokio::test]
async fn the_same_count_gives_the_same_rows_at_any_time(#[values(Sqlite, Postgres)] database: Database) {
    let (one, other) = (empty!(database), empty!(database));
    one.fill_at("2025-01-01T00:00:00Z", 300).await.unwrap();
    other.fill_at("2031-07-07T07:07:07.777Z", 300).await.unwrap();
    let lines = dump(&one.database).await;
    assert!(lines.len() > 1000);
    assert!(lines == dump(&other.database).await);
}

#[rstest]
#[tokio::test]
async fn the_log_of_a_few_hundred_is_in_the_order_of_time(#[values(Sqlite, Postgres)] database: Database) {
    let world = empty!(database);
    world.fill(300).await;
    let pairs = "interview_events AS one JOIN interview_events AS next ON next.id = one.id + 1";
    assert!(world.count(pairs).await > 500);
    assert_eq!(world.count(&format!("{pairs} WHERE next.at < one.at")).await, 0);
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

#[rstest]
#[tokio::test]
async fn it_is_as_large_as_was_asked_for(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(1, 2, 26, 27, 28, 1000, 5500)] count: u32,
) {
    let empty = empty!(database);
    empty.fill(count).await;
    let of_first = "WHERE company_id = 1";
    assert_eq!(empty.count(&format!("interviews {of_first}")).await, i64::from(count));
    assert_eq!(empty.count("interviews WHERE company_id = 2").await, 20);
    assert_eq!(empty.count("companies").await, 2);
    let interviewers = empty.count(&format!("users {of_first} AND role = 'staff'")).await;
    assert!(interviewers * 200 >= i64::from(count), "{interviewers} interviewers");
    let drivers = empty.count(&format!("(SELECT DISTINCT driver_id FROM interviewees {of_first}) AS drivers")).await;
    assert!(drivers * 5 >= i64::from(count), "{drivers} drivers");

    let rows = crate::support::interview_rows::all(&empty.database).await;
    assert!(rows.iter().any(|row| row.id == 27 && row.company_id == 1));
    if count >= 100 {
        let statuses: BTreeSet<&str> = rows.iter().map(|row| row.status.as_str()).collect();
        let kinds: BTreeSet<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!((statuses.len(), kinds.len()), (7, 3), "something of everything");
    }
    everybody_has_a_pause(&rows, |row| row.interviewer_id);
    everybody_has_a_pause(&rows, |row| row.driver_id);
    every_version_has_its_event(&empty, &rows).await;
}

/// Between any two interviews of a person, whatever became of them, there are 15 minutes or more.
fn everybody_has_a_pause(rows: &[Row], person: impl Fn(&Row) -> i64) {
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

/// The history begins with the creation and ends with the last change.
async fn every_version_has_its_event(empty: &Empty, rows: &[Row]) {
    let connection = empty.database.raw().await;
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
async fn the_people_and_the_interview_of_the_documentation_are_there(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(1, 300)] count: u32,
) {
    let empty = empty!(database);
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
        "interviews 27|1|997|277|1001|video_call|pending|2025-03-20T09:00:00.000|2025-03-20T09:30:00.000|-|-|-|-|-|-|-|false|1|\
         2025-03-19T16:20:41.250|2025-03-19T16:20:41.250",
    ] {
        assert!(lines.iter().any(|stored| stored == line), "{line}");
    }
}

#[rstest]
#[tokio::test]
async fn rows_are_inserted_by_the_hundred(#[values(Sqlite, Postgres)] database: Database) {
    let mut empty = empty!(database);
    let statements: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = statements.clone();
    empty.db.observe(move |sql| seen.lock().unwrap().push(sql.chars().take(60).collect()));
    empty.fill(5500).await;
    let rows = dump(&empty.database).await.len();
    let statements = statements.lock().unwrap();
    assert!(rows / statements.len() >= 100, "{rows} rows: {statements:#?}");
}

#[rstest]
#[tokio::test]
async fn what_holds_anything_is_not_filled(#[values(Sqlite, Postgres)] database: Database) {
    for row in [
        "INSERT INTO companies (name) VALUES ('Somebody''s own')",
        "INSERT INTO users (role, title) VALUES ('driver', 'Somebody')",
    ] {
        let empty = empty!(database);
        empty.database.execute(row).await;
        let before = dump(&empty.database).await;
        let refused = empty.fill_at("2026-06-01T12:00:00Z", 10).await.unwrap_err();
        assert!(matches!(refused, DemoDataError::NotEmpty), "{refused:?}");
        assert_eq!(dump(&empty.database).await, before);
    }
    let empty = empty!(database);
    empty.fill(30).await;
    let before = dump(&empty.database).await;
    assert!(matches!(empty.fill_at("2026-06-01T12:00:00Z", 30).await, Err(DemoDataError::NotEmpty)));
    assert_eq!(dump(&empty.database).await, before);
}

#[rstest]
#[tokio::test]
async fn no_interviews_at_all_is_no_demo(#[values(Sqlite, Postgres)] database: Database) {
    let empty = empty!(database);
    assert!(matches!(empty.fill_at("2026-06-01T12:00:00Z", 0).await, Err(DemoDataError::NoInterviews)));
    assert_eq!(dump(&empty.database).await, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn new_rows_get_ids_above_all_others(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(1, 300)] count: u32,
) {
    let empty = empty!(database);
    empty.fill(count).await;
    let at = "'2026-06-01T12:00:00+00:00'";
    for (table, columns, values) in [
        ("companies", "name", "'New'".to_owned()),
        ("users", "role, title", "'driver', 'New'".to_owned()),
        ("interviewees", "company_id, driver_id, kind, updated_at", format!("2, 997, 'verified', {at}")),
        (
            "interview_events",
            "interview_id, type, at, actor_side, changes",
            format!("27, 'updated', {at}, 'interviewer', '[]'"),
        ),
    ] {
        let largest = format!("SELECT max(id) FROM {table}");
        let before = empty.database.value::<i64>(&largest).await;
        empty.database.execute(&format!("INSERT INTO {table} ({columns}) VALUES ({values})")).await;
        assert_eq!(empty.database.value::<i64>(&largest).await, before + 1, "{table}");
    }
    crate::support::interview_rows::insert_at(&empty.database, "2030-01-01T08:00:00Z".parse().unwrap()).await;
    let largest = empty.database.value::<i64>("SELECT max(id) FROM interviews").await;
    assert_eq!(largest, i64::from(count.max(27)) + 20 + 1);
}

#[rstest]
#[tokio::test]
async fn the_first_company_never_sees_the_second_one(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (first, second): (Vec<Row>, Vec<Row>) =
        crate::support::interview_rows::all(&app.database).await.into_iter().partition(|row| row.company_id == 1);
    assert_eq!((first.len(), second.len()), (250, 20));
    let listed = List::of("interviews").walk(&app.staff(), 100).await;
    assert_eq!(listed.len(), 250);
    for row in &second {
        assert!(!listed.contains(&row.id));
        let query = "query($interview: ID!, $interviewee: ID!) { \
            interview(id: $interview) { id } interviewee(id: $interviewee) { id } }";
        let ids = json!({"interview": row.id.to_string(), "interviewee": row.interviewee_id.to_string()});
        let data = app.staff().ask(query, ids).await;
        assert_eq!(data, json!({"interview": Value::Null, "interviewee": Value::Null}));
    }
    // The driver is the same person, and their application to the first company shows its interviews alone.
    assert!(second.iter().any(|row| row.driver_id == 997));
    assert_eq!(List::below("interviewee(id: 277)", "interviews").walk(&app.staff(), 100).await, [27]);
}
