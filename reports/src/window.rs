//! A moment that is only known to lie between two others.

/// A moment between `from_us` and `to_us`, both included, on the run's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Earliest.
    pub(crate) from_us: u64,
    /// Latest; never before the earliest.
    pub(crate) to_us: u64,
}

impl Window {
    /// Between the two, whichever comes first.
    pub(crate) fn between(one_us: u64, other_us: u64) -> Self {
        Self { from_us: one_us.min(other_us), to_us: one_us.max(other_us) }
    }

    /// Known to the microsecond.
    pub(crate) fn exactly(us: u64) -> Self {
        Self { from_us: us, to_us: us }
    }

    /// What two observers of the same moment say together. Where they contradict each other, which clocks
    /// read a little after the fact make possible, the moment lies between their nearest edges.
    pub(crate) fn narrowed_by(self, other: Self) -> Self {
        Self::between(self.from_us.max(other.from_us), self.to_us.min(other.to_us))
    }

    /// By how much two observers of the same moment contradict each other; 0 where they do not.
    pub(crate) fn contradiction_us(self, other: Self) -> u64 {
        self.from_us.max(other.from_us).saturating_sub(self.to_us.min(other.to_us))
    }

    /// Not before `us`.
    pub(crate) fn not_before(self, us: u64) -> Self {
        Self { from_us: self.from_us.max(us), to_us: self.to_us.max(us) }
    }

    /// Not after `us`.
    pub(crate) fn not_after(self, us: u64) -> Self {
        Self { from_us: self.from_us.min(us), to_us: self.to_us.min(us) }
    }

    /// Its width.
    pub(crate) fn width_us(self) -> u64 {
        self.to_us - self.from_us
    }
}

/// Total length of the union of intervals, each cut to `within`.
pub(crate) fn union_length_us(intervals: impl IntoIterator<Item = Window>, within: Window) -> u64 {
    let cut = intervals
        .into_iter()
        .filter(|interval| interval.from_us < within.to_us && interval.to_us > within.from_us)
        .map(|interval| interval.not_before(within.from_us).not_after(within.to_us));
    joined(cut.collect()).into_iter().map(Window::width_us).sum()
}

/// Intervals by time, those that overlap or touch as one.
pub(crate) fn joined(mut intervals: Vec<Window>) -> Vec<Window> {
    intervals.sort_unstable_by_key(|interval| (interval.from_us, interval.to_us));
    let mut joined: Vec<Window> = Vec::new();
    for interval in intervals {
        match joined.last_mut() {
            Some(last) if interval.from_us <= last.to_us => last.to_us = last.to_us.max(interval.to_us),
            _ => joined.push(interval),
        }
    }
    joined
}

/// How many intervals hold at once: from each moment on at which that changes.
pub(crate) fn at_once<T: Ord + Copy>(intervals: impl Iterator<Item = (T, T)>) -> Vec<(T, u64)> {
    let mut steps: Vec<(T, i64)> = intervals.flat_map(|(from, to)| [(from, 1), (to, -1)]).collect();
    // Whoever comes at the moment at which another goes was never there with it.
    steps.sort_unstable();
    let mut lengths: Vec<(T, u64)> = Vec::new();
    let mut present = 0;
    for (at, step) in steps {
        present += step;
        let length = (at, u64::try_from(present).unwrap_or(0));
        match lengths.last_mut() {
            Some(last) if last.0 == at => *last = length,
            _ => lengths.push(length),
        }
    }
    lengths
}

/// Milliseconds, rounded to the resolution of their parts, the microsecond: what was added up or taken apart.
pub(crate) fn to_the_us(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}

/// Microseconds as milliseconds with three decimals.
pub(crate) fn ms(us: u64) -> f64 {
    let us = us as f64;
    us / 1000.0
}

/// The time from `zero_us` to `us` in milliseconds, negative before it.
pub(crate) fn ms_since(zero_us: u64, us: u64) -> f64 {
    if us < zero_us { -ms(zero_us - us) } else { ms(us - zero_us) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_observers_narrow_each_other() {
        let narrowed = Window::between(10, 20).narrowed_by(Window::between(15, 40));
        assert_eq!(narrowed, Window { from_us: 15, to_us: 20 });
        assert_eq!(Window::between(10, 20).contradiction_us(Window::between(15, 40)), 0);
    }

    #[test]
    fn two_observers_that_contradict_each_other_leave_the_gap_between_them() {
        let (session, sampler) = (Window::between(30, 40), Window::between(10, 27));
        assert_eq!(session.narrowed_by(sampler), Window { from_us: 27, to_us: 30 });
        assert_eq!(session.contradiction_us(sampler), 3);
        assert_eq!(sampler.contradiction_us(session), 3);
    }

    #[test]
    fn overlapping_time_is_counted_once_and_cut() {
        let waits = [
            Window::between(0, 10),
            Window::between(5, 20),
            Window::between(30, 60),
            Window::between(35, 40),
        ];
        assert_eq!(union_length_us(waits, Window::between(0, 100)), 50);
        assert_eq!(union_length_us(waits, Window::between(8, 35)), 17);
        assert_eq!(union_length_us(waits, Window::between(61, 90)), 0);
        assert_eq!(union_length_us([], Window::between(0, 100)), 0);
    }

    #[test]
    fn what_holds_at_once_is_counted() {
        let lengths = at_once([(0, 10), (5, 20), (10, 12), (30, 31)].into_iter());
        assert_eq!(lengths, [(0, 1), (5, 2), (10, 2), (12, 1), (20, 0), (30, 1), (31, 0)]);
        assert_eq!(to_the_us(0.1 + 0.2), 0.3);
    }

    #[test]
    fn times_before_the_migration_are_negative() {
        assert_eq!(ms_since(2_000, 500), -1.5);
        assert_eq!(ms_since(2_000, 1_234_567), 1_232.567);
    }
}
