//! A profile with every table of a schema in it.

use std::fmt::Write;

use super::{toml_string, with_underscores};

/// A table of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `table`, or `schema.table` outside of `public`.
    pub name: String,
    /// Rows that it gets.
    pub rows: u64,
    /// Whether these are all that its keys have room for.
    pub is_full: bool,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A column of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type and what the schema demands of it: `text, not null`.
    pub about: String,
    /// What one would declare of it.
    pub hint: Option<Hint>,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// What is worth declaring of a column, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A foreign key: how many rows reference each parent.
    References,
    /// These values, of which some are more common than others.
    Values(Vec<String>),
    /// Text: how long it is.
    Text,
    /// A time, which grows with the rows.
    Time,
    /// A number: how many different ones there are.
    Number,
}

/// A profile that gives every table `rows` rows, with a line to fill in for each column of which more can be said. Tables
/// whose keys have no room for so many stay out of it, so that they are filled up at any scale.
pub fn profile(tables: &[Table], rows: u64) -> String {
    let mut text = String::from(
        "# Every table of the schema. Put in what production has; these say it there:\n\
         #   SELECT relname, reltuples FROM pg_class WHERE relkind IN ('r', 'p');\n\
         #   SELECT attname, null_frac, n_distinct, correlation, avg_width FROM pg_stats WHERE tablename = '…';\n\
         # A line that begins with `# columns.` is an example: take the # away, and write what is true.\n",
    );
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\nrows = {}  # of every table that is not named below, or as many as its keys have room for\n",
        with_underscores(rows)
    );
    for table in tables.iter().filter(|table| table.is_full) {
        let _ = write!(text, "# [tables.{}]\n# rows = {}\n", key(&table.name), with_underscores(table.rows));
    }
    for table in tables.iter().filter(|table| !table.is_full) {
        let name = key(&table.name);
        let _ = write!(text, "\n[tables.{name}]\nrows = {}\n", with_underscores(table.rows));
        for column in &table.columns {
            let mut said: Vec<String> = column.hint.iter().map(example).collect();
            if column.nullable {
                said.push("null_frac = 0.1".to_owned());
            }
            if !said.is_empty() {
                let (name, about) = (key(&column.name), in_one_line(&column.about));
                let _ = writeln!(text, "# columns.{name} = {{ {} }}  # {about}", said.join(", "));
            }
        }
    }
    text
}

fn example(hint: &Hint) -> String {
    match hint {
        Hint::References => "fan_out = { zipf = 1.1 }".to_owned(),
        Hint::Values(values) => {
            let shares = [0.7, 0.1];
            let pairs: Vec<String> =
                values.iter().zip(shares).map(|(value, share)| format!("{} = {share}", key(value))).collect();
            format!("most_common = {{ {} }}", pairs.join(", "))
        }
        Hint::Text => "avg_width = 24".to_owned(),
        Hint::Time => "correlation = 0.99".to_owned(),
        Hint::Number => "n_distinct = 1000".to_owned(),
    }
}

/// A key as TOML has it: bare where it can be.
fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { quoted(name) }
}

fn quoted(name: &str) -> String {
    let written = toml_string(name);
    // A key is never written over several lines.
    if written.starts_with("\"\"\"") || written.starts_with("'''") {
        format!("\"{}\"", name.escape_default())
    } else {
        written
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
