//! Links in mails, and the codes in them. What opens a door stands behind the
//! `#`, which a browser keeps to itself: no log, proxy or other site on the way
//! sees it. The page there sends it in a form (`dashboards/assets/mailed.ts`).

use secrecy::{ExposeSecret, SecretString};

use crate::app::ApiState;

/// The whole address of the page at `path`, with `token` for it to find.
pub(crate) fn link(state: &ApiState, path: &str, token: &SecretString) -> SecretString {
    let origin = state.public_origin();
    format!("{origin}{}", place(path, token.expose_secret())).into()
}

/// The page at `path` on this server, with `token` for it to find.
pub(crate) fn place(path: &str, token: &str) -> String {
    match token {
        "" => path.to_owned(),
        token => format!("{path}#{token}"),
    }
}

/// The token in `sent`, which somebody may have pasted with blanks around it, or
/// with the link that it stands in.
pub(crate) fn token(sent: &str) -> &str {
    let sent = sent.trim();
    sent.rsplit_once('#').map_or(sent, |(_, token)| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_whatever_was_pasted() {
        for sent in ["5f0c", " 5f0c\n", "https://pad.example/register#5f0c", "#5f0c"] {
            assert_eq!(token(sent), "5f0c", "{sent}");
        }
        assert_eq!(token(""), "");
    }

    #[test]
    fn a_page_without_a_code_has_a_plain_address() {
        assert_eq!(place("/register", "5f0c"), "/register#5f0c");
        assert_eq!(place("/register", ""), "/register");
    }
}
