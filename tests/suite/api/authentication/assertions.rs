//! Whether GraphQL and REST accept a token.

use crate::support::actor::Actor;
use crate::support::people::JUDE_WITH_LUISA;
use serde_json::json;

/// Fails unless the bearer is signed in as Mona over GraphQL and REST.
pub(super) async fn assert_accepted(bearer: Actor) {
    assert_json!(bearer.ask("{ viewer { id role } }", json!({})).await, @r#"
    {
      "viewer": {"id": "1000", "role": "STAFF"}
    }
    "#);
    let answer = bearer.patch(JUDE_WITH_LUISA, &json!({"interview": {}})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Fails unless GraphQL and REST reject the token with this reason and message.
pub(super) async fn assert_refused(bearer: Actor, (reason, why): (&str, &str)) {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{why}\"");
    let body = json!({"query": "{ __typename viewer { id } }"});
    let accept = [("accept", "application/graphql-response+json")];
    let graphql = bearer.rest_with("POST", "/graphql", &body, &accept).await;
    let answered = (graphql.status.as_u16(), graphql.header("www-authenticate"));
    assert_eq!(answered, (401, challenge.as_str()), "{}", graphql.text);
    let refused = json!({"errors": [{"message": why, "extensions": {"code": "UNAUTHENTICATED", "reason": reason}}]});
    assert_eq!(graphql.json(), refused);
    // To clients that do not ask for GraphQL's media type, a well-formed request is answered with 200.
    let graphql = bearer.rest("POST", "/graphql", &body).await;
    assert_eq!((graphql.status.as_u16(), graphql.header("www-authenticate")), (200, challenge.as_str()));
    assert_eq!(graphql.json(), refused);
    let rest = bearer.patch(JUDE_WITH_LUISA, &json!({"interview": {"location": "x"}})).await;
    assert_eq!((rest.status.as_u16(), rest.header("www-authenticate")), (401, challenge.as_str()));
    let error = json!({"code": "UNAUTHENTICATED", "message": why, "path": [], "reason": reason});
    assert_eq!(rest.json(), json!({"errors": [error]}));
}

/// One answer for all: a client does not learn what is wrong with a token that was not issued for this server.
pub(super) const INVALID: (&str, &str) = ("TOKEN_INVALID", "The token is not valid.");
pub(super) const EXPIRED: (&str, &str) = ("TOKEN_EXPIRED", "The token has expired.");
