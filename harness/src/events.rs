//! Telling what happens: many senders, one consumer that writes the record first and then feeds the
//! live display.

mod recorder;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pgrehearse_reports::event::{Entry, Event};

pub use recorder::Recorder;

/// Room for events that wait for the record. Only events that are one of very many may be dropped when
/// it is full; the others wait.
const QUEUE_LENGTH: usize = 65_536;

/// What travels to the consumer.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all messages are events")]
pub(crate) enum Message {
    /// Goes into the record and to the display.
    Event(Entry),
    /// Goes to the display only.
    Progress(Progress),
    /// The last message.
    End,
}

/// How far something is, for the live display; not a fact that a report needs.
#[derive(Debug, Clone)]
pub enum Progress {
    /// A stage of the run begins, in words.
    Stage(String),
    /// Rows of a table to be loaded.
    TableTotal {
        /// `schema.table`
        table: String,
        /// Rows that it will have.
        rows: u64,
    },
    /// Rows of a table sent so far.
    TableRows {
        /// `schema.table`
        table: String,
        /// Rows sent.
        rows: u64,
    },
}

/// A handle to tell events with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Events {
    sender: SyncSender<Message>,
    started: Instant,
    rehearsal: Option<u32>,
    dropped: Arc<AtomicU64>,
    /// What is told on this handle, kept besides.
    heard: Option<Arc<Mutex<Vec<Event>>>>,
}

impl Events {
    /// Microseconds since the run began, on the run's monotonic clock.
    pub fn now_us(&self) -> u64 {
        micros_since(self.started)
    }

    /// The same handle, for facts of one rehearsal (numbered from 1), with its own count of dropped events.
    pub fn for_rehearsal(&self, rehearsal: u32) -> Self {
        Self { rehearsal: Some(rehearsal), dropped: Arc::default(), ..self.clone() }
    }

    /// The same handle, which keeps what is told on it, to be taken with [`Self::take_heard`].
    pub fn listening(&self) -> Self {
        Self { heard: Some(Arc::default()), ..self.clone() }
    }

    /// What was told on this handle and its clones since it was made.
    pub fn take_heard(&self) -> Vec<Event> {
        let heard = self.heard.as_ref().map(|heard| heard.lock().unwrap_or_else(PoisonError::into_inner));
        heard.map(|mut heard| std::mem::take(&mut *heard)).unwrap_or_default()
    }

    /// Events dropped on this handle and its clones because the record could not be written fast enough.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts events that were lost before they could be told.
    pub fn count_dropped(&self, events: u64) {
        self.dropped.fetch_add(events, Ordering::Relaxed);
    }

    /// Tells that something happened now.
    pub fn tell(&self, event: Event) {
        self.tell_at(self.now_us(), event);
    }

    /// Tells that something happened at `at_us`.
    pub fn tell_at(&self, at_us: u64, event: Event) {
        let droppable = is_one_of_many(&event);
        if let Some(heard) = &self.heard {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        }
        let message = Message::Event(Entry { at_us, rehearsal: self.rehearsal, event });
        match self.sender.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) if droppable => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            // The consumer writes to a file; waiting for it beats a record without its skeleton.
            Err(TrySendError::Full(message)) => drop(self.sender.send(message)),
            // The recorder failed and has said so; the run is being stopped.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Shows how far something is. Lost without harm when the display is busy.
    pub fn show(&self, progress: Progress) {
        drop(self.sender.try_send(Message::Progress(progress)));
    }
}

/// Whole microseconds since `began`.
pub fn micros_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// True for events of which a run can have very many, and of which a report can do without one.
fn is_one_of_many(event: &Event) -> bool {
    matches!(
        event,
        Event::LockSeen(_)
            | Event::LockGone(_)
            | Event::BlockedSeen(_)
            | Event::BlockedGone(_)
            | Event::KernelLock(_)
            | Event::Notice(_)
            | Event::ProgressSeen(_)
            | Event::DatabaseSized(_)
    )
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use pgrehearse_reports::event::{DatabaseSized, Warned};

    use super::*;

    #[test]
    fn one_of_many_is_dropped_and_counted_when_nobody_keeps_up_and_the_skeleton_is_not() {
        let (sender, receiver) = sync_channel(1);
        let run =
            Events { sender, started: Instant::now(), rehearsal: None, dropped: Arc::default(), heard: None };
        let rehearsal = run.for_rehearsal(3);
        for bytes in 0..5 {
            rehearsal.tell(Event::DatabaseSized(DatabaseSized { bytes }));
        }
        assert_eq!((rehearsal.dropped(), run.dropped()), (4, 0), "each rehearsal counts its own");

        let waiting = std::thread::spawn(move || {
            rehearsal.tell(Event::Warned(Warned { message: "kept".to_owned() }));
        });
        let told: Vec<Entry> =
            std::iter::from_fn(|| receiver.recv_timeout(std::time::Duration::from_secs(10)).ok())
                .take(2)
                .map(|message| match message {
                    Message::Event(entry) => entry,
                    other => panic!("{other:?}"),
                })
                .collect();
        waiting.join().unwrap();
        assert!(matches!(told[0].event, Event::DatabaseSized(DatabaseSized { bytes: 0 })));
        assert!(matches!(told[1].event, Event::Warned(_)));
        assert!(told.iter().all(|entry| entry.rehearsal == Some(3)));
    }
}
