//! Searching for people by name: the text is taken as it is, in whatever case, whichever characters it has.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::lists::List;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// Names for interviewers from 2000 on and for the drivers of interviewees from 1000 on.
const NAMES: [&str; 5] = [r"100% Ann_a", r"100 Anna", r"O'Neill \ Söhne", r"Ærø ŁUKASZ Ждан", r#"A "quoted" [a-z]* ?"#];

async fn rename(app: &TestApp) {
    let connection = app.database.raw().await;
    for (index, name) in (0_i64..).zip(NAMES) {
        let sql = "UPDATE users SET title = $1 WHERE id IN ($2, $3)";
        let values = [name.into(), (2000 + index).into(), (1_000_000 + index).into()];
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        connection.execute_raw(statement).await.unwrap();
    }
}

/// Which of the names are found among the interviewers; and the same ones among the drivers.
async fn found(actor: &Actor, search: &str) -> Vec<&'static str> {
    let query = "query($search: String) { \
        interviewers(first: 100, search: $search) { nodes { id title } totalCount } \
        interviewees(first: 100, search: $search) { nodes { id driver { id title } } totalCount } }";
    let data = actor.ask(query, json!({"search": search})).await;
    let titles = |list: &str, pointer: &str| -> Vec<&'static str> {
        let nodes = data[list]["nodes"].as_array().unwrap();
        assert_eq!(data[list]["totalCount"], nodes.len(), "all that are found are on the page");
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
async fn no_character_of_a_search_stands_for_others(#[values(Sqlite, Postgres)] database: Database) {
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
async fn the_case_of_letters_does_not_matter_in_any_alphabet(#[values(Sqlite, Postgres)] database: Database) {
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
    assert_eq!(found(&app.staff(), "sohne").await, Vec::<&str>::new(), "another letter is another letter");
}

#[rstest]
#[tokio::test]
async fn an_empty_search_finds_everybody(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for list in [List::of("interviewers"), List::of("interviewees")] {
        let all = list.walk(&app.staff(), 100).await;
        for nothing in ["search: \"\"", "search: null"] {
            assert_eq!(list.clone().with(nothing).walk(&app.staff(), 100).await, all);
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_is_found_is_paged_like_the_whole(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let sql = "UPDATE users SET title = 'Zoltan Kiss' WHERE id BETWEEN 1000010 AND 1000035 OR id IN (2001, 2003, 2004)";
    app.database.execute(sql).await;
    let found = List::of("interviewees").with("search: \"TAN K\"");
    // The second company's, of the same drivers, have ids above those.
    let expected: Vec<i64> = (1010..=1035).collect();
    for size in [5, 100] {
        assert_eq!(found.walk(&app.staff(), size).await, expected);
    }
    let found = List::of("interviewers").with("search: \"TAN K\"");
    assert_eq!(found.walk(&app.staff(), 2).await, [2001, 2003, 2004]);
    let nobody = app.other_staff();
    assert_eq!(found.walk(&nobody, 2).await, Vec::<i64>::new(), "not those of another company");
}

#[rstest]
#[tokio::test]
async fn a_text_that_is_in_no_name_finds_nobody(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let impossible = ["nobody at all".to_owned(), "\0".to_owned(), "\u{feff}".to_owned(), "x".repeat(200)];
    for search in impossible {
        assert_eq!(found(&app.staff(), &search).await, Vec::<&str>::new(), "{search:?}");
    }
}

#[rstest]
#[tokio::test]
async fn nobody_searches_for_whole_books(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for list in [List::of("interviewers"), List::of("interviewees")] {
        for length in [201, 60_000, 900_000] {
            let refusal = list.refusal(&app.staff(), &format!("search: {:?}", "%".repeat(length))).await;
            let expected = ("BAD_USER_INPUT".to_owned(), "`search` has at most 200 characters".to_owned());
            assert_eq!(refusal, expected);
        }
    }
}
