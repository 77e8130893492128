//! The read-only user for Grafana and BI tools on a ClickHouse server.
//!
//! The embedded engine has its own, made with its users file; this is for a
//! server, where padwacht's user needs `ACCESS MANAGEMENT` for it.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::migrate::hex;
use super::{Series, SeriesError, is_plain_name};

/// Memory that the BI user's queries may take together, in bytes: enough for
/// a year of a large fleet, too little to push the pipeline out.
pub(crate) const BI_MEMORY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Seconds that one BI query may run.
pub(crate) const BI_EXECUTION_SECONDS_MAX: u64 = 60;

/// BI queries that may run at once: a dashboard's panels ask together.
pub(crate) const BI_QUERIES_MAX: u64 = 16;

impl Series {
    /// Makes the user `name` where it is absent, sets its password and limits,
    /// and lets it read the database and nothing else. Only a hash of the
    /// password is sent.
    ///
    /// # Errors
    /// `name` holds anything but letters, digits and `_`; padwacht's own user
    /// may not manage users; the server is away.
    pub async fn ensure_bi_user(
        &self,
        name: &str,
        password: &SecretString,
    ) -> Result<(), SeriesError> {
        if !is_plain_name(name) {
            return Err(SeriesError::Config(format!(
                "the name of the BI user must be letters, digits and _, found {name:?}"
            )));
        }
        for sql in bi_user_statements(name, password, &self.config.database) {
            self.execute("making the read-only BI user", &sql).await?;
        }
        Ok(())
    }
}

/// `readonly = 2` forbids every change but that of settings, which the clients
/// of BI tools need; the limits carry constraints, so they cannot be lifted.
/// `FINAL` may work partition by partition, because each table's partition
/// follows from its key.
fn bi_user_statements(name: &str, password: &SecretString, database: &str) -> [String; 4] {
    let hash = hex(&Sha256::digest(password.expose_secret().as_bytes()));
    let identified = format!("IDENTIFIED WITH sha256_hash BY '{hash}'");
    let settings = format!(
        "SETTINGS readonly = 2, do_not_merge_across_partitions_select_final = 1, \
         max_execution_time = {BI_EXECUTION_SECONDS_MAX} MIN 1 MAX {BI_EXECUTION_SECONDS_MAX}, \
         max_memory_usage = {BI_MEMORY_BYTES_MAX} MIN 1 MAX {BI_MEMORY_BYTES_MAX}, \
         max_memory_usage_for_user = {BI_MEMORY_BYTES_MAX} CONST, \
         max_concurrent_queries_for_user = {BI_QUERIES_MAX} CONST"
    );
    [
        format!("CREATE USER IF NOT EXISTS {name} {identified} {settings}"),
        format!("ALTER USER {name} {identified} {settings}"),
        format!("REVOKE ALL ON *.* FROM {name}"),
        format!("GRANT SELECT ON {database}.* TO {name}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_hold_a_hash_and_never_the_password() {
        let password = SecretString::from("hunter2'; DROP");
        for sql in bi_user_statements("bi", &password, "padwacht") {
            assert!(!sql.contains("hunter2"), "{sql}");
        }
    }
}
