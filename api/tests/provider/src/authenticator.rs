//! A passkey in software: what it signs is what a browser would have it sign
//! (WebAuthn Level 3, sections 6 and 7).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Where browsers reach the server of these tests, as far as it knows.
pub const ORIGIN: &str = "http://localhost:8080";
/// Somebody touched the device.
pub const USER_PRESENT: u8 = 1;
/// And showed who they are.
pub const USER_VERIFIED: u8 = 4;
const HAS_KEY: u8 = 64;

/// A device that keeps one passkey.
#[derive(Debug)]
pub struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// How often it has signed, as far as it says.
    pub counter: u32,
    owner: String,
    /// Where its browser is, as far as it says.
    pub origin: &'static str,
    /// What it says that its user did.
    pub flags: u8,
}

impl Authenticator {
    /// A device whose passkey has an id of this byte.
    ///
    /// # Panics
    /// Without randomness.
    #[must_use]
    pub fn new(id: u8) -> Authenticator {
        Authenticator {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key"),
            id: vec![id; 16],
            counter: 0,
            owner: String::new(),
            origin: ORIGIN,
            flags: USER_PRESENT | USER_VERIFIED,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["publicKey"]["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(b"localhost").to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Makes the passkey that `options` ask for.
    ///
    /// # Panics
    /// When they are no options.
    pub fn make(&mut self, options: &Value) -> Value {
        let user = &options["publicKey"]["user"];
        user["id"].as_str().expect("a handle").clone_into(&mut self.owner);
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.data(self.flags | HAS_KEY);
        data.extend([0; 16]);
        data.extend([0, u8::try_from(self.id.len()).expect("short")]);
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        // A COSE key: EC2, ES256, P-256, x and y.
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(data);
        let response = json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
        });
        self.credential(response)
    }

    /// Signs what `options` ask for.
    ///
    /// # Panics
    /// When it cannot sign.
    pub fn sign(&mut self, options: &Value) -> Value {
        self.counter += 1;
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(self.flags);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client_data));
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("signs");
        let response = json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
            "userHandle": self.owner,
        });
        self.credential(response)
    }

    fn credential(&self, response: Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        let kind = "public-key";
        json!({"id": id, "rawId": id, "type": kind, "response": response, "extensions": {}})
    }
}
