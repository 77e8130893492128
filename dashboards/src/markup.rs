//! Text that is HTML already, and the icons.

use std::fmt;

use askama::filters::HtmlSafe;
use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};
use qrcodegen::{QrCode, QrCodeEcc};

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

/// `text` as a QR code that phones read, called `label`; black on white in dark
/// mode too, as readers expect it, with the quiet zone of 4 modules that the
/// standard asks for (ISO/IEC 18004, 6.3.8).
pub(crate) fn qr(text: &str, label: &str) -> Markup {
    use std::fmt::Write as _;
    const QUIET: i32 = 4;
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        // Longer than any QR code holds: the text beside it has to do.
        return Markup(String::new());
    };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET)
                .expect("writing to a string cannot fail");
        }
    }
    let (side, label) = (size + 2 * QUIET, escape(label));
    Markup(format!(
        r##"<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/><path d="{path}" fill="#000"/></svg>"##
    ))
}

/// Markdown as HTML; HTML in it stays text.
pub(crate) fn prose_blocks(text: &str) -> Markup {
    rendered(Parser::new(text))
}

/// The same for one paragraph within a line of ours.
pub(crate) fn prose(text: &str) -> Markup {
    let is_inline = |event: &Event| {
        !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph))
    };
    rendered(Parser::new(text).filter(is_inline))
}

fn rendered<'t>(events: impl Iterator<Item = Event<'t>>) -> Markup {
    let mut markup = String::new();
    let as_text = |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    };
    html::push_html(&mut markup, events.map(as_text));
    Markup(markup)
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
    fn a_qr_code_is_a_picture_with_a_quiet_zone() {
        // 21 modules (version 1) and 4 on each side.
        let picture = qr("A", "say \"hi\"").to_string();
        assert!(picture.contains(r#"viewBox="0 0 29 29""#), "{picture}");
        assert!(picture.contains("say &quot;hi&quot;"), "{picture}");
        // The finder in the corner begins behind the quiet zone.
        assert!(picture.contains("M4 4h1v1h-1z") && !picture.contains("M3 "), "{picture}");
        assert_eq!(qr(&"x".repeat(5_000), "too long").to_string(), "");
    }

    #[test]
    fn prose_is_markdown_and_its_html_is_text() {
        let line = prose("One of `a`; a <b>bold</b> & x.").to_string();
        assert_eq!(line, "One of <code>a</code>; a &lt;b&gt;bold&lt;/b&gt; &amp; x.");
        let blocks = prose_blocks("First.\n\n<script>x</script>").to_string();
        assert!(blocks.starts_with("<p>First.</p>"), "{blocks}");
        assert!(!blocks.contains("<script"), "{blocks}");
    }

    #[test]
    fn text_cannot_leave_an_attribute() {
        assert_eq!(
            escape(r#"<a href="x" id='y'>&"#),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;"
        );
    }
}
