//! What the system says that this process used.

use serde_json::{Value, json};

/// Ticks of a second in `/proc/self/stat`, on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;
/// The place of `utime` behind the name in brackets; `stime` follows.
const UTIME: usize = 11;

/// What one piece of work took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time of every thread.
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
    /// Of the process so far.
    pub(crate) peak_bytes: u64,
    /// Bodies, after decompression.
    pub(crate) body_bytes: u64,
}

/// Processor time of this process so far.
pub(crate) fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let (_, behind) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks = behind.split_whitespace().skip(UTIME).take(2);
    ticks.map(|field| field.parse::<f64>().expect("a number")).sum::<f64>() / TICKS_PER_SECOND
}

/// The most memory that this process ever held.
pub(crate) fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a number of kB") * 1024
}

impl Usage {
    /// Of the work between two calls of [`cpu_s`].
    pub(crate) fn since(cpu_before: f64, began: std::time::Instant, body_bytes: u64) -> Usage {
        let wall_s = began.elapsed().as_secs_f64();
        Usage { cpu_s: cpu_s() - cpu_before, wall_s, peak_bytes: peak_bytes(), body_bytes }
    }

    /// As a child printed it.
    pub(crate) fn of(value: &Value) -> Usage {
        let number =
            |name: &str| value[name].as_f64().unwrap_or_else(|| panic!("no {name}: {value}"));
        let whole =
            |name: &str| value[name].as_u64().unwrap_or_else(|| panic!("no {name}: {value}"));
        Usage {
            cpu_s: number("cpu_s"),
            wall_s: number("wall_s"),
            peak_bytes: whole("peak_bytes"),
            body_bytes: whole("body_bytes"),
        }
    }

    pub(crate) fn to_json(self) -> Value {
        json!({
            "cpu_s": self.cpu_s, "wall_s": self.wall_s,
            "peak_bytes": self.peak_bytes, "body_bytes": self.body_bytes,
        })
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = self.peak_bytes / 1_000_000;
        write!(f, "{:.2} s CPU, {:.1} s, {megabytes} MB", self.cpu_s, self.wall_s)
    }
}
