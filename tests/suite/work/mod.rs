//! Background work: when jobs run, and when they stop. What a job does is tested with its capability.

mod cleanup;
mod failures;
mod processes;
mod shutdown;

use crate::support::database::TestDatabase;

/// A token that was revoked, and expired, long ago.
async fn insert_expired_token(database: &TestDatabase) {
    let times = "'2020-01-01T00:00:00+00:00'";
    database
        .execute(&format!("INSERT INTO revoked_tokens (jti, revoked_at, expires_at) VALUES ('old', {times}, {times})"))
        .await;
}

/// The number of revoked tokens that the database knows.
async fn revoked_tokens(database: &TestDatabase) -> i64 {
    database.value("SELECT CAST(count(*) AS BIGINT) FROM revoked_tokens").await
}
