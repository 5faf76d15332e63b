//! The interviews that a viewer sees under a filter, compared with the stored rows.

use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::interview_rows::{self, Order, Row, ids};
use crate::support::lists::List;
use crate::support::people::{JUDE, NORTHERN_HAULAGE};
use chrono::{DateTime, SecondsFormat, Utc};

/// A viewer with the rows that they see, in the default order of the list.
pub struct View {
    pub actor: Actor,
    pub rows: Vec<Row>,
}

impl View {
    pub async fn of_staff(app: &TestApp) -> Self {
        Self::of(app, app.staff(), |row| row.company_id == NORTHERN_HAULAGE.0).await
    }

    pub async fn of_driver(app: &TestApp) -> Self {
        Self::of(app, app.driver(), |row| row.driver_id == JUDE.0).await
    }

    pub async fn of_admin(app: &TestApp) -> Self {
        Self::of(app, app.admin(), |_| true).await
    }

    async fn of(app: &TestApp, actor: Actor, sees: impl Fn(&Row) -> bool) -> Self {
        let rows = interview_rows::all(&app.database).await.into_iter().filter(|row| sees(row)).collect();
        Self { actor, rows: Order::START_ASCENDING.sorted(rows) }
    }

    /// Fails unless the filter selects exactly the rows that match, and `totalCount` counts them.
    pub async fn selects(&self, filter: &str, matches: impl Fn(&Row) -> bool) {
        let expected: Vec<Row> = self.rows.iter().filter(|row| matches(row)).cloned().collect();
        let list = List::of("interviews").with(format!("filter: {{{filter}}}"));
        assert_eq!(list.walk(&self.actor, 100).await, ids(&expected), "{filter}");
        assert_eq!(list.select(&self.actor, "first: 0", "totalCount").await["totalCount"], expected.len(), "{filter}");
    }

    /// Fails unless the filter selects exactly the rows that match, which are some rows but not all.
    pub async fn selects_some(&self, filter: &str, matches: impl Fn(&Row) -> bool) {
        let count = self.rows.iter().filter(|row| matches(row)).count();
        assert!((1..self.rows.len()).contains(&count), "{filter} selects {count} of {}", self.rows.len());
        self.selects(filter, matches).await;
    }
}

/// The side that has to answer next, derived from the row independently of the domain.
pub fn awaiting(row: &Row) -> Option<&'static str> {
    match (row.status.as_str(), row.amended_by.as_deref()) {
        ("pending", _) | ("amended", Some("interviewer")) => Some("interviewee"),
        ("amended", Some("interviewee")) => Some("interviewer"),
        _ => None,
    }
}

/// A point in time from RFC 3339.
pub fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A point in time as a GraphQL literal.
pub fn literal(time: DateTime<Utc>) -> String {
    format!("{:?}", time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
