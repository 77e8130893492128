//! Texts in Dutch and English, from `locales/<code>/*.ftl` (Fluent).
//!
//! A key that is missing shows as itself; tests compare the two key sets and
//! look for every key that templates and code use.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "en",
        // Isolation marks would end up in attributes and file names, and both
        // languages are written from left to right.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static DUTCH: LanguageIdentifier = langid!("nl");
static ENGLISH: LanguageIdentifier = langid!("en");

/// A language of the pages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Lang {
    /// Nederlands.
    #[default]
    Dutch,
    /// English.
    English,
}

impl Lang {
    /// Every language, in the order of the switch.
    pub const ALL: [Lang; 2] = [Lang::Dutch, Lang::English];

    /// `nl` or `en`: the value of `<html lang>`, of the cookie and of the form.
    pub const fn code(self) -> &'static str {
        match self {
            Lang::Dutch => "nl",
            Lang::English => "en",
        }
    }

    /// Reads [`Lang::code`].
    pub fn from_code(code: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// The first language of an `Accept-Language` header that we have, by its
    /// order (RFC 9110, 12.5.4; browsers write them best first); else English.
    pub fn from_accept_language(header: &str) -> Lang {
        header
            .split(',')
            .filter_map(|range| {
                let tag = range.split(';').next()?.trim();
                Lang::from_code(&tag.split('-').next()?.to_ascii_lowercase())
            })
            .next()
            .unwrap_or(Lang::English)
    }

    /// What speakers call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Lang::Dutch => "Nederlands",
            Lang::English => "English",
        }
    }

    pub(crate) fn text(self, key: &str) -> String {
        LOCALES.try_lookup(self.id(), key).unwrap_or_else(|| key.to_owned())
    }

    pub(crate) fn text_with(self, key: &str, values: &[(&'static str, FluentValue<'_>)]) -> String {
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> =
            values.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect();
        LOCALES.try_lookup_with_args(self.id(), key, &values).unwrap_or_else(|| key.to_owned())
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self {
            Lang::Dutch => &DUTCH,
            Lang::English => &ENGLISH,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    }

    fn files_beneath(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder is part of the crate") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                files_beneath(&path, extension, found);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }

    /// Keys with the variables that their texts use.
    fn keys(lang: Lang) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut files = Vec::new();
        files_beneath(&root().join("locales").join(lang.code()), "ftl", &mut files);
        let mut keys: Vec<(String, BTreeSet<String>)> = Vec::new();
        for file in files {
            for line in fs::read_to_string(file).expect("text").lines() {
                let starts_key = line.starts_with(|first: char| first.is_ascii_lowercase());
                if let Some((key, _)) = line.split_once(" =").filter(|_| starts_key) {
                    keys.push((key.to_owned(), BTreeSet::new()));
                }
                if let Some((_, variables)) = keys.last_mut() {
                    variables.extend(line.split('$').skip(1).map(|rest| {
                        rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
                    }));
                }
            }
        }
        keys.into_iter().collect()
    }

    /// Templates and code, as one text.
    fn sources() -> String {
        let mut files = Vec::new();
        files_beneath(&root().join("templates"), "html", &mut files);
        files_beneath(&root().join("src"), "rs", &mut files);
        files.into_iter().map(|file| fs::read_to_string(file).expect("text")).collect()
    }

    #[test]
    fn both_languages_have_the_same_keys_and_variables() {
        let (dutch, english) = (keys(Lang::Dutch), keys(Lang::English));
        let odd: Vec<_> = dutch.symmetric_difference(&english).collect();
        assert!(odd.is_empty(), "not the same in both languages: {odd:?}");
        assert!(dutch.len() > 50, "the key reader found only {}", dutch.len());
    }

    #[test]
    fn every_key_in_use_has_a_text() {
        let known: BTreeSet<String> = keys(Lang::Dutch).into_iter().map(|(key, _)| key).collect();
        let sources = sources();
        let calls = [".t(\"", ".t1(\"", ".t2(\"", ".count(\""];
        let looked_up = calls
            .iter()
            .flat_map(|call| sources.split(call).skip(1))
            .filter_map(|rest| rest.split('"').next());
        let missing: BTreeSet<&str> = looked_up.filter(|key| !known.contains(*key)).collect();
        assert!(missing.is_empty(), "used but without a text: {missing:?}");
        let idle: Vec<_> =
            known.iter().filter(|key| !sources.contains(&format!("\"{key}\""))).collect();
        assert!(idle.is_empty(), "texts that nothing uses: {idle:?}");
    }

    #[test]
    fn browsers_get_the_first_language_that_we_have() {
        for (header, expected) in [
            ("nl-NL,nl;q=0.9,en;q=0.8", Lang::Dutch),
            ("de-DE,de;q=0.9,NL;q=0.5", Lang::Dutch),
            ("en-GB,nl;q=0.5", Lang::English),
            ("fr", Lang::English),
            ("", Lang::English),
        ] {
            assert_eq!(Lang::from_accept_language(header), expected, "{header}");
        }
    }
}
