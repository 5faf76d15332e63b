//! Suggestions for a misspelt name. They tell names of the schema, so that only clients get them who may read it.

/// Whether a client may read the names of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The client may.
    Shown,
    /// Introspection is closed to the client.
    Hidden,
}

/// The longest name for which there are suggestions, in bytes. The time grows with it.
const MAX_NAME: usize = 64;

/// The sentence ` Did you mean …?` with the name that is closest to this one, or nothing.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>, names: Names) -> String {
    if names == Names::Hidden || name.len() > MAX_NAME {
        return String::new();
    }
    let name = name.to_lowercase();
    let threshold = name.chars().count() / 3 + 1;
    let distance = |known: &str| strsim::osa_distance(&name, &known.to_lowercase());
    let closest = known.map(|known| (distance(known), known)).min();
    let closest = closest.filter(|(distance, _)| *distance <= threshold);
    closest.map_or_else(String::new, |(_, known)| format!(" Did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_name_is_suggested_to_clients_who_may_read_the_schema() {
        let known = ["startAt", "endAt", "location"];
        let suggestion = |name: &str| did_you_mean(name, known.into_iter(), Names::Shown);
        for (name, suggested) in [("start_at", "startAt"), ("startat", "startAt"), ("locaton", "location")] {
            assert_eq!(suggestion(name), format!(" Did you mean `{suggested}`?"), "{name}");
            assert_eq!(did_you_mean(name, known.into_iter(), Names::Hidden), "");
        }
        for name in ["", "colour", "x", &"startAt".repeat(100)] {
            assert_eq!(suggestion(name), "", "{name}");
        }
    }
}
