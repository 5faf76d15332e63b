//! The trace of a request, by which a proxy or a client names it (<https://www.w3.org/TR/trace-context/>).

use axum::http::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The id of the trace in a well-formed header. A request with several of them has none.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let mut parts = value.to_str().ok()?.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version == "00" && parts.next().is_none() || version != "00" && version != "ff";
    let is_well_formed = is_known
        && [(version, 2), (trace, 32), (parent, 16), (flags, 2)].iter().all(|(part, length)| is_hex(part, *length))
        && [trace, parent].iter().all(|id| id.bytes().any(|byte| byte != b'0'));
    is_well_formed.then_some(trace)
}

/// Whether this is a number in lower-case hexadecimal digits.
fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn only_a_well_formed_header_names_a_trace() {
        let parent = "00f067aa0ba902b7";
        let zeros = "0".repeat(32);
        for (value, is_trace) in [
            (format!("00-{TRACE}-{parent}-01"), true),
            (format!("00-{TRACE}-{parent}-00"), true),
            (format!("cc-{TRACE}-{parent}-01-what-comes"), true),
            (format!("00-{TRACE}-{parent}-01-more"), false),
            (format!("ff-{TRACE}-{parent}-01"), false),
            (format!("0-{TRACE}-{parent}-01"), false),
            (format!("00-{}-{parent}-01", TRACE.to_uppercase()), false),
            (format!("00-{}-{parent}-01", &TRACE[1..]), false),
            (format!("00-{zeros}-{parent}-01"), false),
            (format!("00-{TRACE}-{}-01", &zeros[..16]), false),
            (format!("00-{TRACE}-{parent}"), false),
            (format!("00-{TRACE}-{parent}-0g"), false),
            (format!("00-{TRACE}-{parent}-01 "), false),
            (TRACE.to_owned(), false),
            (String::new(), false),
        ] {
            let headers = HeaderMap::from_iter([(TRACEPARENT, value.parse().unwrap())]);
            assert_eq!(trace_id(&headers), is_trace.then_some(TRACE), "{value}");
        }
        let mut twice = HeaderMap::new();
        twice.append(TRACEPARENT, format!("00-{TRACE}-{parent}-01").parse().unwrap());
        twice.append(TRACEPARENT, format!("00-{TRACE}-{parent}-01").parse().unwrap());
        assert_eq!(trace_id(&twice), None);
    }
}
