//! The output types of fields whose objects are written as JSON text.

use crate::graphql::direct_json::plan::{Plan, SourceFields};
use crate::graphql::direct_json::{WriteJson, memory};
use crate::graphql::engine::EmbeddedJson;
use crate::graphql::engine::json::write_value;
use crate::graphql::engine::response_limits::ResponseError;
use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Error, OutputType, Positioned, ServerResult, Value};
use futures_util::future::try_join_all;
use std::borrow::Cow;
use std::ops::Deref;

/// A list of objects.
pub struct DirectList<'a, T>(pub &'a [T]);

/// An object.
pub struct DirectObject<R>(pub R);

impl<T: WriteJson> OutputType for DirectList<'_, T> {
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
        match write_objects(ctx, field, self.0, Shape::List).await? {
            Some(json) => Ok(json),
            None => self.0.resolve(ctx, field).await,
        }
    }
}

impl<T: WriteJson, R: Deref<Target = T> + Send + Sync> OutputType for DirectObject<R> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let object: &T = &self.0;
        match write_objects(ctx, field, std::slice::from_ref(object), Shape::Object).await? {
            Some(json) => Ok(json),
            None => object.resolve(ctx, field).await,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Object,
    List,
}

/// About the length of an object as JSON, in bytes: that of an interview with its people.
const OBJECT_LENGTH: usize = 768;

/// The objects as JSON text; `None` when the executor does as well, or when text is not permitted.
///
/// # Errors
/// The errors of executed fields, as the executor reports them, and those of the limits on responses.
async fn write_objects<T: WriteJson>(
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
    objects: &[T],
    shape: Shape,
) -> ServerResult<Option<Value>> {
    let Some(embedded_json) = ctx.data_opt::<EmbeddedJson>() else { return Ok(None) };
    let fail = |error: ResponseError| ctx.set_error_path(Error::from(error).into_server_error(field.pos));
    let field_ctx = ctx.with_field(field);
    embedded_json.hold(memory::of_rows(objects)).map_err(fail)?;
    let (plan, sources) = Plan::<T>::new(&ctx.item.node, &field_ctx);
    if !plan.writes() || !embedded_json.is_permitted() {
        embedded_json.hold(memory::of_values(objects, &ctx.item.node, &field_ctx)).map_err(fail)?;
        return Ok(None);
    }
    let execution = Execution { ctx, objects, sources: &sources, shape };
    // Loaded and executed concurrently, so that the loaders of both fetch in one batch.
    let load = async {
        let loaded = if plan.has_nested() { T::load_nested(&field_ctx, objects).await } else { Cow::Borrowed(objects) };
        ServerResult::Ok(loaded)
    };
    let executed = async {
        let fields: Vec<usize> = plan.executed().collect();
        let mut values = ExecutedValues::new(plan.len());
        if !fields.is_empty() {
            values.extend(execution.run((0..objects.len()).map(|row| (row, fields.clone())).collect()).await?);
        }
        ServerResult::Ok(values)
    };
    let (loaded, mut executed) = futures_util::try_join!(load, executed)?;
    let write = |executed: &ExecutedValues| {
        let mut text = embedded_json.begin(executed.iter());
        let mut out = Vec::with_capacity(OBJECT_LENGTH * loaded.len());
        let mut missing = Vec::new();
        for (row, object) in loaded.iter().enumerate() {
            if shape == Shape::List {
                out.push(if row == 0 { b'[' } else { b',' });
            }
            let fields = plan.write(object, &field_ctx, |field, out| executed.write(row, field, out), &mut out);
            if !fields.is_empty() {
                missing.push((row, fields));
            }
            text.check(&out).map_err(fail)?;
        }
        if shape == Shape::List {
            out.extend_from_slice(if loaded.is_empty() { b"[]" } else { b"]" });
        }
        ServerResult::Ok((text, out, missing))
    };
    let (mut text, mut out, missing) = write(&executed)?;
    if !missing.is_empty() {
        drop((text, out));
        executed.extend(execution.run(missing).await?);
        (text, out, _) = write(&executed)?;
    }
    text.finish(out, objects.len()).map(Some).map_err(fail)
}

/// The execution of fields by their resolvers, in the same structure as the executor's: errors come out alike.
struct Execution<'a, T> {
    ctx: &'a ContextSelectionSet<'a>,
    objects: &'a [T],
    sources: &'a SourceFields<'a>,
    shape: Shape,
}

impl<T: WriteJson> Execution<'_, T> {
    /// Executes fields of rows concurrently. Returns row, field and value.
    async fn run(&self, rows: Vec<(usize, Vec<usize>)>) -> ServerResult<Vec<(usize, usize, Value)>> {
        let rows = rows.into_iter().map(async |(row, fields)| {
            let ctx = match self.shape {
                Shape::Object => self.ctx.clone(),
                Shape::List => self.ctx.with_index(row),
            };
            let values = fields.into_iter().map(|field| {
                let ctx = ctx.with_field(self.sources[field]);
                async move {
                    let value = self.objects[row].resolve_field(&ctx).await?;
                    Ok((row, field, value.unwrap_or_default()))
                }
            });
            try_join_all(values).await.map_err(|error| match self.shape {
                Shape::Object => error,
                Shape::List => ctx.set_error_path(error),
            })
        });
        Ok(try_join_all(rows).await?.into_iter().flatten().collect())
    }
}

/// The values of executed fields by row and field. Takes no memory until there is one.
struct ExecutedValues {
    fields: usize,
    values: Vec<Option<Value>>,
}

impl ExecutedValues {
    fn new(fields: usize) -> Self {
        Self { fields, values: Vec::new() }
    }

    fn extend(&mut self, values: Vec<(usize, usize, Value)>) {
        for (row, field, value) in values {
            let index = row * self.fields + field;
            if index >= self.values.len() {
                self.values.resize_with((row + 1) * self.fields, || None);
            }
            self.values[index] = Some(value);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().flatten()
    }

    /// Writes a value; `false` when the field was not executed.
    fn write(&self, row: usize, field: usize, out: &mut Vec<u8>) -> bool {
        let value = self.values.get(row * self.fields + field).and_then(Option::as_ref);
        value.inspect(|value| write_value(value, out)).is_some()
    }
}
