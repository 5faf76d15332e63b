//! Requests with idempotency keys.

use crate::domain::{IdempotencyKey, Interface, KeyedRequest, Viewer};
use crate::services::Services;
use serde::Serialize;
use sha2::{Digest, Sha256};

impl Services {
    /// The request of a viewer, if it has a key. `arguments` says which change is requested, and how.
    pub(super) fn keyed(
        &self,
        viewer: &Viewer,
        key: Option<&IdempotencyKey>,
        arguments: impl Serialize,
    ) -> Option<KeyedRequest> {
        let key = key?;
        Some(KeyedRequest {
            user: viewer.id,
            key: key.text().to_owned(),
            fingerprint: fingerprint(key.interface(), arguments),
            at: self.clock.now(),
            lifetime: self.limits.key_lifetime,
        })
    }
}

/// SHA-256 of JSON with sorted keys. What is null or absent is left out: an argument that a later release adds does
/// not change the fingerprint of requests without it.
fn fingerprint(interface: Interface, arguments: impl Serialize) -> Vec<u8> {
    let mut json = serde_json::json!({"interface": interface, "request": arguments});
    remove_nulls(&mut json);
    json.sort_all_objects();
    Sha256::digest(json.to_string()).to_vec()
}

fn remove_nulls(json: &mut serde_json::Value) {
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(remove_nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, InterviewPatch, Patch};

    #[test]
    fn fingerprint_depends_on_all_that_is_requested() {
        let update = |location: Patch<&str>| {
            Command::Update(InterviewPatch { location: location.map(str::to_owned), ..InterviewPatch::default() })
        };
        let requests = [
            fingerprint(Interface::GraphQl, update(Patch::Absent)),
            fingerprint(Interface::GraphQl, update(Patch::Null)),
            fingerprint(Interface::GraphQl, update(Patch::Value("x"))),
            fingerprint(Interface::Rest, update(Patch::Value("x"))),
            fingerprint(Interface::GraphQl, Command::Accept { acting: None }),
            fingerprint(Interface::GraphQl, Command::DeclineAmendment { acting: None }),
            fingerprint(Interface::GraphQl, (1, Command::Complete)),
            fingerprint(Interface::GraphQl, (2, Command::Complete)),
        ];
        for (index, one) in requests.iter().enumerate() {
            for (other_index, other) in requests.iter().enumerate() {
                assert_eq!(one == other, index == other_index, "{index} {other_index}");
            }
        }
    }

    #[test]
    fn fingerprint_is_the_same_in_every_release() {
        let cancel = fingerprint(Interface::GraphQl, Command::Cancel { reason: Some("x".to_owned()) });
        let json = r#"{"interface":"graphql","request":{"Cancel":{"reason":"x"}}}"#;
        assert_eq!(cancel, Sha256::digest(json).to_vec());
        let accept = fingerprint(Interface::GraphQl, Command::Accept { acting: None });
        assert_eq!(accept, Sha256::digest(r#"{"interface":"graphql","request":{"Accept":{}}}"#).to_vec());
    }
}
