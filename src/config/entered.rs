//! NMS accounts that were entered in the product, read by the very rules of
//! `[[nms]]`: what the file would refuse is refused here, in the same words.
//!
//! It makes the tree that a file would have made and has it read. Neither files
//! nor variables are looked at: a token is given, or there is none.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::reader::{Findings, Reader, Variables};
use super::tree::{Node, Value};
use super::{InClear, NmsAccount, Origin, Polling, Problem, World, nms};

/// The section that the account makes.
const SECTION: &str = "nms[0].";
/// What is no setting of an account but the account itself; a token is never
/// read from a file or a variable that somebody names in a browser.
const IDENTITY: [&str; 6] = ["name", "kind", "url", "token", "token_file", "token_env"];

/// An account as somebody entered it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entered<'a> {
    pub name: &'a str,
    pub kind: &'a str,
    pub url: &'a str,
    /// Keys of `[[nms]]` besides the above.
    pub settings: &'a BTreeMap<String, String>,
}

/// A field that is not allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    /// Such as `url` or `poll_interval`.
    pub field: String,
    /// What is allowed and what was found; never the token.
    pub reason: String,
}

/// A setting that an account can have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Offered {
    /// Its key.
    pub key: String,
    /// What is in force where it is not set; `None`: it is found out.
    pub default: Option<String>,
}

/// Reads what was entered; what it does not say follows `pace`.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(
    entered: Entered<'_>,
    token: &SecretString,
    pace: Polling,
) -> Result<NmsAccount, Vec<Refused>> {
    let (account, findings) = read_tree(entered, token, pace);
    let mut refused: Vec<Refused> = findings.problems.into_iter().map(refusal).collect();
    for key in entered.settings.keys().filter(|key| IDENTITY.contains(&key.as_str())) {
        let reason = "is no setting: it has a field of its own".to_owned();
        refused.push(Refused { field: key.clone(), reason });
    }
    match account {
        Some(account) if refused.is_empty() => match must_be_private(&account.url) {
            Ok(()) => Ok(account),
            Err(reason) => Err(vec![Refused { field: "url".to_owned(), reason }]),
        },
        _ => Err(refused),
    }
}

/// The settings that an account can have, by key.
pub(crate) fn offered(pace: Polling) -> Vec<Offered> {
    let none = BTreeMap::new();
    let entered = Entered { name: "a", kind: "librenms", url: "https://a", settings: &none };
    let (_, findings) = read_tree(entered, &SecretString::from("a"), pace);
    let keys = findings.known.iter().filter_map(|key| key.strip_prefix("nms[]."));
    let keys = keys.filter(|key| !IDENTITY.contains(key));
    let default = |key: &str| {
        let found = findings.settings.iter().find(|one| one.key == format!("{SECTION}{key}"));
        found.map(|setting| setting.value.trim_matches('"').to_owned())
    };
    keys.map(|key| Offered { key: key.to_owned(), default: default(key) }).collect()
}

fn read_tree(
    entered: Entered<'_>,
    token: &SecretString,
    pace: Polling,
) -> (Option<NmsAccount>, Findings) {
    let text = |text: &str| Node::text(text, Origin::Default);
    let set = entered.settings.iter().filter(|(key, _)| !IDENTITY.contains(&key.as_str()));
    let mut members: BTreeMap<String, Node> =
        set.map(|(key, value)| (key.clone(), text(value))).collect();
    for (key, value) in [
        ("name", entered.name),
        ("kind", entered.kind),
        ("url", entered.url),
        ("token", token.expose_secret()),
    ] {
        members.insert(key.to_owned(), text(value));
    }
    let account = Node { value: Value::Table(members), ..Node::empty() };
    let list = Node { value: Value::List(vec![account]), ..Node::empty() };
    let root = Value::Table(BTreeMap::from([("nms".to_owned(), list)]));
    let root = Node { value: root, ..Node::empty() };
    let variables = Variables::new();
    let reader = Reader::new(&root, &variables, &Nowhere, Vec::new());
    let account = nms::read_accounts(&reader, pace, InClear::Any).pop();
    (account, reader.finish())
}

fn refusal(problem: Problem) -> Refused {
    let (key, reason) = match problem {
        Problem::Value { key, allowed, found, .. } => {
            (key, format!("must be {allowed}; found {found}"))
        }
        Problem::Missing { key, allowed, .. } => (key, format!("must be {allowed}")),
        Problem::Unknown { key, suggestion, .. } => {
            let meant = suggestion.and_then(|key| Some(key.strip_prefix("nms[].")?.to_owned()));
            let meant = meant.map_or_else(String::new, |key| format!("; did you mean {key}?"));
            (key, format!("is no setting{meant}"))
        }
        Problem::Conflict { key, reason, .. } => (key, reason),
        other => ("settings".to_owned(), other.to_string()),
    };
    let field = key.strip_prefix(SECTION).unwrap_or(&key).to_owned();
    Refused { field, reason }
}

/// Whoever enters an account in a browser may not know the way to the NMS;
/// whoever writes the configuration says by `network.in_clear` what is known of it.
fn must_be_private(url: &Url) -> Result<(), String> {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || is_here {
        return Ok(());
    }
    Err("must begin with https://, as the token could be read on the way; only an NMS on this \
         machine may be http://, or one that is set under [[nms]] in the configuration"
        .to_owned())
}

/// The pace where nobody has set one.
#[cfg(test)]
pub(crate) fn default_pace() -> Polling {
    let (root, variables) = (Node::empty(), Variables::new());
    nms::read_polling(&Reader::new(&root, &variables, &Nowhere, Vec::new()))
}

/// A machine that has nothing.
struct Nowhere;

impl World for Nowhere {
    fn variables(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn read_file(&self, _: &Path) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn cores(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn check(
        url: &str,
        settings: &[(&str, &str)],
        expected: Result<(), &[(&str, &str)]>,
    ) -> Option<NmsAccount> {
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let entered = Entered { name: "ams1", kind: "librenms", url, settings: &settings };
        let found = read(entered, &SecretString::from(TOKEN), default_pace());
        match (&found, expected) {
            (Ok(_), Ok(())) => {}
            (Err(refused), Err(expected)) => {
                assert_eq!(refused.len(), expected.len(), "{refused:?}");
                for (one, (field, begins)) in refused.iter().zip(expected) {
                    assert_eq!(one.field, *field);
                    assert!(one.reason.starts_with(begins), "{one:?}");
                    assert!(!one.reason.contains(TOKEN), "{one:?}");
                }
            }
            _ => panic!("{found:?}"),
        }
        found.ok()
    }

    #[test]
    fn what_the_file_would_take_is_taken() {
        let settings = [("poll_interval", "2m"), ("management_lost", "down"), ("clock", "nms")];
        let account = check("https://nms.example.net/api/v0", &settings, Ok(())).expect("good");
        assert_eq!(account.polling.poll_interval, Some(Duration::from_secs(120)));
        assert_eq!(account.url.as_str(), "https://nms.example.net/");
        assert_eq!(account.token.expose_secret(), TOKEN);
        // What is not said follows [ingest].
        assert_eq!(account.polling.requests_per_second, default_pace().requests_per_second);
    }

    #[test]
    fn what_the_file_would_refuse_is_refused_field_by_field() {
        let wrong = [("poll_interval", "1ms"), ("time_zone", "Mars/Olympus")];
        let expected: &[(&str, &str)] = &[
            ("url", "must be a URL that starts with https:// or http://"),
            ("time_zone", "must be a time zone name"),
            ("poll_interval", "must be a duration from 1s to 1h"),
        ];
        check("ftp://nms", &wrong, Err(expected));
        let misspelt = [("pol_interval", "1m")];
        check("https://nms", &misspelt, Err(&[("pol_interval", "is no setting; did you mean p")]));
        let elsewhere = [("token_file", "/etc/passwd")];
        check("https://nms", &elsewhere, Err(&[("token_file", "is no setting")]));
    }

    #[test]
    fn a_token_goes_over_no_open_way_but_to_this_machine() {
        for url in ["http://127.0.0.1:8000/nms", "http://[::1]", "http://localhost:8080"] {
            check(url, &[], Ok(()));
        }
        for url in ["http://nms.example.net", "http://192.0.2.1", "http://169.254.169.254"] {
            check(url, &[], Err(&[("url", "must begin with https://")]));
        }
    }

    #[test]
    fn every_setting_of_an_account_is_offered() {
        let offered = offered(default_pace());
        let found = |key: &str| offered.iter().find(|one| one.key == key).expect("is offered");
        assert_eq!(found("requests_per_second").default.as_deref(), Some("5"));
        assert_eq!(found("clock").default.as_deref(), Some("own"));
        assert_eq!(found("poll_interval").default, None, "found out by itself");
        assert!(offered.iter().all(|one| !IDENTITY.contains(&one.key.as_str())));
    }
}
