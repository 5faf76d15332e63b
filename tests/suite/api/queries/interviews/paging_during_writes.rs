//! Somebody walks through the list of interviews while others work: what stays is seen exactly once, whatever comes, goes and moves.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::interview_rows::{Order, Row, ids};
use crate::support::lists::List;
use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use serde_json::json;
use std::collections::BTreeSet;

#[rstest]
#[tokio::test]
async fn a_walk_misses_and_repeats_nothing_that_stays_while_other_rows_come_and_go(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("START_AT", "UPDATED_AT", "ID")] field: &'static str,
    #[values("ASC", "DESC")] direction: &'static str,
    #[values(Edge::Start, Edge::End)] from: Edge,
) {
    let app = start!(database);
    crate::support::interview_rows::make_ties(&app.database).await;
    let mut walk = Walk { app: &app, order: Order { field, direction }, from, touched: BTreeSet::new() };
    let mut seen: Vec<i64> = Vec::new();
    let mut edge: Option<(Row, String)> = None;
    loop {
        let ahead = walk.ahead_of(edge.as_ref().map(|(row, _)| row)).await;
        let page = walk.page(edge.as_ref().map(|(_, cursor)| cursor)).await;
        let expected = &ahead[..ahead.len().min(SIZE)];
        assert_eq!(page.ids, ids(expected), "what is stored at the moment, from the cursor on");
        assert_eq!(page.more, ahead.len() > SIZE);
        seen.extend(&page.ids);
        if !page.more {
            break;
        }
        edge = Some((expected[SIZE - 1].clone(), page.cursor.unwrap()));
        walk.disturb(&ahead).await;
    }
    assert!(walk.touched.len() > 20, "{:?}", walk.touched);
    let stored = crate::support::interview_rows::of_first_company(&app.database).await;
    for row in stored.iter().filter(|row| !walk.touched.contains(&row.id)) {
        assert_eq!(seen.iter().filter(|seen| **seen == row.id).count(), 1, "{row:?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_interview_created_at_the_time_of_the_last_one_seen_comes_next(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::of("interviews"));
    let first = list.page(&staff, "first: 3").await;
    let last_seen: DateTime<Utc> = staff.interview(first.ids[2]).await["startAt"].as_str().unwrap().parse().unwrap();
    let created = create_at(&app, last_seen).await;
    let next = list.page(&staff, &format!("first: 3, after: {:?}", first.cursors[2])).await;
    assert_eq!(next.ids[0], created);

    // The other way round it lies before the one that is seen already, and is not shown as if it came after.
    let descending = list.with("orderBy: {field: START_AT, direction: DESC}");
    let tail = descending.page(&staff, "last: 3").await;
    assert_eq!(tail.ids[1..], [first.ids[1], first.ids[0]]);
    let earlier = descending.page(&staff, &format!("last: 2, before: {:?}", tail.cursors[0])).await;
    assert_eq!(earlier.ids[1], created);
}

#[rstest]
#[tokio::test]
async fn a_cursor_outlives_its_interview_and_every_other_one(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::of("interviews"));
    let page = list.page(&staff, "first: 10").await;
    app.database.execute("DELETE FROM interview_events; DELETE FROM interviews").await;
    for window in ["first: 10, after", "last: 10, before"] {
        let page = list.page(&staff, &format!("{window}: {:?}", page.cursors[4])).await;
        assert_eq!(page.ids, Vec::<i64>::new());
    }
    let created = create_at(&app, "2030-01-01T08:00:00Z".parse().unwrap()).await;
    assert_eq!(list.page(&staff, &format!("first: 10, after: {:?}", page.cursors[4])).await.ids, [created]);
}

/// The end from which somebody walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

struct Walk<'a> {
    app: &'a TestApp,
    order: Order,
    from: Edge,
    /// Interviews that came, went or moved.
    touched: BTreeSet<i64>,
}

/// A page in the order of the walk.
struct Step {
    ids: Vec<i64>,
    more: bool,
    /// Of the item farthest on.
    cursor: Option<String>,
}

const SIZE: usize = 40;

impl Walk<'_> {
    async fn page(&self, cursor: Option<&String>) -> Step {
        let (count, from) = if self.from == Edge::Start { ("first", "after") } else { ("last", "before") };
        let from = cursor.map_or_else(String::new, |cursor| format!(", {from}: {cursor:?}"));
        let list = List::of("interviews").with(self.order.argument());
        let mut page = list.page(&self.app.staff(), &format!("{count}: {SIZE}{from}")).await;
        if self.from == Edge::Start {
            return Step { more: page.has_next, cursor: page.cursors.pop(), ids: page.ids };
        }
        page.ids.reverse();
        Step { more: page.has_previous, cursor: page.cursors.into_iter().next(), ids: page.ids }
    }

    /// What is stored beyond the place of this row, which may be gone, in the order of the walk.
    async fn ahead_of(&self, edge: Option<&Row>) -> Vec<Row> {
        let mut stored = self.order.sorted(crate::support::interview_rows::of_first_company(&self.app.database).await);
        let place = |row: &Row| self.order.place(row);
        if self.from == Edge::Start {
            stored.retain(|row| edge.is_none_or(|edge| place(row) > place(edge)));
        } else {
            stored.retain(|row| edge.is_none_or(|edge| place(row) < place(edge)));
            stored.reverse();
        }
        stored
    }

    /// Interviews go: one that was seen, the one at which the cursor stands, one that was not seen yet. Others come and move, by
    /// the server and behind its back, to both sides of the cursor, and to the very time at which it stands.
    async fn disturb(&mut self, ahead: &[Row]) {
        let database = &self.app.database;
        let before = crate::support::interview_rows::of_first_company(database).await;
        let (seen, unseen) = ahead.split_at(SIZE);
        let (went, moved, edge) = (&seen[3], &seen[5], &seen[SIZE - 1]);
        crate::support::interview_rows::delete(database, went.id).await;
        crate::support::interview_rows::delete(database, edge.id).await;
        crate::support::interview_rows::delete(database, unseen[0].id).await;
        crate::support::interview_rows::move_to(database, moved.id, edge.start_at + TimeDelta::days(400)).await;
        for start in ["2020-01-01T08:00:00Z".parse().unwrap(), edge.start_at, edge.start_at + TimeDelta::days(4000)] {
            crate::support::interview_rows::insert_at(database, start).await;
        }
        create_at(self.app, edge.start_at).await;
        if let Some(open) = unseen[1..].iter().find(|row| row.status == "scheduled" || row.status == "pending") {
            // To the present, which is earlier than nearly all; and the change is the latest of all.
            self.app.clock.advance(TimeDelta::minutes(1));
            let (start, end) = (self.app.now(), self.app.now() + TimeDelta::minutes(30));
            let input = json!({"startAt": start, "endAt": end, "allowOverlap": true});
            assert_eq!(self.app.staff().update(open.id, input).await["userErrors"], json!([]));
        }
        let after = crate::support::interview_rows::of_first_company(database).await;
        let differs = |one: &[Row], other: &[Row]| -> Vec<i64> {
            one.iter().filter(|row| !other.contains(row)).map(|row| row.id).collect()
        };
        self.touched.extend(differs(&before, &after));
        self.touched.extend(differs(&after, &before));
    }
}

/// Books an interview by the API, over whatever is there.
async fn create_at(app: &TestApp, start: DateTime<Utc>) -> i64 {
    let (start, end) = (start.to_rfc3339(), (start + TimeDelta::minutes(30)).to_rfc3339());
    let input = format!(
        "input: {{kind: VIDEO_CALL, startAt: {start:?}, endAt: {end:?}, intervieweeId: 277, interviewerId: 1001, \
         allowOverlap: true}}"
    );
    let payload = app.staff().mutate("createInterview", &input).await;
    payload["interview"]["id"].as_str().unwrap_or_else(|| panic!("{payload}")).parse().unwrap()
}
