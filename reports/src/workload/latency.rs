//! How long requests took, from their counts by duration.

use std::collections::BTreeMap;

use crate::model::workload::Latency;
use crate::window::ms;

/// Requests by how long they took, microseconds.
#[derive(Debug, Default)]
pub(super) struct Latencies(BTreeMap<u64, u64>);

impl Latencies {
    pub(super) fn add(&mut self, us: u64, requests: u64) {
        if requests > 0 {
            let known = self.0.entry(us).or_default();
            *known = known.saturating_add(requests);
        }
    }

    /// None where there is no request.
    pub(super) fn finish(&self) -> Option<Latency> {
        let (max_us, _) = self.0.last_key_value()?;
        Some(Latency {
            p50_ms: ms(self.percentile_us(50)),
            p99_ms: ms(self.percentile_us(99)),
            max_ms: ms(*max_us),
        })
    }

    /// Nearest rank: the smallest duration that at least so many of 100 requests did not exceed.
    fn percentile_us(&self, percent: u128) -> u64 {
        let all: u128 = self.0.values().map(|requests| u128::from(*requests)).sum();
        let rank = (all * percent).div_ceil(100);
        let mut counted = 0;
        let found = self.0.iter().find(|(_, requests)| {
            counted += u128::from(**requests);
            counted >= rank
        });
        found.map_or(0, |(us, _)| *us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_durations_that_were_seen() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.finish(), None);
        latencies.add(1_000, 0);
        assert_eq!(latencies.finish(), None);
        latencies.add(2_000, 98);
        latencies.add(9_000, 1);
        latencies.add(1_660_000, 1);
        let told = latencies.finish();
        assert_eq!(told, Some(Latency { p50_ms: 2.0, p99_ms: 9.0, max_ms: 1_660.0 }));
        let mut two = Latencies::default();
        two.add(1, 1);
        two.add(3, 1);
        assert_eq!(two.finish(), Some(Latency { p50_ms: 0.001, p99_ms: 0.003, max_ms: 0.003 }));
    }
}
