//! The NMS accounts: address, token, rights, clock, age of data, ports; the
//! source itself tries them step by step.

use std::sync::Arc;

use ingest::librenms::LibreNms;
use ingest::source::{Finding, Source, SystemClock};

use super::{Check, Verdict, chain};
use crate::config::{NmsAccount, NmsKind};

/// Without an account there is nothing to watch.
pub(super) fn none() -> Verdict {
    Verdict::wrong(
        "no account is configured, so there is nothing to watch",
        "set LIBRENMS_API_URL and LIBRENMS_API_TOKEN, or write an [[nms]] section",
    )
}

/// Tries everything that polling needs.
pub(super) async fn check(account: &NmsAccount) -> Vec<Check> {
    let NmsKind::LibreNms = account.kind;
    let source = crate::parts::librenms(account).and_then(|mut settings| {
        // Somebody waits for the answer, and a failure that passes is one to know of.
        settings.retries = 0;
        LibreNms::new(settings, Arc::new(SystemClock))
    });
    let part = format!("nms {}", account.name);
    match source {
        Ok(source) => {
            source.check().await.into_iter().map(|finding| told(&part, finding)).collect()
        }
        Err(error) => {
            let verdict = Verdict::wrong(chain(&error), "correct it in the [[nms]] section");
            vec![Check { part, verdict }]
        }
    }
}

/// A finding's own text already says what to do.
fn told(part: &str, finding: Finding) -> Check {
    let verdict = match finding.outcome {
        Ok(seen) => Verdict::Well(seen),
        Err(error) => Verdict::Wrong { problem: error.message, advice: None },
    };
    Check { part: format!("{part}, {}", finding.subject), verdict }
}
