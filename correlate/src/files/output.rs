//! Intervals: CSV with the header `service,start,end,state,cause`.

use std::io::{self, Write};

use super::csv::push_quoted;
use crate::model::{ComponentId, Interval, Period, ServiceId};

const HEADER: &str = "service,start,end,state,cause\n";

/// Rows that are collected before they are handed on: large enough to make
/// writing cheap, small enough to stay in the cache.
const BUFFER_BYTES: usize = 1 << 17;

/// Writes intervals, clipped to a period, service by service: an interval
/// that began before the period starts at its start with the cause as of
/// then, and one that goes on ends at its end.
///
/// It opens nothing and sorts nothing: whoever calls has both, the place to
/// write to and the services in their order.
pub struct IntervalWriter<W> {
    out: W,
    buffer: Vec<u8>,
    period: Period,
}

impl<W: Write> IntervalWriter<W> {
    /// A writer that begins with the header.
    pub fn new(out: W, period: Period) -> IntervalWriter<W> {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        buffer.extend_from_slice(HEADER.as_bytes());
        IntervalWriter { out, buffer, period }
    }

    /// Writes the rows of one service; `intervals` in their order.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&mut self, service: &ServiceId, intervals: &[Interval]) -> io::Result<()> {
        for interval in intervals {
            push_row(&mut self.buffer, service, interval, self.period);
            if self.buffer.len() >= BUFFER_BYTES {
                self.out.write_all(&self.buffer)?;
                self.buffer.clear();
            }
        }
        Ok(())
    }

    /// Hands on what is left, and gives the place back; nothing is flushed there.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.buffer)?;
        Ok(self.out)
    }
}

/// Appends the rows of `intervals` (sorted by service) with their header, as
/// [`IntervalWriter`] writes them.
pub fn write_intervals(out: &mut String, intervals: &[(ServiceId, Vec<Interval>)], period: Period) {
    let mut rows = HEADER.as_bytes().to_vec();
    for (service, list) in intervals {
        list.iter().for_each(|interval| push_row(&mut rows, service, interval, period));
    }
    out.push_str(&String::from_utf8(rows).expect("ids are text and the rest is ASCII"));
}

fn push_row(out: &mut Vec<u8>, service: &ServiceId, interval: &Interval, period: Period) {
    let end = interval.end.unwrap_or(period.until).min(period.until);
    let start = interval.start.max(period.from);
    if start >= end {
        return;
    }
    push_quoted(out, |out| out.extend_from_slice(service.as_str().as_bytes()));
    let mut number = itoa::Buffer::new();
    for instant in [start, end] {
        out.push(b',');
        out.extend_from_slice(number.format(instant.millis()).as_bytes());
    }
    out.push(b',');
    out.extend_from_slice(interval.state.as_str().as_bytes());
    out.push(b',');
    let moved = interval.cause_moves.iter().rfind(|(at, _)| *at <= start);
    push_quoted(out, |out| push_cause(out, moved.map_or(&interval.cause, |(_, cause)| cause)));
    out.push(b'\n');
}

/// The ids, joined by one blank.
fn push_cause(out: &mut Vec<u8>, cause: &[ComponentId]) {
    for (index, component) in cause.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(component.as_str().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ServiceState, Timestamp};

    fn interval(start: i64, end: Option<i64>, cause: &[&str]) -> Interval {
        Interval {
            start: Timestamp(start),
            end: end.map(Timestamp),
            state: ServiceState::Down,
            cause: cause.iter().map(|id| ComponentId::from(*id)).collect(),
            cause_moves: Vec::new(),
        }
    }

    #[track_caller]
    fn check(service: &str, intervals: &[Interval], expected: &str) {
        let period = Period::new(Timestamp(-5), Timestamp(100));
        let mut writer = IntervalWriter::new(Vec::new(), period);
        writer.write(&service.into(), intervals).expect("a Vec takes all");
        let rows = writer.finish().expect("a Vec takes all");
        assert_eq!(String::from_utf8(rows).as_deref(), Ok(format!("{HEADER}{expected}").as_str()));
        let mut whole = String::new();
        write_intervals(&mut whole, &[(service.into(), intervals.to_vec())], period);
        assert_eq!(whole, format!("{HEADER}{expected}"));
    }

    #[test]
    fn rows_are_clipped_and_the_cause_is_that_of_their_start() {
        let mut moving = interval(-50, Some(10), &["a"]);
        moving.cause_moves = vec![
            (Timestamp(-20), vec!["b".into()]),
            (Timestamp(-5), vec!["b".into(), "c".into()]),
            (Timestamp(0), vec!["c".into()]),
        ];
        let outside = [interval(-9, Some(-5), &["x"]), interval(100, None, &["x"])];
        check("s", &outside, "");
        check("s", &[moving, interval(10, None, &[])], "s,-5,10,down,b c\ns,10,100,down,\n");
    }

    #[test]
    fn only_what_needs_quotes_has_them() {
        let list = [interval(0, Some(1), &["a,b", "c\"d"]), interval(1, Some(2), &["é"])];
        check("s;1", &list, "s;1,0,1,down,\"a,b c\"\"d\"\ns;1,1,2,down,é\n");
        check("s\r\n", &list[1..], "\"s\r\n\",1,2,down,é\n");
    }

    #[test]
    fn a_long_list_is_handed_on_in_pieces() {
        struct Pieces(Vec<usize>);
        impl Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.len());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let period = Period::new(Timestamp(0), Timestamp(i64::MAX));
        let mut writer = IntervalWriter::new(Pieces(Vec::new()), period);
        let list: Vec<Interval> = (0..20_000).map(|n| interval(n, Some(n + 1), &["a"])).collect();
        writer.write(&"service".into(), &list).expect("taken");
        let Pieces(sizes) = writer.finish().expect("taken");
        assert!(sizes.len() > 2, "{sizes:?}");
        assert!(sizes.iter().all(|&size| size < BUFFER_BYTES + 100), "{sizes:?}");
    }
}
