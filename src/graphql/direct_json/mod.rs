//! Objects written as JSON text, without the executor. The executor creates a future and a map entry for every field of
//! every row, which is most of the CPU time of a list (see `docs/PERFORMANCE.md` and `docs/decisions`).
//!
//! A [`plan::Plan`] says for each selected field how its value is obtained: written from the object, written from a
//! nested object, or executed. [`output`] carries plans out and is the only part that runs resolvers.

mod memory;
mod output;
mod plan;
mod scalar;

pub use output::{DirectList, DirectObject};
pub use plan::Plan;
pub(super) use scalar::json_enums;
pub use scalar::{JsonScalar, write_enum};

use async_graphql::{ContainerType, Context, Positioned, parser::types::SelectionSet};
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::Future;

/// An object type whose fields can be written.
pub trait WriteJson: ContainerType + Clone {
    /// The fields with texts that users write, also those of nested objects.
    const FREE_TEXTS: &'static [&'static str] = &[];

    /// The length of those texts of one object, in bytes.
    fn text_length(&self) -> usize {
        0
    }

    /// The fields with selections of their own that can be written.
    type Nested: NestedField<Self>;

    /// How a field without arguments and without a selection of its own is written; `None` when it has to be executed.
    fn field_writer(name: &str) -> Option<FieldWriter<Self>>;

    /// The same objects with what their nested fields need. `ctx` is the field that returns the objects. An object
    /// whose data could not be loaded is returned without it, and its fields are executed.
    fn load_nested<'a>(_ctx: &Context<'_>, objects: &'a [Self]) -> impl Future<Output = Cow<'a, [Self]>> + Send {
        std::future::ready(Cow::Borrowed(objects))
    }
}

/// Writes the value of a field.
pub type FieldWriter<T> = fn(&T, &Context<'_>, &mut Vec<u8>);

/// A field with a selection of its own, on objects of type `T`.
pub trait NestedField<T>: Sized + Send + Sync {
    /// The plan of a field; `None` when it has to be executed.
    fn plan(name: &str, selection_set: &Positioned<SelectionSet>, ctx: &Context<'_>) -> Option<Self>;

    /// Writes the nested object. Returns `None`, and may have written a part, when the object does not have its data.
    fn write(&self, object: &T, ctx: &Context<'_>, out: &mut Vec<u8>) -> Option<()>;
}

/// For types without nested fields.
impl<T> NestedField<T> for Infallible {
    fn plan(_: &str, _: &Positioned<SelectionSet>, _: &Context<'_>) -> Option<Self> {
        None
    }

    fn write(&self, _: &T, _: &Context<'_>, _: &mut Vec<u8>) -> Option<()> {
        match *self {}
    }
}

/// Implements [`WriteJson::field_writer`] with the resolvers of the fields. They are not `async`, so they cannot wait
/// or fail.
macro_rules! written_fields {
    ($($field:literal => $resolver:ident,)*) => {
        fn field_writer(name: &str) -> Option<$crate::graphql::direct_json::FieldWriter<Self>> {
            Some(match name {
                $($field => |object, ctx, out| {
                    $crate::graphql::direct_json::JsonScalar::write(&object.$resolver(ctx), out);
                },)*
                _ => return None,
            })
        }
    };
}
pub(super) use written_fields;
