//! The rows of `interviews`, read and written by SQL: tests compare the lists of the server with them.

use crate::support::database::TestDatabase;
use crate::support::people::{JUDE, JUDE_APPLICATION, LUISA, NORTHERN_HAULAGE};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sea_orm::{FromQueryResult, Statement};
use std::fmt::Display;

/// The columns that lists filter and order by.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    pub id: i64,
    pub company_id: i64,
    pub driver_id: i64,
    pub interviewee_id: i64,
    pub interviewer_id: i64,
    pub kind: String,
    pub status: String,
    pub start_at: DateTime<Utc>,
    pub end_at: DateTime<Utc>,
    pub amended_by: Option<String>,
    pub updated_at: DateTime<Utc>,
}

/// An order of interviews, which sorts rows independently of the server.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub field: &'static str,
    pub direction: &'static str,
}

/// All interviews of both companies.
pub async fn all(database: &TestDatabase) -> Vec<Row> {
    let connection = database.connection().await;
    let sql = "SELECT id, company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, end_at, \
        amended_by, updated_at FROM interviews";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    Row::find_by_statement(statement).all(connection).await.unwrap()
}

/// The interviews of Northern Haulage.
pub async fn of_northern_haulage(database: &TestDatabase) -> Vec<Row> {
    all(database).await.into_iter().filter(|row| row.company_id == NORTHERN_HAULAGE.0).collect()
}

/// A point in time as the server stores it, for SQL.
pub fn sql_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// Makes many interviews of Northern Haulage begin at the same time, and many change at the same time.
pub async fn make_ties(database: &TestDatabase) {
    let sql = "UPDATE interviews SET allow_overlap = true, start_at = '2026-01-08T10:00:00+00:00', \
            end_at = '2026-01-08T11:00:00+00:00' WHERE company_id = 1 AND id BETWEEN 90 AND 129; \
        UPDATE interviews SET updated_at = '2025-12-24T18:00:00.500+00:00' WHERE id % 3 = 0; \
        UPDATE interviews SET updated_at = '2025-12-24T18:00:00+00:00' WHERE id % 3 = 1";
    database.execute(sql).await;
}

/// Stores an interview of half an hour of Jude's with Luisa, which may overlap others.
pub async fn insert_at(database: &TestDatabase, start_at: DateTime<Utc>) {
    insert_between(database, start_at, start_at + TimeDelta::minutes(30)).await;
}

/// Stores an interview of Jude's with Luisa, which may overlap others.
pub async fn insert_between(database: &TestDatabase, start_at: DateTime<Utc>, end_at: DateTime<Utc>) {
    let (start, end) = (sql_time(start_at), sql_time(end_at));
    let sql = format!(
        "INSERT INTO interviews (company_id, driver_id, interviewee_id, interviewer_id, kind, status, \
         start_at, end_at, allow_overlap, version, created_at, updated_at) \
         VALUES ({NORTHERN_HAULAGE}, {JUDE}, {JUDE_APPLICATION}, {LUISA}, 'video_call', 'pending', \
         '{start}', '{end}', true, 1, '{start}', '{start}')"
    );
    database.execute(&sql).await;
}

/// Moves an interview, which may overlap others afterwards.
pub async fn move_to(database: &TestDatabase, id: impl Display, start_at: DateTime<Utc>) {
    let (start, end) = (sql_time(start_at), sql_time(start_at + TimeDelta::minutes(30)));
    let sql = format!(
        "UPDATE interviews SET start_at = '{start}', end_at = '{end}', updated_at = '{start}', allow_overlap = true \
         WHERE id = {id}"
    );
    database.execute(&sql).await;
}

/// Deletes an interview with its history.
pub async fn delete(database: &TestDatabase, id: impl Display) {
    let sql = format!("DELETE FROM interview_events WHERE interview_id = {id}; DELETE FROM interviews WHERE id = {id}");
    database.execute(&sql).await;
}

impl Order {
    pub const START_ASCENDING: Self = Self { field: "START_AT", direction: "ASC" };

    /// As a GraphQL argument.
    pub fn argument(self) -> String {
        format!("orderBy: {{field: {}, direction: {}}}", self.field, self.direction)
    }

    /// A key by which rows sort in this order.
    pub fn key(self, row: &Row) -> (i64, i64) {
        let key = match self.field {
            "START_AT" => row.start_at.timestamp_millis(),
            "UPDATED_AT" => row.updated_at.timestamp_millis(),
            "ID" => 0,
            other => panic!("unknown order: {other}"),
        };
        match self.direction {
            "ASC" => (key, row.id),
            _ => (-key, -row.id),
        }
    }

    /// The rows in this order.
    pub fn sorted(self, mut rows: Vec<Row>) -> Vec<Row> {
        rows.sort_by_key(|row| self.key(row));
        rows
    }
}

/// The ids of rows.
pub fn ids(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}
