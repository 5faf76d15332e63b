//! The form of the `Authorization` header, and how soon a revoked token or a changed user takes effect.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::actor::Answer;
use crate::support::people::{COASTAL_FREIGHT, JUDE_WITH_LUISA, MONA};
use crate::support::rest::interview_path;
use crate::support::{SECRET, TestApp};
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use interviews::services::{AuthenticationError, TokenProblem, Tokens, demo};
use interviews::storage::tokens;
use rstest::rstest;
use serde_json::{Value, json};

const WHO: &str = "{ viewer { id role company { name } } }";

/// A token of Mona, and its `jti`.
fn token_of_staff(app: &TestApp) -> (String, String) {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let tokens = Tokens::try_new(SECRET, None).unwrap();
    let token = tokens.sign(demo::STAFF, app.now(), TimeDelta::days(30)).unwrap();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    (token, claims["jti"].as_str().unwrap().to_owned())
}

/// Sends a GraphQL and a REST request with these values of `Authorization`.
async fn with_headers(app: &TestApp, values: &[&[u8]]) -> [Answer; 2] {
    let send = async |method: &str, path: &str, body: Value| {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json");
        for value in values {
            request = request.header("authorization", *value);
        }
        app.anonymous().send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    [
        send("POST", "/graphql", json!({"query": WHO})).await,
        send("PATCH", &interview_path(JUDE_WITH_LUISA), json!({"interview": {}})).await,
    ]
}

fn is_unauthenticated(answer: &Value) -> bool {
    answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
}

#[tokio::test]
async fn bearer_scheme_is_accepted_in_any_case() {
    let app = start!(Sqlite);
    let (token, _) = token_of_staff(&app);
    // The scheme's case does not matter.
    for scheme in ["Bearer ", "bearer ", "BEARER ", "Bearer   "] {
        for answer in with_headers(&app, &[format!("{scheme}{token}").as_bytes()]).await {
            assert_eq!(answer.status, 200, "{scheme}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn malformed_authorization_header_is_unauthenticated() {
    let app = start!(Sqlite);
    let (token, _) = token_of_staff(&app);
    let bearer = format!("Bearer {token}").into_bytes();
    let header = |text: String| vec![text.into_bytes()];
    for values in [
        header(String::new()),
        header("Bearer".to_owned()),
        header("Bearer ".to_owned()),
        header("Bearer null".to_owned()),
        header("Basic MTAwMDpzZWNyZXQ=".to_owned()),
        header(format!("Basic {token}")),
        header(token.clone()),
        header(format!("Bearer{token}")),
        header(format!("Bearer \"{token}\"")),
        header(format!("Bearer {token}, Bearer {token}")),
        header(format!("Bearer {token} {token}")),
        header(format!("Bearer {token}x")),
        header(format!("Bearer {}", "a.".repeat(50_000))),
        vec![b"Bearer \xff\xfe".to_vec()],
        // More than one header, even the same twice: a proxy may have checked the other one.
        vec![bearer.clone(), bearer.clone()],
        vec![bearer.clone(), b"Bearer x".to_vec()],
        vec![b"Basic x".to_vec(), bearer.clone()],
    ] {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let shown = || values.iter().map(|it| String::from_utf8_lossy(it)).collect::<Vec<_>>();
        let codes = ["/errors/0/extensions/code", "/errors/0/code"];
        for (answer, code) in with_headers(&app, &values).await.into_iter().zip(codes) {
            assert_eq!(answer.status, 401, "{:?}", shown());
            let challenge = answer.header("www-authenticate");
            assert!(challenge.starts_with("Bearer error=\"invalid_token\", error_description=\""), "{challenge}");
            let answer_json = answer.json();
            let error = &answer_json["errors"][0];
            assert_eq!(answer_json.pointer(code).unwrap(), "UNAUTHENTICATED", "{}", answer.text);
            let reason = error["extensions"].get("reason").unwrap_or(&error["reason"]);
            assert_eq!(reason, "TOKEN_INVALID", "{}", answer.text);
            assert!(!answer.text.contains(&token), "the token is in the response: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn missing_token_is_challenged_without_an_error() {
    let app = start!(Sqlite);
    let [graphql, rest] = with_headers(&app, &[]).await;
    for answer in [&graphql, &rest] {
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"));
    }
    assert_json!(graphql.json(), @r#"
    {
      "errors": [
        {
          "extensions": {"code": "UNAUTHENTICATED", "reason": "TOKEN_MISSING"},
          "message": "This needs a token. Send it as `Authorization: Bearer <JWT>`."
        }
      ]
    }
    "#);
    assert_json!(rest.json(), @r#"
    {
      "errors": [
        {
          "code": "UNAUTHENTICATED",
          "message": "This needs a token. Send it as `Authorization: Bearer <JWT>`.",
          "path": [],
          "reason": "TOKEN_MISSING"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn introspection_needs_no_token_and_no_statement() {
    let app = start!(Sqlite);
    let ((), statements) = app
        .counting(async {
            let query = "{ __typename __schema { queryType { name } } __type(name: \"Interview\") { kind } }";
            assert_json!(app.anonymous().ask(query, json!({})).await, @r#"
            {
              "__schema": {"queryType": {"name": "Query"}},
              "__type": {"kind": "OBJECT"},
              "__typename": "Query"
            }
            "#);
            let mutation = app.anonymous().ask("mutation { __typename }", json!({})).await;
            assert_json!(mutation, @r#"{"__typename": "Mutation"}"#);
            assert!(is_unauthenticated(&app.anonymous().graphql(WHO, json!({})).await));
        })
        .await;
    assert_eq!(statements, 0, "a client without a token costs no statement");
}

#[tokio::test]
async fn user_is_cached_for_five_seconds() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let ask = || async { staff.ask("{ viewer { id } }", json!({})).await };
    assert_eq!(app.counting(ask()).await.1, 1);
    app.clock.advance(TimeDelta::milliseconds(4999));
    assert_eq!(app.counting(ask()).await.1, 0);
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(app.counting(ask()).await.1, 1);
}

#[tokio::test]
async fn clock_that_is_set_back_prolongs_neither_the_cache_nor_a_token() {
    let app = start!(Sqlite);
    let staff = app.staff();
    let ask = || async { staff.ask("{ viewer { id } }", json!({})).await };
    assert_eq!(app.counting(ask()).await.1, 1);
    app.clock.advance(TimeDelta::milliseconds(4999));
    app.clock.set_back(TimeDelta::hours(1));
    assert_eq!(app.counting(ask()).await.1, 0);
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(app.counting(ask()).await.1, 1);

    let tokens = Tokens::try_new(SECRET, None).unwrap();
    app.clock.set_back(TimeDelta::hours(-1));
    let for_a_minute = app.bearer(&tokens.sign(demo::STAFF, app.now(), TimeDelta::minutes(1)).unwrap());
    for_a_minute.ask(WHO, json!({})).await;
    app.clock.set_back(TimeDelta::hours(1));
    app.clock.advance(TimeDelta::minutes(2));
    assert!(is_unauthenticated(&for_a_minute.graphql(WHO, json!({})).await));
}

#[rstest]
#[tokio::test]
async fn connection_of_a_cached_user_is_signed_in_by_the_database(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (token, jti) = token_of_staff(&app);
    app.bearer(&token).ask(WHO, json!({})).await;
    assert_eq!(app.counting(app.app.services().sign_in(&token)).await.1, 1);
    tokens::revoke(app.app.services().db().reader(), &jti, app.now(), app.now()).await.unwrap();
    // A request may still use the cached user. A connection may not: it would last for another interval.
    app.bearer(&token).ask(WHO, json!({})).await;
    let refused = app.app.services().sign_in(&token).await.err().unwrap();
    assert!(matches!(refused, AuthenticationError::Refused(TokenProblem::Revoked)), "{refused:?}");
}

#[rstest]
#[tokio::test]
async fn revoked_token_is_rejected_after_the_cache_lifetime(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (token, jti) = token_of_staff(&app);
    let (revoked, other) = (app.bearer(&token), app.staff());
    revoked.ask(WHO, json!({})).await;
    let db = app.app.services().db();
    tokens::revoke(db.reader(), &jti, app.now(), app.now()).await.unwrap();
    tokens::revoke(db.reader(), &jti, app.now(), app.now()).await.unwrap(); // a second time changes nothing
    app.clock.advance(TimeDelta::seconds(5));
    assert_json!(revoked.graphql(WHO, json!({})).await, @r#"
    {
      "errors": [
        {
          "extensions": {"code": "UNAUTHENTICATED", "reason": "TOKEN_REVOKED"},
          "message": "The token was revoked."
        }
      ]
    }
    "#);
    let answer = revoked.patch(JUDE_WITH_LUISA, &json!({"interview": {}})).await;
    let challenge = r#"Bearer error="invalid_token", error_description="The token was revoked.""#;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, challenge));
    assert_json!(answer.json(), @r#"
    {
      "errors": [
        {
          "code": "UNAUTHENTICATED",
          "message": "The token was revoked.",
          "path": [],
          "reason": "TOKEN_REVOKED"
        }
      ]
    }
    "#);
    // Other tokens of the user stay valid.
    other.ask(WHO, json!({})).await;
}

#[rstest]
#[tokio::test]
async fn revoked_token_is_rejected_on_first_use(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let (token, jti) = token_of_staff(&app);
    app.database
        .execute(&format!("INSERT INTO revoked_tokens (jti, revoked_at) VALUES ('{jti}', '2025-03-20T10:00:00+00:00')"))
        .await;
    assert!(is_unauthenticated(&app.bearer(&token).graphql(WHO, json!({})).await));
}

#[rstest]
#[tokio::test]
async fn deactivated_user_is_rejected_after_the_cache_lifetime(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    app.staff().ask(WHO, json!({})).await;
    let staff = app.staff();
    staff.ask(WHO, json!({})).await;
    let set = async |value: &str| {
        app.database.execute(&format!("UPDATE users SET deactivated_at = {value} WHERE id = {MONA}")).await;
    };
    set("'2025-03-20T10:00:00+00:00'").await;
    assert!(is_unauthenticated(&app.staff().graphql(WHO, json!({})).await), "with a new token, at once");
    app.clock.advance(TimeDelta::seconds(5));
    assert!(is_unauthenticated(&staff.graphql(WHO, json!({})).await));
    // A rejection is not cached.
    set("NULL").await;
    staff.ask(WHO, json!({})).await;
}

#[tokio::test]
async fn role_change_takes_effect_after_the_cache_lifetime() {
    let app = start!(Sqlite);
    let staff = app.staff();
    assert_json!(staff.ask(WHO, json!({})).await, @r#"
    {
      "viewer": {"company": {"name": "Northern Haulage"}, "id": "1000", "role": "STAFF"}
    }
    "#);
    app.database.execute(&format!("UPDATE users SET company_id = {COASTAL_FREIGHT} WHERE id = {MONA}")).await;
    app.clock.advance(TimeDelta::seconds(5));
    assert_eq!(staff.ask(WHO, json!({})).await["viewer"]["company"]["name"], "Coastal Freight");
    assert_eq!(staff.interview(JUDE_WITH_LUISA).await, Value::Null);
    app.database.execute(&format!("UPDATE users SET company_id = NULL, role = 'driver' WHERE id = {MONA}")).await;
    app.clock.advance(TimeDelta::seconds(5));
    assert_json!(staff.ask(WHO, json!({})).await, @r#"
    {
      "viewer": {"company": null, "id": "1000", "role": "DRIVER"}
    }
    "#);
    assert_eq!(staff.ask("{ interviews { totalCount } }", json!({})).await["interviews"]["totalCount"], 0);
}

#[tokio::test]
async fn revocation_takes_effect_at_once_without_a_cache() {
    let app = TestApp::start_with(Sqlite, &["--viewer-ttl", "0s"]).await.unwrap();
    let (token, jti) = token_of_staff(&app);
    app.bearer(&token).ask(WHO, json!({})).await;
    tokens::revoke(app.app.services().db().reader(), &jti, app.now(), app.now()).await.unwrap();
    assert!(is_unauthenticated(&app.bearer(&token).graphql(WHO, json!({})).await));
}
