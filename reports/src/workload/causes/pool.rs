//! What kept the connections of the application.

use std::collections::BTreeMap;

use super::{Waited, What, is_other};
use crate::event::WorkloadStarted;
use crate::model::workload::Culprit;
use crate::window::{Window, joined};
use crate::workload::requests::Request;

/// By pool, what those that had a connection of it waited for, and when.
pub(super) struct Pools<'a> {
    started: Option<&'a WorkloadStarted>,
    kept: BTreeMap<&'a str, BTreeMap<What, Vec<Window>>>,
}

impl<'a> Pools<'a> {
    /// `own` is what each of the requests waited for itself.
    pub(super) fn new(
        requests: &[Request],
        own: &[Vec<Waited>],
        started: Option<&'a WorkloadStarted>,
    ) -> Self {
        let mut pools = Self { started, kept: BTreeMap::new() };
        for (request, own) in requests.iter().zip(own).filter(|(_, own)| !own.is_empty()) {
            let kept = pools.kept.entry(pool_of(started, request)).or_default();
            for waited in own.iter().filter(|waited| waited.what.who != Culprit::Unexplained) {
                let time = if is_other(waited.what.who) { waited.surely } else { waited.time };
                kept.entry(waited.what).or_default().push(time);
            }
        }
        for times in pools.kept.values_mut().flat_map(BTreeMap::values_mut) {
            *times = joined(std::mem::take(times));
        }
        pools
    }

    /// What others waited for while that request waited for a connection that they had.
    pub(super) fn kept(&self, request: &Request) -> Vec<Waited> {
        let pool = self.kept.get(pool_of(self.started, request));
        let Some((kept, within)) = pool.zip(request.in_the_pool()) else { return Vec::new() };
        let mut waited = Vec::new();
        for (what, times) in kept {
            let since = times.partition_point(|time| time.to_us <= within.from_us);
            let during = times.iter().skip(since).take_while(|time| time.from_us < within.to_us);
            let cut = during.map(|time| time.not_before(within.from_us).not_after(within.to_us));
            waited.extend(cut.map(|time| Waited { what: *what, time, surely: time }));
        }
        waited
    }
}

/// The pool that a request takes its connection from: where the probes are the default ones, reads and writes have their
/// own.
fn pool_of<'a>(started: Option<&'a WorkloadStarted>, request: &Request) -> &'a str {
    let index = usize::try_from(request.told.probe).ok();
    let by_kind = started.filter(|started| started.by_default);
    let probe = by_kind.zip(index).and_then(|(started, index)| started.probes.get(index));
    probe.map_or("", |probe| &probe.kind)
}
