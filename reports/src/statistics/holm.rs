//! Several questions at once (Holm, *A simple sequentially rejective multiple test procedure*, 1979).

/// Every p-value, adjusted so that all below α together are wrong once in 1/α times at most: the smallest of m times m,
/// the next times m−1, and none below the one before, or above 1.
pub(crate) fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|one, other| ps[*one].total_cmp(&ps[*other]));
    let mut adjusted = vec![1.0; ps.len()];
    let mut before: f64 = 0.0;
    for (rank, index) in order.into_iter().enumerate() {
        before = before.max(ps[index] * (ps.len() - rank) as f64).min(1.0);
        adjusted[index] = before;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_are_adjusted_step_by_step() {
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.03]), [0.03]);
        assert_eq!(holm(&[0.5, 0.01, 0.02, 0.9]), [1.0, 0.04, 0.06, 1.0]);
        assert_eq!(holm(&[0.02, 0.015]), [0.03, 0.03]);
    }
}
