//! One-time codes from an app (TOTP, RFC 6238): SHA-1, 6 digits, 30 seconds,
//! which is what every app understands.
//!
//! Which step a code is of is worked out here; that each counts only once is
//! kept in the records. Nothing here reads a clock.

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use totp_rs::{Builder, Totp};

use super::secret::NoRandomness;

/// 160 bits, as RFC 4226, section 4, recommends.
const SEED_BYTES: usize = 20;
/// What apps show above the code.
const ISSUER: &str = "Padwacht";
/// Steps before and after that of the clock in which a code counts too.
const NO_OTHER_STEPS: u16 = 0;
/// Digits in a group of the seed as text, so that people can type it over.
const GROUP_CHARS: usize = 4;

/// A fresh seed.
pub(crate) fn fresh_seed() -> Result<SecretSlice<u8>, NoRandomness> {
    let mut bytes = [0_u8; SEED_BYTES];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(SecretSlice::from(bytes.to_vec()))
}

/// The step of `seed` that `code` is of at `now`, which is that of the clock
/// alone: a code lives as long as an app shows it, 30 seconds and no more (OWASP
/// ASVS 5, 6.5.5). Blanks in the code do not matter.
pub(crate) fn step_of(seed: &SecretSlice<u8>, code: &str, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let now_s = u64::try_from(now.millis() / 1_000).ok()?;
    let step = of_seed(seed, "").check(&code, now_s)?;
    i64::try_from(step).ok()
}

/// Whether `text` looks like a code of an app, and not like a recovery code.
pub(super) fn looks_like_code(text: &str) -> bool {
    let mut letters = text.chars().filter(|letter| !letter.is_whitespace());
    letters.clone().count() == 6 && letters.all(|letter| letter.is_ascii_digit())
}

/// The seed as an address that apps read from a QR code.
pub(crate) fn address(seed: &SecretSlice<u8>, account: &str) -> Option<String> {
    // A colon would end the name of the issuer there.
    of_seed(seed, &account.replace(':', "_")).to_url().ok()
}

/// The seed in base32, in groups, to type over.
pub(crate) fn text(seed: &SecretSlice<u8>) -> String {
    let digits: Vec<char> = of_seed(seed, "").secret().to_base32().chars().collect();
    let groups: Vec<String> =
        digits.chunks(GROUP_CHARS).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

fn of_seed(seed: &SecretSlice<u8>, account: &str) -> Totp {
    // Nothing to refuse: the seed is ours and long enough, the rest are constants.
    Builder::new()
        .with_secret(seed.expose_secret().to_vec())
        .with_account_name(account)
        .with_issuer(Some(ISSUER))
        .with_skew(NO_OTHER_STEPS)
        .build_noncompliant()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 6238, appendix B.
    fn seed() -> SecretSlice<u8> {
        SecretSlice::from(b"12345678901234567890".to_vec())
    }

    #[track_caller]
    fn check(code: &str, at_s: i64, expected: Option<i64>) {
        assert_eq!(step_of(&seed(), code, Timestamp(at_s * 1_000)), expected, "{code} at {at_s}");
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // The last six digits of its test vectors.
        check("287082", 59, Some(1));
        check("081804", 1_111_111_109, Some(37_037_036));
        check("005924", 1_234_567_890, Some(41_152_263));
        check("279037", 2_000_000_000, Some(66_666_666));
        check("279 037 ", 2_000_000_000, Some(66_666_666));
        check("279038", 2_000_000_000, None);
    }

    #[test]
    fn a_code_lives_for_thirty_seconds_and_no_longer() {
        for at_s in 30..60 {
            check("287082", at_s, Some(1));
        }
        for at_s in [-1, 0, 29, 60, 61, 90] {
            check("287082", at_s, None);
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        check("", 59, None);
        check("28708", 59, None);
        check("94287082", 59, None);
        assert!(looks_like_code("287 082") && !looks_like_code("28708a"));
        assert!(!looks_like_code("k3v9-d7m2-xwrr-hj4q-8tza-bcde"));
    }

    #[test]
    fn apps_get_the_seed_with_who_it_is_of() {
        let address = address(&seed(), "anna:b@example.net").expect("an address");
        for part in ["otpauth://totp/Padwacht", "anna_b", "GEZDGNBVGY3TQOJQ", "issuer=Padwacht"] {
            assert!(address.contains(part), "{address}");
        }
        assert_eq!(text(&seed()), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    #[test]
    fn seeds_are_long_and_differ() {
        let (one, two) = (fresh_seed().expect("random"), fresh_seed().expect("random"));
        assert_eq!(one.expose_secret().len(), SEED_BYTES);
        assert_ne!(one.expose_secret(), two.expose_secret());
    }
}
