//! Rows that are tied to rows: every reference exists, and there are as many as planned.

use std::collections::{BTreeMap, BTreeSet};

use pgrehearse_scenarios::diagnostic::{Diagnostic, Severity};
use pgrehearse_scenarios::profile::{ColumnProfile, Degrees, DependsOn, FanOut};
use pgrehearse_scenarios::source::Place;
use proptest::prelude::*;

use super::shapes::*;
use crate::dataset::plan::{FanOutPlan, Plan, TablePlan};
use crate::postgres::shape::{ColumnType, ForeignKey, TableShape, UniqueKey};

fn fan_out(degrees: Degrees, childless_frac: Option<f64>, clustering: Option<f64>) -> FanOut {
    FanOut { degrees, childless_frac, clustering, place: Place::default() }
}

fn spread(name: &str, fan_out: FanOut) -> ColumnProfile {
    ColumnProfile { fan_out: Some(fan_out), ..says(name) }
}

fn id(name: &str) -> crate::postgres::shape::ColumnShape {
    not_null(name, ColumnType::Int8)
}

/// A foreign key over several columns.
fn foreign(name: &str, columns: &[usize], oid: u32, referenced: &[usize]) -> ForeignKey {
    ForeignKey {
        name: name.into(),
        columns: columns.to_vec(),
        ref_table_oid: oid,
        ref_columns: referenced.to_vec(),
    }
}

fn with(mut table: TableShape, keys: Vec<ForeignKey>) -> TableShape {
    table.foreign_keys.extend(keys);
    table
}

fn of<'a>(plan: &'a Plan, name: &str) -> &'a TablePlan {
    plan.tables.iter().find(|table| table.full_name() == format!("public.{name}")).expect("planned")
}

/// The fields of several columns, row by row.
fn rows(table: &TablePlan, columns: &[usize]) -> Vec<Vec<Option<Vec<u8>>>> {
    let columns: Vec<_> = columns.iter().map(|&column| fields(table, column)).collect();
    (0..table.rows() as usize).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

/// How many parents have each number of children, ascending.
fn degrees<T: Ord>(children: impl IntoIterator<Item = T>, parents: &BTreeSet<T>) -> Vec<(u64, u64)> {
    let found = counts(children);
    assert!(found.keys().all(|key| parents.contains(key)), "every reference exists");
    let mut degrees = counts(found.values().copied());
    let childless = (parents.len() - found.len()) as u64;
    if childless > 0 {
        degrees.insert(0, childless);
    }
    degrees.into_iter().collect()
}

fn only(table: &TablePlan) -> &FanOutPlan {
    let [plan] = table.fan_outs() else { panic!("one relation: {:?}", table.fan_outs()) };
    plan
}

fn refused(tables: &[TableShape], declared: Vec<(&str, u64, Vec<ColumnProfile>)>) -> String {
    let problems = planned(tables, &profile(declared), 1).expect_err("it cannot be");
    let say = |problem: &Diagnostic| match &problem.help {
        Some(help) => format!("{} [{help}]", problem.message),
        None => problem.message.clone(),
    };
    problems.iter().map(say).collect::<Vec<_>>().join("\n")
}

fn any_degrees() -> impl Strategy<Value = Degrees> {
    prop_oneof![Just(Degrees::Uniform), (0.1f64..2.5).prop_map(Degrees::Zipf)]
}

/// Anything that can be written there, legal or not.
fn wild_number() -> impl Strategy<Value = f64> {
    prop_oneof![16 => 0.0f64..1.0, 2 => -1.0f64..4.0, 1 => any::<f64>()]
}

fn wild_fan_out() -> impl Strategy<Value = FanOut> {
    let explicit = proptest::collection::vec((0u64..9, wild_number()), 0..4).prop_map(Degrees::Explicit);
    let degrees = prop_oneof![5 => any_degrees(), 2 => wild_number().prop_map(Degrees::Zipf), 1 => explicit];
    (degrees, proptest::option::of(wild_number()), proptest::option::of(wild_number()))
        .prop_map(|(degrees, childless_frac, clustering)| fan_out(degrees, childless_frac, clustering))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn relations_are_made_exactly_or_refused(
        parents in 0u64..60,
        rows in 0u64..400,
        declared in wild_fan_out(),
        null_frac in proptest::option::of(wild_number()),
        depends in proptest::option::of((proptest::sample::select(vec!["p_id", "a", "a", "a", "b", "none"]), wild_number())),
        n_distinct in proptest::option::of(1u64..40),
        unique in proptest::bool::weighted(0.15),
        own_parent in proptest::bool::weighted(0.3),
    ) {
        let parent = table(1, "p", vec![id("id")]).primary(&[0]);
        let of = u32::from(own_parent) + 1;
        let columns =
            vec![column("p_id", ColumnType::Int8), column("a", ColumnType::Int4), column("b", ColumnType::Int4), id("id")];
        let child = table(2, "c", columns).primary(&[3]);
        let child = with(child, vec![foreign("c_p", &[0], of, &[if own_parent { 3 } else { 0 }])]);
        let child = if unique { child.unique(&[0, 1]) } else { child };
        let mut columns = vec![ColumnProfile { null_frac, ..spread("p_id", declared) }];
        columns.push(ColumnProfile { n_distinct: n_distinct.map(|count| count as f64), ..says("a") });
        if let Some((column, degree)) = depends {
            let depends_on = DependsOn { column: column.into(), degree, place: Place::default() };
            columns.push(ColumnProfile { depends_on: Some(depends_on), ..says("b") });
        }
        let declared = profile(vec![("p", parents, vec![]), ("c", rows, columns)]);
        match planned(&[parent, child], &declared, 9) {
            Ok(plan) => {
                let Some(child) = plan.tables.iter().find(|table| table.full_name() == "public.c") else {
                    return Ok(());
                };
                let keys = fields(child, 3).into_iter().flatten().collect::<BTreeSet<_>>();
                prop_assert_eq!(keys.len() as u64, child.rows());
                let references: Vec<_> = fields(child, 0).into_iter().flatten().collect();
                if let Some(planned) = child.fan_outs().first() {
                    let children: u64 = planned.degrees.iter().map(|&(children, parents)| children * parents).sum();
                    prop_assert_eq!(references.len() as u64, children);
                }
                if unique {
                    let pairs = self::rows(child, &[0, 1]).into_iter().filter(|pair| pair.iter().all(Option::is_some));
                    let pairs: Vec<_> = pairs.collect();
                    prop_assert_eq!(pairs.iter().collect::<BTreeSet<_>>().len(), pairs.len());
                }
            }
            Err(problems) => prop_assert!(problems.iter().any(|problem| problem.severity == Severity::Error)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn children_are_counted_exactly(
        shape in any_degrees(),
        childless in proptest::option::of(0.0f64..0.9),
        clustering in proptest::option::of(0.0f64..=1.0),
        null_frac in 0.0f64..0.5,
        parents in 1u64..700,
        children in 1u64..2500,
        kind in proptest::sample::select(vec![ColumnType::Int8, ColumnType::Uuid, ColumnType::Text]),
        seed: u64,
    ) {
        let p = table(1, "p", vec![not_null("id", kind.clone())]).primary(&[0]);
        let c = table(2, "c", vec![column("p_id", kind)]).references(0, 1, 0);
        let declared =
            ColumnProfile { null_frac: Some(null_frac), ..spread("p_id", fan_out(shape, childless, clustering)) };
        let profile = profile(vec![("p", parents, vec![]), ("c", children, vec![declared])]);
        let plan = match planned(&[p, c], &profile, seed) {
            Ok(plan) => plan,
            Err(problems) => {
                prop_assert!(problems.iter().all(|problem| problem.message.contains("there are only")), "{problems:?}");
                return Ok(());
            }
        };
        let keys: BTreeSet<_> = fields(of(&plan, "p"), 0).into_iter().flatten().collect();
        let found = fields(of(&plan, "c"), 0);
        let nulls = found.iter().filter(|field| field.is_none()).count() as f64;
        prop_assert!((nulls - null_frac * children as f64).abs() <= 1.0);
        let planned = only(of(&plan, "c"));
        prop_assert_eq!(&degrees(found.into_iter().flatten(), &keys), &planned.degrees);
        prop_assert_eq!(planned.clustering, clustering);
        if let Some(childless) = childless {
            let none = planned.degrees.iter().find(|degree| degree.0 == 0).map_or(0, |degree| degree.1);
            prop_assert!((none as f64 - childless * parents as f64).abs() <= 1.0);
        }
    }

    #[test]
    fn explicit_degrees_are_met(
        classes in proptest::collection::btree_map(0u64..9, 1u64..60, 1..5),
        seed: u64,
    ) {
        let parents: u64 = classes.values().sum();
        let children: u64 = classes.iter().map(|(degree, parents)| degree * parents).sum();
        prop_assume!(children > 0);
        let fractions =
            classes.iter().map(|(&degree, &count)| (degree, count as f64 / parents as f64)).collect();
        let tables = [
            table(1, "p", vec![id("id")]).primary(&[0]),
            table(2, "c", vec![id("p_id")]).references(0, 1, 0),
        ];
        let declared = spread("p_id", fan_out(Degrees::Explicit(fractions), None, None));
        let profile = profile(vec![("p", parents, vec![]), ("c", children, vec![declared])]);
        let plan = planned(&tables, &profile, seed).expect("it fits");
        let keys: BTreeSet<_> = numbers(of(&plan, "p"), 0).into_iter().flatten().collect();
        let found = degrees(numbers(of(&plan, "c"), 0).into_iter().flatten(), &keys);
        prop_assert!(found.iter().copied().eq(classes));
        prop_assert_eq!(&found, &only(of(&plan, "c")).degrees);
    }

    #[test]
    fn keys_of_several_columns_are_those_of_one_row(
        shape in any_degrees(),
        parents in 1u64..500,
        children in 1u64..1500,
        null_frac in 0.0f64..0.3,
        seed: u64,
    ) {
        let p = table(1, "p", vec![id("id"), not_null("created_at", ColumnType::Timestamptz)]).primary(&[0, 1]);
        let c = table(2, "c", vec![id("id"), column("p_id", ColumnType::Int8), column("at", ColumnType::Timestamptz)])
            .primary(&[0]);
        let c = with(c, vec![foreign("c_p", &[1, 2], 1, &[0, 1])]);
        let declared =
            ColumnProfile { null_frac: Some(null_frac), ..spread("p_id", fan_out(shape, None, None)) };
        let profile = profile(vec![("p", parents, vec![]), ("c", children, vec![declared])]);
        let plan = planned(&[c, p], &profile, seed).expect("legal");
        let keys: BTreeSet<_> = rows(of(&plan, "p"), &[0, 1]).into_iter().collect();
        prop_assert_eq!(keys.len() as u64, parents);
        let found = rows(of(&plan, "c"), &[1, 2]);
        prop_assert!(found.iter().all(|row| row[0].is_none() == row[1].is_none()));
        let tied = found.into_iter().filter(|row| row[0].is_some());
        prop_assert_eq!(&degrees(tied, &keys), &only(of(&plan, "c")).degrees);
    }

    #[test]
    fn junctions_have_no_pair_twice(
        shape in any_degrees(),
        users in 1u64..80,
        groups in 1u64..80,
        part in 0.0f64..=1.0,
        led_by_second: bool,
        seed: u64,
    ) {
        let tables = [
            table(1, "users", vec![id("id")]).primary(&[0]),
            table(2, "groups", vec![not_null("id", ColumnType::Uuid)]).primary(&[0]),
            with(
                table(3, "members", vec![id("user_id"), not_null("group_id", ColumnType::Uuid)]).primary(&[0, 1]),
                vec![foreign("members_users", &[0], 1, &[0]), foreign("members_groups", &[1], 2, &[0])],
            ),
        ];
        let declared = spread(if led_by_second { "group_id" } else { "user_id" }, fan_out(shape, None, None));
        let pairs = ((users * groups) as f64 * part).ceil().max(1.0) as u64;
        let declared =
            vec![("users", users, vec![]), ("groups", groups, vec![]), ("members", pairs, vec![declared])];
        let plan = match planned(&tables, &profile(declared), seed) {
            Ok(plan) => plan,
            Err(problems) => {
                prop_assert!(problems.iter().all(|problem| problem.message.contains("cannot tell apart")), "{problems:?}");
                return Ok(());
            }
        };
        let members = of(&plan, "members");
        let found = rows(members, &[0, 1]);
        prop_assert_eq!(found.iter().collect::<BTreeSet<_>>().len() as u64, pairs);
        for (column, parent) in [(0, "users"), (1, "groups")] {
            let keys: BTreeSet<_> = fields(of(&plan, parent), 0).into_iter().collect();
            let planned =
                members.fan_outs().iter().find(|plan| plan.parent.ends_with(parent)).expect("both are planned");
            prop_assert_eq!(&degrees(fields(members, column), &keys), &planned.degrees);
        }
    }

    #[test]
    fn trees_have_parents_before_children(
        shape in proptest::option::of(any_degrees()),
        nodes in 1u64..1200,
        null_frac in proptest::option::of(0.0f64..0.6),
        not_null: bool,
        seed: u64,
    ) {
        let parent = if not_null { id("parent_id") } else { column("parent_id", ColumnType::Int8) };
        let shape_of = table(1, "nodes", vec![id("id"), parent]).primary(&[0]).references(1, 1, 0);
        let declared = ColumnProfile {
            null_frac: null_frac.filter(|_| !not_null),
            fan_out: shape.map(|shape| fan_out(shape, None, None)),
            ..says("parent_id")
        };
        let plan = planned(&[shape_of], &profile(vec![("nodes", nodes, vec![declared])]), seed).expect("legal");
        let nodes = &plan.tables[0];
        let ids = numbers(nodes, 0);
        let parents = numbers(nodes, 1);
        let has_root = parents.iter().any(Option::is_none);
        for (row, parent) in parents.iter().enumerate() {
            let Some(parent) = parent else { continue };
            let own = ids[row].expect("a key");
            prop_assert!(*parent < own || (*parent == own && !has_root), "{own} under {parent}");
        }
        let keys: BTreeSet<_> = ids.into_iter().flatten().collect();
        prop_assert_eq!(&degrees(parents.into_iter().flatten(), &keys), &only(nodes).degrees);
    }
}

#[test]
fn siblings_stand_where_clustering_says() {
    let tables =
        [table(1, "p", vec![id("id")]).primary(&[0]), table(2, "c", vec![id("p_id")]).references(0, 1, 0)];
    for (shape, parents) in [(Degrees::Uniform, 500), (Degrees::Zipf(0.8), 20_000)] {
        for wanted in [0.0, 0.5, 0.9, 1.0] {
            let declared = spread("p_id", fan_out(shape.clone(), Some(0.2), Some(wanted)));
            let profile = profile(vec![("p", parents, vec![]), ("c", 30_000, vec![declared])]);
            let plan = planned(&tables, &profile, 5).expect("legal");
            let found: Vec<i64> = numbers(of(&plan, "c"), 0).into_iter().flatten().collect();
            // Keys are numbered in row order, and siblings are equal: their places in order tell them apart.
            let reached = correlation(&found);
            assert!((reached - wanted).abs() < 0.03, "{reached} instead of {wanted}");
            if wanted == 1.0 && parents == 500 {
                assert!(found.is_sorted());
            }
        }
    }
}

#[test]
fn lines_are_numbered_in_their_order() {
    let tables = [
        table(1, "orders", vec![not_null("id", ColumnType::Uuid)]).primary(&[0]),
        table(2, "lines", vec![not_null("order_id", ColumnType::Uuid), not_null("line", ColumnType::Int2)])
            .primary(&[0, 1])
            .references(0, 1, 0),
    ];
    let lines = spread("order_id", fan_out(Degrees::Zipf(0.7), Some(0.1), Some(1.0)));
    let declared = profile(vec![("orders", 300, vec![]), ("lines", 2000, vec![lines])]);
    let plan = planned(&tables, &declared, 1).expect("legal");
    let lines = of(&plan, "lines");
    let mut orders = BTreeMap::<_, Vec<i64>>::new();
    for (order, line) in fields(lines, 0).into_iter().zip(numbers(lines, 1)) {
        orders.entry(order).or_default().push(line.expect("not null"));
    }
    assert_eq!(orders.len(), 270);
    assert!(orders.into_values().all(|mut lines| {
        lines.sort_unstable();
        lines.iter().copied().eq(1..=lines.len() as i64)
    }));
}

#[test]
fn keys_that_are_references_can_be_referenced() {
    // base <- person (1:1) <- badge, and a key of two columns through a middle table.
    let tables = [
        table(1, "base", vec![not_null("id", ColumnType::Uuid)]).primary(&[0]),
        table(2, "person", vec![not_null("id", ColumnType::Uuid)]).primary(&[0]).references(0, 1, 0),
        table(3, "badge", vec![not_null("person_id", ColumnType::Uuid)]).references(0, 2, 0),
        with(
            table(4, "line", vec![not_null("person_id", ColumnType::Uuid), id("at")]).primary(&[0, 1]),
            vec![foreign("line_person", &[0], 2, &[0])],
        ),
        with(
            table(5, "part", vec![not_null("p", ColumnType::Uuid), id("a")]),
            vec![foreign("part_line", &[0, 1], 4, &[0, 1])],
        ),
    ];
    let person = spread("id", fan_out(Degrees::Explicit(vec![(0, 0.4), (1, 0.6)]), None, None));
    let declared = profile(vec![
        ("base", 1000, vec![]),
        ("person", 600, vec![person]),
        ("badge", 900, vec![]),
        ("line", 1300, vec![]),
        ("part", 2600, vec![]),
    ]);
    let plan = planned(&tables, &declared, 1).expect("legal");
    let set = |name: &str, columns: &[usize]| -> BTreeSet<_> {
        rows(of(&plan, name), columns).into_iter().collect()
    };
    assert_eq!(set("person", &[0]).len(), 600);
    assert!(set("person", &[0]).is_subset(&set("base", &[0])));
    assert!(set("badge", &[0]).is_subset(&set("person", &[0])));
    assert!(set("line", &[0]).is_subset(&set("person", &[0])));
    assert_eq!(set("line", &[0, 1]).len(), 1300);
    assert!(set("part", &[0, 1]).is_subset(&set("line", &[0, 1])));
}

#[test]
fn tables_may_reference_each_other() {
    let tables = [
        table(1, "a", vec![id("id"), column("b_id", ColumnType::Int8)]).primary(&[0]).references(1, 2, 0),
        table(2, "b", vec![id("id"), id("a_id")]).primary(&[0]).references(1, 1, 0),
    ];
    let degrees_of = || fan_out(Degrees::Zipf(1.0), None, None);
    let declared = profile(vec![
        ("a", 300, vec![spread("b_id", degrees_of())]),
        ("b", 200, vec![spread("a_id", degrees_of())]),
    ]);
    let plan = planned(&tables, &declared, 1).expect("legal");
    for (child, parent, keys) in [("a", "b", 1..=200), ("b", "a", 1..=300)] {
        let keys: BTreeSet<i64> = keys.collect();
        let table = of(&plan, child);
        assert_eq!(degrees(numbers(table, 1).into_iter().flatten(), &keys), only(table).degrees, "{parent}");
    }
}

#[test]
fn a_tenant_is_the_same_through_every_key() {
    let tables = [
        table(1, "tenants", vec![id("id")]).primary(&[0]),
        table(2, "customers", vec![id("tenant_id"), id("id")]).primary(&[0, 1]).references(0, 1, 0),
        with(
            table(3, "orders", vec![id("tenant_id"), column("customer_id", ColumnType::Int8)])
                .references(0, 1, 0),
            vec![foreign("orders_customers", &[0, 1], 2, &[0, 1])],
        ),
    ];
    let null = ColumnProfile { null_frac: Some(0.25), ..says("customer_id") };
    let declared = vec![("tenants", 7, vec![]), ("customers", 100, vec![]), ("orders", 1000, vec![null])];
    let plan = planned(&tables, &profile(declared), 1).expect("legal");
    let customers: BTreeSet<_> = rows(of(&plan, "customers"), &[0, 1]).into_iter().collect();
    assert_eq!(customers.len(), 100);
    let orders = rows(of(&plan, "orders"), &[0, 1]);
    assert_eq!(orders.iter().filter(|row| row[1].is_none()).count(), 250);
    assert!(orders.iter().all(|row| row[0].is_some() && (row[1].is_none() || customers.contains(row))));
    assert!(numbers(of(&plan, "orders"), 0).into_iter().flatten().all(|tenant| (1..=7).contains(&tenant)));
}

fn partial(columns: &[usize], predicate: &str) -> UniqueKey {
    UniqueKey {
        name: "one_current".into(),
        columns: columns.to_vec(),
        partial: true,
        predicate: Some(predicate.into()),
        ..UniqueKey::default()
    }
}

#[test]
fn only_the_first_sibling_is_current() {
    for (predicate, current) in [("is_current", 1), ("(NOT is_current)", 0)] {
        let mut versions = table(2, "versions", vec![id("doc_id"), not_null("is_current", ColumnType::Bool)])
            .references(0, 1, 0);
        versions.unique_keys.push(partial(&[0], predicate));
        let tables = [table(1, "docs", vec![id("id")]).primary(&[0]), versions];
        let declared = profile(vec![("docs", 100, vec![]), ("versions", 1000, vec![])]);
        let plan = planned(&tables, &declared, 1).expect("legal");
        let rows = rows(of(&plan, "versions"), &[0, 1]);
        let current = rows.iter().filter(|row| row[1] == Some(vec![current]));
        let docs = counts(current.map(|row| &row[0]));
        assert!(docs.len() == 100 && docs.values().all(|&rows| rows == 1));
    }
}

#[test]
fn combinations_are_counted_through() {
    let kind = ColumnType::Enum(vec!["a".into(), "b".into(), "c".into()]);
    let daily =
        table(1, "daily", vec![not_null("kind", kind), not_null("day", ColumnType::Date)]).primary(&[0, 1]);
    let plan = planned(&[daily], &profile(vec![("daily", 1000, vec![])]), 1).expect("legal");
    let rows = rows(&plan.tables[0], &[0, 1]);
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), 1000);
    let kinds = counts(rows.iter().map(|row| &row[0]));
    assert_eq!(kinds.into_values().collect::<Vec<_>>(), [334, 333, 333]);
    assert_eq!(counts(rows.iter().map(|row| &row[1])).len(), 334);

    let narrow = table(1, "t", vec![id("user_id"), not_null("role", ColumnType::Bool)]);
    let tables = [narrow.primary(&[0, 1]).references(0, 2, 0), table(2, "u", vec![id("id")]).primary(&[0])];
    let plan = planned(&tables, &profile(vec![("t", 20, vec![]), ("u", 10, vec![])]), 1).expect("legal");
    assert_eq!(self::rows(of(&plan, "t"), &[0, 1]).into_iter().collect::<BTreeSet<_>>().len(), 20);
    let said = refused(&tables, vec![("t", 21, vec![]), ("u", 10, vec![])]);
    insta::assert_snapshot!(said, @"t has 3 rows for one value of t.user_id, which primary key t_pkey cannot tell apart: its other columns have only 2 combinations (role: 2)");
}

#[test]
fn a_column_decides_another() {
    let city: Vec<(String, f64)> =
        (0..8).map(|at| (format!("city {at}"), 0.02 + f64::from(at) * 0.01)).collect();
    let city: Vec<(&str, f64)> = city.iter().map(|(name, part)| (name.as_str(), *part)).collect();
    for (degree, null_frac) in [(1.0, 0.0), (0.6, 0.2), (0.0, 0.0)] {
        let shape =
            table(1, "t", vec![column("city", ColumnType::Text), column("country", ColumnType::Text)]);
        let country = ColumnProfile {
            most_common: common(&[("DE", 0.4 * (1.0 - null_frac)), ("FR", 0.25 * (1.0 - null_frac))]),
            n_distinct: Some(12.0),
            null_frac: Some(null_frac),
            depends_on: Some(DependsOn { column: "city".into(), degree, place: Place::default() }),
            ..says("country")
        };
        let cities = ColumnProfile { most_common: common(&city), n_distinct: Some(400.0), ..says("city") };
        let plan = planned(&[shape], &profile(vec![("t", 20_000, vec![cities, country])]), 3).expect("legal");
        let rows = rows(&plan.tables[0], &[0, 1]);
        let nulls = rows.iter().filter(|row| row[1].is_none()).count();
        assert_eq!(nulls as f64, null_frac * 20_000.0);
        let countries = counts(rows.iter().flat_map(|row| row[1].clone()));
        assert_eq!(countries.len(), 12);
        for (name, part) in [("DE", 0.4), ("FR", 0.25)] {
            let found = countries[name.as_bytes()] as f64 / (20_000 - nulls) as f64;
            assert!((found - part).abs() < 0.06, "{name}: {found} instead of {part}");
        }
        // Rows in groups of one city in which there is one country.
        let mut groups = BTreeMap::<_, (u64, BTreeSet<_>)>::new();
        for row in rows.iter().filter(|row| row[1].is_some()) {
            let group = groups.entry(&row[0]).or_default();
            group.0 += 1;
            group.1.insert(&row[1]);
        }
        let decided: u64 = groups.values().filter(|group| group.1.len() == 1).map(|group| group.0).sum();
        let found = decided as f64 / (20_000 - nulls) as f64;
        assert!((found - degree).abs() < 0.01, "{found} instead of {degree}");
    }
}

#[test]
fn what_relations_cannot_be() {
    let parent = || table(1, "p", vec![id("id"), id("part")]).primary(&[0]);
    let child = || table(2, "c", vec![id("p_id"), column("x", ColumnType::Int4)]).references(0, 1, 0);
    let tables = [parent(), child()];
    let said = |column: ColumnProfile| refused(&tables, vec![("p", 100, vec![]), ("c", 1000, vec![column])]);
    let uniform = || fan_out(Degrees::Uniform, None, None);
    let depends =
        |column: &str, degree| Some(DependsOn { column: column.into(), degree, place: Place::default() });
    let shared = [
        table(1, "a", vec![id("t"), id("id")]).primary(&[0, 1]),
        table(2, "b", vec![id("t"), id("id")]).primary(&[0, 1]),
        with(
            table(3, "c", vec![id("t"), id("a"), id("b")]),
            vec![foreign("c_a", &[0, 1], 1, &[0, 1]), foreign("c_b", &[0, 2], 2, &[0, 1])],
        ),
    ];
    let cycle = |one, other| {
        let shape = table(1, "t", vec![column("a", ColumnType::Text), column("b", ColumnType::Text)]);
        let declared = |name, depends_on| ColumnProfile { depends_on, ..says(name) };
        refused(&[shape], vec![("t", 10, vec![declared("a", one), declared("b", other)])])
    };
    let all = [
        said(spread("p_id", fan_out(Degrees::Explicit(vec![(0, 0.5), (3, 0.5)]), None, None))),
        said(spread("p_id", fan_out(Degrees::Explicit(vec![(10, 0.7)]), None, None))),
        said(spread("p_id", fan_out(Degrees::Zipf(-1.0), None, None))),
        said(spread("p_id", fan_out(Degrees::Uniform, Some(1.5), None))),
        said(spread("p_id", fan_out(Degrees::Uniform, None, Some(-0.5)))),
        said(spread("x", uniform())),
        said(ColumnProfile { most_common: common(&[("1", 0.5)]), ..spread("p_id", uniform()) }),
        said(ColumnProfile { n_distinct: Some(5.0), ..spread("p_id", uniform()) }),
        said(ColumnProfile { correlation: Some(0.5), ..spread("p_id", uniform()) }),
        said(ColumnProfile { null_frac: Some(0.5), ..spread("p_id", uniform()) }),
        refused(
            &tables,
            vec![
                ("p", 900, vec![]),
                ("c", 500, vec![spread("p_id", fan_out(Degrees::Uniform, Some(0.1), None))]),
            ],
        ),
        refused(
            &[parent(), child().unique(&[0])],
            vec![
                ("p", 900, vec![]),
                ("c", 500, vec![spread("p_id", fan_out(Degrees::Zipf(1.0), None, None))]),
            ],
        ),
        refused(&shared, vec![("a", 10, vec![]), ("b", 10, vec![]), ("c", 10, vec![])]),
        said(ColumnProfile { depends_on: depends("y", 0.5), ..says("x") }),
        said(ColumnProfile { depends_on: depends("x", 0.5), ..says("x") }),
        said(ColumnProfile { depends_on: depends("p_id", 1.5), ..says("x") }),
        said(ColumnProfile { depends_on: depends("x", 0.5), ..says("p_id") }),
        said(ColumnProfile { depends_on: depends("p_id", 0.5), correlation: Some(0.9), ..says("x") }),
        said(ColumnProfile { depends_on: depends("p_id", 1.0), n_distinct: Some(500.0), ..says("x") }),
        cycle(depends("b", 1.0), depends("a", 1.0)),
    ];
    insta::assert_snapshot!(all.join("\n"));
}
