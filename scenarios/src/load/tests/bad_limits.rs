//! The budget and the workload.

use insta::assert_snapshot;

use super::*;

#[test]
fn limits_that_are_not_limits() {
    let tail = "[budget]\nread_stall = 500\nwrite_stall = \"500\"\nduration = \"0s\"\nprobe_errors = -1\n\
                rewrite = \"denied\"\nwal = \"10 gigs\"\ndisk_growth = 1.5\n";
    assert_snapshot!(refused_tail(tail), @r#"
    error: `read_stall` must be a duration, not an integer
     --> demo/scenario.toml:8:14
      |
    8 | read_stall = 500
      |              ^^^
      |
      = help: write read_stall = "500ms"

    error: `write_stall`: `500` has no unit
     --> demo/scenario.toml:9:15
      |
    9 | write_stall = "500"
      |               ^^^^^
      |
      = help: write one number and one of us, ms, s, min, h: "500ms", "3s", "1.5h"

    error: `duration` must be longer than 0
      --> demo/scenario.toml:10:12
       |
    10 | duration = "0s"
       |            ^^^^
       |
       = help: write duration = "30min"

    error: `probe_errors` must be 0 or more
      --> demo/scenario.toml:11:16
       |
    11 | probe_errors = -1
       |                ^^
       |
       = help: write probe_errors = 0

    error: `rewrite` cannot be "denied"
      --> demo/scenario.toml:12:11
       |
    12 | rewrite = "denied"
       |           ^^^^^^^^
       |
       = help: it is one of "allow", "deny"

    error: `wal`: unknown unit `gigs`
      --> demo/scenario.toml:13:7
       |
    13 | wal = "10 gigs"
       |       ^^^^^^^^^
       |
       = help: write one number and one of B, kB, MB, GB, TB (steps of 1024, as PostgreSQL reads them) or KiB, MiB, GiB, TiB: "512MB", "10GiB"

    error: `disk_growth` must be a byte size, not a float
      --> demo/scenario.toml:14:15
       |
    14 | disk_growth = 1.5
       |               ^^^
       |
       = help: write disk_growth = "20GiB"
    "#);
    assert_snapshot!(refused_tail("[budget]\nduration = \"30m\"\nrewrite = false\ndisk_growth = -5\n"), @r#"
    error: `duration`: unknown unit `m`
     --> demo/scenario.toml:8:12
      |
    8 | duration = "30m"
      |            ^^^^^
      |
      = help: write one number and one of us, ms, s, min, h: "500ms", "3s", "1.5h"

    error: `rewrite` must be a string, not a boolean
     --> demo/scenario.toml:9:11
      |
    9 | rewrite = false
      |           ^^^^^
      |
      = help: it is one of "allow", "deny"

    error: `disk_growth` must be 0 or more
      --> demo/scenario.toml:10:15
       |
    10 | disk_growth = -5
       |               ^^
       |
       = help: write disk_growth = "20GiB"
    "#);
}

#[test]
fn a_workload_that_cannot_run() {
    let tail = "[workload]\nconnections = 0\nbaseline = \"soon\"\nsettle = 2\n\
                [[workload.probe]]\nname = \"login\"\nkind = \"reed\"\nsql = \"\"\nparams = [\"email\", 1]\nrate = 0\n\
                [[workload.probe]]\nname = \"login\"\nkind = \"read\"\nsql = \"SELECT 1\"\nrate = inf\n\
                [[workload.probe]]\n\
                [[workload.hold]]\nsql = \"SELECT 1\"\nstart = \"after\"\nfor = \"0s\"\n";
    assert_snapshot!(refused_tail(tail), @r#"
    error: `connections` must be from 1 to 10000
     --> demo/scenario.toml:8:15
      |
    8 | connections = 0
      |               ^
      |
      = help: write connections = 20

    error: `baseline`: `soon` is not a duration
     --> demo/scenario.toml:9:12
      |
    9 | baseline = "soon"
      |            ^^^^^^
      |
      = help: write one number and one of us, ms, s, min, h: "500ms", "3s", "1.5h"

    error: `settle` must be a duration, not an integer
      --> demo/scenario.toml:10:10
       |
    10 | settle = 2
       |          ^
       |
       = help: write settle = "2s"

    error: `kind` cannot be "reed"
      --> demo/scenario.toml:13:8
       |
    13 | kind = "reed"
       |        ^^^^^^
       |
       = help: did you mean "read"? it is one of "read", "write"

    error: `sql` is empty
      --> demo/scenario.toml:14:7
       |
    14 | sql = ""
       |       ^^
       |
       = help: write sql = "SELECT id FROM users WHERE email = $1"

    error: `email` does not name a column
      --> demo/scenario.toml:15:11
       |
    15 | params = ["email", 1]
       |           ^^^^^^^
       |
       = help: name the table and its column: params = ["users.email"]

    error: a value of `params` must be a string, not an integer
      --> demo/scenario.toml:15:20
       |
    15 | params = ["email", 1]
       |                    ^
       |
       = help: write params = ["users.email"]

    error: `rate` must be greater than 0, not 0
      --> demo/scenario.toml:16:8
       |
    16 | rate = 0
       |        ^
       |
       = help: write rate = 100

    error: a probe named `login` is there already
      --> demo/scenario.toml:18:8
       |
    18 | name = "login"
       |        ^^^^^^^
       |
       = help: the other is on line 12; a name is given once

    error: `rate` must be a finite number
      --> demo/scenario.toml:21:8
       |
    21 | rate = inf
       |        ^^^
       |
       = help: write rate = 100

    error: a probe needs `name`
      --> demo/scenario.toml:22:1
       |
    22 | [[workload.probe]]
       | ^^^^^^^^^^^^^^^^^^
       |
       = help: write name = "login"

    error: a probe needs `kind`
      --> demo/scenario.toml:22:1
       |
    22 | [[workload.probe]]
       | ^^^^^^^^^^^^^^^^^^
       |
       = help: write kind = "read" or "write"

    error: a probe needs `sql`
      --> demo/scenario.toml:22:1
       |
    22 | [[workload.probe]]
       | ^^^^^^^^^^^^^^^^^^
       |
       = help: write sql = "SELECT id FROM users WHERE email = $1"

    error: a probe needs `rate`
      --> demo/scenario.toml:22:1
       |
    22 | [[workload.probe]]
       | ^^^^^^^^^^^^^^^^^^
       |
       = help: write rate = 100

    error: `start` cannot be "after"
      --> demo/scenario.toml:25:9
       |
    25 | start = "after"
       |         ^^^^^^^
       |
       = help: it is one of "before", "during"

    error: `for` must be longer than 0
      --> demo/scenario.toml:26:7
       |
    26 | for = "0s"
       |       ^^^^
       |
       = help: write for = "5s"
    "#);
}

#[test]
fn rates_that_nobody_can_keep() {
    let probe = |name: &str, rate: &str| {
        format!("[[workload.probe]]\nname = \"{name}\"\nkind = \"read\"\nsql = \"SELECT 1\"\nrate = {rate}\n")
    };
    assert_snapshot!(refused_tail(&(probe("seldom", "1e-14") + &probe("often", "1e9"))), @r#"
    error: a rate of 0.00000000000001 per second cannot be kept
      --> demo/scenario.toml:11:8
       |
    11 | rate = 1e-14
       |        ^^^^^
       |
       = help: write one from 0.0003 to 100_000

    error: a rate of 1000000000 per second cannot be kept
      --> demo/scenario.toml:16:8
       |
    16 | rate = 1e9
       |        ^^^
       |
       = help: write one from 0.0003 to 100_000
    "#);
    let hold = "[[workload.hold]]\nkind = \"reader\"\nstart = \"before\"\nfor = \"5s\"\n\
                [budget]\nunmeasured = \"pass\"\n";
    assert_snapshot!(refused_tail(hold), @r#"
    error: a reader needs a table
     --> demo/scenario.toml:8:8
      |
    8 | kind = "reader"
      |        ^^^^^^^^
      |
      = help: add table = "users"

    error: `unmeasured` cannot be "pass"
      --> demo/scenario.toml:12:14
       |
    12 | unmeasured = "pass"
       |              ^^^^^^
       |
       = help: it is one of "fail", "allow"
    "#);
}
