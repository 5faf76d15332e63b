//! The role `service`, and what a user has in the platform beside what interviews show: whether they manage their
//! company, their address and time zone, and when they last changed there. Also from when on their tokens are accepted,
//! and when they were erased.
//!
//! SQLite rebuilds the table for the new check. PostgreSQL adds the check without reading the rows; the next step
//! validates it, because this one locks the table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer_null, big_pk_auto, boolean, string, text, text_null, timestamp_with_time_zone_null as time_null,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The step. Its recorded name is written out, so that moving the file cannot change it.
#[derive(Debug)]
pub struct UsersOfThePlatform;

impl MigrationName for UsersOfThePlatform {
    fn name(&self) -> &'static str {
        "m20261130_000007_users_of_the_platform"
    }
}

const OLD_ROLES: [&str; 3] = ["driver", "staff", "admin"];
const NEW_ROLES: [&str; 4] = ["driver", "staff", "admin", "service"];
const OLD_COLUMNS: &str = "id, role, company_id, title, image, phone_number, contact_phone_number, deactivated_at";

fn new_columns() -> [ColumnDef; 6] {
    [
        boolean("manager").default(false).to_owned(),
        text_null("email"),
        text_null("time_zone"),
        time_null("tokens_valid_after"),
        time_null("erased_at"),
        time_null("source_updated_at"),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for UsersOfThePlatform {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return rebuild(manager, table(&NEW_ROLES, new_columns())).await;
        }
        let mut alter = Table::alter().table("users").to_owned();
        for column in new_columns() {
            alter.add_column(column);
        }
        manager.alter_table(alter).await?;
        replace_role_check(manager, &NEW_ROLES, " NOT VALID").await
    }

    /// The schema before has no role `service`. Its users become deactivated admins: events, and interviews from when
    /// they had another role, refer to them.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let now = match manager.get_database_backend() {
            DbBackend::Postgres => "now()",
            _ => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')", // as the driver of SQLite stores times
        };
        let sql = format!(
            "UPDATE users SET role = 'admin', deactivated_at = coalesce(deactivated_at, {now}) WHERE role = 'service'"
        );
        manager.get_connection().execute_unprepared(&sql).await?;
        if manager.get_database_backend() != DbBackend::Postgres {
            return rebuild(manager, table(&OLD_ROLES, [])).await;
        }
        let mut alter = Table::alter().table("users").to_owned();
        for column in new_columns().iter().rev() {
            alter.drop_column(column.get_column_name());
        }
        manager.alter_table(alter).await?;
        replace_role_check(manager, &OLD_ROLES, "").await
    }

    /// A step that fails leaves nothing behind, on SQLite too, where this is not the default.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn replace_role_check(manager: &SchemaManager<'_>, roles: &[&str], validity: &str) -> Result<(), DbErr> {
    let roles = roles.join(",");
    let sql = format!(
        "ALTER TABLE users DROP CONSTRAINT users_role_check, \
         ADD CONSTRAINT users_role_check CHECK (role = ANY ('{{{roles}}}'::text[])){validity}"
    );
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

const REBUILT: &str = "rebuilt_users";

/// The table as on SQLite, under a name of its own.
fn table(roles: &[&'static str], columns: impl IntoIterator<Item = ColumnDef>) -> TableCreateStatement {
    let mut company = ForeignKey::create();
    company.name("users_company_id_fkey").from_tbl(REBUILT).from_col("company_id").to_tbl("companies").to_col("id");
    let mut table = Table::create()
        .table(REBUILT)
        .col(big_pk_auto("id"))
        .col(string("role"))
        .col(big_integer_null("company_id"))
        .col(text("title"))
        .col(text_null("image"))
        .col(text_null("phone_number"))
        .col(text_null("contact_phone_number"))
        .col(time_null("deactivated_at"))
        .check(("users_role_check", Expr::col("role").is_in(roles.iter().copied())))
        .check(("users_staff_company_check", Expr::col("role").eq("staff").eq(Expr::col("company_id").is_not_null())))
        .foreign_key(&mut company)
        .to_owned();
    for column in columns {
        table.col(column);
    }
    table
}

/// Replaces the table of SQLite by this one, as in <https://www.sqlite.org/lang_altertable.html#otheralter>. The tables
/// that refer to it do so by its name. Foreign keys are off during a step, and checked at its end.
async fn rebuild(manager: &SchemaManager<'_>, table: TableCreateStatement) -> Result<(), DbErr> {
    manager.create_table(table).await?;
    let connection = manager.get_connection();
    for statement in [
        format!("INSERT INTO {REBUILT} ({OLD_COLUMNS}) SELECT {OLD_COLUMNS} FROM users"),
        "DROP TABLE users".to_owned(),
        format!("ALTER TABLE {REBUILT} RENAME TO users"),
    ] {
        connection.execute_unprepared(&statement).await?;
    }
    let index = Index::create().name("users_company_id_id_idx").table("users").col("company_id").col("id").to_owned();
    manager.create_index(index).await
}
