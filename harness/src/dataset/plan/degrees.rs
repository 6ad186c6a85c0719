//! How many children each parent has: whole numbers that sum to the children, in as few classes as the shape allows.

use pgrehearse_scenarios::profile::{Degrees, FanOut};

use crate::dataset::generate::quota::largest_remainder;

/// What is wanted of the numbers of children.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What is declared.
    pub(super) fan_out: Option<&'a FanOut>,
    /// How many parents have children, where that is declared otherwise.
    pub(super) parents_used: Option<u64>,
}

/// Explicit degrees may be as far from the rows as their fractions are rounded.
const EXPLICIT_TOLERANCE: f64 = 0.02;

/// Ranks that have a class of their own in a Zipf distribution; those after them share one with their neighbours.
const ZIPF_HEAD: u64 = 64;

/// Each class of later ranks is longer than all before it by this part.
const ZIPF_BLOCK: u64 = 16;

impl Wanted<'_> {
    /// Why `children` rows cannot be shared out over `parents` rows, if they cannot.
    pub(super) fn misfit(&self, children: u64, parents: u64) -> Option<String> {
        let fan_out = self.fan_out?;
        if let Degrees::Explicit(degrees) = &fan_out.degrees {
            let sum: f64 = degrees.iter().map(|degree| degree.1).sum();
            if !degrees.iter().all(|&(_, frac)| (0.0..=1.0).contains(&frac)) || (sum - 1.0).abs() > 1e-3 {
                return Some(format!("has degrees whose fractions of parents sum to {sum:.4}, not to 1"));
            }
            let wanted: f64 =
                degrees.iter().map(|&(degree, frac)| degree as f64 * frac * parents as f64).sum();
            let allowed = (children as f64 * EXPLICIT_TOLERANCE).max(1.0 + degrees.len() as f64);
            if (wanted - children as f64).abs() > allowed {
                return Some(format!(
                    "has degrees that give {parents} parents {wanted:.0} children ({:.3} each), but there are {children} rows that \
                     are not null ({:.3} for each parent)",
                    wanted / parents.max(1) as f64,
                    children as f64 / parents.max(1) as f64
                ));
            }
            return None;
        }
        if let Degrees::Zipf(exponent) = fan_out.degrees
            && !(exponent.is_finite() && exponent > 0.0)
        {
            return Some(format!("has a zipf exponent of {exponent}, which is not above 0"));
        }
        let childless = fan_out.childless_frac?;
        if !(0.0..1.0).contains(&childless) {
            return Some(format!("has a childless_frac of {childless}, which is not between 0 and 1"));
        }
        let used = used(parents, childless);
        (children < used).then(|| {
            format!(
                "has a childless_frac of {childless}, which leaves {used} of {parents} parents with children, but there are only \
                 {children} rows that are not null"
            )
        })
    }

    /// Numbers of children with how many parents have so many; they sum to exactly these children and parents.
    pub(super) fn degrees(&self, children: u64, parents: u64) -> Vec<(u64, u64)> {
        if parents == 0 || children == 0 {
            return vec![(0, parents)];
        }
        let shape = self.fan_out.map(|fan_out| &fan_out.degrees);
        if let Some(Degrees::Explicit(declared)) = shape {
            let fractions: Vec<f64> = declared.iter().map(|degree| degree.1.max(0.0)).collect();
            let counts = largest_remainder(parents, &fractions);
            let classes: Vec<(f64, u64)> =
                declared.iter().zip(counts).map(|(degree, parents)| (degree.0 as f64, parents)).collect();
            if classes.iter().any(|&(degree, parents)| degree > 0.0 && parents > 0) {
                return share_out(&classes, children, 0);
            }
            return share_out(&[(1.0, parents)], children, 0);
        }
        let childless = self.fan_out.and_then(|fan_out| fan_out.childless_frac);
        let declared = childless.map(|childless| used(parents, childless)).or(self.parents_used);
        let with_children = declared.unwrap_or(parents).clamp(1, parents).min(children);
        // Where it is declared how many have children, each of them must have one.
        let least = u64::from(declared.is_some());
        let mut degrees = match shape {
            Some(Degrees::Zipf(exponent)) => share_out(&zipf(with_children, *exponent), children, least),
            _ => share_out(&[(1.0, with_children)], children, least),
        };
        degrees.push((0, parents - with_children));
        degrees
    }
}

/// Parents that have children.
fn used(parents: u64, childless_frac: f64) -> u64 {
    (parents - (parents as f64 * childless_frac).round() as u64).max(1)
}

/// Classes of parents by their rank, each with its weight per parent.
fn zipf(parents: u64, exponent: f64) -> Vec<(f64, u64)> {
    let mut classes: Vec<(f64, u64)> =
        (1..=parents.min(ZIPF_HEAD)).map(|rank| (power(rank as f64, -exponent), 1)).collect();
    let mut first = ZIPF_HEAD + 1;
    while first <= parents {
        let last = (first + first / ZIPF_BLOCK).min(parents);
        let middle = (first + last) as f64 / 2.0;
        classes.push((power(middle, -exponent), last - first + 1));
        first = last + 1;
    }
    classes
}

/// Shares `children` out over classes of parents by the weight of each parent, and evenly inside each class; no parent has
/// fewer than `least`, as far as there are enough.
fn share_out(classes: &[(f64, u64)], children: u64, least: u64) -> Vec<(u64, u64)> {
    let mut totals = vec![0; classes.len()];
    let mut open: Vec<usize> =
        (0..classes.len()).filter(|&at| classes[at].0 > 0.0 && classes[at].1 > 0).collect();
    let mut left = children;
    while !open.is_empty() {
        let weights: Vec<f64> = open.iter().map(|&at| classes[at].0 * classes[at].1 as f64).collect();
        let shares = largest_remainder(left, &weights);
        let short: Vec<usize> = (0..open.len())
            .filter(|&at| shares[at] < least * classes[open[at]].1 && least * classes[open[at]].1 <= left)
            .collect();
        if short.is_empty() || short.len() == open.len() {
            open.iter().zip(shares).for_each(|(&at, share)| totals[at] = share);
            break;
        }
        for at in short.into_iter().rev() {
            let at = open.remove(at);
            totals[at] = (least * classes[at].1).min(left);
            left -= totals[at];
        }
    }
    let mut degrees = Vec::new();
    for (&(_, parents), total) in classes.iter().zip(totals) {
        if parents > 0 {
            let more = total % parents;
            degrees.push((total / parents + 1, more));
            degrees.push((total / parents, parents - more));
        }
    }
    degrees
}

/// `base ^ exponent` for a base of at least 1, from operations that are the same on every machine.
fn power(base: f64, exponent: f64) -> f64 {
    // ln: the base is brought between 1 and 2, then 2 atanh((x - 1) / (x + 1)).
    let (mut x, mut doublings) = (base, 0.0);
    while x >= 2.0 {
        x /= 2.0;
        doublings += 1.0;
    }
    let y = (x - 1.0) / (x + 1.0);
    let (mut term, mut series) = (y, 0.0);
    for odd in (1..60).step_by(2) {
        series += term / f64::from(odd);
        term *= y * y;
    }
    let ln = 2.0 * series + doublings * std::f64::consts::LN_2;
    // exp: halved until the series is short, then squared as often.
    let mut power = (exponent * ln).clamp(-700.0, 700.0);
    let mut halvings = 0;
    while power.abs() > 0.5 {
        power /= 2.0;
        halvings += 1;
    }
    let (mut term, mut exp) = (1.0, 0.0);
    for at in 1..30 {
        exp += term;
        term *= power / f64::from(at);
    }
    (0..halvings).for_each(|_| exp *= exp);
    exp
}

#[cfg(test)]
mod tests {
    use pgrehearse_scenarios::source::Place;
    use proptest::prelude::*;

    use super::*;

    fn fan_out(degrees: Degrees, childless_frac: Option<f64>) -> FanOut {
        FanOut { degrees, childless_frac, clustering: None, place: Place::default() }
    }

    fn any_fan_out() -> impl Strategy<Value = FanOut> {
        let degrees = prop_oneof![
            Just(Degrees::Uniform),
            (0.05f64..3.0).prop_map(Degrees::Zipf),
            proptest::collection::vec((0u64..40, 0.01f64..1.0), 1..6).prop_map(|degrees| {
                let sum: f64 = degrees.iter().map(|degree| degree.1).sum();
                Degrees::Explicit(degrees.into_iter().map(|(degree, frac)| (degree, frac / sum)).collect())
            }),
        ];
        (degrees, proptest::option::of(0.0f64..0.99))
            .prop_map(|(degrees, childless)| fan_out(degrees, childless))
    }

    proptest! {
        #[test]
        fn children_and_parents_are_all_there(
            fan_out in proptest::option::of(any_fan_out()),
            children in 0u64..3_000_000,
            parents in 0u64..1_000_000,
            parents_used in proptest::option::of(1u64..5000),
        ) {
            let wanted = Wanted { fan_out: fan_out.as_ref(), parents_used };
            let degrees = wanted.degrees(children, parents);
            prop_assert_eq!(degrees.iter().map(|degree| degree.1).sum::<u64>(), parents);
            if parents > 0 {
                prop_assert_eq!(degrees.iter().map(|degree| degree.0 * degree.1).sum::<u64>(), children);
            }
            prop_assert!(degrees.len() < 1000);
            let declared = fan_out.as_ref().filter(|fan_out| !matches!(fan_out.degrees, Degrees::Explicit(_)));
            if let Some(childless) = declared.and_then(|fan_out| fan_out.childless_frac)
                && wanted.misfit(children, parents).is_none() && parents > 0
            {
                let found: u64 = degrees.iter().filter(|degree| degree.0 == 0).map(|degree| degree.1).sum();
                prop_assert_eq!(found, parents - used(parents, childless));
            }
        }

        #[test]
        fn explicit_degrees_that_fit_are_met(
            classes in proptest::collection::btree_map(0u64..50, 1u64..500, 1..6),
        ) {
            let parents: u64 = classes.values().sum();
            let children: u64 = classes.iter().map(|(degree, parents)| degree * parents).sum();
            prop_assume!(children > 0);
            let fractions =
                classes.iter().map(|(&degree, &count)| (degree, count as f64 / parents as f64)).collect();
            let fan_out = fan_out(Degrees::Explicit(fractions), None);
            let wanted = Wanted { fan_out: Some(&fan_out), parents_used: None };
            prop_assert_eq!(wanted.misfit(children, parents), None);
            let mut found = std::collections::BTreeMap::new();
            for (degree, parents) in wanted.degrees(children, parents) {
                if parents > 0 {
                    *found.entry(degree).or_insert(0) += parents;
                }
            }
            prop_assert_eq!(found, classes);
        }

        #[test]
        fn powers_are_right(base in 1.0f64..1e10, exponent in -4.0f64..0.0) {
            let (found, wanted) = (power(base, exponent), base.powf(exponent));
            prop_assert!((found / wanted - 1.0).abs() < 1e-12, "{found} {wanted}");
        }
    }

    #[test]
    fn ranks_fall_off_as_declared() {
        let fan_out = fan_out(Degrees::Zipf(1.0), None);
        let degrees = Wanted { fan_out: Some(&fan_out), parents_used: None }.degrees(10_000_000, 1_000_000);
        // The sum of 1 / rank up to a million is 14.3927.
        assert!(degrees[1].0.abs_diff(694_796) < 300, "{}", degrees[1].0);
        assert!(degrees[3].0.abs_diff(degrees[1].0 / 2) <= 1, "{}", degrees[3].0);
        assert!(degrees.len() < 700, "{}", degrees.len());
    }
}
