//! Looks up what rows refer to, with one statement.

use crate::domain::provisioning::{References, Wanted};
use crate::domain::{CompanyId, UserId};
use crate::storage::Result;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// What was found of these. No statement if nothing is wanted.
pub(super) async fn find(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<References> {
    let mut found = References::default();
    if wanted.is_empty() {
        return Ok(found);
    }
    let backend = connection.get_database_backend();
    let users = |ids: &[UserId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    let companies: Vec<i64> = wanted.companies.iter().map(|id| id.0).collect();
    let ids = [companies, users(&wanted.drivers), users(&wanted.interviewed)];
    let ids = ids.map(|ids| serde_json::json!(ids).to_string().into());
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql(backend), ids)).await?;
    for row in rows {
        let (kind, id, is_erased): (String, i64, bool) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        match kind.as_str() {
            COMPANY => drop(found.companies.insert(CompanyId(id))),
            DRIVER => drop(found.drivers.insert(UserId(id), is_erased)),
            _ => drop(found.interviewed.insert(UserId(id))),
        }
    }
    Ok(found)
}

const COMPANY: &str = "company";
const DRIVER: &str = "driver";

fn sql(backend: DbBackend) -> String {
    let [companies, drivers, interviewed] = [1, 2, 3].map(|number| match backend {
        DbBackend::Postgres => format!("(SELECT value::bigint FROM json_array_elements_text(${number}::json))"),
        _ => format!("(SELECT value FROM json_each(?{number}))"),
    });
    format!(
        "SELECT '{COMPANY}', id, false FROM companies WHERE id IN {companies} \
         UNION ALL SELECT '{DRIVER}', id, erased_at IS NOT NULL FROM users \
            WHERE role = 'driver' AND id IN {drivers} \
         UNION ALL SELECT 'interviewed', id, false FROM users WHERE id IN {interviewed} \
            AND (EXISTS (SELECT 1 FROM interviews WHERE driver_id = users.id) \
                OR EXISTS (SELECT 1 FROM interviews WHERE interviewer_id = users.id))"
    )
}
