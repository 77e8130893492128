//! Single sign-on: does the provider answer, and can what it says be used.

use api::{SsoConfig, SsoError, look_at_provider};

use super::Verdict;

/// Reads the discovery document and the keys. Signs nobody in.
pub(super) async fn check(config: Option<&SsoConfig>) -> Verdict {
    let Some(config) = config else {
        return Verdict::Off(String::from("no [oidc] section, so people sign in here alone"));
    };
    match look_at_provider(config).await {
        Ok(seen) => {
            let way_out = if seen.has_sign_out { "can" } else { "cannot" };
            Verdict::Well(format!(
                "{} answers with {} key(s), and {way_out} be signed out of",
                config.issuer, seen.keys
            ))
        }
        Err(error) => Verdict::wrong(error.to_string(), advice(&error)),
    }
}

fn advice(error: &SsoError) -> &'static str {
    match error {
        SsoError::Away { .. } => {
            "open oidc.issuer with /.well-known/openid-configuration behind it in a browser; \
             check host, port, certificate and firewall"
        }
        SsoError::Unusable { .. } => {
            "oidc.issuer must be, letter for letter, the issuer in the provider's discovery \
             document"
        }
        SsoError::Unproven(_) | SsoError::Client(_) => "look at the log of the system",
    }
}
