//! The interviews of a calendar, with what it shows of their people: one statement for any number of them.

use crate::domain::calendar::{CalendarEntry, CalendarOwner, EntryStatus, FeedWindow, Person, PublishedEntry};
use crate::domain::{InterviewId, InterviewKind, InterviewStatus, Scope, StatusBeforeProposal, TimeSlot};
use crate::storage::database::fetch;
use crate::storage::entities::json;
use crate::storage::entities::row::row;
use crate::storage::{Result, StorageError};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::Deserialize;
use std::str::FromStr;

row! {
    #[derive(Deserialize)]
    pub struct Model {
        pub id: i64,
        pub kind: String,
        pub status: String,
        pub amended_from: Option<String>,
        #[serde(deserialize_with = "json::time")]
        pub start_at: DateTime<Utc>,
        #[serde(deserialize_with = "json::time")]
        pub end_at: DateTime<Utc>,
        pub location: Option<String>,
        pub sequence: i32,
        #[serde(deserialize_with = "json::time")]
        pub created_at: DateTime<Utc>,
        #[serde(deserialize_with = "json::time")]
        pub updated_at: DateTime<Utc>,
        pub driver_title: String,
        pub driver_number: Option<String>,
        pub interviewer_title: String,
        pub interviewer_number: Option<String>,
        pub company: String,
    }
}

/// The columns of a [`Model`], in the order of its fields.
const COLUMNS: &str = "shown.id, shown.kind, shown.status, shown.amended_from, shown.start_at, shown.end_at, \
    shown.location, coalesce(shown.sequence, shown.version - 1), shown.created_at, shown.updated_at, \
    driver.title, driver.phone_number, interviewer.title, interviewer.contact_phone_number, companies.name";
const PEOPLE: &str = "shown JOIN users AS driver ON driver.id = shown.driver_id \
    JOIN users AS interviewer ON interviewer.id = shown.interviewer_id \
    JOIN companies ON companies.id = shown.company_id";
const BY_START: &str = "ORDER BY shown.start_at, shown.id";

/// The interviews of a calendar in a window, by their start. Of more than `limit`, those that are to come, and the last
/// ones of the past.
pub(crate) async fn of_owner(
    connection: &impl ConnectionTrait,
    owner: CalendarOwner,
    window: &FeedWindow,
    limit: usize,
) -> Result<Vec<PublishedEntry>> {
    let mut values: Vec<Value> = vec![window.from.into(), window.now.into(), window.to.into()];
    let condition = match owner {
        CalendarOwner::Driver(driver) => {
            values.push(driver.0.into());
            "driver_id = $4"
        }
        CalendarOwner::Interviewer(interviewer, company) => {
            values.extend([interviewer.0, company.0].map(Value::from));
            "interviewer_id = $4 AND company_id = $5"
        }
        CalendarOwner::Company(company) => {
            values.push(company.0.into());
            "company_id = $4"
        }
    };
    let sql = format!(
        "WITH future AS (SELECT * FROM interviews WHERE {condition} AND start_at >= $2 AND start_at < $3 \
            ORDER BY start_at, id LIMIT {limit}), \
         past AS (SELECT * FROM interviews WHERE {condition} AND start_at >= $1 AND start_at < $2 \
            ORDER BY start_at DESC, id DESC LIMIT {limit}), \
         shown AS (SELECT * FROM (SELECT * FROM past UNION ALL SELECT * FROM future) AS found \
            ORDER BY start_at DESC, id DESC LIMIT {limit})"
    );
    read(connection, &sql, values).await
}

/// One interview, if it is visible in this scope.
pub(crate) async fn single(
    connection: &impl ConnectionTrait,
    scope: Scope,
    id: InterviewId,
) -> Result<Option<PublishedEntry>> {
    let mut values: Vec<Value> = vec![id.0.into()];
    let condition = match scope {
        Scope::Driver(driver) => {
            values.push(driver.0.into());
            " AND driver_id = $2"
        }
        Scope::Company(company) => {
            values.push(company.0.into());
            " AND company_id = $2"
        }
        Scope::Everything => "",
    };
    let sql = format!("WITH shown AS (SELECT * FROM interviews WHERE id = $1{condition})");
    Ok(read(connection, &sql, values).await?.pop())
}

/// The entries of the interviews that are called `shown` in a statement which begins so.
async fn read(connection: &impl ConnectionTrait, with: &str, values: Vec<Value>) -> Result<Vec<PublishedEntry>> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => {
            format!("{with} SELECT json_group_array(json_array({COLUMNS}) {BY_START}) FROM {PEOPLE}")
        }
        _ => format!("{with} SELECT {COLUMNS} FROM {PEOPLE} {BY_START}"),
    };
    let rows: Vec<Model> = fetch::fetch(connection, Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.into_iter().map(PublishedEntry::try_from).collect()
}

impl TryFrom<Model> for PublishedEntry {
    type Error = StorageError;

    fn try_from(row: Model) -> Result<Self> {
        let corrupt = |column| StorageError::Corrupt { table: "interviews", column, id: row.id };
        let status = InterviewStatus::from_str(&row.status).map_err(|_| corrupt("status"))?;
        let before_proposal = row.amended_from.as_deref().map(StatusBeforeProposal::from_str).transpose();
        let entry = CalendarEntry {
            id: InterviewId(row.id),
            kind: InterviewKind::from_str(&row.kind).map_err(|_| corrupt("kind"))?,
            status: EntryStatus::new(status, before_proposal.map_err(|_| corrupt("amended_from"))?),
            slot: TimeSlot::try_new(row.start_at, row.end_at).map_err(|_| corrupt("end_at"))?,
            location: row.location,
            driver: Person { title: row.driver_title, phone_number: row.driver_number },
            interviewer: Person { title: row.interviewer_title, phone_number: row.interviewer_number },
            company: row.company,
        };
        let Model { sequence, created_at, updated_at, .. } = row;
        Ok(Self { entry, sequence, created_at, updated_at })
    }
}
