//! Two sides in turn, round by round.

/// Seconds of both sides; who goes first changes with the round.
pub(crate) async fn in_turn(round: u64, mut side: impl AsyncFnMut(u64) -> f64) -> [f64; 2] {
    let mut seconds = [0.0; 2];
    for turn in [round % 2, (round + 1) % 2] {
        seconds[usize::try_from(turn).unwrap()] = side(turn).await;
    }
    seconds
}

/// The median, of values that are in order afterwards.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
