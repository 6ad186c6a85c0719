//! Sending requests when they are due, whatever became of those before (open loop), through a pool of connections.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::pool::{Address, BROKEN, Session};
use super::query::Query;
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

/// Which queries are sent from now on; answered when no request of another one is under way any more.
pub(super) struct Switch {
    /// By query.
    pub(super) live: Vec<bool>,
    pub(super) done: oneshot::Sender<()>,
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

/// Sends requests of the `live` queries until told to stop; then waits a little for the last answers.
pub(super) async fn run(
    address: Address,
    pools: Vec<Vec<Session>>,
    live: Vec<bool>,
    seed: u64,
    events: Events,
    mut go: watch::Receiver<Go>,
    mut switches: mpsc::Receiver<Switch>,
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
    schedule(&shared, live, &mut go, &mut switches).await;
    let last = async {
        while !shared.is_done() && *go.borrow() != Go::Abort {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    drop(timeout(LAST_ANSWERS, last).await);
    shared.end();
}

async fn schedule(
    shared: &Rc<Shared>,
    live: Vec<bool>,
    go: &mut watch::Receiver<Go>,
    switches: &mut mpsc::Receiver<Switch>,
) {
    let began_us = shared.events.now_us();
    let mut timetable = Timetable::new(&shared.address.queries, live, began_us);
    let mut tick_us = began_us + TICK_US;
    let mut switched: Option<Switch> = None;
    loop {
        let next = timetable.next();
        let next_us = next.map_or(tick_us, |(due_us, _)| due_us.min(tick_us));
        let now_us = shared.events.now_us();
        if next_us > now_us {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_micros(next_us - now_us)) => {}
                _ = go.changed() => {}
                Some(switch) = switches.recv() => {
                    timetable.switch(&switch.live, shared.events.now_us());
                    switched = Some(switch);
                    continue;
                }
            }
        }
        if *go.borrow() != Go::On || shared.failed.borrow().is_some() {
            return;
        }
        let now_us = shared.events.now_us();
        if let Some((due_us, at)) = next.filter(|(due_us, _)| *due_us <= now_us) {
            timetable.sent(at);
            shared.send(Due { query: at as u32, due_us, came_us: now_us });
            // Lets the answers in between.
            tokio::task::yield_now().await;
        }
        if now_us >= tick_us {
            tick_us = now_us + TICK_US;
            shared.with_tally(|tally| tally.tell_settled(now_us));
            // Where requests are due all the time, nothing above waits.
            if let Ok(switch) = switches.try_recv() {
                timetable.switch(&switch.live, now_us);
                switched = Some(switch);
            }
            if let Some(switch) = switched.take_if(|switch| !shared.works_for_others(&switch.live)) {
                // Whoever asked may have gone.
                let _ = switch.done.send(());
            }
        }
    }
}

/// When requests are due.
struct Timetable {
    queries: Vec<Timed>,
}

/// One query's part of it.
struct Timed {
    live: bool,
    period_us: f64,
    /// When its first request is due.
    first_us: f64,
    sent: u64,
}

impl Timed {
    fn due_us(&self) -> u64 {
        (self.first_us + self.sent as f64 * self.period_us) as u64
    }
}

impl Timetable {
    /// Each query begins at its own part of its period, so that they do not all come at once.
    fn new(queries: &[Query], live: Vec<bool>, began_us: u64) -> Self {
        let parts = queries.len() as f64 + 1.0;
        let timed = |(at, (query, live)): (usize, (&Query, bool))| {
            let period_us = 1_000_000.0 / query.rate;
            let first_us = began_us as f64 + (at as f64 + 1.0) / parts * period_us;
            Timed { live, period_us, first_us, sent: 0 }
        };
        Self { queries: queries.iter().zip(live).enumerate().map(timed).collect() }
    }

    /// The next request: when it is due, and of which query.
    fn next(&self) -> Option<(u64, usize)> {
        let live = self.queries.iter().enumerate().filter(|(_, query)| query.live);
        live.map(|(at, query)| (query.due_us(), at)).min()
    }

    fn sent(&mut self, at: usize) {
        self.queries[at].sent += 1;
    }

    /// A query that was not sent before begins anew.
    fn switch(&mut self, live: &[bool], now_us: u64) {
        let parts = self.queries.len() as f64 + 1.0;
        for (at, (query, live)) in self.queries.iter_mut().zip(live).enumerate() {
            if *live && !query.live {
                query.first_us = now_us as f64 + (at as f64 + 1.0) / parts * query.period_us;
                query.sent = 0;
            }
            query.live = *live;
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

    /// Whether a request is under way or waits that is of no live query.
    fn works_for_others(&self, live: &[bool]) -> bool {
        let is_other = |due: &Due| !live[due.query as usize];
        self.working.borrow().iter().any(|sent| is_other(&sent.due))
            || self.pools.iter().any(|pool| pool.queue.borrow().iter().any(is_other))
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
