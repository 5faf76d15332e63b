//! Search in names. Both databases compare folded texts with each other: what is equal but for case or encoding is for
//! the domain to say, and neither database knows it (PostgreSQL's `lower` depends on its locale, SQLite's on ASCII).

use crate::domain::Search;
use sea_orm::DbBackend;
use sea_orm::sea_query::extension::postgres::PgBinOper;
use sea_orm::sea_query::extension::sqlite::SqliteBinOper;
use sea_orm::sea_query::{Expr, ExprTrait, Func, SimpleExpr};

/// The condition that the name contains the text. `folded` is the column with the folded name; it is null in rows that
/// a server of the previous release has written, which are found as that server finds them.
pub fn name_contains(backend: DbBackend, name: Expr, folded: Expr, search: &Search) -> SimpleExpr {
    let text = search.folded();
    let contains = if backend == DbBackend::Postgres {
        folded.clone().like(format!("%{}%", literal(text)))
    } else {
        // `LIKE` and `GLOB` have patterns, and limits on their length.
        SimpleExpr::from(Func::cust("instr").args([folded.clone(), Expr::val(text)])).gt(0)
    };
    contains.or(folded.is_null().and(contains_ignoring_case(backend, name, search.text())))
}

/// The text as a part of a pattern of `LIKE` that matches nothing else.
fn literal(text: &str) -> String {
    let escaped = |c| if matches!(c, '%' | '_' | '\\') { vec!['\\', c] } else { vec![c] };
    text.chars().flat_map(escaped).collect()
}

/// The condition that `column` contains `text`, with both forms of each letter. The text has no NUL, which PostgreSQL
/// takes in no parameter.
fn contains_ignoring_case(backend: DbBackend, column: Expr, text: &str) -> SimpleExpr {
    let postgres = backend == DbBackend::Postgres;
    let pattern: String = text.chars().map(|c| in_either_case(c, postgres)).collect();
    if postgres {
        column.binary(PgBinOper::Regex, Expr::val(pattern))
    } else {
        column.binary(SqliteBinOper::Glob, Expr::val(format!("*{pattern}*")))
    }
}

/// One character of a pattern: of a regular expression of PostgreSQL, or of a GLOB.
fn in_either_case(c: char, regular_expression: bool) -> String {
    let (lower, upper) = (c.to_lowercase(), c.to_uppercase());
    let mut forms: Vec<char> = [c].into_iter().chain(single(lower)).chain(single(upper)).collect();
    forms.sort_unstable();
    forms.dedup();
    match forms[..] {
        [c] if regular_expression && c.is_ascii_punctuation() => format!("\\{c}"),
        [c @ ('*' | '?' | '[')] if !regular_expression => format!("[{c}]"),
        [c] => c.to_string(),
        _ => format!("[{}]", String::from_iter(forms)),
    }
}

/// None for a form of several characters, such as the upper case of `ß`.
fn single(mut form: impl ExactSizeIterator<Item = char>) -> Option<char> {
    if form.len() == 1 { form.next() } else { None }
}
