//! Counts are exact, keys are unique, references exist, and nothing depends on how rows are asked for.

use std::collections::{BTreeMap, BTreeSet};

use pgrehearse_scenarios::profile::{ColumnProfile, Generator};
use proptest::prelude::*;

use super::shapes::*;
use crate::dataset::plan::literal::literal;
use crate::dataset::plan::{ROWS_MAX, Request, lattice, plan};
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};

/// Types with values that can be declared, and how to write the value of a number in them.
type Writer = fn(u64) -> String;

fn types() -> Vec<(ColumnType, Writer, bool)> {
    let number: Writer = |at| (at * 7).to_string();
    let day: Writer = |at| format!("{:04}-{:02}-{:02}", 1990 + at / 300, at / 28 % 12 + 1, at % 28 + 1);
    vec![
        (ColumnType::Int2, number, true),
        (ColumnType::Int4, number, true),
        (ColumnType::Int8, number, true),
        (
            ColumnType::Numeric { precision: Some(12), scale: Some(2) },
            |at| format!("{}.{:02}", at * 3, at % 100),
            true,
        ),
        (ColumnType::Numeric { precision: None, scale: None }, |at| format!("{}.5", at * 3), true),
        (ColumnType::Float8, |at| format!("{}.25", at * 3), true),
        (ColumnType::Float4, |at| format!("{}.5", at * 3), true),
        (ColumnType::Date, day, true),
        (
            ColumnType::Timestamptz,
            |at| format!("2001-02-03 {:02}:{:02}:{:02}+00", at / 3600, at / 60 % 60, at % 60),
            true,
        ),
        (ColumnType::Text, |at| format!("value {at}"), false),
        (ColumnType::Varchar(Some(40)), |at| format!("value {at}"), false),
        (ColumnType::Char(9), |at| format!("v{at}"), false),
        (ColumnType::Uuid, |at| format!("{at:032x}"), false),
        (ColumnType::Bytea, |at| format!("\\x{at:06x}"), false),
        (ColumnType::Jsonb, |at| format!("{{\"a\":{at}}}"), false),
    ]
}

#[derive(Debug, Clone)]
struct Case {
    kind: ColumnType,
    declared: ColumnProfile,
    rows: u64,
    /// Whether values are in order, so that a correlation can be asked for.
    sortable: bool,
    distinct: u64,
}

/// A legal column: nulls, most common values, and a rest with a number of different values, between bounds or not.
fn case() -> impl Strategy<Value = Case> {
    let shape = (0..types().len(), 1000u64..4000, 0.0f64..0.6, proptest::collection::vec(0.4f64..1.0, 0..9));
    (shape, 0.1f64..0.6, 0.0f64..=1.0, any::<bool>(), proptest::option::of(-1.0f64..1.0)).prop_map(
        |((at, rows, null_frac, weights), common_frac, part, bounded, correlation)| {
            let (kind, write, sortable) = types().swap_remove(at);
            let sum: f64 = weights.iter().sum::<f64>().max(1e-9);
            let most_common: Vec<(String, f64)> = weights
                .iter()
                .enumerate()
                .map(|(at, weight)| {
                    (write(at as u64 * 5 + 3), weight / sum * common_frac * (1.0 - null_frac))
                })
                .collect();
            let declared_common: f64 = most_common.iter().map(|common| common.1).sum();
            let rest = ((1.0 - null_frac - declared_common) * rows as f64).floor() as u64;
            // All types have room for 100 other values besides the most common between these bounds.
            let distinct = 4 + (part * (rest.saturating_sub(5).min(96)) as f64) as u64;
            let values: Vec<(&str, f64)> =
                most_common.iter().map(|(value, part)| (value.as_str(), *part)).collect();
            let ends: Vec<String> = [0, 40, 90, 150, 200].map(write).into();
            let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
            let declared = ColumnProfile {
                null_frac: Some(null_frac),
                most_common: common(&values),
                n_distinct: Some((distinct + most_common.len() as u64) as f64),
                histogram_bounds: if sortable && bounded { bounds(&ends) } else { Vec::new() },
                correlation: correlation.filter(|_| sortable),
                ..says("c")
            };
            Case { kind, declared, rows, sortable, distinct: distinct + most_common.len() as u64 }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn quotas_are_exact(case in case(), seed: u64) {
        let rows = case.rows;
        let shape = table(1, "t", vec![column("c", case.kind.clone())]);
        let plan = match single_of(shape, case.declared.clone(), rows, seed) {
            Ok(plan) => plan,
            Err(problems) => {
                // A correlation may be out of reach; nothing else may be wrong.
                let unreachable = problems.iter().all(|problem| problem.message.contains("is the least"));
                prop_assert!(unreachable, "{problems:?}");
                return Ok(());
            }
        };
        let fields = fields(&plan, 0);
        let nulls = fields.iter().filter(|field| field.is_none()).count() as f64;
        prop_assert!((nulls - case.declared.null_frac.unwrap_or(0.0) * rows as f64).abs() <= 1.0);

        let found = counts(fields.iter().flatten());
        prop_assert_eq!(found.len() as u64, case.distinct);
        // Most common values: each with its count, give or take the row that rounding decides.
        let mut rest = found.clone();
        let lattice = lattice::lattice(&case.kind, lattice::scales(&case.kind).0);
        for declared in &case.declared.most_common {
            let literal = literal(&declared.value, &case.kind, lattice).expect("legal");
            let count = rest.remove(&literal.field[4..].to_vec()).unwrap_or(0);
            prop_assert!((count as f64 - declared.frequency * rows as f64).abs() <= 1.0, "{}", declared.value);
        }
        let sizes: Vec<u64> = rest.into_values().collect();
        // The rest is spread evenly, over the whole column or over each bucket.
        if case.declared.histogram_bounds.is_empty() {
            let (least, most) = (sizes.iter().min(), sizes.iter().max());
            let even = least.zip(most).is_none_or(|(least, most)| most - least <= 1);
            prop_assert!(even || case.sortable, "{sizes:?}");
        }
    }

    #[test]
    fn rows_do_not_depend_on_chunks(cuts in proptest::collection::btree_set(1u64..1500, 0..12), seed: u64) {
        let (tables, profile) = shop();
        let plan = planned(&tables, &profile, seed).expect("legal");
        for table in &plan.tables {
            let mut whole = Vec::new();
            table.encode_rows(0..table.rows(), &mut whole);
            let mut pieces = Vec::new();
            let mut start = 0;
            for end in cuts.iter().copied().filter(|&cut| cut < table.rows()).chain([table.rows()]) {
                table.encode_rows(start..end, &mut pieces);
                start = end;
            }
            prop_assert!(whole == pieces);
        }
    }
}

/// Users and their orders, with every supported type.
fn shop() -> (Vec<TableShape>, pgrehearse_scenarios::Profile) {
    let serial = ColumnShape {
        owned_sequence: Some("public.users_id_seq".into()),
        has_default: true,
        ..not_null("id", ColumnType::Int8)
    };
    let users = table(
        1,
        "users",
        vec![
            serial,
            not_null("email", ColumnType::Text),
            not_null("username", ColumnType::Varchar(Some(40))),
            not_null("created_at", ColumnType::Timestamptz),
            not_null("is_active", ColumnType::Bool),
            column("bio", ColumnType::Text),
            column("manager_id", ColumnType::Int8),
            column("token", ColumnType::Uuid),
            column("settings", ColumnType::Jsonb),
        ],
    )
    .primary(&[0])
    .unique(&[1])
    .unique(&[2])
    .references(6, 1, 0);
    let status = ColumnType::Enum(vec!["new".into(), "paid".into(), "sent".into()]);
    let orders = table(
        2,
        "orders",
        vec![
            not_null("id", ColumnType::Uuid),
            not_null("user_id", ColumnType::Int4),
            column("user_email", ColumnType::Text),
            not_null("status", status),
            column("total", ColumnType::Numeric { precision: Some(10), scale: Some(2) }),
            column("placed_on", ColumnType::Date),
            column("weight", ColumnType::Float4),
            column("signature", ColumnType::Bytea),
            column("currency", ColumnType::Char(3)),
            column("raw", ColumnType::Json),
        ],
    )
    .primary(&[0])
    .references(1, 1, 0)
    .references(2, 1, 1);
    let declared = profile(vec![
        (
            "users",
            1000,
            vec![
                ColumnProfile { null_frac: Some(0.35), avg_width: Some(120.0), ..says("bio") },
                ColumnProfile { null_frac: Some(0.1), ..says("manager_id") },
            ],
        ),
        ("orders", 1500, vec![ColumnProfile { most_common: common(&[("paid", 0.8)]), ..says("status") }]),
    ]);
    (vec![orders, users], declared)
}

#[test]
fn references_exist_and_parents_come_first() {
    let (tables, profile) = shop();
    let plan = planned(&tables, &profile, 3).expect("legal");
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
    let [users, orders] = &plan.tables[..] else { panic!("two tables") };
    assert_eq!((users.full_name(), orders.full_name()), ("public.users".into(), "public.orders".into()));
    assert_eq!(users.sequences(), [("public.users_id_seq".to_owned(), 1000)]);

    assert!(numbers(users, 0).into_iter().eq((1..=1000).map(Some)));
    for unique in [1, 2] {
        assert_eq!(fields(users, unique).into_iter().collect::<BTreeSet<_>>().len(), 1000);
    }
    let ids: BTreeSet<i64> = (1..=1000).collect();
    let managers = numbers(users, 6);
    assert_eq!(managers.iter().filter(|manager| manager.is_none()).count(), 100);
    assert!(managers.iter().flatten().all(|manager| ids.contains(manager)));
    let buyers = counts(numbers(orders, 1).into_iter().flatten());
    assert!(buyers.len() == 1000 && buyers.keys().all(|id| ids.contains(id)));
    assert!(buyers.values().all(|&orders| (1..=2).contains(&orders)));
    let emails: BTreeSet<_> = fields(users, 1).into_iter().collect();
    let mailed = counts(fields(orders, 2));
    assert!(mailed.len() == 1000 && mailed.keys().all(|email| emails.contains(email)));
    let statuses = counts(fields(orders, 3).into_iter().flatten());
    assert_eq!(statuses.values().copied().collect::<Vec<_>>(), [150, 1200, 150]);
}

#[test]
fn seeds_differ_and_other_columns_do_not_matter() {
    let (mut tables, profile) = shop();
    let before = planned(&tables, &profile, 3).expect("legal");
    let other = planned(&tables, &profile, 4).expect("legal");
    let added = tables.iter_mut().find(|table| table.name == "users").expect("users");
    added.columns.push(column("nickname", ColumnType::Text));
    let after = planned(&tables, &profile, 3).expect("legal");
    let users = &before.tables[0];
    for at in 0..users.copy_columns().len() {
        assert_eq!(fields(users, at), fields(&after.tables[0], at));
        let changed = fields(users, at) != fields(&other.tables[0], at);
        assert_eq!(changed, at != 0, "{}", users.copy_columns()[at]);
    }
}

#[test]
fn single_fields_are_those_of_the_rows() {
    let (tables, profile) = shop();
    let plan = planned(&tables, &profile, 3).expect("legal");
    let users = &plan.tables[0];
    for column in 0..users.copy_columns().len() {
        let expected = fields(users, column);
        for row in [0, 1, 63, 64, 65, 255, 256, 999] {
            let mut out = Vec::new();
            users.encode_field(column, row, &mut out);
            let field = expected[row as usize].as_deref();
            assert_eq!(&out[4..], field.unwrap_or_default());
            assert_eq!(out[..4] == [255; 4], field.is_none());
        }
    }
}

#[test]
fn bytes_are_the_same_on_every_machine() {
    use sha2::{Digest, Sha256};
    let (tables, profile) = shop();
    let plan = planned(&tables, &profile, 42).expect("legal");
    let mut out = Vec::new();
    for table in &plan.tables {
        table.encode_rows(0..table.rows(), &mut out);
    }
    let digest: String = Sha256::digest(&out).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // Where this changes, `GENERATOR_VERSION` must be raised.
    insta::assert_snapshot!(digest, @"6edccd85a72d6c72");
}

#[test]
fn correlation_is_reached() {
    let mcv = [("5", 0.3), ("900", 0.2)];
    let cases = [
        ColumnProfile { n_distinct: Some(-1.0), ..says("c") },
        ColumnProfile { n_distinct: Some(50.0), ..says("c") },
        ColumnProfile { most_common: common(&mcv), n_distinct: Some(300.0), ..says("c") },
        ColumnProfile { null_frac: Some(0.4), histogram_bounds: bounds(&["-50", "0", "90000"]), ..says("c") },
    ];
    for declared in cases {
        for wanted in [-0.3, 0.5, 0.9, 0.99, 1.0] {
            let declared = ColumnProfile { correlation: Some(wanted), ..declared.clone() };
            let plan = single(column("c", ColumnType::Int4), declared.clone(), 20_000).expect("legal");
            let values: Vec<i64> = numbers(&plan, 0).into_iter().flatten().collect();
            let found = correlation(&values);
            assert!((found - wanted).abs() < 0.02, "{found} instead of {wanted}: {declared:?}");
        }
    }
}

#[test]
fn rows_scale_and_can_be_overridden() {
    let (tables, profile) = shop();
    let request = |scale, rows_override: &[(&str, u64)]| {
        let rows_override: BTreeMap<String, u64> =
            rows_override.iter().map(|&(name, rows)| (name.to_owned(), rows)).collect();
        let plan = plan(&Request {
            tables: &tables,
            profile: &profile,
            seed: 1,
            scale,
            rows_override: &rows_override,
            rows_otherwise: None,
        });
        plan.expect("legal").tables.iter().map(|table| table.rows()).collect::<Vec<_>>()
    };
    assert_eq!(request(1.0, &[]), [1000, 1500]);
    assert_eq!(request(0.1, &[]), [100, 150]);
    assert_eq!(request(1e-9, &[]), [1, 1]);
    assert_eq!(request(2.5, &[("public.users", 7)]), [7, 3750]);
    assert_eq!(request(1.0, &[("orders", 0)]), [1000]);
}

#[test]
fn fewer_rows_cap_what_was_declared() {
    let shape = table(1, "t", vec![column("c", ColumnType::Int4)]);
    let declared = ColumnProfile {
        n_distinct: Some(5000.0),
        most_common: common(&[("1", 0.5), ("2", 0.001)]),
        ..says("c")
    };
    let profile = profile(vec![("t", 100_000, vec![declared])]);
    for scale in [1.0, 0.1, 0.01, 0.0001] {
        let request = Request {
            tables: std::slice::from_ref(&shape),
            profile: &profile,
            seed: 1,
            scale,
            rows_override: &BTreeMap::new(),
            rows_otherwise: None,
        };
        let plan = plan(&request).expect("legal");
        let found = counts(numbers(&plan.tables[0], 0));
        assert!((found[&Some(1)] as f64 - scale * 50_000.0).abs() <= 1.0);
        assert!(found.len() as f64 <= (scale * 100_000.0).min(5000.0));
    }
}

#[test]
fn widths_are_met() {
    for (kind, width, generator) in [
        (ColumnType::Text, 120.0, None),
        (ColumnType::Text, 27.0, Some(Generator::Email)),
        (ColumnType::Varchar(Some(60)), 18.0, Some(Generator::Username)),
        (ColumnType::Varchar(Some(255)), 200.0, Some(Generator::Sentence)),
        (ColumnType::Bytea, 500.0, None),
    ] {
        let declared = ColumnProfile { avg_width: Some(width), generator, ..says("c") };
        let plan = single(column("c", kind), declared, 20_000).expect("legal");
        let stored: usize = fields(&plan, 0)
            .iter()
            .map(|field| field.as_ref().map_or(0, Vec::len))
            .map(|length| length + if length > 126 { 4 } else { 1 })
            .sum();
        let mean = stored as f64 / 20_000.0;
        assert!((mean - width).abs() < (width * 0.02).max(1.0), "{mean} instead of {width}");
    }
}

#[test]
fn every_row_of_tiny_tables_is_made() {
    for rows in 1..40 {
        let (tables, mut profile) = shop();
        for table in &mut profile.tables {
            table.rows = rows;
        }
        let plan = planned(&tables, &profile, rows).expect("legal");
        assert!(plan.tables.iter().all(|table| fields(table, 0).len() as u64 == rows));
    }
}

#[test]
fn one_member_makes_a_composite_key_unique() {
    let shape = table(1, "t", vec![not_null("org", ColumnType::Int4), not_null("slug", ColumnType::Text)])
        .unique(&[0, 1]);
    let plan =
        single_of(shape, ColumnProfile { n_distinct: Some(5.0), ..says("org") }, 2000, 1).expect("legal");
    assert_eq!(fields(&plan, 1).into_iter().collect::<BTreeSet<_>>().len(), 2000);
}

#[test]
fn the_largest_table_is_made_to_its_last_row() {
    let (tables, mut profile) = shop();
    for table in &mut profile.tables {
        table.rows = ROWS_MAX;
    }
    // A reference by a 32-bit integer does not reach all of these.
    let wide: Vec<TableShape> = tables
        .into_iter()
        .map(|mut table| {
            for column in table.columns.iter_mut().filter(|column| column.kind == ColumnType::Int4) {
                column.kind = ColumnType::Int8;
            }
            table
        })
        .collect();
    let plan = planned(&wide, &profile, 1).expect("legal");
    for table in &plan.tables {
        let mut out = Vec::new();
        table.encode_rows(ROWS_MAX - 1000..ROWS_MAX, &mut out);
        table.encode_rows(ROWS_MAX / 2..ROWS_MAX / 2 + 1000, &mut out);
        assert!(out.len() > 100_000);
    }
    profile.tables[0].rows = ROWS_MAX + 1;
    assert!(planned(&wide, &profile, 1).is_err());
}
