//! The migration steps: up, down and up again with data in the tables, their status, and the names that they create.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database::{self, TestDatabase};
use interviews::storage::{Db, StorageError};
use migration::{Migrator, MigratorTrait};
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement};

/// A database with the schema and the demo data, or the end of a test where there is no PostgreSQL.
macro_rules! filled {
    ($database:expr) => {
        match TestDatabase::new($database).await {
            Some(database) => (database.connect().await, database),
            None => return,
        }
    };
}

/// The first column of every row.
async fn texts(database: &TestDatabase, sql: &str) -> Vec<String> {
    let connection = database.raw().await;
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Everything that defines the schema, a line each: tables with their columns, indexes, constraints, triggers.
async fn schema(database: &TestDatabase) -> Vec<String> {
    let queries: &[&str] = if database.raw().await.get_database_backend() == DbBackend::Postgres {
        &[
            "SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, \
                column_default, is_identity, identity_generation) \
             FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace",
            "SELECT concat_ws(' ', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal",
        ]
    } else {
        &["SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name <> 'sqlite_stat1'"]
    };
    let mut lines: Vec<String> = Vec::new();
    for sql in queries {
        lines.extend(texts(database, sql).await);
    }
    lines.sort();
    lines
}

/// The names of the tables, without the list of applied steps.
async fn tables(database: &TestDatabase) -> Vec<String> {
    let sql = if database.raw().await.get_database_backend() == DbBackend::Postgres {
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'seaql_migrations' ORDER BY 1"
    } else {
        "SELECT name FROM sqlite_master \
         WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'seaql_migrations' ORDER BY 1"
    };
    texts(database, sql).await
}

const TABLES: [&str; 16] = [
    "calendar_feeds",
    "companies",
    "company_settings",
    "event_log_epoch",
    "idempotency_keys",
    "installation",
    "interview_events",
    "interviewees",
    "interviews",
    "log_consumers",
    "revoked_tokens",
    "sent_reminders",
    "users",
    "webhook_attempts",
    "webhook_deliveries",
    "webhooks",
];

/// A webhook with a delivery that has failed once.
const WEBHOOK_ROWS: [&str; 4] = [
    "INSERT INTO log_consumers VALUES ('webhooks', -1, 0)",
    "INSERT INTO webhooks (id, company_id, url, types, status, secret, version, created_at, updated_at) \
        VALUES (1, 1, 'https://example.com', '[\"interview.created\"]', 'enabled', 'whsec_', 1, \
            '2025-03-20T10:00:00+00:00', '2025-03-20T10:00:00+00:00')",
    "INSERT INTO webhook_deliveries (id, webhook_id, event_id, type, body, state, next_attempt_at, created_at) \
        VALUES (1, 1, 1, 'interview.created', '{}', 'pending', '2025-03-20T10:00:00+00:00', \
            '2025-03-20T10:00:00+00:00')",
    "INSERT INTO webhook_attempts (delivery_id, number, at, duration_ms, error) \
        VALUES (1, 1, '2025-03-20T10:00:00+00:00', 5, 'dns')",
];

/// A feed of a calendar.
const CALENDAR_ROWS: [&str; 2] = [
    "INSERT INTO installation VALUES (1, '0b8f3a52-6f0e-4e0c-9d5e-3a1c5b7d9e11')",
    "INSERT INTO calendar_feeds (id, user_id, scope, token_hash, created_at) \
        VALUES (1, 1000, 'mine', 'hash', '2025-03-20T10:00:00+00:00')",
];

const NO_TABLES: [&str; 0] = [];

/// Whether each step is applied.
async fn applied(db: &Db) -> Vec<bool> {
    db.migration_state().await.unwrap().steps.into_iter().map(|(_, applied)| applied).collect()
}

async fn number_of_steps(db: &Db) -> u32 {
    u32::try_from(applied(db).await.len()).unwrap()
}

#[rstest]
#[tokio::test]
async fn every_step_can_be_reverted_and_applied_again_with_data_in_the_tables(
    #[values(Sqlite, Postgres)] database: Database,
) {
    let (db, database) = filled!(database);
    database.execute("INSERT INTO revoked_tokens (jti, revoked_at) VALUES ('one', '2025-03-20T10:00:00+00:00')").await;
    let sent = "INSERT INTO sent_reminders SELECT id, 'reminder_due', 60, start_at FROM interviews WHERE id = 27";
    database.execute(sent).await;
    let reminder = "INSERT INTO interview_events (interview_id, type, at, changes) \
        VALUES (27, 'reminder_due', '2025-03-20T10:00:00+00:00', '[]')";
    database.execute(reminder).await;
    let key = "INSERT INTO idempotency_keys VALUES (1, 'k', '\\x00', 27, '2025-03-20T10:00:00+00:00')";
    database.execute(key).await;
    for row in WEBHOOK_ROWS.iter().chain(&CALENDAR_ROWS) {
        database.execute(row).await;
    }
    for table in TABLES {
        let count = format!("SELECT CAST(count(*) AS BIGINT) FROM {table}");
        assert!(database.value::<i64>(&count).await > 0, "{table}");
    }
    assert_eq!(tables(&database).await, TABLES);
    let mut schemas = vec![schema(&database).await];
    for _ in 0..number_of_steps(&db).await {
        db.migrate_down(1).await.unwrap();
        schemas.push(schema(&database).await);
    }
    assert_eq!(tables(&database).await, NO_TABLES);
    let connection = database.raw().await;
    for (step, expected) in (1..).zip(schemas.iter().rev().skip(1)) {
        Migrator::up(&connection, Some(1)).await.unwrap();
        assert_eq!(schema(&database).await, *expected, "after step {step}");
    }
    database::fill(database.url.clone()).await;
    assert_eq!(database.value::<i64>("SELECT CAST(count(*) AS BIGINT) FROM companies").await, 2);
}

#[rstest]
#[tokio::test]
async fn down_by_more_steps_than_there_are_reverts_all(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    db.migrate_down(1000).await.unwrap();
    assert_eq!(tables(&database).await, NO_TABLES);
    db.migrate_down(1000).await.unwrap();
    assert_eq!(tables(&database).await, NO_TABLES);
}

#[rstest]
#[tokio::test]
async fn status_lists_every_step_and_whether_it_is_applied(#[values(Sqlite, Postgres)] database: Database) {
    let (db, _database) = filled!(database);
    let state = db.migration_state().await.unwrap();
    let names: Vec<&str> = state.steps.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "m20261127_000001_first_schema",
        "m20261128_000002_event_log_epoch",
        "m20261129_000003_event_audience",
        "m20261129_000004_interviews_of_interviewee",
        "m20261129_000005_event_audiences_of_the_past",
        "m20261130_000006_companies_of_the_platform",
        "m20261130_000007_users_of_the_platform",
        "m20261130_000008_valid_roles",
        "m20261130_000009_applications_of_the_platform",
        "m20261130_000010_expiry_of_revoked_tokens",
        "m20261201_000011_folded_names",
        "m20261203_000012_reminder_times",
        "m20261203_000013_reminder_indexes",
        "m20261203_000014_company_settings",
        "m20261203_000015_sent_reminders",
        "m20261203_000016_events_without_actor",
        "m20261203_000017_valid_event_types",
        "m20261204_000018_index_of_expired_tokens",
        "m20261204_000019_webhooks",
        "m20261206_000026_calendars",
        "m20261207_000027_idempotency_keys",
    ];
    assert_eq!(names, expected);
    assert!(state.is_current());

    let count = names.len();
    db.migrate_down(1).await.unwrap();
    assert_eq!(applied(&db).await, [vec![true; count - 1], vec![false]].concat());
    assert!(!db.migration_state().await.unwrap().is_current());
    db.migrate_down(number_of_steps(&db).await).await.unwrap();
    assert_eq!(applied(&db).await, vec![false; count]);
}

#[rstest]
#[tokio::test]
async fn status_writes_nothing_to_a_database_without_a_list_of_steps(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    db.migrate_down(number_of_steps(&db).await).await.unwrap();
    database.execute("DROP TABLE seaql_migrations").await;
    let before = schema(&database).await;
    assert!(applied(&db).await.iter().all(|applied| !applied));
    assert_eq!(schema(&database).await, before);
}

#[rstest]
#[tokio::test]
async fn up_applies_only_missing_steps(#[values(Sqlite, Postgres)] database: Database) {
    let (db, database) = filled!(database);
    let before = schema(&database).await;
    db.migrate_up().await.unwrap();
    db.migrate_up().await.unwrap();
    db.migrate_down(0).await.unwrap();
    assert_eq!(schema(&database).await, before);
    assert!(applied(&db).await.iter().all(|applied| *applied));
}

#[rstest]
#[tokio::test]
async fn failed_step_leaves_nothing_behind(#[values(Sqlite, Postgres)] database: Database) {
    let backend = database;
    let (db, database) = filled!(database);
    db.migrate_down(number_of_steps(&db).await).await.unwrap();
    // The name of the last index, so that the step fails after everything else was created.
    let last = "interview_events_transaction_id_id_idx";
    database.execute(&format!("CREATE TABLE {last} (id INTEGER)")).await;
    let before = (schema(&database).await, applied(&db).await);
    let error = db.migrate_up().await.unwrap_err();
    let StorageError::Database(DbErr::Exec(RuntimeErr::SqlxError(cause))) = &error else { panic!("{error}") };
    let cause = cause.as_database_error().unwrap();
    let expected = match backend {
        Postgres => ("42P07", format!("relation \"{last}\" already exists")),
        Sqlite => ("1", format!("there is already a table named {last}")),
    };
    assert_eq!((&*cause.code().unwrap(), cause.message().to_owned()), expected);
    assert_eq!((schema(&database).await, applied(&db).await), before);
    database.execute(&format!("DROP TABLE {last}")).await;
    db.migrate_up().await.unwrap();
    assert_eq!(tables(&database).await, TABLES);
}

/// The names of constraints and indexes that are the same on both databases.
const COMMON_NAMES: [&str; 57] = [
    "calendar_feeds_scope_check",
    "calendar_feeds_token_hash_idx",
    "calendar_feeds_user_id_idx",
    "event_log_epoch_only_row_check",
    "idempotency_keys_created_at_idx",
    "installation_only_row_check",
    "interview_events_actor_side_check",
    "interview_events_company_id_transaction_id_id_idx",
    "interview_events_driver_id_transaction_id_id_idx",
    "interview_events_former_driver_id_transaction_id_id_idx",
    "interview_events_interview_id_id_idx",
    "interview_events_transaction_id_id_idx",
    "interview_events_type_check",
    "interviewees_company_id_id_idx",
    "interviewees_driver_id_idx",
    "interviewees_id_driver_id_company_id_key",
    "interviewees_kind_check",
    "interviews_absent_check",
    "interviews_amended_by_check",
    "interviews_amended_from_check",
    "interviews_company_id_start_at_id_idx",
    "interviews_company_id_updated_at_id_idx",
    "interviews_driver_id_start_at_id_idx",
    "interviews_interviewee_id_start_at_id_idx",
    "interviews_interviewer_id_start_at_id_idx",
    "interviews_kind_check",
    "interviews_no_show_check",
    "interviews_proposal_check",
    "interviews_proposal_time_order_check",
    "interviews_reason_check",
    "interviews_start_at_idx",
    "interviews_start_at_waiting_since_idx",
    "interviews_status_check",
    "interviews_time_order_check",
    "revoked_tokens_expires_at_idx",
    "sent_reminders_due_for_idx",
    "sent_reminders_kind_check",
    "sent_reminders_pkey",
    "users_company_id_id_idx",
    "users_role_check",
    "users_staff_company_check",
    "webhook_attempts_error_check",
    "webhook_attempts_pkey",
    "webhook_deliveries_finished_at_check",
    "webhook_deliveries_finished_at_idx",
    "webhook_deliveries_next_attempt_at_check",
    "webhook_deliveries_state_check",
    "webhook_deliveries_webhook_id_claimed_until_idx",
    "webhook_deliveries_webhook_id_event_id_key",
    "webhook_deliveries_webhook_id_id_idx",
    "webhook_deliveries_webhook_id_next_attempt_at_idx",
    "webhooks_company_id_id_idx",
    "webhooks_disabled_reason_check",
    "webhooks_enabled_idx",
    "webhooks_missed_after_check",
    "webhooks_previous_secret_check",
    "webhooks_status_check",
];

fn with_common_names(names: &[&'static str]) -> Vec<&'static str> {
    let mut names = [&COMMON_NAMES[..], names].concat();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn constraints_and_indexes_have_stable_names_on_postgresql() {
    let (_db, database) = filled!(Postgres);
    let sql = "SELECT conname::text FROM pg_constraint WHERE conrelid IN \
            (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'seaql_migrations') \
        UNION SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'seaql_migrations' \
        ORDER BY 1";
    let expected = with_common_names(&[
        "calendar_feeds_pkey",
        "calendar_feeds_user_id_fkey",
        "companies_pkey",
        "company_settings_company_id_fkey",
        "company_settings_pkey",
        "event_log_epoch_pkey",
        "installation_pkey",
        "idempotency_keys_pkey",
        "interview_events_actor_id_fkey",
        "interview_events_interview_id_fkey",
        "interview_events_pkey",
        "interviewees_company_id_fkey",
        "interviewees_driver_id_fkey",
        "interviewees_pkey",
        "interviews_driver_overlap",
        "interviews_interviewee_id_fkey",
        "interviews_interviewer_id_fkey",
        "interviews_interviewer_overlap",
        "interviews_pkey",
        "log_consumers_pkey",
        "revoked_tokens_pkey",
        "sent_reminders_interview_id_fkey",
        "users_company_id_fkey",
        "users_pkey",
        "webhook_attempts_delivery_id_fkey",
        "webhook_deliveries_pkey",
        "webhook_deliveries_webhook_id_fkey",
        "webhooks_company_id_fkey",
        "webhooks_pkey",
    ]);
    assert_eq!(texts(&database, sql).await, expected);
}

#[tokio::test]
async fn constraints_indexes_and_triggers_have_stable_names_on_sqlite() {
    let (_db, database) = filled!(Sqlite);
    let tables = texts(&database, "SELECT sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%CHECK%'").await;
    for table in &tables {
        let unnamed = table.replace("\" CHECK (", "");
        assert!(!unnamed.contains("CHECK ("), "a check without a name: {table}");
    }
    let constraints = tables.iter().flat_map(|table| table.split("CONSTRAINT \"").skip(1));
    let mut names: Vec<String> = constraints.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let others = "SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger') AND name NOT LIKE 'sqlite_%'";
    names.extend(texts(&database, others).await);
    names.sort();
    let expected = with_common_names(&[
        "companies_name_folded",
        "interview_events_audience",
        "interviews_driver_overlap_insert",
        "interviews_driver_overlap_update",
        "interviews_interviewer_overlap_insert",
        "interviews_interviewer_overlap_update",
        "interviews_reminder_times_insert",
        "interviews_reminder_times_update",
        "users_title_folded",
    ]);
    assert_eq!(names, expected);
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let (_postgres, postgres) = filled!(Postgres);
    let (_sqlite, sqlite) = filled!(Sqlite);
    let on_postgres = "SELECT concat_ws(' ', table_name, ordinal_position, column_name, \
            CASE is_nullable WHEN 'NO' THEN 'required' ELSE 'nullable' END) \
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";
    let on_sqlite = "SELECT concat_ws(' ', t.name, c.cid + 1, c.name, \
            CASE c.\"notnull\" WHEN 1 THEN 'required' ELSE 'nullable' END) \
        FROM sqlite_master AS t, pragma_table_info(t.name) AS c \
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid";
    let columns = texts(&sqlite, on_sqlite).await;
    assert_eq!(columns, texts(&postgres, on_postgres).await);
    assert!(columns.iter().any(|column| column == "interviews 10 amend_start_at nullable"), "{columns:#?}");
}
