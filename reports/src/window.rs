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
    let mut cut: Vec<Window> = intervals
        .into_iter()
        .filter(|interval| interval.from_us < within.to_us && interval.to_us > within.from_us)
        .map(|interval| interval.not_before(within.from_us).not_after(within.to_us))
        .collect();
    cut.sort_by_key(|interval| interval.from_us);
    let mut counted_to_us = within.from_us;
    let mut total_us = 0;
    for interval in cut {
        let from_us = interval.from_us.max(counted_to_us);
        total_us += interval.to_us.saturating_sub(from_us);
        counted_to_us = counted_to_us.max(interval.to_us);
    }
    total_us
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
    fn times_before_the_migration_are_negative() {
        assert_eq!(ms_since(2_000, 500), -1.5);
        assert_eq!(ms_since(2_000, 1_234_567), 1_232.567);
    }
}
