//! Interviews, applications, people and history that queries show to each viewer.

use super::error_code;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::actor::Actor;
use crate::support::people::{
    BRUNA, JUDE, JUDE_APPLICATION, JUDE_COASTAL_APPLICATION, JUDE_WITH_LUISA, JUDE_WITH_PIET, KOFI, PIET,
    UNKNOWN_INTERVIEW,
};
use rstest::rstest;
use serde_json::{Map, Value, json};

/// The ids of the first hundred interviews, and `totalCount`.
async fn listed(actor: &Actor, filter: &str) -> (Vec<i64>, i64) {
    let query = format!(
        "{{ interviews(first: 100, filter: {{{filter}}}, orderBy: {{field: ID, direction: ASC}}) \
         {{ nodes {{ id }} totalCount }} }}"
    );
    let list = actor.ask(&query, json!({})).await["interviews"].take();
    let id = |node: &Value| node["id"].as_str().unwrap().parse().unwrap();
    (list["nodes"].as_array().unwrap().iter().map(id).collect(), list["totalCount"].as_i64().unwrap())
}

/// The data of one query for each viewer, by the viewer's name.
async fn data_by_viewer(app: &TestApp, query: &str) -> Value {
    let mut answers = Map::new();
    let viewers = [
        ("Jude", app.driver()),
        ("Mona", app.staff()),
        ("Piet", app.other_staff()),
        ("Ada", app.admin()),
        ("Platform", app.service()),
        ("Bruna", app.user(BRUNA)),
    ];
    for (name, viewer) in viewers {
        answers.insert(name.to_owned(), viewer.ask(query, json!({})).await);
    }
    answers.into()
}

#[rstest]
#[tokio::test]
async fn viewer_is_the_user_of_the_token_with_their_company(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = "{ viewer { id role title company { id name } } }";
    assert_json!(data_by_viewer(&app, query).await, @r#"
    {
      "Ada": {"viewer": {"company": null, "id": "1", "role": "ADMIN", "title": "Ada Prentice"}},
      "Bruna": {"viewer": {"company": null, "id": "1000001", "role": "DRIVER", "title": "Bruna Bakker"}},
      "Jude": {"viewer": {"company": null, "id": "997", "role": "DRIVER", "title": "Jude Howell"}},
      "Mona": {
        "viewer": {
          "company": {"id": "1", "name": "Northern Haulage"},
          "id": "1000",
          "role": "STAFF",
          "title": "Mona Berg"
        }
      },
      "Piet": {
        "viewer": {
          "company": {"id": "2", "name": "Coastal Freight"},
          "id": "1002",
          "role": "STAFF",
          "title": "Piet Maas"
        }
      },
      "Platform": {"viewer": {"company": null, "id": "2", "role": "SERVICE", "title": "Driver platform"}}
    }
    "#);
    assert_eq!(error_code(&app.anonymous(), query).await, "UNAUTHENTICATED");
}

#[rstest]
#[tokio::test]
async fn interview_is_visible_to_its_driver_its_company_and_admins(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let bruna_with_kofi = app.book(BRUNA, KOFI).at("10:00").await;
    let bruna_with_piet = app.book(BRUNA, PIET).at("12:00").await;
    let query = format!(
        "{{ jude_with_luisa: interview(id: {JUDE_WITH_LUISA}) {{ id }} \
         bruna_with_kofi: interview(id: {bruna_with_kofi}) {{ id }} \
         jude_with_piet: interview(id: {JUDE_WITH_PIET}) {{ id }} \
         bruna_with_piet: interview(id: {bruna_with_piet}) {{ id }} \
         unknown: interview(id: {UNKNOWN_INTERVIEW}) {{ id }} malformed: interview(id: \"x\") {{ id }} }}"
    );
    assert_json!(data_by_viewer(&app, &query).await, @r#"
    {
      "Ada": {
        "bruna_with_kofi": {"id": "271"},
        "bruna_with_piet": {"id": "272"},
        "jude_with_luisa": {"id": "27"},
        "jude_with_piet": {"id": "251"},
        "malformed": null,
        "unknown": null
      },
      "Bruna": {
        "bruna_with_kofi": {"id": "271"},
        "bruna_with_piet": {"id": "272"},
        "jude_with_luisa": null,
        "jude_with_piet": null,
        "malformed": null,
        "unknown": null
      },
      "Jude": {
        "bruna_with_kofi": null,
        "bruna_with_piet": null,
        "jude_with_luisa": {"id": "27"},
        "jude_with_piet": {"id": "251"},
        "malformed": null,
        "unknown": null
      },
      "Mona": {
        "bruna_with_kofi": {"id": "271"},
        "bruna_with_piet": null,
        "jude_with_luisa": {"id": "27"},
        "jude_with_piet": null,
        "malformed": null,
        "unknown": null
      },
      "Piet": {
        "bruna_with_kofi": null,
        "bruna_with_piet": {"id": "272"},
        "jude_with_luisa": null,
        "jude_with_piet": {"id": "251"},
        "malformed": null,
        "unknown": null
      },
      "Platform": {
        "bruna_with_kofi": {"id": "271"},
        "bruna_with_piet": {"id": "272"},
        "jude_with_luisa": {"id": "27"},
        "jude_with_piet": {"id": "251"},
        "malformed": null,
        "unknown": null
      }
    }
    "#);
    let query = format!("{{ __typename interview(id: {JUDE_WITH_LUISA}) {{ id }} }}");
    assert_eq!(error_code(&app.anonymous(), &query).await, "UNAUTHENTICATED");
}

#[rstest]
#[tokio::test]
async fn lists_have_the_visible_interviews(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    assert_eq!(listed(&app.driver(), "").await, (vec![JUDE_WITH_LUISA.0, JUDE_WITH_PIET.0], 2));
    assert_eq!(listed(&app.staff(), "").await, ((1..=100).collect(), 250));
    assert_eq!(listed(&app.other_staff(), "").await, ((251..=270).collect(), 20));
    assert_eq!(listed(&app.admin(), "").await, ((1..=100).collect(), 270));
    let last =
        "{ interviews(last: 2, orderBy: {field: ID, direction: ASC}) { nodes { id } pageInfo { hasNextPage } } }";
    assert_json!(app.staff().ask(last, json!({})).await, @r#"
    {
      "interviews": {"nodes": [{"id": "249"}, {"id": "250"}], "pageInfo": {"hasNextPage": false}}
    }
    "#);
    assert_eq!(error_code(&app.anonymous(), "{ interviews { totalCount } }").await, "UNAUTHENTICATED");
}

#[rstest]
#[tokio::test]
async fn filters_by_people_of_others_show_no_more_interviews(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let by_jude = format!("driverId: {JUDE}");
    let (with_luisa, with_piet) = (JUDE_WITH_LUISA.0, JUDE_WITH_PIET.0);
    assert_eq!(listed(&app.staff(), &by_jude).await, (vec![with_luisa], 1));
    assert_eq!(listed(&app.other_staff(), &by_jude).await, (vec![with_piet], 1));
    assert_eq!(listed(&app.admin(), &by_jude).await, (vec![with_luisa, with_piet], 2));
    for filter in [
        format!("intervieweeId: {JUDE_COASTAL_APPLICATION}"),
        format!("interviewerId: {PIET}"),
        format!("driverId: {JUDE}, interviewerId: {PIET}"),
    ] {
        assert_eq!(listed(&app.staff(), &filter).await, (vec![], 0), "{filter}");
    }
    for filter in [
        format!("driverId: {BRUNA}"),
        format!("interviewerId: {KOFI}"),
        "driverId: 0".to_owned(),
        format!("driverId: \"{JUDE} \""),
    ] {
        assert_eq!(listed(&app.driver(), &filter).await, (vec![], 0), "{filter}");
    }
    // A time at which Coastal Freight alone has an interview.
    let time = r#"overlaps: {startAt: "2025-06-02T08:00:00Z", endAt: "2025-06-02T08:30:00Z"}"#;
    assert_eq!(listed(&app.staff(), time).await, (vec![], 0));
    assert_eq!(listed(&app.other_staff(), time).await, (vec![with_piet], 1));
}

#[rstest]
#[tokio::test]
async fn cursor_of_an_invisible_interview_leads_to_visible_ones_only(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let first = "{ interviews(first: 1) { edges { cursor node { id } } } }";
    let edge = app.other_staff().ask(first, json!({})).await["interviews"]["edges"][0].take();
    assert_eq!(edge["node"]["id"], JUDE_WITH_PIET.to_string());
    let query = "query($cursor: String!) { before: interviews(first: 100, before: $cursor) { nodes { id } } \
                 after: interviews(first: 100, after: $cursor) { nodes { id } } }";
    let data = app.staff().ask(query, json!({"cursor": edge["cursor"]})).await;
    let jude_with_luisa = json!({"id": JUDE_WITH_LUISA.to_string()});
    assert_eq!(data["before"]["nodes"], json!([jude_with_luisa]));
    let after = data["after"]["nodes"].as_array().unwrap();
    assert_eq!(after.len(), 100);
    assert!(!after.contains(&edge["node"]) && !after.contains(&jude_with_luisa));
}

#[rstest]
#[tokio::test]
async fn application_is_visible_to_its_driver_its_company_and_admins(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = format!(
        "{{ northern: interviewee(id: {JUDE_APPLICATION}) {{ ...it }} \
         coastal: interviewee(id: {JUDE_COASTAL_APPLICATION}) {{ ...it }} }} \
         fragment it on Interviewee {{ id driver {{ id phoneNumber }} interviews {{ nodes {{ id }} totalCount }} }}"
    );
    assert_json!(data_by_viewer(&app, &query).await, @r#"
    {
      "Ada": {
        "coastal": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "1050",
          "interviews": {"nodes": [{"id": "251"}], "totalCount": 1}
        },
        "northern": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "277",
          "interviews": {"nodes": [{"id": "27"}], "totalCount": 1}
        }
      },
      "Bruna": {"coastal": null, "northern": null},
      "Jude": {
        "coastal": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "1050",
          "interviews": {"nodes": [{"id": "251"}], "totalCount": 1}
        },
        "northern": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "277",
          "interviews": {"nodes": [{"id": "27"}], "totalCount": 1}
        }
      },
      "Mona": {
        "coastal": null,
        "northern": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "277",
          "interviews": {"nodes": [{"id": "27"}], "totalCount": 1}
        }
      },
      "Piet": {
        "coastal": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "1050",
          "interviews": {"nodes": [{"id": "251"}], "totalCount": 1}
        },
        "northern": null
      },
      "Platform": {
        "coastal": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "1050",
          "interviews": {"nodes": [{"id": "251"}], "totalCount": 1}
        },
        "northern": {
          "driver": {"id": "997", "phoneNumber": "123"},
          "id": "277",
          "interviews": {"nodes": [{"id": "27"}], "totalCount": 1}
        }
      }
    }
    "#);
    let query = format!("{{ interviewee(id: {JUDE_APPLICATION}) {{ id }} }}");
    assert_eq!(error_code(&app.anonymous(), &query).await, "UNAUTHENTICATED");
}

#[rstest]
#[case::interviewees("interviewees", "driver { title }", [51, 20, 71])]
#[case::interviewers("interviewers", "title", [8, 1, 9])]
#[tokio::test]
async fn people_of_their_company_are_listed_for_staff(
    #[case] list: &str,
    #[case] name: &str,
    #[case] counts: [i64; 3],
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let count = async |actor: &Actor, search: &str| {
        let query = format!(
            "query($search: String) {{ {list}(first: 100, search: $search) {{ nodes {{ id {name} }} totalCount }} }}"
        );
        let page = actor.ask(&query, json!({"search": search})).await[list].take();
        assert_eq!(page["totalCount"], page["nodes"].as_array().unwrap().len());
        page["totalCount"].as_i64().unwrap()
    };
    for (actor, expected) in [app.staff(), app.other_staff(), app.admin()].iter().zip(counts) {
        assert_eq!(count(actor, "").await, expected);
    }
    // Piet is staff of Coastal Freight; Jude applied to both companies.
    let (piet, jude) = (i64::from(list == "interviewers"), i64::from(list == "interviewees"));
    assert_eq!((count(&app.staff(), "maas").await, count(&app.other_staff(), "maas").await), (0, piet));
    assert_eq!((count(&app.staff(), "jude").await, count(&app.admin(), "HOWELL").await), (jude, 2 * jude));
    let query = format!("{{ {list} {{ totalCount }} }}");
    if list == "interviewers" {
        let answer = app.driver().graphql(&query, json!({})).await;
        assert_eq!(
            (&answer["data"], &answer["errors"][0]["extensions"]),
            (&json!({list: null}), &json!({"code": "FORBIDDEN"}))
        );
    } else {
        assert_eq!(count(&app.driver(), "").await, 2);
    }
    assert_eq!(error_code(&app.anonymous(), &query).await, "UNAUTHENTICATED");
}

#[rstest]
#[tokio::test]
async fn history_is_visible_with_its_interview(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let query = format!(
        "{{ interview(id: {JUDE_WITH_LUISA}) {{ history {{ nodes {{ type actor {{ id }} }} totalCount }} }} }}"
    );
    assert_json!(data_by_viewer(&app, &query).await, @r#"
    {
      "Ada": {
        "interview": {"history": {"nodes": [{"actor": {"id": "1001"}, "type": "CREATED"}], "totalCount": 1}}
      },
      "Bruna": {"interview": null},
      "Jude": {
        "interview": {"history": {"nodes": [{"actor": {"id": "1001"}, "type": "CREATED"}], "totalCount": 1}}
      },
      "Mona": {
        "interview": {"history": {"nodes": [{"actor": {"id": "1001"}, "type": "CREATED"}], "totalCount": 1}}
      },
      "Piet": {"interview": null},
      "Platform": {
        "interview": {"history": {"nodes": [{"actor": {"id": "1001"}, "type": "CREATED"}], "totalCount": 1}}
      }
    }
    "#);
}
