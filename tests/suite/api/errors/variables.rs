//! Wrong variables: every one is reported at once, with its path and an explanation for the person who filled in the
//! form, over every transport.

use crate::support::Database::Sqlite;
use crate::support::TestApp;
use crate::support::listening_server::ListeningServer;
use crate::support::people::JUDE_WITH_LUISA;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use serde_json::{Value, json};

const UPDATE: &str = "mutation($id: ID!, $input: UpdateInterviewInput!) { \
    updateInterview(id: $id, input: $input) { userErrors { code } } }";
const CREATE: &str = "mutation($i: CreateInterviewInput!) { createInterview(input: $i) { userErrors { code } } }";
const LIST: &str = "query($s: [InterviewStatus!], $n: Int, $f: InterviewFilter) { \
    interviews(first: $n, filter: $f) { totalCount } filtered: interviews(filter: {status: $s}) { totalCount } }";

/// The problems of a rejected request as path and explanation: `input.kind: …`.
fn problems(answer: &Value) -> Vec<String> {
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer:#}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
    let part = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    let path = |problem: &Value| problem["path"].as_array().unwrap().iter().map(part).collect::<Vec<_>>().join(".");
    let problems = answer["errors"][0]["extensions"]["problems"].as_array().unwrap();
    problems.iter().map(|it| format!("{}: {}", path(it), it["explanation"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn all_wrong_variables_are_reported_at_once() {
    let app = start!(Sqlite);
    let input = json!({"startAt": "", "endAt": "", "kind": "FAX", "intervieweeId": null, "colour": 1});
    let answer = app.staff().graphql(CREATE, json!({"i": input})).await;
    assert_eq!(
        problems(&answer),
        [
            "i.colour: The type `CreateInterviewInput` has no such field.",
            "i.kind: The value has to be one of VIDEO_CALL, IN_PERSON, PHONE_CALL.",
            "i.startAt: Enter a date and a time.",
            "i.endAt: Enter a date and a time.",
            "i.intervieweeId: The value cannot be null.",
            "i.interviewerId: A value is required.",
        ]
    );
    let message = "The variable `$i.colour` is not valid. The type `CreateInterviewInput` has no such field. \
                   There are more problems.";
    assert_eq!(answer["errors"][0]["message"], message);
}

#[rstest]
#[case::missing(UPDATE, json!({"input": {}}), &["id: A value is required."])]
#[case::null(UPDATE, json!({"id": null, "input": {}}), &["id: The value cannot be null."])]
#[case::fraction_for_an_id(
    UPDATE,
    json!({"id": 1.5, "input": {}}),
    &["id: The value has to be an id: a text or a whole number."]
)]
#[case::text_for_an_object(
    UPDATE,
    json!({"id": "27", "input": "x"}),
    &["input: The value has to be an object of the type `UpdateInterviewInput`."]
)]
#[case::list_for_an_object(
    UPDATE,
    json!({"id": "27", "input": [{}]}),
    &["input: The value has to be an object of the type `UpdateInterviewInput`."]
)]
#[case::number_for_a_text(
    UPDATE,
    json!({"id": "27", "input": {"location": 5, "allowOverlap": "yes"}}),
    &["input.location: The value has to be a text.", "input.allowOverlap: The value has to be true or false."]
)]
#[case::number_for_a_time(
    UPDATE,
    json!({"id": "27", "input": {"startAt": 5}}),
    &["input.startAt: The value has to be a `DateTime`, a text."]
)]
#[case::misspelt_fields(
    UPDATE,
    json!({"id": "27", "input": {"start_at": 5, "colour": 1}}),
    &[
        "input.colour: The type `UpdateInterviewInput` has no such field.",
        "input.start_at: The type `UpdateInterviewInput` has no such field. Did you mean `startAt`?",
    ]
)]
#[case::items_of_a_list(
    LIST,
    json!({"s": ["PENDING", "DONE", null, 7]}),
    &[
        "s.1: The value has to be one of PENDING, AMENDED, SCHEDULED, REJECTED, CANCELLED, COMPLETED, NO_SHOW.",
        "s.2: The value cannot be null.",
        "s.3: The value has to be one of PENDING, AMENDED, SCHEDULED, REJECTED, CANCELLED, COMPLETED, NO_SHOW.",
    ]
)]
#[case::item_instead_of_a_list(
    LIST,
    json!({"s": "DONE"}),
    &["s: The value has to be one of PENDING, AMENDED, SCHEDULED, REJECTED, CANCELLED, COMPLETED, NO_SHOW."]
)]
#[case::integer_out_of_range(
    LIST,
    json!({"n": 3_000_000_000_i64}),
    &["n: The value has to be a whole number from -2147483648 to 2147483647."]
)]
#[case::nested_objects(
    LIST,
    json!({"f": {
        "overlaps": {"endAt": "2025-02-30T10:00:00Z"}, "kind": ["FAX"], "startAt": {"gte": "0000-01-01T00:00:00Z"}
    }}),
    &[
        "f.kind.0: The value has to be one of VIDEO_CALL, IN_PERSON, PHONE_CALL.",
        "f.startAt.gte: The year has to be between 1 and 9999 in UTC.",
        "f.overlaps.startAt: A value is required.",
        "f.overlaps.endAt: Enter a date and a time with an offset as in RFC 3339, such as \"2025-03-20T10:32:08Z\" or \
         \"2025-03-20T11:32:08.500+01:00\".",
    ]
)]
#[tokio::test]
async fn problem_has_its_path_and_an_explanation(
    #[case] query: &str,
    #[case] variables: Value,
    #[case] expected: &[&str],
) {
    let app = start!(Sqlite);
    assert_eq!(problems(&app.staff().graphql(query, variables).await), expected);
}

#[tokio::test]
async fn valid_variables_have_no_problems() {
    let app = start!(Sqlite);
    for (query, variables) in [
        (UPDATE, json!({"id": JUDE_WITH_LUISA.to_string(), "input": {"location": null}})),
        (UPDATE, json!({"id": 27, "input": {}})),
        (LIST, json!({"s": "PENDING", "n": 1, "f": null})),
        (LIST, json!({"s": [], "unused": 1})),
    ] {
        app.staff().ask(query, variables).await;
    }
}

#[tokio::test]
async fn number_and_length_of_problems_are_limited() {
    let app = start!(Sqlite);
    let many = vec!["DONE"; 50_000];
    let name = "ß".repeat(10_000);
    let unknown: Value = (0..1000).map(|number| (format!("{number}{name}"), json!(1))).take(20).collect();
    for variables in [json!({"s": many}), json!({"f": unknown})] {
        let answer = app.staff().graphql(LIST, variables).await;
        assert_eq!(problems(&answer).len(), 20);
        assert!(answer.to_string().len() < 10_000);
    }
}

#[rstest]
#[case::on("on", true)]
#[case::signed_in("signed-in", true)]
#[case::off("off", false)]
#[tokio::test]
async fn names_of_the_schema_are_given_where_introspection_is_open(#[case] introspection: &str, #[case] is_open: bool) {
    let app = TestApp::start_with(Sqlite, &["--introspection", introspection]).await.unwrap();
    let answer = app.staff().graphql(LIST, json!({"s": "DONE", "f": {"kinds": null}})).await;
    let expected = if is_open {
        [
            "s: The value has to be one of PENDING, AMENDED, SCHEDULED, REJECTED, CANCELLED, COMPLETED, NO_SHOW.",
            "f.kinds: The type `InterviewFilter` has no such field. Did you mean `kind`?",
        ]
    } else {
        [
            "s: The value has to be one of the values of `InterviewStatus`.",
            "f.kinds: The type `InterviewFilter` has no such field.",
        ]
    };
    assert_eq!(problems(&answer), expected);
}

#[tokio::test]
async fn problems_are_the_same_over_every_transport() {
    let app = start!(Sqlite);
    let expected = ["n: The value has to be a whole number from -2147483648 to 2147483647."];
    let operation = json!({"query": LIST, "variables": {"n": "many"}});
    let send = async |request: Request<Body>| app.staff().send(request).await;
    let post = async |body: &Value, accept: &str| {
        let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
        send(request.body(Body::from(body.to_string())).unwrap()).await
    };

    let single = post(&operation, "application/graphql-response+json").await;
    assert_eq!((single.status.as_u16(), problems(&single.json())), (400, expected.map(str::to_owned).to_vec()));
    let batch = post(&json!([operation, operation]), "application/json").await.json();
    assert_eq!(batch.as_array().unwrap().iter().map(problems).collect::<Vec<_>>(), [expected, expected]);
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("query", LIST)
        .append_pair("variables", r#"{"n": "many"}"#)
        .finish();
    let get = send(Request::get(format!("/graphql?{query}")).body(Body::empty()).unwrap()).await;
    assert_eq!(problems(&get.json()), expected);
    let events = post(&operation, "text/event-stream").await;
    let data = events.text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    assert_eq!(problems(&serde_json::from_str(data).unwrap()), expected);

    let server = ListeningServer::start(Sqlite, &[]).await.unwrap();
    let mut client = server.staff().await;
    let errors = client.errors_of(operation).await;
    assert_eq!(problems(&json!({"errors": errors})), expected);
}
