//! `padwacht doctor`: looks at every outside part and says in plain words what
//! is wrong and what to do. It changes nothing and repairs nothing.

mod machine;
mod mail;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use crate::cli::DoctorArgs;
use crate::config::Config;

use report::{Check, Report, Verdict};

/// Longer than any part needs that is of use, short enough to wait for.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs all checks at once and prints the findings.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) async fn run(args: &DoctorArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let checks = futures::future::join_all(checks(config)).await;
    let report = Report { checks };
    let text = if args.json { report.to_json() } else { report.to_text() };
    crate::print(&text)?;
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A check that is still running.
type Running<'a> = futures::future::BoxFuture<'a, Check>;

fn checks(config: &Config) -> Vec<Running<'_>> {
    vec![
        running("data directory", async { machine::data_dir(&config.general.data_dir) }),
        running("mail", mail::check(config.mail.as_ref())),
    ]
}

/// Names a check and ends it when it takes too long.
fn running<'a>(
    part: impl Into<String>,
    check: impl Future<Output = Verdict> + Send + 'a,
) -> Running<'a> {
    let part = part.into();
    Box::pin(async move {
        let verdict =
            tokio::time::timeout(CHECK_TIMEOUT, check).await.unwrap_or_else(|_| Verdict::Wrong {
                problem: format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
                advice: String::from("look whether a firewall drops the connection"),
            });
        Check { part, verdict }
    })
}
