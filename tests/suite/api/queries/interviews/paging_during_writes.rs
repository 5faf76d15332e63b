//! Pages of `interviews` while others write: an interview that does not change is listed exactly once.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::interview_rows::{self, Order, Row, ids};
use crate::support::lists::List;
use crate::support::people::{JUDE, LUISA};
use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use serde_json::json;
use std::collections::BTreeSet;

#[rstest]
#[tokio::test]
async fn walk_lists_unchanged_interviews_once_while_others_are_created_moved_and_deleted(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("START_AT", "UPDATED_AT", "ID")] field: &'static str,
    #[values("ASC", "DESC")] direction: &'static str,
    #[values(Edge::Start, Edge::End)] from: Edge,
) {
    let app = start!(database);
    interview_rows::make_ties(&app.database).await;
    let mut walk = Walk { app: &app, order: Order { field, direction }, from, touched: BTreeSet::new() };
    let mut seen: Vec<i64> = Vec::new();
    let mut edge: Option<(Row, String)> = None;
    loop {
        let ahead = walk.ahead_of(edge.as_ref().map(|(row, _)| row)).await;
        let page = walk.page(edge.as_ref().map(|(_, cursor)| cursor)).await;
        let expected = &ahead[..ahead.len().min(SIZE)];
        assert_eq!(page.ids, ids(expected), "not what is stored beyond the cursor");
        assert_eq!(page.more, ahead.len() > SIZE);
        seen.extend(&page.ids);
        if !page.more {
            break;
        }
        edge = Some((expected[SIZE - 1].clone(), page.cursor.unwrap()));
        walk.disturb(&ahead).await;
    }
    assert!(walk.touched.len() > 20, "{:?}", walk.touched);
    let stored = interview_rows::of_northern_haulage(&app.database).await;
    for row in stored.iter().filter(|row| !walk.touched.contains(&row.id)) {
        assert_eq!(seen.iter().filter(|seen| **seen == row.id).count(), 1, "{row:?}");
    }
}

#[rstest]
#[tokio::test]
async fn interview_created_at_the_time_of_the_last_item_comes_next(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::of("interviews"));
    let first = list.page(&staff, "first: 3").await;
    let last_seen: DateTime<Utc> = staff.interview(first.ids[2]).await["startAt"].as_str().unwrap().parse().unwrap();
    let created = book_at(&app, last_seen).await;
    let next = list.page(&staff, &format!("first: 3, after: {:?}", first.cursors[2])).await;
    assert_eq!(next.ids[0], created);

    // In descending order it comes before that item and is not listed after it.
    let descending = list.with("orderBy: {field: START_AT, direction: DESC}");
    let tail = descending.page(&staff, "last: 3").await;
    assert_eq!(tail.ids[1..], [first.ids[1], first.ids[0]]);
    let earlier = descending.page(&staff, &format!("last: 2, before: {:?}", tail.cursors[0])).await;
    assert_eq!(earlier.ids[1], created);
}

#[rstest]
#[tokio::test]
async fn cursor_is_valid_after_its_interview_and_all_others_are_deleted(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (staff, list) = (app.staff(), List::of("interviews"));
    let page = list.page(&staff, "first: 10").await;
    app.database.execute("DELETE FROM interview_events; DELETE FROM interviews").await;
    for window in ["first: 10, after", "last: 10, before"] {
        let page = list.page(&staff, &format!("{window}: {:?}", page.cursors[4])).await;
        assert_eq!(page.ids, Vec::<i64>::new());
    }
    let created = book_at(&app, "2030-01-01T08:00:00Z".parse().unwrap()).await;
    assert_eq!(list.page(&staff, &format!("first: 10, after: {:?}", page.cursors[4])).await.ids, [created]);
}

/// The end of the list from which a walk starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

struct Walk<'a> {
    app: &'a TestApp,
    order: Order,
    from: Edge,
    /// Interviews that were created, moved or deleted.
    touched: BTreeSet<i64>,
}

/// A page in the order of the walk.
struct Step {
    ids: Vec<i64>,
    more: bool,
    /// The cursor of the last item in the order of the walk.
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

    /// The stored rows beyond this row, which may be deleted, in the order of the walk.
    async fn ahead_of(&self, edge: Option<&Row>) -> Vec<Row> {
        let mut stored = self.order.sorted(interview_rows::of_northern_haulage(&self.app.database).await);
        let key = |row: &Row| self.order.key(row);
        if self.from == Edge::Start {
            stored.retain(|row| edge.is_none_or(|edge| key(row) > key(edge)));
        } else {
            stored.retain(|row| edge.is_none_or(|edge| key(row) < key(edge)));
            stored.reverse();
        }
        stored
    }

    /// Deletes an interview that was listed, the one of the cursor and one that was not listed yet. Creates and moves
    /// others, through the server and by SQL, to both sides of the cursor and to its very time.
    async fn disturb(&mut self, ahead: &[Row]) {
        let database = &self.app.database;
        let before = interview_rows::of_northern_haulage(database).await;
        let (listed, unlisted) = ahead.split_at(SIZE);
        let (deleted, moved, edge) = (&listed[3], &listed[5], &listed[SIZE - 1]);
        interview_rows::delete(database, deleted.id).await;
        interview_rows::delete(database, edge.id).await;
        interview_rows::delete(database, unlisted[0].id).await;
        interview_rows::move_to(database, moved.id, edge.start_at + TimeDelta::days(400)).await;
        for start in ["2020-01-01T08:00:00Z".parse().unwrap(), edge.start_at, edge.start_at + TimeDelta::days(4000)] {
            interview_rows::insert_at(database, start).await;
        }
        book_at(self.app, edge.start_at).await;
        if let Some(open) = unlisted[1..].iter().find(|row| row.status == "scheduled" || row.status == "pending") {
            // The present is earlier than nearly all, and this change is the latest.
            self.app.clock.advance(TimeDelta::minutes(1));
            let (start, end) = (self.app.now(), self.app.now() + TimeDelta::minutes(30));
            let input = json!({"startAt": start, "endAt": end, "allowOverlap": true});
            assert_eq!(self.app.staff().update(open.id, input).await["userErrors"], json!([]));
        }
        let after = interview_rows::of_northern_haulage(database).await;
        let differs = |one: &[Row], other: &[Row]| -> Vec<i64> {
            one.iter().filter(|row| !other.contains(row)).map(|row| row.id).collect()
        };
        self.touched.extend(differs(&before, &after));
        self.touched.extend(differs(&after, &before));
    }
}

/// Books an interview of half an hour, which may overlap others; its id.
async fn book_at(app: &TestApp, start: DateTime<Utc>) -> i64 {
    let (start, end) = (start.to_rfc3339(), (start + TimeDelta::minutes(30)).to_rfc3339());
    app.book(JUDE, LUISA).at(&start).until(&end).allowing_overlap().await.0
}
