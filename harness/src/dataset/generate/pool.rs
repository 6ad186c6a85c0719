//! A list of short strings, packed.

use super::rng::Stream;

/// Strings that texts are put together from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    bytes: Vec<u8>,
    /// Where each entry begins, and where the last ends.
    starts: Vec<u32>,
}

impl Pool {
    /// Packs `entries`, of which there is at least one.
    pub(crate) fn new<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Self {
        let mut bytes = Vec::new();
        let mut starts = vec![0];
        for entry in entries {
            bytes.extend_from_slice(entry.as_ref().as_bytes());
            starts.push(u32::try_from(bytes.len()).expect("pools are a few megabytes"));
        }
        assert!(starts.len() > 1, "a pool has entries");
        Self { bytes, starts }
    }

    /// How many entries.
    pub(crate) fn len(&self) -> u64 {
        self.starts.len() as u64 - 1
    }

    /// One entry.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    /// Mean length in bytes.
    pub(crate) fn mean_bytes(&self) -> f64 {
        self.bytes.len() as f64 / self.len() as f64
    }

    /// Length of the longest entry in bytes.
    pub(crate) fn longest_bytes(&self) -> usize {
        self.starts.windows(2).map(|pair| (pair[1] - pair[0]) as usize).max().unwrap_or(0)
    }

    /// `count` of `candidates` with a mean length as near to `mean_bytes` as they allow; each is taken once before any
    /// is taken again, and never again where `distinct`. Gives none where too few candidates are on hand.
    pub(crate) fn with_mean<S: AsRef<str>>(
        candidates: &[S],
        count: usize,
        mean_bytes: f64,
        distinct: bool,
        stream: Stream,
    ) -> Option<Self> {
        let (mut short, mut long): (Vec<&str>, Vec<&str>) =
            candidates.iter().map(AsRef::as_ref).partition(|entry| (entry.len() as f64) <= mean_bytes);
        stream.child(0).shuffle(&mut short);
        stream.child(1).shuffle(&mut long);
        if distinct {
            // Only the nearest lengths balance each other for sure.
            short.sort_by_key(|entry| std::cmp::Reverse(entry.len()));
            long.sort_by_key(|entry| entry.len());
        }
        let (mut taken_short, mut taken_long, mut sum) = (0, 0, 0usize);
        let mut picked = Vec::with_capacity(count);
        for at in 0..count {
            let want_long = (sum as f64) < mean_bytes * at as f64 || (at == 0 && short.is_empty());
            let has = |list: &[&str], taken: usize| !list.is_empty() && (!distinct || taken < list.len());
            let use_long = if want_long { has(&long, taken_long) } else { !has(&short, taken_short) };
            let (list, taken) = if use_long { (&long, &mut taken_long) } else { (&short, &mut taken_short) };
            if !has(list, *taken) {
                return None;
            }
            let entry = list[*taken % list.len()];
            *taken += 1;
            sum += entry.len();
            picked.push(entry);
        }
        stream.child(2).shuffle(&mut picked);
        Some(Self::new(picked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_between_the_lengths_is_met() {
        let candidates: Vec<String> = (1..30).map(|length| "x".repeat(length)).collect();
        for mean in [1.0, 3.3, 12.0, 28.9] {
            let pool =
                Pool::with_mean(&candidates, 1024, mean, false, Stream::new(1, "t", "c", "p")).expect("many");
            assert!((pool.mean_bytes() - mean).abs() < 0.05, "{} instead of {mean}", pool.mean_bytes());
        }
        let pool =
            Pool::with_mean(&candidates, 20, 12.0, true, Stream::new(1, "t", "c", "p")).expect("enough");
        let mut entries: Vec<_> = (0..20).map(|at| pool.get(at).to_vec()).collect();
        entries.sort();
        entries.dedup();
        assert_eq!(entries.len(), 20);
        assert!((pool.mean_bytes() - 12.0).abs() < 1.0);
        assert_eq!(Pool::with_mean(&candidates, 30, 12.0, true, Stream::new(1, "t", "c", "p")), None);
    }
}
