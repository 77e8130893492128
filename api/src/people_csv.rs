//! Lists of users as people make them in a spreadsheet: CSV with a line of
//! names on top, `email,name,role,language,time_zone,notification_email,customers`;
//! only `email` is needed.
//! Semicolons do as well as commas, as spreadsheets write them in Dutch.
//! Several customers in one cell are parted by `|`.

use store::records::{LineFault, ListFault, UserLine, Users};

use crate::problem::ApiError;

/// The longest list: [`Users::MAX_IMPORT`] lines of a kilobyte.
pub(crate) const BYTES_MAX: usize = 1 << 20;

/// Between customers in one cell.
const BETWEEN: char = '|';

/// The users of a list. What is wrong in a line stays with the line.
///
/// # Errors
/// What cannot be read as a list at all.
pub(crate) fn read(text: &str) -> Result<Vec<UserLine>, ListFault> {
    // The reader counts lines by line feeds and would start one too early.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| ListFault::NotCsv(error.to_string());
    let columns = columns(reader.headers().map_err(unreadable)?)?;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if lines.len() == Users::MAX_IMPORT {
            return Err(ListFault::TooMany);
        }
        lines.push(line(&record, &columns));
    }
    if lines.is_empty() {
        return Err(ListFault::Empty);
    }
    Ok(lines)
}

/// The refusal of a list, for programs.
pub(crate) fn refusal(fault: ListFault) -> ApiError {
    let place = match fault {
        ListFault::Column(_) | ListFault::ColumnTwice(_) | ListFault::NoEmail => "line 1",
        ListFault::NotCsv(_) | ListFault::Empty | ListFault::TooMany => "body",
    };
    ApiError::refused(place, fault.to_string())
}

/// Which of [`Users::IMPORT_COLUMNS`] each column is.
fn columns(head: &csv::StringRecord) -> Result<Vec<&'static str>, ListFault> {
    let mut columns: Vec<&'static str> = Vec::new();
    for name in head {
        let lower = name.to_lowercase();
        let known = Users::IMPORT_COLUMNS.into_iter().find(|column| *column == lower);
        match known {
            None => return Err(ListFault::Column(name.to_owned())),
            Some(known) if columns.contains(&known) => {
                return Err(ListFault::ColumnTwice(known.to_owned()));
            }
            Some(known) => columns.push(known),
        }
    }
    if !columns.contains(&"email") {
        return Err(ListFault::NoEmail);
    }
    Ok(columns)
}

fn line(record: &csv::StringRecord, columns: &[&str]) -> UserLine {
    let mut line = UserLine {
        line: record.position().map_or(0, csv::Position::line),
        email: String::new(),
        name: None,
        role: None,
        language: None,
        time_zone: None,
        notification_email: None,
        customers: None,
        refused: None,
    };
    if record.len() > columns.len() {
        line.refused = Some(LineFault::Cells { found: record.len(), named: columns.len() });
    }
    for (column, cell) in columns.iter().zip(record) {
        if *column == "email" {
            cell.clone_into(&mut line.email);
        } else if !cell.is_empty() {
            let read = take(&mut line, column, cell);
            line.refused = line.refused.take().or(read.err());
        }
    }
    line
}

fn take(line: &mut UserLine, column: &str, cell: &str) -> Result<(), LineFault> {
    match column {
        "name" => line.name = Some(cell.to_owned()),
        "role" => {
            let role = cell.to_lowercase().parse();
            line.role = Some(role.map_err(|_| LineFault::Role(cell.to_owned()))?);
        }
        "language" => {
            let language = cell.to_lowercase().parse();
            line.language = Some(language.map_err(|_| LineFault::Language(cell.to_owned()))?);
        }
        "time_zone" => line.time_zone = Some(cell.to_owned()),
        "notification_email" => line.notification_email = Some(cell.to_owned()),
        _ => {
            let names = cell.split(BETWEEN).map(str::trim).filter(|name| !name.is_empty());
            line.customers = Some(names.map(str::to_owned).collect());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use store::records::Role;

    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        match refusal(read(text).expect_err("must be refused")) {
            ApiError::Refused(refusals) => {
                let found = format!("{}: {}", refusals[0].place, refusals[0].reason);
                assert_eq!(found, expected);
            }
            other => panic!("unexpected {other:?}"),
        }
    }

    #[test]
    fn a_list_from_a_dutch_spreadsheet_reads() {
        let text = "\u{feff}Email;Customers;Role\r\n a@example.net ;Ede | 1042;Klant\r\n;;\r\n";
        let lines = read(text).expect("a list");
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].line, lines[0].email.as_str()), (2, "a@example.net"));
        assert_eq!(lines[0].role, Some(Role::Klant));
        let customers = vec!["Ede".to_owned(), "1042".to_owned()];
        assert_eq!((lines[0].customers.clone(), lines[0].name.clone()), (Some(customers), None));
    }

    #[test]
    fn what_is_wrong_in_a_line_stays_with_the_line() {
        let lines = read("email,role\na@example.net,boss\nb@example.net,klant,x\n").expect("read");
        let why: Vec<_> =
            lines.iter().map(|line| line.refused.as_ref().map(ToString::to_string)).collect();
        assert_eq!(
            why,
            [
                Some("role: must be beheer, accountmanager or klant, found \"boss\"".to_owned()),
                Some("has 3 cells, the first line 2".to_owned()),
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_refused_as_a_whole() {
        refused("", "line 1: must hold the column email");
        refused("name\nx\n", "line 1: must hold the column email");
        refused("email,email\n", "line 1: email occurs twice");
        refused(
            "email,password\n",
            "line 1: must be email, name, role, language, time_zone, notification_email, customers, \
             found \"password\"",
        );
        refused("email\n", "body: holds no users");
        let many = format!("email\n{}", "a@example.net\n".repeat(1_001));
        refused(&many, "body: at most 1000 users at once");
    }
}
