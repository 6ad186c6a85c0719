//! The profile and its tables.

use insta::assert_snapshot;

use super::*;

#[test]
fn no_table() {
    assert_snapshot!(refused_profile(""), @r"
    error: a profile needs `tables`
     --> demo/profile.toml:1:1
      |
    1 |
      | ^
      |
      = help: write [tables.users] with rows = 5_000_000, or rows = 100_000 for all
    ");
    assert_snapshot!(refused_profile("tables = {}\n"), @r#"
    error: the profile declares no table
     --> demo/profile.toml:1:10
      |
    1 | tables = {}
      |          ^^
      |
      = help: write [tables.users] with rows = 5_000_000
    "#);
}

#[test]
fn syntax_errors_are_reported_in_the_profile() {
    assert_snapshot!(refused_profile("[tables.users]\nrows = \n[tables.users]\n"), @r#"
    error: a value is missing
     --> demo/profile.toml:2:8
      |
    2 | rows = 
      |        ^
      |
      = help: write one, or take the key out

    error: duplicate key `users`
     --> demo/profile.toml:3:9
      |
    3 | [tables.users]
      |         ^^^^^
      |
      = help: a key or table is written once; merge the two
    "#);
}

#[test]
fn slips_and_keys_that_are_none() {
    assert_snapshot!(
        refused_profile("[tables.users]\nrwos = 5\nindexes = 3\n[tables.users.columns.a]\nfanout = { zipf = 1.1 }\nnull_fraction = 0.5\nstorage = 1\n"),
        @"
    error: unknown key `rwos`
     --> demo/profile.toml:2:1
      |
    2 | rwos = 5
      | ^^^^
      |
      = help: did you mean `rows`? a table of the profile knows rows, dead_frac, free_frac, all_visible_frac, columns

    error: unknown key `indexes`
     --> demo/profile.toml:3:1
      |
    3 | indexes = 3
      | ^^^^^^^
      |
      = help: a table of the profile knows rows, dead_frac, free_frac, all_visible_frac, columns

    error: unknown key `fanout`
     --> demo/profile.toml:5:1
      |
    5 | fanout = { zipf = 1.1 }
      | ^^^^^^
      |
      = help: did you mean `fan_out`? a column of the profile knows null_frac, n_distinct, most_common, most_common_freqs, histogram_bounds, correlation, avg_width, generator, toasted, elem_count_histogram, fan_out, depends_on

    error: unknown key `null_fraction`
     --> demo/profile.toml:6:1
      |
    6 | null_fraction = 0.5
      | ^^^^^^^^^^^^^
      |
      = help: did you mean `null_frac`? a column of the profile knows null_frac, n_distinct, most_common, most_common_freqs, histogram_bounds, correlation, avg_width, generator, toasted, elem_count_histogram, fan_out, depends_on

    error: unknown key `storage`
     --> demo/profile.toml:7:1
      |
    7 | storage = 1
      | ^^^^^^^
      |
      = help: a column of the profile knows null_frac, n_distinct, most_common, most_common_freqs, histogram_bounds, correlation, avg_width, generator, toasted, elem_count_histogram, fan_out, depends_on
    "
    );
}

#[test]
fn rows_that_are_no_number() {
    assert_snapshot!(
        refused_profile(
            "[tables.a]\nrows = -1\n[tables.b]\nrows = \"5 million\"\n[tables.c]\nrows = 1.5\n[tables.d]\n[tables.e]\nrows = \"1.0001k\"\n[tables.f]\nrows = \"many\"\n"
        ),
        @r#"
    error: `rows` must be 0 or more
     --> demo/profile.toml:2:8
      |
    2 | rows = -1
      |        ^^
      |
      = help: write rows = 5_000_000

    error: `rows`: unknown unit `million`
     --> demo/profile.toml:4:8
      |
    4 | rows = "5 million"
      |        ^^^^^^^^^^^
      |
      = help: write a whole number, or one with k, M or G: 5_000_000, "250k", "5M"

    error: `rows` must be a number of rows, not a float
     --> demo/profile.toml:6:8
      |
    6 | rows = 1.5
      |        ^^^
      |
      = help: write rows = 5_000_000

    error: a table of the profile needs `rows`
     --> demo/profile.toml:7:1
      |
    7 | [tables.d]
      | ^^^^^^^^^^
      |
      = help: write rows = 5_000_000

    error: `rows`: `1.0001k` is not a whole number of the smallest unit
     --> demo/profile.toml:9:8
      |
    9 | rows = "1.0001k"
      |        ^^^^^^^^^
      |
      = help: write a whole number, or one with k, M or G: 5_000_000, "250k", "5M"

    error: `rows`: `many` is not a number of rows
      --> demo/profile.toml:11:8
       |
    11 | rows = "many"
       |        ^^^^^^
       |
       = help: write a whole number, or one with k, M or G: 5_000_000, "250k", "5M"
    "#
    );
}

#[test]
fn tables_named_twice_or_not_at_all() {
    assert_snapshot!(
        refused_profile("[tables.users]\nrows = 1\n[tables.\"public.users\"]\nrows = 1\n[tables.\"\"]\nrows = 1\n[tables.users.columns.\" \"]\n"),
        @r#"
    error: `public.users` is the same table as `users`
     --> demo/profile.toml:3:9
      |
    3 | [tables."public.users"]
      |         ^^^^^^^^^^^^^^
      |
      = help: declare a table once; without a schema it is in `public`

    error: an empty name in `tables`
     --> demo/profile.toml:5:9
      |
    5 | [tables.""]
      |         ^^
      |
      = help: give it a name

    error: an empty name in `columns`
     --> demo/profile.toml:7:23
      |
    7 | [tables.users.columns." "]
      |                       ^^^
      |
      = help: give it a name
    "#
    );
    assert_snapshot!(refused_profile("[tables.users]\nrows = 1\n[tables.users]\nrows = 1\n"), @r#"
    error: duplicate key `users`
     --> demo/profile.toml:3:9
      |
    3 | [tables.users]
      |         ^^^^^
      |
      = help: a key or table is written once; merge the two

    error: duplicate key `rows`
     --> demo/profile.toml:4:1
      |
    4 | rows = 1
      | ^^^^
      |
      = help: a key or table is written once; merge the two
    "#);
}

#[test]
fn a_schema_without_quotes() {
    assert_snapshot!(refused_profile("[tables.shop.orders]\nrows = 1\n"), @r#"
    error: `shop` is read as a table, not as a schema
     --> demo/profile.toml:1:9
      |
    1 | [tables.shop.orders]
      |         ^^^^
      |
      = help: put both names in quotes: [tables."shop.orders"]
    "#);
}
