//! The certificate of pages and API: can it be used, and is its key for its
//! owner alone.

use api::Tls;
use store::keyring::is_for_owner_only;

use super::{Verdict, chain};
use crate::config::ApiConfig;

/// Reads both files.
pub(super) fn check(config: &ApiConfig) -> Verdict {
    let Some(tls) = &config.tls else {
        return Verdict::Off(format!("no [api.tls] section: plain http on {}", config.listen));
    };
    let shown = tls.certificate.display();
    if let Err(error) = Tls::of_files(&tls.certificate, &tls.key) {
        return Verdict::wrong(chain(&error), "set api.tls.certificate and api.tls.key to a pair");
    }
    if is_for_owner_only(&tls.key).is_ok_and(|is_so| !is_so) {
        let key = tls.key.display();
        return Verdict::Worrying {
            problem: format!("others may read {key}"),
            advice: format!("chmod 600 {key}"),
        };
    }
    Verdict::Well(format!("{shown} and its key belong together"))
}
