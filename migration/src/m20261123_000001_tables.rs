//! The tables with their constraints and indexes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, integer, json, string, text, text_null,
    timestamp_with_time_zone as time, timestamp_with_time_zone_null as time_null,
};

/// This step, named after its file.
#[derive(DeriveMigrationName, Debug)]
pub struct Migration;

const TABLES: [&str; 6] = ["companies", "users", "interviewees", "interviews", "interview_events", "revoked_tokens"];

pub(super) const KINDS: [&str; 3] = ["video_call", "in_person", "phone_call"];
pub(super) const STATUSES: [&str; 7] =
    ["pending", "amended", "scheduled", "rejected", "cancelled", "completed", "no_show"];
const INTERVIEWEE_KINDS: [&str; 4] = ["verified", "interview", "accepted", "rejected"];
pub(super) const SIDES: [&str; 2] = ["interviewer", "interviewee"];
pub(super) const EVENT_TYPES: [&str; 10] = [
    "created",
    "updated",
    "amended",
    "accepted",
    "amendment_declined",
    "amendment_withdrawn",
    "rejected",
    "cancelled",
    "completed",
    "no_show",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [companies(), users(), interviewees(), interviews(), interview_events(), revoked_tokens()] {
            manager.create_table(table).await?;
        }
        for (table, columns) in [
            ("users", &["company_id", "id"][..]),
            ("interviewees", &["company_id", "id"]),
            ("interviewees", &["driver_id"]),
            ("interviews", &["company_id", "start_at", "id"]),
            ("interviews", &["driver_id", "start_at", "id"]),
            ("interviews", &["interviewer_id", "start_at", "id"]),
            ("interviews", &["interviewee_id"]),
            ("interviews", &["company_id", "updated_at", "id"]),
            ("interview_events", &["interview_id", "id"]),
        ] {
            let mut index = Index::create();
            index.name(format!("{table}_by_{}", columns.join("_"))).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn companies() -> TableCreateStatement {
    Table::create().table("companies").col(big_pk_auto("id")).col(text("name")).to_owned()
}

/// Drivers, staff and admins. Staff belong to one company, the others to none.
fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(big_pk_auto("id"))
        .col(string("role"))
        .col(big_integer_null("company_id"))
        .col(text("title"))
        .col(text_null("image"))
        .col(text_null("phone_number"))
        .col(text_null("contact_phone_number"))
        .col(time_null("deactivated_at"))
        .check(one_of("role", ["driver", "staff", "admin"]))
        .check(Expr::col("role").eq("staff").eq(Expr::col("company_id").is_not_null()))
        .foreign_key(&mut reference("users", &["company_id"], "companies", &["id"]))
        .to_owned()
}

/// Applications: one driver to one company.
fn interviewees() -> TableCreateStatement {
    Table::create()
        .table("interviewees")
        .col(big_pk_auto("id"))
        .col(big_integer("company_id"))
        .col(big_integer("driver_id"))
        .col(string("kind"))
        .col(time("updated_at"))
        .check(one_of("kind", INTERVIEWEE_KINDS))
        .foreign_key(&mut reference("interviewees", &["company_id"], "companies", &["id"]))
        .foreign_key(&mut reference("interviewees", &["driver_id"], "users", &["id"]))
        // What interviews refer to, so that their own copies of driver and company cannot drift.
        .index(Index::create().unique().name("interviewees_identity").col("id").col("driver_id").col("company_id"))
        .to_owned()
}

/// Interviews. `driver_id` and `company_id` are the interviewee's: they are here for indexes, visibility and overlap constraints.
fn interviews() -> TableCreateStatement {
    let has = |column: &'static str| Expr::col(column).is_not_null();
    let amended = || Expr::col("status").eq("amended");
    Table::create()
        .table("interviews")
        .col(big_pk_auto("id"))
        .col(big_integer("company_id"))
        .col(big_integer("driver_id"))
        .col(big_integer("interviewee_id"))
        .col(big_integer("interviewer_id"))
        .col(string("kind"))
        .col(string("status"))
        .col(time("start_at"))
        .col(time("end_at"))
        .col(time_null("amend_start_at"))
        .col(time_null("amend_end_at"))
        .col(ColumnDef::new("amended_by").string())
        .col(ColumnDef::new("amended_from").string())
        .col(text_null("location"))
        .col(text_null("reason"))
        .col(ColumnDef::new("absent").string())
        .col(boolean("allow_overlap").default(false))
        .col(integer("version").default(1))
        .col(time("created_at"))
        .col(time("updated_at"))
        .check(one_of("kind", KINDS))
        .check(one_of("status", STATUSES))
        .check(one_of("amended_by", SIDES))
        .check(one_of("amended_from", ["pending", "scheduled"]))
        .check(one_of("absent", SIDES))
        .check(Expr::col("start_at").lt(Expr::col("end_at")))
        .check(Expr::col("amend_start_at").lt(Expr::col("amend_end_at")))
        // A proposal is there in full or not at all, and exactly when the interview is amended.
        .check(has("amend_start_at").eq(amended()))
        .check(has("amend_end_at").eq(amended()))
        .check(has("amended_by").eq(amended()))
        .check(has("amended_from").eq(amended()))
        .check(has("absent").eq(Expr::col("status").eq("no_show")))
        .check(Expr::col("reason").is_null().or(Expr::col("status").is_in(["rejected", "cancelled"])))
        .foreign_key(&mut reference(
            "interviews",
            &["interviewee_id", "driver_id", "company_id"],
            "interviewees",
            &["id", "driver_id", "company_id"],
        ))
        .foreign_key(&mut reference("interviews", &["interviewer_id"], "users", &["id"]))
        .to_owned()
}

/// The log of everything that happened to interviews.
fn interview_events() -> TableCreateStatement {
    Table::create()
        .table("interview_events")
        .col(big_pk_auto("id"))
        .col(big_integer("interview_id"))
        .col(string("type"))
        .col(time("at"))
        .col(big_integer_null("actor_id"))
        .col(string("actor_side"))
        .col(json("changes"))
        .check(one_of("type", EVENT_TYPES))
        .check(one_of("actor_side", SIDES))
        .foreign_key(&mut reference("interview_events", &["interview_id"], "interviews", &["id"]))
        .foreign_key(
            reference("interview_events", &["actor_id"], "users", &["id"]).on_delete(ForeignKeyAction::SetNull),
        )
        .to_owned()
}

/// Tokens that are no longer accepted, by their `jti`.
fn revoked_tokens() -> TableCreateStatement {
    Table::create()
        .table("revoked_tokens")
        .col(ColumnDef::new("jti").text().not_null().primary_key())
        .col(time("revoked_at"))
        .to_owned()
}

fn one_of<const N: usize>(column: &'static str, names: [&'static str; N]) -> Expr {
    Expr::col(column).is_in(names)
}

fn reference(
    table: &'static str,
    columns: &[&'static str],
    to_table: &'static str,
    to_columns: &[&'static str],
) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(format!("{table}_{}", columns[0])).from_tbl(table).to_tbl(to_table);
    for column in columns {
        key.from_col(*column);
    }
    for column in to_columns {
        key.to_col(*column);
    }
    key
}
