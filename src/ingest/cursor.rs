//! How far the changes of an account have been read, kept in a small file, so
//! that a restart goes on where it stopped. A file that is lost or damaged
//! costs a look back at the outages, and nothing else.

use std::path::Path;
use std::time::Duration;

use ingest::source::Cursor;
use tokio::time::Instant;

use crate::trouble::Trouble;
use crate::whole_file;

/// A cursor that is behind only makes the next start read some lines again, so
/// it need not be written each time.
const WRITE_PAUSE: Duration = Duration::from_secs(15);

/// A cursor is a line of some words.
const BYTES_MAX: u64 = 4_096;

/// The file's cursor, if there is a readable one.
pub(super) fn read(file: &Path) -> Option<Cursor> {
    let bytes = std::fs::metadata(file).ok()?.len();
    let text = (bytes <= BYTES_MAX).then(|| std::fs::read_to_string(file).ok())??;
    Some(Cursor(text.trim_end().into()))
}

/// Writes the cursor of one account now and then.
pub(super) struct CursorFile<'a> {
    file: Option<&'a Path>,
    written: Option<(Cursor, Instant)>,
    trouble: Trouble,
}

impl<'a> CursorFile<'a> {
    pub(super) fn new(nms: &str, file: Option<&'a Path>) -> CursorFile<'a> {
        let trouble = Trouble::new(format!("keep how far the changes of {nms} were read"));
        CursorFile { file, written: None, trouble }
    }

    /// The samples up to `cursor` are in the log.
    pub(super) fn reached(&mut self, cursor: Cursor) {
        let Some(file) = self.file else { return };
        let is_due = self
            .written
            .as_ref()
            .is_none_or(|(known, at)| *known != cursor && at.elapsed() >= WRITE_PAUSE);
        if !is_due {
            return;
        }
        let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written =
            folder.and_then(|()| whole_file::write(file, |out| writeln!(out, "{}", cursor.0)));
        match written {
            Ok(()) => self.trouble.well(),
            Err(error) => {
                self.trouble.failed(error);
            }
        }
        self.written = Some((cursor, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back_and_damage_is_none() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("cursors/ams1");
        assert_eq!(read(&file), None);
        let cursor = Cursor("librenms 1 881001 1787220900000".into());
        CursorFile::new("ams1", Some(&file)).reached(cursor.clone());
        assert_eq!(read(&file), Some(cursor));
        std::fs::write(&file, vec![b'x'; 10_000]).expect("writes");
        assert_eq!(read(&file), None);
    }
}
