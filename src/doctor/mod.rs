//! `padwacht doctor`: looks at every outside part and says in plain words what
//! is wrong and what to do. It changes nothing and repairs nothing: what a
//! first start would make (files, tables) is only said to be missing.

mod clickhouse;
mod cluster;
mod database;
mod log;
mod machine;
mod mail;
mod network;
mod nms;
mod oidc;
mod report;
mod secrets;
mod tls;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::cli::DoctorArgs;
use crate::config::Config;

use report::{Check, Report, Verdict};

/// Longer than any part but a large NMS needs, short enough to wait for.
const CHECK_TIMEOUT: Duration = Duration::from_secs(45);

/// Runs all checks at once and prints the findings.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) async fn run(args: &DoctorArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let checks = futures::future::join_all(checks(config)).await.concat();
    let report = Report { checks };
    let text = if args.json { report.to_json() } else { report.to_text() };
    crate::print(&text)?;
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks that are still running.
type Running<'a> = BoxFuture<'a, Vec<Check>>;

fn checks(config: &Config) -> Vec<Running<'_>> {
    let mut checks =
        vec![one("data directory", async { machine::data_dir(&config.general.data_dir) })];
    let entered = nms::check_entered(config);
    checks.push(within(crate::parts::check_timeout_of(&config.pace), "nms".to_owned(), entered));
    for account in &config.nms {
        let part = format!("nms {}", account.name);
        let timeout = crate::parts::check_timeout(account);
        checks.push(within(timeout, part, nms::check(account, config.correlate.stale_after)));
    }
    checks.push(one("log", log::check(&config.log)));
    checks.push(one("clickhouse", clickhouse::check(&config.clickhouse)));
    if let Some(processes) = &config.cluster {
        checks.push(one("correlate", cluster::check(processes)));
    }
    checks.push(one("database", database::check(&config.database)));
    checks.push(one("secrets", secrets::check(config)));
    checks.push(one("certificate", async { tls::check(&config.api) }));
    checks.push(one("network", async { network::check(config.in_clear) }));
    checks.push(one("mail", mail::check(config.mail.as_ref())));
    checks.push(one("single sign-on", oidc::check(config.oidc.as_ref())));
    checks
}

/// A check with one verdict.
fn one<'a>(part: &str, check: impl Future<Output = Verdict> + Send + 'a) -> Running<'a> {
    let named = part.to_owned();
    within(CHECK_TIMEOUT, part.to_owned(), async {
        vec![Check { part: named, verdict: check.await }]
    })
}

/// Ends a check when it takes too long.
fn within<'a>(
    timeout: Duration,
    part: String,
    check: impl Future<Output = Vec<Check>> + Send + 'a,
) -> Running<'a> {
    Box::pin(async move {
        tokio::time::timeout(timeout, check).await.unwrap_or_else(|_| {
            let problem = format!("no answer within {} s", timeout.as_secs());
            let advice = "look whether it is overloaded, or a firewall drops the connection";
            vec![Check { part, verdict: Verdict::wrong(problem, advice) }]
        })
    })
}

/// The error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        // Some libraries repeat their source in their own text.
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_never_answers_is_wrong() {
        let checks = within(Duration::ZERO, String::from("mail"), std::future::pending()).await;
        let [Check { part, verdict }] = checks.as_slice() else { panic!("one check") };
        assert_eq!(part, "mail");
        assert!(matches!(verdict, Verdict::Wrong { .. }));
    }

    #[test]
    fn a_chain_says_nothing_twice() {
        let inner = std::io::Error::other("disk full");
        let outer = anyhow::Error::new(inner).context("write the log");
        assert_eq!(chain(outer.as_ref()), "write the log: disk full");
    }
}
