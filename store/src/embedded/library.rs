//! Where `libchdb.so` is.

use std::env;
use std::path::{Path, PathBuf};

use super::EmbeddedError;

/// The environment variable that names `libchdb.so` when no setting does.
pub const LIBRARY_VARIABLE: &str = "PADWACHT_LIBCHDB";

/// The file's name, on every system.
const FILE: &str = "libchdb.so";

/// The npm package that holds the library for this machine.
const fn package() -> &'static str {
    if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        "@chdb/lib-darwin-arm64"
    } else if cfg!(target_arch = "aarch64") {
        "@chdb/lib-linux-arm64-gnu"
    } else {
        "@chdb/lib-linux-x64-gnu"
    }
}

/// Finds `libchdb.so`: the `explicit` path; else the one that
/// [`LIBRARY_VARIABLE`] names; else beside the executable, in
/// `node_modules` of `dashboards` beneath the current directory or one above
/// it, or of the source tree that this was built from. Of the first two, one
/// that is given is the only place.
///
/// # Errors
/// [`EmbeddedError::LibraryAbsent`] with every place that was looked at.
pub fn find_library(explicit: Option<&Path>) -> Result<PathBuf, EmbeddedError> {
    let named = explicit
        .map(Path::to_owned)
        .or_else(|| env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from));
    let searched = match named {
        Some(path) => vec![path],
        None => usual_places(env::current_exe().ok(), env::current_dir().ok()),
    };
    match searched.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(EmbeddedError::LibraryAbsent { searched }),
    }
}

fn usual_places(executable: Option<PathBuf>, current_dir: Option<PathBuf>) -> Vec<PathBuf> {
    let in_tree = |root: &Path| root.join("dashboards/node_modules").join(package()).join(FILE);
    let beside = executable.as_deref().and_then(Path::parent);
    let source_tree = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let mut places: Vec<PathBuf> = beside
        .into_iter()
        .flat_map(|dir| [dir.join(FILE), dir.join("../lib/padwacht").join(FILE)])
        .collect();
    places.extend(current_dir.iter().flat_map(|dir| dir.ancestors()).map(in_tree));
    places.extend(source_tree.map(in_tree));
    let mut seen = std::collections::HashSet::new();
    places.retain(|place| seen.insert(place.clone()));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_explicit_library_is_the_only_place_named() {
        let error = find_library(Some(Path::new("nowhere/libchdb.so"))).expect_err("absent");
        let text = error.to_string();
        assert!(text.contains("looked at nowhere/libchdb.so. Get it with `npm ci"), "{text}");
    }

    #[test]
    fn the_library_beside_the_executable_comes_first() {
        let places = usual_places(Some("/opt/p/padwacht".into()), Some("/srv/x".into()));
        assert_eq!(places[0], Path::new("/opt/p/libchdb.so"));
        let tree = Path::new("/srv/dashboards/node_modules").join(package()).join(FILE);
        assert!(places.contains(&tree), "{places:?}");
    }
}
