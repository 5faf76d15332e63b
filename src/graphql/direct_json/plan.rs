//! Plans: how each selected field of an object type is obtained.

use crate::graphql::direct_json::{FieldWriter, JsonScalar, NestedField, WriteJson};
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{Context, Positioned};

/// How the objects of a type are written.
pub struct Plan<T: WriteJson> {
    fields: Vec<PlannedField<T>>,
}

struct PlannedField<T: WriteJson> {
    /// The response key as JSON, with the colon.
    key: String,
    step: Step<T>,
}

/// How the value of a field is obtained.
enum Step<T: WriteJson> {
    TypeName,
    Write(FieldWriter<T>),
    Nested(T::Nested),
    /// By its resolver.
    Execute,
}

/// The fields of a plan in the document, in the order of the plan.
pub type SourceFields<'a> = Vec<&'a Positioned<Field>>;

impl<T: WriteJson> Plan<T> {
    /// The plan of a selection, and its fields. Fields with one response key have one value, because documents in which
    /// values would have to be merged are not planned (see [`crate::graphql::engine::EmbeddedJson`]).
    pub fn new<'a>(selection_set: &'a SelectionSet, ctx: &Context<'a>) -> (Self, SourceFields<'a>) {
        let mut plan = Self { fields: Vec::with_capacity(selection_set.items.len()) };
        let mut sources = Vec::with_capacity(selection_set.items.len());
        plan.add_selections(selection_set, ctx, &mut sources);
        (plan, sources)
    }

    /// A plan without executed fields; `None` when a field has to be executed.
    pub fn without_execution(selection_set: &Positioned<SelectionSet>, ctx: &Context<'_>) -> Option<Self> {
        let (plan, _) = Self::new(&selection_set.node, ctx);
        let executes = plan.executed().next().is_some();
        (!executes).then_some(plan)
    }

    /// The indices of the fields that are executed.
    pub fn executed(&self) -> impl Iterator<Item = usize> {
        let fields = self.fields.iter().enumerate();
        fields.filter(|(_, field)| matches!(field.step, Step::Execute)).map(|(index, _)| index)
    }

    pub fn has_nested(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.step, Step::Nested(_)))
    }

    /// Whether a field is written, so that the plan does more than the executor would.
    pub fn writes(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.step, Step::Write(_) | Step::Nested(_)))
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    // `@skip` and `@include` are applied and removed before the execution, and other directives are not valid in a
    // selection.
    fn add_selections<'a>(&mut self, set: &'a SelectionSet, ctx: &Context<'a>, sources: &mut SourceFields<'a>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.add_field(field, ctx, sources),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| *condition.node.on.node == *T::type_name()) {
                        self.add_selections(&fragment.node.selection_set.node, ctx, sources);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = ctx.query_env.fragments.get(&spread.node.fragment_name.node)
                        && *fragment.node.type_condition.node.on.node == *T::type_name()
                    {
                        self.add_selections(&fragment.node.selection_set.node, ctx, sources);
                    }
                }
            }
        }
    }

    fn add_field<'a>(&mut self, field: &'a Positioned<Field>, ctx: &Context<'a>, sources: &mut SourceFields<'a>) {
        // A name has no characters that JSON would escape.
        let key = format!("\"{}\":", field.node.response_key().node);
        if self.fields.iter().any(|known| known.key == key) {
            return;
        }
        let name = field.node.name.node.as_str();
        let step = if name == "__typename" {
            Step::TypeName
        } else if !field.node.arguments.is_empty() {
            Step::Execute
        } else if let Some(write) = T::field_writer(name) {
            Step::Write(write)
        } else {
            T::Nested::plan(name, &field.node.selection_set, ctx).map_or(Step::Execute, Step::Nested)
        };
        self.fields.push(PlannedField { key, step });
        sources.push(field);
    }

    /// Writes an object. `value_of` writes the value of an executed field by its index, if there is one. Returns the
    /// indices of nested fields that could not be written.
    pub fn write(
        &self,
        object: &T,
        ctx: &Context<'_>,
        value_of: impl Fn(usize, &mut Vec<u8>) -> bool,
        out: &mut Vec<u8>,
    ) -> Vec<usize> {
        let mut missing = Vec::new();
        out.push(b'{');
        for (index, PlannedField { key, step }) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key.as_bytes());
            match step {
                Step::TypeName => (&*T::type_name()).write(out),
                Step::Write(write) => write(object, ctx, out),
                Step::Nested(nested) if !value_of(index, out) => {
                    if nested.write(object, ctx, out).is_none() {
                        missing.push(index);
                    }
                }
                Step::Nested(_) => {}
                Step::Execute => {
                    value_of(index, out);
                }
            }
        }
        out.push(b'}');
        missing
    }

    /// Writes an object by a plan without executed fields; `None` when a nested object was not loaded.
    pub fn write_loaded(&self, object: &T, ctx: &Context<'_>, out: &mut Vec<u8>) -> Option<()> {
        self.write(object, ctx, |_, _| false, out).is_empty().then_some(())
    }
}
