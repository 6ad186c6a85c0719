//! The data profile: the declared statistics of the data, in the words of `pg_stats` and `pg_class`.

use crate::source::Place;

/// The declared tables, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Declared tables, in the order written; names as written (`users` or `schema.users`).
    pub tables: Vec<TableProfile>,
}

/// What is declared of one table.
#[derive(Debug, Clone)]
pub struct TableProfile {
    /// `table` or `schema.table`, as written.
    pub name: String,
    /// Live rows, before `--scale`.
    pub rows: u64,
    /// Declared columns, in the order written.
    pub columns: Vec<ColumnProfile>,
    /// Where the table's name stands.
    pub place: Place,
}

/// What is declared of one column. Everything is optional.
#[derive(Debug, Clone, Default)]
pub struct ColumnProfile {
    /// The column's name.
    pub name: String,
    /// Fraction of rows that are NULL, 0 to 1.
    pub null_frac: Option<f64>,
    /// The true count of distinct values (positive), or minus a fraction of rows (-1: unique).
    pub n_distinct: Option<f64>,
    /// Most common values with their frequency as a fraction of all rows, most frequent first.
    pub most_common: Vec<MostCommon>,
    /// Equi-depth bounds of everything that is not null and not most common, ascending as written.
    pub histogram_bounds: Vec<Bound>,
    /// Rank correlation between value order and physical order, -1 to 1.
    pub correlation: Option<f64>,
    /// Average stored width, bytes.
    pub avg_width: Option<f64>,
    /// Kind of realistic values: `email`, `name`, `username`, …
    pub generator: Option<Generator>,
    /// Where the column's name stands.
    pub place: Place,
    /// Where `n_distinct` stands, if it is declared.
    pub n_distinct_place: Option<Place>,
    /// Where `most_common` stands, if it is declared.
    pub most_common_place: Option<Place>,
    /// Where `histogram_bounds` stands, if it is declared.
    pub histogram_bounds_place: Option<Place>,
    /// Where `correlation` stands, if it is declared.
    pub correlation_place: Option<Place>,
    /// Where `avg_width` stands, if it is declared.
    pub avg_width_place: Option<Place>,
    /// Where `generator` stands, if it is declared.
    pub generator_place: Option<Place>,
    /// Where `null_frac` stands, if it is declared.
    pub null_frac_place: Option<Place>,
}

/// One most common value.
#[derive(Debug, Clone, PartialEq)]
pub struct MostCommon {
    /// The value as PostgreSQL would read it in the column's type, e.g. `true`, `42`, `active`.
    pub value: String,
    /// Fraction of all rows, 0 to 1.
    pub frequency: f64,
}

/// One histogram bound, as PostgreSQL would read it in the column's type, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// `2019-01-01`, `17`, `0.5`, …
    pub value: String,
    /// Where it stands.
    pub place: Place,
}

/// Kinds of realistic values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generator {
    /// `maria.lopez1f3@example.com`
    Email,
    /// `Maria Lopez`
    Name,
    /// `Maria`
    FirstName,
    /// `Lopez`
    LastName,
    /// `maria_lopez1f3`
    Username,
    /// `+1-555-0100`-like telephone numbers
    Phone,
    /// Names of cities
    City,
    /// Names of countries
    Country,
    /// Street and number
    Street,
    /// Names of companies
    Company,
    /// One word
    Word,
    /// A sentence or more, as long as `avg_width` asks
    Sentence,
    /// `https://…`
    Url,
    /// IPv4 addresses as text
    Ip,
    /// 64 hexadecimal characters or as many as the width asks: incompressible
    Hex,
}

impl Generator {
    /// Every generator with the name it has in a profile.
    pub const ALL: &[(&'static str, Self)] = &[
        ("email", Self::Email),
        ("name", Self::Name),
        ("first_name", Self::FirstName),
        ("last_name", Self::LastName),
        ("username", Self::Username),
        ("phone", Self::Phone),
        ("city", Self::City),
        ("country", Self::Country),
        ("street", Self::Street),
        ("company", Self::Company),
        ("word", Self::Word),
        ("sentence", Self::Sentence),
        ("url", Self::Url),
        ("ip", Self::Ip),
        ("hex", Self::Hex),
    ];
}
