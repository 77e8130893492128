//! Files that appear under their name whole or not at all: neither a failure
//! nor a kill at any moment leaves a part of one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

/// Writes what `fill` writes to `path`. A file that is there is replaced, once
/// the new one is complete and on disk; a pipe or device is written to.
///
/// # Errors
/// What `fill` or the disk says; the file that was there is then still there.
pub(crate) fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // Through a symbolic link, as the file behind it is meant.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|meta| !meta.is_file()) {
        return filled(File::options().write(true).open(&path)?, fill).map(drop);
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let placed = match unnamed_beside(&path) {
        Some(file) => {
            let file = filled(file, fill)?;
            file.sync_all()?;
            name(&file, &part)
        }
        None => filled(File::create(&part)?, fill).and_then(|file| file.sync_all()),
    };
    let done = placed.and_then(|()| fs::rename(&part, &path));
    if done.is_err() {
        // The error to report is the first one.
        drop(fs::remove_file(&part));
    }
    done
}

fn filled(file: File, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

/// A file without a name in the directory of `path`: it goes when the process
/// does. `None` where the file system has none.
fn unnamed_beside(path: &Path) -> Option<File> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    // As `File::create` has it; the umask takes away what it must.
    rustix::fs::open(dir, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)
}

/// Gives an unnamed file its name.
fn name(file: &File, path: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = || rustix::fs::linkat(CWD, &open, CWD, path, AtFlags::SYMLINK_FOLLOW);
    match link() {
        Err(rustix::io::Errno::EXIST) => {
            fs::remove_file(path)?;
            Ok(link()?)
        }
        linked => Ok(linked?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_old_file_is_there_until_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("o.csv");
        fs::write(&path, "old").unwrap();
        fs::write(dir.path().join("o.csv.part"), "left by a crash").unwrap();
        write(&path, |out| {
            out.write_all(b"new")?;
            out.flush()?;
            assert_eq!(fs::read(&path)?, b"old");
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["o.csv"]);
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("o.csv");
        let error = write(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(error.unwrap_err().to_string(), "no more");
        assert!(names(dir.path()).is_empty());
        assert!(write(dir.path(), |_| Ok(())).is_err(), "a directory is no file");
        assert!(write(&dir.path().join("none/o.csv"), |_| Ok(())).is_err());
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("o.csv"), dir.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
