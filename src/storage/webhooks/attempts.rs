//! The attempts of deliveries.

use crate::domain::DeliveryId;
use crate::domain::webhook::Attempt;
use crate::storage::Result;
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::entities::webhook_attempt;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;
use webhook_attempt::{Column, Entity};

/// The last `limit` attempts of each of these deliveries, oldest first, in one statement. Permissions are not checked
/// here.
pub(crate) async fn by_delivery(
    connection: &impl ConnectionTrait,
    deliveries: &[DeliveryId],
    limit: i32,
) -> Result<HashMap<DeliveryId, Vec<Attempt>>> {
    let ids = deliveries.iter().map(|id| id.0).collect();
    let of_deliveries = is_any_of(connection.get_database_backend(), Expr::col((Entity, Column::DeliveryId)), ids);
    let last = "(SELECT delivery.attempt FROM webhook_deliveries AS delivery \
        WHERE delivery.id = webhook_attempts.delivery_id)";
    let is_late = Expr::col((Entity, Column::Number)).gt(Expr::cust(format!("{last} - {limit}")));
    let query = Entity::find().filter(of_deliveries).filter(is_late).order_by_asc(Column::Number);
    let mut found: HashMap<DeliveryId, Vec<Attempt>> = HashMap::new();
    for row in query.all(connection).await? {
        found.entry(DeliveryId(row.delivery_id)).or_default().push(row.try_into()?);
    }
    Ok(found)
}
