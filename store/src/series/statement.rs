//! Splitting a migration file into its statements.
//!
//! ClickHouse's HTTP interface takes one statement a request. The splitter
//! knows quotes and comments and nothing else of SQL.

/// The statements of `sql`, without comments that stand between them and
/// without their final `;`.
pub(super) fn split(sql: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let (mut start, mut quote) = (0, None);
    let mut chars = sql.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '-') if sql[at..].starts_with("--") => {
                while chars.peek().is_some_and(|&(_, c)| c != '\n') {
                    chars.next();
                }
            }
            (None, ';') => {
                statements.push(&sql[start..at]);
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    statements.push(&sql[start..]);
    statements.into_iter().map(without_leading_comments).filter(|text| !text.is_empty()).collect()
}

fn without_leading_comments(mut text: &str) -> &str {
    loop {
        text = text.trim();
        if !text.starts_with("--") {
            return text;
        }
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn semicolons_in_quotes_and_comments_do_not_split() {
        let sql = "-- first; really\nCREATE a COMMENT 'x; it\\'s' ; \n-- last\n-- of; all\nSELECT `;` -- ;\n;\n-- end";
        assert_eq!(split(sql), ["CREATE a COMMENT 'x; it\\'s'", "SELECT `;` -- ;"]);
        assert_eq!(split(" -- nothing"), Vec::<&str>::new());
    }
}
