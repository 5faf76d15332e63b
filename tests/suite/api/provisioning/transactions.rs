//! Rows that are taken in as a part of a transaction, as an import does.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::feed::{NEW_COMPANY, NEW_STAFF};
use interviews::domain::provisioning::{CompanyRow, SyncOutcome, UserRow};
use interviews::domain::{Patch, Role};
use interviews::services::provisioning::sync_within;
use rstest::rstest;

fn company() -> CompanyRow {
    CompanyRow {
        id: NEW_COMPANY.to_string(),
        source_updated_at: "2025-03-20T09:00:00Z".parse().unwrap(),
        name: Patch::Value("Alpine Transport".to_owned()),
        image: Patch::Absent,
        time_zone: Patch::Absent,
    }
}

fn staff() -> UserRow {
    UserRow {
        id: NEW_STAFF.to_string(),
        source_updated_at: "2025-03-20T09:00:00Z".parse().unwrap(),
        role: Patch::Value(Role::Staff),
        company_id: Patch::Value(NEW_COMPANY.to_string()),
        manager: Patch::Absent,
        title: Patch::Value("Vera Oss".to_owned()),
        image: Patch::Absent,
        phone_number: Patch::Absent,
        contact_phone_number: Patch::Absent,
        email: Patch::Absent,
        time_zone: Patch::Absent,
        deactivated_at: Patch::Absent,
    }
}

#[rstest]
#[tokio::test]
async fn rows_of_a_transaction_see_each_other_and_stand_or_fall_together(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let app = start!(database);
    let count = format!("SELECT CAST(count(*) AS BIGINT) FROM users WHERE id = {NEW_STAFF}");
    let db = app.app.services().db();
    for is_committed in [false, true] {
        let transaction = db.begin().await.unwrap();
        let companies = sync_within(&transaction, &[company()], app.now()).await.unwrap();
        let users = sync_within(&transaction, &[staff(), staff()], app.now()).await.unwrap();
        assert_eq!(companies, [SyncOutcome::Written]);
        assert!(matches!(&users[..], [SyncOutcome::Written, SyncOutcome::Refused(_)]), "{users:?}");
        if is_committed {
            transaction.commit().await.unwrap();
        } else {
            drop(transaction);
        }
        assert_eq!(app.database.value::<i64>(&count).await, i64::from(is_committed));
    }
}
