//! Somebody's interviews under a filter, beside what the rows themselves say.
#![allow(dead_code, reason = "no test file uses all of it")]

use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::interview_rows::{self, Order, Row, ids};
use crate::support::lists::List;
use chrono::{DateTime, SecondsFormat, Utc};

/// What one viewer sees, by its start.
pub struct View {
    pub actor: Actor,
    pub rows: Vec<Row>,
}

impl View {
    pub async fn of_staff(app: &TestApp) -> Self {
        Self::of(app, app.staff(), |row| row.company_id == 1).await
    }

    pub async fn of_driver(app: &TestApp) -> Self {
        Self::of(app, app.driver(), |row| row.driver_id == 997).await
    }

    pub async fn of_admin(app: &TestApp) -> Self {
        Self::of(app, app.admin(), |_| true).await
    }

    async fn of(app: &TestApp, actor: Actor, sees: impl Fn(&Row) -> bool) -> Self {
        let rows = interview_rows::all(&app.database).await.into_iter().filter(|row| sees(row)).collect();
        Self { actor, rows: Order { field: "START_AT", direction: "ASC" }.sorted(rows) }
    }

    /// The filter lets through exactly the rows that fit, and they are counted as well.
    pub async fn listed(&self, filter: &str, fits: impl Fn(&Row) -> bool) {
        let expected: Vec<Row> = self.rows.iter().filter(|row| fits(row)).cloned().collect();
        let list = List::of("interviews").with(format!("filter: {{{filter}}}"));
        assert_eq!(list.walk(&self.actor, 100).await, ids(&expected), "{filter}");
        assert_eq!(list.select(&self.actor, "first: 0", "totalCount").await["totalCount"], expected.len(), "{filter}");
    }

    /// The same, where some fit and some do not.
    pub async fn narrowed(&self, filter: &str, fits: impl Fn(&Row) -> bool) {
        let fitting = self.rows.iter().filter(|row| fits(row)).count();
        assert!((1..self.rows.len()).contains(&fitting), "{filter} tells {fitting} of {}", self.rows.len());
        self.listed(filter, fits).await;
    }
}

/// The side that has to answer next, by the rules of the domain told once more.
pub fn awaiting(row: &Row) -> Option<&'static str> {
    match (row.status.as_str(), row.amended_by.as_deref()) {
        ("pending", _) | ("amended", Some("interviewer")) => Some("interviewee"),
        ("amended", Some("interviewee")) => Some("interviewer"),
        _ => None,
    }
}

pub fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// As a GraphQL literal.
pub fn literal(time: DateTime<Utc>) -> String {
    format!("{:?}", time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
