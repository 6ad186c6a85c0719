//! How much a bench does.

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(default)
}

/// Runs a bench with its rows and how often or long (`PGREHEARSE_BENCH_` and that `unit`): those of the environment, or
/// few and one where `cargo test --benches` passes `--test`, which shows that it works.
pub(crate) fn main<Done: Future<Output = ()>>(
    (unit, default): (&str, u64),
    bench: impl FnOnce(u64, u64) -> Done,
) {
    let test = std::env::args().any(|arg| arg == "--test");
    let rows = if test { 10_000 } else { setting("PGREHEARSE_BENCH_ROWS", 1_000_000) };
    let amount = if test { 1 } else { setting(&format!("PGREHEARSE_BENCH_{unit}"), default) };
    tokio::runtime::Runtime::new().unwrap().block_on(bench(rows, amount));
}
