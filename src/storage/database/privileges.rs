//! What the role of a connection may do on PostgreSQL, and the SQL that grants what is missing. It is checked before
//! anything is done: a command that stops half-way, and names one table, costs an operator more tries.

use crate::storage::{Result, StorageError};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// The first schema of the search path that can be meant, where PostgreSQL finds none that exists and that the role may
/// use.
const SCHEMA: &str = "\
    SELECT CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = name) \
        THEN format('GRANT USAGE, CREATE ON SCHEMA %I TO %I;', name, current_user) \
        ELSE format('CREATE SCHEMA %I AUTHORIZATION %I;', name, current_user) END \
    FROM (SELECT btrim(btrim(part), '\"') AS name, place \
        FROM unnest(string_to_array(current_setting('search_path'), ',')) WITH ORDINALITY AS path (part, place) \
        UNION ALL SELECT 'public', 1000) AS path \
    WHERE current_schema() IS NULL AND name NOT IN ('', '$user') ORDER BY place LIMIT 1";

const CREATE_IN_SCHEMA: &str = "\
    SELECT format('GRANT USAGE, CREATE ON SCHEMA %I TO %I;', current_schema(), current_user) \
    WHERE NOT has_schema_privilege(current_schema(), 'CREATE')";

/// The first migration creates `btree_gist`. A trusted extension needs the right to create in the database, any other
/// one a superuser.
const EXTENSION: &str = "\
    SELECT CASE WHEN present.name IS NULL \
        THEN '-- First install the package of PostgreSQL that contains btree_gist (often postgresql-contrib).' \
            || E'\\n' ELSE '' END || 'CREATE EXTENSION btree_gist;' \
    FROM (SELECT) AS one LEFT JOIN (pg_available_extensions AS present JOIN pg_available_extension_versions AS version \
        ON version.name = present.name AND version.version = present.default_version) \
        ON present.name = 'btree_gist' \
    WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') AND (present.name IS NULL \
        OR NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \
            AND NOT (version.trusted AND has_database_privilege(current_database(), 'CREATE')))";

/// Only its owner alters or drops a table.
const OWNERSHIP: &str = "\
    SELECT DISTINCT format('GRANT %1$I TO %2$I; -- or run this command as %1$I', \
        pg_get_userbyid(relowner), current_user) FROM pg_class \
    WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind = 'r' \
        AND relname IN (SELECT name FROM (VALUES {tables}) AS tables (name)) AND NOT pg_has_role(relowner, 'USAGE')";

/// What the server does with each table that exists.
const SERVING: &str = "\
    SELECT format(line, current_schema(), current_user, pg_get_userbyid(owner)) FROM ( \
        SELECT min(relowner::int8)::oid AS owner FROM pg_class \
        JOIN (VALUES {privileges}) AS needed (name, privileges) ON relname = name \
        WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind = 'r' \
            AND EXISTS (SELECT FROM unnest(string_to_array(privileges, ' ')) AS privilege \
                WHERE NOT has_table_privilege(pg_class.oid, privilege)) HAVING count(*) > 0) AS lacking, \
    unnest(ARRAY['GRANT USAGE ON SCHEMA %1$I TO %2$I;', \
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO %2$I;', \
        'ALTER DEFAULT PRIVILEGES FOR ROLE %3$I IN SCHEMA %1$I \
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %2$I;']) AS line";

/// The tables, and the privileges that a server needs on each.
pub const TABLES: [(&str, &str); 17] = [
    ("companies", "SELECT INSERT UPDATE"),
    ("company_settings", "SELECT INSERT UPDATE"),
    ("users", "SELECT INSERT UPDATE"),
    ("interviewees", "SELECT INSERT UPDATE"),
    ("interviews", "SELECT INSERT UPDATE"),
    ("interview_events", "SELECT INSERT UPDATE"),
    ("event_log_epoch", "SELECT INSERT UPDATE"),
    ("revoked_tokens", "SELECT INSERT UPDATE DELETE"),
    ("sent_reminders", "SELECT INSERT DELETE"),
    ("calendar_feeds", "SELECT INSERT UPDATE DELETE"),
    ("installation", "SELECT INSERT"),
    ("log_consumers", "SELECT INSERT UPDATE DELETE"),
    ("webhooks", "SELECT INSERT UPDATE DELETE"),
    ("webhook_deliveries", "SELECT INSERT UPDATE DELETE"),
    ("webhook_attempts", "SELECT INSERT UPDATE DELETE"),
    ("idempotency_keys", "SELECT INSERT UPDATE DELETE"),
    ("seaql_migrations", "SELECT"),
];

/// Fails if the role may not apply migrations.
pub async fn require_for_migrations(connection: &impl ConnectionTrait) -> Result<()> {
    if require(connection, &[SCHEMA]).await? {
        require(connection, &[CREATE_IN_SCHEMA, EXTENSION, &ownership()]).await?;
    }
    Ok(())
}

/// Fails if the role may not revert migrations.
pub async fn require_ownership(connection: &impl ConnectionTrait) -> Result<()> {
    require(connection, &[&ownership()]).await.map(drop)
}

/// Fails if the role may not do what a server does.
pub async fn require_for_serving(connection: &impl ConnectionTrait) -> Result<()> {
    let needed = TABLES.map(|(table, privileges)| format!("('{table}', '{privileges}')")).join(", ");
    let serving = SERVING.replace("{privileges}", &needed);
    require(connection, &[SCHEMA, &serving]).await.map(drop)
}

fn ownership() -> String {
    OWNERSHIP.replace("{tables}", &TABLES.map(|(table, _)| format!("('{table}')")).join(", "))
}

/// Runs queries that return the SQL that is missing. Returns whether the database is PostgreSQL.
async fn require(connection: &impl ConnectionTrait, queries: &[&str]) -> Result<bool> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(false);
    }
    let mut missing: Vec<String> = Vec::new();
    for query in queries {
        let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, *query)).await?;
        for row in rows {
            missing.push(row.try_get_by_index(0)?);
        }
    }
    if missing.is_empty() {
        return Ok(true);
    }
    let here = "SELECT format('the role %s lacks rights in the database %s', current_user, current_database())";
    let here = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, here)).await?;
    let here: String = here.map_or_else(|| Ok(String::new()), |row| row.try_get_by_index(0))?;
    let missing = missing.join("\n");
    Err(StorageError::Unusable(format!("{here}. Its owner or a superuser has to run there:\n{missing}")))
}
