//! What the system says that this process used.

use serde_json::{Value, json};

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

/// Processor time of this process so far: of the threads that it has.
pub(crate) fn cpu_s() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let of_thread = |path: std::path::PathBuf| {
        // Its first field, in nanoseconds; `stat` has only hundredths of a second.
        let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    };
    threads.filter_map(|thread| of_thread(thread.ok()?.path())).sum::<f64>() / 1e9
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
