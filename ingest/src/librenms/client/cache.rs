//! Remembers short lists that seldom change, so that the server is not asked
//! for them again and again. Bounded; errors are never remembered.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Call;

/// There are about ten calls whose answers live; the rest are objects that are
/// asked for by id.
const ENTRIES_MAX: usize = 256;

/// An answer larger than this, after decompression, is not remembered.
const ENTRY_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// All together, by the size of their bodies: decoded rows are smaller.
const BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What is remembered, by call and type of row.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<Key, Entry>,
    bytes: u64,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Key {
    path: String,
    query: Vec<(&'static str, String)>,
    row: TypeId,
}

#[derive(Debug)]
struct Entry {
    rows: Arc<dyn Any + Send + Sync>,
    bytes: u64,
    read_at: Instant,
}

impl Cache {
    /// The rows, if they were read less than `lifetime` before `now`.
    pub(super) fn get<R: Send + Sync + 'static>(
        &self,
        call: &Call,
        lifetime: Duration,
        now: Instant,
    ) -> Option<Arc<[R]>> {
        let entries = self.entries();
        let entry = entries.by_key.get(&key::<R>(call))?;
        let is_fresh = now.saturating_duration_since(entry.read_at) < lifetime;
        let rows = is_fresh.then(|| entry.rows.downcast_ref::<Arc<[R]>>())??;
        Some(Arc::clone(rows))
    }

    /// Remembers rows whose body had `bytes`; forgets the oldest to make room.
    pub(super) fn put<R: Send + Sync + 'static>(
        &self,
        call: &Call,
        rows: &Arc<[R]>,
        bytes: u64,
        now: Instant,
    ) {
        if bytes > ENTRY_BYTES_MAX {
            return;
        }
        let rows: Arc<dyn Any + Send + Sync> = Arc::new(Arc::clone(rows));
        let entry = Entry { rows, bytes, read_at: now };
        let mut entries = self.entries();
        entries.bytes += bytes;
        if let Some(former) = entries.by_key.insert(key::<R>(call), entry) {
            entries.bytes -= former.bytes;
        }
        entries.shrink();
    }

    /// Every step leaves it whole, so it may be used after a panic elsewhere.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn shrink(&mut self) {
        while self.by_key.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            let oldest = self.by_key.iter().min_by_key(|(_, entry)| entry.read_at);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
            if let Some(entry) = self.by_key.remove(&oldest) {
                self.bytes -= entry.bytes;
            }
        }
    }
}

fn key<R: 'static>(call: &Call) -> Key {
    Key { path: call.path.clone(), query: call.query.clone(), row: TypeId::of::<R>() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn call(id: usize) -> Call {
        Call { path: format!("devices/{id}"), ..crate::librenms::calls::system() }
    }

    fn rows(value: u32) -> Arc<[u32]> {
        Arc::from(vec![value])
    }

    #[test]
    fn rows_live_as_long_as_the_caller_says() {
        let (cache, now) = (Cache::default(), Instant::now());
        cache.put(&call(1), &rows(7), 10, now);
        assert_eq!(cache.get::<u32>(&call(1), MINUTE, now + MINUTE / 2), Some(rows(7)));
        assert_eq!(cache.get::<u32>(&call(1), MINUTE, now + MINUTE), None);
        cache.put(&call(1), &rows(8), 10, now + MINUTE);
        assert_eq!(cache.get::<u32>(&call(1), MINUTE, now + MINUTE), Some(rows(8)));
    }

    #[test]
    fn another_call_and_another_type_of_row_are_not_the_same() {
        let (cache, now) = (Cache::default(), Instant::now());
        cache.put(&call(1), &rows(7), 10, now);
        assert_eq!(cache.get::<u64>(&call(1), MINUTE, now), None);
        assert_eq!(cache.get::<u32>(&call(2), MINUTE, now), None);
        let columns = Call { query: vec![("columns", "a".to_owned())], ..call(1) };
        assert_eq!(cache.get::<u32>(&columns, MINUTE, now), None);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_too_large() {
        let (cache, now) = (Cache::default(), Instant::now());
        let at = |step: usize| now + Duration::from_millis(step as u64);
        for id in 0..ENTRIES_MAX + 3 {
            cache.put(&call(id), &rows(0), 1, at(id));
        }
        assert_eq!(cache.entries().by_key.len(), ENTRIES_MAX);
        assert_eq!(cache.get::<u32>(&call(2), MINUTE, now), None);
        assert!(cache.get::<u32>(&call(3), MINUTE, now).is_some());
        for id in 0..5 {
            cache.put(&call(1_000 + id), &rows(0), ENTRY_BYTES_MAX, at(1_000 + id));
        }
        assert_eq!(cache.entries().bytes, 4 * ENTRY_BYTES_MAX);
        cache.put(&call(9_999), &rows(0), ENTRY_BYTES_MAX + 1, at(9_999));
        assert_eq!(cache.get::<u32>(&call(9_999), MINUTE, at(9_999)), None);
    }
}
