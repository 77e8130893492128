//! What breaks while somebody watches: three failures in the first minute,
//! then one after another for ever, drawn from the seed. Drawing is pure;
//! [`perform`] alone looks at a clock.

use std::time::Duration;

use correlate::model::{Period, Timestamp};
use ingest::simulator::{Failure, FailureKind, FailureTarget, LinkKind, Role, Simulator};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use store::series::Series;
use tokio_util::sync::CancellationToken;

use super::network::{Effect, Network};

const SECOND_MS: i64 = 1_000;
/// From the end of the opening on, something new breaks after so long.
const GAP_MS: std::ops::RangeInclusive<i64> = 15 * SECOND_MS..=35 * SECOND_MS;
/// Services that a lost switch may take: enough to see, few enough to read.
const SWITCH_SERVICES: std::ops::RangeInclusive<usize> = 3..=16;
/// Services that a core cut may degrade: seen, and not half of the network.
const CUT_SERVICES: std::ops::RangeInclusive<usize> = 3..=30;
/// Services that one more failure may take down, together with what is broken
/// already: two cuts can isolate a site.
const DOWN_SERVICES_MAX: usize = 16;
/// Failures at once: the rest of the network stays as it is.
const AT_ONCE_MAX: usize = 5;
/// Draws before a turn is left out because everything is broken already.
const TRIES: usize = 20;

/// How often and how many times the engine's progress is looked at: after four
/// minutes the show begins whatever the engine does.
const CURTAIN_PAUSE: Duration = Duration::from_millis(500);
const CURTAIN_LOOKS: u32 = 480;

/// One failure of the show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Act {
    /// After the start of the show.
    pub(super) after_ms: i64,
    /// How long it lasts.
    pub(super) lasts_ms: i64,
    /// What breaks.
    pub(super) target: FailureTarget,
    /// How.
    pub(super) kind: FailureKind,
    /// What it does to the services beyond what is broken already.
    pub(super) effect: Effect,
}

/// A part of the network that acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scene {
    CoreCut,
    SwitchPower,
    TailCut,
    CpePower,
    Flapping,
}

impl Scene {
    /// How often each is drawn: what can be watched best comes most.
    const WEIGHTS: [(Scene, u32); 5] = [
        (Scene::CoreCut, 30),
        (Scene::SwitchPower, 20),
        (Scene::TailCut, 20),
        (Scene::CpePower, 20),
        (Scene::Flapping, 10),
    ];

    fn kind(self) -> FailureKind {
        match self {
            Scene::CoreCut | Scene::TailCut => FailureKind::FibreCut,
            Scene::SwitchPower | Scene::CpePower => FailureKind::Power,
            Scene::Flapping => FailureKind::PortFlap,
        }
    }

    fn lasts_ms(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Scene::CoreCut => 60 * SECOND_MS..=240 * SECOND_MS,
            Scene::Flapping => 120 * SECOND_MS..=180 * SECOND_MS,
            Scene::SwitchPower | Scene::TailCut | Scene::CpePower => {
                30 * SECOND_MS..=90 * SECOND_MS
            }
        }
    }
}

/// What is broken, how, and until how long after the start.
#[derive(Clone, Copy, Debug)]
struct Broken {
    target: FailureTarget,
    kind: FailureKind,
    until_ms: i64,
}

/// Acts one after another, for ever.
pub(super) struct Show {
    network: Network,
    random: StdRng,
    core_cuts: Vec<FailureTarget>,
    switches: Vec<FailureTarget>,
    tails: Vec<FailureTarget>,
    tail_ports: Vec<FailureTarget>,
    cpes: Vec<FailureTarget>,
    /// The opening, last first: when, what, and for how long.
    opening: Vec<(i64, Scene, i64)>,
    at_ms: i64,
    broken: Vec<Broken>,
}

impl Show {
    /// The show of `seed` in `network`; what is `open` at `start` is
    /// broken already.
    pub(super) fn new(network: Network, seed: u64, start: Timestamp, open: &[Failure]) -> Show {
        let broken = open.iter().map(|open| Broken {
            target: open.target,
            kind: open.kind,
            until_ms: open.until.millis() - start.millis(),
        });
        let effective = |targets: Vec<FailureTarget>, kind, wanted: &dyn Fn(&Effect) -> bool| {
            let wanted = |target: &FailureTarget| wanted(&network.effect(*target, kind));
            targets.into_iter().filter(wanted).collect::<Vec<_>>()
        };
        let core = network.links(LinkKind::Core).into_iter().map(FailureTarget::Link);
        let core_cuts = effective(core.collect(), FailureKind::FibreCut, &|effect| {
            effect.down.is_empty() && CUT_SERVICES.contains(&effect.degraded.len())
        });
        let access = network.devices(Role::Access).into_iter().map(FailureTarget::Device);
        let switches = effective(access.collect(), FailureKind::Power, &|effect| {
            SWITCH_SERVICES.contains(&effect.down.len())
        });
        let tails = network.links(LinkKind::Tail);
        let port = |link: &ingest::simulator::LinkIndex| network.world().links()[link.place()].a;
        Show {
            random: StdRng::seed_from_u64(seed),
            core_cuts,
            switches,
            tail_ports: tails.iter().map(port).map(FailureTarget::Port).collect(),
            tails: tails.into_iter().map(FailureTarget::Link).collect(),
            cpes: network.devices(Role::Cpe).into_iter().map(FailureTarget::Device).collect(),
            opening: vec![
                (42 * SECOND_MS, Scene::TailCut, 60 * SECOND_MS),
                (22 * SECOND_MS, Scene::SwitchPower, 70 * SECOND_MS),
                (6 * SECOND_MS, Scene::CoreCut, 90 * SECOND_MS),
            ],
            at_ms: 0,
            broken: broken.collect(),
            network,
        }
    }

    fn targets(&self, scene: Scene) -> &[FailureTarget] {
        match scene {
            Scene::CoreCut => &self.core_cuts,
            Scene::SwitchPower => &self.switches,
            Scene::TailCut => &self.tails,
            Scene::CpePower => &self.cpes,
            Scene::Flapping => &self.tail_ports,
        }
    }

    /// The next act on something that is whole, if one is found.
    fn draw(&mut self, scene: Scene, lasts_ms: i64) -> Option<Act> {
        let mut random = self.random.clone();
        let target = self.targets(scene).choose(&mut random).copied();
        self.random = random;
        let whole = |target: &FailureTarget| self.broken.iter().all(|old| old.target != *target);
        let (target, kind) = (target.filter(whole)?, scene.kind());
        let mut broken: Vec<_> = self.broken.iter().map(|old| (old.target, old.kind)).collect();
        let before = self.network.effect_of(&broken);
        broken.push((target, kind));
        let effect = self.network.effect_of(&broken).beyond(&before);
        if effect == Effect::default() || effect.down.len() > DOWN_SERVICES_MAX {
            return None;
        }
        self.broken.push(Broken { target, kind, until_ms: self.at_ms + lasts_ms });
        Some(Act { after_ms: self.at_ms, lasts_ms, target, kind, effect })
    }

    fn turn(&mut self) -> (Scene, i64) {
        if let Some((at_ms, scene, lasts_ms)) = self.opening.pop() {
            self.at_ms = at_ms;
            return (scene, lasts_ms);
        }
        self.at_ms += self.random.random_range(GAP_MS);
        let weighted = Scene::WEIGHTS.choose_weighted(&mut self.random, |(_, weight)| *weight);
        let scene = weighted.map_or(Scene::TailCut, |(scene, _)| *scene);
        (scene, self.random.random_range(scene.lasts_ms()))
    }

    /// One line for the terminal.
    fn line(&self, act: &Act) -> String {
        let what = match act.kind {
            FailureKind::FibreCut => "fibre cut",
            FailureKind::Power => "no power",
            FailureKind::PortFlap => "port flaps",
            FailureKind::ManagementLost => "management lost",
            FailureKind::AdminDown => "port shut",
        };
        let effect = match (act.effect.down.len(), act.effect.degraded.len()) {
            (down, 0) => format!("{down} down"),
            (0, degraded) => format!("{degraded} degraded"),
            (down, degraded) => format!("{down} down, {degraded} degraded"),
        };
        let (name, seconds) = (self.network.name(act.target), act.lasts_ms / SECOND_MS);
        format!("{what}, {name}, for {seconds} s: services {effect}")
    }
}

impl Iterator for Show {
    type Item = Act;

    /// Never ends, unless the network has nothing that can break.
    fn next(&mut self) -> Option<Act> {
        for _ in 0..TRIES {
            let (scene, lasts_ms) = self.turn();
            let now_ms = self.at_ms;
            self.broken.retain(|old| old.until_ms > now_ms);
            if self.broken.len() >= AT_ONCE_MAX {
                continue;
            }
            let act = (0..TRIES).find_map(|_| self.draw(scene, lasts_ms));
            if act.is_some() {
                return act;
            }
        }
        None
    }
}

/// Waits until the engine has read all that lay in the log at `since`, so that
/// the first failure is seen when it happens.
pub(super) async fn curtain(series: &Series, since: Timestamp, shutdown: &CancellationToken) {
    for _ in 0..CURTAIN_LOOKS {
        // What cannot be read now can be in a moment.
        let progress = series.latest_progress().await.unwrap_or_default();
        if progress.iter().any(|stage| stage.frontier.is_some_and(|frontier| frontier >= since)) {
            return;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(CURTAIN_PAUSE) => {}
        }
    }
}

/// Lets the show happen to `simulator` until `shutdown`; `tell` gets a line
/// for each act.
pub(super) async fn perform(
    simulator: Simulator,
    mut show: Show,
    shutdown: CancellationToken,
    tell: impl Fn(&str),
) {
    let start = simulator.now();
    let mut over: Vec<(Timestamp, u64)> = Vec::new();
    while let Some(act) = show.next() {
        let at = start.plus_millis(act.after_ms);
        let wait_ms = u64::try_from(at.millis() - simulator.now().millis()).unwrap_or(0);
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
        }
        let now = simulator.now();
        // What is over is taken off the simulator's list, which would grow for ever.
        let (ended, lasting): (Vec<_>, _) = over.into_iter().partition(|(until, _)| *until <= now);
        over = lasting;
        for (_, id) in ended {
            simulator.clear(id);
        }
        let Period { from, until } = Period::new(now, now.plus_millis(act.lasts_ms));
        let (target, kind) = (act.target, act.kind);
        let id = simulator.inject(Failure { from, until, target, kind });
        over.push((until, id));
        tell(&show.line(&act));
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::tests::{surfnet, surfnet_with};
    use super::*;

    fn show(network: Network, seed: u64) -> Show {
        Show::new(network, seed, Timestamp(0), &[])
    }

    #[test]
    fn within_a_minute_services_degrade_and_go_down_and_then_recover() {
        for seed in 1..4 {
            let acts: Vec<Act> = show(surfnet(), seed).take(3).collect();
            assert!(acts.iter().all(|act| act.after_ms < 60_000));
            assert!(acts.iter().all(|act| (30_000..=90_000).contains(&act.lasts_ms)));
            let cut = acts.iter().find(|act| act.kind == FailureKind::FibreCut).unwrap();
            assert!(cut.effect.down.is_empty() && cut.effect.degraded.len() >= 3);
            let power = acts.iter().find(|act| act.kind == FailureKind::Power).unwrap();
            assert!(SWITCH_SERVICES.contains(&power.effect.down.len()));
        }
    }

    #[test]
    fn the_show_goes_on_at_a_watchable_pace() {
        let acts: Vec<Act> = show(surfnet_with(60), 1).take(100).collect();
        let mut at_once = 0;
        for (place, act) in acts.iter().enumerate() {
            let before = &acts[..place];
            let open = before.iter().filter(|old| old.after_ms + old.lasts_ms > act.after_ms);
            let open: Vec<&Act> = open.collect();
            assert!(open.len() < AT_ONCE_MAX);
            assert!(open.iter().all(|old| old.target != act.target), "it is broken already");
            assert!(act.effect.down.len() <= DOWN_SERVICES_MAX);
            at_once = at_once.max(open.len());
        }
        assert!(acts.windows(2).all(|pair| pair[0].after_ms < pair[1].after_ms));
        let mean_ms = acts.last().unwrap().after_ms / 100;
        assert!((15_000..60_000).contains(&mean_ms), "one every {mean_ms} ms");
    }

    #[test]
    fn a_seed_gives_the_same_show() {
        let first = |seed| show(surfnet(), seed).take(20).collect::<Vec<Act>>();
        assert_eq!(first(7), first(7));
        assert_ne!(first(7), first(8));
    }

    #[test]
    fn each_act_is_told_in_a_line() {
        let mut show = show(surfnet(), 1);
        let act = show.next().unwrap();
        let line = show.line(&act);
        assert!(line.starts_with("fibre cut, ") && line.contains(" degraded"), "{line}");
    }
}
