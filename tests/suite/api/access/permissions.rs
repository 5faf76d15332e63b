//! Who may end the access of others.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, PIET};
use rstest::rstest;
use serde_json::{Value, json};

fn errors(payload: &Value) -> &Value {
    &payload["userErrors"]
}

#[rstest]
#[tokio::test]
async fn drivers_staff_and_managers_are_forbidden_to_revoke_and_to_erase(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let forbidden = json!([{
        "__typename": "ForbiddenError", "code": "FORBIDDEN", "message": "Only admins and services can do this.",
        "path": []
    }]);
    for actor in [app.driver(), app.staff(), app.manager()] {
        for input in
            [json!({"userId": JUDE.to_string()}), json!({"token": {"jti": "", "expiresAt": "2030-01-01T00:00:00Z"}})]
        {
            let payload = actor.revoke(input).await;
            assert_eq!((errors(&payload), &payload["revokedAt"]), (&forbidden, &Value::Null));
        }
        let payload = actor.erase(JUDE, true).await;
        assert_eq!((errors(&payload), &payload["user"]), (&forbidden, &Value::Null));
    }
    assert_eq!(app.driver().ask("{ viewer { title } }", json!({})).await["viewer"]["title"], "Jude Howell");
}

#[rstest]
#[tokio::test]
async fn admins_and_services_revoke_and_erase(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    for (actor, person) in [(app.admin(), JUDE), (app.service(), PIET)] {
        assert_eq!(errors(&actor.revoke(json!({"userId": person.to_string()})).await), &json!([]));
        assert_eq!(errors(&actor.erase(person, true).await), &json!([]));
    }
}

#[tokio::test]
async fn client_without_a_token_is_unauthenticated() {
    let app = start!(Sqlite);
    for mutation in ["revokeTokens(input: {userId: 1}) { revokedAt }", "eraseUser(id: 1) { user { id } }"] {
        let answer = app.anonymous().graphql(&format!("mutation {{ {mutation} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
}
