//! The direction of the layers, `domain ← storage, outbound ← services ← graphql, http, worker ← app ← cli, main`, and
//! the names that each layer must not use. The tests search the text of the sources, which is enough to notice a wrong
//! import.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A layer: what it may use of the others, and which crates and calls it must not know.
struct Layer {
    name: &'static str,
    uses: &'static [&'static str],
    without: &'static [&'static str],
}

/// A file or folder of `src/` belongs to the layer of its name.
const LAYERS: [Layer; 11] = [
    Layer {
        name: "domain",
        uses: &[],
        without: &[
            "async_graphql",
            "axum",
            "sea_orm",
            "sqlx",
            "migration",
            "tokio",
            "tracing",
            "serde_json",
            "futures_util",
            "async",
            "await",
            "std::fs",
            "std::io",
            "std::net",
            "std::env",
            "std::time",
        ],
    },
    Layer {
        name: "storage",
        uses: &["domain"],
        without: &["async_graphql", "async_graphql_axum", "axum", "jsonwebtoken", "clap"],
    },
    // Documents and requests, with the types of the domain, and nothing about what they mean.
    Layer {
        name: "outbound",
        uses: &["domain"],
        without: &["async_graphql", "axum", "sea_orm", "sqlx", "migration", "jsonwebtoken", "serde_json", "clap"],
    },
    Layer {
        name: "services",
        uses: &["domain", "storage", "outbound"],
        without: &["async_graphql", "async_graphql_axum", "axum", "sea_orm", "sqlx", "migration", "clap"],
    },
    Layer {
        name: "graphql",
        uses: &["domain", "services"],
        without: &["axum", "async_graphql_axum", "sea_orm", "sqlx", "migration", "clap", "jsonwebtoken"],
    },
    Layer {
        name: "http",
        uses: &["domain", "services", "graphql"],
        without: &["sea_orm", "sqlx", "migration", "clap", "jsonwebtoken"],
    },
    Layer {
        name: "worker",
        uses: &["services"],
        without: &["async_graphql", "axum", "sea_orm", "sqlx", "migration", "clap", "jsonwebtoken"],
    },
    // Settings fill in what each layer leaves open, and `app` wires by them.
    Layer {
        name: "config",
        uses: &["storage", "outbound", "services", "graphql", "http"],
        without: &["sea_orm", "sqlx", "async_graphql"],
    },
    Layer {
        name: "app",
        uses: &["domain", "storage", "services", "graphql", "http", "worker", "config"],
        without: &["sea_orm", "sqlx", "async_graphql"],
    },
    Layer {
        name: "cli",
        uses: &["domain", "storage", "services", "graphql", "http", "worker", "config", "app"],
        without: &["sea_orm", "sqlx", "async_graphql"],
    },
    Layer { name: "main", uses: &["cli"], without: &["sea_orm", "sqlx", "async_graphql", "axum"] },
];

/// A part of the GraphQL layer: the parts and the layers that it may use. A file or folder of `src/graphql/` belongs to
/// the part of its name.
struct Part {
    name: &'static str,
    parts: &'static [&'static str],
    layers: &'static [&'static str],
}

/// From the bottom to the top. What is general must not know what is special: the engine serves any schema, and the
/// schema is the only part that names the types of interviews.
const GRAPHQL_PARTS: [Part; 10] = [
    Part { name: "engine", parts: &[], layers: &[] },
    Part { name: "direct_json", parts: &["engine"], layers: &[] },
    Part { name: "relay", parts: &["engine", "direct_json"], layers: &["domain"] },
    Part { name: "loaders", parts: &["engine"], layers: &["domain", "services"] },
    Part { name: "root_counts", parts: &[], layers: &["domain", "services"] },
    Part { name: "failure", parts: &["engine"], layers: &["services"] },
    Part { name: "context", parts: &["engine", "failure", "loaders", "root_counts"], layers: &["domain", "services"] },
    Part {
        name: "schema",
        parts: &["engine", "direct_json", "relay", "loaders", "root_counts", "context"],
        layers: &["domain", "services"],
    },
    Part {
        name: "api",
        parts: &["engine", "failure", "context", "relay", "loaders", "root_counts", "schema"],
        layers: &["domain", "services"],
    },
    Part { name: "mod", parts: &["engine", "failure", "schema", "api"], layers: &["domain"] },
];

/// The only file that reads the current time.
const CLOCK: &str = "services/clock.rs";

#[test]
fn layer_uses_only_the_layers_listed_for_it() {
    let layers: BTreeMap<&str, &Layer> = LAYERS.iter().map(|layer| (layer.name, layer)).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(layer) = layers.get(source.layer()) else {
            panic!("src/{} is in no layer: give it a place in this list", source.path.display())
        };
        for used in source.uses() {
            let known = layers.contains_key(used.as_str());
            if known && used != layer.name && !layer.uses.contains(&used.as_str()) {
                wrong.push(format!("src/{} uses `{used}`, which `{}` must not", source.path.display(), layer.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn part_of_graphql_uses_only_the_parts_listed_for_it() {
    let wrong: Vec<String> =
        sources().iter().filter(|it| it.layer() == "graphql").flat_map(graphql_violations).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn forbidden_use_in_a_part_of_graphql_is_found() {
    let violations =
        |path: &str, code: &str| graphql_violations(&Source { path: path.into(), code: without_comments(code) }).len();
    for (path, code) in [
        ("graphql/engine/mod.rs", "use crate::graphql::schema::interview::subscription::SubscriptionArguments;"),
        ("graphql/engine/mod.rs", "use crate::graphql::{engine::error::Code, relay};"),
        ("graphql/engine/executor.rs", "use super::super::loaders::Loader;"),
        ("graphql/engine/document/mod.rs", "use super::super::schema::schema;"),
        ("graphql/engine/document/cost.rs", "let size = crate::graphql::relay::cursor::MAX_PAGE_SIZE;"),
        ("graphql/engine/error.rs", "use crate::services::ServiceError;"),
        ("graphql/relay/connection.rs", "use crate::graphql::schema::people::interviewee::Interviewee;"),
        ("graphql/direct_json/plan.rs", "use crate::graphql::schema::scalars::DateTime;"),
        ("graphql/direct_json/mod.rs", "use super::relay;"),
        ("graphql/loaders.rs", "use crate::graphql::context::ContextExt;"),
    ] {
        assert_eq!(violations(path, code), 1, "{path}: {code}");
    }
    for (path, code) in [
        ("graphql/engine/mod.rs", "use crate::graphql::engine::{document, error};"),
        ("graphql/engine/document/tests.rs", "use super::*; use super::cost;"),
        ("graphql/relay/connection.rs", "use crate::graphql::direct_json::WriteJson; use crate::domain::page::Page;"),
        ("graphql/schema/mod.rs", "use crate::graphql::RequestContext; use super::relay;"),
    ] {
        assert_eq!(violations(path, code), 0, "{path}: {code}");
    }
}

/// The wrong uses in a file of the GraphQL layer.
fn graphql_violations(source: &Source) -> Vec<String> {
    let name = source.part();
    let Some(part) = GRAPHQL_PARTS.iter().find(|part| part.name == name) else {
        return vec![format!("src/{} is in no part of `graphql`: give it a place in this list", source.path.display())];
    };
    let parts = source.uses_below("graphql").into_iter().filter(|used| {
        let known = GRAPHQL_PARTS.iter().any(|part| part.name == used);
        known && *used != part.name && !part.parts.contains(&used.as_str())
    });
    let layers = source.uses().into_iter().filter(|used| {
        let known = LAYERS.iter().any(|layer| layer.name == used);
        known && used != "graphql" && !part.layers.contains(&used.as_str())
    });
    let violation = |used| format!("src/{} uses `{used}`, which `graphql/{name}` must not", source.path.display());
    parts.chain(layers).map(violation).collect()
}

#[test]
fn layers_are_listed_in_order() {
    for (index, layer) in LAYERS.iter().enumerate() {
        for used in layer.uses {
            let place = LAYERS.iter().position(|layer| layer.name == *used);
            assert!(place.is_some_and(|place| place < index), "`{}` uses `{used}`, which comes later", layer.name);
        }
    }
}

#[test]
fn layer_uses_no_forbidden_name() {
    let mut wrong = Vec::new();
    for source in sources() {
        let without = LAYERS.iter().find(|layer| layer.name == source.layer()).map_or(&[][..], |layer| layer.without);
        for name in without.iter().filter(|name| source.names(name)) {
            wrong.push(format!("src/{} knows `{name}`", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_clock_reads_the_current_time() {
    let reads = |source: &Source| ["Utc::now", "Local::now", "SystemTime::now"].iter().any(|call| source.names(call));
    let reading: Vec<PathBuf> = sources().into_iter().filter(reads).map(|source| source.path).collect();
    assert_eq!(reading, [Path::new(CLOCK)]);
}

#[test]
fn only_outbound_makes_requests() {
    let requests = |source: &Source| ["reqwest", "rustls"].iter().any(|name| source.names(name));
    for source in sources().into_iter().filter(requests) {
        assert_eq!(source.layer(), "outbound", "src/{}", source.path.display());
    }
}

#[test]
fn only_storage_and_migrations_contain_sql() {
    // As they begin in the text of a program; what `storage` builds without text needs no search.
    let statements = ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "\"CREATE ", "\"PRAGMA "];
    for source in sources().into_iter().filter(|source| source.layer() != "storage") {
        for statement in statements {
            assert!(!source.code.contains(statement), "src/{} holds SQL: {statement}", source.path.display());
        }
    }
}

#[test]
fn every_file_begins_with_a_module_comment() {
    for source in sources() {
        let text = fs::read_to_string(root().join(&source.path)).unwrap();
        assert!(text.starts_with("//! "), "src/{} begins without `//!`", source.path.display());
    }
}

/// A file of `src/`, without its comments.
struct Source {
    path: PathBuf,
    code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file but the library's own, which only lists the layers.
fn sources() -> Vec<Source> {
    let mut folders = vec![root()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && path != root().join("lib.rs") {
                let code = without_comments(&fs::read_to_string(&path).unwrap());
                sources.push(Source { path: path.strip_prefix(root()).unwrap().to_owned(), code });
            }
        }
    }
    assert!(sources.len() > 50, "the sources are in src/");
    sources
}

/// Without what follows `//`, unless it is part of an address such as `https://`.
fn without_comments(text: &str) -> String {
    let code = |line: &str| {
        let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
        comment.map_or(line, |(at, _)| &line[..at]).to_owned() + "\n"
    };
    text.lines().map(code).collect()
}

impl Source {
    /// The first folder, or the file's own name.
    fn layer(&self) -> &str {
        let first = self.path.iter().next().unwrap();
        Path::new(first).file_stem().unwrap().to_str().unwrap()
    }

    /// How many modules deep the file's own module lies.
    fn depth(&self) -> usize {
        let module_of_a_folder = self.path.file_stem().is_some_and(|stem| stem == "mod");
        self.path.iter().count() - usize::from(module_of_a_folder)
    }

    /// The top-level modules that it uses: `crate::x`, the library's name from the binary, each of `crate::{x, y}`, and
    /// as many `super::` as lead out of the layer.
    fn uses(&self) -> Vec<String> {
        self.names_after(&["crate::".to_owned(), "interviews::".to_owned(), "super::".repeat(self.depth())])
    }

    /// The part of its layer to which the file belongs: the second folder, or the file's own name.
    fn part(&self) -> &str {
        let second = self.path.iter().nth(1).unwrap();
        Path::new(second).file_stem().unwrap().to_str().unwrap()
    }

    /// The modules of its own layer that it uses, by the same ways.
    fn uses_below(&self, layer: &str) -> Vec<String> {
        let up = "super::".repeat(self.depth() - 1);
        self.names_after(&[format!("crate::{layer}::"), up])
    }

    fn names_after(&self, roots: &[String]) -> Vec<String> {
        let mut names = Vec::new();
        for root in roots.iter().filter(|root| !root.is_empty()) {
            for (at, _) in self.code.match_indices(root.as_str()) {
                // `super::super::x` leads two modules up, and not also one.
                if !self.code[..at].ends_with(is_part_of_a_name) && !self.code[..at].ends_with("super::") {
                    names.extend(first_names(&self.code[at + root.len()..]));
                }
            }
        }
        names
    }

    /// Whether a name or path occurs in it as a whole.
    fn names(&self, name: &str) -> bool {
        self.code.match_indices(name).any(|(at, _)| {
            let (before, after) = (&self.code[..at], &self.code[at + name.len()..]);
            !before.ends_with(is_part_of_a_name) && !after.starts_with(is_part_of_a_name)
        })
    }
}

fn is_part_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `x` of `x::y`; `x` and `z` of `{x::{a, b}, z}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |path: &str| path.trim_start().chars().take_while(|c| is_part_of_a_name(*c)).collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0_u32;
    let mut names = vec![name(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

#[test]
fn every_form_of_import_is_found() {
    let of = |path: &str, code: &str| {
        let mut uses = Source { path: path.into(), code: without_comments(code) }.uses();
        uses.retain(|name| !name.is_empty());
        uses
    };
    assert_eq!(of("graphql/query.rs", "use crate::storage::{Db, list};"), ["storage"]);
    assert_eq!(of("graphql/query.rs", "use crate::{domain::{A, B}, storage, app::App};"), ["domain", "storage", "app"]);
    assert_eq!(of("graphql/query.rs", "let x = crate::app::run();"), ["app"]);
    assert_eq!(of("graphql/query.rs", "use super::super::storage;"), ["storage"]);
    assert_eq!(of("graphql/mod.rs", "use super::http;"), ["http"]);
    assert_eq!(of("graphql/types/event.rs", "use super::super::super::cli::x;"), ["cli"]);
    assert_eq!(of("main.rs", "use interviews::cli::{self, Cli};"), ["cli"]);
    for harmless in ["use super::inputs;", "// crate::storage", "use other_crate::storage;", "pub(crate) use text::x;"]
    {
        assert_eq!(of("graphql/query.rs", harmless), Vec::<String>::new(), "{harmless}");
    }

    let code = without_comments("let a = tokio_x::y; // axum\nlet b = \"https://sqlx\"; axum::serve(); Utc :: now");
    let source = Source { path: "domain/x.rs".into(), code };
    assert!(source.names("axum") && source.names("sqlx") && !source.names("tokio"));
}
