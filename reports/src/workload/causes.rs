//! Why requests waited: what their server processes were seen to wait for in that time, and for those that had none yet,
//! what those that had one waited for.

mod pool;
mod scene;
mod sum;

use std::collections::BTreeMap;

use super::requests::Request;
use crate::event::LockMode;
use crate::locks::Watched;
use crate::model::workload::Culprit;
use crate::timeline::Timeline;
use crate::window::{Window, union_length_us};
use pool::Pools;
use scene::Scene;
pub(super) use sum::of_stall;

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct What {
    who: Culprit,
    /// The table.
    relation_oid: Option<u32>,
    /// Whether it was rows of it.
    rows: bool,
    /// Of the migration's lock.
    mode: Option<LockMode>,
    /// That took the lock.
    statement: Option<u32>,
}

impl What {
    fn of(who: Culprit, relation_oid: Option<u32>) -> Self {
        Self { who, relation_oid, rows: false, mode: None, statement: None }
    }
}

/// A time in which something was waited for.
#[derive(Debug, Clone, Copy)]
struct Waited {
    what: What,
    /// As long as it can have been.
    time: Window,
    /// As short as it can have been.
    surely: Window,
}

/// A cause of one request's wait.
#[derive(Debug, Clone, Copy)]
struct Cause {
    what: What,
    waited_us: u64,
    /// Whether it was above all others, with a connection, that waited for it.
    in_the_pool: bool,
}

/// A request with what it waited for.
#[derive(Debug)]
pub(super) struct Explained<'a> {
    pub(super) request: Request<'a>,
    causes: Vec<Cause>,
    /// How long the migration kept it.
    pub(super) behind_migration_us: u64,
    /// How much of its wait can be the migration's doing: all but the generator's lag and what others alone did.
    pub(super) possible_us: u64,
}

impl Explained<'_> {
    /// Whether the migration explains most of what can be its doing.
    pub(super) fn is_of_migration(&self) -> bool {
        self.behind_migration_us > 0 && self.behind_migration_us >= self.possible_us / 2
    }
}

/// Explains each request by itself; in the order of the requests.
pub(super) fn explain<'a>(
    requests: &[Request<'a>],
    timeline: &Timeline,
    watched: &Watched,
) -> Vec<Explained<'a>> {
    let scene = Scene::new(timeline, watched);
    let own: Vec<Vec<Waited>> = requests.iter().map(|request| scene.waits_of(request)).collect();
    let pools = Pools::new(requests, &own, timeline.application.started);
    requests.iter().zip(&own).map(|(request, own)| explained(request, own, &pools)).collect()
}

fn explained<'a>(request: &Request<'a>, own: &[Waited], pools: &Pools) -> Explained<'a> {
    let in_the_pool: Vec<Waited> = pools.kept(request);
    let within = request.unlagged();
    let all = || own.iter().chain(&in_the_pool);
    let behind = all().filter(|waited| waited.what.who == Culprit::Migration).map(|waited| waited.time);
    // What others did counts for no more than it surely was: the rest may have been the migration's doing.
    let others = all().filter(|waited| is_other(waited.what.who)).map(|waited| waited.surely);
    let behind_migration_us = union_length_us(behind.clone(), within);
    let known_us = union_length_us(behind.chain(others), within);
    Explained {
        request: *request,
        causes: causes(request, own, &in_the_pool),
        behind_migration_us,
        possible_us: within.width_us() - (known_us - behind_migration_us),
    }
}

/// Somebody else who held something that a request needed.
fn is_other(who: Culprit) -> bool {
    matches!(who, Culprit::Hold | Culprit::Probe | Culprit::Other)
}

fn causes(request: &Request, own: &[Waited], in_the_pool: &[Waited]) -> Vec<Cause> {
    let within = request.unlagged();
    let mut times: BTreeMap<What, (Vec<Window>, Vec<Window>)> = BTreeMap::new();
    for waited in own {
        times.entry(waited.what).or_default().0.push(waited.time);
    }
    for waited in in_the_pool {
        times.entry(waited.what).or_default().1.push(waited.time);
    }
    let cause = |(what, (own, in_the_pool)): (What, (Vec<Window>, Vec<Window>))| {
        let own_us = union_length_us(own.iter().copied(), within);
        let waited_us = union_length_us(own.into_iter().chain(in_the_pool), within);
        Cause { what, waited_us, in_the_pool: waited_us - own_us > own_us }
    };
    let mut causes: Vec<Cause> = times.into_iter().map(cause).collect();
    let mut add = |who: Culprit, waited_us: u64, in_the_pool: bool| {
        causes.push(Cause { what: What::of(who, None), waited_us, in_the_pool });
    };
    let pool = request.in_the_pool();
    if let Some(pool) = pool {
        add(Culprit::Pool, pool.width_us(), true);
    }
    let half_us = request.wait_us() / 2;
    if request.lag_us() > half_us {
        add(Culprit::Generator, request.lag_us(), false);
    }
    let explained_us = union_length_us(own.iter().map(|waited| waited.time).chain(pool), within);
    let rest_us = within.width_us() - explained_us;
    if rest_us > half_us {
        add(Culprit::Unexplained, rest_us, false);
    }
    causes
}
