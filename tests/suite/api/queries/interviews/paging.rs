//! Pages of `interviews`: from either end, in every order, with `pageInfo`.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::INTERVIEWS;
use crate::support::interview_rows::{self, Order, Row, ids};
use crate::support::lists::List;
use crate::support::people::{COASTAL_FREIGHT, JUDE, JUDE_WITH_LUISA};
use rstest::rstest;
use std::collections::BTreeSet;

#[rstest]
#[tokio::test]
async fn walk_from_either_end_lists_each_interview_once_and_in_order(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("START_AT", "UPDATED_AT", "ID")] field: &'static str,
    #[values("ASC", "DESC")] direction: &'static str,
) {
    let app = start!(database);
    interview_rows::make_ties(&app.database).await;
    let order = Order { field, direction };
    let expected = ids(&order.sorted(interview_rows::of_northern_haulage(&app.database).await));
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
async fn walk_lists_what_the_viewer_sees(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let order = Order::START_ASCENDING;
    let all = order.sorted(interview_rows::all(&app.database).await);
    let seen = |sees: &dyn Fn(&Row) -> bool| all.iter().filter(|row| sees(row)).map(|row| row.id).collect::<Vec<_>>();
    let list = List::of("interviews");
    assert_eq!(list.walk(&app.driver(), 1).await, seen(&|row| row.driver_id == JUDE.0));
    assert_eq!(seen(&|row| row.driver_id == JUDE.0).len(), 2, "one in each company");
    assert_eq!(list.walk(&app.other_staff(), 6).await, seen(&|row| row.company_id == COASTAL_FREIGHT.0));
    assert_eq!(list.walk(&app.admin(), 90).await, seen(&|_| true));
}

/// Whether a filter matches a row.
type Matches<'a> = &'a dyn Fn(&Row) -> bool;

/// The databases merge it of the lists of the companies.
#[rstest]
#[tokio::test]
async fn walk_through_all_companies_lists_each_interview_once_and_in_order(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("START_AT", "UPDATED_AT", "ID")] field: &'static str,
    #[values("ASC", "DESC")] direction: &'static str,
) {
    let app = start!(database);
    interview_rows::make_ties(&app.database).await;
    // As if the companies worked at the same time.
    let time = |column: &str| format!("(SELECT {column} FROM interviews WHERE id = {JUDE_WITH_LUISA})");
    let (start, end) = (time("start_at"), time("end_at"));
    let ties = format!(
        "UPDATE interviews SET allow_overlap = true, start_at = {start}, end_at = {end}, updated_at = {} \
         WHERE company_id = {COASTAL_FREIGHT} AND status = 'pending'",
        time("updated_at"),
    );
    app.database.execute(&ties).await;
    let order = Order { field, direction };
    let rows = order.sorted(interview_rows::all(&app.database).await);
    let open = ["pending", "scheduled"];
    let from = rows[rows.len() / 2].start_at;
    let filters: [(String, Matches<'_>); 4] = [
        (String::new(), &|_| true),
        ("filter: { status: [PENDING, SCHEDULED] }".to_owned(), &|row| open.contains(&row.status.as_str())),
        (format!("filter: {{ startAt: {{ gte: {:?} }} }}", from.to_rfc3339()), &|row| row.start_at >= from),
        ("filter: { status: [] }".to_owned(), &|_| false),
    ];
    for (filter, matches) in filters {
        let expected: Vec<i64> = rows.iter().filter(|row| matches(row)).map(|row| row.id).collect();
        let list = List::of("interviews").with(format!("{}, {filter}", order.argument()));
        for viewer in [app.admin(), app.service()] {
            assert_eq!(list.walk(&viewer, 9).await, expected, "{filter} from the start");
            assert_eq!(list.walk_back(&viewer, 9).await, expected, "{filter} from the end");
        }
    }
}

#[rstest]
#[tokio::test]
async fn default_page_has_the_twenty_earliest_interviews(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let sorted = Order::START_ASCENDING.sorted(interview_rows::of_northern_haulage(&app.database).await);
    let sorted = ids(&sorted);
    let list = List::of("interviews");
    for defaults in ["", "first: null, after: null, last: null, before: null, filter: null, orderBy: null"] {
        let page = list.page(&app.staff(), defaults).await;
        assert_eq!(page.ids, sorted[..20], "{defaults}");
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
async fn after_and_before_select_the_items_between_two_cursors(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (list, staff) = (List::of("interviews"), app.staff());
    let all = list.page(&staff, "first: 40").await;
    let between = format!("after: {:?}, before: {:?}", all.cursors[9], all.cursors[30]);

    let page = list.page(&staff, &format!("{between}, first: 100")).await;
    assert_eq!(page.ids, all.ids[10..30]);
    assert_eq!(page.cursors, all.cursors[10..30], "a cursor differs between pages");
    assert!(page.has_previous && page.has_next, "{page:?}");
    let page = list.page(&staff, &format!("{between}, last: 100")).await;
    assert_eq!(page.ids, all.ids[10..30]);
    assert!(page.has_previous && page.has_next, "{page:?}");

    assert_eq!(list.page(&staff, &format!("{between}, first: 5")).await.ids, all.ids[10..15]);
    assert_eq!(list.page(&staff, &format!("{between}, last: 5")).await.ids, all.ids[25..30]);
    assert_eq!(list.page(&staff, &between).await.ids, all.ids[10..30], "the default size");
    // In reverse order there is nothing between them.
    let reversed = format!("after: {:?}, before: {:?}", all.cursors[30], all.cursors[9]);
    assert_eq!(list.page(&staff, &reversed).await.ids, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn page_of_size_zero_has_no_items_and_correct_page_info(#[values(Sqlite, Postgres)] database: Database) {
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

#[tokio::test]
async fn cursors_are_unique_and_need_no_encoding_in_a_url() {
    let app = start!(Sqlite);
    for field in ["START_AT", "UPDATED_AT", "ID"] {
        let list = List::of("interviews").with(Order { field, direction: "ASC" }.argument());
        let page = list.page(&app.staff(), "first: 100").await;
        let safe = |cursor: &String| cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        assert!(page.cursors.iter().all(safe), "{:?}", page.cursors);
        assert_eq!(page.cursors.iter().collect::<BTreeSet<_>>().len(), 100, "a cursor occurs twice");
    }
}
