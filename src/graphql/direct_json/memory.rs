//! About how much memory objects take while their fields are resolved.

use crate::graphql::direct_json::WriteJson;
use async_graphql::Context;
use async_graphql::parser::types::{Selection, SelectionSet};

/// The memory of a value in the executor's response with its key, in bytes.
const VALUE: usize = 100;

/// The memory of objects that were read from the database, in bytes.
pub fn of_rows<T: WriteJson>(objects: &[T]) -> usize {
    size_of_val(objects) + objects.iter().map(T::text_length).sum::<usize>()
}

/// The memory of the values that the executor makes of objects, in bytes: it holds them until the last one is resolved.
pub fn of_values<T: WriteJson>(objects: &[T], selection_set: &SelectionSet, ctx: &Context<'_>) -> usize {
    let mut count = Count::default();
    count.add::<T>(selection_set, ctx);
    let texts = objects.iter().map(T::text_length).sum::<usize>();
    objects.len() * count.fields * VALUE + texts * count.texts
}

/// How many fields a selection has, and how many of them are texts that users write.
#[derive(Default)]
struct Count {
    fields: usize,
    texts: usize,
}

impl Count {
    fn add<T: WriteJson>(&mut self, set: &SelectionSet, ctx: &Context<'_>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.fields += 1;
                    self.texts += usize::from(T::FREE_TEXTS.contains(&field.node.name.node.as_str()));
                    self.add::<T>(&field.node.selection_set.node, ctx);
                }
                Selection::InlineFragment(fragment) => self.add::<T>(&fragment.node.selection_set.node, ctx),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = ctx.query_env.fragments.get(&spread.node.fragment_name.node) {
                        self.add::<T>(&fragment.node.selection_set.node, ctx);
                    }
                }
            }
        }
    }
}
