//! Rows of the platform, as a feed sends them.

use super::actor::Actor;
use super::people::COASTAL_FREIGHT;
use serde_json::{Value, json};

/// The company that tests send.
pub const NEW_COMPANY: i64 = 9_000;
/// A member of its staff.
pub const NEW_STAFF: i64 = 9_001;
/// A driver.
pub const NEW_DRIVER: i64 = 9_002;
/// The driver's application to the company.
pub const NEW_APPLICATION: i64 = 9_003;

/// The time of change of the rows that do not say another.
pub const CHANGED: &str = "2025-03-20T09:00:00.000Z";

/// The row with these fields in addition, or in place of its own.
pub fn with(mut row: Value, fields: &Value) -> Value {
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    row
}

/// A new company.
pub fn company(id: i64) -> Value {
    json!({"id": id.to_string(), "sourceUpdatedAt": CHANGED, "name": "Alpine Transport", "timeZone": "Europe/Vienna"})
}

/// A new member of staff of Coastal Freight.
pub fn staff(id: i64) -> Value {
    json!({
        "id": id.to_string(), "sourceUpdatedAt": CHANGED, "role": "STAFF", "title": "Vera Oss",
        "companyId": COASTAL_FREIGHT.to_string(),
    })
}

/// A new driver.
pub fn driver(id: i64) -> Value {
    json!({"id": id.to_string(), "sourceUpdatedAt": CHANGED, "role": "DRIVER", "title": "Timo Raab"})
}

/// A new application.
pub fn application(id: i64, company: i64, driver: i64) -> Value {
    json!({
        "id": id.to_string(), "sourceUpdatedAt": CHANGED, "kind": "VERIFIED",
        "companyId": company.to_string(), "driverId": driver.to_string(),
    })
}

/// The text of a mutation that sends rows: `companies`, `users` or `interviewees`.
pub fn mutation(rows: &str) -> String {
    let (field, input) = match rows {
        "companies" => ("syncCompanies", "CompanyInput"),
        "users" => ("syncUsers", "UserInput"),
        _ => ("syncInterviewees", "IntervieweeInput"),
    };
    format!(
        "mutation($rows: [{input}!]!) {{ sync: {field}({rows}: $rows) {{ \
         results {{ id outcome }} userErrors {{ __typename code message path }} }} }}"
    )
}

/// The result of each row, `7 WRITTEN`.
pub fn outcomes(payload: &Value) -> Vec<String> {
    let results = payload["results"].as_array().unwrap().iter();
    results.map(|it| format!("{} {}", it["id"].as_str().unwrap(), it["outcome"].as_str().unwrap())).collect()
}

impl Actor {
    /// Sends rows; the payload.
    pub async fn sync(&self, rows: &str, values: &[Value]) -> Value {
        self.ask(&mutation(rows), json!({"rows": values})).await["sync"].take()
    }

    /// Sends one row, which is written.
    pub async fn write(&self, rows: &str, row: Value) {
        let payload = self.sync(rows, &[row]).await;
        assert_eq!(payload["results"][0]["outcome"], "WRITTEN", "{payload:#}");
    }
}
