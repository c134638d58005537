//! A log event as one flat JSON object.

use std::fmt;

use tracing::field::Visit;
use tracing::span::Record;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::json::{self, Members};

/// `{"at":…,"level":…,"target":…,"message":…,…}`: the event's fields as members of the line, and under `spans`, when
/// it has any, its spans from the outermost in.
pub(super) struct FlatJson;

/// The fields of a span, as members of an object.
pub(super) struct JsonFields;

impl<S> FormatEvent<S, JsonFields> for FlatJson
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        line.write_str(r#"{"at":""#)?;
        SystemTime.format_time(&mut line)?;
        line.write_str(level(*metadata.level()))?;
        json::string(&mut line, metadata.target())?;
        let mut members = Members::new(&mut line, false);
        event.record(&mut members);
        members.finish()?;
        if let Some(scope) = context.event_scope() {
            line.write_str(r#","spans":["#)?;
            for (index, span) in scope.from_root().enumerate() {
                line.write_str(if index == 0 { r#"{"name":"# } else { r#",{"name":"# })?;
                write_span(&mut line, &span)?;
            }
            line.write_char(']')?;
        }
        line.write_str("}\n")
    }
}

fn write_span<S>(line: &mut Writer<'_>, span: &SpanRef<'_, S>) -> fmt::Result
where
    S: for<'lookup> LookupSpan<'lookup>,
{
    json::string(line, span.name())?;
    if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>()
        && !fields.is_empty()
    {
        line.write_char(',')?;
        line.write_str(fields)?;
    }
    line.write_char('}')
}

/// From the end of the time to the start of the target.
fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => r#"","level":"error","target":"#,
        Level::WARN => r#"","level":"warn","target":"#,
        Level::INFO => r#"","level":"info","target":"#,
        Level::DEBUG => r#"","level":"debug","target":"#,
        Level::TRACE => r#"","level":"trace","target":"#,
    }
}

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = Members::new(&mut writer, true);
        fields.record(&mut members as &mut dyn Visit);
        members.finish()
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let first = current.fields.is_empty();
        let mut writer = current.as_writer();
        let mut members = Members::new(&mut writer, first);
        fields.record(&mut members);
        members.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use serde_json::{Value, json};
    use tracing::{error, info, info_span, subscriber};
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `log` writes, without their times.
    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields)
            .event_format(FlatJson)
            .with_writer(move || writer.clone());
        subscriber::with_default(Registry::default().with(layer), log);
        let text = String::from_utf8(written.0.lock().clone()).expect("a log is UTF-8");
        text.lines().map(without_time).collect()
    }

    fn without_time(line: &str) -> Value {
        let mut value: Value = serde_json::from_str(line).expect("a line is one JSON value");
        let at = value.as_object_mut().and_then(|line| line.remove("at")).expect("a line has its time");
        let at = at.as_str().expect("a time is a string");
        assert!(at.starts_with("20") && at.ends_with('Z') && at.len() == "2026-01-01T00:00:00.000000Z".len(), "{at}");
        value
    }

    #[test]
    fn an_event_is_one_flat_object() {
        let lines = lines(|| {
            info!(target: "access", method = "GET", status = 200, ms = 0.25, cached = true, size = -1, "request");
        });
        let expected = json!({"level": "info", "target": "access", "message": "request", "method": "GET",
            "status": 200, "ms": 0.25, "cached": true, "size": -1});
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn whatever_a_client_sends_stays_inside_its_string() {
        let nasty = "\"}\n{\"level\":\"error\\\u{1b}[31m\u{0}\u{7f}é🎸\r\t";
        let lines = lines(|| info!(path = nasty, other = ?nasty, "{nasty}"));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["path"], nasty);
        assert_eq!(lines[0]["message"], nasty);
        assert_eq!(lines[0]["other"], format!("{nasty:?}"));
    }

    #[test]
    fn fields_cannot_pass_for_the_lines_own() {
        let lines = lines(|| info!(level = "fake", at = 7, target = "fake", spans = 1, "real"));
        let expected = json!({"level": "info", "target": module_path!(), "message": "real",
            "level_": "fake", "at_": 7, "target_": "fake", "spans_": 1});
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn numbers_that_json_lacks_are_strings() {
        let lines = lines(|| info!(nan = f64::NAN, big = u128::MAX));
        assert_eq!((&lines[0]["nan"], &lines[0]["big"]), (&json!("NaN"), &json!(u128::MAX.to_string())));
    }

    #[test]
    fn an_error_tells_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot hold")]
        struct Outer(#[source] io::Error);
        let failed = Outer(io::Error::other("lost connection"));
        let lines = lines(|| error!(error = &failed as &dyn std::error::Error, "failed"));
        assert_eq!(lines[0]["error"], "cannot hold: lost connection");
    }

    #[test]
    fn spans_are_listed_from_the_outermost_in() {
        let lines = lines(|| {
            let request = info_span!("request", id = "r-1", status = tracing::field::Empty);
            request.record("status", 503);
            let _request = request.entered();
            let empty = info_span!("transaction", attempt = tracing::field::Empty).entered();
            empty.record("attempt", 2);
            let _bare = info_span!("bare").entered();
            info!("deep");
        });
        let expected = json!([{"name": "request", "id": "r-1", "status": 503},
            {"name": "transaction", "attempt": 2}, {"name": "bare"}]);
        assert_eq!(lines[0]["spans"], expected);
    }
}
