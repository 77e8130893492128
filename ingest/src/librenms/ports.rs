//! Ports in runs of those of which the same is known.
//!
//! There are millions of ports, and neighbours are alike: they are polled
//! together and mostly in the same state. So what is known of them is kept,
//! and worked out, once for each run of equal ones, and only their ids are kept
//! one by one. [`PortList`] is a list as it was read, [`Ports`] what is known of
//! the ports of one device. Pure.

use super::decode::{Collect, PortRow, PortStatus, Row as _};
use super::memory::Seen;
use crate::source::Reason;

/// So many neighbours of which the same holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run<T> {
    len: usize,
    of: T,
}

/// Adds `len` more to `runs`.
fn add<T: PartialEq>(runs: &mut Vec<Run<T>>, len: usize, of: T) {
    match runs.last_mut() {
        _ if len == 0 => {}
        Some(last) if last.of == of => last.len += len,
        _ => runs.push(Run { len, of }),
    }
}

/// What rows of neighbours have in common: their device and what they say.
type Row = (u64, PortStatus);

/// Rows of ports, of one device or of many.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct PortList {
    ids: Vec<u64>,
    runs: Vec<Run<Row>>,
}

/// The rows of one device, ascending by id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    ids: &'a [u64],
    /// All of one device.
    runs: &'a [Run<Row>],
}

impl Listed<'_> {
    /// No ports.
    pub(super) const NONE: Listed<'static> = Listed { ids: &[], runs: &[] };

    pub(super) fn ids(&self) -> &[u64] {
        self.ids
    }
}

impl PortList {
    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Makes room for so many rows in all.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.ids.reserve_exact(rows.saturating_sub(self.ids.len()));
    }

    /// Takes all rows out, and keeps room for so many.
    pub(super) fn clear(&mut self, rows: usize) {
        self.ids.clear();
        self.ids.shrink_to(rows);
        self.runs.clear();
        self.runs.shrink_to(rows);
    }

    /// Sorts the rows by device and id; of those with the same ids the first stays.
    pub(super) fn sort(&mut self) {
        if self.is_sorted() {
            return;
        }
        let mut from = 0;
        let mut runs: Vec<(Row, &[u64])> = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            runs.push((run.of, &self.ids[from..from + run.len]));
            from += run.len;
        }
        runs.sort_by_key(|((device_id, _), _)| *device_id);
        let mut sorted = PortList::default();
        sorted.reserve(self.ids.capacity());
        let mut rows: Vec<PortRow> = Vec::new();
        for own in runs.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
            let all = own.iter().flat_map(|&((device_id, status), ids)| {
                ids.iter().map(move |&port_id| PortRow { port_id, device_id, status })
            });
            rows.extend(all);
            rows.sort_by_key(|row| row.port_id);
            rows.dedup_by_key(|row| row.port_id);
            rows.drain(..).for_each(|row| sorted.take(row));
        }
        *self = sorted;
    }

    fn is_sorted(&self) -> bool {
        let mut from = 0;
        let mut last = None;
        self.runs.iter().all(|run| {
            let ids = &self.ids[from..from + run.len];
            from += run.len;
            let device_id = run.of.0;
            let is_behind = last < ids.first().map(|&id| (device_id, id));
            last = ids.last().map(|&id| (device_id, id));
            // Without a way out, which takes longer than it saves.
            is_behind & ids.windows(2).fold(true, |is_so, two| is_so & (two[0] < two[1]))
        })
    }

    /// The rows of each device; by device, if the list is sorted.
    pub(super) fn devices(&self) -> impl Iterator<Item = (u64, Listed<'_>)> {
        let mut rest = &self.ids[..];
        self.runs.chunk_by(|a, b| a.of.0 == b.of.0).map(move |runs| {
            let (ids, others) = rest.split_at(runs.iter().map(|run| run.len).sum());
            rest = others;
            (runs[0].of.0, Listed { ids, runs })
        })
    }
}

impl Collect<PortRow> for PortList {
    fn take(&mut self, row: PortRow) {
        self.ids.push(row.port_id);
        add(&mut self.runs, 1, (row.device_id, row.status));
    }

    fn take_alike(&mut self, row: &PortRow, n: usize, numbers: &[u64]) {
        if n == PortRow::ID {
            self.ids.extend_from_slice(numbers);
            add(&mut self.runs, numbers.len(), (row.device_id, row.status));
        } else {
            numbers.iter().for_each(|&number| self.take(row.renumbered(n, number)));
        }
    }
}

impl FromIterator<PortRow> for PortList {
    fn from_iter<I: IntoIterator<Item = PortRow>>(rows: I) -> PortList {
        let mut list = PortList::default();
        rows.into_iter().for_each(|row| list.take(row));
        list
    }
}

/// What is known of a port: its last good row and what was said of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Port {
    pub(super) status: PortStatus,
    /// Why it is unknown, as was said last.
    pub(super) said: Option<Reason>,
    pub(super) seen: Seen,
}

// One line of the processor's cache.
const _: () = assert!(size_of::<Run<Port>>() <= 64);

/// The ports of a device, ascending by id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ports {
    ids: Vec<u64>,
    runs: Vec<Run<Port>>,
}

impl Ports {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Each with its id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Port)> {
        let ports = self.runs.iter().flat_map(|run| std::iter::repeat_n(&run.of, run.len));
        self.ids.iter().copied().zip(ports)
    }

    /// What is known of any of them, no more than once for neighbours.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &Port> {
        self.runs.iter().map(|run| &run.of)
    }

    /// What is known of these, ascending by id.
    pub(super) fn of<'a>(&'a self, ids: &'a [u64]) -> impl Iterator<Item = Option<&'a Port>> {
        let mut known = self.iter().peekable();
        ids.iter().map(move |&id| {
            while known.next_if(|&(known, _)| known < id).is_some() {}
            known.next_if(|&(known, _)| known == id).map(|(_, port)| port)
        })
    }

    /// Has these now, with what their rows say; what was said of them stays. Gives
    /// those that are gone.
    pub(super) fn set(&mut self, listed: Listed<'_>) -> Vec<(u64, Seen)> {
        let lost = match self.ids == listed.ids {
            true => Vec::new(),
            false => self.relist(listed.ids),
        };
        if !self.set_statuses(listed.runs) {
            self.split(listed.runs);
        }
        lost
    }

    /// Has `judge` look at each, by runs of which the same is known: what becomes
    /// of one becomes of all.
    pub(super) fn each_run(&mut self, mut judge: impl FnMut(&[u64], &mut Port)) {
        let mut rest = &self.ids[..];
        for run in &mut self.runs {
            let (ids, others) = rest.split_at(run.len);
            rest = others;
            judge(ids, &mut run.of);
        }
        self.runs.dedup_by(|next, last| {
            let are_alike = next.of == last.of;
            if are_alike {
                last.len += next.len;
            }
            are_alike
        });
        // There are as many of these lists as devices.
        if self.runs.capacity() > 2 * self.runs.len() {
            self.runs.shrink_to_fit();
        }
    }

    /// Has `judge` look at each.
    pub(super) fn each(&mut self, mut judge: impl FnMut(u64, &mut Port)) {
        let mut runs = Vec::with_capacity(self.runs.len());
        for (id, port) in self.iter() {
            let mut port = *port;
            judge(id, &mut port);
            add(&mut runs, 1, port);
        }
        self.runs = runs;
    }

    /// Has the ports of these ids, and nothing else; gives those that are gone.
    fn relist(&mut self, ids: &[u64]) -> Vec<(u64, Seen)> {
        let is_gone = |&(id, _): &(u64, &Port)| ids.binary_search(&id).is_err();
        let lost = self.iter().filter(is_gone).map(|(id, port)| (id, port.seen)).collect();
        let mut runs = Vec::new();
        for port in self.of(ids) {
            add(&mut runs, 1, port.copied().unwrap_or_default());
        }
        (self.ids, self.runs) = (ids.to_vec(), runs);
        lost
    }

    /// Sets what the rows say, if no run need be split for it. Says whether it is so.
    fn set_statuses(&mut self, rows: &[Run<Row>]) -> bool {
        let mut rows = rows.iter();
        let (mut left, mut status) = (0, PortStatus::default());
        self.runs.iter_mut().all(|run| {
            if left == 0
                && let Some(row) = rows.next()
            {
                (left, status) = (row.len, row.of.1);
            }
            let is_whole = run.len <= left;
            if is_whole {
                run.of.status = status;
                left -= run.len;
            }
            is_whole
        })
    }

    /// Sets what the rows say; there are as many rows as ports.
    fn split(&mut self, rows: &[Run<Row>]) {
        let statuses = rows.iter().flat_map(|run| std::iter::repeat_n(run.of.1, run.len));
        let mut runs = Vec::with_capacity(self.runs.len().max(rows.len()));
        for ((_, port), status) in self.iter().zip(statuses) {
            add(&mut runs, 1, Port { status, ..*port });
        }
        self.runs = runs;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use correlate::model::{ComponentState, Timestamp};
    use proptest::prelude::*;

    use super::super::decode::{Decoder, OperStatus};
    use super::*;

    fn row((device_id, port_id, is_up): (u64, u64, bool)) -> PortRow {
        let oper = if is_up { OperStatus::Up } else { OperStatus::NotUp };
        PortRow { port_id, device_id, status: PortStatus { oper, ..PortStatus::default() } }
    }

    /// Few ids, so that many are the same; neighbours mostly alike.
    fn rows(devices: u64) -> impl Strategy<Value = Vec<(u64, u64, bool)>> {
        prop::collection::vec((0..devices, 0_u64..12, prop::bool::weighted(0.8)), 0..40)
    }

    /// As a list has them: the first of those with the same ids.
    fn by_device(rows: &[(u64, u64, bool)]) -> BTreeMap<(u64, u64), bool> {
        rows.iter().rev().map(|&(device, port, is_up)| ((device, port), is_up)).collect()
    }

    fn listed(list: &PortList) -> Vec<(u64, u64, bool)> {
        let of_device = |(device, listed): (u64, Listed<'_>)| {
            let mut ports = Ports::default();
            ports.set(listed);
            let rows =
                ports.iter().map(|(id, port)| (device, id, port.status.oper == OperStatus::Up));
            rows.collect::<Vec<_>>()
        };
        list.devices().flat_map(of_device).collect()
    }

    #[test]
    fn neighbours_that_are_alike_are_one_run() {
        let list: PortList = [(1, 1, true), (1, 2, true), (1, 3, false), (2, 4, false)]
            .map(row)
            .into_iter()
            .collect();
        assert_eq!(list.runs.iter().map(|run| run.len).collect::<Vec<_>>(), [2, 1, 1]);
        let (_, first) = list.devices().next().expect("a device");
        let mut ports = Ports::default();
        ports.set(first);
        assert_eq!(ports.runs.len(), 2);
        // One that is judged otherwise is a run of its own, until it is as its neighbours again.
        let at = |at| {
            move |id, port: &mut Port| {
                if id == 1 {
                    port.seen = Seen::default();
                    port.seen.renew(ComponentState::Up, Timestamp(at));
                }
            }
        };
        ports.each(at(5));
        assert_eq!(ports.runs.len(), 3);
        ports.set(first);
        assert_eq!(ports.runs.len(), 3, "what was said stays");
        ports.each_run(|_, port| port.seen = Seen::default());
        assert_eq!(ports.runs.len(), 2);
    }

    /// Collects what is in `list`, which comes in pieces of `step` bytes.
    fn collect<C: Collect<PortRow> + Default>(list: &str, step: usize) -> C {
        let mut collected = C::default();
        let mut decoder = Decoder::<PortRow, _>::new("ports", &mut collected);
        for piece in list.as_bytes().chunks(step) {
            decoder.feed(piece).expect("it is a list");
        }
        decoder.finish().expect("it is whole");
        collected
    }

    /// Ports of a few devices, many of them with the number after that of the one before.
    fn texts() -> impl Strategy<Value = Vec<String>> {
        let port = (prop_oneof![4 => Just(1_u64), 1 => 0_u64..200], 1_u64..4, 0_usize..8, 0_u64..3);
        prop::collection::vec(port, 0..60).prop_map(|ports| {
            let mut id = 90;
            let text = |(step, device, state, time): (u64, u64, usize, u64)| {
                id = if step == 0 { 9 } else { id + step };
                let states = ["up", "up", "up", "up", "up", "down", "dormant", r"\u0075p"];
                let state = states[state];
                format!(
                    "{{\"port_id\": {id}, \"device_id\": {device}, \"ifOperStatus\": \"{state}\", \
                     \"poll_time\": {time}}}"
                )
            };
            ports.into_iter().map(text).collect()
        })
    }

    proptest! {
        #[test]
        fn rows_that_are_collected_by_runs_are_those_of_the_list(
            rows in texts(),
            gaps in prop::collection::vec(prop_oneof![9 => Just(",\n  "), 1 => Just(" ,")], 60),
            step in prop_oneof![1_usize..300, Just(100_000)],
        ) {
            let pieces = rows.iter().zip(&gaps).map(|(row, gap)| format!("{row}{gap}"));
            let inner: String = pieces.collect();
            let inner = inner.trim_end_matches([',', '\n', ' ']);
            let list = format!("{{\"status\": \"ok\", \"ports\": [{inner}]}}");
            // A row alone is like none before it.
            let alone = |row: &String| collect::<Vec<_>>(&format!("{{\"ports\": [{row}]}}"), 100_000);
            let expected: Vec<PortRow> = rows.iter().flat_map(alone).collect();
            prop_assert_eq!(&collect::<Vec<PortRow>>(&list, step), &expected);
            let expected: PortList = expected.into_iter().collect();
            prop_assert_eq!(collect::<PortList>(&list, step), expected);
        }

        #[test]
        fn a_list_is_sorted_by_device_and_id(rows in rows(4)) {
            let mut list: PortList = rows.iter().copied().map(row).collect();
            prop_assert_eq!(list.len(), rows.len());
            list.sort();
            let expected: Vec<_> =
                by_device(&rows).into_iter().map(|((device, port), is_up)| (device, port, is_up)).collect();
            prop_assert_eq!(listed(&list), expected);
            prop_assert!(list.is_sorted());
        }

        /// Against a map: what was said stays with the id, what is gone is told.
        #[test]
        fn the_ports_of_a_device_are_those_of_the_last_list(
            lists in prop::collection::vec((rows(1), prop::bool::ANY), 1..6),
        ) {
            let mut ports = Ports::default();
            let mut expected: BTreeMap<u64, (bool, Seen)> = BTreeMap::new();
            for (n, (rows, one_by_one)) in lists.into_iter().enumerate() {
                let mut list: PortList = rows.iter().copied().map(row).collect();
                list.sort();
                let now = by_device(&rows);
                let of_device = list.devices().next().map_or(Listed::NONE, |(_, listed)| listed);
                let lost = ports.set(of_device);
                let gone: Vec<_> = expected
                    .iter()
                    .filter(|&(&id, _)| !now.contains_key(&(0, id)))
                    .map(|(&id, &(_, seen))| (id, seen))
                    .collect();
                prop_assert_eq!(lost, gone);
                let seen_of = |id| expected.get(&id).map(|&(_, seen)| seen).unwrap_or_default();
                expected = now.iter().map(|(&(_, id), &is_up)| (id, (is_up, seen_of(id)))).collect();
                // Something is said of each, which is another thing for every third.
                let say = |id: u64, port: &mut Port| {
                    let third = if one_by_one { (id % 3) as i64 } else { 0 };
                    port.seen.renew(ComponentState::Up, Timestamp(1_000 * n as i64 + third));
                };
                let mut said = Vec::new();
                match one_by_one {
                    true => ports.each(|id, port| {
                        said.push(id);
                        say(id, port);
                    }),
                    false => ports.each_run(|ids, port| {
                        said.extend_from_slice(ids);
                        say(0, port);
                    }),
                }
                prop_assert!(said.iter().eq(expected.keys()));
                for (&id, (_, seen)) in &mut expected {
                    let mut port = Port { seen: *seen, ..Port::default() };
                    say(id, &mut port);
                    *seen = port.seen;
                }
                let found: BTreeMap<_, _> = ports
                    .iter()
                    .map(|(id, port)| (id, (port.status.oper == OperStatus::Up, port.seen)))
                    .collect();
                prop_assert_eq!(&found, &expected);
                prop_assert_eq!(ports.len(), expected.len());
                prop_assert!(ports.iter().map(|(id, _)| id).is_sorted());
                let ids: Vec<u64> = (0..12).collect();
                let seen: Vec<_> = ports.of(&ids).map(|port| Some(port?.seen)).collect();
                let expected: Vec<_> = ids.iter().map(|id| Some(expected.get(id)?.1)).collect();
                prop_assert_eq!(seen, expected);
                prop_assert!(ports.runs.windows(2).all(|two| two[0].of != two[1].of));
            }
        }
    }
}
