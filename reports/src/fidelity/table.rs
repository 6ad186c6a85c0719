//! The checks of a table as a whole, of its foreign keys and of its dependencies.

use super::Checks;
use crate::event::{DependencyVerified, FanOutVerified, TableVerified};
use crate::model::dataset::Gate;

/// Differences that nobody would notice.
const RELTUPLES_FLOOR: f64 = 0.005;
const DEAD_FLOOR: f64 = 0.005;
/// `block_size`, as nearly every server is built.
const PAGE_BYTES: f64 = 8_192.0;
const FREE_FLOOR: f64 = 0.02;
const VISIBLE_FLOOR: f64 = 0.01;
const TOAST_FLOOR: f64 = 0.02;
const DEPENDENCY_FLOOR: f64 = 0.05;

/// Adds the checks of the table as a whole.
pub(super) fn check(table: &TableVerified, checks: &mut Checks) {
    let (planned, measured) = (&table.planned, &table.measured);
    checks.count("rows", true, planned.rows, measured.rows);
    let rows = planned.rows as f64;
    let tolerance = (rows * RELTUPLES_FLOOR).max(0.5);
    checks.add(Gate::Analyze, "reltuples", true, rows, measured.reltuples, tolerance);
    let refused = |metric: &str| measured.refused.iter().any(|refusal| refusal.metric == metric);
    let unknown = "the server was not asked";
    if let Some(dead_frac) = planned.dead_frac {
        match measured.dead_rows {
            Some(dead) => {
                let all = (dead + measured.rows).max(1) as f64;
                let tolerance = DEAD_FLOOR.max(1.0 / all);
                checks.add(Gate::Count, "dead_frac", true, dead_frac, dead as f64 / all, tolerance);
            }
            None if refused("dead_frac") => {}
            None => checks.not_measured("dead_frac", true, unknown),
        }
    }
    if let Some(free_frac) = planned.free_frac {
        match measured.free_bytes {
            Some(free) if measured.heap_bytes > 0 => {
                let found = free as f64 / measured.heap_bytes as f64;
                // The last page is as full as it comes, and the end of every page holds no whole row.
                let tolerance = FREE_FLOOR
                    + (PAGE_BYTES + planned.row_bytes * measured.pages as f64 / 2.0)
                        / measured.heap_bytes as f64;
                checks.add(Gate::Count, "free_frac", true, free_frac, found, tolerance);
            }
            None if refused("free_frac") => {}
            _ => checks.not_measured("free_frac", true, unknown),
        }
    }
    if let Some(visible) = planned.all_visible_frac {
        if measured.pages > 0 {
            let pages = measured.pages as f64;
            // A stretch of pages begins and ends within a page.
            let tolerance = VISIBLE_FLOOR.max(2.0 / pages);
            let found = measured.pages_all_visible as f64 / pages;
            checks.add(Gate::Count, "all_visible_frac", true, visible, found, tolerance);
        } else {
            checks.not_measured("all_visible_frac", true, "the table has no pages");
        }
    }
    if let Some(toasted) = planned.toasted_values {
        match measured.toasted_values {
            Some(found) => {
                let tolerance = (toasted as f64 * TOAST_FLOOR).max(1.0);
                checks.add(Gate::Count, "toasted", true, toasted as f64, found as f64, tolerance);
            }
            None if refused("toasted") => {}
            None => checks.not_measured("toasted", true, unknown),
        }
    }
    for refusal in &measured.refused {
        checks.not_measured(&refusal.metric, true, &refusal.why);
    }
}

/// Adds the checks of a foreign key.
pub(super) fn fan_out(fan_out: &FanOutVerified, in_profile: bool, checks: &mut Checks) {
    let name = |what: &str| format!("fan_out {}{what}", fan_out.constraint);
    let Some(counted) = &fan_out.counted else {
        let why = fan_out.refused.as_deref().unwrap_or("the server was not asked");
        checks.not_measured(name(""), in_profile, why);
        return;
    };
    let parents = |degrees: &[(u64, u64)]| degrees.iter().map(|degree| degree.1).sum::<u64>();
    let with = |degrees: &[(u64, u64)], children: u64| -> u64 {
        degrees.iter().filter(|degree| degree.0 == children).map(|degree| degree.1).sum()
    };
    let most = |degrees: &[(u64, u64)]| {
        degrees.iter().filter(|degree| degree.1 > 0).map(|degree| degree.0).max().unwrap_or(0)
    };
    checks.count(name(" parents"), in_profile, parents(&fan_out.planned), parents(counted));
    checks.count(name(" childless"), in_profile, with(&fan_out.planned, 0), with(counted, 0));
    checks.count(name(" most children"), in_profile, most(&fan_out.planned), most(counted));
    // The largest distance between the distribution functions of children per parent, over all parents.
    let mut degrees: Vec<u64> = fan_out.planned.iter().chain(counted).map(|degree| degree.0).collect();
    degrees.sort_unstable();
    degrees.dedup();
    let all = (parents(&fan_out.planned).max(1) as f64, parents(counted).max(1) as f64);
    let of = |list: &[(u64, u64)]| -> std::collections::BTreeMap<u64, u64> {
        let mut map = std::collections::BTreeMap::new();
        for &(children, parents) in list {
            *map.entry(children).or_insert(0) += parents;
        }
        map
    };
    let (planned, found) = (of(&fan_out.planned), of(counted));
    let (mut sums, mut distance) = ((0.0, 0.0), 0.0_f64);
    for children in degrees {
        sums.0 += planned.get(&children).copied().unwrap_or(0) as f64 / all.0;
        sums.1 += found.get(&children).copied().unwrap_or(0) as f64 / all.1;
        distance = distance.max((sums.0 - sums.1).abs());
    }
    // Sums of fractions, not of counts: what rounding leaves is far below one parent.
    let tolerance = 0.5 / all.0.max(all.1);
    checks.add(Gate::Count, name(""), in_profile, 0.0, distance, tolerance);
}

/// Adds the check of a column that another decides.
pub(super) fn dependency(dependency: &DependencyVerified, rows: u64, checks: &mut Checks) {
    let metric = format!("depends_on {}", dependency.on);
    match dependency.decided_rows {
        Some(decided) if rows > 0 => {
            let found = decided as f64 / rows as f64;
            checks.add(Gate::Count, metric, true, dependency.degree, found, DEPENDENCY_FLOOR);
        }
        Some(_) => {}
        None => {
            let why = dependency.refused.as_deref().unwrap_or("the server was not asked");
            checks.not_measured(metric, true, why);
        }
    }
}
