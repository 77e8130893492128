//! Believable explanations and plans.

use std::collections::BTreeMap;

use correlate::explain::explain;
use correlate::facts::Facts;
use correlate::model::{
    ComponentId, ComponentState, Interval, Period, ServiceDefinition, ServiceState, Target,
    Timestamp, Window,
};
use dashboards::{
    Because, Cause, Choice, Clash, Hit, KnownEdge, Outcome, PlanForm, PlanRefusal, SampleRow,
    SamplesBehind, SeenBy, Shell, WhatIfPage, WhyPage,
};
use serde_json::json;

use crate::fixtures::NOW;

const MINUTE_MS: i64 = 60_000;

/// A service that is down for a failure, with the other leg in maintenance.
pub(crate) fn why(shell: Shell, as_of: Option<Timestamp>) -> WhyPage {
    let ring = json!({"id": "ring", "path": {"at_least": 2, "of":
        ["zut1/device/1", "zut1/device/2", "zut1/device/3"]}});
    let service = json!({"id": "svc/1", "path": {"all": [{"service": "ring"},
        {"any": [{"all": ["zut1/port/11", "zut1/device/4"]}, "zut1/port/12"]},
        {"service": "gone"}, {"any": [{"service": "ring"}, "zut1/port/99"]}]}});
    let read = |json| ServiceDefinition::from_json(json, &|_| None).expect("a definition");
    let definitions = [&ring, &service].map(read).into_iter();
    let failed = NOW.plus_millis(-17 * MINUTE_MS);
    let up = |id: &str| (id.into(), vec![(NOW.plus_millis(-86_400_000), ComponentState::Up)]);
    let mut facts = Facts {
        definitions: definitions.map(|one| (one.id.clone(), one)).collect(),
        states: ["zut1/device/1", "zut1/device/2", "zut1/device/4", "zut1/port/11", "zut1/port/12"]
            .map(up)
            .into(),
        ..Facts::default()
    };
    for id in ["zut1/port/11", "zut1/port/12"] {
        let changes = facts.states.get_mut(id).expect("it is known");
        changes.push((failed, ComponentState::Down));
    }
    let target = Target::parse("zut1/port/12");
    let period = Period::new(NOW.plus_millis(-30 * MINUTE_MS), NOW.plus_millis(30 * MINUTE_MS));
    facts.windows.insert("w".to_owned(), Window { target, period });
    let explanation = explain(&facts, &"svc/1".into(), NOW);
    WhyPage {
        shell,
        name: "<script>alert(1)</script> & co".to_owned(),
        recorded: Some(Interval {
            start: failed,
            end: None,
            state: ServiceState::Down,
            cause: explanation.cause.clone(),
            cause_moves: Vec::new(),
        }),
        explanation,
        as_of,
        agrees: as_of.is_none(),
        known: [
            known("zut1/port/12", failed, SeenBy::EventLog, Some(MINUTE_MS)),
            known("zut1/device/4", NOW.plus_millis(-86_400_000), SeenBy::Poll, None),
        ]
        .into(),
        reasons: [("zut1/device/4".into(), Because::ManagementLost)].into(),
        components: [("zut1/port/12".into(), "Gi0/0/12 · agg-zut-02.zutphen".to_owned())].into(),
        services: [("ring".into(), "Kernring Zutphen".to_owned())].into(),
        shared: Default::default(),
        shows_samples: true,
        behind: as_of.is_none().then(|| samples(failed)),
    }
}

fn samples(failed: Timestamp) -> SamplesBehind {
    let row = |at: Timestamp, state| SampleRow {
        at,
        state,
        observed_at: at.plus_millis(7_000),
        seen_by: SeenBy::Poll,
        place: "3/104711".to_owned(),
    };
    let before = failed.plus_millis(-5 * MINUTE_MS);
    let rows = vec![row(before, ComponentState::Up), row(failed, ComponentState::Down)];
    SamplesBehind {
        component: "zut1/port/12".to_owned(),
        since: Some(failed),
        samples: Some(rows),
        is_forgotten: true,
        is_cut: true,
    }
}

/// A service at an instant at which it did not exist.
pub(crate) fn why_nothing(shell: Shell) -> WhyPage {
    WhyPage {
        explanation: explain(&Facts::default(), &"svc/1".into(), NOW),
        recorded: None,
        agrees: true,
        components: BTreeMap::new(),
        behind: Some(SamplesBehind { samples: None, ..samples(NOW) }),
        ..why(shell, None)
    }
}

fn known(
    id: &str,
    at: Timestamp,
    seen_by: SeenBy,
    uncertainty_ms: Option<i64>,
) -> (ComponentId, KnownEdge) {
    let began_within = uncertainty_ms.map(|before_ms| Period::new(at.plus_millis(-before_ms), at));
    (id.into(), KnownEdge { at, seen_by, began_within })
}

fn cause(id: &str, name: &str) -> Cause {
    Cause { component: id.to_owned(), name: name.to_owned() }
}

fn form() -> PlanForm {
    let choice = |id: &str, name: &str| Choice {
        component: id.to_owned(),
        name: name.to_owned(),
        detail: "Zutphen".to_owned(),
    };
    PlanForm {
        search: "zut \"2\"".to_owned(),
        found: Some(vec![choice("zut1/device/2", "agg-zut-02.zutphen")]),
        chosen: vec![choice("zut1/device/1", "<b>agg-zut-01.zutphen</b>")],
        from: NOW.plus_millis(60 * MINUTE_MS),
        until: NOW.plus_millis(180 * MINUTE_MS),
        planned: true,
        with_ports: true,
    }
}

/// A plan that has not been worked out yet, or was refused.
pub(crate) fn plan_form(shell: Shell, refused: Option<PlanRefusal>) -> WhatIfPage {
    let form = PlanForm { found: Some(Vec::new()), chosen: Vec::new(), ..form() };
    WhatIfPage { shell, form, refused, outcome: None, announced: Some(3) }
}

/// A plan with its answer.
pub(crate) fn plan(shell: Shell) -> WhatIfPage {
    let form = form();
    let middle = form.from.plus_millis(30 * MINUTE_MS);
    let interval = |state, from, until| Interval {
        start: from,
        end: Some(until),
        state,
        cause: Vec::new(),
        cause_moves: Vec::new(),
    };
    let hit = |service: &str, worst, after| Hit {
        service: service.to_owned(),
        name: "Glasvezel Zakelijk 1G · Zutphen".to_owned(),
        customer: "Bakkerij De Korenaar B.V.".to_owned(),
        worst,
        differs_ms: 120 * MINUTE_MS,
        otherwise: vec![ServiceState::Up],
        after,
        causes: vec![cause("zut1/device/1", "agg-zut-01.zutphen")],
    };
    let down = vec![
        interval(ServiceState::Degraded, form.from, middle),
        interval(ServiceState::Down, middle, form.until),
    ];
    let degraded = vec![interval(ServiceState::Degraded, form.from, form.until)];
    let clash = Clash {
        service: "svc-3".to_owned(),
        name: "SIP-trunk Eefde".to_owned(),
        customer: String::new(),
        period: Period::new(middle, form.until),
        planned: vec![cause("zut1/device/9", "agg-zut-09.zutphen")],
        note: "CHG-4711".to_owned(),
        window: Period::new(middle, form.until.plus_millis(MINUTE_MS)),
        own: vec![cause("zut1/device/1", "agg-zut-01.zutphen")],
    };
    let outcome = Outcome {
        clashes: vec![clash],
        clashes_total: 1,
        hits: vec![
            hit("svc-1", ServiceState::Down, down),
            hit("svc-2", ServiceState::Degraded, degraded),
        ],
        totals: vec![(ServiceState::Down, 1), (ServiceState::Degraded, 1_204)],
        unaffected: 12,
        unneeded: vec![cause("zut1/device/8", "agg-zut-08.zutphen")],
        ports: 24,
    };
    WhatIfPage { shell, form, refused: None, outcome: Some(outcome), announced: None }
}
