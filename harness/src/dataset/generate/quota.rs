//! Whole numbers that sum to a given total and follow given weights as closely as whole numbers can.

/// Splits `total` by `weights` (not negative, not all zero) with the method of largest remainders.
///
/// Every share is within one of its exact value; equal remainders favour the earlier.
pub(crate) fn largest_remainder(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (at, weight) in weights.iter().enumerate() {
        let exact = weight / sum * total as f64;
        let floor = exact.floor();
        shares.push(floor as u64);
        remainders.push((exact - floor, at));
    }
    // Rounding of the divisions above may leave the floors above the total by a hair; never by more than one each.
    let mut given: u64 = shares.iter().sum();
    remainders.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)));
    for &(_, at) in remainders.iter().cycle().take(weights.len() * 2) {
        if given >= total {
            break;
        }
        if weights[at] > 0.0 {
            shares[at] += 1;
            given += 1;
        }
    }
    for &(_, at) in remainders.iter().rev() {
        if given <= total {
            break;
        }
        if shares[at] > 0 {
            shares[at] -= 1;
            given -= 1;
        }
    }
    shares
}

/// Splits `total` over places in proportion to `wanted`, with at least 1 and at most `room` in each.
///
/// Gives none where the places cannot hold the total or are more than it.
pub(crate) fn within_room(total: u64, wanted: &[u64], room: &[u64]) -> Option<Vec<u64>> {
    if total < wanted.len() as u64
        || room.iter().map(|&room| u128::from(room)).sum::<u128>() < u128::from(total)
    {
        return None;
    }
    let mut shares = vec![1; wanted.len()];
    loop {
        let left = total - shares.iter().sum::<u64>();
        let open: Vec<usize> = (0..shares.len()).filter(|&at| shares[at] < room[at]).collect();
        if left == 0 {
            return Some(shares);
        }
        let weights: Vec<f64> = open.iter().map(|&at| wanted[at].max(1) as f64).collect();
        // At least one share grows in each round, so the loop ends.
        for (&at, more) in open.iter().zip(largest_remainder(left, &weights)) {
            shares[at] += more.min(room[at] - shares[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_sum_and_stay_close(
            total in 0u64..1 << 33,
            weights in proptest::collection::vec(0.0f64..1.0, 1..50),
        ) {
            prop_assume!(weights.iter().sum::<f64>() > 1e-6);
            let shares = largest_remainder(total, &weights);
            prop_assert_eq!(shares.iter().sum::<u64>(), total);
            let sum: f64 = weights.iter().sum();
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!((*share as f64 - weight / sum * total as f64).abs() <= 1.0 + 1e-3);
                prop_assert!(*weight > 0.0 || *share == 0);
            }
        }

        #[test]
        fn shares_fill_the_room(places in proptest::collection::vec((1u64..1000, 1u64..1000), 1..30), part in 0.0f64..=1.0) {
            let (wanted, room): (Vec<u64>, Vec<u64>) = places.into_iter().unzip();
            let (least, most) = (wanted.len() as u64, room.iter().sum::<u64>());
            let total = least + ((most - least) as f64 * part) as u64;
            let shares = within_room(total, &wanted, &room).expect("it fits");
            prop_assert_eq!(shares.iter().sum::<u64>(), total);
            prop_assert!(shares.iter().zip(&room).all(|(share, room)| (1..=*room).contains(share)));
            prop_assert_eq!(within_room(most + 1, &wanted, &room), None);
        }
    }
}
