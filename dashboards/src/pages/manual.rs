//! The manuals, from `manual/*.md`.

use std::sync::LazyLock;

use askama::Template;
use pulldown_cmark::{Options, Parser, html};

use crate::i18n::Lang;
use crate::markup::Markup;
use crate::shell::{Section, Shell};

/// Each manual in Dutch and in English.
const TEXTS: [[&str; 2]; 2] = [
    [include_str!("../../manual/librenms.nl.md"), include_str!("../../manual/librenms.en.md")],
    [
        include_str!("../../manual/single-sign-on.nl.md"),
        include_str!("../../manual/single-sign-on.en.md"),
    ],
];

/// Which manual.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manual {
    /// The integration with LibreNMS, `/manual/librenms`.
    LibreNms,
    /// Setting up single sign-on, `/manual/single-sign-on`.
    SignOn,
}

impl Manual {
    fn place(self) -> usize {
        match self {
            Manual::LibreNms => 0,
            Manual::SignOn => 1,
        }
    }

    fn title_key(self) -> &'static str {
        match self {
            Manual::LibreNms => "manual-title",
            Manual::SignOn => "manual-sso-title",
        }
    }
}

/// A manual.
#[derive(Template, Debug)]
#[template(path = "manual.html")]
pub struct ManualPage {
    /// What surrounds it; its language is that of the manual.
    pub shell: Shell,
    /// Which one.
    pub manual: Manual,
}

impl ManualPage {
    const SECTION: Section = Section::None;

    /// The text as HTML. It is our own, so it is not escaped again.
    fn text(&self) -> Markup {
        static RENDERED: LazyLock<[[String; 2]; 2]> =
            LazyLock::new(|| TEXTS.map(|texts| texts.map(render)));
        let [dutch, english] = &RENDERED[self.manual.place()];
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
    // On a phone a wide table scrolls, and so must be reached by keyboard.
    text.replace("<table>", "<div class=\"manual-table\" tabindex=\"0\"><table>")
        .replace("</table>", "</table></div>")
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
        for [dutch, english] in TEXTS {
            assert_eq!(outline(dutch), outline(english));
            assert!(outline(dutch).0.len() > 5);
        }
    }

    #[test]
    fn the_manual_says_what_the_page_about_push_says() {
        for manual in TEXTS[Manual::LibreNms.place()] {
            for body in [BODY_FROM_25_7, BODY_UNTIL_25_6] {
                assert!(manual.contains(&format!("\n{body}\n")), "{body}");
            }
        }
    }
}
