//! The ids of rows.

use super::{RowError, RowField};
use crate::domain::RefusalCode;
use std::collections::HashSet;

/// The number of an id: decimal, from 1 to 2^63 − 1, without leading zeros.
pub(super) fn parse(text: &str, field: RowField) -> Result<i64, RowError> {
    let is_canonical = text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| is_canonical).ok_or_else(|| {
        let message = format!("The {} has to be a whole number from 1 to {}.", field.label(), i64::MAX);
        RowError::new(RefusalCode::InvalidId, field, message)
    })
}

/// The numbers of these ids. An id may occur once: of several rows with the same id the first one counts.
pub fn admit<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<Result<i64, RowError>> {
    let mut seen = HashSet::new();
    let once = |id| {
        let message = "This id occurs more than once in the request: only the first row counts.";
        if seen.insert(id) { Ok(id) } else { Err(RowError::new(RefusalCode::DuplicateId, RowField::Id, message)) }
    };
    let mut once = once;
    ids.into_iter().map(|id| parse(id, RowField::Id).and_then(&mut once)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive_numbers_of_63_bits_without_leading_zeros() {
        assert_eq!(parse("1", RowField::Id), Ok(1));
        assert_eq!(parse("9223372036854775807", RowField::Id), Ok(i64::MAX));
        for text in ["", "0", "-1", "+1", "01", " 1", "1.0", "1e3", "x", "9223372036854775808", "１"] {
            let error = parse(text, RowField::CompanyId).unwrap_err();
            assert_eq!((error.code, error.field), (RefusalCode::InvalidId, RowField::CompanyId), "{text:?}");
        }
    }

    #[test]
    fn first_of_several_rows_with_one_id_counts() {
        let codes: Vec<_> =
            admit(["7", "8", "7", "x", "x", "7"]).into_iter().map(|id| id.map_err(|error| error.code)).collect();
        let (twice, invalid) = (Err(RefusalCode::DuplicateId), Err(RefusalCode::InvalidId));
        assert_eq!(codes, [Ok(7), Ok(8), twice, invalid, invalid, twice]);
    }
}
