//! Every order, number of workers and company in which a story may be told
//! gives the same intervals.

use std::collections::BTreeSet;

use correlate::model::{
    ComponentId, ComponentState, PathExpr, Sample, ServiceDefinition, ServiceId, Timestamp,
};
use proof::story::Story;
use proof::{Fact, Facts, Shuffle, Size};

use crate::player::{Player, expected};
use crate::{compare, every_story};

/// Orders of arrival that are tried for every story; `PADWACHT_ORDERS` asks
/// for more.
const ORDERS: u64 = 6;

/// Services and components that a story is told among: enough that every
/// worker has some.
const OTHERS: usize = 100;

/// The engines on which stories are played in order, and those that go on
/// where the story restarts the engine.
const SIZES: [(Size, Size); 4] = [
    (Size::workers(1), Size::workers(3)),
    (Size::workers(2), Size { processes: 2, workers: 1 }),
    (Size::workers(4), Size::workers(2)),
    (Size { processes: 2, workers: 2 }, Size::workers(1)),
];

#[test]
fn in_order_on_one_two_and_four_workers_and_two_processes_all_that_is_told_comes_true() {
    every_story(|story| {
        for (size, after_restart) in SIZES {
            let mut player = Player::start(story, size);
            player.play(after_restart)?;
            let when = format!("at the end, on {size:?}");
            compare(&player.intervals(), &expected(story), &when)?;
        }
        Ok(())
    });
}

#[test]
fn all_facts_at_once_give_the_same() {
    every_story(|story| {
        let mut player = Player::start(story, Size::workers(2));
        player.epoch(&story.facts(), story.last_now())?;
        compare(&player.intervals(), &expected(story), "all at once")?;
        // And those alone that still hold at the end, in reverse.
        let mut facts = Facts::of(&story.facts()).facts();
        facts.reverse();
        let mut player = Player::start(story, Size::workers(2));
        player.epoch(&facts, story.last_now())?;
        compare(&player.intervals(), &expected(story), "only what holds at the end")
    });
}

#[test]
fn any_order_of_arrival_and_a_restart_on_other_workers_give_the_same() {
    let asked = std::env::var("PADWACHT_ORDERS").ok().and_then(|asked| asked.parse().ok());
    every_story(|story| {
        for seed in 0..asked.unwrap_or(ORDERS) {
            let mut random = Shuffle::seeded(seed);
            let facts = shuffled(story.facts(), &mut random);
            let mut player = Player::start(story, Size::workers(1 + random.below(4)));
            let mut nows = clock(story, facts.len()).into_iter();
            let mut rest = &facts[..];
            let restart_at = random.below(facts.len());
            let mut restarted = false;
            while !rest.is_empty() {
                let (batch, later) = rest.split_at(1 + random.below(rest.len().min(5)));
                rest = later;
                let now = nows.nth(batch.len() - 1).unwrap_or(story.last_now());
                let when = |what| format!("order {seed}: {what}");
                player.epoch(batch, now).map_err(when)?;
                if !restarted && facts.len() - rest.len() > restart_at {
                    restarted = true;
                    player.restart(Size::workers(1 + random.below(4)));
                }
            }
            player.epoch(&[], story.last_now())?;
            let when = format!("order {seed} at the end");
            compare(&player.intervals(), &expected(story), &when)?;
        }
        Ok(())
    });
}

/// The clock of a story, stretched or cut to `epochs` instants.
fn clock(story: &Story, epochs: usize) -> Vec<Timestamp> {
    let last = story.steps.len().saturating_sub(1);
    (0..epochs).map(|epoch| story.steps[last * epoch / epochs.max(1)].now).collect()
}

/// Another order of arrival. Definitions keep theirs, as the last one counts
/// and may be refused because of another; so do the edits of one window.
fn shuffled(facts: Vec<Fact>, random: &mut Shuffle) -> Vec<Fact> {
    let kind = |fact: &Fact| match fact {
        Fact::Sample(_) => None,
        Fact::Define(_) | Fact::Undefine(_) => Some(String::from("definition")),
        Fact::Window(id, _) => Some(format!("window {id}")),
    };
    let mut order: Vec<usize> = (0..facts.len()).collect();
    random.order(&mut order);
    let kinds: BTreeSet<String> = facts.iter().filter_map(kind).collect();
    for wanted in kinds {
        let is_it = |index: &usize| kind(&facts[*index]).as_ref() == Some(&wanted);
        let places: Vec<usize> = (0..order.len()).filter(|&place| is_it(&order[place])).collect();
        let mut indices: Vec<usize> = places.iter().map(|&place| order[place]).collect();
        indices.sort_unstable();
        places.into_iter().zip(indices).for_each(|(place, index)| order[place] = index);
    }
    order.into_iter().map(|index| facts[index].clone()).collect()
}

#[test]
fn a_service_has_the_same_intervals_alone_and_among_many() {
    every_story(|story| {
        let wanted = expected(story);
        let set = Facts::of(&story.facts());
        for (service, list) in &wanted {
            let needed = with_references(&set, service);
            let mut alone = set.clone();
            alone.definitions.retain(|id, _| needed.contains(id));
            let mut player = Player::start(story, Size::workers(1));
            player.epoch(&alone.facts(), story.last_now())?;
            let found = player.intervals().remove(service).unwrap_or_default();
            if found != *list {
                return Err(format!("{service} alone: {found:?}"));
            }
        }
        let mut player = Player::start(story, Size::workers(4));
        let mut facts = others(story);
        facts.extend(set.facts());
        player.epoch(&facts, story.last_now())?;
        let mut found = player.intervals();
        found.retain(|id, _| wanted.contains_key(id));
        compare(&found, &wanted, "among many")
    });
}

/// `service` and what it refers to, through others too.
fn with_references(set: &Facts, service: &ServiceId) -> BTreeSet<ServiceId> {
    let mut needed = BTreeSet::new();
    let mut open = vec![service.clone()];
    while let Some(id) = open.pop() {
        let versions = set.definitions.get(&id).into_iter().flat_map(ServiceDefinition::versions);
        open.extend(versions.flat_map(|version| version.path.service_refs()).cloned());
        if !needed.insert(id) {
            // Seen before; its references are known.
            open.retain(|id| !needed.contains(id));
        }
    }
    needed
}

/// Services that share the story's components, and some of their own.
fn others(story: &Story) -> Vec<Fact> {
    let shared: Vec<ComponentId> = Facts::of(&story.facts()).samples.into_keys().collect();
    let mut facts = Vec::new();
    for number in 0..OTHERS {
        let own = ComponentId::from(format!("other/device/{number}"));
        let at = story.watched_from.plus_millis(60_000 * (number as i64 % 7));
        let states = [ComponentState::Down, ComponentState::Up, ComponentState::Unknown];
        let state = states[number % states.len()];
        facts.push(Fact::Sample(Sample { at, component: own.clone(), state }));
        let mut hops = vec![PathExpr::Component(own)];
        hops.extend(shared.get(number % (shared.len() + 1)).cloned().map(PathExpr::Component));
        let path = if number % 2 == 0 { PathExpr::All(hops) } else { PathExpr::Any(hops) };
        let id = ServiceId::from(format!("other-{number}"));
        facts.push(Fact::Define(ServiceDefinition::always(id, path)));
    }
    facts
}
