//! The floor: downloads what the reader asked for, and discards it.

use std::time::Instant;

use crate::roles::{TOKEN, given, runtime, tell};
use crate::usage::{Usage, cpu_s};

pub(crate) fn run() {
    let url = given("url");
    let asked: Vec<String> = serde_json::from_str(&given("asked")).expect("a list of addresses");
    let (cpu, began) = (cpu_s(), Instant::now());
    let bytes = runtime().block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut bytes = 0;
        for address in asked {
            let request = client.get(format!("{url}/api/v0{address}"));
            let request = request.header("X-Auth-Token", TOKEN);
            let mut answer = request.send().await.expect("the simulator answers");
            while let Some(piece) = answer.chunk().await.expect("a whole body") {
                bytes += piece.len() as u64;
            }
        }
        bytes
    });
    tell(&Usage::since(cpu, began, bytes).to_json());
}
