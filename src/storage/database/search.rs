//! Search in text, ignoring case. Neither database reliably knows the case of letters beyond ASCII (PostgreSQL depends
//! on its locale), so the pattern contains both forms of each letter.

use sea_orm::DbBackend;
use sea_orm::sea_query::extension::postgres::PgBinOper;
use sea_orm::sea_query::extension::sqlite::SqliteBinOper;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};

/// The condition that `column` contains `text`.
pub fn contains_ignoring_case(backend: DbBackend, column: Expr, text: &str) -> SimpleExpr {
    if text.contains('\0') {
        return Expr::val(false); // no stored text contains NUL, and PostgreSQL rejects it as a parameter
    }
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
