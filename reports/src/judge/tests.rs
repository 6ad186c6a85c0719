//! Verdicts, findings and the checklist.

use crate::Report;
use crate::event::{LockMode::*, *};
use crate::model::Quantity;
use crate::model::strategy::{BudgetStatus, CheckStatus, Severity, Strategy, Verdict};
use crate::sample::*;

mod blame;
mod checklist;
mod compared;
mod ends;
mod pain;
mod phases;

/// One statement in a transaction of its file, which takes these locks and is done in 2 s.
fn one_statement(declared: StrategyDeclared, limits: BudgetDeclared, sql: &str, held: &[HeldLock]) -> Sample {
    let mut sample = Sample::new(vec![declared], limits);
    sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "");
    sample.at(1.0).begin().send(sql, StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0);
    for lock in held {
        sample.seen(*lock);
    }
    sample.at(2_000.0).done().at(2_000.1).reads(held).at(2_001.0).commit(2_000.2);
    sample.at(2_002.0).over(Outcome::Completed).end();
    sample
}

fn judged(sample: &Sample) -> Strategy {
    sample.report().strategies.remove(0)
}

fn status(strategy: &Strategy, limit: &str) -> Option<(BudgetStatus, Option<Quantity>)> {
    strategy.budget.iter().find(|line| line.limit == limit).map(|line| (line.status, line.measured))
}

fn item(strategy: &Strategy, number: usize) -> (CheckStatus, &str) {
    let item = &strategy.checklist[number - 1];
    (item.status, item.evidence.as_str())
}

fn warned(report: &Report, words: &str) -> bool {
    report.warnings.iter().any(|warning| warning.contains(words))
}

const SHARE: HeldLock = HeldLock { relation_oid: USERS, mode: ShareLock };
const EXCLUSIVE: HeldLock = HeldLock { relation_oid: USERS, mode: AccessExclusiveLock };

#[test]
fn within_budget_passes_though_defaults_were_not_measured() {
    let sample = one_statement(strategy("plain"), budget(), "SELECT 1", &[]);
    let report = sample.report();
    let plain = &report.strategies[0];
    assert_eq!((plain.verdict, plain.as_expected, report.verdict), (Verdict::Pass, None, Verdict::Pass));
    assert_eq!(status(plain, "duration"), Some((BudgetStatus::Pass, Some(Quantity::Fraction(2_002.0)))));
    for limit in ["read_stall", "write_stall", "probe_errors"] {
        assert_eq!(status(plain, limit), Some((BudgetStatus::NotMeasured, None)), "{limit}");
    }
    // What nobody limited is not among the limits.
    assert_eq!(plain.budget.len(), 4);
    assert!(warned(
        &report,
        "Not measured, and no part of the verdict: read_stall, write_stall, probe_errors"
    ));
}

#[test]
fn a_declared_limit_that_is_not_measured_fails() {
    let mut limits = budget();
    limits.declared = vec!["write_stall".to_owned()];
    let report = one_statement(strategy("plain"), limits, "SELECT 1", &[]).report();
    assert_eq!(report.strategies[0].verdict, Verdict::Fail);
    assert_eq!(status(&report.strategies[0], "write_stall"), Some((BudgetStatus::NotMeasured, None)));
    assert!(warned(&report, "Not measured, which fails the verdict"), "{:?}", report.warnings);
}

#[test]
fn every_measured_limit_can_fail() {
    let over = |change: fn(&mut BudgetDeclared), limit: &str| {
        let mut limits = budget();
        change(&mut limits);
        let mut sample = one_statement(strategy("plain"), limits, "ALTER TABLE …", &[EXCLUSIVE]);
        let changed = StorageChanged { statement: 0, relation_oid: USERS, old_filenode: 1, new_filenode: 2 };
        let at_us = sample.us(2_000.0);
        sample.entries.push(Entry { at_us, rehearsal: Some(1), event: Event::StorageChanged(changed) });
        let plain = judged(&sample);
        assert_eq!(plain.verdict, Verdict::Fail, "{limit}");
        let line = plain.budget.iter().find(|line| line.limit == limit).expect("the limit");
        assert_eq!(line.status, BudgetStatus::Fail, "{limit}");
        line.measured
    };
    assert_eq!(over(|limits| limits.duration_ms = 2_001.0, "duration"), Some(Quantity::Fraction(2_002.0)));
    assert_eq!(over(|limits| limits.rewrite_allowed = false, "rewrite"), Some(Quantity::Whole(1)));
    assert_eq!(over(|limits| limits.wal_bytes = Some(29_999_999), "wal"), Some(Quantity::Whole(30_000_000)));
    assert_eq!(
        over(|limits| limits.disk_growth_bytes = Some(41_102_207), "disk_growth"),
        Some(Quantity::Whole(41_102_208))
    );
}

#[test]
fn a_rewrite_of_a_new_table_is_nobodys_business() {
    const NEW: u32 = 20_000;
    let mut limits = budget();
    limits.rewrite_allowed = false;
    let mut sample = one_statement(strategy("plain"), limits, "ALTER …", &[lock(NEW, AccessExclusiveLock)]);
    let at_us = sample.us(2_000.0);
    let named = RelationNamed {
        oid: NEW,
        name: "public.fresh".to_owned(),
        kind: RelationKind::Table,
        system: false,
        created_by_migration: true,
        of_table_oid: None,
    };
    let changed = StorageChanged { statement: 0, relation_oid: NEW, old_filenode: 1, new_filenode: 2 };
    for event in [Event::RelationNamed(named), Event::StorageChanged(changed)] {
        sample.entries.push(Entry { at_us, rehearsal: Some(1), event });
    }
    let plain = judged(&sample);
    assert_eq!((plain.verdict, plain.findings.len()), (Verdict::Pass, 0));
    assert_eq!(plain.rehearsals[0].statements[0].rewrites, ["public.fresh"]);
}

#[test]
fn expectations_are_compared() {
    let run = |verdict: Option<&str>, findings: &[&str], duration_ms: f64| {
        let mut declared = strategy("plain");
        declared.expect_verdict = verdict.map(str::to_owned);
        declared.expect_findings = findings.iter().map(|id| (*id).to_owned()).collect();
        let mut limits = budget();
        limits.duration_ms = duration_ms;
        let report = one_statement(declared, limits, "SELECT 1", &[]).report();
        (report.strategies[0].verdict, report.strategies[0].as_expected, report.verdict)
    };
    let (fits, too_short) = (1e6, 1.0);
    assert_eq!(run(None, &[], too_short), (Verdict::Fail, None, Verdict::Fail));
    assert_eq!(run(Some("fail"), &[], too_short), (Verdict::Fail, Some(true), Verdict::Pass));
    assert_eq!(run(Some("pass"), &[], too_short), (Verdict::Fail, Some(false), Verdict::Fail));
    assert_eq!(run(Some("fail"), &[], fits), (Verdict::Pass, Some(false), Verdict::Fail));
    assert_eq!(run(Some("pass"), &["table-rewrite"], fits), (Verdict::Pass, Some(false), Verdict::Fail));
    // Findings alone do not excuse from the budget.
    assert_eq!(run(None, &["table-rewrite"], too_short), (Verdict::Fail, Some(false), Verdict::Fail));
}

#[test]
fn an_environment_that_failed_is_an_error_even_where_that_was_expected_to_fail() {
    let mut declared = strategy("plain");
    declared.expect_verdict = Some("fail".to_owned());
    let mut sample = Sample::new(vec![declared], budget());
    sample.rehearse("plain").at(5.0).closed(Outcome::Failed, Some("the server went away")).end();
    let report = sample.report();
    let plain = &report.strategies[0];
    assert_eq!(
        (plain.verdict, plain.as_expected, report.verdict),
        (Verdict::Error, Some(false), Verdict::Error)
    );
}

#[test]
fn the_worst_of_all_rehearsals_counts() {
    let mut limits = budget();
    limits.duration_ms = 1_000.0;
    let mut sample = Sample::new(vec![strategy("plain")], limits);
    for (repetition, ms) in [(1, 10.0), (2, 1_500.0), (3, 20.0)] {
        sample.rehearse_again("plain", repetition).at(ms).over(Outcome::Completed);
    }
    sample.end();
    let plain = judged(&sample);
    assert_eq!(status(&plain, "duration"), Some((BudgetStatus::Fail, Some(Quantity::Fraction(1_500.0)))));
    assert_eq!(plain.rehearsals.len(), 3);
}

#[test]
fn half_a_migration_does_not_prove_that_the_whole_is_within_its_limits() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").at(5.0).over(Outcome::Failed).end();
    let plain = judged(&sample);
    assert_eq!(plain.verdict, Verdict::Fail);
    assert_eq!(status(&plain, "duration"), Some((BudgetStatus::NotMeasured, Some(Quantity::Fraction(5.0)))));
}

#[test]
fn a_cancelled_statement_of_an_interrupted_run_is_no_finding() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("a.sql", TransactionShape::File, "").at(1.0);
    let error = refusal("57014", "canceling statement due to user request");
    sample.send("SELECT 1", StatementTransaction::File).at(2.0).fails(error).over(Outcome::Interrupted).end();
    assert_eq!(judged(&sample).findings, []);
}

#[test]
fn findings_are_told_once_and_the_worst_first() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    for repetition in [1, 2] {
        sample.rehearse_again("plain", repetition).step("a.sql", TransactionShape::File, "");
        sample.at(1.0).begin().send("ALTER TABLE users ADD CHECK …", StatementTransaction::File);
        sample.at(2.0).done().at(2.1).reads(&[EXCLUSIVE]).at(3.0).commit(2.2).migrated(Outcome::Completed);
        sample.sampler(9, 1_000).inspected(&["public.a"], &["public.users: c", "public.orders: not_touched"]);
        sample.closed(Outcome::Completed, None);
    }
    sample.end();
    let found = judged(&sample).findings;
    let told: Vec<_> =
        found.iter().map(|finding| (finding.id.as_str(), finding.severity, finding.repetition)).collect();
    assert_eq!(
        told,
        [
            ("invalid-index-left", Severity::High, 1),
            ("constraint-not-validated", Severity::Low, 1),
            ("no-lock-timeout", Severity::Low, 1),
        ]
    );
    assert!(found[0].advice.contains("DROP INDEX CONCURRENTLY public.a;"));
    assert!(found[1].advice.contains("ALTER TABLE public.users VALIDATE CONSTRAINT c;"));
    assert_eq!(found[1].statement, Some(0));
}

#[test]
fn strategies_are_ordered_by_verdict_then_block_then_duration() {
    let mut limits = budget();
    limits.duration_ms = 5_000.0;
    let names = ["slow", "blocking", "failing", "gentle", "new-table-only"];
    let mut sample = Sample::new(names.map(strategy).to_vec(), limits);
    let mut run = |name: &str, held: &[HeldLock], ms: f64| {
        sample.rehearse(name).step("a.sql", TransactionShape::File, "").at(1.0).begin();
        sample.send("s", StatementTransaction::File).at(ms - 3.0).done().at(ms - 2.0).reads(held);
        sample.at(ms - 1.0).commit(ms - 1.5).at(ms);
        if name == "new-table-only" {
            sample.new_relation(20_000, "public.fresh", RelationKind::Table, None);
        }
        sample.over(Outcome::Completed);
    };
    run("slow", &[lock(USERS, ShareUpdateExclusiveLock)], 4_000.0);
    run("blocking", &[SHARE], 100.0);
    run("failing", &[], 6_000.0);
    run("gentle", &[lock(USERS, RowShareLock)], 3_000.0);
    run("new-table-only", &[lock(20_000, AccessExclusiveLock)], 3_500.0);
    sample.end();
    let comparison = sample.report().comparison;
    assert_eq!(comparison.order, ["gentle", "new-table-only", "slow", "blocking", "failing"]);
    let blocking = &comparison.rows[3];
    assert_eq!(blocking.writes_blocked.map(|hold| hold.hold_ms), Some(98.0));
    assert_eq!(blocking.reads_blocked.map(|hold| hold.hold_ms), Some(0.0));
}

#[test]
fn checklist_of_a_plain_index() {
    const INDEX: u32 = 20_001;
    let mut sample = one_statement(
        strategy("plain"),
        budget(),
        "CREATE INDEX i …",
        &[SHARE, lock(INDEX, AccessExclusiveLock)],
    );
    let named = RelationNamed {
        oid: INDEX,
        name: "public.i".to_owned(),
        kind: RelationKind::Index,
        system: false,
        created_by_migration: true,
        of_table_oid: Some(USERS),
    };
    let at_us = sample.us(2_000.0);
    sample.entries.push(Entry { at_us, rehearsal: Some(1), event: Event::RelationNamed(named) });
    let plain = judged(&sample);
    assert_eq!(item(&plain, 1), (CheckStatus::Pass, "down: plain.down.sql"));
    assert_eq!(item(&plain, 2).0, CheckStatus::Fail);
    assert_eq!(item(&plain, 3).0, CheckStatus::NotApplicable);
    assert_eq!(item(&plain, 4), (CheckStatus::Fail, "public.i was made under ShareLock on public.users"));
    assert_eq!(item(&plain, 5).0, CheckStatus::NotApplicable);
    assert_eq!(item(&plain, 6).0, CheckStatus::Pass);
    assert_eq!(item(&plain, 7), (CheckStatus::NotMeasured, "plain.down.sql is there, but was not rehearsed"));
}

#[test]
fn checklist_of_schema_and_data_in_one_file() {
    let rows = lock(USERS, RowExclusiveLock);
    let together = one_statement(strategy("plain"), budget(), "UPDATE users …", &[EXCLUSIVE, rows]);
    assert_eq!(
        item(&judged(&together), 5),
        (
            CheckStatus::Fail,
            "plain.up.sql changes rows of public.users and takes AccessExclusiveLock on public.users"
        )
    );
    let alone = one_statement(strategy("plain"), budget(), "UPDATE users …", &[rows]);
    assert_eq!(item(&judged(&alone), 5).0, CheckStatus::Pass);
    assert_eq!(item(&judged(&alone), 2).0, CheckStatus::Pass);
}

#[test]
fn checklist_of_a_column_that_cannot_be() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("a.sql", TransactionShape::File, "").at(1.0);
    let error = refusal("23502", "column \"role\" of relation \"users\" contains null values");
    sample.send("ALTER TABLE …", StatementTransaction::File).at(2.0).fails(error).over(Outcome::Failed).end();
    assert_eq!(item(&judged(&sample), 3).0, CheckStatus::Fail);
    assert_eq!(item(&judged(&sample), 2).0, CheckStatus::NotMeasured);
}

#[test]
fn checklist_of_a_change_without_a_way_back() {
    let with = |irreversible: Option<&str>| {
        let mut declared = strategy("plain");
        declared.down = Vec::new();
        declared.irreversible = irreversible.map(str::to_owned);
        let plain = judged(&one_statement(declared, budget(), "SELECT 1", &[]));
        (item(&plain, 1).0, item(&plain, 7).0)
    };
    assert_eq!(with(None), (CheckStatus::Fail, CheckStatus::Fail));
    assert_eq!(with(Some("rows are gone")), (CheckStatus::Pass, CheckStatus::Pass));
}

#[test]
fn checklist_of_less_data_than_declared_and_of_a_run_without_statements() {
    let mut sample = one_statement(strategy("plain"), budget(), "SELECT 1", &[]);
    for entry in &mut sample.entries {
        if let Event::RunStarted(run) = &mut entry.event {
            run.scale = 0.1;
        }
    }
    assert_eq!(item(&judged(&sample), 6).0, CheckStatus::Fail);

    let never = judged(&Sample::new(vec![strategy("plain")], budget()));
    for number in 2..=7 {
        assert_eq!(item(&never, number).0, CheckStatus::NotMeasured, "{number}");
    }
}

#[test]
fn what_was_sampled_too_seldom_proves_no_absence() {
    let run = |gap_us_max: u64| {
        let mut sample = Sample::new(vec![strategy("plain")], budget());
        sample.rehearse("plain").step("a.sql", TransactionShape::Statement, "");
        let weak = lock(USERS, ShareUpdateExclusiveLock);
        sample.at(1.0).send("CREATE INDEX CONCURRENTLY …", StatementTransaction::None);
        sample
            .at(3.0)
            .sampled_before(1.0)
            .seen(weak)
            .at(900.0)
            .done()
            .sampled_before(899.0)
            .at(901.0)
            .gone(weak);
        sample.migrated(Outcome::Completed).sampler(9, gap_us_max).inspected(&[], &[]);
        sample.closed(Outcome::Completed, None).end();
        item(&judged(&sample), 2).0
    };
    assert_eq!(run(2_000), CheckStatus::Pass);
    assert_eq!(run(700_000), CheckStatus::NotMeasured);
}

#[test]
fn a_migration_that_fails_without_a_failing_statement_is_a_finding() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("a.sql", TransactionShape::Explicit, "").at(1.0);
    sample.send("BEGIN", StatementTransaction::None).at(2.0).done().over(Outcome::Failed).end();
    let found = judged(&sample).findings;
    assert_eq!((found.len(), found[0].id.as_str(), found[0].statement), (1, "statement-failed", Some(0)));
}
#[test]
fn what_was_left_behind_before_is_not_blamed_on_the_migration() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "");
    sample.at(1.0).begin().send("ALTER TABLE users …", StatementTransaction::File);
    sample.at(2.0).done().at(2.1).reads(&[EXCLUSIVE]).at(3.0).commit(2.2);
    sample.at(4.0).migrated(Outcome::Completed).sampler(400, 5_200);
    sample.inspected(&["public.old", "public.new"], &["public.users: old_check", "public.users: new_check"]);
    sample.closed(Outcome::Completed, None).end();
    for entry in &mut sample.entries {
        if let Event::MigrationStarted(started) = &mut entry.event {
            started.invalid_indexes = Some(vec!["public.old".to_owned()]);
            started.not_valid_constraints = Some(vec!["public.users: old_check".to_owned()]);
        }
    }
    let found = judged(&sample).findings.into_iter().filter(|finding| finding.id != "no-lock-timeout");
    let found: Vec<String> = found.map(|finding| finding.evidence).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|evidence| evidence.contains("new")), "{found:?}");
}

#[test]
fn an_index_is_judged_by_the_statement_that_made_it() {
    const INDEX: u32 = 20_100;
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("a.sql", TransactionShape::Statement, "");
    sample.new_relation(INDEX, "public.users_new", RelationKind::Index, Some(USERS));
    let index = |mode| HeldLock { relation_oid: INDEX, mode };
    let share_update = HeldLock { relation_oid: USERS, mode: ShareUpdateExclusiveLock };
    sample.at(1.0).send("CREATE UNIQUE INDEX CONCURRENTLY …", StatementTransaction::None);
    sample.at(2.0).sampled_before(1.0).seen(share_update).seen(index(RowExclusiveLock));
    sample.at(50.0).done().at(51.0).sampled_before(50.0).gone(share_update);
    sample.gone(index(RowExclusiveLock));
    sample.at(60.0).begin().send("ALTER TABLE users ADD UNIQUE USING INDEX …", StatementTransaction::File);
    sample
        .at(61.0)
        .done()
        .at(61.1)
        .reads(&[EXCLUSIVE, index(ShareUpdateExclusiveLock)])
        .at(62.0)
        .commit(61.2);
    sample.at(63.0).over(Outcome::Completed).end();
    let plain = judged(&sample);
    assert_eq!(item(&plain, 4).0, CheckStatus::Pass, "{}", item(&plain, 4).1);
}
