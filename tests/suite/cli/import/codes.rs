//! Each refusal has its line, its code and its field, and stops no other line.

use super::{interview, lines, people};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::NOW;
use crate::support::feed::with;
use crate::support::people::{COASTAL_FREIGHT, PIET};
use crate::support::shell::Shell;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn every_code_of_a_row_is_printed_with_its_line_and_field(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let erase = "UPDATE users SET erased_at = '2025-03-20T09:00:00+00:00' WHERE id = 1000001";
    shell.database().execute(erase).await;
    let company = json!({"type": "company", "id": 9000, "name": "Alpine Transport"});
    let user = json!({"type": "user", "id": 9001, "role": "DRIVER", "title": "Timo Raab"});
    let staff = json!({"type": "user", "id": 9002, "role": "STAFF", "title": "Vera Oss", "companyId": 1});
    let application = json!({"type": "interviewee", "id": 9003, "companyId": 1, "driverId": 997, "kind": "VERIFIED"});
    let cases = [
        (json!({"type": "company", "id": 9009}), "companies REQUIRED name"),
        (json!({"type": "company", "id": 9009, "name": null}), "companies NULL_NOT_ALLOWED name"),
        (with(company.clone(), &json!({"id": "0"})), "companies INVALID_ID id"),
        (with(company.clone(), &json!({"id": 9_223_372_036_854_775_808_u64})), "companies INVALID_ID id"),
        (with(company.clone(), &json!({"name": " "})), "companies INVALID_TITLE name"),
        (with(company.clone(), &json!({"name": "x".repeat(1_000_000)})), "companies INVALID_TITLE name"),
        (with(company.clone(), &json!({"image": "ftp://a"})), "companies INVALID_IMAGE image"),
        (with(company, &json!({"timeZone": "Mars/Olympus"})), "companies INVALID_VALUE timeZone"),
        (json!({"type": "user", "id": 9001, "title": "Timo Raab"}), "users REQUIRED role"),
        (with(user.clone(), &json!({"email": "a"})), "users INVALID_EMAIL email"),
        (with(user.clone(), &json!({"phoneNumber": "1".repeat(41)})), "users TEXT_TOO_LONG phoneNumber"),
        (with(user.clone(), &json!({"phoneNumber": "\u{0}"})), "users INVALID_TEXT phoneNumber"),
        (with(user.clone(), &json!({"companyId": 1})), "users COMPANY_NOT_ALLOWED companyId"),
        (with(user, &json!({"id": 1_000_001})), "users ERASED id"),
        (with(staff.clone(), &json!({"companyId": null})), "users COMPANY_REQUIRED companyId"),
        (with(staff.clone(), &json!({"companyId": 404})), "users COMPANY_NOT_FOUND companyId"),
        (with(staff, &json!({"id": 1001, "role": "DRIVER", "companyId": null})), "users IMMUTABLE role"),
        (with(application.clone(), &json!({"driverId": 404})), "interviewees DRIVER_NOT_FOUND driverId"),
        (with(application.clone(), &json!({"companyId": 404})), "interviewees COMPANY_NOT_FOUND companyId"),
        (with(application, &json!({"id": 277, "companyId": 2})), "interviewees IMMUTABLE companyId"),
    ];
    let file: String =
        cases.iter().map(|(row, _)| format!("{row}\n{{\"type\":\"company\",\"id\":1,\"name\":\"N\"}}\n")).collect();
    let finished = shell.import(&file);
    let expected = cases.iter().enumerate().map(|(index, (_, refusal))| format!("line {}: {refusal}", 2 * index + 1));
    let (refusals, counts): (Vec<&str>, Vec<&str>) =
        finished.stderr.lines().partition(|line| line.starts_with("line "));
    assert_eq!(refusals, expected.collect::<Vec<_>>());
    assert_eq!(
        counts,
        [
            "companies: 1 written, 19 unchanged, 0 outdated, 8 refused",
            "users: 0 written, 0 unchanged, 0 outdated, 9 refused",
            "interviewees: 0 written, 0 unchanged, 0 outdated, 3 refused",
            "40 lines, 20 of them refused",
        ]
    );
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
}

#[rstest]
#[tokio::test]
async fn interviews_are_refused_by_field(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    assert_eq!(shell.import(&lines(people())).code, Some(0));
    let row = |fields: Value| with(interview(9_100, 9), &fields);
    let amended = json!({"status": "AMENDED", "amendStartAt": "2025-05-06T09:00:00Z",
        "amendEndAt": "2025-05-06T10:00:00Z", "amendedBy": "INTERVIEWEE", "amendedFrom": "PENDING"});
    let proposal = |fields: Value| row(with(amended.clone(), &fields));
    let cases = [
        (
            json!({"type": "interview", "id": 9100, "interviewerId": "9010"}),
            vec![
                "REQUIRED intervieweeId",
                "REQUIRED kind",
                "REQUIRED startAt",
                "REQUIRED endAt",
                "REQUIRED status",
                "REQUIRED createdAt",
            ],
        ),
        (row(json!({"id": "x"})), vec!["INVALID_ID id"]),
        (row(json!({"id": "9007199254740992"})), vec!["INVALID_ID id"]),
        (row(json!({"intervieweeId": 404})), vec!["INTERVIEWEE_NOT_FOUND intervieweeId"]),
        (row(json!({"companyId": COASTAL_FREIGHT.0})), vec!["INTERVIEWEE_NOT_FOUND companyId"]),
        (row(json!({"driverId": 997})), vec!["INTERVIEWEE_NOT_FOUND driverId"]),
        (row(json!({"interviewerId": 404})), vec!["INTERVIEWER_NOT_FOUND interviewerId"]),
        (row(json!({"interviewerId": PIET.0})), vec!["INTERVIEWER_NOT_FOUND interviewerId"]),
        (row(json!({"interviewerId": 9020})), vec!["INTERVIEWER_NOT_FOUND interviewerId"]),
        (row(json!({"endAt": "2025-05-05T09:00:00Z"})), vec!["END_NOT_AFTER_START endAt"]),
        (row(json!({"endAt": "2025-05-06T09:00:01Z"})), vec!["DURATION_TOO_LONG endAt"]),
        (row(json!({"startAt": "today"})), vec!["INVALID_VALUE startAt"]),
        (row(json!({"status": "OPEN"})), vec!["INVALID_VALUE status"]),
        (row(json!({"location": " "})), vec!["INVALID_LOCATION location"]),
        (row(json!({"location": "x".repeat(2001)})), vec!["TEXT_TOO_LONG location"]),
        (row(json!({"reason": "ill"})), vec!["INVALID_STATE reason"]),
        (row(json!({"status": "REJECTED", "reason": " "})), vec!["INVALID_REASON reason"]),
        (row(json!({"absent": "INTERVIEWEE"})), vec!["INVALID_STATE absent"]),
        (row(json!({"status": "NO_SHOW"})), vec!["REQUIRED absent"]),
        (
            row(json!({"status": "COMPLETED", "startAt": "2999-01-01T09:00:00Z", "endAt": "2999-01-01T10:00:00Z"})),
            vec!["INVALID_STATE status"],
        ),
        (
            row(json!({"status": "AMENDED"})),
            vec!["REQUIRED amendStartAt", "REQUIRED amendEndAt", "REQUIRED amendedBy", "REQUIRED amendedFrom"],
        ),
        (
            proposal(json!({"status": "SCHEDULED"})),
            vec![
                "INVALID_STATE amendStartAt",
                "INVALID_STATE amendEndAt",
                "INVALID_STATE amendedBy",
                "INVALID_STATE amendedFrom",
            ],
        ),
        (proposal(json!({"amendEndAt": "2025-05-06T08:00:00Z"})), vec!["END_NOT_AFTER_START amendEndAt"]),
        (row(json!({"version": 0})), vec!["INVALID_STATE version"]),
        (row(json!({"updatedAt": "2025-03-01T08:00:00Z"})), vec!["END_NOT_AFTER_START updatedAt"]),
        (row(json!({"createdAt": "2999-01-01T08:00:00Z"})), vec!["INVALID_STATE createdAt"]),
        (row(json!({"updatedAt": "2999-01-01T08:00:00Z"})), vec!["INVALID_STATE updatedAt"]),
        (row(json!({"allowOverlap": 1})), vec!["INVALID_VALUE allowOverlap"]),
    ];
    let finished = shell.import(&lines(cases.iter().map(|(row, _)| row.clone())));
    let expected: Vec<String> = cases
        .iter()
        .enumerate()
        .flat_map(|(index, (_, errors))| {
            errors.iter().map(move |error| format!("line {}: interviews {error}", index + 1))
        })
        .collect();
    let refusals: Vec<&str> = finished.stderr.lines().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(refusals, expected);
    let counts = format!("interviews: 0 written, 0 unchanged, 0 outdated, {} refused", cases.len());
    assert!(finished.stderr.contains(&counts), "{}", finished.stderr);
    assert_eq!(finished.code, Some(1));
}

#[rstest]
#[tokio::test]
async fn interview_of_an_erased_driver_is_refused(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    assert_eq!(shell.import(&lines(people())).code, Some(0));
    shell.database().execute(&format!("UPDATE users SET erased_at = '{NOW}' WHERE id = 9020")).await;
    let finished = shell.import(&lines([interview(9_100, 9)]));
    assert!(finished.stderr.starts_with("line 1: interviews ERASED intervieweeId\n"), "{}", finished.stderr);
    assert_eq!(finished.code, Some(1));
}
