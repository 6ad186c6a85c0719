//! How many rows reference each row of the referenced table.

use insta::assert_snapshot;

use super::*;

#[test]
fn shapes_that_are_none() {
    assert_snapshot!(refused_column("fan_out = \"zipf\"\n"), @r#"
    error: `fan_out` is either "uniform" or a table
     --> demo/profile.toml:4:11
      |
    4 | fan_out = "zipf"
      |           ^^^^^^
      |
      = help: write fan_out = { zipf = 1.1, childless_frac = 0.2 }
    "#);
    assert_snapshot!(refused_column("fan_out = {}\n"), @r#"
    error: `fan_out` says nothing
     --> demo/profile.toml:4:11
      |
    4 | fan_out = {}
      |           ^^
      |
      = help: write fan_out = "uniform", { zipf = 1.1 } or { degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 } }
    "#);
    assert_snapshot!(refused_column("fan_out = 1.1\n"), @r#"
    error: `fan_out` must be "uniform" or a table, not a float
     --> demo/profile.toml:4:11
      |
    4 | fan_out = 1.1
      |           ^^^
      |
      = help: write fan_out = { zipf = 1.1, childless_frac = 0.2 }
    "#);
    assert_snapshot!(refused_column("fan_out = { zipfs = 1.1, clustring = 0.5, uniform = false }\n"), @"
    error: unknown key `zipfs`
     --> demo/profile.toml:4:13
      |
    4 | fan_out = { zipfs = 1.1, clustring = 0.5, uniform = false }
      |             ^^^^^
      |
      = help: did you mean `zipf`? fan_out knows uniform, zipf, degrees, childless_frac, clustering

    error: unknown key `clustring`
     --> demo/profile.toml:4:26
      |
    4 | fan_out = { zipfs = 1.1, clustring = 0.5, uniform = false }
      |                          ^^^^^^^^^
      |
      = help: did you mean `clustering`? fan_out knows uniform, zipf, degrees, childless_frac, clustering

    error: `uniform` can only be true
     --> demo/profile.toml:4:53
      |
    4 | fan_out = { zipfs = 1.1, clustring = 0.5, uniform = false }
      |                                                     ^^^^^
      |
      = help: leave it out and write zipf = 1.1 or degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 }
    ");
}

#[test]
fn shapes_that_exclude_each_other() {
    assert_snapshot!(
        refused_column("fan_out = { uniform = true, zipf = 1.1, degrees = { 0 = 0.5, 1 = 0.5 } }\n"),
        @"
    error: both `uniform` and `zipf` in one `fan_out`
     --> demo/profile.toml:4:36
      |
    4 | fan_out = { uniform = true, zipf = 1.1, degrees = { 0 = 0.5, 1 = 0.5 } }
      |                                    ^^^
      |
      = help: each says how many children the parents have: keep one

    error: both `uniform` and `degrees` in one `fan_out`
     --> demo/profile.toml:4:51
      |
    4 | fan_out = { uniform = true, zipf = 1.1, degrees = { 0 = 0.5, 1 = 0.5 } }
      |                                                   ^^^^^^^^^^^^^^^^^^^^
      |
      = help: each says how many children the parents have: keep one
    "
    );
}

#[test]
fn numbers_out_of_range() {
    assert_snapshot!(refused_column("fan_out = { zipf = 0, childless_frac = 1, clustering = -0.5 }\n"), @"
    error: `zipf` must be greater than 0, not 0
     --> demo/profile.toml:4:20
      |
    4 | fan_out = { zipf = 0, childless_frac = 1, clustering = -0.5 }
      |                    ^
      |
      = help: write zipf = 1.1

    error: `childless_frac` must be from 0 to less than 1, not 1
     --> demo/profile.toml:4:40
      |
    4 | fan_out = { zipf = 0, childless_frac = 1, clustering = -0.5 }
      |                                        ^
      |
      = help: write childless_frac = 0.2

    error: `clustering` must be from 0 to 1, not -0.5
     --> demo/profile.toml:4:56
      |
    4 | fan_out = { zipf = 0, childless_frac = 1, clustering = -0.5 }
      |                                                        ^^^^
      |
      = help: write clustering = 0.9
    ");
}

#[test]
fn degrees_that_are_none() {
    assert_snapshot!(refused_column("fan_out = { degrees = [0.1, 0.9] }\n"), @"
    error: `degrees` must be a table of numbers of children with the fraction of parents that have so many, not an array
     --> demo/profile.toml:4:23
      |
    4 | fan_out = { degrees = [0.1, 0.9] }
      |                       ^^^^^^^^^^
      |
      = help: write degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 }
    ");
    assert_snapshot!(refused_column("fan_out = { degrees = {} }\n"), @"
    error: `degrees` is empty
     --> demo/profile.toml:4:23
      |
    4 | fan_out = { degrees = {} }
      |                       ^^
      |
      = help: write degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 }
    ");
    assert_snapshot!(
        refused_column("fan_out = { degrees = { -1 = 0.1, 01 = 0.1, many = 0.2, 1.5 = 0.1, 3 = 0, 4 = \"1\" } }\n"),
        @r#"
    error: `-1` is not a number of children
     --> demo/profile.toml:4:25
      |
    4 | fan_out = { degrees = { -1 = 0.1, 01 = 0.1, many = 0.2, 1.5 = 0.1, 3 = 0, 4 = "1" } }
      |                         ^^
      |
      = help: write whole numbers, nothing but digits: degrees = { 0 = 0.1, 1 = 0.5, 20 = 0.4 }

    error: `01` is not a number of children
     --> demo/profile.toml:4:35
      |
    4 | fan_out = { degrees = { -1 = 0.1, 01 = 0.1, many = 0.2, 1.5 = 0.1, 3 = 0, 4 = "1" } }
      |                                   ^^
      |
      = help: write whole numbers, nothing but digits: degrees = { 0 = 0.1, 1 = 0.5, 20 = 0.4 }

    error: `many` is not a number of children
     --> demo/profile.toml:4:45
      |
    4 | fan_out = { degrees = { -1 = 0.1, 01 = 0.1, many = 0.2, 1.5 = 0.1, 3 = 0, 4 = "1" } }
      |                                             ^^^^
      |
      = help: write whole numbers, nothing but digits: degrees = { 0 = 0.1, 1 = 0.5, 20 = 0.4 }

    error: `1.…` is not a number of children
     --> demo/profile.toml:4:57
      |
    4 | fan_out = { degrees = { -1 = 0.1, 01 = 0.1, many = 0.2, 1.5 = 0.1, 3 = 0, 4 = "1" } }
      |                                                         ^
      |
      = help: write whole numbers, nothing but digits: degrees = { 0 = 0.1, 1 = 0.5, 20 = 0.4 }

    error: the fraction of parents with 3 children must be greater than 0
     --> demo/profile.toml:4:72
      |
    4 | fan_out = { degrees = { -1 = 0.1, 01 = 0.1, many = 0.2, 1.5 = 0.1, 3 = 0, 4 = "1" } }
      |                                                                        ^
      |
      = help: take it out where no parent has so many

    error: `4` must be a number, not a string
     --> demo/profile.toml:4:79
      |
    4 | fan_out = { degrees = { -1 = 0.1, 01 = 0.1, many = 0.2, 1.5 = 0.1, 3 = 0, 4 = "1" } }
      |                                                                               ^^^
      |
      = help: write degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 }
    "#
    );
}

#[test]
fn degrees_that_are_not_of_all_parents() {
    assert_snapshot!(refused_column("fan_out = { degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.3 } }\n"), @"
    error: the fractions of `degrees` add up to 0.9, not 1
     --> demo/profile.toml:4:23
      |
    4 | fan_out = { degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.3 } }
      |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: each is a fraction of all parents; those without children count too, as 0
    ");
    assert_snapshot!(refused_column("fan_out = { degrees = { 0 = 1 } }\n"), @"
    error: `degrees` give no parent a child
     --> demo/profile.toml:4:23
      |
    4 | fan_out = { degrees = { 0 = 1 } }
      |                       ^^^^^^^^^
      |
      = help: add a number of children above 0; where nothing is referenced, write null_frac = 1 instead
    ");
    assert_snapshot!(
        refused_column("fan_out = { childless_frac = 0.2, degrees = { 0 = 0.1, 1 = 0.9 } }\n"),
        @"
    error: `childless_frac` is 0.2, but `degrees` leave 0.1 of the parents without children
     --> demo/profile.toml:4:30
      |
    4 | fan_out = { childless_frac = 0.2, degrees = { 0 = 0.1, 1 = 0.9 } }
      |                              ^^^
      |
      = help: take it out, or give both the same: degrees = { 0 = 0.2, … }
    "
    );
    assert_snapshot!(refused_column("fan_out = { childless_frac = 0.2, degrees = { 1 = 1 } }\n"), @"
    error: `childless_frac` is 0.2, but `degrees` leave 0 of the parents without children
     --> demo/profile.toml:4:30
      |
    4 | fan_out = { childless_frac = 0.2, degrees = { 1 = 1 } }
      |                              ^^^
      |
      = help: take it out, or give both the same: degrees = { 0 = 0.2, … }
    ");
    assert_snapshot!(refused_column("null_frac = 0.5\nfan_out = { degrees = { 1 = 0.5, 51 = 0.5 } }\n"), @"
    error: a parent with 51 children, but 50 rows that are not null
     --> demo/profile.toml:5:11
      |
    5 | fan_out = { degrees = { 1 = 0.5, 51 = 0.5 } }
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: each child is a row: lower the degree, or raise `rows`
    ");
}

#[test]
fn what_says_the_same_in_other_words() {
    assert_snapshot!(
        refused_column("fan_out = \"uniform\"\nmost_common = { 1 = 0.5 }\nmost_common_freqs = [0.1]\nhistogram_bounds = [1, 9]\nn_distinct = 50\n"),
        @"
    error: both `most_common` and `fan_out` say how often each parent is referenced
     --> demo/profile.toml:5:15
      |
    5 | most_common = { 1 = 0.5 }
      |               ^^^^^^^^^^^
      |
      = help: keep the one that is known of production

    error: both `most_common_freqs` and `fan_out` say how often each parent is referenced
     --> demo/profile.toml:6:21
      |
    6 | most_common_freqs = [0.1]
      |                     ^^^^^
      |
      = help: keep the one that is known of production

    error: both `histogram_bounds` and `fan_out` say how often each parent is referenced
     --> demo/profile.toml:7:20
      |
    7 | histogram_bounds = [1, 9]
      |                    ^^^^^^
      |
      = help: keep the one that is known of production

    error: both `n_distinct` and `fan_out` say how many parents have a child
     --> demo/profile.toml:8:14
      |
    8 | n_distinct = 50
      |              ^^
      |
      = help: take it out; parents without children are declared by `childless_frac`
    "
    );
    assert_snapshot!(refused_column("fan_out = \"uniform\"\nmost_common = [0.1]\n"), @"
    error: both `most_common` and `fan_out` say how often each parent is referenced
     --> demo/profile.toml:5:15
      |
    5 | most_common = [0.1]
      |               ^^^^^
      |
      = help: keep the one that is known of production
    ");
    assert_snapshot!(refused_column("fan_out = \"uniform\"\nnull_frac = 1\n"), @r#"
    error: a column that is always NULL references nothing
     --> demo/profile.toml:4:11
      |
    4 | fan_out = "uniform"
      |           ^^^^^^^^^
      |
      = help: lower `null_frac`, or take out `fan_out`
    "#);
    assert_snapshot!(refused_column("fan_out = { zipf = 0 }\nn_distinct = 50\n"), @"
    error: `zipf` must be greater than 0, not 0
     --> demo/profile.toml:4:20
      |
    4 | fan_out = { zipf = 0 }
      |                    ^
      |
      = help: write zipf = 1.1

    error: both `n_distinct` and `fan_out` say how many parents have a child
     --> demo/profile.toml:5:14
      |
    5 | n_distinct = 50
      |              ^^
      |
      = help: take it out; parents without children are declared by `childless_frac`
    ");
}
