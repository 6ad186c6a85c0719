//! Sound data passes; whatever is wrong with it fails, loudly.

use proptest::prelude::*;

use super::*;
use crate::event::{DependencyVerified, Event, FanOutVerified, Refusal, Share};
use crate::model::dataset::Table;
use crate::sample::{Sample, budget, fidelity::users, strategy};

/// The metrics that fail, with their columns.
fn failed(verified: &TableVerified) -> Vec<String> {
    let judged = judge(verified);
    let of_columns = judged
        .columns
        .iter()
        .flat_map(|column| column.checks.iter().map(|check| (column.name.as_str(), check)));
    let all = judged.checks.iter().map(|check| ("", check)).chain(of_columns);
    all.filter(|(_, check)| !check.ok).map(|(column, check)| format!("{column} {}", check.metric)).collect()
}

/// The doctored table fails in these metrics and no others.
fn fails(doctor: impl FnOnce(&mut TableVerified), metrics: &[&str]) {
    let mut verified = users();
    doctor(&mut verified);
    assert_eq!(failed(&verified), metrics);
}

#[test]
fn sound_data_passes_every_check() {
    let verified = users();
    assert_eq!(failed(&verified), Vec::<String>::new());
    let judged = judge(&verified);
    assert!(judged.score.is_some_and(|score| score > 90.0), "{:?}", judged.score);
    let metrics: Vec<&str> = judged.columns[1].checks.iter().map(|check| check.metric.as_str()).collect();
    assert_eq!(
        metrics,
        [
            "nulls",
            "count[active]",
            "count[deleted]",
            "null_frac",
            "avg_width",
            "n_distinct",
            "most_common_freqs[active]",
            "most_common_freqs[deleted]",
            "most_common_freqs",
            "correlation"
        ]
    );
}

#[test]
fn a_single_row_too_many_fails() {
    fails(|users| users.measured.rows += 1, &[" rows", "id nulls", "status nulls", "bio nulls"]);
    fails(|users| users.columns[1].planned.shares[0].counted = Some(939_999), &["status count[active]"]);
    fails(|users| users.columns[0].counted.greatest = Some(1_000_001.0), &["id greatest"]);
    fails(|users| users.columns[2].counted.distinct = Some(649_999), &["bio distinct"]);
}

#[test]
fn what_the_sample_says_fails_beyond_its_tolerance() {
    let statistics =
        |users: &mut TableVerified, column: usize, wrong: fn(&mut crate::event::ColumnStatistics)| {
            wrong(users.columns[column].statistics.as_mut().unwrap());
        };
    let more_nulls = |bio: &mut crate::event::ColumnStatistics| {
        (bio.null_frac, bio.n_distinct) = (0.365, -0.635);
    };
    fails(|users| statistics(users, 2, more_nulls), &["bio null_frac"]);
    fails(|users| statistics(users, 0, |id| id.n_distinct = -0.99), &["id n_distinct"]);
    fails(|users| statistics(users, 0, |id| id.correlation = Some(0.9)), &["id correlation"]);
    fails(|users| statistics(users, 2, |bio| bio.avg_width = 124.0), &["bio avg_width"]);
    let squeeze = |id: &mut crate::event::ColumnStatistics| {
        id.histogram_bounds.iter_mut().for_each(|bound| *bound = *bound * *bound / 1e6);
    };
    fails(|users| statistics(users, 0, squeeze), &["id histogram_bounds"]);
    fails(
        |users| statistics(users, 0, |id| id.histogram_bounds[100] = 998_000.0),
        &["id histogram_bounds ends"],
    );
    fails(
        |users| users.columns[1].planned.shares[1].frequency = None,
        &["status most_common_freqs[deleted]", "status most_common_freqs"],
    );
}

#[test]
fn the_physical_state_is_held_against_the_profile() {
    let declare = |users: &mut TableVerified| {
        users.planned.dead_frac = Some(0.1);
        users.planned.free_frac = Some(0.2);
        users.planned.all_visible_frac = Some(0.5);
        users.planned.toasted_values = Some(5_000);
        users.measured.free_bytes = Some(28_000_000);
        users.measured.dead_rows = Some(111_111);
        users.measured.pages_all_visible = 8_750;
        users.measured.toasted_values = Some(5_000);
    };
    fails(declare, &[]);
    let wrong = |users: &mut TableVerified| {
        declare(users);
        users.measured.free_bytes = Some(1_000);
        users.measured.dead_rows = Some(0);
        users.measured.pages_all_visible = 17_500;
        users.measured.toasted_values = Some(0);
    };
    fails(wrong, &[" dead_frac", " free_frac", " all_visible_frac", " toasted"]);
}

#[test]
fn children_per_parent_are_exact() {
    let fan_out = |counted: Vec<(u64, u64)>| FanOutVerified {
        constraint: "users_org_id_fkey".to_owned(),
        columns: vec!["status".to_owned()],
        parent: "public.orgs".to_owned(),
        planned: vec![(0, 20), (1, 50), (3, 30)],
        counted: Some(counted),
        refused: None,
    };
    let with = |counted| move |users: &mut TableVerified| users.fan_outs = vec![fan_out(counted)];
    fails(with(vec![(0, 20), (1, 50), (3, 30)]), &[]);
    let name = "status fan_out users_org_id_fkey";
    fails(with(vec![(0, 20), (1, 49), (2, 1), (3, 30)]), &[name]);
    let most = format!("{name} most children");
    let childless = format!("{name} childless");
    fails(with(vec![(0, 21), (1, 49), (4, 30)]), &[&childless, &most, name]);
}

#[test]
fn what_was_not_measured_is_no_pass() {
    let mut verified = users();
    verified.columns[0].statistics = None;
    verified.columns[1].statistics.as_mut().unwrap().compared = false;
    verified.columns[1].refused =
        vec![Refusal { metric: "most_common_freqs".to_owned(), why: "no operator".to_owned() }];
    verified.columns[2].planned.width_bytes = Some(1_500.0);
    verified.dependencies = vec![DependencyVerified {
        on: "id".to_owned(),
        column: "status".to_owned(),
        degree: 0.9,
        decided_rows: None,
        refused: Some("no".to_owned()),
    }];
    let judged = judge(&verified);
    let gaps: Vec<String> = judged
        .columns
        .iter()
        .flat_map(|column| column.not_measured.iter().map(|gap| format!("{} {}", column.name, gap.metric)))
        .collect();
    assert_eq!(gaps, ["id pg_stats", "status depends_on id", "status most_common_freqs", "bio correlation"]);
    assert!(judged.columns[1].checks.iter().all(|check| !check.metric.starts_with("most_common_freqs")));
}

#[test]
fn nothing_that_the_profile_says_is_passed_over() {
    let mut verified = users();
    let keys = ["null_frac", "histogram_bounds", "fan_out", "depends_on", "elem_count_histogram", "toasted"];
    verified.columns[1].declared.extend(keys.map(str::to_owned));
    let judged = judge(&verified);
    let gaps: Vec<&str> = judged.columns[1].not_measured.iter().map(|gap| gap.metric.as_str()).collect();
    // Its values are no numbers, and there is nothing else to find; NULLs were counted.
    assert_eq!(gaps, ["histogram_bounds", "fan_out", "depends_on", "elem_count_histogram", "toasted"]);
    assert!(judged.columns[1].not_measured.iter().all(|gap| gap.declared_in_profile));
}

#[test]
fn few_repeats_are_luck() {
    let mut verified = users();
    verified.columns[2].planned.shares =
        vec![Share { distinct: 649_990, ..verified.columns[2].planned.shares[0].clone() }];
    verified.columns[2].planned.distinct = 649_990;
    let bio = &judge(&verified).columns[2];
    assert!(bio.not_measured.iter().any(|gap| gap.metric == "n_distinct"), "{bio:?}");
    assert!(bio.checks.iter().all(|check| check.metric != "n_distinct"));
}

#[test]
fn a_report_says_what_is_wrong_with_the_data_and_the_worst_first() {
    let mut verified = users();
    let bio = verified.columns[2].statistics.as_mut().unwrap();
    (bio.null_frac, bio.n_distinct) = (0.4, -0.6);
    verified.columns[1].planned.shares[0].counted = Some(1);
    let mut sample = Sample::begun(vec![strategy("plain")], budget());
    sample.event(Event::TableVerified(verified)).loaded_as(None);
    sample.rehearse("plain").at(1.0).over(crate::event::Outcome::Completed).end();
    let report = sample.report();
    let dataset = report.dataset.as_ref().unwrap();
    assert_eq!(dataset.fidelity_ok, Some(false));
    assert_eq!(dataset.fidelity.as_ref().unwrap().failed, 2);
    let metrics: Vec<&str> = failures(dataset).iter().map(|failure| failure.check.metric.as_str()).collect();
    assert_eq!(metrics, ["count[active]", "null_frac"]);
    assert!(report.warnings.iter().any(|warning| warning.starts_with("The data is not what was declared")));
}

#[test]
fn data_that_nobody_checked_is_neither_sound_nor_unsound() {
    let mut sample = Sample::begun(vec![strategy("plain")], budget());
    sample.loaded_as(None);
    sample.rehearse("plain").at(1.0).over(crate::event::Outcome::Completed).end();
    assert_eq!(sample.report().dataset.unwrap().fidelity_ok, None);
}

#[test]
fn one_bad_check_weighs_more_in_the_score_than_many_near_misses() {
    let check = |measured: f64| Check {
        metric: "m".to_owned(),
        declared: 0.0,
        measured,
        tolerance: 1.0,
        ok: measured <= 1.0,
        gate: Gate::Analyze,
        declared_in_profile: true,
    };
    assert_eq!(score([check(0.0)].iter()), Some(100.0));
    assert_eq!(score([check(9.0)].iter()), Some(0.0));
    assert_eq!(score([check(0.5), check(0.5)].iter()), Some(75.0));
    assert_eq!(score([].iter()), None);
}

proptest! {
    #[test]
    fn whatever_a_record_says_is_judged(
        rows: u64,
        counts in prop::collection::vec((any::<u64>(), any::<u64>()), 0..5),
        numbers in prop::collection::vec(-1e30_f64..1e30, 6),
        sampled: u64,
    ) {
        let mut verified = users();
        (verified.measured.rows, verified.measured.sample_rows_max) = (rows, sampled);
        let column = &mut verified.columns[0];
        column.planned.shares = counts
            .iter()
            .map(|&(rows, distinct)| Share {
                rows,
                distinct,
                first: Some(numbers[0]),
                last: Some(numbers[1]),
                value: Some("v".to_owned()),
                counted: None,
                frequency: None,
            })
            .collect();
        let statistics = column.statistics.as_mut().unwrap();
        statistics.n_distinct = numbers[2];
        statistics.null_frac = numbers[3];
        statistics.correlation = Some(numbers[4]);
        statistics.most_common = vec![(numbers[5], numbers[4])];
        let judged = judge(&verified);
        let of_columns = judged.columns.iter().flat_map(|column| &column.checks);
        for check in judged.checks.iter().chain(of_columns) {
            let passes = (check.measured - check.declared).abs() <= check.tolerance;
            prop_assert_eq!(check.ok, passes);
        }
        let table = Table {
            name: "t".to_owned(),
            rows,
            bytes: None,
            load_ms: None,
            rows_per_second: None,
            columns: judged.columns,
            checks: judged.checks,
            not_measured: judged.not_measured,
            score: judged.score,
        };
        prop_assert!(table.score.is_none_or(|score| (0.0..=100.0).contains(&score)));
    }
}
