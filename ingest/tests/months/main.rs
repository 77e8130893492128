//! Simulated weeks at high speed: the LibreNMS source reads a simulator over
//! HTTP while simulated time runs, its samples go through the engine, and
//! every edge is held against what the simulator knows to be true.
//!
//! The weeks hold both changes of the clock, every version of LibreNMS from
//! integers-as-strings to 26.7, stalled pollers, a period of the discovery bug
//! of 26.7 and one of the fast-ping bug, a device deleted and added again,
//! every fault of the server, a reader that was away or started anew, also beside
//! the changes of the clock, and outages of all sorts. Around those changes an
//! account that is told the zone reads beside the one that finds it out.
//!
//! `PADWACHT_MONTHS_SEEDS=20` plays more of them, `PADWACHT_MONTHS_SEED=7` the one
//! of this number. Nothing here depends on how
//! fast this machine is: time moves only between readings.

mod claims;
mod fates;
mod reader;
mod services;
mod story;

use std::sync::Arc;

use correlate::model::{ComponentState, Timestamp};
use ingest::simulator::{Component, PortIndex, Topology, World, WorldOptions};

use claims::Claims;
use fates::Fates;
use story::{Blindness, Story};

/// The engine's staleness limit: what is silent for longer turns unknown.
const STALE_AFTER_MS: i64 = 30 * 60_000;

/// Wrong claims that are shown.
const WRONG_SHOWN: usize = 12;

/// Those that are played every time; in the second one, devices without management flap faster
/// than anybody looks.
const SEEDS: [u64; 2] = [1, 6];

/// Four sites in a ring with a chord: two ways to each, and the last in another poller group.
const TOPOLOGY: &str = r#"{"name": "Weeks", "nodes": [
    {"id": "1", "label": "Amsterdam"}, {"id": "2", "label": "Utrecht"},
    {"id": "3", "label": "Arnhem"}, {"id": "4", "label": "Zwolle"}], "links": [
    {"id": "L1", "a": "1", "b": "2"}, {"id": "L2", "a": "2", "b": "3"},
    {"id": "L3", "a": "3", "b": "4"}, {"id": "L4", "a": "4", "b": "1"},
    {"id": "L5", "a": "1", "b": "3"}]}"#;

fn world(seed: u64) -> Arc<World> {
    let topology = Topology::from_json(TOPOLOGY).expect("a valid topology");
    let options = WorldOptions { seed, services: 10, spare_ports: 0, ..WorldOptions::default() };
    Arc::new(World::generate(&topology, &options).expect("a valid world"))
}

/// Plays a story and judges what came of it.
async fn play(story: Story) {
    let seed = story.seed;
    let run = reader::read(&story).await;
    let claims = Claims::new(&run.samples);
    let fates = Fates::of(&story, &run.truth);
    let mut tally = claims::Tally::default();
    for component in fates.components() {
        let fate = fates.of_component(&component);
        claims.judge(&component, fate, &mut tally);
    }
    none_is_wrong(seed, &mut tally);
    eprintln!("seed {seed}: {tally:?}, {} readings, not ok {}", run.readings, run.not_ok);
    assert!(tally.edges > 700, "many edges were judged: {tally:?}");
    assert!(tally.exact > 25 && tally.exact < tally.edges, "some are exact: {tally:?}");
    assert!(tally.to_a_poll > 100, "many are known to a poll: {tally:?}");
    assert!(tally.from_log > 500, "the event log told: {tally:?}");
    assert!(tally.from_outages > 5, "outages told: {tally:?}");
    assert!(tally.by_push > 5, "pushes told: {tally:?}");
    let by_name = Claims::new(&run.samples_by_name);
    let mut tally_by_name = claims::Tally::default();
    for component in fates.components() {
        by_name.judge(&component, fates.of_component(&component), &mut tally_by_name);
    }
    none_is_wrong(seed, &mut tally_by_name);
    eprintln!("seed {seed}, with the zone told: {tally_by_name:?}");
    assert!(tally_by_name.edges > 50, "many edges were judged: {tally_by_name:?}");
    let judged = services::judge(&story, &run, &claims, &fates);
    eprintln!("seed {seed}: {judged:?}");
    assert!(judged.edges > 100, "many intervals were judged: {judged:?}");
    assert!(judged.compared_permille > 750, "most of the time was compared: {judged:?}");
    assert!(judged.compared > 500, "{judged:?}");
    blindness_is_unknown(&story, &claims, &fates);
    let after = story.moved_at.plus_millis(STALE_AFTER_MS + 2 * story::STEP_MS);
    for component in fates.components().iter().filter(|component| fates.is_gone(component)) {
        let state = claims.state_at(component, after, STALE_AFTER_MS);
        assert_eq!(state, ComponentState::Unknown, "{component} is no more");
    }
    assert!(run.not_ok > 0, "faults were noticed");
}

fn none_is_wrong(seed: u64, tally: &mut claims::Tally) {
    let wrong = std::mem::take(&mut tally.wrong);
    let shown: Vec<&str> = wrong.iter().take(WRONG_SHOWN).map(String::as_str).collect();
    let (wrong, shown) = (wrong.len(), shown.join("\n"));
    assert!(wrong == 0, "seed {seed}: {wrong} claims were wrong:\n{shown}");
}

/// Where nobody could look, nothing is up and nothing is down, once it is stale.
fn blindness_is_unknown(story: &Story, claims: &Claims, fates: &Fates) {
    let mut looked = 0;
    for Blindness { period, group } in &story.blind {
        let from = period.from.plus_millis(STALE_AFTER_MS + 2 * story::STEP_MS);
        if from >= period.until {
            continue;
        }
        for component in fates.components() {
            let of_group = group.is_none_or(|group| fates.group_of(&component) == group);
            if !of_group || fates.is_gone(&component) {
                continue;
            }
            let mut at = from;
            while at < period.until {
                let state = claims.state_at(&component, at, STALE_AFTER_MS);
                // LibreNMS's own record of outages may tell later what was down then.
                let told = claims.is_told_later(&component, at, period.until);
                assert!(
                    state == ComponentState::Unknown || told,
                    "{component} is {state:?} at {at}, where nobody looked"
                );
                looked += 1;
                at = at.plus_millis(story::STEP_MS);
            }
        }
    }
    assert!(looked > 100, "blind periods were looked at: {looked}");
}

#[tokio::test]
async fn weeks_of_everything_leave_no_edge_outside_its_uncertainty() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let only = number("PADWACHT_MONTHS_SEED").map(|seed: u64| vec![seed]);
    let many = number("PADWACHT_MONTHS_SEEDS").map(|seeds: u64| (1..=seeds).collect());
    for seed in only.or(many).unwrap_or(SEEDS.into()) {
        play(Story::of_everything(seed, world(seed))).await;
    }
}

/// The port's component under the ids of the world.
fn port(world: &World, port: PortIndex) -> correlate::model::ComponentId {
    world.id_of(Component::Port(port))
}

/// The end of time for what never ends.
const NEVER: Timestamp = Timestamp::MAX;
