//! Slows down guessing of passwords, by account and by client address.
//!
//! A few tries are free; each one after that must wait twice as long as the
//! one before, up to a limit. A try is counted before the password is looked
//! at, so many at once gain nothing; a success takes it back. The wait of an
//! account stays short, so that a stranger cannot lock its owner out.
//!
//! Kept in memory: one API process counts for itself, and a restart forgets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use correlate::model::Timestamp;

/// Tries without any wait.
const FREE_TRIES: u32 = 5;
/// The first wait; each further one is twice as long.
const FIRST_WAIT_MS: i64 = 1_000;
/// The longest wait of an account: long enough that guessing is hopeless
/// (1,440 tries a day), short enough for the owner.
const ACCOUNT_WAIT_MS_MAX: i64 = 60_000;
/// The longest wait of an address.
const ADDRESS_WAIT_MS_MAX: i64 = 900_000;
/// A key without a try for this long is forgotten.
const FORGET_AFTER_MS: i64 = 3_600_000;
/// How many keys are remembered: about 10 MB. When more are needed those
/// quiet for longest go first.
const KEYS_MAX: usize = 50_000;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    Account(Box<str>),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    failed: u32,
    last: Timestamp,
}

/// The tries of the last hour. Times come from the caller's clock.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<Key, Tries>>,
}

impl Throttle {
    /// Counts a try of `account` (as typed, any case) from `address`, or says
    /// how many milliseconds to wait; a refused try is not counted.
    pub(crate) fn admit(&self, account: &str, address: IpAddr, now: Timestamp) -> Result<(), i64> {
        let keys = keys(account, address);
        let mut tries = self.lock();
        let wait_ms = keys
            .iter()
            .filter_map(|key| tries.get(key).map(|found| wait_ms(key, *found, now)))
            .max()
            .unwrap_or(0);
        if wait_ms > 0 {
            return Err(wait_ms);
        }
        make_room(&mut tries, now);
        for key in keys {
            let entry = tries.entry(key).or_insert(Tries { failed: 0, last: now });
            if now.0.saturating_sub(entry.last.0) > FORGET_AFTER_MS {
                entry.failed = 0;
            }
            entry.failed = entry.failed.saturating_add(1);
            entry.last = now;
        }
        Ok(())
    }

    /// The try was right: the account starts afresh, and the address gets this
    /// one try back (so that one good account does not pay for many guesses).
    pub(crate) fn succeeded(&self, account: &str, address: IpAddr) {
        let [account, address] = keys(account, address);
        let mut tries = self.lock();
        tries.remove(&account);
        if let Some(entry) = tries.get_mut(&address) {
            entry.failed = entry.failed.saturating_sub(1);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Tries>> {
        // A panic while holding the lock leaves at worst a count that is off by one.
        self.tries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn keys(account: &str, address: IpAddr) -> [Key; 2] {
    // One IPv6 client owns at least a /64.
    let address = match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        },
        v4 => v4,
    };
    [Key::Account(account.trim().to_lowercase().into()), Key::Address(address)]
}

fn wait_ms(key: &Key, tries: Tries, now: Timestamp) -> i64 {
    let since_ms = now.0.saturating_sub(tries.last.0);
    if tries.failed < FREE_TRIES || since_ms > FORGET_AFTER_MS {
        return 0;
    }
    let limit_ms = match key {
        Key::Account(_) => ACCOUNT_WAIT_MS_MAX,
        Key::Address(_) => ADDRESS_WAIT_MS_MAX,
    };
    let doublings = (tries.failed - FREE_TRIES).min(30);
    let pause_ms = FIRST_WAIT_MS.saturating_mul(1 << doublings).min(limit_ms);
    (pause_ms - since_ms).max(0)
}

fn make_room(tries: &mut HashMap<Key, Tries>, now: Timestamp) {
    if tries.len() + 2 <= KEYS_MAX {
        return;
    }
    tries.retain(|_, entry| now.0.saturating_sub(entry.last.0) <= FORGET_AFTER_MS);
    if tries.len() + 2 <= KEYS_MAX {
        return;
    }
    // Half goes at once, so that this stays rare under attack.
    let mut ages: Vec<i64> = tries.values().map(|entry| entry.last.0).collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    tries.retain(|_, entry| entry.last.0 > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn fail(throttle: &Throttle, account: &str, from: u8, times: u32, now: i64) {
        for _ in 0..times {
            throttle.admit(account, address(from), Timestamp(now)).expect("still free");
        }
    }

    #[test]
    fn waits_double_after_the_free_tries() {
        let throttle = Throttle::default();
        fail(&throttle, "a@x", 1, FREE_TRIES, 0);
        assert_eq!(throttle.admit("a@x", address(1), Timestamp(0)), Err(1_000));
        assert_eq!(throttle.admit("A@X ", address(2), Timestamp(400)), Err(600));
        assert_eq!(throttle.admit("a@x", address(1), Timestamp(1_000)), Ok(()));
        assert_eq!(throttle.admit("a@x", address(1), Timestamp(1_000)), Err(2_000));
    }

    #[test]
    fn the_wait_of_an_account_is_limited_and_forgotten() {
        let throttle = Throttle::default();
        let mut now = 0;
        for turn in 0..40 {
            now += ACCOUNT_WAIT_MS_MAX;
            let from = u8::try_from(turn).expect("few turns");
            assert_eq!(throttle.admit("a@x", address(from), Timestamp(now)), Ok(()));
        }
        let later = Timestamp(now + FORGET_AFTER_MS + 1);
        fail(&throttle, "a@x", 200, FREE_TRIES, later.0);
    }

    #[test]
    fn an_address_is_slowed_across_accounts_and_longer() {
        let throttle = Throttle::default();
        let mut now = 0;
        for turn in 0..30 {
            let account = format!("user{turn}@x");
            if throttle.admit(&account, address(1), Timestamp(now)).is_err() {
                now += ADDRESS_WAIT_MS_MAX;
                throttle.admit(&account, address(1), Timestamp(now)).expect("waited");
            }
        }
        assert_eq!(throttle.admit("fresh@x", address(1), Timestamp(now)), Err(ADDRESS_WAIT_MS_MAX));
        assert_eq!(throttle.admit("fresh@x", address(2), Timestamp(now)), Ok(()));
    }

    #[test]
    fn a_success_clears_the_account_but_not_the_address() {
        let throttle = Throttle::default();
        fail(&throttle, "a@x", 1, FREE_TRIES - 1, 0);
        fail(&throttle, "b@x", 1, 1, 0);
        throttle.succeeded("b@x", address(1));
        fail(&throttle, "c@x", 1, 1, 0);
        assert_eq!(throttle.admit("b@x", address(1), Timestamp(0)), Err(1_000));
        assert_eq!(throttle.admit("b@x", address(2), Timestamp(0)), Ok(()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let throttle = Throttle::default();
        for host in 1..=FREE_TRIES {
            let from: IpAddr = format!("2001:db8::{host}").parse().expect("an address");
            throttle.admit(&format!("u{host}"), from, Timestamp(0)).expect("free");
        }
        let next: IpAddr = "2001:db8::ffff".parse().expect("an address");
        assert!(throttle.admit("u", next, Timestamp(0)).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for turn in 0..u32::try_from(KEYS_MAX).expect("fits") {
            let from = IpAddr::from(turn.to_be_bytes());
            let _ = throttle.admit(&format!("u{turn}"), from, Timestamp(i64::from(turn)));
        }
        assert!(throttle.lock().len() <= KEYS_MAX);
    }
}
