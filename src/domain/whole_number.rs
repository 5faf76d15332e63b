//! Integers as JSON writes them.

/// The number, 2^50, up to which the parser of JSON never takes a number with a fraction for another integer: its error
/// is at most two units in the last place.
const MAX_EXACT: f64 = 1_125_899_906_842_624.0;

/// The integer that a number with a fraction or an exponent is, such as `27.0` and `1e2`. None if it is not whole, or
/// so large that the sender could mean another one.
#[must_use]
pub fn whole_number(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the number is whole and has at most 51 bits")]
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_and_exact_numbers_are_integers() {
        for (number, integer) in [
            (27.0, Some(27)),
            (1e2, Some(100)),
            (-0.0, Some(0)),
            (-3.0, Some(-3)),
            (1_125_899_906_842_623.0, Some(1_125_899_906_842_623)),
            (1_125_899_906_842_625.0, None),
            (9_007_199_254_740_991.0, None),
            (1.5, None),
            (1e-9, None),
            (1e300, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(whole_number(number), integer, "{number}");
        }
    }
}
