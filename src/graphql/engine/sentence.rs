//! Messages of libraries in the form of all messages: whole sentences.

/// The message of a library as a sentence: libraries begin in lower case and have no full stop.
#[must_use]
pub fn to_sentence(message: String) -> String {
    // A name in backticks has to stay as it is.
    let mut sentence = if message.starts_with('`') { format!("The {message}") } else { message };
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !sentence.ends_with(['.', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_of_a_library_becomes_a_sentence() {
        for (message, sentence) in
            [("cannot be", "Cannot be."), ("`a` is b", "The `a` is b."), ("Öl?", "Öl?"), ("got !", "Got !.")]
        {
            assert_eq!(to_sentence(message.to_owned()), sentence);
        }
    }
}
