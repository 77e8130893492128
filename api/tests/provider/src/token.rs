//! ID tokens (OpenID Connect Core 1.0, 2), right or with a fault.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::keys::Key;
use crate::{CLIENT_ID, CLIENT_SECRET, Fault, Person};

/// How long a token is good.
const VALID_S: i64 = 300;

pub(crate) struct Wanted<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) person: &'a Person,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) access_token: &'a str,
    pub(crate) now_s: i64,
    pub(crate) fault: Option<Fault>,
}

/// A signed token.
pub(crate) fn make(key: &Key, wanted: &Wanted<'_>) -> String {
    let fault = wanted.fault;
    let other = Key::new(key.algorithm(), "unpublished");
    let key = if fault == Some(Fault::UnknownKey) { &other } else { key };
    let header = match fault {
        Some(Fault::NoSignature) => json!({"alg": "none"}),
        Some(Fault::SharedSecret) => json!({"alg": "HS256", "kid": key.name()}),
        _ => json!({"alg": key.algorithm().name(), "kid": key.name(), "typ": "JWT"}),
    };
    let message = format!("{}.{}", encoded(&header), encoded(&claims(wanted)));
    let signature = match fault {
        Some(Fault::NoSignature) => Vec::new(),
        Some(Fault::SharedSecret) => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
            hmac::sign(&secret, message.as_bytes()).as_ref().to_vec()
        }
        Some(Fault::WrongSignature) => key.sign(b"other claims"),
        _ => key.sign(message.as_bytes()),
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims(wanted: &Wanted<'_>) -> Value {
    let fault = wanted.fault;
    let is = |expected: Fault| fault == Some(expected);
    let issued = wanted.now_s + if is(Fault::Future) { 3_600 } else { 0 };
    let expires = if is(Fault::Expired) { wanted.now_s } else { issued + VALID_S };
    let audience = match fault {
        Some(Fault::WrongAudience) => json!("another"),
        Some(Fault::SecondAudience) => json!([CLIENT_ID, "another"]),
        _ => json!(CLIENT_ID),
    };
    let party = if is(Fault::WrongParty) { "another" } else { CLIENT_ID };
    let issuer = if is(Fault::WrongIssuer) { "https://evil.example" } else { wanted.issuer };
    let hashed = if is(Fault::WrongAccessToken) { "another" } else { wanted.access_token };
    // OpenID Connect Core 1.0, 3.1.3.6: the left half of the hash.
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(hashed.as_bytes())[..16]);
    let mut claims: Map<String, Value> = wanted.person.claims.clone();
    if matches!(fault, Some(Fault::GroupsInUserInfo | Fault::OtherUserInfo)) {
        claims.remove("groups");
    }
    let proved = wanted.now_s - if is(Fault::StaleProof) { 3_600 } else { 0 };
    let own = json!({
        "auth_time": proved,
        "iss": issuer,
        "sub": wanted.person.subject,
        "aud": audience,
        "azp": party,
        "iat": issued,
        "exp": expires,
        "at_hash": hash,
    });
    if let Value::Object(own) = own {
        claims.extend(own);
    }
    if is(Fault::NoProof) {
        claims.remove("auth_time");
    }
    let nonce = if is(Fault::WrongNonce) { Some("another") } else { wanted.nonce };
    if let Some(nonce) = nonce.filter(|_| !is(Fault::NoNonce)) {
        claims.insert("nonce".to_owned(), nonce.into());
    }
    Value::Object(claims)
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
