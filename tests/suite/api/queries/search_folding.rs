//! `search` of all lists of names: without regard to case and to how a text is encoded, in every script.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::feed::{application, company, driver, staff, with};
use crate::support::people::NORTHERN_HAULAGE;
use rstest::rstest;
use serde_json::{Value, json};

/// Names, searches that find them, and searches that do not.
const NAMES: [(&str, &[&str], &[&str]); 14] = [
    ("Οδυσσεύς Παπάς", &["ΟΔΥΣΣΕΎΣ", "Οδυσσευ\u{301}ς", "σεύσ π", "παπάσ"], &["Οδυσσευς"]),
    ("Anna Straße", &["STRASSE", "straße", "STRAẞE", "a stras"], &["strase"]),
    ("Jose\u{301} Núñez", &["josé", "JOSÉ NÚÑEZ", "nu\u{301}n\u{303}ez", "NU\u{301}N\u{303}EZ"], &["jose n", "nunez"]),
    ("Nguyễn Ánh", &["NGUYE\u{302}\u{303}N", "nguyễn ánh", "a\u{301}nh"], &["nguyen"]),
    // The default case folding: `İ` is `i` with a dot above, `I` is `i`, and `ı` is itself.
    ("İrem Işık", &["i\u{307}rem", "İREM", "işık", "IŞıK"], &["irem", "ışık", "IŞIK"]),
    ("Ａｎｎａ １００％ sure", &["anna 100%", "ＡＮＮＡ", "100％", "0%"], &["100% s_re", "100_", "%sure"]),
    ("Bob＿by", &["bob_by", "BOB＿BY", "_"], &["bobxby"]),
    ("Bobxby", &["bobxby"], &["bob_by", "bob＿by", "bob%by", "bob％by"]),
    ("Back＼slash", &["back\\slash", "＼"], &["back\\\\slash"]),
    ("ﬁnn Ǆuka", &["FINN", "ﬁnn", "ǆuka", "DŽUKA", "dž"], &["fiinn"]),
    ("한국 Kim", &["한국", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}"], &["하국"]),
    ("ｶﾞﾗｽ Ken", &["ガラス", "カ\u{3099}ラス", "ｶﾞ"], &["カラス"]),
    ("👨\u{200D}👩\u{200D}👧 Group", &["👨\u{200D}👩\u{200D}👧", "👩", "👧 GROUP"], &["👦"]),
    ("می\u{200C}خواهم Ali", &["می\u{200C}خواهم", "میخواهم", "ALI"], &["می خواهم"]),
];

const FIRST: i64 = 9_100;

/// Writes a company, a member of staff and an applicant with each name.
async fn write(app: &TestApp) {
    let ids = || (FIRST..).zip(NAMES);
    let named = |row: Value, field: &str, name: &str| with(row, &json!({field: name}));
    let companies: Vec<Value> = ids().map(|(id, (name, ..))| named(company(id), "name", name)).collect();
    let staff = ids().map(|(id, (name, ..))| named(staff(id), "title", name));
    let drivers = ids().map(|(id, (name, ..))| named(driver(id + 100), "title", name));
    let users: Vec<Value> = staff.chain(drivers).collect();
    let applications: Vec<Value> = ids().map(|(id, _)| application(id, NORTHERN_HAULAGE.0, id + 100)).collect();
    for (rows, values) in [("companies", companies), ("users", users), ("interviewees", applications)] {
        assert_eq!(app.service().sync(rows, &values).await["userErrors"], json!([]));
    }
}

/// Which of these lists find a row with this name: each row of each list.
async fn found(app: &TestApp, search: &str, name: &str) -> usize {
    let query = "query($s: String) { \
        users(first: 100, search: $s) { nodes { title } } \
        companies(first: 100, search: $s) { nodes { title: name } } \
        interviewers(first: 100, search: $s) { nodes { title } } \
        interviewees(first: 100, search: $s) { nodes { driver { title } } } }";
    let data = app.admin().ask(query, json!({"s": search})).await;
    let nodes = data.as_object().unwrap().values().flat_map(|list| list["nodes"].as_array().unwrap());
    nodes.filter(|node| node["title"] == name || node["driver"]["title"] == name).count()
}

#[rstest]
#[tokio::test]
async fn names_are_found_without_regard_to_case_and_encoding(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    write(&app).await;
    for (name, finding, missing) in NAMES {
        // Two users, a company, an interviewer and an application.
        for search in finding.iter().chain([&name]) {
            assert_eq!(found(&app, search, name).await, 5, "{search:?} finds {name:?}");
        }
        for search in missing {
            assert_eq!(found(&app, search, name).await, 0, "{search:?} does not find {name:?}");
        }
    }
}
