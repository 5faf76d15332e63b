//! How much a document asks for, before it is understood. Fragments are measured once, however often they are spread: a document of
//! 1 KB can expand to millions of selections.

use crate::graphql::engine::document::RequestError;
use crate::graphql::engine::error::Code;
use apollo_compiler::ast::{Definition, Document, Selection};
use std::collections::HashMap;

/// What a document may be.
#[derive(Clone, Copy, Debug)]
pub struct DocumentLimits {
    /// The most tokens, the white space between them counted as well.
    pub tokens: usize,
    /// The deepest nesting of brackets of any kind.
    pub nesting: usize,
    /// The most selections, with every fragment spread where it is named.
    pub selections: usize,
    /// The deepest field.
    pub depth: usize,
    /// The most aliases, counted as selections are.
    pub aliases: usize,
    /// The most directives, counted as selections are.
    pub directives: usize,
    /// The longest name, in bytes.
    pub name: usize,
    /// The most that an operation may cost; lists multiply.
    pub complexity: usize,
    /// How many documents are remembered.
    pub remembered: usize,
}

impl Default for DocumentLimits {
    /// Wide enough for GraphiQL's introspection, and for a page of 100 interviews with all their people.
    fn default() -> Self {
        Self {
            tokens: 8000,
            nesting: 40,
            selections: 3000,
            depth: 20,
            aliases: 100,
            directives: 100,
            name: 256,
            complexity: 20_000,
            remembered: 1000,
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
/// [`RequestError`] with `QUERY_TOO_COMPLEX`.
pub fn check(document: &Document, limits: &DocumentLimits) -> Result<(), RequestError> {
    let mut sizes = Sizes { fragments: HashMap::new(), known: HashMap::new() };
    for definition in &document.definitions {
        if let Definition::FragmentDefinition(fragment) = definition {
            sizes.fragments.insert(&fragment.name, &fragment.selection_set);
        }
    }
    let mut whole = Size::default();
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                whole.add(sizes.of(&operation.selection_set));
                let names = operation.variables.iter().map(|variable| variable.name.len());
                let longest =
                    names.chain(operation.name.as_ref().map(apollo_compiler::Name::len)).max().unwrap_or_default();
                whole.longest_name = whole.longest_name.max(longest);
                whole.directives = whole.directives.saturating_add(operation.directives.len());
            }
            Definition::FragmentDefinition(fragment) => {
                // Spread or not: its text is there.
                let longest = sizes.of(&fragment.selection_set).longest_name.max(fragment.name.len());
                whole.longest_name = whole.longest_name.max(longest);
            }
            _ => {}
        }
    }
    for (what, is, limit) in [
        ("selections", whole.selections, limits.selections),
        ("levels of fields", whole.depth, limits.depth),
        ("aliases", whole.aliases, limits.aliases),
        ("directives", whole.directives, limits.directives),
        ("bytes in a name", whole.longest_name, limits.name),
    ] {
        if is > limit {
            return Err(RequestError::new(
                Code::QueryTooComplex,
                format!("the document has more than {limit} {what}"),
                None,
            ));
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
        // Until it is known it counts as nothing: so a fragment that spreads itself ends here, and the validator refuses it.
        self.known.insert(name, Size::default());
        let size = self.fragments.get(name).copied().map_or_else(Size::default, |selections| self.of(selections));
        self.known.insert(name, size);
        size
    }
}
