//! Text that is HTML already, and the icons.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::assets;

/// Text that is HTML already and is not escaped again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Markup(String);

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

impl Markup {
    pub(crate) fn new(html: String) -> Markup {
        Markup(html)
    }
}

/// An icon of the sprite, hidden from screen readers: text stands beside it.
pub(crate) fn icon(name: &str) -> Markup {
    let sprite = assets::address("icons.svg");
    Markup(format!(
        r##"<svg class="icon" aria-hidden="true" focusable="false"><use href="{sprite}#{name}"/></svg>"##
    ))
}

/// Escapes text for HTML content and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// JSON for a `<script type="application/json">` block: no text in it can end
/// the block or open a comment.
pub(crate) fn json_block(value: &impl serde::Serialize) -> Markup {
    let json = serde_json::to_string(value).expect("view models hold only text keys");
    Markup(json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_their_block() {
        let json = json_block(&["</script><!--", "a & b"]).to_string();
        assert_eq!(json, r#"["\u003c/script\u003e\u003c!--","a \u0026 b"]"#);
        let back: Vec<String> = serde_json::from_str(&json).expect("still JSON");
        assert_eq!(back, ["</script><!--", "a & b"]);
    }

    #[test]
    fn text_cannot_leave_an_attribute() {
        assert_eq!(
            escape(r#"<a href="x" id='y'>&"#),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;"
        );
    }
}
