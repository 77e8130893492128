//! Keys that sign, and the form in which they are published (RFC 7517, 7518).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// With what tokens are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// RSA with SHA-256: what providers do unless told otherwise.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Es256 => "ES256",
        }
    }
}

pub(crate) struct Key {
    name: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl Key {
    pub(crate) fn new(algorithm: Algorithm, name: &str) -> Key {
        let pair = match algorithm {
            Algorithm::Rs256 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key is made"))
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
                Pair::Ecdsa(pair.expect("a key is made"))
            }
        };
        Key { name: name.to_owned(), pair }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::Rs256,
            Pair::Ecdsa(_) => Algorithm::Es256,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.expect("a whole key signs");
                signature
            }
            Pair::Ecdsa(pair) => {
                pair.sign(&random, message).expect("a whole key signs").as_ref().to_vec()
            }
        }
    }

    pub(crate) fn published(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.pair {
            Pair::Rsa(pair) => {
                // RFC 8017, A.1.1: a sequence of modulus and exponent, which of
                // this size end in 256 bytes, 02 03, and 65537.
                let der = pair.public_key().as_ref();
                let exponent = der.len() - 3;
                let modulus = &der[exponent - 2 - 256..exponent - 2];
                json!({ "kty": "RSA", "n": text(modulus), "e": text(&der[exponent..]) })
            }
            Pair::Ecdsa(pair) => {
                // An uncompressed point: 4, x, y (SEC 1, 2.3.3).
                let point = pair.public_key().as_ref();
                json!({
                    "kty": "EC",
                    "crv": "P-256",
                    "x": text(&point[1..33]),
                    "y": text(&point[33..65]),
                })
            }
        };
        key["kid"] = self.name.as_str().into();
        key["use"] = "sig".into();
        key["alg"] = self.algorithm().name().into();
        key
    }
}
