//! Every way in which a profile can be wrong is refused, with the names and numbers that matter.

use std::collections::BTreeMap;

use pgrehearse_scenarios::diagnostic::{Diagnostic, Severity};
use pgrehearse_scenarios::profile::{ColumnProfile, Generator, MostCommon};
use proptest::prelude::*;

use super::shapes::*;
use crate::dataset::plan::{Request, plan};
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape, UniqueKey};

fn messages(problems: &[Diagnostic]) -> Vec<String> {
    problems
        .iter()
        .map(|problem| match &problem.help {
            Some(help) => format!("{} [{help}]", problem.message),
            None => problem.message.clone(),
        })
        .collect()
}

/// What is said of one column of a table of 1,000 rows.
fn refused(shape: ColumnShape, declared: ColumnProfile) -> String {
    refused_in(table(1, "t", vec![shape]), declared)
}

fn refused_in(shape: TableShape, declared: ColumnProfile) -> String {
    let problems = single_of(shape, declared, 1000, 1).expect_err("it cannot be made");
    assert!(problems.iter().all(|problem| problem.severity == Severity::Error));
    messages(&problems).join("\n")
}

#[test]
fn columns_that_cannot_be() {
    let int = || column("c", ColumnType::Int4);
    let text = || column("c", ColumnType::Text);
    let mood = || column("c", ColumnType::Enum(vec!["ok".into(), "sad".into()]));
    let unique = |kind| table(1, "t", vec![not_null("c", kind)]).unique(&[0]);
    let c = || says("c");
    let said = [
        refused_in(unique(ColumnType::Text), ColumnProfile { most_common: common(&[("a", 0.5)]), ..c() }),
        refused_in(unique(ColumnType::Text), ColumnProfile { n_distinct: Some(10.0), ..c() }),
        refused_in(unique(ColumnType::Bool), c()),
        refused_in(unique(ColumnType::Varchar(Some(2))), c()),
        refused_in(unique(ColumnType::Enum(vec!["a".into()])), c()),
        refused_in(
            unique(ColumnType::Int4),
            ColumnProfile { histogram_bounds: bounds(&["1", "500"]), ..c() },
        ),
        refused(int(), ColumnProfile { most_common: common(&[("x", 0.5), ("99999999999", 0.1)]), ..c() }),
        refused(int(), ColumnProfile { most_common: common(&[("1", 0.5), ("01", 0.1)]), ..c() }),
        refused(int(), ColumnProfile { most_common: common(&[("1", 0.7), ("2", 0.4)]), ..c() }),
        refused(int(), ColumnProfile { most_common: common(&[("1", 0.7)]), null_frac: Some(0.4), ..c() }),
        refused(int(), ColumnProfile { most_common: common(&[("1", -0.7)]), ..c() }),
        refused(mood(), ColumnProfile { most_common: common(&[("glad", 0.7)]), ..c() }),
        refused(mood(), ColumnProfile { n_distinct: Some(3.0), ..c() }),
        refused(int(), ColumnProfile { histogram_bounds: bounds(&["1", "x", "5", "5"]), ..c() }),
        refused(int(), ColumnProfile { histogram_bounds: bounds(&["1"]), ..c() }),
        refused(text(), ColumnProfile { histogram_bounds: bounds(&["a", "b"]), ..c() }),
        refused(int(), ColumnProfile { n_distinct: Some(1001.0), ..c() }),
        refused(int(), ColumnProfile { n_distinct: Some(0.0), ..c() }),
        refused(int(), ColumnProfile { n_distinct: Some(-1.5), ..c() }),
        refused(
            int(),
            ColumnProfile { n_distinct: Some(1.0), most_common: common(&[("1", 0.7), ("2", 0.3)]), ..c() },
        ),
        refused(
            int(),
            ColumnProfile { n_distinct: Some(3.0), most_common: common(&[("1", 0.7), ("2", 0.3)]), ..c() },
        ),
        refused(
            int(),
            ColumnProfile { n_distinct: Some(2.0), most_common: common(&[("1", 0.7), ("2", 0.2)]), ..c() },
        ),
        refused(int(), ColumnProfile { n_distinct: Some(900.0), most_common: common(&[("1", 0.7)]), ..c() }),
        refused(
            int(),
            ColumnProfile { n_distinct: Some(20.0), histogram_bounds: bounds(&["1", "10"]), ..c() },
        ),
        refused(not_null("c", ColumnType::Int4), ColumnProfile { null_frac: Some(0.1), ..c() }),
        refused(int(), ColumnProfile { null_frac: Some(f64::NAN), ..c() }),
        refused(int(), ColumnProfile { generator: Some(Generator::Email), ..c() }),
        refused(int(), ColumnProfile { avg_width: Some(2.0), ..c() }),
        refused(int(), ColumnProfile { avg_width: Some(8.0), ..c() }),
        refused(column("c", ColumnType::Varchar(Some(10))), ColumnProfile { avg_width: Some(90.0), ..c() }),
        refused(
            column("c", ColumnType::Varchar(Some(5))),
            ColumnProfile { generator: Some(Generator::Email), ..c() },
        ),
        refused(text(), ColumnProfile { generator: Some(Generator::Phone), avg_width: Some(40.0), ..c() }),
        refused(text(), ColumnProfile { avg_width: Some(2.0), ..c() }),
        refused(text(), ColumnProfile { correlation: Some(0.9), ..c() }),
        refused(int(), ColumnProfile { correlation: Some(1.5), ..c() }),
        refused(
            int(),
            ColumnProfile { correlation: Some(-0.9), most_common: common(&[("1", 0.5), ("2", 0.5)]), ..c() },
        ),
        refused(not_null("c", ColumnType::Unsupported), c()),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn names_that_are_not_there() {
    let tables = [
        table(1, "users", vec![column("email", ColumnType::Text)]),
        table(2, "orders", vec![column("id", ColumnType::Int4)]),
    ];
    let profile = profile(vec![
        ("user", 10, vec![]),
        ("users", 10, vec![says("emial"), says("zip")]),
        ("public.users", 5, vec![]),
    ]);
    let rows_override = BTreeMap::from([("ordres".to_owned(), 5)]);
    let request = Request {
        tables: &tables,
        profile: &profile,
        seed: 1,
        scale: 1.0,
        rows_override: &rows_override,
        rows_otherwise: None,
    };
    let problems = plan(&request).expect_err("names are wrong");
    insta::assert_snapshot!(messages(&problems).join("\n"), @r"
    the schema has no table `user` [did you mean `users`?]
    table users has no column `emial` [did you mean `email`?]
    table users has no column `zip`
    public.users is declared twice
    --rows: the schema has no table `ordres` [did you mean `orders`?]
    ");
    let request = Request { scale: 0.0, ..request };
    let problems = plan(&request).expect_err("no scale");
    assert_eq!(messages(&problems), ["the scale 0 is not above 0"]);
}

#[test]
fn keys_that_cannot_be_satisfied() {
    let ids = |name: &str| not_null(name, ColumnType::Int8);
    let parent = || table(1, "p", vec![ids("id"), ids("part")]).primary(&[0]);
    let junction =
        table(2, "c", vec![ids("a"), ids("b")]).references(0, 1, 0).references(1, 1, 0).primary(&[0, 1]);
    let single = table(2, "c", vec![ids("p_id")]).references(0, 1, 0);
    let one_to_one = single.clone().unique(&[0]);
    let mut composite = table(2, "c", vec![ids("a"), ids("b")]).references(0, 1, 0);
    composite.foreign_keys[0].columns.push(1);
    composite.foreign_keys[0].ref_columns.push(1);
    let mut expression = table(2, "c", vec![ids("a")]);
    expression.unique_keys.push(UniqueKey {
        name: "lower_idx".into(),
        expression: true,
        ..UniqueKey::default()
    });
    let narrow = table(2, "c", vec![not_null("p_id", ColumnType::Int2)]).references(0, 1, 0);
    let cycle = [
        table(1, "p", vec![ids("id")]).unique(&[0]).references(0, 2, 0),
        table(2, "c", vec![ids("id")]).unique(&[0]).references(0, 1, 0),
    ];
    let said = |tables: &[TableShape], parents: u64, children: ColumnProfile| {
        let profile = profile(vec![("p", parents, vec![]), ("c", 100, vec![children])]);
        messages(&planned(tables, &profile, 1).expect_err("it cannot be")).join("\n")
    };
    let declared = |name| says(name);
    insta::assert_snapshot!(
        [
            said(&[parent(), junction], 9, declared("a")),
            said(&[parent(), composite], 10, ColumnProfile { correlation: Some(0.5), ..declared("a") }),
            said(&[parent(), expression], 10, declared("a")),
            said(&[parent(), one_to_one], 10, declared("p_id")),
            said(&[parent(), single.clone()], 0, declared("p_id")),
            said(&[parent(), narrow], 40_000, declared("p_id")),
            said(&cycle, 10, declared("id")),
            said(
                &[parent(), single.clone()],
                10,
                ColumnProfile { n_distinct: Some(11.0), ..declared("p_id") }
            ),
            said(
                &[parent(), single.clone()],
                10,
                ColumnProfile { most_common: common(&[("11", 0.5)]), ..declared("p_id") }
            ),
            said(
                &[parent(), single],
                10,
                ColumnProfile { histogram_bounds: bounds(&["0", "10"]), ..declared("p_id") }
            ),
        ]
        .join("\n")
    );
}

#[test]
fn what_the_server_fills_is_left_out_with_a_word() {
    let computed = ColumnShape { generated_stored: true, ..column("total", ColumnType::Int4) };
    let defaulted = ColumnShape { has_default: true, ..not_null("tags", ColumnType::Unsupported) };
    let shape = table(
        1,
        "t",
        vec![column("id", ColumnType::Int4), computed, defaulted, column("box", ColumnType::Unsupported)],
    );
    let plan = planned(&[shape], &profile(vec![("t", 10, vec![])]), 1).expect("legal");
    assert_eq!(plan.tables[0].copy_columns(), ["id"]);
    assert!(plan.warnings.iter().all(|warning| warning.severity == Severity::Warning));
    insta::assert_snapshot!(messages(&plan.warnings).join("\n"), @r"
    t.tags is of type unsupported, for which no values can be generated: every row gets its default
    t.box is of type unsupported, for which no values can be generated: every row gets NULL
    ");
}

#[test]
fn references_to_nothing_are_null_with_a_word() {
    let tables = [
        table(1, "p", vec![not_null("id", ColumnType::Int8)]).primary(&[0]),
        table(2, "c", vec![column("p_id", ColumnType::Int8)]).references(0, 1, 0),
    ];
    let plan = planned(&tables, &profile(vec![("c", 10, vec![])]), 1).expect("legal");
    assert!(fields(&plan.tables[0], 0).iter().all(Option::is_none));
    assert_eq!(
        messages(&plan.warnings),
        ["c.p_id references public.p, which gets no rows: it is NULL in every row"]
    );
}

fn any_type() -> impl Strategy<Value = ColumnType> {
    prop_oneof![
        proptest::sample::select(vec![
            ColumnType::Int2,
            ColumnType::Int4,
            ColumnType::Int8,
            ColumnType::Float4,
            ColumnType::Float8,
            ColumnType::Bool,
            ColumnType::Text,
            ColumnType::Date,
            ColumnType::Timestamp,
            ColumnType::Timestamptz,
            ColumnType::Uuid,
            ColumnType::Json,
            ColumnType::Jsonb,
            ColumnType::Bytea,
            ColumnType::Unsupported,
            ColumnType::Enum(Vec::new()),
            ColumnType::Enum(vec!["a".into(), "b".into()]),
        ]),
        (1u16..1000, -1000i16..1000).prop_map(|(precision, scale)| ColumnType::Numeric {
            precision: Some(precision),
            scale: Some(scale)
        }),
        (1u32..40).prop_map(ColumnType::Char),
        proptest::option::of(1u32..40).prop_map(ColumnType::Varchar),
    ]
}

fn any_number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        3 => Just(None),
        2 => (-2.0f64..2.0).prop_map(Some),
        1 => (1.0f64..3000.0).prop_map(Some),
        1 => any::<f64>().prop_map(Some),
    ]
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,20}",
        "-?[0-9]{1,5}\\.[0-9]{1,5}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        "[a-c]{1,3}",
        any::<String>(),
    ]
}

fn any_profile() -> impl Strategy<Value = ColumnProfile> {
    (
        (any_number(), any_number(), any_number(), any_number()),
        proptest::collection::vec((any_value(), prop_oneof![0.0f64..0.6, any::<f64>()]), 0..4),
        proptest::collection::vec(any_value(), 0..5),
        proptest::option::weighted(0.2, proptest::sample::select(Generator::ALL)),
    )
        .prop_map(
            |((null_frac, n_distinct, correlation, avg_width), most_common, histogram, generator)| {
                let histogram: Vec<&str> = histogram.iter().map(String::as_str).collect();
                ColumnProfile {
                    null_frac: null_frac
                        .map(|fraction| if fraction.abs() < 1.0 { fraction.abs() } else { fraction }),
                    n_distinct: n_distinct.map(|count| if count > 1.0 { count.round() } else { count }),
                    correlation,
                    avg_width,
                    most_common: most_common
                        .into_iter()
                        .map(|(value, frequency)| MostCommon { value, frequency })
                        .collect(),
                    histogram_bounds: bounds(&histogram),
                    generator: generator.map(|(_, generator)| generator),
                    ..says("c")
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(700))]

    #[test]
    fn nothing_panics(
        kind in any_type(),
        declared in any_profile(),
        rows in 0u64..2000,
        scale in prop_oneof![Just(1.0), 0.001f64..3.0],
        key in 0..4,
        not_null: bool,
    ) {
        let shape = table(1, "t", vec![ColumnShape { not_null, ..column("c", kind) }]);
        let shape = match key {
            0 => shape.primary(&[0]),
            1 => shape.unique(&[0]),
            _ => shape,
        };
        let profile = profile(vec![("t", rows, vec![declared])]);
        let tables = [shape];
        let request = Request { tables: &tables, profile: &profile, seed: 1, scale, rows_override: &BTreeMap::new(), rows_otherwise: None };
        match plan(&request) {
            Ok(plan) => {
                for table in &plan.tables {
                    let mut out = Vec::new();
                    table.encode_rows(0..table.rows(), &mut out);
                    prop_assert!(table.estimated_row_bytes() > 0.0 && table.estimated_index_bytes() >= 0.0);
                }
            }
            Err(problems) => prop_assert!(problems.iter().any(|problem| problem.severity == Severity::Error)),
        }
    }
}
