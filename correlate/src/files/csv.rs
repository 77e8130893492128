//! Lines of three fields, as RFC 4180 quotes them, without line breaks inside.

use std::borrow::Cow;

/// The line without its end: `\n` was split off, a `\r` before it goes too.
pub(super) fn trim_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The three fields of a line, or how many there are instead.
pub(super) fn three_fields(line: &str) -> Result<[Cow<'_, str>; 3], String> {
    if !line.contains('"') {
        let mut fields = line.split(',');
        let found = [fields.next(), fields.next(), fields.next()];
        if let ([Some(a), Some(b), Some(c)], None) = (found, fields.next()) {
            return Ok([Cow::Borrowed(a), Cow::Borrowed(b), Cow::Borrowed(c)]);
        }
        return Err(format!("expected 3 fields, found {}", line.split(',').count()));
    }
    let mut fields = quoted_fields(line)?;
    match (fields.len(), fields.pop(), fields.pop(), fields.pop()) {
        (3, Some(c), Some(b), Some(a)) => Ok([Cow::Owned(a), Cow::Owned(b), Cow::Owned(c)]),
        (count, ..) => Err(format!("expected 3 fields, found {count}")),
    }
}

fn quoted_fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![String::new()];
    let mut inside = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let last = fields.len() - 1;
        match char {
            '"' if inside && chars.peek() == Some(&'"') => {
                chars.next();
                fields[last].push('"');
            }
            '"' => inside = !inside,
            ',' if !inside => fields.push(String::new()),
            other => fields[last].push(other),
        }
    }
    if inside { Err(String::from("a quote is not closed")) } else { Ok(fields) }
}

/// Appends what `write` appends, as one field: quoted only where it must be.
pub(super) fn push_quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    let field = &out[start..];
    let plain = memchr::memchr3(b',', b'"', b'\n', field).is_none()
        && memchr::memchr(b'\r', field).is_none();
    if plain {
        return;
    }
    let field = out.split_off(start);
    out.push(b'"');
    for byte in field {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_may_hold_commas_and_quotes() {
        let fields = three_fields(r#"1,"a,""b""",up"#).expect("valid");
        assert_eq!(fields, ["1", r#"a,"b""#, "up"]);
        let mut out = b"x".to_vec();
        push_quoted(&mut out, |out| out.extend_from_slice(fields[1].as_bytes()));
        assert_eq!(out, br#"x"a,""b""""#);
    }

    #[test]
    fn a_wrong_number_of_fields_is_named() {
        assert_eq!(three_fields("1,a"), Err(String::from("expected 3 fields, found 2")));
        assert_eq!(three_fields("1,a,up,x"), Err(String::from("expected 3 fields, found 4")));
        assert_eq!(three_fields("1,\"a,up"), Err(String::from("a quote is not closed")));
    }
}
