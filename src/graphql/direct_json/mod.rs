//! Interviews with their people, written as JSON at once: for a selection of plain fields and of the people beneath there is nothing to
//! execute. The executor would make a future and a map entry of every field of every row, which is most of what a list costs.
//!
//! Only what can be written in full is written here: whatever else is selected, or goes wrong, is left to the executor, and that is
//! where errors come from. So a [`Plan`] may say no to anything. See `docs/PERFORMANCE.md` for what it is worth.

use crate::domain::{Interviewee, IntervieweeId, User, UserId, time};
use crate::graphql::context::ContextExt;
use crate::graphql::relay::connection::Listed;
use crate::graphql::schema::scalars::DateTime;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::EnumType;
use async_graphql::{Context, ContextSelectionSet, ID, OutputType, Positioned, ServerResult, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

/// Part of the data of a request whose answer is written by [`crate::graphql::engine::response`], and in whose document no response key occurs twice in one
/// selection: [`Value::Binary`] may stand for JSON then, and never has to be merged.
pub struct DirectJsonEnabled;

/// An object type whose fields can be written.
pub trait WriteJson: Sized {
    /// Its name in the schema.
    const NAME: &'static str;
    /// What a field with a selection of its own becomes.
    type Nested: Send;

    /// How a field without one is written.
    fn plain(field: &str) -> Option<FieldWriter<Self>>;

    /// How a field with one is, if it is known here.
    fn nested(field: &str, selection: &SelectionSet, fragments: &Fragments<'_>) -> Option<Self::Nested>;

    /// Writes such a field; none when a person is missing.
    fn write_nested(&self, nested: &Self::Nested, people: &LoadedPeople<'_>, out: &mut Vec<u8>) -> Option<()>;
}

/// Writes a field; none when it fails.
pub type FieldWriter<T> = fn(&T, &Context<'_>, &mut Vec<u8>) -> Option<()>;

/// A document's fragments.
pub type Fragments<'a> = Context<'a>;

/// How the objects of a type are written.
pub struct Plan<T: WriteJson> {
    /// Each field with its response key, as JSON up to the colon.
    fields: Vec<(String, Step<T>)>,
}

enum Step<T: WriteJson> {
    TypeName,
    Plain(FieldWriter<T>),
    Nested(T::Nested),
}

/// Those who were loaded for some interviews.
pub struct LoadedPeople<'a> {
    /// Every resolver takes one; of those that need nothing but their object, none looks at it.
    ctx: &'a Context<'a>,
    pub interviewees: HashMap<IntervieweeId, Arc<Interviewee>>,
    pub users: HashMap<UserId, Arc<User>>,
}

impl<T: WriteJson> Plan<T> {
    /// The plan of a selection; none when it has what only the executor knows.
    pub fn of(selection: &SelectionSet, fragments: &Fragments<'_>) -> Option<Self> {
        let mut plan = Self { fields: Vec::with_capacity(selection.items.len()) };
        plan.add(selection, fragments)?;
        Some(plan)
    }

    /// What is selected beneath.
    pub fn nested(&self) -> impl Iterator<Item = &T::Nested> {
        self.fields.iter().filter_map(|(_, step)| match step {
            Step::Nested(nested) => Some(nested),
            Step::TypeName | Step::Plain(_) => None,
        })
    }

    fn add(&mut self, selection: &SelectionSet, fragments: &Fragments<'_>) -> Option<()> {
        for selection in &selection.items {
            // What `@skip` and `@include` say is done already: these would be others.
            if !selection.node.directives().is_empty() {
                return None;
            }
            match &selection.node {
                Selection::Field(field) => self.add_field(&field.node, fragments)?,
                Selection::InlineFragment(fragment) => {
                    if fragment.node.type_condition.as_ref().is_some_and(|on| on.node.on.node != T::NAME) {
                        return None;
                    }
                    self.add(&fragment.node.selection_set.node, fragments)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = &fragments.query_env.fragments.get(&spread.node.fragment_name.node)?.node;
                    if fragment.type_condition.node.on.node != T::NAME {
                        return None;
                    }
                    self.add(&fragment.selection_set.node, fragments)?;
                }
            }
        }
        Some(())
    }

    fn add_field(&mut self, field: &Field, fragments: &Fragments<'_>) -> Option<()> {
        if !field.arguments.is_empty() {
            return None;
        }
        let name = field.name.node.as_str();
        let step = if name == "__typename" {
            Step::TypeName
        } else if let Some(write) = T::plain(name) {
            Step::Plain(write)
        } else {
            Step::Nested(T::nested(name, &field.selection_set.node, fragments)?)
        };
        // A name has nothing that JSON would escape.
        self.fields.push((format!("\"{}\":", field.response_key().node), step));
        Some(())
    }

    /// Writes one object.
    pub fn write(&self, object: &T, people: &LoadedPeople<'_>, out: &mut Vec<u8>) -> Option<()> {
        out.push(b'{');
        for (index, (key, step)) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key.as_bytes());
            match step {
                Step::TypeName => T::NAME.write(out),
                Step::Plain(write) => write(object, people.ctx, out)?,
                Step::Nested(nested) => object.write_nested(nested, people, out)?,
            }
        }
        out.push(b'}');
        Some(())
    }
}

impl<'a> LoadedPeople<'a> {
    /// Those who are known already.
    pub fn known(
        ctx: &'a Context<'a>,
        interviewees: HashMap<IntervieweeId, Arc<Interviewee>>,
        users: HashMap<UserId, Arc<User>>,
    ) -> Self {
        Self { ctx, interviewees, users }
    }

    /// Loads them, all at once.
    pub async fn load(ctx: &'a Context<'a>, interviewees: Vec<IntervieweeId>, users: Vec<UserId>) -> Option<Self> {
        let loader = ctx.loader();
        let (interviewees, users) = futures_util::try_join!(loader.many(interviewees), loader.many(users)).ok()?;
        Some(Self { ctx, interviewees, users })
    }
}

/// Says how the fields of a type that need nothing but the object itself are written: by its resolvers.
macro_rules! plain_fields {
    ($($field:literal => $resolver:ident,)*) => {
        fn plain(field: &str) -> Option<$crate::graphql::direct_json::FieldWriter<Self>> {
            Some(match field {
                $($field => |it, ctx, out| $crate::graphql::direct_json::write_ready(it.$resolver(ctx), out),)*
                _ => return None,
            })
        }
    };
}
pub(super) use plain_fields;

/// Writes what a resolver answers that does not wait.
pub fn write_ready<T: JsonScalar, E>(answer: impl Future<Output = Result<T, E>>, out: &mut Vec<u8>) -> Option<()> {
    futures_util::FutureExt::now_or_never(answer)?.ok()?.write(out);
    Some(())
}

/// A scalar, or a nullable one.
pub trait JsonScalar {
    /// Appends it as JSON.
    fn write(&self, out: &mut Vec<u8>);
}

impl<T: JsonScalar> JsonScalar for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl JsonScalar for &str {
    fn write(&self, out: &mut Vec<u8>) {
        crate::graphql::engine::response::write_string(self, out);
    }
}

impl JsonScalar for ID {
    fn write(&self, out: &mut Vec<u8>) {
        crate::graphql::engine::response::write_string(self, out);
    }
}

impl JsonScalar for DateTime {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(time::format(self.0).as_bytes());
        out.push(b'"');
    }
}

impl JsonScalar for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl JsonScalar for i32 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

/// Writes the name of an enum's value.
pub fn write_enum<T: EnumType>(value: T, out: &mut Vec<u8>) {
    if let Some(item) = T::items().iter().find(|item| item.value == value) {
        item.name.write(out);
    }
}

/// The items of a page, or one of them (`One`): written at once if that is possible, else executed.
pub struct Many<'a, T>(pub &'a [T]);

/// See [`Many`].
pub struct One<R>(pub R);

impl<T: Listed> OutputType for Many<'_, T> {
    fn type_name() -> Cow<'static, str> {
        <&[T]>::type_name()
    }

    fn qualified_type_name() -> String {
        <&[T]>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <&[T]>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match written(ctx, field, self.0, true).await {
            Some(json) => Ok(Value::Binary(json.into())),
            None => self.0.resolve(ctx, field).await,
        }
    }
}

impl<T: Listed, R: Deref<Target = T> + Send + Sync> OutputType for One<R> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let object: &T = &self.0;
        match written(ctx, field, std::slice::from_ref(object), false).await {
            Some(json) => Ok(Value::Binary(json.into())),
            None => object.resolve(ctx, field).await,
        }
    }
}

async fn written<T: Listed>(
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
    items: &[T],
    list: bool,
) -> Option<Vec<u8>> {
    ctx.data_opt::<DirectJsonEnabled>()?;
    T::write(&ctx.with_field(field), items, list).await
}
