//! Limits on the size of a document, checked before it is validated. Each fragment is measured once, no matter how
//! often it is spread: a document of 1 KB can expand to millions of selections.

use crate::graphql::engine::error::RequestError;
use crate::graphql::engine::excess::Excess;
use apollo_compiler::ast::{Definition, Document, Selection};
use std::collections::HashMap;

/// Limits on untrusted documents.
#[derive(Clone, Copy, Debug)]
pub struct DocumentLimits {
    /// The length of the text, in bytes. Also that of the variables of a subscription as JSON.
    pub length: usize,
    /// The number of tokens, white space included.
    pub tokens: usize,
    /// The nesting of brackets of any kind.
    pub nesting: usize,
    /// The number of selections, with the selections of each fragment counted where it is spread.
    pub selections: usize,
    /// The depth of fields.
    pub depth: usize,
    /// The number of aliases, counted as selections are.
    pub aliases: usize,
    /// The number of directives, counted as selections are.
    pub directives: usize,
    /// The length of a name, in bytes.
    pub name: usize,
    /// The cost of an operation (see `cost.rs`). Introspection may cost several times as much.
    pub complexity: usize,
    /// The memory of the valid documents in the cache, in bytes.
    pub cache: usize,
}

impl Default for DocumentLimits {
    /// Sufficient for GraphiQL's introspection, and for a page of 100 interviews with all their people.
    fn default() -> Self {
        Self {
            length: 64 * 1024,
            tokens: 8000,
            nesting: 40,
            selections: 3000,
            depth: 20,
            aliases: 100,
            directives: 100,
            name: 256,
            complexity: 20_000,
            cache: 16 * 1024 * 1024,
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Size {
    selections: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
    longest_name: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.longest_name = self.longest_name.max(other.longest_name);
    }
}

struct Sizes<'a> {
    fragments: HashMap<&'a str, &'a [Selection]>,
    known: HashMap<&'a str, Size>,
}

/// # Errors
/// `QUERY_TOO_COMPLEX`
pub fn check(document: &Document, limits: &DocumentLimits) -> Result<(), RequestError> {
    let mut sizes = Sizes { fragments: HashMap::new(), known: HashMap::new() };
    for definition in &document.definitions {
        if let Definition::FragmentDefinition(fragment) = definition {
            sizes.fragments.insert(&fragment.name, &fragment.selection_set);
        }
    }
    let mut total = Size::default();
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                total.add(sizes.of(&operation.selection_set));
                let names = operation.variables.iter().map(|variable| variable.name.len());
                let longest =
                    names.chain(operation.name.as_ref().map(apollo_compiler::Name::len)).max().unwrap_or_default();
                total.longest_name = total.longest_name.max(longest);
                total.directives = total.directives.saturating_add(operation.directives.len());
            }
            Definition::FragmentDefinition(fragment) => {
                // Names count in fragments that are never spread as well.
                let longest = sizes.of(&fragment.selection_set).longest_name.max(fragment.name.len());
                total.longest_name = total.longest_name.max(longest);
            }
            _ => {}
        }
    }
    for (unit, size, limit) in [
        ("selections", total.selections, limits.selections),
        ("levels of fields", total.depth, limits.depth),
        ("aliases", total.aliases, limits.aliases),
        ("directives", total.directives, limits.directives),
        ("bytes in a name", total.longest_name, limits.name),
    ] {
        if size > limit {
            let message = format!("The document has more than {limit} {unit}.");
            return Err(RequestError::too_complex(message, Excess::of_limit(limit)));
        }
    }
    Ok(())
}

impl<'a> Sizes<'a> {
    fn of(&mut self, selections: &'a [Selection]) -> Size {
        let mut size = Size::default();
        for selection in selections {
            size.add(match selection {
                Selection::Field(field) => {
                    let mut of_field = self.of(&field.selection_set);
                    of_field.add(Size {
                        selections: 1,
                        aliases: field.alias.is_some().into(),
                        directives: field.directives.len(),
                        longest_name: field.response_name().len().max(field.name.len()),
                        depth: 0,
                    });
                    of_field.depth += 1;
                    of_field
                }
                Selection::InlineFragment(fragment) => {
                    let mut of_fragment = self.of(&fragment.selection_set);
                    of_fragment.add(Size { selections: 1, directives: fragment.directives.len(), ..Size::default() });
                    of_fragment
                }
                Selection::FragmentSpread(spread) => {
                    let mut of_fragment = self.of_fragment(&spread.fragment_name);
                    of_fragment.add(Size { selections: 1, directives: spread.directives.len(), ..Size::default() });
                    of_fragment
                }
            });
        }
        size
    }

    fn of_fragment(&mut self, name: &'a str) -> Size {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        // Zero until it is measured, so that the recursion ends for a fragment that spreads itself. The validator
        // rejects that one.
        self.known.insert(name, Size::default());
        let size = self.fragments.get(name).copied().map_or_else(Size::default, |selections| self.of(selections));
        self.known.insert(name, size);
        size
    }
}
