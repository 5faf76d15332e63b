//! `interviews export`: all rows that concern a user, in the form that `interviews import` reads.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::{JUDE, JUDE_WITH_LUISA, LUISA, UNKNOWN_USER};
use crate::support::shell::Shell;
use interviews::domain::UserId;
use rstest::rstest;
use serde_json::{Value, json};

fn exported(shell: &Shell, user: UserId) -> Vec<Value> {
    let printed = shell.succeed(&format!("export --user {user}"));
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_type(lines: &[Value], name: &str) -> Vec<Value> {
    lines.iter().filter(|line| line["type"] == name).cloned().collect()
}

#[rstest]
#[tokio::test]
async fn export_has_every_row_that_concerns_the_user(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let count = async |sql: String| {
        let count: i64 = shell.database().value(&format!("SELECT CAST(count(*) AS BIGINT) FROM {sql}")).await;
        usize::try_from(count).unwrap()
    };
    let access =
        "UPDATE users SET email = 'jude@a.test', tokens_valid_after = '2025-03-20T09:00:00+00:00' WHERE id = 997";
    shell.database().execute(access).await;
    let reminder = format!(
        "INSERT INTO interview_events (interview_id, type, at, changes) VALUES ({JUDE_WITH_LUISA}, 'reminder_due', \
         '2025-03-20T08:00:00+00:00', '[{{\"field\": \"minutes_before\", \"from\": null, \"to\": \"60\"}}]')"
    );
    shell.database().execute(&reminder).await;
    let feed = "INSERT INTO calendar_feeds (user_id, scope, token_hash, created_at) \
        VALUES (997, 'mine', 'a hash', '2025-03-20T09:00:00+00:00')";
    shell.database().execute(feed).await;
    let jude = exported(&shell, JUDE);
    let feed = json!({"type": "calendarFeed", "id": "1", "scope": "MINE", "createdAt": "2025-03-20T09:00:00.000Z",
        "lastReadAt": null});
    assert_eq!(of_type(&jude, "calendarFeed"), [feed]);
    let fingerprint = if database == Postgres { r"'\x00'" } else { "x'00'" };
    let key = format!("INSERT INTO idempotency_keys VALUES (997, 'k', {fingerprint}, 27, '2025-03-20T09:00:00+00:00')");
    shell.database().execute(&key).await;
    let jude = exported(&shell, JUDE);
    let key = json!({"type": "idempotencyKey", "userId": "997", "key": "k", "subjectId": "27",
        "createdAt": "2025-03-20T09:00:00.000Z"});
    assert_eq!(of_type(&jude, "idempotencyKey"), [key]);
    assert_eq!(jude[0]["email"], "jude@a.test");
    let access = json!({"type": "access", "userId": "997", "tokensValidAfter": "2025-03-20T09:00:00.000Z",
        "erasedAt": null});
    assert_eq!(jude[1], access);
    assert_eq!(of_type(&jude, "interviewee").len(), count("interviewees WHERE driver_id = 997".to_owned()).await);
    assert_eq!(of_type(&jude, "interview").len(), count("interviews WHERE driver_id = 997".to_owned()).await);
    let events = of_type(&jude, "event");
    assert_eq!(
        events.len(),
        count("interview_events WHERE driver_id = 997 OR former_driver_id = 997".to_owned()).await
    );
    let reminder = events.iter().find(|event| event["eventType"] == "REMINDER_DUE").unwrap();
    assert_eq!((&reminder["actorId"], &reminder["actorSide"]), (&Value::Null, &Value::Null));
    assert_eq!(reminder["changes"], json!([{"field": "minutes_before", "from": null, "to": "60"}]));
    let created = events.iter().find(|event| event["interviewId"] == JUDE_WITH_LUISA.to_string()).unwrap();
    assert_eq!((&created["eventType"], &created["actorSide"]), (&json!("CREATED"), &json!("INTERVIEWER")));

    let luisa = exported(&shell, LUISA);
    assert_eq!(of_type(&luisa, "interview").len(), count("interviews WHERE interviewer_id = 1001".to_owned()).await);
    let of_luisa = "interview_events WHERE actor_id = 1001 \
        OR interview_id IN (SELECT id FROM interviews WHERE interviewer_id = 1001)";
    assert_eq!(of_type(&luisa, "event").len(), count(of_luisa.to_owned()).await);
    assert!(!of_type(&luisa, "event").is_empty() && of_type(&luisa, "interviewee").is_empty());
}

#[rstest]
#[tokio::test]
async fn exported_rows_are_imported_as_they_were(#[values(Sqlite, Postgres)] database: Database) {
    let (Some(old), Some(new)) = (Shell::on_demo_data(database).await, Shell::on_new(database).await) else { return };
    new.succeed("migrate up");
    let known = ["user", "interviewee", "interview"];
    let lines = |user: UserId| -> Vec<Value> {
        exported(&old, user).into_iter().filter(|line| known.iter().any(|name| line["type"] == *name)).collect()
    };
    let (staff, drivers): (Vec<i64>, Vec<i64>) = ((1_000..1_004).chain(2_001..2_020).collect(), vec![997, 1_000_001]);
    let mut rows: Vec<Value> =
        [1, 2].map(|id| json!({"type": "company", "id": id, "name": format!("Company {id}")})).into();
    let exists = |id: &i64| old.run(&format!("export --user {id}")).code == Some(0);
    for id in staff.iter().filter(|id| exists(id)) {
        rows.extend(of_type(&exported(&old, UserId(*id)), "user"));
    }
    for id in &drivers {
        rows.extend(lines(UserId(*id)));
    }
    let finished = new.import(&rows.iter().map(|row| format!("{row}\n")).collect::<String>());
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let without_stamp = |mut line: Value| {
        line.as_object_mut().unwrap().remove("sourceUpdatedAt");
        line
    };
    for id in drivers {
        let again: Vec<Value> = exported(&new, UserId(id)).into_iter().filter(|line| line["type"] != "event").collect();
        let again: Vec<Value> = again.into_iter().map(without_stamp).collect();
        assert_eq!(again, lines(UserId(id)).into_iter().map(without_stamp).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn unknown_user_is_an_error() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    assert_eq!(shell.fail(&format!("export --user {UNKNOWN_USER}")), "error: there is no user with this id\n");
    assert_eq!(shell.run("export").code, Some(2));
    assert_eq!(shell.run("export --user 0").code, Some(2));
    let finished =
        shell.script("interviews export --user 1001 | true; interviews export --user 997 | head -n 1").output();
    let printed = String::from_utf8(finished.unwrap().stdout).unwrap();
    assert!(printed.starts_with('{') && printed.lines().count() == 1, "{printed}");
}
