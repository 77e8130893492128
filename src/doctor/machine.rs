//! The machine: can the data directory be written, and is there room.

use std::io;
use std::path::Path;

use super::Verdict;

/// Below this, ClickHouse's merges and the log begin to fail.
const FREE_BYTES_MIN: u64 = 1 << 30;
/// Below this, somebody should look within days.
const FREE_BYTES_EASY: u64 = 10 << 30;

/// Looks at the data directory, or at where it would be made.
pub(super) fn data_dir(dir: &Path) -> Verdict {
    let shown = dir.display();
    let Some(existing) = dir.ancestors().find(|path| path.is_dir()) else {
        return Verdict::wrong(
            format!("{shown} cannot be made: nothing above it exists"),
            "set general.data_dir to a directory on a mounted disk",
        );
    };
    if let Err(error) = try_to_write(existing) {
        return Verdict::wrong(
            format!("{} cannot be written: {error}", existing.display()),
            &format!("give the user that runs padwacht the right to write in {shown}"),
        );
    }
    match free_bytes(existing) {
        Ok(free) => room(&shown.to_string(), free),
        Err(error) => Verdict::Worrying {
            problem: format!("{shown}: free space is not known: {error}"),
            advice: String::from("look at the file system"),
        },
    }
}

/// Makes a file without a name, which leaves nothing behind.
fn try_to_write(dir: &Path) -> io::Result<()> {
    tempfile::tempfile_in(dir).map(drop)
}

fn free_bytes(dir: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(dir)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn room(shown: &str, free_bytes: u64) -> Verdict {
    let gib = |bytes: u64| format!("{}.{} GiB", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30);
    let advice = "make room, or move general.data_dir to a larger disk";
    let seen = format!("{shown}, {} free", gib(free_bytes));
    match free_bytes {
        0..FREE_BYTES_MIN => Verdict::wrong(seen, advice),
        FREE_BYTES_MIN..FREE_BYTES_EASY => {
            Verdict::Worrying { problem: seen, advice: advice.to_owned() }
        }
        FREE_BYTES_EASY.. => Verdict::Well(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_not_there_yet_is_well_when_it_can_be_made() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a/b");
        assert!(!matches!(data_dir(&dir), Verdict::Wrong { .. }));
        assert!(!dir.exists(), "doctor changes nothing");
    }

    #[test]
    fn too_little_room_is_wrong() {
        assert!(matches!(room("/d", 5 << 20), Verdict::Wrong { .. }));
        assert!(matches!(room("/d", 5 << 30), Verdict::Worrying { .. }));
        assert_eq!(room("/d", (25 << 29) | (1 << 40)), Verdict::Well("/d, 1036.5 GiB free".into()));
    }
}
