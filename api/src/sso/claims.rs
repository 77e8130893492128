//! The claims that are ours to interpret: groups, customers, and what to call
//! somebody. Pure: from JSON to texts.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

/// The claims beside those that OpenID Connect names.
pub(super) type Extra = HashMap<String, Value>;

/// Texts that are read of one claim: some directories list hundreds of groups.
const TEXTS_MAX: usize = 5_000;

/// The claim `name` among `claims`: the one of exactly that name, else the one
/// at the end of the path that the dots in it make.
pub(super) fn claim<'c>(claims: &'c Extra, name: &str) -> Option<&'c Value> {
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let mut parts = name.split('.');
    let mut value = claims.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(value)
}

/// The texts of a claim: those of a list, or the one that it is. Numbers count
/// as they are written; anything else is no group and no customer.
pub(super) fn texts(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().take(TEXTS_MAX).filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(claims: Value, name: &str, expected: &[&str]) {
        let claims: Extra = serde_json::from_value(claims).expect("an object");
        let found = claim(&claims, name).map(texts).unwrap_or_default();
        assert_eq!(found, expected.iter().map(ToString::to_string).collect(), "{name}");
    }

    #[test]
    fn a_claim_is_a_list_or_a_text_at_a_name_or_a_path() {
        check(json!({"groups": ["a", "b", "a"]}), "groups", &["a", "b"]);
        check(json!({"groups": "noc"}), "groups", &["noc"]);
        check(json!({"numbers": [1042, "7"]}), "numbers", &["1042", "7"]);
        check(json!({"realm_access": {"roles": ["x"]}}), "realm_access.roles", &["x"]);
        check(json!({"https://example.net/groups": ["y"]}), "https://example.net/groups", &["y"]);
    }

    #[test]
    fn what_is_no_text_is_no_group() {
        check(json!({"groups": [null, true, {"a": 1}, ["b"], ""]}), "groups", &[]);
        check(json!({"groups": {"a": "b"}}), "groups", &[]);
        check(json!({}), "groups", &[]);
        check(json!({"a": "b"}), "a.b", &[]);
    }
}
