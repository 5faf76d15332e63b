//! Keys that are none.

use super::{keyed, keys};
use crate::support::Database::Sqlite;
use crate::support::actor::refusals;
use crate::support::lifecycle::write_counts;
use crate::support::people::JUDE_WITH_LUISA;
use serde_json::{Value, json};

#[tokio::test]
async fn key_has_1_to_255_printable_ascii_characters() {
    let app = start!(Sqlite);
    let (before, arguments) = (write_counts(&app).await, format!("id: {JUDE_WITH_LUISA}"));
    for key in ["", &"k".repeat(256), "ключ", "é", "a\u{0}", "a\nb", "a\tb", "\u{7f}", "\u{2028}"] {
        let payload = keyed(&app.driver(), "acceptInterview", &arguments, key).await;
        assert_eq!(refusals(&payload), ["INVALID_IDEMPOTENCY_KEY idempotencyKey"], "{key:?}");
        assert_eq!((&payload["interview"], &payload["replayed"]), (&Value::Null, &json!(false)));
    }
    assert_eq!((write_counts(&app).await, keys(&app).await), (before, 0));
    let longest = "~".repeat(255);
    for replayed in [false, true] {
        let payload = keyed(&app.driver(), "acceptInterview", &arguments, &longest).await;
        assert_eq!((refusals(&payload), &payload["replayed"]), (vec![], &json!(replayed)));
    }
}

#[tokio::test]
async fn null_is_no_key() {
    let app = start!(Sqlite);
    let mutation = format!(
        "mutation($key: String) {{ acceptInterview(id: {JUDE_WITH_LUISA}, idempotencyKey: $key) \
         {{ replayed userErrors {{ code }} }} }}"
    );
    for (variables, errors) in [(json!({"key": null}), json!([])), (json!({}), json!([{"code": "INVALID_STATE"}]))] {
        let payload = app.driver().ask(&mutation, variables).await["acceptInterview"].take();
        assert_eq!(payload, json!({"replayed": false, "userErrors": errors}));
    }
    assert_eq!(keys(&app).await, 0);
}
