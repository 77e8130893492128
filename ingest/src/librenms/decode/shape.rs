//! Decodes a row by its likeness to one that came before it.
//!
//! A list of ports has millions of rows that differ from each other in a few
//! whole numbers and in little else. So the text between those numbers is
//! remembered with what it was decoded to: a row that has the same text, and
//! other numbers, is the same row with other numbers. Nothing is assumed of a
//! row that is not like one of them in every byte; it is decoded as usual.
//! Pure.

use super::{Collect, Row, row};

/// So many shapes are kept: the usual mixtures of states. What is rarer than
/// these is decoded as usual.
const SHAPES_MAX: usize = 16;

/// A number of more digits may not fit into 64 bits.
const DIGITS_MAX: usize = 18;

/// A text of a row and the number that follows it.
#[derive(Clone, Debug)]
struct Part {
    text: Box<[u8]>,
    /// Of which column: its place in [`Row::NUMBERS`].
    column: usize,
}

/// What rows have in common.
#[derive(Clone, Debug)]
struct Shape<R> {
    parts: Vec<Part>,
    /// What follows the last number, up to the end of the row.
    end: Box<[u8]>,
    /// A row of this shape, with numbers of its own.
    row: R,
}

/// The row before: neighbours differ in their first number only, as the ports
/// of one device are polled together and mostly in the same state.
#[derive(Clone, Debug)]
struct Before<R> {
    /// Its place in [`Shapes::shapes`].
    shape: usize,
    /// What follows its first number up to that of a row like it: the rest of the
    /// row, what stands between rows, and the start of the next.
    on: Vec<u8>,
    /// So long is the rest of the row.
    rest: usize,
    row: R,
}

/// The shapes of one list.
#[derive(Debug)]
pub(super) struct Shapes<R> {
    shapes: Vec<Shape<R>>,
    /// Of the row that was last read by its whole shape.
    before: Option<Before<R>>,
    /// The first numbers of the rows that are like it.
    numbers: Vec<u64>,
}

impl<R> Default for Shapes<R> {
    fn default() -> Self {
        Shapes { shapes: Vec::new(), before: None, numbers: Vec::new() }
    }
}

impl<R: Row> Shapes<R> {
    /// Hands on the rows that `bytes` begin with, if they have a known shape and
    /// only `gap` stands between them. How many there were, and their length.
    #[inline]
    pub(super) fn rows(
        &mut self,
        bytes: &[u8],
        gap: &[u8],
        into: &mut impl Collect<R>,
    ) -> Option<(u64, usize)> {
        self.like_before(bytes, gap, into).or_else(|| {
            let (row, length) = self.of_shape(bytes, gap)?;
            into.take(row);
            Some((1, length))
        })
    }

    /// The same for rows that are like the one before.
    fn like_before(
        &mut self,
        bytes: &[u8],
        gap: &[u8],
        into: &mut impl Collect<R>,
    ) -> Option<(u64, usize)> {
        let Before { shape, on, rest, row } = self.before.as_ref()?;
        let first = self.shapes[*shape].parts.first()?;
        let is_gap = on[*rest..].strip_prefix(gap) == Some(&*first.text);
        let mut length = 0;
        self.numbers.clear();
        let mut behind = bytes.strip_prefix(&*first.text)?;
        while let Some((digits, number)) = number(behind) {
            behind = &behind[digits..];
            let goes_on = is_gap && behind.starts_with(on);
            if !goes_on && !behind.starts_with(&on[..*rest]) {
                break;
            }
            self.numbers.push(number);
            length = bytes.len() - behind.len() + rest;
            if !goes_on {
                break;
            }
            behind = &behind[on.len()..];
        }
        into.take_alike(row, first.column, &self.numbers);
        (length > 0).then_some((self.numbers.len() as u64, length))
    }

    /// One row, like any that came so far.
    #[inline(never)]
    fn of_shape(&mut self, bytes: &[u8], gap: &[u8]) -> Option<(R, usize)> {
        let latest = self.before.as_ref().map_or(0, |before| before.shape);
        let places = std::iter::once(latest).chain((0..self.shapes.len()).filter(|&n| n != latest));
        let (shape, found) =
            places.into_iter().find_map(|n| Some((n, self.shapes.get(n)?.read(bytes)?)))?;
        let (row, length) = &found;
        let first = self.shapes[shape].parts.first().map_or(&b""[..], |part| &part.text);
        let digits = number(&bytes[first.len()..]).map_or(0, |(digits, _)| digits);
        let mut on = self.before.take().map_or_else(Vec::new, |before| before.on);
        on.clear();
        on.extend_from_slice(&bytes[first.len() + digits..*length]);
        let rest = on.len();
        on.extend_from_slice(gap);
        on.extend_from_slice(first);
        self.before = Some(Before { shape, on, rest, row: row.clone() });
        Some(found)
    }

    /// Whether there is anything left to learn.
    pub(super) fn may_learn(&self) -> bool {
        !R::NUMBERS.is_empty() && self.shapes.len() < SHAPES_MAX
    }

    /// Remembers the shape of a row that was decoded, whose
    /// [`Marks`](super::marks::Marks) are at `places`.
    pub(super) fn learn(&mut self, json: &[u8], places: &[u32], row: &R) {
        if !self.may_learn() {
            return;
        }
        self.shapes.push(Shape::of(json, places, row.clone()));
    }
}

impl<R: Row> Shape<R> {
    fn of(json: &[u8], places: &[u32], row: R) -> Shape<R> {
        let (mut parts, mut from) = (Vec::new(), 0);
        for (name, value) in row::columns(json, places) {
            let column = R::NUMBERS.iter().position(|number| number.as_bytes() == name);
            // Old servers put numbers into quotes.
            let start = value.start + usize::from(json[value.start] == b'"');
            let end = value.end - usize::from(json[value.end - 1] == b'"');
            if let Some(column) = column
                && let Some((digits, _)) = number(&json[start..])
                && start + digits == end
            {
                parts.push(Part { text: json[from..start].into(), column });
                from = end;
            }
        }
        Shape { parts, end: json[from..].into(), row }
    }

    #[inline(always)]
    fn read(&self, bytes: &[u8]) -> Option<(R, usize)> {
        let (mut row, mut rest) = (self.row.clone(), bytes);
        for part in &self.parts {
            rest = rest.strip_prefix(&*part.text)?;
            let (digits, number) = number(rest)?;
            row.renumber(part.column, number);
            rest = &rest[digits..];
        }
        rest = rest.strip_prefix(&*self.end)?;
        Some((row, bytes.len() - rest.len()))
    }
}

/// The positive whole number that `bytes` begin with: how many digits it has,
/// and what it is. None with a leading zero, or of too many digits.
#[inline(always)]
fn number(bytes: &[u8]) -> Option<(usize, u64)> {
    let (mut number, mut digits) = (0, 0);
    // Eight bytes at a time while there are so many.
    while let Some(eight) = bytes[digits..].first_chunk() {
        let (some, value) = digits_of(u64::from_le_bytes(*eight));
        if digits + some > DIGITS_MAX {
            return None;
        }
        number = number * POWERS[some] + value;
        digits += some;
        if some < 8 {
            return is_number(bytes, digits).then_some((digits, number));
        }
    }
    for byte in &bytes[digits..] {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        if digits == DIGITS_MAX {
            return None;
        }
        number = number * 10 + u64::from(digit);
        digits += 1;
    }
    is_number(bytes, digits).then_some((digits, number))
}

fn is_number(bytes: &[u8], digits: usize) -> bool {
    digits > 0 && bytes[0] != b'0'
}

/// Ten to the power of its place.
const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// How many of eight bytes, the lowest first, are digits before the first that
/// is none, and what number they make.
#[inline(always)]
fn digits_of(eight: u64) -> (usize, u64) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let values = eight ^ (EACH * 0x30);
    // The top bit of every byte above 9; a carry reaches only those behind one.
    let others = (values.wrapping_add(EACH * 0x76) | values) & (EACH * 0x80);
    let digits = others.trailing_zeros() as usize / 8;
    // Behind the digits nothing stands any more, before them zeros.
    let values = if digits == 0 { 0 } else { values << (64 - 8 * digits) };
    let pairs = (values & 0x00ff_00ff_00ff_00ff) * 10 + (values >> 8 & 0x00ff_00ff_00ff_00ff);
    let fours = (pairs & 0x0000_ffff_0000_ffff) * 100 + (pairs >> 16 & 0x0000_ffff_0000_ffff);
    (digits, (fours & 0xffff_ffff) * 10_000 + (fours >> 32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::marks::Marks;
    use super::super::rows::PortRow;
    use super::*;

    /// Decodes as usual, and learns.
    fn usual(shapes: &mut Shapes<PortRow>, json: &[u8]) -> Option<PortRow> {
        let mut marks = Marks::default();
        let end = marks.end_of(json)?;
        let row: PortRow = row::decode(&json[..end], marks.places()).ok()?;
        shapes.learn(&json[..end], marks.places(), &row);
        Some(row)
    }

    fn port(id: &str, device: &str, state: &str, time: &str) -> String {
        format!(
            "{{\n  \"port_id\": {id},\n  \"device_id\": {device},\n  \"ifOperStatus\": \"{state}\",\n  \
             \"ifAdminStatus\": \"up\",\n  \"disabled\": 0,\n  \"deleted\": 0,\n  \"poll_time\": \
             {time}\n}}"
        )
    }

    /// The row that `bytes` begin with, if it is known.
    fn one(shapes: &mut Shapes<PortRow>, bytes: &[u8]) -> Option<(PortRow, usize)> {
        let mut found = Vec::new();
        // No gap is like this one, so there is only one.
        let (rows, length) = shapes.rows(bytes, b"#", &mut found)?;
        assert_eq!((rows, found.len()), (1, 1));
        Some((found[0], length))
    }

    /// Whether the second row is known by the first one's shape. If so it is
    /// what decoding makes of it.
    #[track_caller]
    fn is_known(first: &str, second: &str) -> bool {
        let mut shapes = Shapes::default();
        usual(&mut shapes, first.as_bytes()).expect("it is a row");
        let behind = format!("{second},\n{second}");
        let Some((row, length)) = one(&mut shapes, behind.as_bytes()) else { return false };
        assert_eq!(length, second.len());
        assert_eq!(Some(row), usual(&mut Shapes::default(), second.as_bytes()));
        // And by its likeness to the row before, which it is itself.
        assert_eq!(one(&mut shapes, behind.as_bytes()), Some((row, length)));
        true
    }

    #[test]
    fn the_ports_of_devices_are_known_one_after_the_other() {
        let mut shapes = Shapes::default();
        usual(&mut shapes, port("1101", "11", "up", "1787220803").as_bytes()).expect("a row");
        usual(&mut shapes, port("1102", "11", "down", "1787220803").as_bytes()).expect("a row");
        for (id, device, state, time) in [
            ("1103", "11", "up", "1787220803"),
            ("1104", "11", "up", "1787220803"),
            ("1105", "11", "down", "1787220803"),
            ("1106", "11", "up", "1787220803"),
            ("1201", "12", "up", "1787220803"),
            ("1202", "12", "up", "1787220804"),
            ("12030", "12", "up", "17872208040"),
            ("12031", "12", "up", "1787220804"),
        ] {
            let text = port(id, device, state, time);
            let (row, length) = one(&mut shapes, text.as_bytes()).expect("it is known");
            assert_eq!(length, text.len());
            assert_eq!(Some(row), usual(&mut Shapes::default(), text.as_bytes()));
            for come in 0..text.len() {
                assert_eq!(one(&mut shapes, &text.as_bytes()[..come]), None, "{come} bytes");
            }
        }
    }

    #[test]
    fn rows_that_differ_in_their_numbers_are_known() {
        let first = port("1101", "11", "up", "1787220803");
        assert!(is_known(&first, &first));
        assert!(is_known(&first, &port("7", "123456789012345678", "up", "1")));
        let texts = port("\"1101\"", "\"11\"", "up", "\"1787220803\"");
        assert!(is_known(&texts, &port("\"2\"", "\"3\"", "up", "\"4\"")));
        let never = port("1101", "11", "up", "null");
        assert!(is_known(&never, &port("2", "3", "up", "null")));
    }

    #[test]
    fn rows_that_differ_in_more_are_not() {
        let first = port("1101", "11", "up", "1787220803");
        for other in [
            port("2", "3", "down", "4"),
            port("2", "3", "up", "null"),
            port("0", "3", "up", "4"),
            port("-2", "3", "up", "4"),
            port("02", "3", "up", "4"),
            port("2.5", "3", "up", "4"),
            port("\"2\"", "3", "up", "4"),
            port("1234567890123456789", "3", "up", "4"),
            port("2", "3", "up", "4").replace("  ", " "),
        ] {
            assert!(!is_known(&first, &other), "{other}");
        }
        assert!(!is_known(&port("1", "2", "up", "0"), &first), "0 may mean something else");
    }

    #[test]
    fn a_row_that_has_not_all_come_is_not_known() {
        let first = port("1101", "11", "up", "1787220803");
        let mut shapes = Shapes::default();
        usual(&mut shapes, first.as_bytes()).expect("it is a row");
        for come in 0..first.len() {
            assert_eq!(one(&mut shapes, &first.as_bytes()[..come]), None, "{come} bytes");
        }
    }

    #[test]
    fn the_usual_mixtures_are_all_known_and_no_more_than_a_few_are_kept() {
        let mut shapes = Shapes::default();
        let rows: Vec<_> =
            (0..2 * SHAPES_MAX).map(|n| port("1", "2", &format!("state {n}"), "3")).collect();
        for row in &rows {
            usual(&mut shapes, row.as_bytes()).expect("it is a row");
        }
        let known = rows.iter().filter(|row| one(&mut shapes, row.as_bytes()).is_some());
        assert_eq!(known.count(), SHAPES_MAX);
    }

    /// Digit by digit, as one would do it by hand.
    fn by_hand(bytes: &[u8]) -> Option<(usize, u64)> {
        let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&bytes[..digits]).ok()?;
        let is_plain = digits > 0 && digits <= DIGITS_MAX && bytes[0] != b'0';
        is_plain.then(|| (digits, text.parse().expect("digits")))
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_by_hand(digits in "[0-9]{0,20}", behind in proptest::collection::vec(any::<u8>(), 0..12)) {
            let bytes = [digits.as_bytes(), &behind].concat();
            prop_assert_eq!(number(&bytes), by_hand(&bytes));
        }

        #[test]
        fn any_row_that_is_known_is_what_decoding_makes_of_it(
            first in r#"\{"port_id": ?"?[0-9]{1,3}"?,"(device_id|poll_time|x)":"?[1-9a.]{1,3}"?,"device_id":[1-9]\}"#,
            second in r#"\{"port_id": ?"?[0-9]{1,3}"?,"(device_id|poll_time|x)":"?[1-9a.]{1,3}"?,"device_id":[1-9]\}"#,
        ) {
            let mut shapes = Shapes::default();
            if usual(&mut shapes, first.as_bytes()).is_some()
                && let Some((row, length)) = one(&mut shapes, second.as_bytes())
            {
                prop_assert_eq!(length, second.len());
                prop_assert_eq!(Some(row), usual(&mut Shapes::default(), second.as_bytes()));
            }
        }
    }
}
