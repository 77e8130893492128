//! Recovery codes: what they look like. Each has 120 random bits, so that
//! nobody guesses one and its plain hash can be kept (OWASP ASVS 5, 6.5.2, asks
//! for a slow hash only below 112 bits).

use secrecy::{ExposeSecret, SecretString};
use store::records::{Factors, TokenHash};

use super::secret::NoRandomness;

/// Crockford's base32: no letters that look like others.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters in a code: 5 bits each.
const CODE_CHARS: usize = 24;
/// Letters in a group.
const GROUP_CHARS: usize = 4;

/// A set of fresh codes, each `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx`.
pub(crate) fn fresh() -> Result<Vec<SecretString>, NoRandomness> {
    (0..Factors::RECOVERY_CODES).map(|_| fresh_code()).collect()
}

/// What is kept of `codes`.
pub(crate) fn hashes(codes: &[SecretString]) -> Vec<TokenHash> {
    codes.iter().map(|code| hash(code.expose_secret())).collect()
}

/// The hash of a code as somebody types it: case, blanks and dashes do not
/// matter, nor do letters that are taken for digits.
pub(super) fn hash(typed: &str) -> TokenHash {
    let plain: String = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            letter => letter,
        })
        .take(CODE_CHARS + 1)
        .collect();
    TokenHash::of(&plain)
}

fn fresh_code() -> Result<SecretString, NoRandomness> {
    let mut bytes = [0_u8; CODE_CHARS];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    let letters: Vec<char> =
        bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> =
        letters.chunks(GROUP_CHARS).map(|group| group.iter().collect()).collect();
    Ok(SecretString::from(groups.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_can_be_typed_over() {
        let codes = fresh().expect("random");
        assert_eq!(codes.len(), Factors::RECOVERY_CODES);
        let hashes = hashes(&codes);
        for (number, code) in codes.iter().enumerate() {
            let code = code.expose_secret();
            assert_eq!(code.len(), 29, "{code}");
            let typed = format!(" {} ", code.to_uppercase().replace('-', " ").replace('0', "O"));
            assert_eq!(hash(&typed), hashes[number], "{code}");
            assert!(hashes[..number].iter().all(|other| *other != hashes[number]));
        }
    }

    #[test]
    fn a_longer_text_is_another_code() {
        assert_ne!(hash(&"a".repeat(24)), hash(&"a".repeat(25)));
        assert_eq!(hash(&"a".repeat(25)), hash(&"a".repeat(10_000)), "no need to read more");
    }
}
