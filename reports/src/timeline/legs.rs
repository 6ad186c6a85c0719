//! The legs of a rehearsal: up, the way back, and up again. Each has a session, locks, samples and times of its own, and
//! nothing of one is counted as another's.

use super::Timeline;
use crate::event::{ApplicationWrites, Entry, Event, Moment, Phase, RollBackSkipped, StateSeen};

/// A leg of a rehearsal, in the order in which they are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leg {
    /// The migration.
    Up,
    /// The steps down.
    RollBack,
    /// The steps up after those.
    Reapply,
}

impl Leg {
    /// The leg that a phase of a rehearsal is of.
    pub(super) fn of(phase: Option<Phase>) -> Self {
        match phase {
            Some(Phase::RollBack) => Self::RollBack,
            Some(Phase::Reapply) => Self::Reapply,
            Some(Phase::Baseline | Phase::Migrate | Phase::Settle | Phase::Inspect) | None => Self::Up,
        }
    }

    /// The phase in which its steps run.
    pub(super) fn phase(self) -> Phase {
        match self {
            Self::Up => Phase::Migrate,
            Self::RollBack => Phase::RollBack,
            Self::Reapply => Phase::Reapply,
        }
    }
}

/// A rehearsal's events by leg, and what was seen of the database between them.
#[derive(Debug)]
pub(crate) struct Legs<'a> {
    pub(crate) up: Timeline<'a>,
    pub(crate) roll_back: Option<Timeline<'a>>,
    pub(crate) reapply: Option<Timeline<'a>>,
    /// Why there is no way back although the strategy has one.
    pub(crate) skipped: Option<&'a RollBackSkipped>,
    /// What the application's own requests change.
    pub(crate) application_writes: Option<&'a ApplicationWrites>,
    states: Vec<&'a StateSeen>,
}

impl<'a> Legs<'a> {
    /// Sorts a rehearsal's entries, which are in order; none where its beginning is not among them.
    pub(crate) fn new(entries: &[&'a Entry]) -> Option<Self> {
        let mut legs = Self {
            up: Timeline::new(entries, Leg::Up)?,
            roll_back: Timeline::new(entries, Leg::RollBack),
            reapply: Timeline::new(entries, Leg::Reapply),
            skipped: None,
            application_writes: None,
            states: Vec::new(),
        };
        for entry in entries {
            match &entry.event {
                Event::RollBackSkipped(skipped) => legs.skipped = Some(skipped),
                Event::ApplicationWrites(writes) => legs.application_writes = Some(writes),
                Event::StateSeen(seen) => legs.states.push(seen),
                _ => {}
            }
        }
        Some(legs)
    }

    /// The database at that moment, as it was first seen then.
    pub(crate) fn state(&self, moment: Moment) -> Option<&'a StateSeen> {
        self.states.iter().copied().find(|seen| seen.moment == moment)
    }
}
