//! The simulator as a server: LibreNMS's API at `/api/v0`, its controls at `/control`.

mod answers;
mod api;
mod clock;
mod control;
mod faults;
mod push;
mod requests;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use correlate::model::{Period, Timestamp};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;

use super::SimulatorError;
use super::failures::Failure;
use super::history::History;
use super::nms::{Nms, NmsOptions, OperStatus, POLLER_GROUPS, Release};
use super::truth::Truth;
use super::world::{DeviceIndex, PortIndex, Standing, World};
use clock::{MAX_SPEED, SimClock};
use faults::Staged;
use push::Pusher;
use requests::RequestLog;

pub use clock::WallClock;
pub use faults::{Fault, FaultKind};
pub use push::{PushCounts, Webhook};
pub use requests::RequestCounts;

/// The most faults that can be staged at once.
const MAX_FAULTS: usize = 1_000;
/// The shortest poll or ping cycle: times in the API are whole seconds.
const MIN_CYCLE_MS: i64 = 1_000;

/// How the simulated NMS is set up and how its time runs.
#[derive(Clone)]
pub struct SimOptions {
    /// Since when the NMS has watched the network, in simulated time; failures act from here on.
    pub since: Timestamp,
    /// Simulated time at the start; not before `since`.
    pub start: Timestamp,
    /// How many times faster than real time simulated time runs; above 0, at most a million.
    pub speed: f64,
    /// The server's time zone, an IANA name or a POSIX rule: raw rows show local time without an
    /// offset.
    pub time_zone: String,
    /// Every device is polled so often; a multiple of 1000.
    pub poll_cycle_ms: i64,
    /// Fast ping, if it is on; a multiple of 1000.
    pub ping_cycle_ms: Option<i64>,
    /// Which version's bodies are shown.
    pub release: Release,
    /// The dispatcher service polls, and not cron: what is down is polled every minute, and
    /// `/pollers` tells the intervals.
    pub dispatcher: bool,
    /// Compresses bodies for clients that accept it.
    pub gzip: bool,
    /// What `X-Auth-Token` must hold; not empty.
    pub token: String,
    /// The same for `/control`; `None` leaves `/control` out.
    pub control_token: Option<String>,
}

impl SimOptions {
    /// LibreNMS's defaults in Europe/Amsterdam at real speed, without `/control`.
    pub fn new(start: Timestamp, token: impl Into<String>) -> SimOptions {
        SimOptions {
            since: start,
            start,
            speed: 1.0,
            time_zone: String::from("Europe/Amsterdam"),
            poll_cycle_ms: 300_000,
            ping_cycle_ms: None,
            release: Release::default(),
            dispatcher: false,
            gzip: true,
            token: token.into(),
            control_token: None,
        }
    }

    fn check(&self) -> Result<TimeZone, SimulatorError> {
        let refuse = |option, reason: String| Err(SimulatorError::Option { option, reason });
        if self.start < self.since {
            return refuse("start", format!("must not be before since ({})", self.since));
        }
        check_speed(self.speed)?;
        if cycle_is_bad(self.poll_cycle_ms) {
            let found = self.poll_cycle_ms;
            return refuse("poll_cycle_ms", format!("must be whole seconds, found {found}"));
        }
        if let Some(found) = self.ping_cycle_ms.filter(|cycle| cycle_is_bad(*cycle)) {
            return refuse("ping_cycle_ms", format!("must be whole seconds, found {found}"));
        }
        if self.token.is_empty() || self.control_token.as_deref() == Some("") {
            return refuse("token", String::from("must not be empty"));
        }
        zone(&self.time_zone)
    }
}

fn zone(name: &str) -> Result<TimeZone, SimulatorError> {
    let unknown = |error: jiff::Error| SimulatorError::Option {
        option: "time_zone",
        reason: error.to_string(),
    };
    TimeZone::get(name).or_else(|error| TimeZone::posix(name).map_err(|_| unknown(error)))
}

const fn cycle_is_bad(cycle_ms: i64) -> bool {
    cycle_ms < MIN_CYCLE_MS || cycle_ms % 1000 != 0
}

fn check_speed(speed: f64) -> Result<(), SimulatorError> {
    if speed > 0.0 && speed <= MAX_SPEED {
        return Ok(());
    }
    let reason = format!("must be above 0 and at most {MAX_SPEED}, found {speed}");
    Err(SimulatorError::Option { option: "speed", reason })
}

/// A running LibreNMS of a made-up network; clones share one state.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    world: Arc<World>,
    scripted: Vec<Failure>,
    options: SimOptions,
    wall: WallClock,
    state: Mutex<State>,
    requests: RequestLog,
    pusher: Pusher,
}

/// What moves.
struct State {
    nms: Nms,
    clock: SimClock,
    injected: Vec<(u64, Failure)>,
    faults: Vec<Staged>,
    next_fault: u64,
}

impl Simulator {
    /// A simulator of `world` to which `failures` happen, at simulated time `options.start`;
    /// `wall` tells the wall time.
    ///
    /// # Errors
    /// [`SimulatorError::Option`] for an option outside its range.
    pub fn new(
        world: Arc<World>,
        failures: Vec<Failure>,
        options: SimOptions,
        wall: WallClock,
    ) -> Result<Simulator, SimulatorError> {
        let zone = options.check()?;
        let nms_options = NmsOptions {
            poll_cycle_ms: options.poll_cycle_ms,
            ping_cycle_ms: options.ping_cycle_ms,
            zone,
            release: options.release,
            dispatcher: options.dispatcher,
        };
        let mut nms = Nms::new(&world, &failures, options.since, nms_options);
        nms.advance(options.start);
        let state = State {
            nms,
            clock: SimClock::new(wall(), options.start, options.speed),
            injected: Vec::new(),
            faults: Vec::new(),
            next_fault: 1,
        };
        let shared = Shared {
            world,
            scripted: failures,
            options,
            wall,
            state: Mutex::new(state),
            requests: RequestLog::new(),
            pusher: Pusher::default(),
        };
        Ok(Simulator { shared: Arc::new(shared) })
    }

    /// Both APIs.
    pub fn router(&self) -> Router {
        let api = api::router(self).layer(map_response_with_state(self.clone(), date));
        match self.shared.options.control_token {
            Some(_) => api.merge(control::router(self)),
            None => api,
        }
    }

    /// Serves [`Simulator::router`], and pushes to the webhook if one is set, until the future
    /// is dropped.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(self, listener: tokio::net::TcpListener) -> std::io::Result<()> {
        tokio::select! {
            ended = async { axum::serve(listener, self.router()).await } => ended,
            never = push::run(&self) => match never {},
        }
    }

    /// The network.
    pub fn world(&self) -> &Arc<World> {
        &self.shared.world
    }

    /// Simulated time.
    pub fn now(&self) -> Timestamp {
        self.state().nms.now()
    }

    /// Runs at another speed from now on.
    ///
    /// # Errors
    /// [`SimulatorError::Option`] outside `0 < speed <= 1,000,000`.
    pub fn set_speed(&self, speed: f64) -> Result<(), SimulatorError> {
        check_speed(speed)?;
        let wall = (self.shared.wall)();
        self.state().clock.set_speed(wall, speed);
        Ok(())
    }

    /// Stops or resumes simulated time.
    pub fn set_paused(&self, paused: bool) {
        let wall = (self.shared.wall)();
        self.state().clock.set_paused(wall, paused);
    }

    /// Jumps ahead by `by_ms`; negative values are taken as 0.
    pub fn jump(&self, by_ms: i64) {
        let wall = (self.shared.wall)();
        self.state().clock.jump(wall, by_ms.max(0));
    }

    /// Shows another version's bodies from now on: an upgrade of the server.
    pub fn set_release(&self, release: Release) {
        self.state().nms.set_release(release);
    }

    /// Sets the server's clock so far ahead of simulated time from now on, or behind: a server
    /// without NTP. What it wrote before stays.
    pub fn set_clock_ahead(&self, ahead_ms: i64) {
        self.state().nms.set_clock_ahead(ahead_ms);
    }

    /// Writes local times of another zone from now on: an IANA name, or a POSIX rule.
    ///
    /// # Errors
    /// [`SimulatorError::Option`] for a zone that nobody knows.
    pub fn set_time_zone(&self, zone: &str) -> Result<(), SimulatorError> {
        let zone = self::zone(zone)?;
        self.state().nms.set_zone(zone);
        Ok(())
    }

    /// Pings every `cycle_ms` from now on (fast ping), or not at all.
    ///
    /// # Errors
    /// [`SimulatorError::Option`] for what is no multiple of 1000.
    pub fn set_ping_cycle(&self, cycle_ms: Option<i64>) -> Result<(), SimulatorError> {
        if let Some(found) = cycle_ms.filter(|cycle_ms| cycle_is_bad(*cycle_ms)) {
            let reason = format!("must be whole seconds, found {found}");
            return Err(SimulatorError::Option { option: "ping_cycle_ms", reason });
        }
        self.state().nms.set_ping_cycle(cycle_ms);
        Ok(())
    }

    /// Whether the dispatcher service polls from now on, and not cron.
    pub fn set_dispatcher(&self, on: bool) {
        self.state().nms.set_dispatcher(on);
    }

    /// Tells LibreNMS otherwise about a device from now on. False when it is not there.
    pub fn set_standing(&self, device: DeviceIndex, standing: Standing) -> bool {
        self.state().nms.set_standing(device, standing)
    }

    /// Whether LibreNMS is to show the device as up, whatever it is (`ignore_status`). False when
    /// it is not there.
    pub fn set_status_ignored(&self, device: DeviceIndex, ignored: bool) -> bool {
        self.state().nms.set_status_ignored(device, ignored)
    }

    /// Has the agent answer with this `ifOperStatus` of a port from its next poll on, whatever
    /// the port is: `notPresent`, `dormant`, `testing`, `unknown`, `null` and the like; `None`
    /// takes that back. The truth knows nothing of it. False when LibreNMS has no such port.
    ///
    /// # Errors
    /// [`SimulatorError::Option`] for any other word.
    pub fn force_port(
        &self,
        port: PortIndex,
        status: Option<&str>,
    ) -> Result<bool, SimulatorError> {
        let named = |word: &str| {
            OperStatus::named(word).ok_or_else(|| SimulatorError::Option {
                option: "status",
                reason: format!("must be a word of ifOperStatus or null, found {word:?}"),
            })
        };
        let status = status.map(named).transpose()?;
        Ok(self.state().nms.force_port(port, status))
    }

    /// Empties the event log: its ids begin anew.
    pub fn empty_event_log(&self) {
        self.state().nms.empty_events();
    }

    /// Pushes alerts there from now on; `None` pushes none.
    pub fn set_webhook(&self, webhook: Option<Webhook>) {
        self.state().nms.set_alerts(webhook.as_ref().map(|webhook| webhook.every_ms));
        self.shared.pusher.set(webhook);
    }

    /// What became of the pushes so far.
    pub fn pushes(&self) -> PushCounts {
        self.shared.pusher.counts()
    }

    /// Polls a device at once, as an operator can by hand. False for one that is not polled, or
    /// is not there.
    pub fn poll_now(&self, device: DeviceIndex) -> bool {
        self.state().nms.poll_now(device)
    }

    /// Discovers a device at once, as an operator can by hand. False for one that is not polled,
    /// or is not there.
    pub fn discover_now(&self, device: DeviceIndex) -> bool {
        self.state().nms.discover_now(device)
    }

    /// Deletes a device from LibreNMS with its ports, outages, events and links. False when it
    /// is not there. The truth goes on under its first id.
    pub fn delete_device(&self, device: DeviceIndex) -> bool {
        self.state().nms.delete_device(device)
    }

    /// Adds a deleted device again; gives its new `device_id`. Its ports have new ids too, those
    /// of the first and so on. `None` when it was not deleted.
    pub fn add_device_again(&self, device: DeviceIndex) -> Option<u32> {
        self.state().nms.add_device_again(device)
    }

    /// The `device_id` in force; `None` for a device that was deleted.
    pub fn device_id(&self, device: DeviceIndex) -> Option<u32> {
        self.state().nms.device_id(device)
    }

    /// The `port_id` in force; `None` for a port of a device that was deleted.
    pub fn port_id(&self, port: PortIndex) -> Option<u32> {
        self.state().nms.port_id(port)
    }

    /// Starts a failure; what of it lies in the past is left out. The number is for
    /// [`Simulator::clear`].
    pub fn inject(&self, failure: Failure) -> u64 {
        let mut state = self.state();
        let id = state.nms.fail(&failure);
        state.injected.push((id, failure));
        id
    }

    /// Ends an injected failure now. False when there is none of this number, or it is over.
    pub fn clear(&self, id: u64) -> bool {
        let mut state = self.state();
        let known = state.injected.iter().any(|(injected, _)| *injected == id);
        state.injected.retain(|(injected, _)| *injected != id);
        known && state.nms.clear(id)
    }

    /// Stages a fault of the server. The number is for [`Simulator::clear_fault`].
    ///
    /// # Errors
    /// [`SimulatorError::Option`] for an unknown poller group, or too many faults.
    pub fn stage(&self, fault: Fault) -> Result<u64, SimulatorError> {
        let refuse = |reason| Err(SimulatorError::Option { option: "fault", reason });
        let mut state = self.state();
        if state.faults.len() >= MAX_FAULTS {
            return refuse(format!("more than {MAX_FAULTS} at once"));
        }
        if let FaultKind::StalledPollers { group } = fault.kind
            && group >= POLLER_GROUPS
        {
            return refuse(format!("poller groups are 0 to {}", POLLER_GROUPS - 1));
        }
        if let FaultKind::LateEvents { by_ms } = fault.kind
            && by_ms <= 0
        {
            return refuse(format!("by_ms must be above 0, found {by_ms}"));
        }
        let id = state.next_fault;
        state.next_fault += 1;
        let until = fault.for_ms.map(|for_ms| state.nms.now().plus_millis(for_ms));
        state.faults.push(Staged { id, fault, until });
        state.apply_nms_faults();
        Ok(id)
    }

    /// Ends a fault. False when there is none of this number.
    pub fn clear_fault(&self, id: u64) -> bool {
        let mut state = self.state();
        let before = state.faults.len();
        state.faults.retain(|staged| staged.id != id);
        state.apply_nms_faults();
        state.faults.len() < before
    }

    /// Ends every fault.
    pub fn clear_faults(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.apply_nms_faults();
    }

    /// What really was up and down so far, injected failures included.
    pub fn truth(&self) -> Truth {
        self.state().nms.truth().clone()
    }

    /// What reading every `step_ms` would have seen in `[from, until)`; injected failures left out.
    pub fn history(&self, from: Timestamp, until: Timestamp, step_ms: i64) -> History {
        let Shared { world, scripted, options, .. } = &*self.shared;
        History::new(world, scripted, options.since, Period::new(from, until), step_ms)
    }

    /// What was asked so far, as measured here.
    pub fn requests(&self) -> RequestCounts {
        self.shared.requests.counts()
    }

    /// The state, moved to the present.
    fn state(&self) -> MutexGuard<'_, State> {
        let wall = (self.shared.wall)();
        let mut state = self.stale_state();
        let now = state.clock.now(wall);
        state.advance(now);
        state
    }

    /// The state as it was left. A panic elsewhere leaves nothing half done that matters here.
    fn stale_state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Moves to `now`, ending faults on the way at their own instants.
    fn advance(&mut self, now: Timestamp) {
        loop {
            let ends = self.faults.iter().filter_map(|staged| staged.until);
            let Some(end) = ends.min().filter(|end| *end <= now) else { break };
            self.nms.advance(end);
            self.faults.retain(|staged| staged.until != Some(end));
            self.apply_nms_faults();
        }
        self.nms.advance(now);
    }

    fn apply_nms_faults(&mut self) {
        let kinds: Vec<FaultKind> = self.faults.iter().map(|staged| staged.fault.kind).collect();
        self.nms.set_bug_26_7(kinds.contains(&FaultKind::Bug267));
        self.nms.set_bug_20310(kinds.contains(&FaultKind::Bug20310));
        let late = kinds.iter().filter_map(|kind| match kind {
            FaultKind::LateEvents { by_ms } => Some(*by_ms),
            _ => None,
        });
        self.nms.set_late_events(late.max().unwrap_or(0));
        for group in 0..POLLER_GROUPS {
            self.nms.set_stalled(group, kinds.contains(&FaultKind::StalledPollers { group }));
        }
    }

    /// The fault of a request to `path`, if one is staged; counts it.
    fn fault_of(&mut self, path: &str) -> Option<FaultKind> {
        let staged = self.faults.iter_mut().find(|staged| {
            !staged.fault.is_of_nms()
                && path.starts_with(&staged.fault.path)
                && staged.fault.requests != Some(0)
        })?;
        if let Some(left) = &mut staged.fault.requests {
            *left -= 1;
        }
        let kind = staged.fault.kind;
        self.faults.retain(|staged| staged.fault.requests != Some(0));
        Some(kind)
    }
}

/// An answer bears the time of the server's clock (RFC 9110, 6.6.1), and not that of this
/// machine, which the server would add.
async fn date(
    extract::State(simulator): extract::State<Simulator>,
    mut response: Response,
) -> Response {
    let shown = {
        let state = simulator.state();
        state.nms.shown(state.nms.now())
    };
    let now = jiff::Timestamp::from_millisecond(shown.millis());
    let text = now.and_then(|now| DateTimePrinter::new().timestamp_to_rfc9110_string(&now));
    if let Some(value) = text.ok().and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(header::DATE, value);
    }
    response
}
