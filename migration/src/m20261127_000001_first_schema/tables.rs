//! The tables with their columns, checks and foreign keys.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, integer, json, string, text, text_null,
    timestamp_with_time_zone as time, timestamp_with_time_zone_null as time_null,
};
use sea_orm_migration::sea_orm::DbBackend;

/// In the order of creation: each refers only to tables before it.
pub(super) const NAMES: [&str; 6] =
    ["companies", "users", "interviewees", "interviews", "interview_events", "revoked_tokens"];

const SIDES: [&str; 2] = ["interviewer", "interviewee"];

pub(super) fn all(database: DbBackend) -> [TableCreateStatement; NAMES.len()] {
    [
        companies(),
        users(database),
        interviewees(database),
        interviews(database),
        interview_events(database),
        revoked_tokens(),
    ]
}

fn companies() -> TableCreateStatement {
    Table::create().table("companies").col(big_pk_auto("id")).col(text("name")).to_owned()
}

/// Drivers, staff and admins. Staff belong to one company, the others to none.
fn users(database: DbBackend) -> TableCreateStatement {
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
        .check(("users_role_check", one_of(database, "role", &["driver", "staff", "admin"])))
        .check(("users_staff_company_check", Expr::col("role").eq("staff").eq(Expr::col("company_id").is_not_null())))
        .foreign_key(&mut reference("users", &["company_id"], "companies", &["id"]))
        .to_owned()
}

/// Applications of one driver to one company.
fn interviewees(database: DbBackend) -> TableCreateStatement {
    let kinds = ["verified", "interview", "accepted", "rejected"];
    // The target of the foreign key of interviews, whose copies of driver and company therefore cannot drift.
    let key = "interviewees_id_driver_id_company_id_key";
    Table::create()
        .table("interviewees")
        .col(big_pk_auto("id"))
        .col(big_integer("company_id"))
        .col(big_integer("driver_id"))
        .col(string("kind"))
        .col(time("updated_at"))
        .check(("interviewees_kind_check", one_of(database, "kind", &kinds)))
        .foreign_key(&mut reference("interviewees", &["company_id"], "companies", &["id"]))
        .foreign_key(&mut reference("interviewees", &["driver_id"], "users", &["id"]))
        .index(Index::create().unique().name(key).col("id").col("driver_id").col("company_id"))
        .to_owned()
}

/// `driver_id` and `company_id` are copies of the interviewee's, for indexes, visibility and
/// overlap constraints.
fn interviews(database: DbBackend) -> TableCreateStatement {
    let one_of = |column, values| one_of(database, column, values);
    let kinds = ["video_call", "in_person", "phone_call"];
    let statuses = ["pending", "amended", "scheduled", "rejected", "cancelled", "completed", "no_show"];
    let no_show = Expr::col("absent").is_not_null().eq(Expr::col("status").eq("no_show"));
    let reason = Expr::col("reason").is_null().or(one_of("status", &["rejected", "cancelled"]));
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
        .check(("interviews_kind_check", one_of("kind", &kinds)))
        .check(("interviews_status_check", one_of("status", &statuses)))
        .check(("interviews_amended_by_check", one_of("amended_by", &SIDES)))
        .check(("interviews_amended_from_check", one_of("amended_from", &["pending", "scheduled"])))
        .check(("interviews_absent_check", one_of("absent", &SIDES)))
        .check(("interviews_time_order_check", Expr::col("start_at").lt(Expr::col("end_at"))))
        .check(("interviews_proposal_time_order_check", Expr::col("amend_start_at").lt(Expr::col("amend_end_at"))))
        .check(("interviews_proposal_check", complete_proposal(database)))
        .check(("interviews_no_show_check", no_show))
        .check(("interviews_reason_check", reason))
        .foreign_key(&mut reference(
            "interviews",
            &["interviewee_id", "driver_id", "company_id"],
            "interviewees",
            &["id", "driver_id", "company_id"],
        ))
        .foreign_key(&mut reference("interviews", &["interviewer_id"], "users", &["id"]))
        .to_owned()
}

/// One row for each change of an interview.
fn interview_events(database: DbBackend) -> TableCreateStatement {
    let types = [
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
    let mut actor = reference("interview_events", &["actor_id"], "users", &["id"]);
    Table::create()
        .table("interview_events")
        .col(big_pk_auto("id"))
        .col(big_integer("interview_id"))
        .col(string("type"))
        .col(time("at"))
        .col(big_integer_null("actor_id"))
        .col(string("actor_side"))
        .col(json("changes"))
        .col(big_integer("transaction_id").default(current_transaction(database)))
        .check(("interview_events_type_check", one_of(database, "type", &types)))
        .check(("interview_events_actor_side_check", one_of(database, "actor_side", &SIDES)))
        .foreign_key(&mut reference("interview_events", &["interview_id"], "interviews", &["id"]))
        .foreign_key(actor.on_delete(ForeignKeyAction::SetNull))
        .to_owned()
}

/// Tokens that are not accepted any more, by their `jti` claim.
fn revoked_tokens() -> TableCreateStatement {
    Table::create()
        .table("revoked_tokens")
        .col(ColumnDef::new("jti").text().not_null().primary_key())
        .col(time("revoked_at"))
        .to_owned()
}

/// Requires a value of the list or null. PostgreSQL parses and plans every check of a table anew
/// for each statement that writes to the table, and an array literal costs it about half as much as
/// a list of values.
fn one_of(database: DbBackend, column: &'static str, values: &[&'static str]) -> Expr {
    match database {
        DbBackend::Postgres => Expr::cust(format!("{column} = ANY ('{{{}}}'::text[])", values.join(","))),
        _ => Expr::col(column).is_in(values.iter().copied()),
    }
}

/// Requires all four columns of a proposal while the interview is amended, and none of them
/// otherwise. One check instead of four, for the same reason as in [`one_of`].
fn complete_proposal(database: DbBackend) -> Expr {
    let columns = ["amend_start_at", "amend_end_at", "amended_by", "amended_from"];
    let present = match database {
        DbBackend::Postgres => format!("num_nonnulls({})", columns.join(", ")),
        _ => columns.map(|column| format!("({column} IS NOT NULL)")).join(" + "),
    };
    Expr::cust(format!("{present} = CASE status WHEN 'amended' THEN 4 ELSE 0 END"))
}

/// The transaction that writes an event. Ids are assigned before the commit, so that an event can
/// become visible after one with a higher id was read. Once no older transaction is running,
/// everything up to an event in the order of transaction and id is visible. SQLite writes one
/// transaction at a time, so that the order of ids is enough.
fn current_transaction(database: DbBackend) -> Expr {
    match database {
        DbBackend::Postgres => Expr::cust("pg_current_xact_id()::text::bigint"),
        _ => Expr::val(0),
    }
}

fn reference(
    table: &'static str,
    columns: &[&'static str],
    to_table: &'static str,
    to_columns: &[&'static str],
) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(format!("{table}_{}_fkey", columns[0])).from_tbl(table).to_tbl(to_table);
    for column in columns {
        key.from_col(*column);
    }
    for column in to_columns {
        key.to_col(*column);
    }
    key
}
