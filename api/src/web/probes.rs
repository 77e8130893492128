//! Says in the log who tried to get round what guards us (OWASP ASVS 5,
//! 16.3.3): tokens that do not work, hosts that are not ours, requests forged
//! from other sites, passkeys that sign something else. So many at once and then
//! one a second of each kind are told at warn, the rest at debug, so that a
//! flood of them does not fill the disk.

use std::net::IpAddr;

use correlate::model::Timestamp;

use crate::problem::ApiError;
use crate::push::Buckets;

/// Lines of one kind at once.
const LINES_AT_ONCE: u32 = 20;
/// Lines of one kind a second after that.
const LINES_PER_SECOND: u32 = 1;

/// What has been told lately.
#[derive(Debug)]
pub(crate) struct Probes(Buckets<&'static str>);

impl Default for Probes {
    fn default() -> Probes {
        Probes(Buckets::new(LINES_AT_ONCE, LINES_PER_SECOND))
    }
}

impl Probes {
    /// Tells of a request that was answered with `error`, if that says that
    /// somebody tried something; `showed` is how the token or secret begins that it
    /// carried, the rest of which may be right and is nobody's to read. Gives
    /// whether it was told loudly.
    pub(crate) fn note(
        &self,
        error: &ApiError,
        showed: Option<&str>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> bool {
        let what = match error {
            ApiError::Unauthenticated if showed.is_some() => "a token that does not work",
            ApiError::CrossOrigin => "a change from another site",
            ApiError::Misdirected => "a request for another host",
            ApiError::PasskeyRefused => "a passkey that is not accepted",
            _ => return false,
        };
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let prefix = showed.unwrap_or_default();
        let is_loud = self.0.take(&what, now);
        if is_loud {
            tracing::warn!(%address, what, prefix, "refused");
        } else {
            tracing::debug!(%address, what, prefix, "refused");
        }
        is_loud
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_to_get_round_are_told_and_a_flood_is_sampled() {
        let probes = Probes::default();
        let told = |error: &ApiError, showed: bool, now: i64| {
            let showed = showed.then_some("pw_012345");
            (0..1_000).filter(|_| probes.note(error, showed, None, Timestamp(now))).count()
        };
        assert_eq!(told(&ApiError::Unauthenticated, false, 0), 0, "just nobody");
        assert_eq!(told(&ApiError::Forbidden, true, 0), 0, "told where it is decided");
        assert_eq!(told(&ApiError::Unauthenticated, true, 0), 20);
        assert_eq!(told(&ApiError::CrossOrigin, false, 0), 20, "each kind by itself");
        assert_eq!(told(&ApiError::Unauthenticated, true, 3_000), 3);
        assert_eq!(told(&ApiError::Misdirected, false, 3_000), 20);
        assert_eq!(told(&ApiError::PasskeyRefused, false, 3_000), 20);
    }
}
