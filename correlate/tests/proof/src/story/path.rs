//! Paths as stories write them: `a and (b or c)`, `2 of (a, b, c)`,
//! `service core`. They become JSON, so that the product's own reader judges
//! them.

use serde_json::{Value, json};

use super::scan::{Complaint, Words};

const WANTED: &str = "a component, `service` and an id, `(`, `all (`, `any (` or `2 of (`";

/// A path, up to the first word that cannot belong to it.
pub(super) fn path(words: &mut Words) -> Result<Value, Complaint> {
    let first = term(words)?;
    let Some(joint) = words.peek().filter(|word| ["and", "or"].contains(word)) else {
        return Ok(first);
    };
    let joint = joint.to_owned();
    let mut items = vec![first];
    while words.eat(&joint) {
        items.push(term(words)?);
    }
    if matches!(words.peek(), Some("and" | "or")) {
        return words.fail("parentheses that say what belongs together: `and` and `or` are mixed");
    }
    Ok(if joint == "and" { json!({ "all": items }) } else { json!({ "any": items }) })
}

fn term(words: &mut Words) -> Result<Value, Complaint> {
    let mark = words.mark();
    let word = words.word(WANTED)?;
    match word.as_str() {
        "(" => {
            let inner = path(words)?;
            words.expect(")")?;
            Ok(inner)
        }
        "service" => Ok(json!({ "service": words.word("the id of a service")? })),
        "all" if words.peek() == Some("(") => Ok(json!({ "all": list(words)? })),
        "any" if words.peek() == Some("(") => Ok(json!({ "any": list(words)? })),
        ")" | "," | "and" | "or" => {
            words.back_to(mark);
            words.fail(WANTED)
        }
        count if words.peek() == Some("of") && count.parse::<i64>().is_ok() => {
            let count: i64 = count.parse().unwrap_or(0);
            words.expect("of")?;
            Ok(json!({ "at_least": count, "of": list(words)? }))
        }
        component => Ok(json!(component)),
    }
}

/// `(a, b, c)`; it may be empty, as the product must refuse that itself.
fn list(words: &mut Words) -> Result<Vec<Value>, Complaint> {
    words.expect("(")?;
    let mut items = Vec::new();
    if words.eat(")") {
        return Ok(items);
    }
    loop {
        items.push(path(words)?);
        if words.eat(")") {
            return Ok(items);
        }
        words.expect(",")?;
    }
}
