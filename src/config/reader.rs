//! Reads settings out of the tree and keeps account: what is wrong, what each
//! setting is and where it came from, and which keys exist at all.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;

use super::rule::{FilePath, Rule, VARIABLE};
use super::tree::{Node, Value};
use super::{Origin, Problem, World};

/// One setting as it is in force, for `padwacht config print`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    /// Such as `correlate.stale_after`.
    pub key: String,
    /// In the form of the file; a secret is only said to be set.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// How similar a misspelled key must be before it is suggested (Jaro-Winkler;
/// 1 is equal).
const SIMILAR_ENOUGH: f64 = 0.8;

/// Variables that `*_env` settings may name, each with its origin.
pub(super) type Variables = BTreeMap<String, (String, Origin)>;

/// Reads one tree.
pub(super) struct Reader<'a> {
    root: &'a Node,
    variables: &'a Variables,
    world: &'a dyn World,
    findings: RefCell<Findings>,
}

/// What reading found out.
#[derive(Default)]
pub(super) struct Findings {
    /// What is wrong; in the order of the file once reading has ended.
    pub problems: Vec<Problem>,
    /// What is in force, in the order of reading.
    pub settings: Vec<Setting>,
    /// Every key that was asked for; list numbers are written `[]`.
    pub known: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        root: &'a Node,
        variables: &'a Variables,
        world: &'a dyn World,
        problems: Vec<Problem>,
    ) -> Self {
        let findings = Findings { problems, ..Findings::default() };
        Reader { root, variables, world, findings: RefCell::new(findings) }
    }

    /// The section `[name]`, which may be absent.
    pub(super) fn section(&self, name: &str) -> Section<'_> {
        let node = self.root.get(name);
        let is_table = |node: &&Node| matches!(node.value, Value::Table(_));
        if let Some(node) = node.filter(|node| !is_table(node)) {
            self.wrong_shape(name, node, &format!("a section, written [{name}]"));
        }
        Section { reader: self, node: node.filter(is_table), path: name.to_owned() }
    }

    /// The entries of `[[name]]`, none if it is absent.
    pub(super) fn list(&self, name: &str) -> Vec<Section<'_>> {
        self.findings.borrow_mut().known.insert(format!("{name}[]"));
        let Some(node) = self.root.get(name) else { return Vec::new() };
        let Value::List(entries) = &node.value else {
            self.wrong_shape(name, node, &format!("a list of sections, each written [[{name}]]"));
            return Vec::new();
        };
        entries
            .iter()
            .enumerate()
            .map(|(index, node)| Section {
                reader: self,
                node: Some(node),
                path: format!("{name}[{index}]"),
            })
            .collect()
    }

    /// A variable of the environment or of `.env`; an empty one counts as absent.
    pub(super) fn variable(&self, name: &str) -> Option<&(String, Origin)> {
        self.variables.get(name)
    }

    /// The machine.
    pub(super) fn world(&self) -> &dyn World {
        self.world
    }

    /// Keeps a problem.
    pub(super) fn problem(&self, problem: Problem) {
        self.findings.borrow_mut().problems.push(problem);
    }

    /// Notes what is in force.
    pub(super) fn note(&self, key: String, value: String, origin: Origin) {
        self.findings.borrow_mut().settings.push(Setting { key, value, origin });
    }

    /// As [`Reader::wrong`]; what is inside is not looked at any more.
    fn wrong_shape(&self, key: &str, node: &Node, allowed: &str) {
        self.findings.borrow_mut().known.insert(key.to_owned());
        self.wrong(key, node, allowed);
    }

    fn wrong(&self, key: &str, node: &Node, allowed: &str) {
        self.problem(Problem::Value {
            origin: node.origin.clone(),
            key: key.to_owned(),
            allowed: allowed.to_owned(),
            found: node.value.quoted(),
        });
    }

    /// Ends the reading: every key that nothing asked for is a problem.
    pub(super) fn finish(self) -> Findings {
        let mut findings = self.findings.into_inner();
        let mut unknown = Vec::new();
        collect_unknown(self.root, "", &findings.known, &mut unknown);
        findings.problems.extend(unknown);
        findings.problems.sort_by_key(Problem::order);
        findings
    }
}

/// One section, present or not.
pub(super) struct Section<'a> {
    reader: &'a Reader<'a>,
    node: Option<&'a Node>,
    path: String,
}

impl<'a> Section<'a> {
    /// The section `[<this>.name]`, which may be absent.
    pub(super) fn section(&self, name: &str) -> Section<'a> {
        let path = self.key(name);
        let node = self.node.and_then(|node| node.get(name));
        let is_table = |node: &&Node| matches!(node.value, Value::Table(_));
        if let Some(node) = node.filter(|node| !is_table(node)) {
            self.reader.wrong_shape(&path, node, &format!("a section, written [{path}]"));
        }
        Section { reader: self.reader, node: node.filter(is_table), path }
    }

    /// The full key, such as `correlate.workers`.
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Where `key` was set, or its section, or nowhere.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let node = self.node.and_then(|node| node.get(key)).or(self.node);
        node.map_or(Origin::Default, |node| node.origin.clone())
    }

    /// The value of `key` as found; from now on the key is known.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Node> {
        let pattern = pattern_of(&self.key(key));
        self.reader.findings.borrow_mut().known.insert(pattern);
        self.node.and_then(|node| node.get(key))
    }

    /// A setting without a default.
    pub(super) fn optional<R: Rule>(&self, key: &str, rule: &R) -> Option<R::Out> {
        let node = self.raw(key)?;
        let out = rule.read(&node.value);
        match &out {
            Some(out) => self.note(key, rule.show(out), node.origin.clone()),
            None => self.reader.wrong(&self.key(key), node, &rule.allowed()),
        }
        out
    }

    /// A setting with a default. A wrong value counts as the default for the
    /// rest of the reading, so that it hides no other error.
    pub(super) fn or<R: Rule>(&self, key: &str, rule: &R, default: R::Out) -> R::Out {
        if self.raw(key).is_none() {
            self.note(key, rule.show(&default), Origin::Default);
        }
        self.optional(key, rule).unwrap_or(default)
    }

    /// A setting that must be there.
    pub(super) fn required<R: Rule>(&self, key: &str, rule: &R) -> Option<R::Out> {
        if self.raw(key).is_none() {
            self.missing(key, &rule.allowed());
        }
        self.optional(key, rule)
    }

    /// A secret: `key` itself, or `<key>_file`, the path of a file that holds
    /// it (systemd and container secrets), or `<key>_env`, the name of a
    /// variable that does.
    pub(super) fn secret(&self, key: &str) -> Option<SecretString> {
        let (file_key, env_key) = (format!("{key}_file"), format!("{key}_env"));
        let inline = self.raw(key);
        let given: Vec<&str> =
            [key, &file_key, &env_key].into_iter().filter(|key| self.raw(key).is_some()).collect();
        if let [first, second, ..] = given.as_slice() {
            let reason = format!("and {} are both set; keep one of them", self.key(second));
            self.conflict(first, &reason);
            return None;
        }
        let secret = inline
            .and_then(|node| self.inline_secret(key, node))
            .or_else(|| self.secret_of_file(&file_key))
            .or_else(|| self.secret_of_variable(&env_key))?;
        if inline.is_some() {
            self.note(key, String::from("(set, hidden)"), self.origin(key));
        }
        Some(SecretString::from(secret))
    }

    fn inline_secret(&self, key: &str, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => {
                let allowed = String::from("text that is not empty");
                let (key, origin) = (self.key(key), node.origin.clone());
                let found = String::from("something else (hidden)");
                self.reader.problem(Problem::Value { origin, key, allowed, found });
                None
            }
        }
    }

    fn secret_of_file(&self, key: &str) -> Option<String> {
        let path = self.optional(key, &FilePath)?;
        self.secret_at(key, &path)
    }

    /// Reads the secret in the file at `path`, which `key` names.
    pub(super) fn secret_at(&self, key: &str, path: &Path) -> Option<String> {
        let found = match self.reader.world.read_file(path) {
            Ok(text) if text.trim_end_matches(['\r', '\n']).is_empty() => "is empty".to_owned(),
            Ok(text) => return Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => format!("cannot be read: {error}"),
        };
        self.reader.problem(Problem::Value {
            origin: self.origin(key),
            key: self.key(key),
            allowed: String::from("the path of a readable file that holds the secret"),
            found: format!("{:?}, which {found}", path.display().to_string()),
        });
        None
    }

    fn secret_of_variable(&self, key: &str) -> Option<String> {
        let name = self.optional(key, &VARIABLE)?;
        let value = self.reader.variable(&name).map(|(value, _)| value.clone());
        if value.is_none() {
            self.reader.problem(Problem::Value {
                origin: self.origin(key),
                key: self.key(key),
                allowed: String::from("the name of an environment variable that holds the secret"),
                found: format!("{name:?}, which is not set"),
            });
        }
        value
    }

    /// Keeps that `key` is absent and must not be.
    pub(super) fn missing(&self, key: &str, allowed: &str) {
        let (origin, key, allowed) = (self.origin(key), self.key(key), allowed.to_owned());
        self.reader.problem(Problem::Missing { origin, key, allowed });
    }

    /// Keeps that `key` does not fit with other settings.
    pub(super) fn conflict(&self, key: &str, reason: &str) {
        let (origin, key, reason) = (self.origin(key), self.key(key), reason.to_owned());
        self.reader.problem(Problem::Conflict { origin, key, reason });
    }

    /// Notes what is in force.
    pub(super) fn note(&self, key: &str, value: String, origin: Origin) {
        self.reader.note(self.key(key), value, origin);
    }
}

/// `nms[0].url` as `nms[].url`.
fn pattern_of(key: &str) -> String {
    let mut pattern = String::with_capacity(key.len());
    let mut in_brackets = false;
    for c in key.chars() {
        match c {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            _ if in_brackets => continue,
            _ => {}
        }
        pattern.push(c);
    }
    pattern
}

/// Walks the tree for keys that nothing asked for.
fn collect_unknown(node: &Node, path: &str, known: &BTreeSet<String>, out: &mut Vec<Problem>) {
    match &node.value {
        Value::Table(members) => {
            for (key, member) in members {
                let key = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                check_known(member, &key, known, out);
            }
        }
        Value::List(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                collect_unknown(entry, &format!("{path}[{index}]"), known, out);
            }
        }
        _ => {}
    }
}

fn check_known(node: &Node, key: &str, known: &BTreeSet<String>, out: &mut Vec<Problem>) {
    let pattern = pattern_of(key);
    if known.contains(&pattern) {
        return;
    }
    let inside = |known: &String| {
        known.strip_prefix(&pattern).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    if known.iter().any(inside) {
        return collect_unknown(node, key, known, out);
    }
    let suggestion = suggest(&pattern, known);
    out.push(Problem::Unknown { origin: node.origin.clone(), key: key.to_owned(), suggestion });
}

/// The known key that was probably meant: a similar one in the same section, a
/// similar section, or the same name in another section.
fn suggest(pattern: &str, known: &BTreeSet<String>) -> Option<String> {
    let split = || known.iter().filter_map(|key| Some((key.as_str(), key.rsplit_once('.')?)));
    let (leaf, similar) = match pattern.rsplit_once('.') {
        Some((section, leaf)) => {
            let beside = split().filter(|(_, (other, _))| *other == section);
            (leaf, most_similar(leaf, beside.map(|(key, (_, other))| (key, other))))
        }
        None => {
            let sections = known.iter().filter_map(|key| key.split(['.', '[']).next());
            (pattern, most_similar(pattern, sections.map(|section| (section, section))))
        }
    };
    similar
        .or_else(|| split().find(|(_, (_, other))| *other == leaf).map(|(key, _)| key.to_owned()))
}

fn most_similar<'a>(
    found: &str,
    candidates: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    candidates
        .map(|(key, leaf)| (strsim::jaro_winkler(leaf, found), key))
        .filter(|(similarity, _)| *similarity >= SIMILAR_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key.to_owned())
}
