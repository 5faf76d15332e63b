//! The SQL statements of a request: nested objects are loaded in batches, with as many statements for one row as for a
//! hundred, and with the same prepared ones.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::people::{
    BRUNA_APPLICATION, JUDE_APPLICATION, JUDE_WITH_LUISA, KOFI, LUISA, MONA, PIET, UNKNOWN_INTERVIEW,
};
use interviews::domain::InterviewId;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The people of an interview.
const PEOPLE: &str = "interviewee { id kind updatedAt driver { id title image phoneNumber } } \
    interviewer { id title image contactPhoneNumber }";

/// An interview of Northern Haulage that Jude has no part in.
const INTERVIEW_OF_ANOTHER_DRIVER: InterviewId = InterviewId(28);

/// A server whose viewers are cached, so that signing in is not counted.
struct Meter {
    app: TestApp,
    staff: Actor,
    driver: Actor,
    admin: Actor,
}

impl Meter {
    async fn of(app: TestApp) -> Self {
        let (staff, driver, admin) = (app.staff(), app.driver(), app.admin());
        for actor in [&staff, &driver, &admin] {
            actor.ask("{ viewer { id } }", json!({})).await;
        }
        Self { app, staff, driver, admin }
    }

    /// The data of a response and its statements, sorted because some of them run concurrently.
    async fn ask(&self, actor: &Actor, query: &str, variables: Value) -> (Value, Vec<String>) {
        let (data, _) = self.app.counting(actor.ask(query, variables)).await;
        let mut statements = self.app.statements();
        statements.sort();
        (data, statements)
    }

    /// The same for the number of rows in `$first`.
    async fn ask_for(&self, query: &str, first: i32) -> (Value, Vec<String>) {
        self.ask(&self.staff, query, json!({"first": first})).await
    }
}

macro_rules! meter {
    ($database:expr) => {
        Meter::of(start!($database)).await
    };
}

#[rstest]
#[tokio::test]
async fn a_list_with_its_people_takes_three_statements_at_every_size(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let query = format!("query($first: Int) {{ interviews(first: $first) {{ nodes {{ id {PEOPLE} }} }} }}");
    let (_, one) = meter.ask_for(&query, 1).await;
    assert_eq!(one.len(), 3, "{one:#?}");
    for size in [2, 50, 100] {
        let (data, statements) = meter.ask_for(&query, size).await;
        assert_eq!(data["interviews"]["nodes"].as_array().unwrap().len(), usize::try_from(size).unwrap());
        assert_eq!(statements, one, "the same statements, so that each is prepared once");
    }
    let (_, none) = meter.ask_for(&query, 0).await;
    assert_eq!(none.len(), 1, "an empty list loads no people: {none:#?}");
}

#[rstest]
#[tokio::test]
async fn the_people_in_a_list_have_the_ids_of_its_rows(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let query = format!(
        "query($first: Int) {{ interviews(first: $first) {{ nodes {{ intervieweeId interviewerId \
         interviewee {{ driverId }} {PEOPLE} }} }} }}"
    );
    let (data, _) = meter.ask_for(&query, 100).await;
    let mut titles = BTreeSet::new();
    for node in data["interviews"]["nodes"].as_array().unwrap() {
        assert_eq!(node["interviewee"]["id"], node["intervieweeId"]);
        assert_eq!(node["interviewer"]["id"], node["interviewerId"]);
        assert_eq!(node["interviewee"]["driver"]["id"], node["interviewee"]["driverId"]);
        titles.insert(node["interviewee"]["driver"]["title"].to_string());
    }
    assert!(titles.len() > 20, "{titles:?}");
}

#[rstest]
#[tokio::test]
async fn edges_fragments_and_aliases_take_no_more_statements(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let query = "query($first: Int) { interviews(first: $first) { \
            edges { cursor node { ...people again: interviewer { image } } } \
            nodes { ...people interviewee { id other: driver { phoneNumber } } } \
            pageInfo { endCursor } } } \
        fragment people on Interview { interviewer { title } interviewee { kind driver { title } } }";
    let (_, statements) = meter.ask_for(query, 50).await;
    assert_eq!(statements.len(), 3, "{statements:#?}");
}

#[rstest]
#[tokio::test]
async fn filters_with_different_numbers_of_values_share_a_statement(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let query = "query($filter: InterviewFilter, $order: InterviewOrder) { \
        interviews(filter: $filter, orderBy: $order) { nodes { id } totalCount } }";
    let statements = async |status: Value, kind: Value| {
        let order = json!({"field": "UPDATED_AT", "direction": "DESC"});
        let variables = json!({"filter": {"status": status, "kind": kind}, "order": order});
        meter.ask(&meter.staff, query, variables).await.1
    };
    let one = statements(json!(["PENDING"]), json!(["IN_PERSON"])).await;
    assert_eq!(one.len(), 2, "{one:#?}");
    let several = json!(["PENDING", "AMENDED", "SCHEDULED", "REJECTED", "CANCELLED"]);
    assert_eq!(statements(several, json!(["PHONE_CALL", "IN_PERSON"])).await, one);
}

#[rstest]
#[tokio::test]
async fn only_selected_people_are_loaded(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    for (selection, cost) in [
        ("id startAt intervieweeId interviewerId awaiting availableActions", 1),
        ("interviewer { id title }", 2),
        ("interviewee { id kind }", 2),
        ("interviewee { id driverId }", 2),
        ("interviewee { driver { title } }", 3),
        ("interviewer { id } interviewee { kind }", 3),
        ("interviewer @skip(if: true) { id } interviewee @include(if: false) { driver { id } }", 1),
        ("interviewee { driver @skip(if: true) { id } }", 2),
    ] {
        let query =
            format!("query($first: Int) {{ interviews(first: $first) {{ nodes {{ __typename {selection} }} }} }}");
        let (_, statements) = meter.ask_for(&query, 20).await;
        assert_eq!(statements.len(), cost, "{selection}: {statements:#?}");
    }
}

#[rstest]
#[tokio::test]
async fn one_interview_with_its_people_takes_one_statement(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let query = format!("query($id: ID!) {{ interview(id: $id) {{ id {PEOPLE} }} }}");
    for actor in [&meter.staff, &meter.driver, &meter.admin] {
        let (data, statements) = meter.ask(actor, &query, json!({"id": JUDE_WITH_LUISA.to_string()})).await;
        assert_eq!(data["interview"]["interviewee"]["driver"]["title"], "Jude Howell");
        assert_eq!(statements.len(), 1, "{statements:#?}");
        // The same with a field that is executed.
        let executed = format!("query($id: ID!) {{ interview(id: $id) {{ availableActions id {PEOPLE} }} }}");
        let (mut other, statements) = meter.ask(actor, &executed, json!({"id": JUDE_WITH_LUISA.to_string()})).await;
        other["interview"].as_object_mut().unwrap().remove("availableActions");
        assert_eq!((other, statements.len()), (data, 1), "{statements:#?}");
    }
    let (_, statements) =
        meter.ask(&meter.staff, &format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ id startAt }} }}"), json!({})).await;
    assert!(!statements[0].contains("users"), "people who are not selected are not read: {statements:#?}");
    let (data, statements) =
        meter.ask(&meter.driver, &query, json!({"id": INTERVIEW_OF_ANOTHER_DRIVER.to_string()})).await;
    assert_eq!(data["interview"], Value::Null);
    assert_eq!(statements.len(), 2, "a second statement looks without people: {statements:#?}");
}

#[rstest]
#[tokio::test]
async fn nested_interviews_take_the_same_statements_for_one_application_as_for_fifty(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let meter = meter!(database);
    let query = format!(
        "query($first: Int) {{ interviewees(first: $first) {{ nodes {{ id driver {{ title }} \
         interviews(first: 3) {{ totalCount pageInfo {{ hasNextPage }} nodes {{ id {PEOPLE} }} }} }} }} }}"
    );
    let (_, one) = meter.ask_for(&query, 2).await; // the first has one interview only
    // Applications; their drivers and interviews; the total counts, and the people of the interviews.
    assert_eq!(one.len(), 6, "{one:#?}");
    for size in [1, 50] {
        let (data, statements) = meter.ask_for(&query, size).await;
        assert_eq!(statements, one);
        let nodes = data["interviewees"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), usize::try_from(size).unwrap());
        for node in nodes {
            let (list, own) = (&node["interviews"], &node["id"]);
            let ids = list["nodes"].as_array().unwrap().iter().map(|interview| &interview["interviewee"]["id"]);
            assert!(ids.clone().count() > 0 && ids.clone().all(|id| id == own), "{node:#}");
            assert_eq!(list["pageInfo"]["hasNextPage"], list["totalCount"].as_i64() > Some(3));
        }
    }
}

#[rstest]
#[tokio::test]
async fn histories_with_actors_take_the_same_statements_for_one_interview_as_for_fifty(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let meter = meter!(database);
    let query = "query($first: Int) { interviews(first: $first) { nodes { id version \
        history(first: 2) { totalCount pageInfo { hasNextPage } \
            nodes { id type at actor { id title role } actorSide interview { id version } \
                changes { field from to } } } } } }";
    let (_, one) = meter.ask_for(query, 1).await;
    // Interviews; their histories; the total counts and the actors.
    assert_eq!(one.len(), 4, "{one:#?}");
    for size in [50, 100] {
        let (data, statements) = meter.ask_for(query, size).await;
        assert_eq!(statements, one);
        for node in data["interviews"]["nodes"].as_array().unwrap() {
            let events = node["history"]["nodes"].as_array().unwrap();
            let version = usize::try_from(node["version"].as_u64().unwrap()).unwrap();
            assert_eq!((events.len(), &node["history"]["totalCount"]), (version.min(2), &node["version"]));
            assert_eq!(events[0]["type"], "CREATED");
            assert!(events.iter().all(|event| event["interview"]["id"] == node["id"]), "{node:#}");
            assert!(events.iter().all(|event| event["actor"]["title"].is_string()), "{node:#}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_nested_list_that_is_selected_twice_is_read_once(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let query = "query($first: Int) { interviews(first: $first) { nodes { \
        one: history(first: 2) { nodes { id } totalCount } \
        two: history(first: 2) { nodes { type } total: totalCount } \
        three: history(first: 1) { nodes { at } totalCount } } } }";
    let (_, one) = meter.ask_for(query, 1).await;
    // Another window is another statement. The total count is the same for all of them.
    assert_eq!(one.len(), 4, "{one:#?}");
    let (_, fifty) = meter.ask_for(query, 50).await;
    assert_eq!(fifty, one);
}

#[rstest]
#[tokio::test]
async fn lists_of_people_take_one_statement_for_each_type(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    for size in [1, 50] {
        let query = "query($first: Int) { interviewees(first: $first) { nodes { id kind driver { id title } } } }";
        let (_, statements) = meter.ask_for(query, size).await;
        assert_eq!(statements.len(), 2, "{statements:#?}");
        let query = "query($first: Int) { interviewers(first: $first) { nodes { id title image } } }";
        let (_, statements) = meter.ask_for(query, size).await;
        assert_eq!(statements.len(), 1, "{statements:#?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_update_reads_the_interview_with_its_people_in_one_statement_on_postgresql(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let meter = meter!(database);
    let update = async |input: &str| {
        let query = format!(
            "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{{input}}}) {{ \
             interview {{ version {PEOPLE} }} eventId userErrors {{ code path }} }} }}"
        );
        let (data, statements) = meter.ask(&meter.staff, &query, json!({})).await;
        assert_eq!(data["updateInterview"]["userErrors"], json!([]));
        (data["updateInterview"]["interview"]["version"].clone(), statements)
    };
    // PostgreSQL: one statement reads the interview with its people, another writes it with its event. SQLite: a
    // transaction begins, reads, writes twice and ends, and two statements load the people.
    let (reading, afterwards, writing) = if database == Postgres { (1, 0, 1) } else { (1, 2, 4) };
    let (version, statements) = update("location: \"Room 1\"").await;
    assert_eq!((version, statements.len()), (json!(2), reading + writing + afterwards), "{statements:#?}");
    let moved = "startAt: \"2025-03-20T09:01:00Z\", endAt: \"2025-03-20T09:31:00Z\", location: \"Room 2\"";
    let (version, statements) = update(moved).await;
    assert_eq!((version, statements.len()), (json!(3), reading + writing + afterwards), "{statements:#?}");
    let (version, statements) = update("location: \"Room 2\", kind: VIDEO_CALL").await;
    let begun = usize::from(database == Sqlite);
    let cost = reading + begun + afterwards;
    assert_eq!(
        (version, statements.len()),
        (json!(3), cost),
        "an update that changes nothing writes nothing: {statements:#?}"
    );
    // New people are looked up before the change, and loaded for the response after it.
    let (version, statements) = update(&format!("interviewerId: {KOFI}")).await;
    assert_eq!((version, statements.len()), (json!(4), reading + 1 + writing + 2), "{statements:#?}");
    // Open interviews of another application are counted in a transaction. It begins, reads the interview and the
    // people again, takes the locks of the time, writes twice and ends.
    let (reading_again, locking) = if database == Postgres { (1 + 2, 1) } else { (0, 0) };
    let (version, statements) = update(&format!("interviewerId: {LUISA}, intervieweeId: {BRUNA_APPLICATION}")).await;
    let cost = reading + 2 + reading_again + locking + 1 + 4 + 2;
    assert_eq!((version, statements.len()), (json!(5), cost), "{statements:#?}");
}

#[rstest]
#[tokio::test]
async fn a_refused_update_writes_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    // On PostgreSQL, an interview that is not found with its people is looked up again without them.
    let missing = if database == Postgres { 2 } else { 1 };
    let of_another_company = format!("interviewerId: {PIET}");
    for (id, input, cost) in [
        (JUDE_WITH_LUISA, "endAt: \"2025-03-20T08:00:00Z\"", 1),
        (UNKNOWN_INTERVIEW, "location: \"x\"", missing),
        (JUDE_WITH_LUISA, &of_another_company, 2),
    ] {
        let query = format!(
            "mutation {{ updateInterview(id: {id}, input: {{{input}}}) {{ \
             interview {{ {PEOPLE} }} userErrors {{ code }} }} }}"
        );
        let (data, statements) = meter.ask(&meter.staff, &query, json!({})).await;
        assert_eq!(data["updateInterview"]["interview"], Value::Null);
        let begun = usize::from(database == Sqlite); // SQLite begins a transaction first
        assert_eq!(statements.len(), cost + begun, "{statements:#?}");
    }
}

#[rstest]
#[tokio::test]
async fn each_payload_shows_the_state_after_its_own_change(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let payload = "{ interview { interviewer { id } interviewee { id kind interviews(first: 1) { nodes { version } } } \
        history(first: 100) { totalCount nodes { type } } } }";
    let query = format!(
        "mutation {{ one: updateInterview(id: {JUDE_WITH_LUISA}, input: {{interviewerId: {MONA}}}) {payload} \
         two: updateInterview(id: {JUDE_WITH_LUISA}, input: {{interviewerId: {KOFI}}}) {payload} \
         three: cancelInterview(id: {JUDE_WITH_LUISA}) {payload} }}"
    );
    meter
        .app
        .database
        .execute(&format!("UPDATE interviewees SET kind = 'interview' WHERE id = {JUDE_APPLICATION}"))
        .await;
    let (data, _) = meter.ask(&meter.staff, &query, json!({})).await;
    let shown = |mutation: &str| {
        let interview = &data[mutation]["interview"];
        let version = interview["interviewee"]["interviews"]["nodes"][0]["version"].clone();
        let people = (interview["interviewer"]["id"].clone(), interview["interviewee"]["kind"].clone());
        (people, version, interview["history"]["totalCount"].clone())
    };
    assert_eq!(shown("one"), ((json!(MONA.to_string()), json!("INTERVIEW")), json!(2), json!(2)));
    assert_eq!(shown("two"), ((json!(KOFI.to_string()), json!("INTERVIEW")), json!(3), json!(3)));
    assert_eq!(shown("three"), ((json!(KOFI.to_string()), json!("VERIFIED")), json!(4), json!(4)));
}

#[rstest]
#[tokio::test]
async fn two_root_fields_take_as_many_statements_as_two_requests(#[values(Sqlite, Postgres)] database: Database) {
    let meter = meter!(database);
    let interview = format!("interview(id: {JUDE_WITH_LUISA}) {{ {PEOPLE} }}");
    let query = format!("{{ one: {interview} two: {interview} }}");
    let (data, statements) = meter.ask(&meter.staff, &query, json!({})).await;
    assert_eq!(data["one"], data["two"]);
    assert_eq!(statements.len(), 2, "each reads its interview with the people: {statements:#?}");
    if database == Sqlite {
        // On PostgreSQL the second may have to wait for a connection, and is read by the statement for groups.
        assert_eq!(statements[0], statements[1], "which is prepared once");
    }
}

#[rstest]
#[tokio::test]
async fn viewers_are_cached_for_five_seconds(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (query, staff) = ("{ viewer { id role title } }", app.staff());
    let cost = async |actor: &Actor| app.counting(actor.ask(query, json!({}))).await.1;
    assert_eq!(cost(&staff).await, 1);
    assert_eq!(cost(&staff).await, 0);
    assert_eq!(cost(&app.driver()).await, 1, "another user");
    assert_eq!(cost(&staff).await, 0);
    assert_eq!(cost(&app.staff()).await, 1, "the same user with another token, which could be revoked");
    app.clock.advance(chrono::TimeDelta::milliseconds(4999));
    assert_eq!(cost(&staff).await, 0);
    app.clock.advance(chrono::TimeDelta::milliseconds(1));
    assert_eq!(cost(&staff).await, 1, "five seconds later");
    let (_, statements) = app.counting(staff.interview(JUDE_WITH_LUISA)).await;
    assert_eq!(statements, 1, "{:#?}", app.statements());
}

#[tokio::test]
async fn no_statement_is_prepared_or_planned_twice_on_a_connection() {
    let meter = meter!(Postgres);
    let list = format!("query($first: Int) {{ interviews(first: $first) {{ nodes {{ id {PEOPLE} }} }} }}");
    let one = format!("query($id: ID!) {{ interview(id: $id) {{ id {PEOPLE} }} }}");
    for round in 1..20 {
        meter.ask_for(&list, 5 * round).await;
        meter.ask(&meter.staff, &one, json!({"id": (26 + round).to_string()})).await;
        meter.staff.update(JUDE_WITH_LUISA, json!({"location": format!("Gate {round}")})).await;
    }
    // Each connection of the pool has its own prepared statements.
    let pool = meter.app.app.services().db().reader();
    let counted = "SELECT count(*), count(DISTINCT statement), sum(custom_plans)::bigint FROM pg_prepared_statements";
    let counts = (0..10).map(|_| pool.query_one_raw(Statement::from_string(DbBackend::Postgres, counted)));
    for row in futures_util::future::join_all(counts).await {
        let row = row.unwrap().unwrap();
        let count = |index: usize| row.try_get_by_index::<i64>(index).unwrap();
        assert_eq!(count(0), count(1), "each statement once");
        assert_eq!(count(2), 0, "and never planned for particular values");
    }
}
