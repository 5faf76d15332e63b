//! `interviewees(search:)` and `interviewers(search:)`: names that contain the text, in any case. No character is a
//! pattern.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::lists::{List, bad_user_input};
use crate::support::people::{BRUNA, BRUNA_APPLICATION, KOFI};
use interviews::domain::fold;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// The first ids of generated interviewers, drivers and applications. Equal offsets are a driver and their application
/// to Northern Haulage.
const FIRST_INTERVIEWER: i64 = KOFI.0 - 1;
const FIRST_DRIVER: i64 = BRUNA.0 - 1;
const FIRST_APPLICATION: i64 = BRUNA_APPLICATION.0 - 1;

/// Names that [`rename`] gives to generated interviewers and to generated drivers.
const NAMES: [&str; 5] = [r"100% Ann_a", r"100 Anna", r"O'Neill \ Söhne", r"Ærø ŁUKASZ Ждан", r#"A "quoted" [a-z]* ?"#];

async fn rename(app: &TestApp) {
    let connection = app.database.connection().await;
    for (index, name) in (0_i64..).zip(NAMES) {
        let sql = "UPDATE users SET title = $1, title_folded = $2, title_folded_from = $1 WHERE id IN ($3, $4)";
        let values =
            [name.into(), fold(name).into(), (FIRST_INTERVIEWER + index).into(), (FIRST_DRIVER + index).into()];
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        connection.execute_raw(statement).await.unwrap();
    }
}

/// Which of [`NAMES`] are found among the interviewers; fails unless the same are found among the drivers.
async fn found(actor: &Actor, search: &str) -> Vec<&'static str> {
    let query = "query($search: String) { \
        interviewers(first: 100, search: $search) { nodes { id title } totalCount } \
        interviewees(first: 100, search: $search) { nodes { id driver { id title } } totalCount } }";
    let data = actor.ask(query, json!({"search": search})).await;
    let titles = |list: &str, pointer: &str| -> Vec<&'static str> {
        let nodes = data[list]["nodes"].as_array().unwrap();
        assert_eq!(data[list]["totalCount"], nodes.len(), "the page does not have all matches");
        let title = |node: &Value| {
            let title = node.pointer(pointer).unwrap().as_str().unwrap();
            NAMES.into_iter().find(|name| *name == title)
        };
        nodes.iter().filter_map(title).collect()
    };
    let interviewers = titles("interviewers", "/title");
    assert_eq!(titles("interviewees", "/driver/title"), interviewers, "{search:?}");
    interviewers
}

#[rstest]
#[tokio::test]
async fn characters_of_patterns_match_only_themselves(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    rename(&app).await;
    let [percent, plain, backslash, _, quoted] = NAMES;
    for (search, expected) in [
        ("%", vec![percent]),
        ("100%", vec![percent]),
        ("_", vec![percent]),
        ("ann_a", vec![percent]),
        ("anna", vec![plain]),
        ("\\", vec![backslash]),
        ("\\ ", vec![backslash]),
        ("\\%", vec![]),
        ("\\\\", vec![]),
        ("O'Neill", vec![backslash]),
        ("'; DROP TABLE users; --", vec![]),
        ("' OR '1'='1", vec![]),
        ("\"quoted\"", vec![quoted]),
        ("*", vec![quoted]),
        ("?", vec![quoted]),
        ("[a-z]", vec![quoted]),
        ("[", vec![quoted]),
        ("]", vec![quoted]),
        ("[^", vec![]),
        ("^", vec![]),
        (".*", vec![]),
        ("(", vec![]),
        ("$", vec![]),
        ("100", vec![percent, plain]),
        (" ann", vec![percent, plain]),
    ] {
        assert_eq!(found(&app.staff(), search).await, expected, "{search:?}");
    }
}

#[rstest]
#[tokio::test]
async fn search_ignores_case_in_every_alphabet(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    rename(&app).await;
    let [.., backslash, nordic, _] = NAMES;
    for (search, expected) in [
        ("söhne", backslash),
        ("SÖHNE", backslash),
        ("Söhne", backslash),
        ("ærø", nordic),
        ("ÆRØ", nordic),
        ("Ærø", nordic),
        ("łukasz", nordic),
        ("Łukasz", nordic),
        ("ждан", nordic),
        ("ЖДАН", nordic),
    ] {
        assert_eq!(found(&app.staff(), search).await, [expected], "{search:?}");
    }
    assert_eq!(found(&app.staff(), "sohne").await, Vec::<&str>::new(), "accents are not ignored");
}

#[rstest]
#[tokio::test]
async fn empty_search_lists_all_people(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for list in [List::of("interviewers"), List::of("interviewees")] {
        let all = list.walk(&app.staff(), 100).await;
        for empty in ["search: \"\"", "search: null"] {
            assert_eq!(list.clone().with(empty).walk(&app.staff(), 100).await, all);
        }
    }
}

#[rstest]
#[tokio::test]
async fn search_results_are_paged(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    // Generated drivers and three generated interviewers of Northern Haulage.
    let (first, last, interviewers) = (10, 35, [KOFI.0, KOFI.0 + 2, KOFI.0 + 3]);
    let [one, two, three] = interviewers;
    let sql = format!(
        "UPDATE users SET title = 'Zoltan Kiss' WHERE id IN ({one}, {two}, {three}) \
         OR id BETWEEN {} AND {}",
        FIRST_DRIVER + first,
        FIRST_DRIVER + last
    );
    app.database.execute(&sql).await;
    let found = List::of("interviewees").with("search: \"TAN K\"");
    // The same drivers' applications to Coastal Freight have higher ids.
    let expected: Vec<i64> = (FIRST_APPLICATION + first..=FIRST_APPLICATION + last).collect();
    for size in [5, 100] {
        assert_eq!(found.walk(&app.staff(), size).await, expected);
    }
    let found = List::of("interviewers").with("search: \"TAN K\"");
    assert_eq!(found.walk(&app.staff(), 2).await, interviewers);
    assert_eq!(found.walk(&app.other_staff(), 2).await, Vec::<i64>::new(), "interviewers of another company");
}

#[rstest]
#[tokio::test]
async fn text_that_no_name_contains_finds_nothing(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let unmatched = ["no such name".to_owned(), "x".repeat(200)];
    for search in unmatched {
        assert_eq!(found(&app.staff(), &search).await, Vec::<&str>::new(), "{search:?}");
    }
}

#[tokio::test]
async fn search_longer_than_200_characters_is_rejected() {
    let app = start!(Sqlite);
    for list in [List::of("interviewers"), List::of("interviewees")] {
        for length in [201, 60_000] {
            let error = list.error(&app.staff(), &format!("search: {:?}", "%".repeat(length))).await;
            assert_eq!(error, bad_user_input("The argument `search` has at most 200 characters."));
        }
    }
}
