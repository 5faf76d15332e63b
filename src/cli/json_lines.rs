//! The format `json` of the log: one flat object for each line. The fields of the request come before those of the
//! line, and each name occurs once.

use serde_json::{Map, Value, json};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as flat JSON. Spans have to be formatted with [`JsonFields`].
pub struct JsonLines;

/// The fields of a line, in their order.
#[derive(Default)]
struct Line(Vec<(String, Value)>);

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut line = Line::default();
        line.set("timestamp", json!(timestamp));
        line.set("level", json!(event.metadata().level().as_str()));
        line.set("target", json!(event.metadata().target()));
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>().map_or("", |fields| fields.as_str());
            for (name, value) in serde_json::from_str::<Map<String, Value>>(fields).unwrap_or_default() {
                line.set(&name, value);
            }
        }
        event.record(&mut line);
        let fields = line.0.iter().map(|(name, value)| format!("{}:{value}", json!(name)));
        writeln!(writer, "{{{}}}", fields.collect::<Vec<_>>().join(","))
    }
}

impl Line {
    fn set(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Libraries that log by the crate `log` have their own target in such a field.
        match field.name() {
            "log.target" => self.set("target", json!(format!("{value:?}").trim_matches('"'))),
            name if name.starts_with("log.") => {}
            name => self.set(name, json!(format!("{value:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Buffer {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn fields_of_spans_and_of_the_line_are_flat_and_occur_once() {
        let buffer = Buffer::default();
        let lines = tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(JsonLines);
        let subscriber = tracing_subscriber::registry().with(lines.with_writer(buffer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::error_span!("request", request_id = "r\"1", path = "/graphql").entered();
            let (absent, shown): (Option<u64>, _) = (None, tracing::field::display("10.0.0.1"));
            let request_id = "r\"1";
            tracing::info!(target: "access", request_id, status = 200, absent, shown, ratio = 3.5, "a \"line\"");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let (before, after) = text.split_once("\"level\"").unwrap();
        assert!(before.starts_with("{\"timestamp\":\"") && text.ends_with("}\n"), "{text}");
        assert_eq!(text.matches("request_id").count(), 1, "{text}");
        let line: Value = serde_json::from_str(&format!("{{\"level\"{after}")).unwrap();
        let expected = json!({
            "level": "INFO", "target": "access", "request_id": "r\"1", "path": "/graphql", "message": "a \"line\"",
            "status": 200, "shown": "10.0.0.1", "ratio": 3.5,
        });
        assert_eq!(line, expected);
    }
}
