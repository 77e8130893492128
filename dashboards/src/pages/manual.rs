//! The manual of the integration with LibreNMS, from `manual/librenms.*.md`.

use std::sync::LazyLock;

use askama::Template;
use pulldown_cmark::{Options, Parser, html};

use crate::i18n::Lang;
use crate::markup::Markup;
use crate::shell::{Section, Shell};

const DUTCH: &str = include_str!("../../manual/librenms.nl.md");
const ENGLISH: &str = include_str!("../../manual/librenms.en.md");

/// The manual of the integration with LibreNMS, `/manual/librenms`.
#[derive(Template, Debug)]
#[template(path = "manual.html")]
pub struct ManualPage {
    /// What surrounds it; its language is that of the manual.
    pub shell: Shell,
}

impl ManualPage {
    const SECTION: Section = Section::None;

    /// The text as HTML. It is our own, so it is not escaped again.
    fn text(&self) -> Markup {
        static TEXTS: LazyLock<[String; 2]> = LazyLock::new(|| [render(DUTCH), render(ENGLISH)]);
        let [dutch, english] = &*TEXTS;
        Markup::new(match self.shell.locale.lang {
            Lang::Dutch => dutch.clone(),
            Lang::English => english.clone(),
        })
    }
}

fn render(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut text = String::new();
    html::push_html(&mut text, Parser::new_ext(markdown, options));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::push::{BODY_FROM_25_7, BODY_UNTIL_25_6};

    /// The ids of the sections, and how many rows its tables have.
    fn outline(markdown: &str) -> (Vec<&str>, usize) {
        let ids = markdown.lines().filter(|line| line.starts_with("## "));
        let ids = ids.filter_map(|line| line.split_once("{ ")).map(|(_, id)| id);
        (ids.collect(), markdown.lines().filter(|line| line.starts_with('|')).count())
    }

    #[test]
    fn both_languages_have_the_same_sections_and_tables() {
        assert_eq!(outline(DUTCH), outline(ENGLISH));
        assert!(outline(DUTCH).0.len() > 7);
    }

    #[test]
    fn the_manual_says_what_the_page_about_push_says() {
        for manual in [DUTCH, ENGLISH] {
            for body in [BODY_FROM_25_7, BODY_UNTIL_25_6] {
                assert!(manual.contains(&format!("\n{body}\n")), "{body}");
            }
        }
    }
}
