//! The child's side: loads `libchdb.so` and serves until its query is killed
//! or its standard input ends.
//!
//! `chdb_query_cmdline(argc, argv)` is `clickhouse local` as a function (C API
//! of chdb, `chdb.h`). Its session may start the listeners; a query that
//! sleeps keeps them open, and ends with `KILL QUERY`.

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::io::Read as _;
use std::path::PathBuf;

use libloading::Library;

use super::EmbeddedError;

/// How the query that keeps the engine listening begins.
pub(super) const LISTENING: &str = "SELECT sum(sleepEachRow(1)) FROM numbers(1000000000)";

/// Blocks of one row that may sleep for its second; a thousand million
/// seconds are longer than any run.
const LISTENING_SETTINGS: &str = "SETTINGS max_block_size = 1, \
     function_sleep_max_microseconds_per_block = 3000000, max_execution_time = 0";

type QueryCmdline = unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut c_void;
type ResultError = unsafe extern "C" fn(*mut c_void) -> *const c_char;

/// What [`run_child`] is told on its command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ChildArguments {
    pub(super) library: PathBuf,
    pub(super) engine_dir: PathBuf,
    pub(super) config_file: PathBuf,
    pub(super) http_port: u16,
    pub(super) tcp_port: Option<u16>,
}

impl ChildArguments {
    /// The command line that [`ChildArguments::parse`] reads back.
    pub(super) fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec![
            "--library".into(),
            self.library.clone().into(),
            "--path".into(),
            self.engine_dir.clone().into(),
            "--config-file".into(),
            self.config_file.clone().into(),
            "--http-port".into(),
            self.http_port.to_string().into(),
        ];
        if let Some(port) = self.tcp_port {
            args.extend(["--tcp-port".into(), port.to_string().into()]);
        }
        args
    }

    fn parse(args: impl IntoIterator<Item = OsString>) -> Result<ChildArguments, EmbeddedError> {
        let wrong = |text: &str| EmbeddedError::Arguments(text.to_owned());
        let (mut library, mut engine_dir, mut config_file) = (None, None, None);
        let (mut http_port, mut tcp_port) = (None, None);
        let mut args = args.into_iter();
        while let Some(name) = args.next() {
            let value =
                args.next().ok_or_else(|| wrong(&format!("{} needs a value", name.display())))?;
            match name.to_str() {
                Some("--library") => library = Some(PathBuf::from(value)),
                Some("--path") => engine_dir = Some(PathBuf::from(value)),
                Some("--config-file") => config_file = Some(PathBuf::from(value)),
                Some("--http-port") => http_port = Some(port(&value)?),
                Some("--tcp-port") => tcp_port = Some(port(&value)?),
                _ => return Err(wrong(&format!("{} is not known", name.display()))),
            }
        }
        Ok(ChildArguments {
            library: library.ok_or_else(|| wrong("--library is missing"))?,
            engine_dir: engine_dir.ok_or_else(|| wrong("--path is missing"))?,
            config_file: config_file.ok_or_else(|| wrong("--config-file is missing"))?,
            http_port: http_port.ok_or_else(|| wrong("--http-port is missing"))?,
            tcp_port,
        })
    }

    /// The command line of `clickhouse local`.
    fn engine_args(&self) -> Result<Vec<CString>, EmbeddedError> {
        let mut query = "SYSTEM START LISTEN HTTP; ".to_owned();
        let mut args = vec![
            "clickhouse".to_owned(),
            format!("--path={}", self.engine_dir.display()),
            format!("--config-file={}", self.config_file.display()),
            "--listen_host=127.0.0.1".to_owned(),
            format!("--http_port={}", self.http_port),
            "--logger.console=1".to_owned(),
            "--log-level=warning".to_owned(),
            "--multiquery".to_owned(),
        ];
        if let Some(port) = self.tcp_port {
            args.push(format!("--tcp_port={port}"));
            query.push_str("SYSTEM START LISTEN TCP; ");
        }
        args.push(format!("--query={query}{LISTENING} {LISTENING_SETTINGS}"));
        args.into_iter()
            .map(|arg| {
                CString::new(arg)
                    .map_err(|_| EmbeddedError::Arguments("a path holds a zero byte".to_owned()))
            })
            .collect()
    }
}

fn port(value: &OsString) -> Result<u16, EmbeddedError> {
    value.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        EmbeddedError::Arguments(format!("a port must be 0 to 65535, found {}", value.display()))
    })
}

/// Runs the engine in this process until its query is killed; `args` are
/// those after [`SUBCOMMAND`](super::SUBCOMMAND). The process ends at once
/// when its standard input ends: its parent is gone.
///
/// # Errors
/// A wrong command line, a library that cannot be loaded, or an engine that
/// ends by itself.
pub fn run_child(args: impl IntoIterator<Item = OsString>) -> Result<(), EmbeddedError> {
    let arguments = ChildArguments::parse(args)?;
    end_with_parent()?;
    let engine_args = arguments.engine_args()?;
    match call_engine(&arguments.library, &engine_args)? {
        Some(error) if !error.contains("QUERY_WAS_CANCELLED") => Err(EmbeddedError::Engine(error)),
        _ => Ok(()),
    }
}

/// Calls `chdb_query_cmdline` and gives the error text of its result.
#[expect(unsafe_code, reason = "the engine is a C library")]
fn call_engine(
    library: &std::path::Path,
    args: &[CString],
) -> Result<Option<String>, EmbeddedError> {
    let unusable = |source| EmbeddedError::LibraryUnusable { path: library.to_owned(), source };
    let mut argv: Vec<*mut c_char> = args.iter().map(|arg| arg.as_ptr().cast_mut()).collect();
    let argc = c_int::try_from(argv.len()).expect("fewer than a dozen arguments");
    argv.push(std::ptr::null_mut());
    // SAFETY: loading runs the library's constructors; it is the ClickHouse
    // engine that the operator installed, in a process made for it alone.
    let engine = unsafe { Library::new(library) }.map_err(unusable)?;
    // SAFETY: the types are those of chdb.h for these names.
    let (query, result_error) = unsafe {
        let query = engine.get::<QueryCmdline>(b"chdb_query_cmdline\0").map_err(unusable)?;
        let error = engine.get::<ResultError>(b"chdb_result_error\0").map_err(unusable)?;
        (*query, *error)
    };
    // SAFETY: argv holds argc pointers to zero-terminated strings and a null
    // after them, as for main; `args` outlives the call, which only reads.
    let result = unsafe { query(argc, argv.as_mut_ptr()) };
    // The engine's threads may still run, so its code must stay mapped.
    std::mem::forget(engine);
    if result.is_null() {
        return Ok(None);
    }
    // SAFETY: result is the live result just given; the text, where there is
    // one, is zero-terminated and belongs to it.
    let text = unsafe {
        let text = result_error(result);
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    Ok(text.filter(|text| !text.is_empty()))
}

/// Ends this process when its standard input does. The parent holds the other
/// end and never writes.
fn end_with_parent() -> Result<(), EmbeddedError> {
    let watch = || {
        let mut sink = [0; 64];
        let mut input = std::io::stdin().lock();
        while input.read(&mut sink).is_ok_and(|read| read > 0) {}
        exit_at_once();
    };
    let spawned = std::thread::Builder::new().name("parent-watch".to_owned()).spawn(watch);
    spawned.map(|_| ()).map_err(|source| EmbeddedError::Io {
        doing: "watching the parent",
        path: PathBuf::from("stdin"),
        source,
    })
}

/// Ends the process without the library's exit handlers, which would wait for
/// the sleeping query.
#[expect(unsafe_code, reason = "std has no exit that skips exit handlers")]
fn exit_at_once() -> ! {
    // SAFETY: _exit may be called at any time; the engine's files are written
    // so that they survive a sudden end.
    unsafe { libc::_exit(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_reads_back() {
        for tcp_port in [None, Some(9000)] {
            let arguments = ChildArguments {
                library: "l".into(),
                engine_dir: "a b".into(),
                config_file: "c".into(),
                http_port: 8123,
                tcp_port,
            };
            let read = ChildArguments::parse(arguments.to_args()).expect("its own form");
            assert_eq!(read, arguments);
        }
    }

    #[test]
    fn a_wrong_command_line_is_explained() {
        let error = |args: &[&str]| {
            ChildArguments::parse(args.iter().map(OsString::from)).expect_err("wrong").to_string()
        };
        assert_eq!(error(&["--path"]), "embedded-clickhouse: --path needs a value");
        assert_eq!(error(&["--path", "x"]), "embedded-clickhouse: --library is missing");
        assert_eq!(
            error(&["--http-port", "99999"]),
            "embedded-clickhouse: a port must be 0 to 65535, found 99999"
        );
    }
}
