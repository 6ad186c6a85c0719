//! Columns that other columns decide.

use insta::assert_snapshot;

use super::*;

#[test]
fn keys_that_are_wrong() {
    assert_snapshot!(refused_column("depends_on = \"city\"\n"), @r#"
    error: `depends_on` must be a table, not a string
     --> demo/profile.toml:4:14
      |
    4 | depends_on = "city"
      |              ^^^^^^
      |
      = help: write depends_on = { column = "city", degree = 0.9 }
    "#);
    assert_snapshot!(refused_column("depends_on = { columns = \"city\", degree = 1.5 }\n"), @r#"
    error: unknown key `columns`
     --> demo/profile.toml:4:16
      |
    4 | depends_on = { columns = "city", degree = 1.5 }
      |                ^^^^^^^
      |
      = help: did you mean `column`? depends_on knows column, degree

    error: `degree` must be from 0 to 1, not 1.5
     --> demo/profile.toml:4:43
      |
    4 | depends_on = { columns = "city", degree = 1.5 }
      |                                           ^^^
      |
      = help: write degree = 0.9
    "#);
    assert_snapshot!(refused_column("depends_on = { degree = \"high\" }\n"), @r#"
    error: depends_on needs `column`
     --> demo/profile.toml:4:14
      |
    4 | depends_on = { degree = "high" }
      |              ^^^^^^^^^^^^^^^^^^^
      |
      = help: write column = "city"

    error: `degree` must be a number, not a string
     --> demo/profile.toml:4:25
      |
    4 | depends_on = { degree = "high" }
      |                         ^^^^^^
      |
      = help: write degree = 0.9
    "#);
}

#[test]
fn circles() {
    assert_snapshot!(refused_column("depends_on = { column = \"a\" }\n"), @r#"
    error: `a` cannot depend on itself
     --> demo/profile.toml:4:25
      |
    4 | depends_on = { column = "a" }
      |                         ^^^
      |
      = help: name the other column of the table that decides it
    "#);
    let columns = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "e"), ("e", "f"), ("f", "d"), ("g", "z")];
    let columns = columns.map(|(name, on)| format!("columns.{name}.depends_on = {{ column = \"{on}\" }}\n"));
    assert_snapshot!(refused_profile(&format!("{PROFILE}{}", columns.concat())), @r#"
    error: `b` depends on itself: b → c → b
     --> demo/profile.toml:4:24
      |
    4 | columns.b.depends_on = { column = "c" }
      |                        ^^^^^^^^^^^^^^^^
      |
      = help: take out one `depends_on` of the circle

    error: `d` depends on itself: d → e → f → d
     --> demo/profile.toml:6:24
      |
    6 | columns.d.depends_on = { column = "e" }
      |                        ^^^^^^^^^^^^^^^^
      |
      = help: take out one `depends_on` of the circle
    "#);
}

#[test]
fn more_values_than_what_decides_them() {
    let columns = |degree: &str| {
        format!(
            "{PROFILE}columns.city = {{ n_distinct = 10, null_frac = 0.1 }}\n\
             columns.zip = {{ n_distinct = 12, depends_on = {{ column = \"city\", degree = {degree} }} }}\n"
        )
    };
    assert_snapshot!(refused_profile(&columns("1")), @r#"
    error: `zip` has 12 distinct values, but `city`, which decides it, only 10
     --> demo/profile.toml:4:30
      |
    4 | columns.zip = { n_distinct = 12, depends_on = { column = "city", degree = 1 } }
      |                              ^^
      |
      = help: lower this `n_distinct`, raise that of `city`, or write a `degree` below 1
    "#);
    let scenario = format!("{HEAD}{STRATEGY}");
    loaded(&[("scenario.toml", &scenario), ("profile.toml", &columns("0.9"))]).unwrap();
}
