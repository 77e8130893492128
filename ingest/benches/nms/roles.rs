//! This executable in another role, as a child that answers in lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// The environment variable that holds the role.
pub(crate) const ROLE: &str = "PADWACHT_BENCH_ROLE";
/// What is handed to a child, in the environment.
const PREFIX: &str = "PADWACHT_BENCH_GIVEN_";
/// The token of the simulated LibreNMS.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A child. It is killed when this is dropped.
pub(crate) struct Child {
    child: std::process::Child,
    output: BufReader<ChildStdout>,
    input: ChildStdin,
}

impl Child {
    pub(crate) fn start(role: &str, given: &[(&str, &str)]) -> Child {
        let mut command = Command::new(std::env::current_exe().expect("this executable is known"));
        command.env(ROLE, role).stdin(Stdio::piped()).stdout(Stdio::piped());
        for (name, value) in given {
            command.env(format!("{PREFIX}{name}"), value);
        }
        let mut child = command.spawn().expect("this executable starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let input = child.stdin.take().expect("it is piped");
        Child { child, output, input }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the child prints");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the child said {line:?}"))
    }

    /// What it answers to an empty line.
    pub(crate) fn ask(&mut self) -> Value {
        self.input.write_all(b"\n").expect("the child listens");
        self.line()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the parent handed over.
pub(crate) fn given(name: &str) -> String {
    std::env::var(format!("{PREFIX}{name}")).expect("the parent hands it over")
}

/// Prints a line for the parent.
pub(crate) fn tell(value: &Value) {
    println!("{value}");
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system gives a runtime")
}
