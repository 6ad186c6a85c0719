//! Values out of line, and the number of elements of arrays.

use insta::assert_snapshot;

use super::*;

#[test]
fn values_that_stay_in_the_row() {
    assert_snapshot!(refused_column("toasted = { frac = 0.1, raw_width = 1_500 }\n"), @"
    error: values of 1500 bytes are kept in the row
     --> demo/profile.toml:4:37
      |
    4 | toasted = { frac = 0.1, raw_width = 1_500 }
      |                                     ^^^^^
      |
      = help: write raw_width = 2005 or more; only rows of more than 2032 bytes have values moved out of line
    ");
    assert_snapshot!(
        refused_column("toasted = { frac = 0.1, raw_width = 6_000, compressibility = 0.75 }\n"),
        @"
    error: values of 6000 bytes compress to 1500, which PostgreSQL keeps in the row
     --> demo/profile.toml:4:37
      |
    4 | toasted = { frac = 0.1, raw_width = 6_000, compressibility = 0.75 }
      |                                     ^^^^^
      |
      = help: write raw_width = 8020 or more; only rows of more than 2032 bytes have values moved out of line
    "
    );
    assert_snapshot!(
        refused_column("toasted = { frac = 0.1, raw_width = 6_000, compressibility = 0.9999999 }\n"),
        @"
    error: values of 6000 bytes compress to 0, which PostgreSQL keeps in the row
     --> demo/profile.toml:4:37
      |
    4 | toasted = { frac = 0.1, raw_width = 6_000, compressibility = 0.9999999 }
      |                                     ^^^^^
      |
      = help: lower `compressibility`; only rows of more than 2032 bytes have values moved out of line
    "
    );
}

#[test]
fn numbers_out_of_range() {
    assert_snapshot!(refused_column("toasted = { frac = 1.5, raw_width = 2e9, compressibility = 1 }\n"), @"
    error: `frac` must be from 0 to 1, not 1.5
     --> demo/profile.toml:4:20
      |
    4 | toasted = { frac = 1.5, raw_width = 2e9, compressibility = 1 }
      |                    ^^^
      |
      = help: write frac = 0.1

    error: `raw_width` must be less than 1 GB, which no value exceeds, not 2000000000
     --> demo/profile.toml:4:37
      |
    4 | toasted = { frac = 1.5, raw_width = 2e9, compressibility = 1 }
      |                                     ^^^
      |
      = help: write raw_width = 8000

    error: `compressibility` must be from 0 to less than 1, not 1
     --> demo/profile.toml:4:60
      |
    4 | toasted = { frac = 1.5, raw_width = 2e9, compressibility = 1 }
      |                                                            ^
      |
      = help: write compressibility = 0.5
    ");
    assert_snapshot!(refused_column("toasted = { fraction = 0.5 }\n"), @"
    error: toasted needs `raw_width`
     --> demo/profile.toml:4:11
      |
    4 | toasted = { fraction = 0.5 }
      |           ^^^^^^^^^^^^^^^^^^
      |
      = help: write raw_width = 8000

    error: unknown key `fraction`
     --> demo/profile.toml:4:13
      |
    4 | toasted = { fraction = 0.5 }
      |             ^^^^^^^^
      |
      = help: did you mean `frac`? toasted knows frac, raw_width, compressibility
    ");
    assert_snapshot!(refused_column("toasted = 0.5\n"), @"
    error: `toasted` must be a table, not a float
     --> demo/profile.toml:4:11
      |
    4 | toasted = 0.5
      |           ^^^
      |
      = help: write toasted = { frac = 0.1, raw_width = 8000, compressibility = 0.5 }
    ");
}

#[test]
fn widths_that_contradict_each_other() {
    assert_snapshot!(refused_column("toasted = { frac = 1, raw_width = 8_000 }\navg_width = 240\n"), @"
    error: an `avg_width` of 240 cannot be where all values are out of line
     --> demo/profile.toml:5:13
      |
    5 | avg_width = 240
      |             ^^^
      |
      = help: it counts what is in the row, 18 bytes of each value out of line: here it is 18; leave it out, or say their length by `raw_width`
    ");
    assert_snapshot!(refused_column("toasted = { frac = 0.5, raw_width = 8_000 }\navg_width = 4_000\n"), @"
    error: an `avg_width` of 4000 cannot be where 0.5 of the values are out of line
     --> demo/profile.toml:5:13
      |
    5 | avg_width = 4_000
      |             ^^^^^
      |
      = help: it counts what is in the row, 18 bytes of each value out of line: here it is from 10 to 1025; leave it out, or say their length by `raw_width`
    ");
    assert_snapshot!(
        refused_column("null_frac = 0.2\ntoasted = { frac = 0.5, raw_width = 8_000 }\nmost_common = { a = 0.6 }\n"),
        @"
    error: the frequencies, `null_frac` and the values out of line add up to 1.2, more than all rows
     --> demo/profile.toml:5:11
      |
    5 | toasted = { frac = 0.5, raw_width = 8_000 }
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: values that are stored out of line are too wide to be counted as most common: lower `frac`, which is a fraction of the values that are not null
    "
    );
}

#[test]
fn element_counts_that_are_none() {
    assert_snapshot!(refused_column("elem_count_histogram = [3]\n"), @"
    error: `elem_count_histogram` needs at least 2 bounds, not 1
     --> demo/profile.toml:4:24
      |
    4 | elem_count_histogram = [3]
      |                        ^^^
      |
      = help: write elem_count_histogram = [0, 1, 2, 3, 6]
    ");
    assert_snapshot!(refused_column("elem_count_histogram = [-1, 2, 1, 134_217_728]\n"), @"
    error: a value of `elem_count_histogram` must be from 0 to 134217727
     --> demo/profile.toml:4:25
      |
    4 | elem_count_histogram = [-1, 2, 1, 134_217_728]
      |                         ^^
      |
      = help: write elem_count_histogram = [0, 1, 2, 3, 6]

    error: the bound 1 is below the one before it, 2
     --> demo/profile.toml:4:32
      |
    4 | elem_count_histogram = [-1, 2, 1, 134_217_728]
      |                                ^
      |
      = help: write `elem_count_histogram` in ascending order

    error: a value of `elem_count_histogram` must be from 0 to 134217727
     --> demo/profile.toml:4:35
      |
    4 | elem_count_histogram = [-1, 2, 1, 134_217_728]
      |                                   ^^^^^^^^^^^
      |
      = help: write elem_count_histogram = [0, 1, 2, 3, 6]
    ");
    assert_snapshot!(refused_column("elem_count_histogram = [1, 1, 2, 3, 1.8]\n"), @"
    error: a value of `elem_count_histogram` must be an integer, not a float
     --> demo/profile.toml:4:37
      |
    4 | elem_count_histogram = [1, 1, 2, 3, 1.8]
      |                                     ^^^
      |
      = help: the last number in pg_stats is the average of all, not a bound: leave it out
    ");
    assert_snapshot!(refused_column("elem_count_histogram = { a = 1 }\n"), @"
    error: `elem_count_histogram` must be an array, not a table
     --> demo/profile.toml:4:24
      |
    4 | elem_count_histogram = { a = 1 }
      |                        ^^^^^^^^^
      |
      = help: write elem_count_histogram = [0, 1, 2, 3, 6]
    ");
}
