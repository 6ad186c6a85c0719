//! The causes of a stall: those of its requests.

use std::collections::BTreeMap;

use super::{Explained, What};
use crate::model::workload::StallCause;
use crate::timeline::Timeline;
use crate::window::ms;

/// A cause of some requests.
#[derive(Debug, Default)]
struct Sum {
    waited_us_max: u64,
    requests: u64,
    pool_requests: u64,
}

/// What the requests of a stall waited for, the longest wait first.
pub(in crate::workload) fn of_stall(requests: &[&Explained], timeline: &Timeline) -> Vec<StallCause> {
    let mut sums: BTreeMap<What, Sum> = BTreeMap::new();
    for cause in requests.iter().flat_map(|explained| &explained.causes) {
        let sum = sums.entry(cause.what).or_default();
        sum.waited_us_max = sum.waited_us_max.max(cause.waited_us);
        sum.requests += 1;
        sum.pool_requests += u64::from(cause.in_the_pool);
    }
    let mut sums: Vec<(What, Sum)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.waited_us_max));
    let cause = |(what, sum): (What, Sum)| StallCause {
        who: what.who,
        relation: what.relation_oid.map(|oid| timeline.relation_name(oid)),
        rows: what.rows,
        mode: what.mode,
        statement: what.statement,
        waited_ms: ms(sum.waited_us_max),
        requests: sum.requests,
        pool_requests: sum.pool_requests,
    };
    sums.into_iter().map(cause).collect()
}
