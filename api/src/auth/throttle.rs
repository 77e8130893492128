//! Slows down guessing of passwords, so that nobody is kept out by the tries of
//! others.
//!
//! Who tries decides what is counted. A stranger is counted by account and
//! network together: a few tries are free, each one after that waits twice as
//! long as the one before, up to a minute. Across networks an account has a
//! budget that wears off, and so has a network across accounts; what others do
//! meanwhile delays no wearing off. Whoever came in before in the same browser,
//! holds a session, or has given the right password already is counted apart
//! from strangers.
//!
//! A try is counted before it is looked at, so many at once gain nothing; a
//! success takes it back. Counted in the records: every API process counts for
//! all, and a restart forgets nothing.

use std::net::IpAddr;

use correlate::model::Timestamp;
use store::records::{Admission, Records, RecordsError, SessionId, TokenHash, Tried, TryKey};

/// Tries without any wait.
const FREE_TRIES: u32 = 5;
/// The first wait; each further one is twice as long.
const FIRST_WAIT_MS: i64 = 1_000;
/// The longest wait: long enough that guessing is hopeless (1,440 tries a day),
/// short enough for the owner.
const WAIT_MS_MAX: i64 = 60_000;
/// A key without a try for this long is forgotten.
pub(crate) const FORGET_AFTER_MS: i64 = 3_600_000;

/// Wrong passwords of one account, from all networks together: as many a day as
/// from one network, and enough at once that some dozen networks cannot keep the
/// owner waiting who comes by another one.
const ACCOUNT: Budget = Budget { burst: 100, regain_ms: 60_000 };
/// Wrong passwords from one network, for all accounts together: an office on a
/// Monday morning, and 2,880 guesses a day.
const NETWORK: Budget = Budget { burst: 20, regain_ms: 30_000 };
/// Passkeys from one network: nobody guesses one, but each costs a signature check.
const PASSKEYS: Budget = Budget { burst: 30, regain_ms: 2_000 };
/// Links to a new password, from one network and for one address: what is asked
/// for writes mails to others.
const FORGOTTEN_NETWORK: Budget = Budget { burst: 10, regain_ms: 60_000 };
const FORGOTTEN_ACCOUNT: Budget = Budget { burst: 20, regain_ms: 300_000 };
/// Sign-ins that strangers of one network begin and that leave a row behind: an
/// office that comes in at once, and some hundred rows until they expire.
const BEGUN: Budget = Budget { burst: 120, regain_ms: 2_000 };

/// Tries that wear off one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Budget {
    /// How many may be made at once.
    burst: i64,
    /// Milliseconds in which one wears off.
    regain_ms: i64,
}

/// How a key slows down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Limit {
    /// By waits that double.
    Delay,
    /// By what is left of a budget.
    Budget(Budget),
}

/// Who tries, as far as that is known before the try is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trying<'a> {
    /// Somebody who says that `account` (as typed, any case) is theirs.
    Stranger { account: &'a str, address: IpAddr },
    /// The same, in a browser in which the owner of `account` came in before.
    Known { account: &'a str, device: TokenHash },
    /// Whoever holds this session proves again who they are.
    Session(SessionId),
    /// Whoever gave the right password, by the token that says so.
    Half(TokenHash),
    /// Whoever shows a passkey, of which nobody knows yet whose it is.
    Passkey(IpAddr),
    /// Whoever wants a link to a new password for `account`.
    Forgotten { account: &'a str, address: IpAddr },
    /// Whoever begins to sign in with a passkey.
    BeginsPasskey(IpAddr),
    /// Whoever is sent to the OpenID provider.
    BeginsSignOn(IpAddr),
}

impl Trying<'_> {
    fn keys(self) -> Vec<(TryKey, Limit)> {
        let delay = |key: String| (key, Limit::Delay);
        let within = |key: String, budget: Budget| (key, Limit::Budget(budget));
        let folded = |account: &str| account.trim().to_lowercase();
        let counted = match self {
            Trying::Stranger { account, address } => {
                let (account, network) = (folded(account), network(address));
                vec![
                    delay(format!("account {account}\nfrom {network}")),
                    within(format!("account {account}"), ACCOUNT),
                    within(format!("network {network}"), NETWORK),
                ]
            }
            Trying::Known { account, device } => {
                vec![delay(format!("account {}\nin {}", folded(account), device.to_hex()))]
            }
            Trying::Session(session) => vec![delay(format!("session {session}"))],
            Trying::Half(token) => vec![delay(format!("half {}", token.to_hex()))],
            Trying::Passkey(address) => {
                vec![within(format!("passkeys {}", network(address)), PASSKEYS)]
            }
            Trying::Forgotten { account, address } => {
                let (account, network) = (folded(account), network(address));
                vec![
                    delay(format!("forgotten {account}\nfrom {network}")),
                    within(format!("forgotten {account}"), FORGOTTEN_ACCOUNT),
                    within(format!("forgotten from {network}"), FORGOTTEN_NETWORK),
                ]
            }
            Trying::BeginsPasskey(address) => {
                vec![within(format!("begins passkeys {}", network(address)), BEGUN)]
            }
            Trying::BeginsSignOn(address) => {
                vec![within(format!("begins sign-on {}", network(address)), BEGUN)]
            }
        };
        let key = |(key, limit): (String, Limit)| {
            let regain_ms = match limit {
                Limit::Delay => 0,
                Limit::Budget(budget) => budget.regain_ms,
            };
            (TryKey { key: TokenHash::of(&key), regain_ms }, limit)
        };
        counted.into_iter().map(key).collect()
    }
}

/// The tries of the last hour. Times come from the caller's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Throttle<'a>(&'a Records);

impl<'a> Throttle<'a> {
    pub(crate) fn of(records: &'a Records) -> Throttle<'a> {
        Throttle(records)
    }

    /// Counts a try, or says how long to wait; a refused try is not counted.
    pub(crate) async fn admit(
        self,
        trying: Trying<'_>,
        now: Timestamp,
    ) -> Result<Admission, RecordsError> {
        // Whoever was quiet for so long starts afresh.
        let forgotten = now.plus_millis(-FORGET_AFTER_MS);
        let (keys, limits): (Vec<TryKey>, Vec<Limit>) = trying.keys().into_iter().unzip();
        let tries = self.0.sign_in_tries();
        tries.admit(&keys, forgotten, now, |key, tried| wait_ms(limits[key], tried, now)).await
    }

    /// The try was right: waits that double begin afresh, and budgets get this
    /// one try back (so that one good account does not pay for many guesses).
    pub(crate) async fn succeeded(self, trying: Trying<'_>) -> Result<(), RecordsError> {
        let keys: Vec<TryKey> = trying.keys().into_iter().map(|(key, _)| key).collect();
        self.0.sign_in_tries().succeeded(&keys).await
    }
}

/// The network that one client owns: of IPv6 at least a /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        },
        v4 => v4,
    }
}

fn wait_ms(limit: Limit, tried: Tried, now: Timestamp) -> i64 {
    match limit {
        Limit::Delay => delay_ms(tried, now),
        Limit::Budget(Budget { burst, regain_ms }) => {
            // This try included.
            let spent_ms = (tried.spent_until.0 - now.0).max(0).saturating_add(regain_ms);
            (spent_ms - burst.saturating_mul(regain_ms)).max(0)
        }
    }
}

fn delay_ms(tried: Tried, now: Timestamp) -> i64 {
    let since_ms = now.0.saturating_sub(tried.last.0);
    if tried.failed < FREE_TRIES || since_ms > FORGET_AFTER_MS {
        return 0;
    }
    let doublings = (tried.failed - FREE_TRIES).min(30);
    let pause_ms = FIRST_WAIT_MS.saturating_mul(1 << doublings).min(WAIT_MS_MAX);
    (pause_ms - since_ms).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn stranger(account: &str, last: u8) -> Trying<'_> {
        Trying::Stranger { account, address: address(last) }
    }

    /// Records of their own for one test.
    async fn records() -> (tempfile::TempDir, Records) {
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", dir.path().join("records.db").display());
        let records =
            Records::connect(&url, store::Keyring::ephemeral()).await.expect("the records open");
        records.migrate().await.expect("the records migrate");
        (dir, records)
    }

    /// What a try comes to: the wait, 0 when it is admitted.
    async fn waits(records: &Records, trying: Trying<'_>, now: i64) -> i64 {
        let tried = Throttle::of(records).admit(trying, Timestamp(now)).await;
        match tried.expect("the records answer") {
            Admission::Admitted => 0,
            Admission::Refused { wait_ms, .. } => wait_ms,
        }
    }

    async fn fail(records: &Records, trying: Trying<'_>, times: u32, now: i64) {
        for _ in 0..times {
            assert_eq!(waits(records, trying, now).await, 0, "still free");
        }
    }

    #[tokio::test]
    async fn waits_double_after_the_free_tries() {
        let (_dir, records) = records().await;
        fail(&records, stranger("a@x", 1), FREE_TRIES, 0).await;
        assert_eq!(waits(&records, stranger("a@x", 1), 0).await, 1_000);
        assert_eq!(waits(&records, stranger("A@X ", 1), 400).await, 600);
        assert_eq!(waits(&records, stranger("a@x", 1), 1_000).await, 0);
        assert_eq!(waits(&records, stranger("a@x", 1), 1_000).await, 2_000);
    }

    #[tokio::test]
    async fn a_quiet_hour_makes_free_again() {
        let (_dir, records) = records().await;
        fail(&records, stranger("a@x", 1), FREE_TRIES, 0).await;
        let later = FORGET_AFTER_MS + 1;
        fail(&records, stranger("a@x", 1), FREE_TRIES, later).await;
        assert_eq!(waits(&records, stranger("a@x", 1), later).await, 1_000);
    }

    #[test]
    fn waits_end_at_a_minute() {
        let check = |failed: u32, since_ms: i64, expected: i64| {
            let tried = Tried { failed, last: Timestamp(0), spent_until: Timestamp(0) };
            assert_eq!(wait_ms(Limit::Delay, tried, Timestamp(since_ms)), expected, "{failed}");
        };
        check(FREE_TRIES - 1, 0, 0);
        check(FREE_TRIES, 0, FIRST_WAIT_MS);
        check(FREE_TRIES + 3, 1_000, 7_000);
        check(u32::MAX, 0, WAIT_MS_MAX);
        check(u32::MAX, FORGET_AFTER_MS + 1, 0);
    }

    #[tokio::test]
    async fn guessing_from_elsewhere_does_not_keep_the_owner_waiting() {
        let (_dir, records) = records().await;
        for turn in 0..30 {
            waits(&records, stranger("owner@x", 1), turn * 61_000).await;
        }
        assert!(waits(&records, stranger("owner@x", 1), 29 * 61_000).await > 0);
        assert_eq!(waits(&records, stranger("owner@x", 2), 29 * 61_000).await, 0);
    }

    #[tokio::test]
    async fn whoever_is_known_is_counted_apart_from_strangers_of_the_same_network() {
        let (_dir, records) = records().await;
        for turn in 0..40 {
            waits(&records, stranger(&format!("user{turn}@x"), 1), 0).await;
        }
        for _ in 0..FREE_TRIES {
            waits(&records, stranger("owner@x", 2), 0).await;
        }
        assert!(waits(&records, stranger("owner@x", 1), 0).await > 0, "their network is used up");
        assert!(waits(&records, stranger("owner@x", 2), 0).await > 0);
        let device = TokenHash::of("device");
        let known = Trying::Known { account: "owner@x", device };
        let session =
            Trying::Session("01890000-0000-7000-8000-000000000001".parse().expect("an id"));
        for trying in [known, session, Trying::Half(TokenHash::of("half"))] {
            fail(&records, trying, FREE_TRIES, 0).await;
            assert_eq!(waits(&records, trying, 0).await, FIRST_WAIT_MS, "and slowed all the same");
        }
        let other = Trying::Known { account: "other@x", device };
        assert_eq!(waits(&records, other, 0).await, 0);
    }

    #[tokio::test]
    async fn an_account_has_an_end_over_all_networks() {
        let (_dir, records) = records().await;
        let burst = u8::try_from(ACCOUNT.burst).expect("fits");
        for last in 0..burst {
            fail(&records, stranger("a@x", last), 1, 0).await;
        }
        assert_eq!(waits(&records, stranger("a@x", burst), 0).await, ACCOUNT.regain_ms);
        assert_eq!(waits(&records, stranger("b@x", burst), 0).await, 0);
        assert_eq!(waits(&records, stranger("a@x", burst), ACCOUNT.regain_ms).await, 0);
    }

    #[tokio::test]
    async fn an_address_is_slowed_across_accounts_and_others_are_not() {
        let (_dir, records) = records().await;
        for turn in 0..NETWORK.burst {
            fail(&records, stranger(&format!("user{turn}@x"), 1), 1, 0).await;
        }
        assert_eq!(waits(&records, stranger("fresh@x", 1), 0).await, NETWORK.regain_ms);
        assert_eq!(waits(&records, stranger("fresh@x", 2), 0).await, 0);
    }

    #[tokio::test]
    async fn a_network_regains_its_tries_whatever_others_do() {
        let (_dir, records) = records().await;
        for turn in 0..NETWORK.burst {
            fail(&records, stranger(&format!("user{turn}@x"), 1), 1, 0).await;
        }
        // Refused tries cost nothing, and those of an hour with typos wear off meanwhile.
        for minute in 1..=10 {
            let now = minute * 60_000;
            fail(&records, stranger(&format!("typo{minute}@x"), 1), 1, now).await;
        }
        let free = (0..20).map(|turn| format!("later{turn}@x"));
        let mut admitted = 0;
        for account in free {
            admitted += u32::from(waits(&records, stranger(&account, 1), 600_000).await == 0);
        }
        assert_eq!(admitted, 10, "20 came back, 10 were used");
    }

    #[tokio::test]
    async fn a_success_clears_the_account_and_gives_the_network_its_try_back() {
        let (_dir, records) = records().await;
        fail(&records, stranger("a@x", 1), FREE_TRIES, 0).await;
        for turn in 0..NETWORK.burst - i64::from(FREE_TRIES) {
            fail(&records, stranger(&format!("user{turn}@x"), 1), 1, 0).await;
        }
        assert!(waits(&records, stranger("b@x", 1), 0).await > 0);
        Throttle::of(&records).succeeded(stranger("a@x", 1)).await.expect("counts");
        assert_eq!(waits(&records, stranger("a@x", 1), 0).await, 0);
        assert!(waits(&records, stranger("b@x", 1), 0).await > 0, "one, and no more");
    }

    #[tokio::test]
    async fn who_forgot_a_password_is_not_slowed_by_tries_to_sign_in() {
        let (_dir, records) = records().await;
        for turn in 0..40 {
            waits(&records, stranger(&format!("user{turn}@x"), 1), 0).await;
            waits(&records, stranger("a@x", 1), 0).await;
        }
        let forgotten = Trying::Forgotten { account: "a@x", address: address(1) };
        fail(&records, forgotten, FREE_TRIES, 0).await;
        assert!(waits(&records, forgotten, 0).await > 0);
        assert_eq!(waits(&records, stranger("a@x", 2), 0).await, 0);
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let check = |one: &str, other: &str, expected: bool| {
            let [one, other] = [one, other].map(|text| network(text.parse().expect("an address")));
            assert_eq!(one == other, expected, "{one} {other}");
        };
        check("2001:db8::1", "2001:db8::ffff", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
        check("::ffff:192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
    }
}
