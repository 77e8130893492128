//! The formats of `padwacht replay` in bytes a second: services in, intervals
//! out. `PADWACHT_BENCH_SERVICES` sets how many services there are.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use correlate::files::{IntervalWriter, read_services, split_services};
use correlate::model::{Interval, Period, ServiceId, ServiceState, Timestamp};

const RUNS: usize = 5;
const INTERVALS_PER_SERVICE: i64 = 20;
const CORE_RING: usize = 8;

fn main() {
    let services = std::env::var("PADWACHT_BENCH_SERVICES").ok();
    let services = services.and_then(|text| text.parse().ok()).unwrap_or(50_000);
    let file = services_file(services);
    let took = median(|| split_services(black_box(&file)).map(Iterator::count));
    row(&format!("split {services} services"), file.len(), took);
    let took = median(|| read_services(black_box(&file)));
    row(&format!("read {services} services"), file.len(), took);

    let (lists, period) = intervals(services);
    let write = |out: &mut Vec<u8>| {
        out.clear();
        let mut writer = IntervalWriter::new(out, period);
        for (service, list) in &lists {
            writer.write(service, list).expect("a Vec takes all");
        }
        writer.finish().expect("a Vec takes all");
    };
    let mut out = Vec::new();
    write(&mut out);
    let took = median(|| write(&mut out));
    let rows = services * INTERVALS_PER_SERVICE as usize;
    row(&format!("write {rows} intervals"), out.len(), took);
}

/// The median time of this thread on a processor: what other processes do
/// meanwhile does not count. What `run` makes is dropped after the clock stopped.
fn median<T>(mut run: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = on_processor();
            let made = black_box(run());
            let took = on_processor() - start;
            drop(made);
            took
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

/// How long this thread has run: on Linux its processor time.
fn on_processor() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = stat.and_then(|stat| stat.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn row(what: &str, bytes: usize, took: Duration) {
    let megabytes = bytes as f64 / 1e6;
    let rate = megabytes / took.as_secs_f64();
    println!("{what:40} {megabytes:8.1} MB {:8.3} s {rate:7.0} MB/s", took.as_secs_f64());
}

/// A hierarchical ISP, as an inventory would export it.
fn services_file(services: usize) -> String {
    let mut file = String::from("[\n");
    for customer in 0..services {
        let (switch, site) = (customer / 24, customer / 960);
        let (near, next) = (customer % CORE_RING, (customer + 1) % CORE_RING);
        let (device, port) = (100_000 + customer, 1_000_000 + customer);
        let comma = if customer == 0 { "" } else { ",\n" };
        write!(
            file,
            "{comma}  {{\"id\": \"cust-{customer:06}/internet\", \"name\": \"Fibre {customer}\", \
             \"customer\": \"Customer {}\", \"path\": {{\"all\": [\"isp/device/{device}\", \
             \"isp/port/{port}\", \"isp/device/acc{switch}\", {{\"any\": [\"isp/device/agg{site}-0\", \
             \"isp/device/agg{site}-1\"]}}, {{\"any\": [\"isp/device/core{near}\", \
             \"isp/device/core{next}\"]}}]}}}}",
            customer / 3
        )
        .expect("writing to a String cannot fail");
    }
    file.push_str("\n]\n");
    file
}

/// Every service up and down in turn.
fn intervals(services: usize) -> (Vec<(ServiceId, Vec<Interval>)>, Period) {
    const START_MS: i64 = 1_767_225_600_000;
    const EACH_MS: i64 = 300_000;
    let interval = |service: usize, index: i64| {
        let down = index % 2 == 1;
        Interval {
            start: Timestamp(START_MS + index * EACH_MS),
            end: Some(Timestamp(START_MS + (index + 1) * EACH_MS)),
            state: if down { ServiceState::Down } else { ServiceState::Up },
            cause: (0..i64::from(down)).map(|_| format!("isp/port/{service}").into()).collect(),
            cause_moves: Vec::new(),
        }
    };
    let lists = (0..services).map(|service| {
        let list = (0..INTERVALS_PER_SERVICE).map(|index| interval(service, index)).collect();
        (ServiceId::from(format!("cust-{service:06}/internet")), list)
    });
    let until = Timestamp(START_MS + INTERVALS_PER_SERVICE * EACH_MS);
    (lists.collect(), Period::new(Timestamp(START_MS), until))
}
