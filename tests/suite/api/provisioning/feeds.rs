//! Feeds of complete rows: in any order, with any row twice, they lead to the newest rows.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::feed::with;
use crate::support::inspect::query;
use crate::support::people::{COASTAL_FREIGHT, NORTHERN_HAULAGE};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

const IDS: i64 = 5;
const VERSIONS: i64 = 4;

/// The content of one version of a row.
#[derive(Clone, Debug)]
struct Content {
    choice: usize,
    text: String,
    is_set: bool,
}

fn contents() -> impl Strategy<Value = Vec<Content>> {
    let content =
        (0..4_usize, "[a-z]{1,5}", any::<bool>()).prop_map(|(choice, text, is_set)| Content { choice, text, is_set });
    prop::collection::vec(content, usize::try_from(IDS * VERSIONS).unwrap())
}

/// The messages of a feed, as indexes: each version once or twice, in any order, and the sizes of the calls.
fn deliveries() -> impl Strategy<Value = (Vec<usize>, usize)> {
    let count = usize::try_from(IDS * VERSIONS).unwrap();
    let doubled = prop::collection::vec(any::<bool>(), count)
        .prop_map(move |doubled| (0..count).chain((0..count).filter(|index| doubled[*index])).collect::<Vec<_>>());
    (doubled.prop_shuffle(), 1..8_usize)
}

fn row(rows: &str, first: i64, index: usize, content: &Content) -> Value {
    let index = i64::try_from(index).unwrap();
    let (id, version) = (first + index / VERSIONS, index % VERSIONS);
    let stamp = format!("2025-03-{:02}T00:00:00.000Z", version + 1);
    let optional = content.is_set.then_some(&content.text);
    let row = json!({"id": id.to_string(), "sourceUpdatedAt": stamp});
    match rows {
        "companies" => {
            let zone = ["UTC", "Europe/Berlin", "Europe/Kiev", "Asia/Tokyo"][content.choice];
            let image = optional.map(|text| format!("https://a.test/{text}"));
            with(row, &json!({"name": content.text, "image": image, "timeZone": zone}))
        }
        "users" => {
            let (role, company) = match content.choice {
                0 => ("DRIVER", None),
                1 => ("STAFF", Some(NORTHERN_HAULAGE.to_string())),
                2 => ("STAFF", Some(COASTAL_FREIGHT.to_string())),
                _ => ("ADMIN", None),
            };
            let fields = json!({
                "role": role, "companyId": company, "title": content.text, "phoneNumber": optional, "image": null,
                "contactPhoneNumber": null, "email": optional.map(|text| format!("{text}@a.test")),
                "manager": content.is_set, "timeZone": null,
                "deactivatedAt": content.is_set.then_some("2025-01-01T00:00:00Z"),
            });
            with(row, &fields)
        }
        _ => {
            let kind = ["VERIFIED", "INTERVIEW", "ACCEPTED", "REJECTED"][content.choice];
            let fields = json!({"companyId": "1", "driverId": "997", "kind": kind, "title": optional});
            with(row, &fields)
        }
    }
}

/// Sends the messages in calls of at most this size, in which no id occurs twice.
async fn deliver(app: &TestApp, rows: &str, messages: &[Value], size: usize) {
    let mut call: Vec<Value> = Vec::new();
    let mut in_call = HashSet::new();
    for message in messages {
        let id = message["id"].as_str().unwrap();
        if call.len() == size || in_call.contains(id) {
            send(app, rows, &std::mem::take(&mut call)).await;
            in_call.clear();
        }
        in_call.insert(id);
        call.push(message.clone());
    }
    send(app, rows, &call).await;
}

async fn send(app: &TestApp, rows: &str, call: &[Value]) {
    let payload = app.service().sync(rows, call).await;
    assert_eq!(payload["userErrors"], json!([]), "{call:#?}");
}

/// The stored rows by their place in the feed, without their ids.
async fn stored(app: &TestApp, table: &str, first: i64) -> BTreeMap<i64, Value> {
    let sql = format!("SELECT * FROM {table} WHERE id >= {first} AND id < {} ORDER BY id", first + IDS);
    let place = |mut row: Value| {
        let id = row.as_object_mut().unwrap().remove("id").unwrap().as_i64().unwrap();
        (id - first, row)
    };
    query(&app.database, &sql).await.into_iter().map(place).collect()
}

#[rstest]
#[tokio::test]
async fn shuffled_and_doubled_feeds_lead_to_the_same_rows(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("companies", "users", "interviewees")] rows: &str,
) {
    let app = start!(database);
    let mut runner = TestRunner::new(Config::default());
    let mut first = 100_000;
    for _ in 0..12 {
        let contents = contents().new_tree(&mut runner).unwrap().current();
        let (order, size) = deliveries().new_tree(&mut runner).unwrap().current();
        let message = |first: i64, index: usize| row(rows, first, index, &contents[index]);
        let sorted: Vec<Value> = (0..contents.len()).map(|index| message(first, index)).collect();
        deliver(&app, rows, &sorted, 1).await;
        let expected = stored(&app, rows, first).await;
        assert_eq!(expected.len(), usize::try_from(IDS).unwrap());
        first += IDS;

        let shuffled: Vec<Value> = order.iter().map(|index| message(first, *index)).collect();
        deliver(&app, rows, &shuffled, size).await;
        assert_eq!(stored(&app, rows, first).await, expected, "{order:?} in calls of {size}: {contents:#?}");
        // The whole feed once more changes nothing.
        deliver(&app, rows, &shuffled, size).await;
        assert_eq!(stored(&app, rows, first).await, expected);
        first += IDS;
    }
}
