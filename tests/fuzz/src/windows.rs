//! The maintenance file of `padwacht replay`.

use correlate::files::read_windows;

use crate::{alloc, check_reason};

pub(crate) fn run(file: &[u8]) {
    let read = alloc::bounded(file.len(), 400, || read_windows(file));
    let lines = file.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
    let mut last = 0;
    let mut again = String::from("target,from,to\n");
    for entry in &read {
        let line = match entry {
            Ok((line, window)) => {
                assert!(!window.period.is_empty());
                let target = window.target.to_string().replace('"', "\"\"");
                let period = window.period;
                again.push_str(&format!("\"{target}\",{},{}\n", period.from, period.until));
                *line
            }
            Err(bad) => {
                check_reason(&bad.reason, 0);
                bad.line
            }
        };
        assert!(last < line && line <= lines, "line {line} after {last} of {lines}");
        last = line;
    }
    let good = || read.iter().flatten().map(|(_, window)| window);
    let again: Vec<_> =
        read_windows(again.as_bytes()).into_iter().collect::<Result<_, _>>().expect("written well");
    assert!(
        again.iter().map(|(_, window)| window).eq(good()),
        "written out, it reads as something else"
    );
}
