//! Whether strategies lead to the same database.

use super::*;
use crate::event::{SchemaObject, StateSeen, TableContent};
use crate::judge::comparison::{End, Ends, compare};
use crate::model::comparison::{EndState, EndStatus};
use crate::sample::repeated::{content, indexed, object, took};

type State = (Vec<SchemaObject>, Vec<TableContent>);

/// Ends of strategies `a` and `b`, each after its repetitions.
fn compared(a: &[State], b: &[State], writes: bool) -> EndState {
    let seen = |(objects, tables): &State| StateSeen {
        moment: Moment::After,
        objects: objects.clone(),
        tables: Some(tables.clone()),
        not_read: None,
    };
    of_states(&a.iter().map(seen).collect::<Vec<_>>(), &b.iter().map(seen).collect::<Vec<_>>(), writes)
}

fn of_states(a: &[StateSeen], b: &[StateSeen], writes: bool) -> EndState {
    let mut sample = Sample::new(vec![strategy("a"), strategy("b")], budget());
    sample.repeat("a", 1, took(100.0, 0.0), None).repeat("b", 1, took(100.0, 0.0), None).end();
    let mut all = Ends::new();
    for (name, states) in [("a", a), ("b", b)] {
        let ends = (1..).zip(states).map(|(repetition, state)| End { run: 0, repetition, writes, state });
        all.insert(name.to_owned(), ends.collect());
    }
    compare(&sample.report().strategies, &all).end_state
}

fn told(state: &EndState) -> Vec<String> {
    let pair = &state.pairs[0];
    let differences = pair.differences.iter().map(|difference| difference.in_brief(&pair.one, &pair.other));
    differences.chain(pair.why.iter().cloned()).collect()
}

#[test]
fn what_is_alike_is_the_same() {
    let state = compared(&[indexed()], &[indexed()], true);
    assert_eq!(state.status, EndStatus::Same);
    assert_eq!((told(&state), state.repetitions.len()), (Vec::new(), 0));
}

#[test]
fn every_difference_is_told_once() {
    let (mut objects, mut tables) = indexed();
    objects[0].definition = "character varying(80) NOT NULL".to_owned();
    objects.remove(1);
    objects.extend([
        object("table", "public.audit", "owner app"),
        object("column", "public.audit: id", "bigint"),
        object("column", "public.users: role", "text"),
    ]);
    tables[0] = content("public.users", 1_000_000, &[("email", "other"), ("id", "bb"), ("role", "cc")]);
    tables.push(content("public.audit", 5, &[("id", "dd")]));
    let state = compared(&[indexed()], &[(objects, tables)], false);
    assert_eq!(state.status, EndStatus::Different);
    assert_eq!(
        told(&state),
        [
            "only b leads to table public.audit",
            "column public.users: email is defined differently",
            "only b leads to column public.users: role",
            "only a leads to index public.idx_users_email",
            "the values of public.users: email differ",
            "one repetition does not tell whether values differ every time (now(), random()): two do",
        ]
    );
}

#[test]
fn values_are_not_compared_where_their_keys_differ() {
    let keyed = |key: &str| {
        let mut end = indexed();
        for table in &mut end.1 {
            table.key = vec![key.to_owned()];
        }
        end
    };
    let (one, mut other) = (keyed("id"), keyed("email"));
    other.1[0].columns[0].digest = "of another key".to_owned();
    let state = compared(&[one], &[other], false);
    assert_eq!((state.status, state.pairs[0].data), (EndStatus::NotCompared, EndStatus::NotCompared));
    assert!(told(&state).iter().any(|told| told.contains("because their primary keys differ")));
}

#[test]
fn missing_rows_are_a_difference() {
    let fewer = (indexed().0, vec![content("public.users", 999_990, &[("email", "zz"), ("id", "yy")])]);
    let state = compared(&[indexed()], &[fewer], false);
    assert_eq!(told(&state), ["public.users has 1,000,000 rows after a and 999,990 after b"]);
}

#[test]
fn what_the_application_itself_writes_is_not_compared() {
    let other = (indexed().0, vec![content("public.users", 1_000_000, &[("email", "zz"), ("id", "bb")])]);
    let state = compared(&[indexed()], &[other], true);
    assert_eq!(state.status, EndStatus::NotCompared);
    assert_eq!(
        told(&state),
        ["what is in public.users: email is not compared, because the application's own writes change it"]
    );
}

#[test]
fn what_is_never_twice_the_same_is_not_compared() {
    let at = |digest: &str| {
        (indexed().0, vec![content("public.users", 1_000_000, &[("email", "aa"), ("seen", digest)])])
    };
    let state = compared(&[at("1"), at("2")], &[at("3")], false);
    assert_eq!(state.status, EndStatus::NotCompared);
    assert_eq!(
        told(&state),
        [
            "what is in public.users: seen is not compared, because it differs between repetitions of one strategy"
        ]
    );
    assert_eq!((state.repetitions[0].one, state.repetitions[0].other), (1, 2));
}

#[test]
fn rows_that_were_not_read_and_ends_that_were_not_seen_are_told() {
    let unread = StateSeen {
        moment: Moment::After,
        objects: indexed().0,
        tables: None,
        not_read: Some("public.users is larger than 1.00 GiB".to_owned()),
    };
    let state = of_states(std::slice::from_ref(&unread), std::slice::from_ref(&unread), false);
    assert_eq!(state.status, EndStatus::NotCompared);
    assert_eq!(
        told(&state)[0],
        "the rows that a leads to were not read: public.users is larger than 1.00 GiB"
    );
    let state = of_states(&[unread], &[], false);
    assert_eq!(state.status, EndStatus::NotSeen);
    assert_eq!(told(&state), ["what b leads to was not seen"]);
}
