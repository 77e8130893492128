//! The client against a server of its own, which notes what it sees.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use correlate::model::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::join_all;
use serde::Deserialize;

use super::*;
use crate::librenms::calls;
use crate::librenms::decode::Row;

#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
struct Id {
    device_id: u64,
}

impl Row for Id {}

/// A body and its `Content-Encoding`.
type Packed = (Vec<u8>, &'static str);

/// The answers to come; the last one stays.
#[derive(Default)]
struct Seen {
    answers: Vec<Packed>,
    arrivals: Vec<Instant>,
    in_flight: usize,
    peak_in_flight: usize,
}

struct Server {
    seen: Arc<Mutex<Seen>>,
    address: SocketAddr,
}

impl Server {
    async fn start(mut answers: Vec<Packed>) -> Server {
        answers.reverse();
        let seen = Arc::new(Mutex::new(Seen { answers, ..Seen::default() }));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&seen));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Server { seen, address }
    }

    fn client(&self, change: impl FnOnce(&mut Settings)) -> Client {
        let token = "0123456789abcdef".to_owned().into();
        let mut settings =
            Settings::new("ams1", &format!("http://{}", self.address), token).unwrap();
        settings.requests_per_second = 1_000.try_into().unwrap();
        settings.burst = 1_000.try_into().unwrap();
        settings.retry_pause = Duration::from_millis(1);
        change(&mut settings);
        Client::new(&settings, Arc::new(|| Timestamp(0))).unwrap()
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().arrivals.len()
    }
}

async fn answer(State(seen): State<Arc<Mutex<Seen>>>, _: Request) -> Response<Body> {
    let (body, packing) = {
        let mut seen = seen.lock().unwrap();
        seen.arrivals.push(Instant::now());
        seen.in_flight += 1;
        seen.peak_in_flight = seen.peak_in_flight.max(seen.in_flight);
        let last = seen.answers.last().cloned().unwrap();
        if seen.answers.len() > 1 {
            seen.answers.pop();
        }
        last
    };
    // Others get their turn while this one is under way.
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    seen.lock().unwrap().in_flight -= 1;
    let mut response = Response::builder().header("content-type", "application/json");
    if !packing.is_empty() {
        response = response.header("content-encoding", packing);
    }
    response.body(Body::from(body)).unwrap()
}

fn list(ids: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let rows: Vec<_> =
        ids.into_iter().map(|id| format!("{{\"device_id\": {id}, \"x\": \"y\"}}")).collect();
    format!("{{\"status\": \"ok\", \"devices\": [{}]}}", rows.join(",\n")).into_bytes()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

/// What comes of reading the device list when the server answers like this.
async fn read(answers: Vec<Packed>) -> Result<Vec<Id>, Fault> {
    let server = Server::start(answers).await;
    let client = server.client(|settings| settings.body_bytes_max = 1_000_000);
    client.rows(&calls::devices()).await.map_err(|error| error.fault)
}

fn ids(range: std::ops::Range<u64>) -> Vec<Id> {
    range.map(|device_id| Id { device_id }).collect()
}

#[tokio::test]
async fn no_second_of_the_server_sees_more_requests_than_allowed() {
    let server = Server::start(vec![(list([1]), "")]).await;
    let client = server.client(|settings| {
        settings.requests_per_second = 15.try_into().unwrap();
        settings.requests_at_once = 4.try_into().unwrap();
    });
    let call = |number: u64| {
        let call = calls::device(number);
        let rank = [Rank::Ordinary, Rank::Push, Rank::Prompt][number as usize % 3];
        let call = Call { bulk: number % 7 == 3, rank, ..call };
        let client = &client;
        async move { client.rows::<Id>(&call).await.unwrap() }
    };
    join_all((0..40).map(call)).await;
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.arrivals.len(), 40);
    assert!(seen.peak_in_flight <= 4, "{} at once", seen.peak_in_flight);
    for (first, &at) in seen.arrivals.iter().enumerate() {
        let second = seen.arrivals[first..].iter();
        let within = second.filter(|&&other| other - at < Duration::from_secs(1)).count();
        assert!(within <= 15, "{within} requests in one second");
    }
    let waits: u64 = client.traffic().calls.iter().map(|stats| stats.throttle_waits).sum();
    assert!(waits > 0, "what waited is counted");
}

#[tokio::test]
async fn packed_answers_are_unpacked_and_both_sizes_counted() {
    let body = list(1..500);
    let packed = gzip(&body);
    let (wire, whole) = (packed.len() as u64, body.len() as u64);
    let server = Server::start(vec![(packed, "gzip")]).await;
    let client = server.client(|_| ());
    assert_eq!(client.rows::<Id>(&calls::devices()).await.unwrap(), ids(1..500));
    let stats = &client.traffic().calls[0];
    assert_eq!((stats.kind, stats.calls, stats.rows), ("devices", 1, 499));
    assert_eq!((stats.wire_bytes, stats.bytes), (wire, whole));
    assert!(wire * 4 < whole);
}

#[tokio::test]
async fn a_packed_answer_that_breaks_off_is_refused_wherever_it_does() {
    let packed = gzip(&list(1..500));
    for length in [0, 5, 12, packed.len() / 2, packed.len() - 8, packed.len() - 1] {
        let cut = (packed[..length].to_vec(), "gzip");
        assert_eq!(read(vec![cut]).await, Err(Fault::Truncated), "{length} bytes");
    }
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_refused() {
    assert_eq!(read(vec![(list([1]), "gzip")]).await, Err(Fault::Malformed));
    assert_eq!(read(vec![(list([1]), "br")]).await, Err(Fault::Malformed));
    let mut damaged = gzip(&list(1..500));
    let middle = damaged.len() / 2;
    damaged[middle..middle + 20].fill(0xff);
    assert_eq!(read(vec![(damaged, "gzip")]).await, Err(Fault::Malformed));
    let mut bomb = br#"{"status":"ok","devices":["#.to_vec();
    bomb.resize(30_000_000, b' ');
    let bomb = gzip(&bomb);
    assert!(bomb.len() < 100_000);
    assert_eq!(read(vec![(bomb, "gzip")]).await, Err(Fault::TooLarge));
}

#[tokio::test]
async fn rows_of_an_answer_that_broke_off_are_gone_when_the_next_one_is_whole() {
    let whole = list(1..400);
    let cut = whole[..whole.len() / 2].to_vec();
    assert_eq!(read(vec![(cut, ""), (whole, "")]).await, Ok(ids(1..400)));
}

#[tokio::test]
async fn a_list_is_folded_without_being_kept() {
    let server = Server::start(vec![(list(1..1_000), "")]).await;
    let client = server.client(|_| ());
    let call = calls::devices();
    let sum = client.fold(&call, || 0, |sum: &mut u64, id: Id| *sum += id.device_id).await;
    assert_eq!(sum.unwrap().into_inner(), 499_500);
}

#[tokio::test]
async fn what_lives_is_asked_for_once() {
    let server = Server::start(vec![(list(1..4), "")]).await;
    let client = server.client(|_| ());
    let lasting = Call { lifetime: Some(Duration::from_secs(3_600)), ..calls::devices() };
    for _ in 0..3 {
        assert_eq!(client.remembered::<Id>(&lasting).await.unwrap().to_vec(), ids(1..4));
    }
    assert_eq!(server.requests(), 1);
    assert_eq!(client.traffic().calls[0].cached, 2);
    client.remembered::<Id>(&calls::devices()).await.unwrap();
    client.remembered::<Id>(&calls::devices()).await.unwrap();
    assert_eq!(server.requests(), 3, "what has no lifetime is read anew");
}

#[tokio::test]
async fn failures_are_counted_and_the_last_ones_told() {
    let server = Server::start(vec![(list([]), "br"), (list([1]), "")]).await;
    let client = server.client(|_| ());
    client.rows::<Id>(&calls::devices()).await.unwrap_err();
    client.rows::<Id>(&calls::devices()).await.unwrap();
    let traffic = client.traffic();
    let stats = &traffic.calls[0];
    assert_eq!((stats.calls, stats.errors[&Fault::Malformed]), (2, 1));
    assert_eq!((traffic.errors.len(), traffic.errors[0].kind), (1, "devices"));
    assert!(traffic.errors[0].error.message.contains("not asked for"));
}
