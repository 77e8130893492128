//! `[secrets]`: the keys that seal what is secret in the records database.

use std::path::PathBuf;

use secrecy::SecretString;
use store::Keyring;

use super::reader::{Reader, Section};
use super::rule::{FilePath, Rule};
use super::{GeneralConfig, Origin};

/// The file that is made at the first start, in the data directory.
const FILE_DEFAULT: &str = "secrets.key";

/// Where the keys are; the first one seals.
#[derive(Clone, Debug)]
pub(crate) enum SecretsConfig {
    /// In the configuration or the environment.
    Given(SecretString),
    /// In a file that somebody made.
    File(PathBuf),
    /// In a file that is made when it is not there.
    Own(PathBuf),
}

pub(super) fn read(reader: &Reader<'_>, general: &GeneralConfig) -> SecretsConfig {
    let section = reader.section("secrets");
    let given = section.secret("key");
    let file = section.raw("key_file").and_then(|node| FilePath.read(&node.value));
    let Some(text) = given else {
        return own(&section, general);
    };
    if let Err(error) = Keyring::parse("the keys", &text) {
        section.conflict(if file.is_some() { "key_file" } else { "key" }, &error.to_string());
    }
    match file {
        Some(path) => SecretsConfig::File(path),
        None => SecretsConfig::Given(text),
    }
}

fn own(section: &Section<'_>, general: &GeneralConfig) -> SecretsConfig {
    let path = general.data_dir.join(FILE_DEFAULT);
    if section.raw("key_file").is_none() && section.raw("key").is_none() {
        section.note("key_file", FilePath.show(&path), Origin::Default);
    }
    SecretsConfig::Own(path)
}
