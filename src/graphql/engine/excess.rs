//! By how much an operation exceeds a limit: `cost` and `limit` of `QUERY_TOO_COMPLEX`.

use async_graphql::Value;

/// By how much an operation exceeds a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The cost of the operation in points, or of all operations of a batch up to it. None where the limit is on
    /// something else, and where counting stops at the limit.
    cost: Option<usize>,
    /// The limit, in the unit that the message names. None for a limit without a number.
    limit: Option<usize>,
}

impl Excess {
    /// The operation costs more points than the limit.
    #[must_use]
    pub fn of_cost(cost: usize, limit: usize) -> Self {
        // Costs are added up to the largest number, which is none.
        Self { cost: Some(cost).filter(|cost| *cost < usize::MAX), limit: Some(limit) }
    }

    /// There is more of something than the limit. How much is not counted.
    #[must_use]
    pub fn of_limit(limit: usize) -> Self {
        Self { cost: None, limit: Some(limit) }
    }

    /// A limit that has no number.
    #[must_use]
    pub fn unknown() -> Self {
        Self { cost: None, limit: None }
    }

    /// The values of `extensions.cost` and `extensions.limit`.
    #[must_use]
    pub fn extensions(self) -> [(&'static str, Value); 2] {
        let value = |number: Option<usize>| number.map_or(Value::Null, |number| Value::from(number as u64));
        [("cost", value(self.cost)), ("limit", value(self.limit))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_beyond_the_largest_number_is_unknown() {
        assert_eq!(Excess::of_cost(usize::MAX, 7), Excess::of_limit(7));
    }
}
