//! The engine's configuration, users and passwords on disk, each readable by
//! its owner alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{BI_USER, DATABASE, EmbeddedConfig, EmbeddedError, USER};
use crate::series::{BI_EXECUTION_SECONDS_MAX, BI_MEMORY_BYTES_MAX, BI_QUERIES_MAX, hex};

/// Random bytes in a generated password: 192 bits, beyond guessing.
const PASSWORD_BYTES: usize = 24;

/// Holds the password of padwacht's own user.
const PASSWORD_FILE: &str = "padwacht.password";

/// The longest password file that is read.
const PASSWORD_FILE_BYTES_MAX: usize = 1_024;

/// What the engine's start needs of the files.
pub(super) struct Written {
    pub(super) config_file: PathBuf,
    pub(super) password: SecretString,
    pub(super) bi_password: SecretString,
    pub(super) bi_password_file: PathBuf,
}

/// Writes the files; passwords that exist are kept.
pub(super) fn write(config: &EmbeddedConfig) -> Result<Written, EmbeddedError> {
    let dir = &config.data_dir;
    make_private_dir(dir)?;
    make_private_dir(&engine_dir(dir))?;
    // The engine reads its paths from here, whatever its working directory.
    let dir = &fs::canonicalize(dir).map_err(at("finding the data directory", dir))?;
    let users_file = dir.join("users.xml");
    let config_file = dir.join("config.xml");
    let bi_password_file = dir.join("bi.password");
    let password = kept_password(&dir.join(PASSWORD_FILE))?;
    let bi_password = kept_password(&bi_password_file)?;
    replace_private(&users_file, &users_xml(config, &password, &bi_password))?;
    replace_private(&config_file, &config_xml(config, &users_file))?;
    Ok(Written { config_file, password, bi_password, bi_password_file })
}

/// The password of padwacht's own user that an earlier start kept in `dir`.
pub(super) fn password(dir: &Path) -> Result<SecretString, EmbeddedError> {
    let path = dir.join(PASSWORD_FILE);
    let text = fs::read_to_string(&path).map_err(at("reading the engine's password", &path))?;
    Ok(SecretString::from(text.trim()))
}

/// Where the engine keeps its own data.
pub(super) fn engine_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("engine")
}

fn config_xml(config: &EmbeddedConfig, users_file: &Path) -> String {
    format!(
        "<!-- Written by padwacht at each start; changes are lost. -->\n\
         <clickhouse>\n\
         \x20 <users_config>{users}</users_config>\n\
         \x20 <max_server_memory_usage>{memory}</max_server_memory_usage>\n\
         \x20 <mark_cache_size>134217728</mark_cache_size>\n\
         \x20 <max_concurrent_queries>100</max_concurrent_queries>\n\
         </clickhouse>\n",
        users = escape(&users_file.to_string_lossy()),
        memory = config.memory_bytes_max,
    )
}

/// `default` is the session that makes the engine listen: one grant, and as
/// many queries as its start takes (see `child.rs`), for longer than it runs.
fn users_xml(
    config: &EmbeddedConfig,
    password: &SecretString,
    bi_password: &SecretString,
) -> String {
    let start_queries = 2 + usize::from(config.tcp_port.is_some());
    let loopback = "<networks><ip>127.0.0.1</ip><ip>::1</ip></networks>";
    // Right for every table, because each one's partition follows from its key.
    let by_partition = "<do_not_merge_across_partitions_select_final>1\
                        </do_not_merge_across_partitions_select_final>";
    let query_memory = config.memory_bytes_max / 2;
    let bi_memory = BI_MEMORY_BYTES_MAX.min(query_memory);
    format!(
        r"<!-- Written by padwacht at each start; changes are lost. -->
<clickhouse>
  <profiles>
    <default>
      <max_memory_usage>{query_memory}</max_memory_usage>
      {by_partition}
    </default>
    <bi>
      {by_partition}
      <readonly>2</readonly>
      <max_execution_time>{BI_EXECUTION_SECONDS_MAX}</max_execution_time>
      <max_memory_usage>{bi_memory}</max_memory_usage>
      <max_memory_usage_for_user>{bi_memory}</max_memory_usage_for_user>
      <max_concurrent_queries_for_user>{BI_QUERIES_MAX}</max_concurrent_queries_for_user>
      <constraints>
        <max_memory_usage_for_user><readonly/></max_memory_usage_for_user>
        <max_concurrent_queries_for_user><readonly/></max_concurrent_queries_for_user>
        <max_execution_time><min>1</min><max>{BI_EXECUTION_SECONDS_MAX}</max></max_execution_time>
        <max_memory_usage><min>1</min><max>{bi_memory}</max></max_memory_usage>
      </constraints>
    </bi>
  </profiles>
  <quotas>
    <default/>
    <start><interval><duration>2000000000</duration><queries>{start_queries}</queries></interval></start>
  </quotas>
  <users>
    <default>
      <no_password/>{loopback}<profile>default</profile><quota>start</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    <{USER}>
      <password_sha256_hex>{hash}</password_sha256_hex>
      {loopback}<profile>default</profile><quota>default</quota>
      <grants>
        <query>GRANT ALL ON {DATABASE}.*</query>
        <query>GRANT TABLE ENGINE ON MergeTree</query>
        <query>GRANT TABLE ENGINE ON ReplacingMergeTree</query>
        <query>GRANT KILL QUERY ON *.*</query>
        <query>GRANT SELECT ON system.processes</query>
      </grants>
    </{USER}>
    <{BI_USER}>
      <password_sha256_hex>{bi_hash}</password_sha256_hex>
      {loopback}<profile>bi</profile><quota>default</quota>
      <grants><query>GRANT SELECT ON {DATABASE}.*</query></grants>
    </{BI_USER}>
  </users>
</clickhouse>
",
        hash = sha256(password),
        bi_hash = sha256(bi_password),
    )
}

fn sha256(password: &SecretString) -> String {
    hex(&Sha256::digest(password.expose_secret().as_bytes()))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The password in `path`, made and written there when there is none.
fn kept_password(path: &Path) -> Result<SecretString, EmbeddedError> {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() && text.len() <= PASSWORD_FILE_BYTES_MAX => {
            make_private(path)?;
            Ok(SecretString::from(text.trim()))
        }
        Ok(_) => new_password(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => new_password(path),
        Err(source) => Err(at("reading a password", path)(source)),
    }
}

fn new_password(path: &Path) -> Result<SecretString, EmbeddedError> {
    let mut bytes = [0; PASSWORD_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        at("drawing a password", path)(std::io::Error::other(error.to_string()))
    })?;
    let text = hex(&bytes);
    replace_private(path, &format!("{text}\n"))?;
    Ok(SecretString::from(text))
}

/// Replaces a file as a whole: a reader, or a start after a crash, sees the
/// old content or the new.
fn replace_private(path: &Path, content: &str) -> Result<(), EmbeddedError> {
    let fresh = path.with_extension("new");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(content.as_bytes())?;
            file.sync_all()
        });
    written.map_err(at("writing a file", &fresh))?;
    fs::rename(&fresh, path).map_err(at("replacing a file", path))
}

fn make_private_dir(path: &Path) -> Result<(), EmbeddedError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(at("making the data directory", path))
}

fn make_private(path: &Path) -> Result<(), EmbeddedError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(at("making a file private", path))
}

fn at(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Io { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dir: &Path) -> Written {
        let config = EmbeddedConfig::new(dir, "lib".into()).expect("this executable is known");
        write(&config).expect("writable")
    }

    #[test]
    fn every_file_is_private_and_passwords_are_kept() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let first = written(dir.path());
        let second = written(dir.path());
        assert_eq!(first.password.expose_secret(), second.password.expose_secret());
        assert_ne!(first.password.expose_secret(), first.bi_password.expose_secret());
        for name in ["config.xml", "users.xml", "padwacht.password", "bi.password"] {
            let mode = fs::metadata(dir.path().join(name)).expect("exists").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn the_users_file_holds_no_password() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let written = written(dir.path());
        let users = fs::read_to_string(dir.path().join("users.xml")).expect("exists");
        assert!(!users.contains(written.password.expose_secret()));
        assert!(!users.contains(written.bi_password.expose_secret()));
    }
}
