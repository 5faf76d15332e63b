//! The size: as many interviews as requested, with people in proportion.

use super::Empty;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::interview_rows::{self, Row};
use crate::support::people::{COASTAL_FREIGHT, JUDE_WITH_LUISA, NORTHERN_HAULAGE};
use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

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
