//! Webhooks, what is delivered to them, and how far the event log was read for them.
//!
//! An event has one delivery to a webhook at most. Deliveries are due by webhook, so that one with many of them does
//! not hold up the others, and are removed by the time at which they ended.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, integer, integer_null, json_null, string, string_null, text, text_null,
    timestamp_with_time_zone as time, timestamp_with_time_zone_null as time_null,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct Webhooks;

impl MigrationName for Webhooks {
    fn name(&self) -> &'static str {
        "m20261204_000019_webhooks"
    }
}

const STATUSES: [&str; 3] = ["enabled", "paused", "disabled"];
const REASONS: [&str; 2] = ["gone", "failing"];
const STATES: [&str; 4] = ["pending", "delivered", "failed", "cancelled"];
const ERRORS: [&str; 8] = ["dns", "refused_address", "connect", "tls", "timeout", "reset", "status", "redirect"];

const INDEXES: [&str; 6] = [
    "CREATE INDEX webhooks_company_id_id_idx ON webhooks (company_id, id)",
    // At most some hundred rows are enabled: what is read for each event, and before each delivery.
    "CREATE INDEX webhooks_enabled_idx ON webhooks (id) WHERE status = 'enabled'",
    "CREATE INDEX webhook_deliveries_webhook_id_id_idx ON webhook_deliveries (webhook_id, id)",
    "CREATE INDEX webhook_deliveries_webhook_id_next_attempt_at_idx \
        ON webhook_deliveries (webhook_id, next_attempt_at) WHERE state = 'pending'",
    // What is being sent at the moment: a few rows.
    "CREATE INDEX webhook_deliveries_webhook_id_claimed_until_idx \
        ON webhook_deliveries (webhook_id, claimed_until) WHERE claimed_until IS NOT NULL",
    "CREATE INDEX webhook_deliveries_finished_at_idx ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Webhooks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for table in [log_consumers(), webhooks(backend), deliveries(backend), attempts(backend)] {
            manager.create_table(table).await?;
        }
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["webhook_attempts", "webhook_deliveries", "webhooks", "log_consumers"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The last event that each consumer of the log has read: its position in the order of the log.
fn log_consumers() -> TableCreateStatement {
    Table::create()
        .table("log_consumers")
        .col(ColumnDef::new("name").string().not_null().primary_key())
        .col(big_integer("transaction_id"))
        .col(big_integer("event_id"))
        .to_owned()
}

/// `missed_after_…` is the position of the consumer at which the webhook ceased to be enabled. A webhook that is
/// deleted stays, with its deliveries, until they are removed batch by batch.
fn webhooks(backend: DbBackend) -> TableCreateStatement {
    let missed = Expr::col("missed_after_transaction_id").is_null().eq(Expr::col("missed_after_event_id").is_null());
    let previous = Expr::col("previous_secret").is_null().eq(Expr::col("previous_until").is_null());
    Table::create()
        .table("webhooks")
        .col(big_pk_auto("id"))
        .col(big_integer_null("company_id"))
        .col(text("url"))
        .col(json_null("types"))
        .col(text_null("description"))
        .col(string("status"))
        .col(string_null("disabled_reason"))
        .col(text("secret"))
        .col(text_null("previous_secret"))
        .col(time_null("previous_until"))
        .col(time_null("failing_since"))
        .col(integer("version"))
        .col(time("created_at"))
        .col(time("updated_at"))
        .col(big_integer_null("missed_after_transaction_id"))
        .col(big_integer_null("missed_after_event_id"))
        .col(time_null("deleted_at"))
        .check(("webhooks_status_check", one_of(backend, "status", &STATUSES)))
        .check(("webhooks_disabled_reason_check", one_of(backend, "disabled_reason", &REASONS)))
        .check(("webhooks_previous_secret_check", previous))
        .check(("webhooks_missed_after_check", missed))
        .foreign_key(&mut reference("webhooks", "company_id", "companies"))
        .to_owned()
}

/// `attempt` counts all attempts, `step` those since the delivery was queued or queued again. A delivery without an
/// event is a test. An event can be gone while its delivery is not.
fn deliveries(backend: DbBackend) -> TableCreateStatement {
    let key = "webhook_deliveries_webhook_id_event_id_key";
    let is_pending = Expr::col("state").eq("pending");
    let is_due = is_pending.clone().eq(Expr::col("next_attempt_at").is_not_null());
    let has_ended = is_pending.eq(Expr::col("finished_at").is_null());
    Table::create()
        .table("webhook_deliveries")
        .col(big_pk_auto("id"))
        .col(big_integer("webhook_id"))
        .col(big_integer_null("event_id"))
        .col(string("type"))
        .col(text("body"))
        .col(string("state"))
        .col(integer("attempt").default(0))
        .col(integer("step").default(0))
        .col(time_null("next_attempt_at"))
        .col(time_null("claimed_until"))
        .col(time("created_at"))
        .col(time_null("finished_at"))
        .check(("webhook_deliveries_state_check", one_of(backend, "state", &STATES)))
        .check(("webhook_deliveries_next_attempt_at_check", is_due))
        .check(("webhook_deliveries_finished_at_check", has_ended))
        .foreign_key(&mut reference("webhook_deliveries", "webhook_id", "webhooks"))
        .index(Index::create().unique().name(key).col("webhook_id").col("event_id"))
        .to_owned()
}

fn attempts(backend: DbBackend) -> TableCreateStatement {
    let mut key = Index::create();
    key.name("webhook_attempts_pkey").col("delivery_id").col("number");
    let mut delivery = reference("webhook_attempts", "delivery_id", "webhook_deliveries");
    Table::create()
        .table("webhook_attempts")
        .col(big_integer("delivery_id"))
        .col(integer("number"))
        .col(time("at"))
        .col(integer_null("status"))
        .col(integer("duration_ms"))
        .col(string_null("error"))
        .col(text_null("response"))
        .primary_key(&mut key)
        .check(("webhook_attempts_error_check", one_of(backend, "error", &ERRORS)))
        .foreign_key(delivery.on_delete(ForeignKeyAction::Cascade))
        .to_owned()
}

fn reference(from: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(format!("{from}_{column}_fkey")).from_tbl(from).from_col(column).to_tbl(to).to_col("id").to_owned()
}

/// Requires a value of the list or null. PostgreSQL plans an array literal faster than a list of values.
fn one_of(backend: DbBackend, column: &'static str, values: &[&'static str]) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::cust(format!("{column} = ANY ('{{{}}}'::text[])", values.join(","))),
        _ => Expr::col(column).is_in(values.iter().copied()),
    }
}
