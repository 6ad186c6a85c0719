//! What is declared of a column.

use insta::assert_snapshot;

use super::*;

#[test]
fn fractions_out_of_range() {
    assert_snapshot!(
        refused_column("null_frac = 1.01\ncorrelation = -1.5\navg_width = 0\nn_distinct = -2\ngenerator = \"e-mail\"\n"),
        @r#"
    error: `null_frac` must be from 0 to 1, not 1.01
     --> demo/profile.toml:4:13
      |
    4 | null_frac = 1.01
      |             ^^^^
      |
      = help: write null_frac = 0.35

    error: `correlation` must be from -1 to 1, not -1.5
     --> demo/profile.toml:5:15
      |
    5 | correlation = -1.5
      |               ^^^^
      |
      = help: write correlation = 0.99

    error: `avg_width` must be greater than 0, not 0
     --> demo/profile.toml:6:13
      |
    6 | avg_width = 0
      |             ^
      |
      = help: write avg_width = 240

    error: `n_distinct` cannot be below -1, as -2 is
     --> demo/profile.toml:7:14
      |
    7 | n_distinct = -2
      |              ^^
      |
      = help: a negative n_distinct is a fraction of the rows: -1 is unique, -0.5 gives every value two rows

    error: `generator` cannot be "e-mail"
     --> demo/profile.toml:8:13
      |
    8 | generator = "e-mail"
      |             ^^^^^^^^
      |
      = help: did you mean "email"? it is one of "email", "name", "first_name", "last_name", "username", "phone", "city", "country", "street", "company", "word", "sentence", "url", "ip", "hex"
    "#
    );
    assert_snapshot!(refused_column("null_frac = nan\nn_distinct = 0\navg_width = \"120\"\n"), @r#"
    error: `null_frac` must be a finite number
     --> demo/profile.toml:4:13
      |
    4 | null_frac = nan
      |             ^^^
      |
      = help: write null_frac = 0.35

    error: `n_distinct` cannot be 0
     --> demo/profile.toml:5:14
      |
    5 | n_distinct = 0
      |              ^
      |
      = help: write n_distinct = 5000, or n_distinct = -1 for a unique column

    error: `avg_width` must be a number, not a string
     --> demo/profile.toml:6:13
      |
    6 | avg_width = "120"
      |             ^^^^^
      |
      = help: write avg_width = 240
    "#);
    assert_snapshot!(refused_column("n_distinct = 0.5\ngenerator = 5\n"), @r#"
    error: `n_distinct` must be a whole number of values, not 0.5
     --> demo/profile.toml:4:14
      |
    4 | n_distinct = 0.5
      |              ^^^
      |
      = help: a fraction of the rows is negative: n_distinct = -0.5

    error: `generator` must be a string, not an integer
     --> demo/profile.toml:5:13
      |
    5 | generator = 5
      |             ^
      |
      = help: it is one of "email", "name", "first_name", "last_name", "username", "phone", "city", "country", "street", "company", "word", "sentence", "url", "ip", "hex"
    "#);
}

#[test]
fn common_values_that_cannot_be() {
    assert_snapshot!(refused_column("most_common = {}\n"), @"
    error: `most_common` is empty
     --> demo/profile.toml:4:15
      |
    4 | most_common = {}
      |               ^^
      |
      = help: write most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only
    ");
    assert_snapshot!(refused_column("most_common = [\"a\"]\n"), @r#"
    error: a value of `most_common` must be a number, not a string
     --> demo/profile.toml:4:16
      |
    4 | most_common = ["a"]
      |                ^^^
      |
      = help: write most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only
    "#);
    assert_snapshot!(refused_column("most_common = 0.5\n"), @"
    error: `most_common` must be a table of values with their frequency, or an array of frequencies, not a float
     --> demo/profile.toml:4:15
      |
    4 | most_common = 0.5
      |               ^^^
      |
      = help: write most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only
    ");
    assert_snapshot!(refused_column("most_common = { a = 0.7, b = 0.2 }\nnull_frac = 0.2\n"), @r#"
    error: the frequencies and `null_frac` add up to 1.1, more than all rows
     --> demo/profile.toml:4:15
      |
    4 | most_common = { a = 0.7, b = 0.2 }
      |               ^^^^^^^^^^^^^^^^^^^^
      |
      = help: each is a fraction of all rows, null ones included; together they are 1 at most
    "#);
    assert_snapshot!(refused_column("most_common = { a = 0, b = 2, 1.5 = 0.1, c = \"x\" }\n"), @r#"
    error: the frequency of `a` must be greater than 0
     --> demo/profile.toml:4:21
      |
    4 | most_common = { a = 0, b = 2, 1.5 = 0.1, c = "x" }
      |                     ^
      |
      = help: write most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only

    error: `b` must be from 0 to 1, not 2
     --> demo/profile.toml:4:28
      |
    4 | most_common = { a = 0, b = 2, 1.5 = 0.1, c = "x" }
      |                            ^
      |
      = help: write most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only

    error: the frequency of `1` must be a number, not a table
     --> demo/profile.toml:4:31
      |
    4 | most_common = { a = 0, b = 2, 1.5 = 0.1, c = "x" }
      |                               ^
      |
      = help: put a value with a dot in quotes: "1.5" = 0.5

    error: `c` must be a number, not a string
     --> demo/profile.toml:4:46
      |
    4 | most_common = { a = 0, b = 2, 1.5 = 0.1, c = "x" }
      |                                              ^^^
      |
      = help: write most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only
    "#);
    assert_snapshot!(refused_column("n_distinct = -1\nmost_common = { a = 0.7 }\n"), @r#"
    error: a unique column cannot have common values
     --> demo/profile.toml:5:15
      |
    5 | most_common = { a = 0.7 }
      |               ^^^^^^^^^^^
      |
      = help: take out `most_common`, or n_distinct = -1, which makes every value different
    "#);
}

#[test]
fn a_sum_that_only_looks_like_too_much_is_fine() {
    let profile = format!(
        "{PROFILE}[tables.users.columns.a]\nnull_frac = 0.1\nmost_common = {{ a = 0.3, b = 0.3, c = 0.2, d = 0.1 }}\n"
    );
    loaded(&[("scenario.toml", &format!("{HEAD}{STRATEGY}")), ("profile.toml", &profile)]).unwrap();
}

#[test]
fn more_values_than_there_is_room_for() {
    assert_snapshot!(refused_column("n_distinct = 60\nnull_frac = 0.5\n"), @r#"
    error: 60 distinct values in 50 rows that are not null
     --> demo/profile.toml:4:14
      |
    4 | n_distinct = 60
      |              ^^
      |
      = help: lower `n_distinct`, or write n_distinct = -1 for a unique column
    "#);
    assert_snapshot!(refused_column("n_distinct = 1\nmost_common = { a = 0.5, b = 0.5 }\n"), @r#"
    error: 2 common values, but only 1 distinct ones
     --> demo/profile.toml:5:15
      |
    5 | most_common = { a = 0.5, b = 0.5 }
      |               ^^^^^^^^^^^^^^^^^^^^
      |
      = help: `n_distinct` counts the common values too
    "#);
}

#[test]
fn values_without_rows_and_rows_without_values() {
    assert_snapshot!(refused_column("n_distinct = 50\nmost_common = { a = 0.6 }\n"), @"
    error: 50 distinct values, but the common ones leave 40 rows for the others
     --> demo/profile.toml:4:14
      |
    4 | n_distinct = 50
      |              ^^
      |
      = help: each value needs a row: lower `n_distinct`, or the frequencies
    ");
    assert_snapshot!(refused_column("n_distinct = -0.5\nmost_common = { a = 0.6 }\n"), @"
    error: 50 distinct values, but the common ones leave 40 rows for the others
     --> demo/profile.toml:4:14
      |
    4 | n_distinct = -0.5
      |              ^^^^
      |
      = help: each value needs a row: lower `n_distinct`, or the frequencies
    ");
    assert_snapshot!(refused_column("n_distinct = 2\nmost_common = { a = 0.5 }\nmost_common_freqs = [0.3]\n"), @"
    error: no more than the common values are distinct, but 0.2 of the rows have another
     --> demo/profile.toml:4:14
      |
    4 | n_distinct = 2
      |              ^
      |
      = help: raise `n_distinct`, or let the frequencies and `null_frac` add up to 1
    ");
}

#[test]
fn frequencies_without_values() {
    assert_snapshot!(refused_column("most_common = [0.5, 0]\nmost_common_freqs = []\n"), @"
    error: a value of `most_common` must be greater than 0
     --> demo/profile.toml:4:21
      |
    4 | most_common = [0.5, 0]
      |                     ^
      |
      = help: write most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only

    error: `most_common` and `most_common_freqs` are both lists of frequencies
     --> demo/profile.toml:5:21
      |
    5 | most_common_freqs = []
      |                     ^^
      |
      = help: write them in one list

    error: `most_common_freqs` is empty
     --> demo/profile.toml:5:21
      |
    5 | most_common_freqs = []
      |                     ^^
      |
      = help: write most_common_freqs = [0.4, 0.2]
    ");
    assert_snapshot!(refused_column("most_common_freqs = { a = 0.5 }\n"), @"
    error: `most_common_freqs` must be an array, not a table
     --> demo/profile.toml:4:21
      |
    4 | most_common_freqs = { a = 0.5 }
      |                     ^^^^^^^^^^^
      |
      = help: write most_common_freqs = [0.4, 0.2]
    ");
    assert_snapshot!(refused_column("null_frac = 0.3\nmost_common = [0.5, 0.4]\n"), @"
    error: the frequencies and `null_frac` add up to 1.2, more than all rows
     --> demo/profile.toml:5:15
      |
    5 | most_common = [0.5, 0.4]
      |               ^^^^^^^^^^
      |
      = help: each is a fraction of all rows, null ones included; together they are 1 at most
    ");
    assert_snapshot!(refused_column("n_distinct = -1\nmost_common_freqs = [0.5]\n"), @"
    error: a unique column cannot have common values
     --> demo/profile.toml:5:21
      |
    5 | most_common_freqs = [0.5]
      |                     ^^^^^
      |
      = help: take out `most_common_freqs`, or n_distinct = -1, which makes every value different
    ");
    assert_snapshot!(refused_column("most_common = { a = 0.7 }\nmost_common_freqs = [0.2, 0.2]\n"), @"
    error: the frequencies add up to 1.1, more than all rows
     --> demo/profile.toml:4:15
      |
    4 | most_common = { a = 0.7 }
      |               ^^^^^^^^^^^
      |
      = help: each is a fraction of all rows, null ones included; together they are 1 at most
    ");
}

#[test]
fn correlations_out_of_reach() {
    assert_snapshot!(refused_column("correlation = -0.9\nmost_common = [0.5, 0.5]\n"), @"
    error: a `correlation` of -0.9 is out of reach: -0.50 is the least
     --> demo/profile.toml:4:15
      |
    4 | correlation = -0.9
      |               ^^^^
      |
      = help: ANALYZE counts equal values as ascending: with these frequencies even the reverse order has this much
    ");
}

#[test]
fn bounds_that_bound_nothing() {
    assert_snapshot!(refused_column("histogram_bounds = [1]\n"), @r#"
    error: `histogram_bounds` needs at least 2 bounds, not 1
     --> demo/profile.toml:4:20
      |
    4 | histogram_bounds = [1]
      |                    ^^^
      |
      = help: write histogram_bounds = ["2019-01-01", "2022-06-01", "2026-01-01"]
    "#);
    assert_snapshot!(refused_column("histogram_bounds = [true, [1]]\n"), @r#"
    error: a value of `histogram_bounds` must be a string, a number or a date, not a boolean
     --> demo/profile.toml:4:21
      |
    4 | histogram_bounds = [true, [1]]
      |                     ^^^^
      |
      = help: write histogram_bounds = ["2019-01-01", "2022-06-01", "2026-01-01"]

    error: a value of `histogram_bounds` must be a string, a number or a date, not an array
     --> demo/profile.toml:4:27
      |
    4 | histogram_bounds = [true, [1]]
      |                           ^^^
      |
      = help: write histogram_bounds = ["2019-01-01", "2022-06-01", "2026-01-01"]
    "#);
    assert_snapshot!(refused_column("histogram_bounds = \"1\"\n"), @r#"
    error: `histogram_bounds` must be an array, not a string
     --> demo/profile.toml:4:20
      |
    4 | histogram_bounds = "1"
      |                    ^^^
      |
      = help: write histogram_bounds = ["2019-01-01", "2022-06-01", "2026-01-01"]
    "#);
    assert_snapshot!(refused_column("histogram_bounds = [1, 3, 2.5]\n"), @r#"
    error: the bound 2.5 is below the one before it, 3
     --> demo/profile.toml:4:27
      |
    4 | histogram_bounds = [1, 3, 2.5]
      |                           ^^^
      |
      = help: write `histogram_bounds` in ascending order
    "#);
    assert_snapshot!(refused_column("histogram_bounds = [\"2020-01-01\", 2019-01-01]\n"), @r#"
    error: the bound 2019-01-01 is below the one before it, 2020-01-01
     --> demo/profile.toml:4:35
      |
    4 | histogram_bounds = ["2020-01-01", 2019-01-01]
      |                                   ^^^^^^^^^^
      |
      = help: write `histogram_bounds` in ascending order
    "#);
    assert_snapshot!(refused_column("n_distinct = 3\nmost_common = [0.5]\nhistogram_bounds = [1, 2, 2.0, 3]\n"), @"
    error: 3 distinct values, but 3 bounds of a histogram besides the common values
     --> demo/profile.toml:4:14
      |
    4 | n_distinct = 3
      |              ^
      |
      = help: each bound is a value of its own: raise `n_distinct`, or write fewer bounds
    ");
    assert_snapshot!(refused_column("null_frac = 0.2\nmost_common = [0.8]\nhistogram_bounds = [1, 2]\n"), @"
    error: `histogram_bounds` of no rows: all are null, most common or out of line
     --> demo/profile.toml:6:20
      |
    6 | histogram_bounds = [1, 2]
      |                    ^^^^^^
      |
      = help: the bounds are of the other rows: lower the frequencies, or take the bounds out
    ");
    assert_snapshot!(refused_column("histogram_bounds = [5, 4, 3]\n"), @"
    error: the bound 4 is below the one before it, 5
     --> demo/profile.toml:4:24
      |
    4 | histogram_bounds = [5, 4, 3]
      |                        ^
      |
      = help: write `histogram_bounds` in ascending order

    error: the bound 3 is below the one before it, 4
     --> demo/profile.toml:4:27
      |
    4 | histogram_bounds = [5, 4, 3]
      |                           ^
      |
      = help: write `histogram_bounds` in ascending order
    ");
}
