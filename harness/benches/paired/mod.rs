//! Two sides in turn, round by round.

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(default)
}

/// Runs a bench with its rows and rounds: those of the environment, or a small round where `cargo test --benches` passes
/// `--test`, which shows that it works.
pub(crate) fn main<Done: Future<Output = ()>>(rounds: u64, bench: impl FnOnce(u64, u64) -> Done) {
    let test = std::env::args().any(|arg| arg == "--test");
    let rows = if test { 10_000 } else { setting("PGREHEARSE_BENCH_ROWS", 1_000_000) };
    let rounds = if test { 1 } else { setting("PGREHEARSE_BENCH_ROUNDS", rounds) };
    tokio::runtime::Runtime::new().unwrap().block_on(bench(rows, rounds));
}

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
