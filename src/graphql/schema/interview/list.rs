//! Lists of interviews: their positions, orders and counts.

use crate::domain::filter::InterviewFilter;
use crate::domain::page::{InterviewOrder, InterviewPosition, SortKey};
use crate::domain::{InterviewId, IntervieweeId};
use crate::graphql::context::ContextExt;
use crate::graphql::loaders::CountOf;
use crate::graphql::relay::connection::Listed;
use crate::graphql::relay::cursor::{CursorParts, ListPosition, encode};
use crate::graphql::root_counts::RootCount;
use crate::graphql::schema::interview::object::Interview;
use async_graphql::{Context, Result};

/// What a list of interviews was selected by.
pub enum InterviewQuery {
    Filtered(InterviewFilter, InterviewOrder),
    /// The interviews of an application, ordered by their start.
    OfInterviewee(IntervieweeId),
}

impl Listed for Interview {
    type Query = InterviewQuery;

    fn cursor(&self, query: &InterviewQuery) -> String {
        let order = match query {
            InterviewQuery::Filtered(_, order) => order.key,
            InterviewQuery::OfInterviewee(_) => SortKey::StartAt,
        };
        let time = match order {
            SortKey::StartAt => Some(self.row.slot.start()),
            SortKey::UpdatedAt => Some(self.row.updated_at),
            SortKey::Id => None,
        };
        encode(InterviewPosition { time, id: self.row.id }, order)
    }

    async fn count(query: &InterviewQuery, ctx: &Context<'_>) -> Result<u64> {
        match query {
            InterviewQuery::Filtered(filter, _) => {
                let count = RootCount::Interviews(filter.clone());
                ctx.map_failure(ctx.root_counts().count(ctx.viewer()?, count).await)
            }
            InterviewQuery::OfInterviewee(id) => {
                let count = ctx.map_failure(ctx.loader().load(CountOf::Interviews(*id)).await);
                count.map(Option::unwrap_or_default)
            }
        }
    }
}

impl ListPosition for InterviewPosition {
    type Order = SortKey;

    fn parts(self, key: SortKey) -> CursorParts {
        let letter = match key {
            SortKey::StartAt => 's',
            SortKey::UpdatedAt => 'u',
            SortKey::Id => 'i',
        };
        (letter, self.time, self.id.0)
    }

    fn from_parts((letter, time, id): CursorParts, key: SortKey) -> Option<Self> {
        let position = Self { time, id: InterviewId(id) };
        let (expected, _, _) = position.parts(key);
        let has_time = key != SortKey::Id;
        (letter == expected && time.is_some() == has_time).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;
    use crate::graphql::relay::cursor::decode;
    use chrono::DateTime;

    #[test]
    fn a_cursor_is_valid_for_its_own_list_and_order_only() {
        let time = DateTime::from_timestamp_millis(1_742_466_728_958);
        let position = InterviewPosition { time, id: InterviewId(27) };
        let cursor = encode(position, SortKey::StartAt);
        assert_eq!(decode::<InterviewPosition>(&cursor, SortKey::StartAt), Some(position));
        assert_eq!(decode::<InterviewPosition>(&cursor, SortKey::UpdatedAt), None);
        assert_eq!(decode::<InterviewPosition>(&cursor, SortKey::Id), None);
        assert_eq!(decode::<UserId>(&cursor, ()), None);
        for forged in ["", "x", "cy4uMjc", "%%%", "cy4xLjIuMw", "cy4tODAwMDAwMDAwMDAwMDAwMC4yNw"] {
            assert_eq!(decode::<InterviewPosition>(forged, SortKey::StartAt), None, "{forged}");
        }
    }
}
