//! CSV for people who open it in a spreadsheet: RFC 4180, UTF-8, and no cell
//! that a spreadsheet would run as a formula.

/// One line, with its line end.
pub(crate) fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        push(&mut line, cell);
    }
    line.push_str("\r\n");
    line
}

fn push(line: &mut String, cell: &str) {
    // A leading apostrophe makes spreadsheets take the cell as text.
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let needs_quotes = cell.contains(['"', ',', '\n', '\r']);
    if needs_quotes {
        line.push('"');
    }
    if is_formula {
        line.push('\'');
    }
    for letter in cell.chars() {
        if letter == '"' {
            line.push('"');
        }
        line.push(letter);
    }
    if needs_quotes {
        line.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[track_caller]
    fn check(cells: &[&str], expected: &str) {
        assert_eq!(line(cells.iter().copied()), expected);
    }

    #[test]
    fn cells_are_quoted_where_needed() {
        check(&["a", "", "b c"], "a,,b c\r\n");
        check(&["a,b", "say \"hi\"", "x\ny"], "\"a,b\",\"say \"\"hi\"\"\",\"x\ny\"\r\n");
    }

    #[test]
    fn formulas_become_text() {
        check(&["=1+1", "@cmd", "-2", "+3"], "'=1+1,'@cmd,'-2,'+3\r\n");
        check(&["=A1,B1"], "\"'=A1,B1\"\r\n");
    }
}
