//! The settings of companies. A company without a row has the defaults.

use crate::domain::{CompanyId, CompanySettings};
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::entities::company_settings;
use crate::storage::{Result, StorageError};
use chrono::{DateTime, Utc};
use company_settings::{COLUMN, Column, Entity};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;

/// The settings of those of these companies that have set any.
pub(crate) async fn of(
    connection: &impl ConnectionTrait,
    companies: &[CompanyId],
) -> Result<HashMap<CompanyId, CompanySettings>> {
    let ids = companies.iter().map(|id| id.0).collect();
    let id = Expr::col((Entity, Column::CompanyId));
    read(Entity::find().filter(is_any_of(connection.get_database_backend(), id, ids)).all(connection).await?)
}

/// The settings of all companies that have set any.
pub(crate) async fn all(connection: &impl ConnectionTrait) -> Result<HashMap<CompanyId, CompanySettings>> {
    read(Entity::find().all(connection).await?)
}

fn read(rows: Vec<company_settings::Model>) -> Result<HashMap<CompanyId, CompanySettings>> {
    let read = |row: company_settings::Model| Ok((CompanyId(row.company_id), row.try_into()?));
    rows.into_iter().map(read).collect()
}

/// Stores changed settings. Fails with [`StorageError::Transient`] if the stored version is not the one before the
/// change.
pub(crate) async fn store(
    connection: &impl ConnectionTrait,
    company: CompanyId,
    settings: &CompanySettings,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = company_settings::row(company, settings, now);
    let before = settings.version - 1;
    let written = if before == 0 {
        let nothing = OnConflict::column(Column::CompanyId).do_nothing().to_owned();
        Entity::insert(row).on_conflict(nothing).exec_without_returning(connection).await?
    } else {
        let same_version = COLUMN.version.eq(before);
        let update = Entity::update_many().set(row).filter(COLUMN.company_id.eq(company.0)).filter(same_version);
        update.exec(connection).await?.rows_affected
    };
    if written == 1 { Ok(()) } else { Err(StorageError::contended()) }
}
