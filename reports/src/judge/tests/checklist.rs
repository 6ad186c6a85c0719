//! The items of the checklist that the schema and the way back answer.

use super::*;
use crate::sample::repeated::object;
use crate::sample::rollback::{Column, DISPLAY_NAME, ID, USERNAME, users};

fn there_and_back(before: &[Column], after: &[Column], back: &[Column]) -> Strategy {
    let mut sample = Sample::changed(strategy("plain"), budget(), [before, after]);
    sample.there_and_back(back, after).closed(Outcome::Completed, None).end();
    judged(&sample)
}

/// A million users get a column of that definition.
fn added(definition: &str, table: &str) -> Strategy {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.event(Event::StateSeen(users(Moment::Before, &[ID])));
    sample.rehearse("plain").file(None, "plain.up.sql", "ALTER TABLE users ADD COLUMN role text", 1.0, 5.0);
    sample.at(7.0).migrated(Outcome::Completed).sampler(3, 5_000).inspected(&[], &[]);
    let mut after = users(Moment::After, &[ID]);
    after.objects.push(object("column", &format!("{table}: role"), definition));
    sample.event(Event::StateSeen(after)).closed(Outcome::Completed, None).end();
    judged(&sample)
}

#[test]
fn new_columns_are_known_by_name() {
    let cases = [
        ("text", CheckStatus::Pass, "public.users.role (nullable)"),
        ("text DEFAULT 'a'::text", CheckStatus::Pass, "public.users.role (nullable, with a default)"),
        ("boolean NOT NULL DEFAULT true", CheckStatus::Pass, "public.users.role (NOT NULL with a default)"),
        ("text NOT NULL", CheckStatus::Pass, "public.users.role (NOT NULL since it was filled)"),
    ];
    for (definition, status, evidence) in cases {
        assert_eq!(item(&added(definition, "public.users"), 3), (status, evidence));
    }
    let empty = added("text NOT NULL", "public.empty");
    assert_eq!(
        item(&empty, 3),
        (
            CheckStatus::Fail,
            "public.empty.role is NOT NULL and has no default; public.empty has no rows that refuse it"
        )
    );
    let none = there_and_back(&[ID], &[ID], &[ID]);
    assert_eq!(item(&none, 3), (CheckStatus::NotApplicable, "it adds no column to a table that was there"));
}

#[test]
fn another_name_for_a_column_is_no_new_column() {
    let renamed = there_and_back(&[ID, USERNAME], &[ID, DISPLAY_NAME], &[ID, USERNAME]);
    let evidence = "it adds no column to a table that was there; public.users.display_name is defined as public.users.username was";
    assert_eq!(item(&renamed, 3), (CheckStatus::NotApplicable, evidence));
    // One that is gone has one other name.
    let two = there_and_back(&[ID, USERNAME], &[ID, DISPLAY_NAME, ("role", "", 0)], &[ID, USERNAME]);
    assert_eq!(item(&two, 3).0, CheckStatus::Pass);
    // Another type is another column.
    let mut sample = Sample::changed(strategy("plain"), budget(), [&[ID, USERNAME], &[ID, DISPLAY_NAME]]);
    for entry in &mut sample.entries {
        let Event::StateSeen(state) = &mut entry.event else { continue };
        for object in state.objects.iter_mut().filter(|object| object.name.ends_with("display_name")) {
            object.definition = "jsonb".to_owned();
        }
    }
    sample.closed(Outcome::Completed, None).end();
    assert_eq!(item(&judged(&sample), 3), (CheckStatus::Pass, "public.users.display_name (nullable)"));
}

#[test]
fn a_quoted_table_has_the_rows_of_the_dataset() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    for entry in &mut sample.entries {
        if let Event::DatasetReady(ready) = &mut entry.event {
            ready.tables[0].table = "public.Users".to_owned();
        }
    }
    sample.event(Event::StateSeen(users(Moment::Before, &[ID])));
    sample.rehearse("plain").file(None, "plain.up.sql", "ALTER TABLE \"Users\" ADD role text", 1.0, 5.0);
    sample.at(7.0).migrated(Outcome::Completed).sampler(3, 5_000).inspected(&[], &[]);
    let mut after = users(Moment::After, &[ID]);
    after.objects.push(object("column", "public.\"Users\": role", "text NOT NULL"));
    sample.event(Event::StateSeen(after)).closed(Outcome::Completed, None).end();
    let evidence = "public.\"Users\".role (NOT NULL since it was filled)";
    assert_eq!(item(&judged(&sample), 3), (CheckStatus::Pass, evidence));
}

#[test]
fn where_nothing_has_to_be_undone_no_down_is_missing() {
    for nothing_to_undo in [true, false] {
        let declared = StrategyDeclared { down: Vec::new(), nothing_to_undo, ..strategy("plain") };
        let mut sample = Sample::changed(declared, budget(), [&[ID], &[ID]]);
        sample.closed(Outcome::Completed, None).end();
        let plain = judged(&sample);
        let said = (CheckStatus::Pass, "nothing has to be undone: every phase says so");
        assert_eq!([item(&plain, 1) == said, item(&plain, 7) == said], [nothing_to_undo; 2]);
        assert_eq!(plain.findings.iter().any(|finding| finding.id == "no-down"), !nothing_to_undo);
    }
}

#[test]
fn an_index_on_only_a_partitioned_table_is_no_fault() {
    const PARENT: u32 = 16_500;
    const INDEX: u32 = 16_501;
    let made = |partition: bool| {
        let mut sample = Sample::new(vec![strategy("plain")], budget());
        sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "");
        sample.relation(PARENT, "public.events", RelationKind::PartitionedTable, None);
        sample.at(1.0).begin().send("CREATE INDEX i ON ONLY events (at)", StatementTransaction::File);
        sample.new_relation(INDEX, "public.i", RelationKind::PartitionedIndex, Some(PARENT));
        let mut held = vec![lock(PARENT, ShareLock), lock(INDEX, AccessExclusiveLock)];
        if partition {
            sample.new_relation(USERS_EMAIL, "public.users_at_idx", RelationKind::Index, Some(USERS));
            held.extend([SHARE, lock(USERS_EMAIL, AccessExclusiveLock)]);
        }
        sample.at(3.0).done().at(3.5).reads(&held).at(4.0).commit(3.6);
        sample.at(5.0).over(Outcome::Completed).end();
        judged(&sample)
    };
    assert_eq!(item(&made(false), 4).0, CheckStatus::Pass);
    // Where its partitions get theirs in the same statement, these are built.
    let evidence = "public.users_at_idx was made under ShareLock on public.users";
    assert_eq!(item(&made(true), 4), (CheckStatus::Fail, evidence));
}

#[test]
fn the_rollback_plan_is_what_its_rehearsal_says() {
    let renamed = there_and_back(&[ID, USERNAME], &[ID, DISPLAY_NAME], &[ID, USERNAME]);
    assert_eq!(
        item(&renamed, 7),
        (
            CheckStatus::Pass,
            "plain.down.sql restores the schema in 42.0 ms and the data; the migration can be applied again"
        )
    );
    let loses = there_and_back(&[ID], &[ID, DISPLAY_NAME], &[ID]);
    assert_eq!(
        item(&loses, 7),
        (
            CheckStatus::Pass,
            "plain.down.sql restores the schema in 42.0 ms and what the rows held before; dropping \
             public.users.display_name loses 1,000,000 values that no other column has; the migration can be applied again"
        )
    );
    let incomplete = there_and_back(&[ID], &[ID, DISPLAY_NAME], &[ID, DISPLAY_NAME]);
    assert_eq!(
        item(&incomplete, 7),
        (
            CheckStatus::Fail,
            "plain.down.sql does not restore the schema: column public.users: display_name is there and was not"
        )
    );
    let mut skipped = Sample::changed(strategy("plain"), budget(), [&[ID], &[ID]]);
    skipped.event(Event::RollBackSkipped(RollBackSkipped { why: "it was asked not to be".to_owned() }));
    skipped.closed(Outcome::Completed, None).end();
    assert_eq!(
        item(&judged(&skipped), 7),
        (CheckStatus::NotMeasured, "plain.down.sql is there, but was not rehearsed: it was asked not to be")
    );
}
