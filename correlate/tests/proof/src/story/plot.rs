//! The sections of a story, and what happens in it.

use std::path::PathBuf;

use correlate::model::{
    ComponentId, ComponentState, Sample, ServiceDefinition, ServiceId, Target, Timestamp, Window,
};
use serde_json::{Value, json};

use super::path::path;
use super::scan::{Complaint, Line, Section, Words, sections};
use super::time::{Calendar, date, length_ms};
use super::timelines::timelines;
use super::{Act, Step, Story, Timelines, figures};
use crate::Fact;

const SECTIONS: [&str; 6] = ["Proves", "Setting", "Services", "Story", "Expected", "Figures"];

pub(super) fn read(text: &str) -> Result<Story, Complaint> {
    let (title, sections) = sections(text)?;
    let mut found: Vec<&Section<'_>> = Vec::new();
    for section in &sections {
        let rank = |name: &str| SECTIONS.iter().position(|known| *known == name);
        let Some(place) = rank(section.name) else {
            let reason =
                format!("there is no section {}; write {}", section.name, SECTIONS.join(", "));
            return Err((section.number, reason));
        };
        if found.iter().any(|before| rank(before.name) >= Some(place)) {
            let order = SECTIONS.join(", ");
            return Err((
                section.number,
                format!("each section stands once, in this order: {order}"),
            ));
        }
        found.push(section);
    }
    let lines = |name: &str| -> &[Line<'_>] {
        found.iter().find(|section| section.name == name).map_or(&[], |section| &section.lines)
    };
    for needed in ["Proves", "Services", "Story", "Expected"] {
        if lines(needed).is_empty() {
            let reason = format!("the story has no section `## {needed}`, or nothing in it");
            return Err((text.lines().count() as u64, reason));
        }
    }
    let mut setting = Setting::default();
    lines("Setting").iter().try_for_each(|line| setting.take(line))?;
    let calendar = setting.calendar;
    let watched_from = match setting.watched_from {
        Some(at) => at,
        None => calendar.instant(&mut Words::of(0, "00:00")?)?,
    };
    let mut steps = services(calendar, watched_from, lines("Services"))?;
    story(calendar, watched_from, lines("Story"), &mut steps)?;
    let now = steps.last().map_or(watched_from, |step| step.now);
    let figures = lines("Figures").iter().map(|line| figures::figure(calendar, now, line));
    Ok(Story {
        file: PathBuf::new(),
        title: title.to_owned(),
        proves: lines("Proves").iter().map(|line| (line.number, line.text.to_owned())).collect(),
        watched_from,
        stale_after_ms: setting.stale_after_ms,
        steps,
        expected: expected(calendar, lines("Expected"))?,
        figures: figures.collect::<Result<_, _>>()?,
    })
}

fn expected(calendar: Calendar, lines: &[Line<'_>]) -> Result<Timelines, Complaint> {
    let with_beneath = |line: &Line<'_>| {
        let own = (line.number, line.text);
        let lines: Vec<(u64, String)> = std::iter::once(own)
            .chain(line.beneath.iter().copied())
            .map(|(number, text)| (number, text.to_owned()))
            .collect();
        lines
    };
    let all: Vec<(u64, String)> = lines.iter().flat_map(with_beneath).collect();
    timelines(calendar, all.iter().map(|(number, text)| (*number, text.as_str())))
}

#[derive(Default)]
struct Setting {
    calendar: Calendar,
    watched_from: Option<Timestamp>,
    stale_after_ms: Option<i64>,
}

impl Setting {
    fn take(&mut self, line: &Line<'_>) -> Result<(), Complaint> {
        let mut words = Words::of(line.number, line.text)?;
        if words.eat("on") {
            let day = words.word("a date such as `2026-03-02`")?;
            let Some(day) = date(&day) else {
                return Err((line.number, format!("`{day}` is no date; write 2026-03-02")));
            };
            self.calendar = Calendar { day };
        } else if words.eat("watched") {
            words.expect("from")?;
            self.watched_from = Some(self.calendar.instant(&mut words)?);
        } else if words.eat("stale") {
            words.expect("after")?;
            self.stale_after_ms = Some(length_ms(&mut words)?);
        } else {
            return words.fail("`on DATE`, `watched from TIME` or `stale after LENGTH`");
        }
        words.end()
    }
}

/// The services as the story begins; lines about one service follow each
/// other and are its versions.
fn services(
    calendar: Calendar,
    now: Timestamp,
    lines: &[Line<'_>],
) -> Result<Vec<Step>, Complaint> {
    let mut steps = Vec::new();
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let id = Words::of(first.number, first.text)?.word("the id of a service")?;
        let mut versions = Vec::new();
        let mut refused = None;
        let mut known = 0;
        for line in rest {
            let mut words = Words::of(line.number, line.text)?;
            if words.word("the id of a service")? != id {
                break;
            }
            known += 1;
            versions.push(version(calendar, &mut words)?);
            refused = refused.or(refusal(&line.beneath)?);
        }
        rest = &rest[known..];
        let act = Act::Define { attempt: definition(&id, versions), refused };
        steps.push(Step { line: first.number, now, act });
    }
    Ok(steps)
}

/// `needs PATH [from TIME] [to TIME]` as the JSON of one version.
fn version(calendar: Calendar, words: &mut Words) -> Result<Value, Complaint> {
    words.expect("needs")?;
    let path = path(words)?;
    let mut edge = |key: &str| -> Result<Value, Complaint> {
        if words.eat(key) {
            return Ok(json!(calendar.instant(words)?.millis()));
        }
        Ok(Value::Null)
    };
    let (from, to) = (edge("from")?, edge("to")?);
    words.end()?;
    Ok(json!({ "from": from, "to": to, "path": path }))
}

/// `refused because REASON`, if it stands beneath.
fn refusal(beneath: &[(u64, &str)]) -> Result<Option<String>, Complaint> {
    match beneath {
        [] => Ok(None),
        [(number, line)] => match line.strip_prefix("refused because ") {
            Some(reason) => Ok(Some(reason.to_owned())),
            None => Err((*number, format!("write `refused because …`, where `{line}` stands"))),
        },
        [_, (number, _), ..] => Err((*number, "one line is enough here".to_owned())),
    }
}

/// What the product's own reader makes of these versions.
fn definition(id: &str, mut versions: Vec<Value>) -> Result<ServiceDefinition, String> {
    let whole = match &mut versions[..] {
        [only] if only["from"].is_null() && only["to"].is_null() => {
            json!({ "id": id, "path": only["path"].take() })
        }
        _ => json!({ "id": id, "versions": versions }),
    };
    ServiceDefinition::from_json(&whole, &|_| None).map_err(|error| error.to_string())
}

fn story(
    calendar: Calendar,
    begin: Timestamp,
    lines: &[Line<'_>],
    steps: &mut Vec<Step>,
) -> Result<(), Complaint> {
    let mut calendar = calendar;
    let mut before = begin;
    for line in lines {
        let mut words = Words::of(line.number, line.text)?;
        if words.eat("on") {
            let day = words.word("a date")?;
            let Some(day) = date(&day) else {
                return Err((line.number, format!("`{day}` is no date; write 2026-03-02")));
            };
            calendar = Calendar { day };
            words.end()?;
            continue;
        }
        let now = calendar.instant(&mut words)?;
        if now < before {
            let reason = "the clock never goes back: a story is told in order of arrival; for \
                          what is heard late write `was … at TIME`";
            return Err((line.number, reason.to_owned()));
        }
        before = now;
        let act = act(calendar, now, &mut words, &line.beneath)?;
        words.end()?;
        if !line.beneath.is_empty() && !matches!(act, Act::Define { .. } | Act::Believe(_)) {
            return Err((line.beneath[0].0, "nothing belongs beneath this event".to_owned()));
        }
        steps.push(Step { line: line.number, now, act });
    }
    Ok(())
}

fn act(
    calendar: Calendar,
    now: Timestamp,
    words: &mut Words,
    beneath: &[(u64, &str)],
) -> Result<Act, Complaint> {
    if words.eat("believed") {
        return Ok(Act::Believe(timelines(calendar, beneath.iter().copied())?));
    }
    if words.eat("nothing") {
        words.expect("happens")?;
        return Ok(Act::Wait);
    }
    if words.eat("the") {
        words.expect("engine")?;
        words.expect("restarts")?;
        return Ok(Act::Restart);
    }
    if words.eat("window") {
        return window(calendar, words).map(|fact| Act::Learn(vec![fact]));
    }
    let wanted = "a component, a service, `window`, `believed`, `nothing happens` or \
                  `the engine restarts`";
    let mut subjects = vec![words.word(wanted)?];
    while words.eat(",") {
        subjects.push(words.word("a component")?);
    }
    let late = match words.word("`is` or `was`")?.as_str() {
        "is" | "are" => false,
        "was" | "were" => true,
        _ => return words.fail("`is`, `are`, `was` or `were` before this"),
    };
    match words.word("a state, `defined`, `redefined` or `removed`")?.as_str() {
        "defined" | "redefined" if !late && subjects.len() == 1 => {
            redefined(calendar, words.number(), &subjects[0], beneath)
        }
        "removed" if !late && subjects.len() == 1 => {
            Ok(Act::Learn(vec![Fact::Undefine(ServiceId::from(subjects.remove(0)))]))
        }
        state => {
            let state: ComponentState =
                state.parse().map_err(|error| (words.number(), format!("{error}")))?;
            let instants = if late { instants(calendar, words)? } else { vec![now] };
            let sample = |at, name: &str| {
                Fact::Sample(Sample { at, component: ComponentId::from(name), state })
            };
            let all = instants.iter().flat_map(|&at| subjects.iter().map(move |s| sample(at, s)));
            Ok(Act::Learn(all.collect()))
        }
    }
}

/// `at TIME`, or `every LENGTH from TIME through TIME`, the last included.
fn instants(calendar: Calendar, words: &mut Words) -> Result<Vec<Timestamp>, Complaint> {
    if words.eat("every") {
        let step = length_ms(words)?;
        words.expect("from")?;
        let mut at = calendar.instant(words)?;
        words.expect("through")?;
        let last = calendar.instant(words)?;
        let mut instants = Vec::new();
        while at <= last {
            instants.push(at);
            at = at.plus_millis(step.max(1));
        }
        return Ok(instants);
    }
    words.expect("at")?;
    Ok(vec![calendar.instant(words)?])
}

fn window(calendar: Calendar, words: &mut Words) -> Result<Fact, Complaint> {
    let id = words.word("the name of the window")?;
    if words.eat("is") {
        words.expect("withdrawn")?;
        return Ok(Fact::Window(id, None));
    }
    words.expect("on")?;
    let target = if words.eat("service") {
        Target::Service(ServiceId::from(words.word("the id of a service")?))
    } else {
        Target::Component(ComponentId::from(words.word("a component or `service`")?))
    };
    let period = calendar.period(words)?;
    Ok(Fact::Window(id, Some(Window { target, period })))
}

fn redefined(
    calendar: Calendar,
    number: u64,
    id: &str,
    beneath: &[(u64, &str)],
) -> Result<Act, Complaint> {
    let versions = beneath.iter().take_while(|(_, line)| line.starts_with("needs"));
    let count = versions.clone().count();
    if count == 0 {
        return Err((number, "write `needs …` on an indented line beneath this one".to_owned()));
    }
    let read = versions.map(|&(number, line)| version(calendar, &mut Words::of(number, line)?));
    let versions: Vec<Value> = read.collect::<Result<_, _>>()?;
    Ok(Act::Define { attempt: definition(id, versions), refused: refusal(&beneath[count..])? })
}
