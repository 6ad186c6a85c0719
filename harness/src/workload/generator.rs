//! Sending requests when they are due, whatever became of those before (open loop), through a pool of connections.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::pool::{Address, BROKEN, Session};
use super::tally::{Answered, Tally};
use crate::events::Events;

/// How long requests that are under way when the workload ends may still take.
const LAST_ANSWERS: Duration = Duration::from_secs(10);
/// How often stretches of time are told, and at least how often it is looked whether to stop.
const TICK_US: u64 = 50_000;

/// A request that is due.
#[derive(Debug, Clone, Copy)]
struct Due {
    query: u32,
    due_us: u64,
    /// When the generator came to it.
    came_us: u64,
}

/// A request that a connection works for.
#[derive(Debug, Clone, Copy)]
struct Sent {
    due: Due,
    sent_us: u64,
    pid: i32,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    On,
    /// Sends nothing more and waits a little for the last answers.
    Finish,
    /// Ends at once.
    Abort,
}

/// Connections that are free, or else requests without one, the first due first.
#[derive(Default)]
struct Pool {
    idle: RefCell<Vec<Session>>,
    queue: RefCell<VecDeque<Due>>,
}

/// What is shared between the schedule and the connections at work, all on one thread.
struct Shared {
    address: Address,
    events: Events,
    tally: RefCell<Option<Tally>>,
    random: RefCell<StdRng>,
    pools: Vec<Pool>,
    working: RefCell<Vec<Sent>>,
    failed: RefCell<Option<String>>,
}

/// Sends requests until told to stop; then waits a little for the last answers.
pub(super) async fn run(
    address: Address,
    pools: Vec<Vec<Session>>,
    seed: u64,
    events: Events,
    mut go: watch::Receiver<Go>,
) {
    let shared = Rc::new(Shared {
        tally: RefCell::new(Some(Tally::new(events.clone()))),
        random: RefCell::new(StdRng::seed_from_u64(seed)),
        pools: pools.into_iter().map(|idle| Pool { idle: RefCell::new(idle), ..Pool::default() }).collect(),
        working: RefCell::default(),
        failed: RefCell::default(),
        address,
        events,
    });
    schedule(&shared, &mut go).await;
    let last = async {
        while !shared.is_done() && *go.borrow() != Go::Abort {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    drop(timeout(LAST_ANSWERS, last).await);
    shared.end();
}

async fn schedule(shared: &Rc<Shared>, go: &mut watch::Receiver<Go>) {
    let began_us = shared.events.now_us();
    let queries = Rc::new(shared.address.queries.clone());
    // Each query begins at its own part of its period, so that they do not all come at once.
    let periods_us: Vec<f64> = queries.iter().map(|query| 1_000_000.0 / query.rate).collect();
    let mut sent: Vec<u64> = vec![0; periods_us.len()];
    let due_of = |at: usize, sent: u64| {
        let part = (at as f64 + 1.0) / (periods_us.len() as f64 + 1.0);
        began_us + ((sent as f64 + part) * periods_us[at]) as u64
    };
    let mut tick_us = began_us + TICK_US;
    loop {
        let next = (0..periods_us.len()).map(|at| (due_of(at, sent[at]), at)).min();
        let next_us = next.map_or(tick_us, |(due_us, _)| due_us.min(tick_us));
        let now_us = shared.events.now_us();
        if next_us > now_us {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_micros(next_us - now_us)) => {}
                _ = go.changed() => {}
            }
        }
        if *go.borrow() != Go::On || shared.failed.borrow().is_some() {
            return;
        }
        let now_us = shared.events.now_us();
        if let Some((due_us, at)) = next.filter(|(due_us, _)| *due_us <= now_us) {
            sent[at] += 1;
            shared.send(Due { query: at as u32, due_us, came_us: now_us });
            // Lets the answers in between.
            tokio::task::yield_now().await;
        }
        if now_us >= tick_us {
            tick_us = now_us + TICK_US;
            shared.with_tally(|tally| tally.tell_settled(now_us));
        }
    }
}

impl Shared {
    fn with_tally(&self, then: impl FnOnce(&mut Tally)) {
        if let Some(tally) = self.tally.borrow_mut().as_mut() {
            then(tally);
        }
    }

    /// The pool that serves a request.
    fn pool(&self, due: Due) -> &Pool {
        let number = self.address.queries[due.query as usize].pool;
        &self.pools[number.min(self.pools.len() - 1)]
    }

    fn is_done(&self) -> bool {
        self.working.borrow().is_empty() && self.pools.iter().all(|pool| pool.queue.borrow().is_empty())
    }

    fn send(self: &Rc<Self>, due: Due) {
        self.with_tally(|tally| tally.due(due.query, due.due_us, due.came_us));
        let pool = self.pool(due);
        let idle = pool.idle.borrow_mut().pop();
        match idle {
            Some(session) => drop(spawn_local(Rc::clone(self).serve(session, due))),
            None => pool.queue.borrow_mut().push_back(due),
        }
    }

    /// Serves a request, and then those that have queued meanwhile.
    async fn serve(self: Rc<Self>, mut session: Session, first: Due) {
        let mut next = Some((first, first.came_us));
        while let Some((due, sent_us)) = next {
            self.working.borrow_mut().push(Sent { due, sent_us, pid: session.pid });
            let query = &self.address.queries[due.query as usize];
            let values = query.values(&mut *self.random.borrow_mut());
            let done = session.run(query, due.query as usize, &values).await;
            let done_us = self.events.now_us();
            let error = done.as_ref().err().map(|(sqlstate, words)| (sqlstate.as_str(), words.as_str()));
            let answered = Answered {
                probe: due.query,
                due_us: due.due_us,
                came_us: due.came_us,
                sent_us: Some(sent_us),
                done_us: Some(done_us),
                pid: Some(session.pid),
                error,
            };
            self.with_tally(|tally| tally.answered(answered));
            let is_it = |sent: &Sent| (sent.due.query, sent.due.due_us) == (due.query, due.due_us);
            self.working.borrow_mut().retain(|sent| !is_it(sent));
            if error.is_some_and(|(sqlstate, _)| sqlstate == BROKEN) || !session.is_open() {
                match self.address.open().await {
                    Ok(again) => session = again,
                    Err(error) => {
                        *self.failed.borrow_mut() = Some(format!("a connection broke, and {error}"));
                        return;
                    }
                }
            }
            let queued = self.pool(first).queue.borrow_mut().pop_front();
            next = queued.map(|due| (due, self.events.now_us()));
        }
        self.pool(first).idle.borrow_mut().push(session);
    }

    /// Tells what was never answered, and the end.
    fn end(&self) {
        let Some(mut tally) = self.tally.borrow_mut().take() else { return };
        let unanswered = |due: Due, sent: Option<Sent>| Answered {
            probe: due.query,
            due_us: due.due_us,
            came_us: due.came_us,
            sent_us: sent.map(|sent| sent.sent_us),
            done_us: None,
            pid: sent.map(|sent| sent.pid),
            error: None,
        };
        for sent in self.working.take() {
            tally.answered(unanswered(sent.due, Some(sent)));
        }
        for due in self.pools.iter().flat_map(|pool| pool.queue.take()) {
            tally.answered(unanswered(due, None));
        }
        tally.finish(self.failed.borrow().clone());
    }
}
