//! Who sees and changes the settings of a company.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::refusals;
use crate::support::feed::{NEW_COMPANY, company};
use crate::support::people::{COASTAL_FREIGHT, JUDE, NORTHERN_HAULAGE};
use rstest::rstest;
use serde_json::{Value, json};

fn demo() -> Value {
    json!({"version": 1, "reminders": [1440, 60], "answerReminderHours": []})
}

#[rstest]
#[tokio::test]
async fn managers_admins_and_services_change_settings(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (version, actor) in (2..).zip([app.manager(), app.admin(), app.service()]) {
        let payload = actor.set(NORTHERN_HAULAGE, json!({"reminders": [10 * version]}), None).await;
        let settings = json!({"version": version, "reminders": [10 * version], "answerReminderHours": []});
        assert_eq!(payload, json!({"settings": settings, "userErrors": []}));
        assert_eq!(app.staff().settings().await, settings, "staff see them");
    }
    assert_eq!(app.other_staff().settings().await, demo(), "those of the other company are as before");
}

#[rstest]
#[tokio::test]
async fn drivers_and_other_staff_are_forbidden_to_change_settings(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for actor in [app.driver(), app.staff(), app.other_staff()] {
        for company in [NORTHERN_HAULAGE.0, COASTAL_FREIGHT.0, 404] {
            assert_json!(actor.set(company, json!({"reminders": []}), None).await, @r#"
            {
              "settings": null,
              "userErrors": [
                {
                  "__typename": "ForbiddenError",
                  "code": "FORBIDDEN",
                  "message": "Only managers, admins and services can change the settings of a company.",
                  "path": []
                }
              ]
            }
            "#);
        }
    }
    assert_eq!(app.staff().settings().await, demo());
    let query = "mutation { updateCompanySettings(companyId: 1, input: {}) { userErrors { code } } }";
    let answer = app.anonymous().graphql(query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[rstest]
#[tokio::test]
async fn company_that_the_viewer_does_not_see_is_not_found(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let input = || json!({"reminders": [30]});
    assert_json!(app.manager().set(COASTAL_FREIGHT, input(), None).await, @r#"
    {
      "settings": null,
      "userErrors": [
        {
          "__typename": "NotFoundError",
          "code": "NOT_FOUND",
          "message": "This company does not exist, or you cannot see it.",
          "path": ["companyId"]
        }
      ]
    }
    "#);
    for (actor, company) in [(app.manager(), "404"), (app.admin(), "404"), (app.service(), "x"), (app.admin(), "0")] {
        assert_eq!(refusals(&actor.set(company, input(), None).await), ["NOT_FOUND companyId"]);
    }
    assert_eq!(app.other_staff().settings().await, demo());
}

#[rstest]
#[tokio::test]
async fn company_that_has_set_nothing_has_the_defaults(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.service().write("companies", company(NEW_COMPANY)).await;
    let query = "{ companies(first: 10) { nodes { id settings { version reminders answerReminderHours } } } }";
    let (data, statements) = app.counting(app.admin().ask(query, json!({}))).await;
    let defaults = json!({"version": 0, "reminders": [], "answerReminderHours": []});
    let expected = [(NORTHERN_HAULAGE.0, demo()), (COASTAL_FREIGHT.0, demo()), (NEW_COMPANY, defaults)];
    let expected = expected.map(|(id, settings)| json!({"id": id.to_string(), "settings": settings}));
    assert_eq!(data["companies"]["nodes"], json!(expected));
    assert_eq!(statements, 3, "the viewer, the companies, and all their settings: {:#?}", app.statements());

    let without = "{ companies(first: 10) { nodes { id } } }";
    let ((), statements) = app.counting(async { drop(app.admin().ask(without, json!({})).await) }).await;
    assert!(!app.statements().iter().any(|sql| sql.contains("company_settings")), "{statements}");
}

/// Drivers have no company. One who has become a driver after the response was requested still sees none.
#[tokio::test]
async fn settings_are_null_for_drivers() {
    let app = start!(Sqlite);
    let services = app.app.services();
    let driver = services.sign_in(app.driver().token()).await.unwrap().viewer().unwrap();
    assert_eq!(driver.id, JUDE);
    let (seen, statements) = app.counting(services.company_settings(&driver, &[NORTHERN_HAULAGE])).await;
    assert!(seen.unwrap().is_empty());
    assert_eq!(statements, 0);
    let staff = services.sign_in(app.staff().token()).await.unwrap().viewer().unwrap();
    let seen = services.company_settings(&staff, &[NORTHERN_HAULAGE, COASTAL_FREIGHT]).await.unwrap();
    assert_eq!(seen.keys().collect::<Vec<_>>(), [&NORTHERN_HAULAGE]);
}
