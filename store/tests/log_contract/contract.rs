//! What every log must do. Each case gets a log of its own, or at least a
//! topic name of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use correlate::model::Timestamp;
use store::log::{
    Log, LogError, MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_KEY_BYTES, MAX_RECORD_BYTES, ReadLimits,
    Record, StoredRecord, TopicKind, TopicSpec,
};
use store::wire::{self, Trigger, triggers_topic};

/// Long enough for any append to be seen, and never waited for in full.
pub(crate) const WAIT: Duration = Duration::from_secs(60);
const RETAINED: TopicKind = TopicKind::Retained(Duration::from_secs(7 * 24 * 60 * 60));

/// A log under test.
#[async_trait]
pub(crate) trait Subject: Send {
    fn log(&self) -> Arc<dyn Log>;
    /// A name that no other case uses.
    fn topic(&self) -> &str;
    /// Closes the log and opens it again.
    async fn reopen(&mut self);
    /// Lets retention drop every record that the topic has now.
    async fn drop_everything_in(&self, topic: &str);
}

async fn with_topic(subject: &impl Subject, partitions: u32, kind: TopicKind) -> Arc<dyn Log> {
    let log = subject.log();
    let spec = TopicSpec { name: subject.topic().to_owned(), partitions, kind };
    log.ensure_topic(&spec).await.expect("a new topic");
    log
}

fn numbered(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(format!("key-{n}"), format!("value-{n}"))).collect()
}

fn values(records: &[StoredRecord]) -> Vec<&[u8]> {
    records.iter().map(|record| record.value.as_deref().expect("no tombstone")).collect()
}

/// Everything from `offset` to the end, by as many reads as it takes.
pub(crate) async fn read_to_end(
    log: &dyn Log,
    topic: &str,
    partition: u32,
    mut offset: u64,
) -> Vec<StoredRecord> {
    let mut all = Vec::new();
    loop {
        let part = log
            .read(topic, partition, offset, ReadLimits::default(), Duration::ZERO)
            .await
            .expect("readable");
        let Some(last) = part.last() else { return all };
        offset = last.offset + 1;
        all.extend(part);
    }
}

pub(crate) async fn ensuring_a_topic_twice_changes_nothing(subject: &mut impl Subject) {
    let log = with_topic(subject, 3, RETAINED).await;
    log.append(subject.topic(), numbered(0..10)).await.expect("appended");
    let log = with_topic(subject, 3, RETAINED).await;
    assert_eq!(log.partitions(subject.topic()).await.expect("exists"), 3);
    let mut records = 0;
    for partition in 0..3 {
        let bounds = log.bounds(subject.topic(), partition).await.expect("exists");
        records += bounds.end - bounds.start;
    }
    assert_eq!(records, 10);
}

pub(crate) async fn a_topic_is_never_turned_into_another(subject: &mut impl Subject) {
    let log = with_topic(subject, 2, RETAINED).await;
    for (partitions, kind) in [(3, RETAINED), (2, TopicKind::Compacted)] {
        let spec = TopicSpec { name: subject.topic().to_owned(), partitions, kind };
        let error = log.ensure_topic(&spec).await.expect_err("another topic");
        assert!(matches!(error, LogError::TopicMismatch { .. }), "{error}");
        assert!(!error.is_retriable());
    }
    assert_eq!(log.partitions(subject.topic()).await.expect("exists"), 2);
}

pub(crate) async fn impossible_topics_are_refused(subject: &mut impl Subject) {
    let long = "x".repeat(300);
    let cases = [
        ("", 1, RETAINED),
        ("a b", 1, RETAINED),
        ("..", 1, RETAINED),
        (&long, 1, RETAINED),
        ("a", 0, RETAINED),
        ("a", 1_000_000, TopicKind::Compacted),
        ("a", 1, TopicKind::Retained(Duration::ZERO)),
    ];
    for (name, partitions, kind) in cases {
        let spec = TopicSpec { name: name.to_owned(), partitions, kind };
        let error = subject.log().ensure_topic(&spec).await.expect_err("impossible");
        assert!(matches!(error, LogError::InvalidTopic { .. }), "{error}");
    }
}

pub(crate) async fn what_does_not_exist_is_an_error(subject: &mut impl Subject) {
    let (log, topic, limits) = (subject.log(), subject.topic(), ReadLimits::default());
    let errors = [
        log.partitions(topic).await.map(drop).expect_err("no topic"),
        log.append(topic, numbered(0..1)).await.expect_err("no topic"),
        log.read(topic, 0, 0, limits, Duration::ZERO).await.map(drop).expect_err("no topic"),
        log.bounds(topic, 0).await.map(drop).expect_err("no topic"),
    ];
    for error in errors {
        assert!(matches!(error, LogError::UnknownTopic { .. }), "{error}");
        assert!(!error.is_retriable());
    }
    let log = with_topic(subject, 2, RETAINED).await;
    let errors = [
        log.read(topic, 2, 0, limits, Duration::ZERO).await.map(drop).expect_err("no partition"),
        log.bounds(topic, 2).await.map(drop).expect_err("no partition"),
    ];
    for error in errors {
        assert!(
            matches!(error, LogError::UnknownPartition { partition: 2, partitions: 2, .. }),
            "{error}"
        );
    }
}

pub(crate) async fn records_read_back_in_order(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let topic = subject.topic();
    log.append(topic, Vec::new()).await.expect("nothing to do");
    assert_eq!(log.bounds(topic, 0).await.expect("exists"), 0..0);

    let batch = vec![
        Record::new("a", "1"),
        Record::new("b", Bytes::new()),
        Record::tombstone("a"),
        Record::new(vec![0, 255], vec![255, 0]),
    ];
    log.append(topic, batch.clone()).await.expect("appended");
    log.append(topic, vec![Record::new("a", "2")]).await.expect("appended");

    let read = read_to_end(&*log, topic, 0, 0).await;
    let records: Vec<Record> = read
        .iter()
        .map(|record| Record { key: record.key.clone(), value: record.value.clone() })
        .collect();
    assert_eq!(records[..4], batch[..]);
    assert_eq!(records[4], Record::new("a", "2"));
    assert!(read.is_sorted_by(|a, b| a.offset < b.offset));
    assert!(read.is_sorted_by_key(|record| record.timestamp_ms));
    // 2020-01-01: a real clock, in milliseconds.
    assert!(read[0].timestamp_ms > 1_577_836_800_000, "{}", read[0].timestamp_ms);
    let end = read[4].offset + 1;
    assert_eq!(log.bounds(topic, 0).await.expect("exists"), 0..end);
}

pub(crate) async fn keys_land_where_kafka_puts_them(subject: &mut impl Subject) {
    let log = with_topic(subject, 5, RETAINED).await;
    // Hashes from the tests of Kafka's Java client.
    let hashes = [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("abc", 479_470_107),
    ];
    let batch = hashes.iter().map(|(key, _)| Record::new(*key, "v")).collect();
    log.append(subject.topic(), batch).await.expect("appended");
    for (key, hash) in hashes {
        let partition = u32::try_from(hash & i32::MAX).expect("positive") % 5;
        let read = read_to_end(&*log, subject.topic(), partition, 0).await;
        assert!(read.iter().any(|record| record.key == key), "{key} not in {partition}");
    }
}

pub(crate) async fn limits_of_a_read_hold(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let topic = subject.topic();
    let batch = (0..10).map(|n| Record::new(format!("{n}"), vec![b'x'; 99])).collect();
    log.append(topic, batch).await.expect("appended");
    let read = |records, bytes| {
        let log = Arc::clone(&log);
        async move {
            let limits = ReadLimits { records, bytes };
            log.read(topic, 0, 0, limits, WAIT).await.expect("readable").len()
        }
    };
    let plenty = usize::MAX;
    assert_eq!(read(3, plenty).await, 3);
    assert_eq!(read(plenty, 201).await, 3, "100 bytes each: the third passes the limit");
    assert_eq!(read(plenty, 200).await, 2);
    assert_eq!(read(0, plenty).await, 1);
    assert_eq!(read(plenty, 0).await, 1);
}

pub(crate) async fn a_read_at_the_end_is_empty(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let (topic, limits) = (subject.topic(), ReadLimits::default());
    for _ in 0..2 {
        let end = log.bounds(topic, 0).await.expect("exists").end;
        for wait in [Duration::ZERO, Duration::from_millis(20)] {
            let read = log.read(topic, 0, end, limits, wait).await;
            assert_eq!(read.expect("readable"), []);
        }
        log.append(topic, numbered(0..3)).await.expect("appended");
    }
}

pub(crate) async fn a_waiting_read_is_woken_by_an_append(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let topic = subject.topic();
    for offset in 0..5u32 {
        let reading = log.read(topic, 0, offset.into(), ReadLimits::default(), WAIT);
        let appending = log.append(topic, numbered(offset..offset + 1));
        let (read, appended) = tokio::join!(reading, appending);
        appended.expect("appended");
        assert_eq!(values(&read.expect("readable")), [format!("value-{offset}").as_bytes()]);
    }
}

pub(crate) async fn a_dropped_read_takes_nothing_away(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let (topic, limits) = (subject.topic(), ReadLimits::default());
    for round in 0..10 {
        let end = log.bounds(topic, 0).await.expect("exists").end;
        let reading = log.read(topic, 0, end, limits, WAIT);
        tokio::select! {
            biased;
            _ = reading => panic!("nothing to read yet"),
            () = tokio::task::yield_now() => {}
        }
        log.append(topic, numbered(round..round + 1)).await.expect("appended");
        let read = log.read(topic, 0, end, limits, WAIT).await.expect("readable");
        assert_eq!(values(&read), [format!("value-{round}").as_bytes()]);
    }
}

pub(crate) async fn reading_again_gives_the_same(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    log.append(subject.topic(), numbered(0..100)).await.expect("appended");
    let first = read_to_end(&*log, subject.topic(), 0, 0).await;
    assert_eq!(first.len(), 100);
    let offset = first[50].offset;
    assert_eq!(read_to_end(&*log, subject.topic(), 0, offset).await, first[50..]);
    assert_eq!(read_to_end(&*log, subject.topic(), 0, 0).await, first);
}

pub(crate) async fn an_offset_after_the_end_is_refused(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    log.append(subject.topic(), numbered(0..3)).await.expect("appended");
    let end = log.bounds(subject.topic(), 0).await.expect("exists").end;
    let error = log
        .read(subject.topic(), 0, end + 1, ReadLimits::default(), WAIT)
        .await
        .expect_err("after the end");
    let LogError::OffsetOutOfRange { offset, earliest, end: named, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((offset, earliest, named), (end + 1, 0, end));
}

pub(crate) async fn an_offset_before_the_earliest_is_refused_and_named(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let topic = subject.topic();
    log.append(topic, numbered(0..20)).await.expect("appended");
    let cut = log.bounds(topic, 0).await.expect("exists").end;
    subject.drop_everything_in(topic).await;
    assert_eq!(log.bounds(topic, 0).await.expect("exists"), cut..cut);
    log.append(topic, numbered(20..22)).await.expect("appended");

    let error =
        log.read(topic, 0, 0, ReadLimits::default(), WAIT).await.expect_err("before the earliest");
    let LogError::OffsetOutOfRange { offset: 0, earliest, .. } = error else { panic!("{error}") };
    assert_eq!(earliest, cut);
    let read = read_to_end(&*log, topic, 0, earliest).await;
    assert_eq!(values(&read), [b"value-20", b"value-21"]);
}

pub(crate) async fn a_refused_batch_appends_nothing(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let topic = subject.topic();
    let good = || Record::new("k", "v");
    let bad_records = [
        Record::new("", "v"),
        Record::new(vec![b'k'; MAX_KEY_BYTES + 1], "v"),
        Record::new("k", vec![0; MAX_RECORD_BYTES]),
    ];
    for bad in bad_records {
        let error = log.append(topic, vec![good(), bad]).await.expect_err("refused");
        assert!(matches!(error, LogError::InvalidRecord { index: 1, .. }), "{error}");
        assert!(!error.is_retriable());
    }
    let large = Record::new("k", vec![0; MAX_RECORD_BYTES - 1]);
    let too_large =
        [vec![good(); MAX_BATCH_RECORDS + 1], vec![large; MAX_BATCH_BYTES / MAX_RECORD_BYTES + 1]];
    for batch in too_large {
        let error = log.append(topic, batch).await.expect_err("refused");
        assert!(matches!(error, LogError::BatchTooLarge { .. }), "{error}");
    }
    assert_eq!(log.bounds(topic, 0).await.expect("exists"), 0..0);
}

pub(crate) async fn the_largest_record_and_batch_fit(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, RETAINED).await;
    let topic = subject.topic();
    // Noise does not compress, so it stays this large on its way.
    let mut state = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(MAX_RECORD_BYTES - 1)
    .collect();
    let record = Record::new("k", noise);
    let batch = vec![record.clone(); MAX_BATCH_BYTES / MAX_RECORD_BYTES];
    log.append(topic, batch.clone()).await.expect("appended");
    log.append(topic, vec![Record::new("k", "v"); MAX_BATCH_RECORDS]).await.expect("appended");
    let read = read_to_end(&*log, topic, 0, 0).await;
    assert_eq!(read.len(), batch.len() + MAX_BATCH_RECORDS);
    assert!(read[..batch.len()].iter().all(|stored| stored.value == record.value));
}

pub(crate) async fn offsets_go_on_after_a_restart(subject: &mut impl Subject) {
    let log = with_topic(subject, 2, RETAINED).await;
    log.append(subject.topic(), numbered(0..50)).await.expect("appended");
    subject.drop_everything_in(subject.topic()).await;
    log.append(subject.topic(), numbered(50..100)).await.expect("appended");
    let mut before = Vec::new();
    for partition in 0..2 {
        before.push(log.bounds(subject.topic(), partition).await.expect("exists"));
    }
    drop(log);
    subject.reopen().await;

    let (log, topic) = (subject.log(), subject.topic());
    assert_eq!(log.partitions(topic).await.expect("exists"), 2);
    log.append(topic, numbered(100..150)).await.expect("appended");
    for (partition, before) in (0..).zip(before) {
        assert!(before.start > 0, "both partitions had records to drop");
        let after = log.bounds(topic, partition).await.expect("exists");
        assert_eq!(after.start, before.start);
        let read = read_to_end(&*log, topic, partition, before.end).await;
        assert!(!read.is_empty());
        assert_eq!(read[0].offset, before.end);
    }
}

pub(crate) async fn the_newest_record_of_each_key_is_kept(subject: &mut impl Subject) {
    let log = with_topic(subject, 1, TopicKind::Compacted).await;
    let topic = subject.topic();
    let mut expected: BTreeMap<Bytes, Option<Bytes>> = BTreeMap::new();
    for round in 0..4u32 {
        let mut batch = Vec::new();
        for n in 0..6u32 {
            let key = format!("key-{n}");
            batch.push(Record::new(key.clone(), "overwritten in the same batch"));
            batch.push(match (n + round) % 3 {
                0 => Record::tombstone(key),
                _ => Record::new(key, format!("{round}")),
            });
        }
        expected.extend(batch.iter().map(|record| (record.key.clone(), record.value.clone())));
        log.append(topic, batch).await.expect("appended");
    }
    assert_eq!(log.bounds(topic, 0).await.expect("exists").start, 0);
    let read = read_to_end(&*log, topic, 0, 0).await;
    let newest: BTreeMap<Bytes, Option<Bytes>> =
        read.into_iter().map(|record| (record.key, record.value)).collect();
    assert_eq!(newest, expected);
}

pub(crate) async fn concurrent_appends_all_arrive_in_key_order(subject: &mut impl Subject) {
    const WRITERS: u32 = 4;
    const BATCHES: u32 = 10;
    let log = with_topic(subject, 3, RETAINED).await;
    let topic = subject.topic().to_owned();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (log, topic) = (Arc::clone(&log), topic.clone());
        tasks.spawn(async move {
            for batch in 0..BATCHES {
                let record = |n| Record::new(format!("writer-{writer}"), format!("{batch:02}-{n}"));
                log.append(&topic, (0..5).map(record).collect()).await.expect("appended");
            }
        });
    }
    tasks.join_all().await;
    let mut by_writer: BTreeMap<Bytes, Vec<Bytes>> = BTreeMap::new();
    for partition in 0..3 {
        for record in read_to_end(&*log, &topic, partition, 0).await {
            by_writer.entry(record.key).or_default().push(record.value.expect("no tombstone"));
        }
    }
    assert_eq!(by_writer.len() as u32, WRITERS);
    for (writer, values) in by_writer {
        assert_eq!(values.len() as u32, BATCHES * 5);
        assert!(values.is_sorted(), "{writer:?}: {values:?}");
    }
}

pub(crate) async fn many_records_are_each_read_once(subject: &mut impl Subject) {
    const RECORDS: u32 = 60_000;
    let log = with_topic(subject, 1, RETAINED).await;
    let topic = subject.topic();
    for start in (0..RECORDS).step_by(20_000) {
        log.append(topic, numbered(start..start + 20_000)).await.expect("appended");
    }
    let read = read_to_end(&*log, topic, 0, 0).await;
    assert_eq!(read.len() as u32, RECORDS);
    for (n, record) in read.iter().enumerate() {
        assert_eq!(record.value.as_deref(), Some(format!("value-{n}").as_bytes()));
    }
}

pub(crate) async fn a_check_says_what_the_log_is(subject: &mut impl Subject) {
    let text = subject.log().check().await.expect("a log that works");
    assert!(text.contains("log") || text.contains("Kafka"), "{text}");
}

pub(crate) async fn who_follows_the_triggers_hears_what_comes_after_it_began(
    subject: &mut impl Subject,
) {
    let log = subject.log();
    let topic = subject.topic();
    let spec = TopicSpec { name: topic.to_owned(), ..triggers_topic() };
    log.ensure_topic(&spec).await.expect("made");
    log.ensure_topic(&spec).await.expect("still of that shape");
    let trigger = |subject| Trigger { nms: "ams1".to_owned(), received_at: Timestamp(7), subject };
    let append = async |trigger: &Trigger| {
        log.append(topic, vec![trigger.encode().expect("valid")]).await.expect("appended");
    };
    append(&trigger(wire::Subject::Anything)).await;

    let mut next = log.bounds(topic, 0).await.expect("exists").end;
    let told = [
        trigger(wire::Subject::Device("42".to_owned())),
        trigger(wire::Subject::Anything),
        trigger(wire::Subject::Inventory("j".to_owned())),
    ];
    for expected in &told {
        let reading = log.read(topic, 0, next, ReadLimits::default(), WAIT);
        let (read, ()) = tokio::join!(reading, append(expected));
        let read = read.expect("readable");
        let [stored] = read.as_slice() else { panic!("{} at once", read.len()) };
        let value = stored.value.as_deref().expect("no tombstone");
        assert_eq!(Trigger::decode(value).as_ref(), Ok(expected));
        next = stored.offset + 1;
    }
}
