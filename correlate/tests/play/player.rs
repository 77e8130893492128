//! A running engine, held against the oracle and against a reader
//! of its revisions after every epoch.

use correlate::dataflow::Options;
use correlate::model::Timestamp;
use proof::story::{Act, Story, Timelines};
use proof::{Crew, Fact, Facts, Mirror, Size, check_shape, oracle};

use crate::compare;

pub(crate) struct Player<'a> {
    story: &'a Story,
    crew: Crew,
    mirror: Mirror,
    facts: Facts,
    now: Timestamp,
}

impl<'a> Player<'a> {
    pub(crate) fn start(story: &'a Story, size: Size) -> Player<'a> {
        Player {
            story,
            crew: Crew::start(size, options(story), None),
            mirror: Mirror::default(),
            facts: Facts::default(),
            now: story.watched_from,
        }
    }

    /// Plays the story as it is told, every fact in an epoch of its own.
    pub(crate) fn play(&mut self, size_after_restart: Size) -> Result<(), String> {
        for step in &self.story.steps {
            let place = |what: String| format!("at line {}: {what}", step.line);
            match &step.act {
                Act::Learn(facts) => {
                    for fact in facts {
                        let refused = self.epoch(std::slice::from_ref(fact), step.now);
                        expect_refusal(&refused.map_err(place)?, None).map_err(place)?;
                    }
                }
                Act::Define { attempt, refused } => {
                    let reasons = match attempt {
                        Ok(definition) => self.epoch(&[Fact::Define(definition.clone())], step.now),
                        Err(reason) => Ok(vec![reason.clone()]),
                    };
                    expect_refusal(&reasons.map_err(place)?, refused.as_ref()).map_err(place)?;
                }
                Act::Wait => drop(self.epoch(&[], step.now).map_err(place)?),
                Act::Restart => self.restart(size_after_restart),
                Act::Believe(believed) => {
                    self.epoch(&[], step.now).map_err(place)?;
                    let mut known = self.mirror.intervals();
                    known.retain(|service, _| believed.contains_key(service));
                    let mut believed = believed.clone();
                    believed.retain(|_, list| !list.is_empty());
                    compare(&known, &believed, "believed by then").map_err(place)?;
                }
            }
        }
        Ok(())
    }

    /// Feeds `facts`, ends the epoch at `now`, and checks all that must hold
    /// after any epoch. Returns why definitions were refused.
    pub(crate) fn epoch(&mut self, facts: &[Fact], now: Timestamp) -> Result<Vec<String>, String> {
        let mut refused = 0;
        for fact in facts {
            refused += usize::from(!self.facts.take(fact));
            self.crew.tell(fact);
        }
        self.now = now;
        let output = self.crew.finish(now);
        if output.rejections.len() != refused {
            return Err(format!("{refused} definitions must be refused: {:?}", output.rejections));
        }
        self.mirror.apply(&output.revisions)?;
        let known = self.mirror.intervals();
        for (service, list) in &known {
            check_shape(service, list)?;
        }
        compare(&self.intervals(), &known, "the engine's timelines and its revisions")?;
        compare(&known, &self.oracle(), "the engine and the oracle")?;
        Ok(output.rejections.into_iter().map(|rejection| rejection.reason).collect())
    }

    /// Stops the engine, and starts another from its snapshot.
    pub(crate) fn restart(&mut self, size: Size) {
        self.crew.restart(size, options(self.story));
    }

    /// What the engine holds now; services without an interval are left out.
    pub(crate) fn intervals(&mut self) -> Timelines {
        self.crew.intervals()
    }

    fn oracle(&self) -> Timelines {
        let view = oracle::View {
            stale_after_ms: self.story.stale_after_ms,
            origin: self.story.watched_from,
            now: self.now,
        };
        oracle::intervals(&self.facts, view)
    }
}

fn options(story: &Story) -> Options {
    Options { workers: 1, stale_after_ms: story.stale_after_ms, origin: story.watched_from }
}

fn expect_refusal(found: &[String], expected: Option<&String>) -> Result<(), String> {
    if found.iter().eq(expected) {
        return Ok(());
    }
    Err(format!("expected the refusal {expected:?}, found {found:?}"))
}

/// What the story says that is at the end, without services that never exist.
pub(crate) fn expected(story: &Story) -> Timelines {
    let mut expected = story.expected.clone();
    expected.retain(|_, list| !list.is_empty());
    expected
}
