//! Dead tuples, free space and visibility.

use insta::assert_snapshot;

use super::*;

fn refused_heap(keys: &str) -> String {
    refused_profile(&format!("{PROFILE}{keys}"))
}

#[test]
fn fractions_out_of_range() {
    assert_snapshot!(refused_heap("dead_frac = 1\nfree_frac = -0.1\nall_visible_frac = 1.5\n"), @"
    error: `dead_frac` must be from 0 to less than 1, not 1
     --> demo/profile.toml:3:13
      |
    3 | dead_frac = 1
      |             ^
      |
      = help: write dead_frac = 0.05

    error: `free_frac` must be from 0 to less than 1, not -0.1
     --> demo/profile.toml:4:13
      |
    4 | free_frac = -0.1
      |             ^^^^
      |
      = help: write free_frac = 0.1

    error: `all_visible_frac` must be from 0 to 1, not 1.5
     --> demo/profile.toml:5:20
      |
    5 | all_visible_frac = 1.5
      |                    ^^^
      |
      = help: write all_visible_frac = 0.9
    ");
    assert_snapshot!(refused_heap("dead_fraction = 0.1\nfre_frac = 0.1\nall_visible = 0.5\nfillfactor = 70\n"), @"
    error: unknown key `dead_fraction`
     --> demo/profile.toml:3:1
      |
    3 | dead_fraction = 0.1
      | ^^^^^^^^^^^^^
      |
      = help: did you mean `dead_frac`? a table of the profile knows rows, dead_frac, free_frac, all_visible_frac, columns

    error: unknown key `fre_frac`
     --> demo/profile.toml:4:1
      |
    4 | fre_frac = 0.1
      | ^^^^^^^^
      |
      = help: did you mean `free_frac`? a table of the profile knows rows, dead_frac, free_frac, all_visible_frac, columns

    error: unknown key `all_visible`
     --> demo/profile.toml:5:1
      |
    5 | all_visible = 0.5
      | ^^^^^^^^^^^
      |
      = help: did you mean `all_visible_frac`? a table of the profile knows rows, dead_frac, free_frac, all_visible_frac, columns

    error: unknown key `fillfactor`
     --> demo/profile.toml:6:1
      |
    6 | fillfactor = 70
      | ^^^^^^^^^^
      |
      = help: a table of the profile knows rows, dead_frac, free_frac, all_visible_frac, columns
    ");
}

#[test]
fn dead_tuples_on_all_visible_pages() {
    assert_snapshot!(refused_heap("dead_frac = 0.05\nall_visible_frac = 1\n"), @"
    error: no tuple is dead where all pages are all-visible
     --> demo/profile.toml:4:20
      |
    4 | all_visible_frac = 1
      |                    ^
      |
      = help: a page with a dead tuple is not all-visible: take out `dead_frac`, or write all_visible_frac = 0.95 or less
    ");
    assert_snapshot!(refused_heap("dead_frac = 0.4\nfree_frac = 0.25\nall_visible_frac = 0.8\n"), @"
    error: 0.2 of the pages are not all-visible, too few for 0.4 of the tuples to be dead
     --> demo/profile.toml:5:20
      |
    5 | all_visible_frac = 0.8
      |                    ^^^
      |
      = help: a page with a dead tuple is not all-visible: lower `dead_frac`, or write all_visible_frac = 0.7 or less
    ");
    let fits = format!("{PROFILE}dead_frac = 0.4\nfree_frac = 0.25\nall_visible_frac = 0.7\n");
    loaded(&[("scenario.toml", &format!("{HEAD}{STRATEGY}")), ("profile.toml", &fits)]).unwrap();
}

#[test]
fn fractions_of_nothing() {
    assert_snapshot!(refused_profile("[tables.users]\nrows = 0\ndead_frac = 0.05\nfree_frac = 0.1\n"), @"
    error: a table without rows cannot have a `dead_frac` of 0.05
     --> demo/profile.toml:3:13
      |
    3 | dead_frac = 0.05
      |             ^^^^
      |
      = help: it is a fraction of what is there: take it out, or give the table rows

    error: a table without rows cannot have a `free_frac` of 0.1
     --> demo/profile.toml:4:13
      |
    4 | free_frac = 0.1
      |             ^^^
      |
      = help: it is a fraction of what is there: take it out, or give the table rows
    ");
}
