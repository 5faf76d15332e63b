//! The type `FieldChange`.

use crate::domain::{self, Field, IntervieweeId, UserId};
use crate::graphql::context::ContextExt;
use async_graphql::{Context, Object, Result};

pub struct FieldChange<'a>(pub &'a domain::FieldChange);

/// A field of an interview that changed, or the number of a reminder. Values are printed as in this schema: enum values
/// by name, times in RFC 3339.
#[Object]
impl FieldChange<'_> {
    /// The name of the field in `Interview`. Of reminders `minutesBefore` or `hours`.
    async fn field(&self) -> &'static str {
        self.0.field.api_name()
    }

    /// The value before the change. Null for no value.
    async fn from(&self) -> Option<String> {
        self.0.api_value(self.0.from.as_deref())
    }

    /// The value after the change. Null for no value.
    async fn to(&self) -> Option<String> {
        self.0.api_value(self.0.to.as_deref())
    }

    /// The name of the person that the value before the change identifies: of `interviewerId` the member of staff, of
    /// `intervieweeId` the driver. Null for all other fields, and for a person who is not known any more or whom the
    /// viewer may not see.
    #[graphql(name = "fromTitle")]
    async fn title_before(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.title(ctx, self.0.from.as_deref()).await
    }

    /// The name of the person that the value after the change identifies, like `fromTitle`.
    #[graphql(name = "toTitle")]
    async fn title_after(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.title(ctx, self.0.to.as_deref()).await
    }
}

impl FieldChange<'_> {
    async fn title(&self, ctx: &Context<'_>, value: Option<&str>) -> Result<Option<String>> {
        let (Some(value), loader) = (value, ctx.loader()) else { return Ok(None) };
        let user = match self.0.field {
            Field::InterviewerId => UserId::from_text(value),
            Field::IntervieweeId => {
                let interviewee = ctx.map_failure(loader.load(IntervieweeId::from_text(value)).await)?;
                let scope = ctx.viewer()?.scope();
                match interviewee.filter(|interviewee| scope.covers_application(interviewee)) {
                    Some(interviewee) => interviewee.driver_id,
                    None => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        Ok(ctx.map_failure(loader.load(user).await)?.map(|user| user.title.clone()))
    }
}
