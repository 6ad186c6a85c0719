//! Every table that a scenario or a profile may hold, with every key it knows and an example of each.
//!
//! The reader reports unknown and missing keys from these lists, and a test holds the JSON Schemas for
//! editors to them.

/// A table with a fixed set of keys.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What it is, for messages: `a strategy`.
    pub(crate) what: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [Key],
}

/// One key of a [`Shape`].
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// True where the table means nothing without it.
    pub(crate) required: bool,
    /// The key that can stand for a required one.
    pub(crate) unless: Option<&'static str>,
    /// A line as it could stand in the file.
    pub(crate) example: &'static str,
}

impl Shape {
    /// The key of that name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of all keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.keys.iter().map(|key| key.name)
    }
}

const fn required(name: &'static str, example: &'static str) -> Key {
    Key { name, required: true, unless: None, example }
}

const fn required_unless(name: &'static str, other: &'static str, example: &'static str) -> Key {
    Key { name, required: true, unless: Some(other), example }
}

const fn optional(name: &'static str, example: &'static str) -> Key {
    Key { name, required: false, unless: None, example }
}

pub(crate) const SCENARIO: Shape = Shape {
    what: "a scenario",
    keys: &[
        required("title", r#"title = "Index a busy table""#),
        optional("about", r#"about = "A sentence or two for the reader of the report.""#),
        required("schema", r#"schema = "schema.sql""#),
        required("profile", r#"profile = "profile.toml", or the same tables inline under [profile]"#),
        optional("seed", "seed = 42"),
        optional("server", "[server]"),
        required("strategy", r#"[[strategy]] with name = "plain" and up = ["plain.up.sql"]"#),
        optional("workload", "[workload]"),
        optional("budget", "[budget]"),
    ],
};

pub(crate) const SCHEMA: Shape = Shape {
    what: "schema",
    keys: &[required("migrations", r#"migrations = "migrations/""#), optional("tool", r#"tool = "sqlx""#)],
};

pub(crate) const SERVER: Shape = Shape {
    what: "[server]",
    keys: &[
        optional("version", "version = 17"),
        optional("settings", r#"settings = { shared_buffers = "512MB" }"#),
    ],
};

pub(crate) const STRATEGY: Shape = Shape {
    what: "a strategy",
    keys: &[
        required("name", r#"name = "concurrently""#),
        required_unless("up", "phase", r#"up = ["concurrently.up.sql"]"#),
        optional("down", r#"down = ["concurrently.down.sql"]"#),
        optional("phase", "[[strategy.phase]]"),
        optional("probes", r#"probes = ["old"], the names of probes or of versions of the application"#),
        optional("verify", "[[strategy.verify]]"),
        optional("irreversible", r#"irreversible = "the old values are gone""#),
        optional("lock_timeout", r#"lock_timeout = "2s""#),
        optional("retries", "retries = 10"),
        optional("backoff", r#"backoff = "1s""#),
        optional("expect", r#"expect = { verdict = "fail", findings = ["write-stall"] }"#),
    ],
};

pub(crate) const PHASE: Shape = Shape {
    what: "a phase",
    keys: &[
        required("name", r#"name = "expand""#),
        optional("up", r#"up = ["expand.up.sql"]"#),
        optional("down", r#"down = ["expand.down.sql"]"#),
        optional("probes", r#"probes = ["old"], the names of probes or of versions of the application"#),
        optional("verify", "[[strategy.phase.verify]]"),
    ],
};

pub(crate) const VERIFY: Shape = Shape {
    what: "a check of the data",
    keys: &[
        required("name", r#"name = "both columns agree""#),
        required("sql", r#"sql = "SELECT id FROM users WHERE display_name IS DISTINCT FROM username""#),
    ],
};

pub(crate) const STEP: Shape = Shape {
    what: "a step",
    keys: &[
        required("file", r#"file = "plain.up.sql""#),
        optional("transaction", r#"transaction = "auto", "file" or "none""#),
        optional("lock_timeout", r#"lock_timeout = "2s""#),
        optional("retries", "retries = 10"),
        optional("backoff", r#"backoff = "1s""#),
    ],
};

pub(crate) const EXPECT: Shape = Shape {
    what: "expect",
    keys: &[
        optional("verdict", r#"verdict = "pass" or "fail""#),
        optional("findings", r#"findings = ["write-stall"]"#),
    ],
};

pub(crate) const WORKLOAD: Shape = Shape {
    what: "[workload]",
    keys: &[
        optional("connections", "connections = 20"),
        optional("baseline", r#"baseline = "3s""#),
        optional("settle", r#"settle = "2s""#),
        optional("during_rollback", "during_rollback = true"),
        optional("probe", "[[workload.probe]]"),
        optional("hold", "[[workload.hold]]"),
    ],
};

pub(crate) const PROBE: Shape = Shape {
    what: "a probe",
    keys: &[
        required("name", r#"name = "login""#),
        optional("version", r#"version = "old""#),
        required("kind", r#"kind = "read" or "write""#),
        required("sql", r#"sql = "SELECT id FROM users WHERE email = $1""#),
        optional("params", r#"params = ["users.email"]"#),
        required("rate", "rate = 100"),
    ],
};

pub(crate) const PARAM: Shape = Shape {
    what: "a parameter",
    keys: &[required("column", r#"column = "users.email""#), optional("absent", "absent = 0.1")],
};

pub(crate) const HOLD: Shape = Shape {
    what: "a hold",
    keys: &[
        optional("sql", r#"sql = "SELECT count(*) FROM users""#),
        optional("kind", r#"kind = "reader", "idle", "writer", "dump" or "vacuum""#),
        optional("table", r#"table = "users""#),
        required("start", r#"start = "before" or "during""#),
        required("for", r#"for = "5s""#),
    ],
};

pub(crate) const BUDGET: Shape = Shape {
    what: "[budget]",
    keys: &[
        optional("read_stall", r#"read_stall = "500ms""#),
        optional("write_stall", r#"write_stall = "500ms""#),
        optional("duration", r#"duration = "30min""#),
        optional("probe_errors", "probe_errors = 0"),
        optional("rewrite", r#"rewrite = "allow" or "deny""#),
        optional("broken_rollback", r#"broken_rollback = "allow" or "deny""#),
        optional("unmeasured", r#"unmeasured = "fail" or "allow""#),
        optional("wal", r#"wal = "10GiB""#),
        optional("disk_growth", r#"disk_growth = "20GiB""#),
    ],
};

pub(crate) const PROFILE: Shape = Shape {
    what: "a profile",
    keys: &[optional("rows", "rows = 100_000"), optional("tables", "[tables.users] with rows = 5_000_000")],
};

pub(crate) const TABLE: Shape = Shape {
    what: "a table of the profile",
    keys: &[
        required("rows", "rows = 5_000_000"),
        optional("dead_frac", "dead_frac = 0.05"),
        optional("free_frac", "free_frac = 0.1"),
        optional("all_visible_frac", "all_visible_frac = 0.9"),
        optional("columns", "[tables.users.columns.email]"),
    ],
};

pub(crate) const COLUMN: Shape = Shape {
    what: "a column of the profile",
    keys: &[
        optional("null_frac", "null_frac = 0.35"),
        optional("n_distinct", "n_distinct = 5000, or n_distinct = -1 for a unique column"),
        optional(
            "most_common",
            "most_common = { active = 0.9, deleted = 0.02 }, or most_common = [0.9, 0.02] for frequencies only",
        ),
        optional("most_common_freqs", "most_common_freqs = [0.4, 0.2]"),
        optional("histogram_bounds", r#"histogram_bounds = ["2019-01-01", "2022-06-01", "2026-01-01"]"#),
        optional("correlation", "correlation = 0.99"),
        optional("avg_width", "avg_width = 240"),
        optional("generator", r#"generator = "email""#),
        optional("toasted", "toasted = { frac = 0.1, raw_width = 8000, compressibility = 0.5 }"),
        optional("elem_count_histogram", "elem_count_histogram = [0, 1, 2, 3, 6]"),
        optional("fan_out", "fan_out = { zipf = 1.1, childless_frac = 0.2 }"),
        optional("depends_on", r#"depends_on = { column = "city", degree = 0.9 }"#),
    ],
};

pub(crate) const TOASTED: Shape = Shape {
    what: "toasted",
    keys: &[
        required("frac", "frac = 0.1"),
        required("raw_width", "raw_width = 8000"),
        optional("compressibility", "compressibility = 0.5"),
    ],
};

pub(crate) const FAN_OUT: Shape = Shape {
    what: "fan_out",
    keys: &[
        optional("uniform", "uniform = true"),
        optional("zipf", "zipf = 1.1"),
        optional("degrees", "degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 }"),
        optional("childless_frac", "childless_frac = 0.2"),
        optional("clustering", "clustering = 0.9"),
    ],
};

pub(crate) const DEPENDS_ON: Shape = Shape {
    what: "depends_on",
    keys: &[required("column", r#"column = "city""#), optional("degree", "degree = 0.9")],
};

/// Every shape of `scenario.toml` but the profile's, with its place in the JSON Schema for editors.
#[cfg(test)]
pub(crate) const OF_SCENARIO: &[(&str, &Shape)] = &[
    ("", &SCENARIO),
    ("/$defs/migrations", &SCHEMA),
    ("/$defs/server", &SERVER),
    ("/$defs/strategy", &STRATEGY),
    ("/$defs/phase", &PHASE),
    ("/$defs/verify", &VERIFY),
    ("/$defs/step", &STEP),
    ("/$defs/expect", &EXPECT),
    ("/$defs/workload", &WORKLOAD),
    ("/$defs/probe", &PROBE),
    ("/$defs/param", &PARAM),
    ("/$defs/hold", &HOLD),
    ("/$defs/budget", &BUDGET),
];

/// Every shape of the profile, with its place in the JSON Schema for editors.
#[cfg(test)]
pub(crate) const OF_PROFILE: &[(&str, &Shape)] = &[
    ("", &PROFILE),
    ("/$defs/table", &TABLE),
    ("/$defs/column", &COLUMN),
    ("/$defs/toasted", &TOASTED),
    ("/$defs/fan_out", &FAN_OUT),
    ("/$defs/depends_on", &DEPENDS_ON),
];
