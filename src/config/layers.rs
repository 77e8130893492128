//! The layers under the settings, from weak to strong: the configuration file,
//! `.env`, the process environment, the flags. Only gathers; checks nothing
//! but the form.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reader::Variables;
use super::tree::{self, Node};
use super::{Origin, Override, Problem, World};

/// Variables that set a key: `PADWACHT__CORRELATE__STALE_AFTER`.
const PREFIX: &str = "PADWACHT__";
/// Read from the working directory if it is there.
const DOT_ENV: &str = ".env";
/// Looked for in this order when no file is named.
const FILES: [&str; 2] = ["padwacht.toml", "/etc/padwacht/padwacht.toml"];

/// All layers in one.
pub(super) struct Layers {
    /// The settings.
    pub root: Node,
    /// The environment over `.env`, without empty variables.
    pub variables: Variables,
    /// What could not be gathered.
    pub problems: Vec<Problem>,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
}

/// Gathers all layers. A file that is named must be there.
pub(super) fn gather(world: &dyn World, file: Option<&Path>, overrides: &[Override]) -> Layers {
    let mut problems = Vec::new();
    let (mut root, file) = read_file(world, file, &mut problems);
    let variables = variables(world, &mut problems);
    set_variables(&mut root, &variables, &mut problems);
    for Override { flag, key, value } in overrides {
        let path: Vec<&str> = key.split('.').collect();
        // Keys of flags are constants of this program that lead to plain settings;
        // only a file that has something else in that place can be in the way.
        if let Err(reason) = root.set(&path, Node::text(value, Origin::Flag(flag))) {
            problems.push(Problem::Source { place: format!("flag {flag}"), reason });
        }
    }
    Layers { root, variables, problems, file }
}

fn read_file(
    world: &dyn World,
    named: Option<&Path>,
    problems: &mut Vec<Problem>,
) -> (Node, Option<PathBuf>) {
    let candidates: Vec<&Path> =
        named.map_or_else(|| FILES.iter().map(Path::new).collect(), |path| vec![path]);
    for path in candidates {
        let name = path.display().to_string();
        match world.read_file(path) {
            Ok(text) => {
                return (tree::from_toml(&name, &text, problems), Some(path.to_owned()));
            }
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let reason = format!("the configuration file cannot be read: {error}");
                problems.push(Problem::Source { place: name, reason });
            }
        }
    }
    (Node::empty(), None)
}

fn variables(world: &dyn World, problems: &mut Vec<Problem>) -> Variables {
    let mut variables = match world.read_file(Path::new(DOT_ENV)) {
        Ok(text) => dot_env(&text, problems),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Variables::new(),
        Err(error) => {
            let reason = format!("cannot be read: {error}");
            problems.push(Problem::Source { place: DOT_ENV.to_owned(), reason });
            Variables::new()
        }
    };
    let of_process = world.variables().into_iter().map(|(name, value)| {
        let origin = Origin::Variable(Arc::from(name.as_str()));
        (name, (value, origin))
    });
    variables.extend(of_process);
    // Compose files pass on what is not set as empty text.
    variables.retain(|_, (value, _)| !value.is_empty());
    variables
}

/// Reads `.env`; of a variable that is set twice, the first counts, as
/// everywhere.
fn dot_env(text: &str, problems: &mut Vec<Problem>) -> Variables {
    let mut variables = Variables::new();
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        match item {
            Ok((name, value)) => {
                let line = line_of(text, |line| {
                    let line = line.trim_start();
                    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
                    line.strip_prefix(&name).is_some_and(|rest| rest.trim_start().starts_with('='))
                });
                let origin = Origin::DotEnv { name: Arc::from(name.as_str()), line };
                variables.entry(name).or_insert((value, origin));
            }
            // The error quotes the line, which may hold a secret: say only where.
            Err(error) => {
                let line = match &error {
                    dotenvy::Error::LineParse(wrong, _) => {
                        line_of(text, |line| wrong.starts_with(line.trim()) && !line.is_empty())
                    }
                    _ => 1,
                };
                let reason = String::from("this is not NAME=value; quote values with blanks");
                problems.push(Problem::Source { place: format!("{DOT_ENV}:{line}"), reason });
            }
        }
    }
    variables
}

fn line_of(text: &str, is_it: impl Fn(&str) -> bool) -> usize {
    text.lines().position(is_it).map_or(1, |index| index + 1)
}

fn set_variables(root: &mut Node, variables: &Variables, problems: &mut Vec<Problem>) {
    let mut settings: Vec<(Vec<String>, &(String, Origin))> = variables
        .iter()
        .filter_map(|(name, value)| {
            let path = name.strip_prefix(PREFIX)?.to_lowercase();
            Some((path.split("__").map(str::to_owned).collect(), value))
        })
        .collect();
    // List numbers in numeric order, so that 10 does not come before 2.
    settings.sort_by_cached_key(|(path, _)| {
        path.iter().map(|part| (part.parse::<usize>().ok(), part.clone())).collect::<Vec<_>>()
    });
    for (path, (value, origin)) in settings {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Err(reason) = root.set(&path, Node::text(value, origin.clone())) {
            problems.push(Problem::Source { place: origin.to_string(), reason });
        }
    }
}
