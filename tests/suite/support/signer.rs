//! An identity provider's keys, and the tokens that it signs. The keys are for tests alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// The algorithms of identity providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

pub const FAMILIES: [Family; 4] = [Family::Rs256, Family::Ps256, Family::Es256, Family::EdDsa];

/// A private key with its name.
#[derive(Clone, Debug)]
pub struct Signer {
    pub family: Family,
    pub kid: &'static str,
    key: EncodingKey,
}

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn algorithm(self) -> Algorithm {
        self.name().parse().unwrap()
    }

    /// The key of this family in every test, with this name.
    pub fn signer(self, kid: &'static str) -> Signer {
        let key = match self {
            Self::Rs256 | Self::Ps256 => EncodingKey::from_rsa_der(include_bytes!("keys/rsa-2048.der")),
            Self::Es256 => EncodingKey::from_ec_der(include_bytes!("keys/p256.der")),
            Self::EdDsa => EncodingKey::from_ed_der(include_bytes!("keys/ed25519.der")),
        };
        Signer { family: self, kid, key }
    }

    /// Another key of this family.
    pub fn other_signer(self, kid: &'static str) -> Signer {
        let key = match self {
            Self::Rs256 | Self::Ps256 => EncodingKey::from_rsa_der(include_bytes!("keys/rsa-2048-other.der")),
            Self::Es256 => EncodingKey::from_ec_der(include_bytes!("keys/p256-other.der")),
            Self::EdDsa => EncodingKey::from_ed_der(include_bytes!("keys/ed25519-other.der")),
        };
        Signer { family: self, kid, key }
    }
}

impl Signer {
    /// An RSA key of 1024 bits.
    pub fn small(kid: &'static str) -> Self {
        let key = EncodingKey::from_rsa_der(include_bytes!("keys/rsa-1024.der"));
        Self { family: Family::Rs256, kid, key }
    }

    /// The public key as identity providers publish it.
    pub fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.family.algorithm()).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    pub fn header(&self) -> Value {
        json!({"alg": self.family.name(), "typ": "JWT", "kid": self.kid})
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    /// A token with this header, which can name another algorithm, and a signature of this key's family.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// The same for texts that need not be JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = unsigned_text(header, claims);
        let signature = crypto::sign(message.as_bytes(), &self.key, self.family.algorithm()).unwrap();
        format!("{message}.{signature}")
    }
}

/// A header and claims, without a signature.
pub fn unsigned(header: &str, claims: &Value) -> String {
    unsigned_text(header, &claims.to_string())
}

/// The same for claims that need not be JSON.
pub fn unsigned_text(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// The key set with these keys.
pub fn key_set(signers: &[&Signer]) -> Value {
    json!({"keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>()})
}
