//! The list of interviews by pages: from either end and in every order, with what every page says of itself. While rows come
//! and go: `paging_meanwhile.rs`. What is no page: `paging_arguments.rs`. The other lists: `paging_lists.rs`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::INTERVIEWS;
use crate::support::interview_rows::{Order, Row, ids};
use crate::support::lists::List;
use rstest::rstest;
use std::collections::BTreeSet;

#[rstest]
#[tokio::test]
async fn a_walk_from_either_end_gives_every_interview_once_and_in_order(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("START_AT", "UPDATED_AT", "ID")] field: &'static str,
    #[values("ASC", "DESC")] direction: &'static str,
) {
    let app = start!(database);
    crate::support::interview_rows::make_ties(&app.database).await;
    let order = Order { field, direction };
    let expected = ids(&order.sorted(crate::support::interview_rows::of_first_company(&app.database).await));
    assert_eq!(expected.len(), usize::try_from(INTERVIEWS).unwrap());
    let list = List::of("interviews").with(order.argument());
    let staff = app.staff();
    for size in [7, 50, 100] {
        assert_eq!(list.walk(&staff, size).await, expected, "from the start, {size} a page");
        assert_eq!(list.walk_back(&staff, size).await, expected, "from the end, {size} a page");
    }
}

#[rstest]
#[tokio::test]
async fn everybody_walks_through_what_they_see_and_no_more(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let order = Order { field: "START_AT", direction: "ASC" };
    let all = order.sorted(crate::support::interview_rows::all(&app.database).await);
    let seen = |sees: &dyn Fn(&Row) -> bool| all.iter().filter(|row| sees(row)).map(|row| row.id).collect::<Vec<_>>();
    let list = List::of("interviews");
    assert_eq!(list.walk(&app.driver(), 1).await, seen(&|row| row.driver_id == 997));
    assert_eq!(seen(&|row| row.driver_id == 997).len(), 2, "one in each company");
    assert_eq!(list.walk(&app.other_staff(), 6).await, seen(&|row| row.company_id == 2));
    assert_eq!(list.walk(&app.admin(), 90).await, seen(&|_| true));
}

#[rstest]
#[tokio::test]
async fn a_page_begins_with_the_earliest_twenty_when_nothing_is_said(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let sorted = Order { field: "START_AT", direction: "ASC" }
        .sorted(crate::support::interview_rows::of_first_company(&app.database).await);
    let sorted = ids(&sorted);
    let list = List::of("interviews");
    for nothing in ["", "first: null, after: null, last: null, before: null, filter: null, orderBy: null"] {
        let page = list.page(&app.staff(), nothing).await;
        assert_eq!(page.ids, sorted[..20], "{nothing}");
        assert!(!page.has_previous && page.has_next);
    }
    let page = list.page(&app.staff(), "first: 100").await;
    assert_eq!(page.ids, sorted[..100]);
    let page = list.page(&app.staff(), "last: 100").await;
    assert_eq!(page.ids, sorted[150..]);
    assert!(page.has_previous && !page.has_next);
}

#[rstest]
#[tokio::test]
async fn two_cursors_enclose_what_lies_between_them(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (list, staff) = (List::of("interviews"), app.staff());
    let all = list.page(&staff, "first: 40").await;
    let between = format!("after: {:?}, before: {:?}", all.cursors[9], all.cursors[30]);

    let page = list.page(&staff, &format!("{between}, first: 100")).await;
    assert_eq!(page.ids, all.ids[10..30]);
    assert_eq!(page.cursors, all.cursors[10..30], "a cursor is the same on every page");
    assert!(page.has_previous && page.has_next, "both cursors stand at something: {page:?}");
    let page = list.page(&staff, &format!("{between}, last: 100")).await;
    assert_eq!(page.ids, all.ids[10..30]);
    assert!(page.has_previous && page.has_next, "both cursors stand at something: {page:?}");

    assert_eq!(list.page(&staff, &format!("{between}, first: 5")).await.ids, all.ids[10..15]);
    assert_eq!(list.page(&staff, &format!("{between}, last: 5")).await.ids, all.ids[25..30]);
    assert_eq!(list.page(&staff, &between).await.ids, all.ids[10..30], "twenty from the start");
    // The wrong way round there is nothing between them.
    let reversed = format!("after: {:?}, before: {:?}", all.cursors[30], all.cursors[9]);
    assert_eq!(list.page(&staff, &reversed).await.ids, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn a_page_of_none_has_no_items_and_still_knows_whether_there_are_any(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let (list, staff) = (List::of("interviews"), app.staff());
    let page = list.page(&staff, "first: 0").await;
    assert!(page.ids.is_empty() && page.has_next && !page.has_previous, "{page:?}");
    let page = list.page(&staff, "last: 0").await;
    assert!(page.ids.is_empty() && page.has_previous && !page.has_next, "{page:?}");
    let end = list.page(&staff, "last: 1").await;
    let page = list.page(&staff, &format!("first: 10, after: {:?}", end.cursors[0])).await;
    assert!(page.ids.is_empty() && !page.has_next && page.has_previous, "{page:?}");
}

#[rstest]
#[tokio::test]
async fn cursors_can_be_put_into_a_link(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for field in ["START_AT", "UPDATED_AT", "ID"] {
        let list = List::of("interviews").with(Order { field, direction: "ASC" }.argument());
        let page = list.page(&app.staff(), "first: 100").await;
        let safe = |cursor: &String| cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        assert!(page.cursors.iter().all(safe), "{:?}", page.cursors);
        assert_eq!(page.cursors.iter().collect::<BTreeSet<_>>().len(), 100, "each is another");
    }
}
