//! The data profile: the declared statistics of the data, in the words of `pg_stats` and `pg_class`.

use crate::source::Place;

mod without_places;

/// The declared tables, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Declared tables, in the order written; names as written (`users` or `schema.users`).
    pub tables: Vec<TableProfile>,
    /// Live rows of every table of the schema that is not declared, before `--scale`; none leaves them empty.
    pub rows: Option<u64>,
}

/// What is declared of one table.
#[derive(Debug, Clone, Default)]
pub struct TableProfile {
    /// `table` or `schema.table`, as written.
    pub name: String,
    /// Live rows, before `--scale`.
    pub rows: u64,
    /// Dead tuples as a fraction of all tuples, 0 to less than 1.
    pub dead_frac: Option<f64>,
    /// Free space as a fraction of the heap's bytes, 0 to less than 1.
    pub free_frac: Option<f64>,
    /// Pages that are all-visible as a fraction of the heap's pages (`relallvisible / relpages`), 0 to 1.
    pub all_visible_frac: Option<f64>,
    /// Declared columns, in the order written.
    pub columns: Vec<ColumnProfile>,
    /// Where the table's name stands.
    pub place: Place,
    /// Where `dead_frac` stands, if it is declared.
    pub dead_frac_place: Option<Place>,
    /// Where `free_frac` stands, if it is declared.
    pub free_frac_place: Option<Place>,
    /// Where `all_visible_frac` stands, if it is declared.
    pub all_visible_frac_place: Option<Place>,
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
    /// Frequencies of most common values whose values are left to the generator, as fractions of all rows, most
    /// frequent first. Excludes `most_common`.
    pub most_common_freqs: Vec<f64>,
    /// Equi-depth bounds of everything that is not null and not most common, ascending as written.
    pub histogram_bounds: Vec<Bound>,
    /// Rank correlation between value order and physical order, -1 to 1.
    pub correlation: Option<f64>,
    /// Average stored width, bytes.
    pub avg_width: Option<f64>,
    /// Kind of realistic values: `email`, `name`, `username`, …
    pub generator: Option<Generator>,
    /// Values that are stored out of line.
    pub toasted: Option<Toasted>,
    /// Equi-depth bounds of the number of elements of arrays that are not null, ascending, at least two; as in
    /// `pg_stats` without the average at its end.
    pub elem_count_histogram: Vec<u32>,
    /// How many rows reference each row of the referenced table; for foreign keys.
    pub fan_out: Option<FanOut>,
    /// Another column of the table that decides this one.
    pub depends_on: Option<DependsOn>,
    /// Where the column's name stands.
    pub place: Place,
    /// Where `n_distinct` stands, if it is declared.
    pub n_distinct_place: Option<Place>,
    /// Where `most_common` stands, if it is declared.
    pub most_common_place: Option<Place>,
    /// Where the frequencies without values stand, under whichever key, if they are declared.
    pub most_common_freqs_place: Option<Place>,
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
    /// Where `elem_count_histogram` stands, if it is declared.
    pub elem_count_histogram_place: Option<Place>,
}

/// Wide values that PostgreSQL moves out of the row.
#[derive(Debug, Clone, PartialEq)]
pub struct Toasted {
    /// Values stored out of line as a fraction of those that are not null, 0 to 1.
    pub frac: f64,
    /// Their average length before compression, bytes.
    pub raw_width: f64,
    /// How much of their length compression takes away, 0 (random bytes; the default) to less than 1.
    pub compressibility: f64,
    /// Where it stands.
    pub place: Place,
}

/// How the rows of a table are shared out over the rows that they reference.
#[derive(Debug, Clone, PartialEq)]
pub struct FanOut {
    /// How many children each parent has.
    pub degrees: Degrees,
    /// Parents without any child as a fraction of all parents, 0 to less than 1. With explicit degrees it is the
    /// fraction of degree 0.
    pub childless_frac: Option<f64>,
    /// Where the children of one parent stand: 1 beside each other and in the parents' order, 0 anywhere. The rank
    /// correlation between a child's place and its parent's.
    pub clustering: Option<f64>,
    /// Where it stands.
    pub place: Place,
}

/// How many children each parent has.
#[derive(Debug, Clone, PartialEq)]
pub enum Degrees {
    /// As evenly as whole numbers allow.
    Uniform,
    /// In proportion to `rank ^ -exponent`; the exponent is above 0.
    Zipf(f64),
    /// Number of children with the fraction of all parents that have so many, ascending; the fractions sum to 1.
    Explicit(Vec<(u64, f64)>),
}

/// A functional dependency, as `CREATE STATISTICS … (dependencies)` measures it.
#[derive(Debug, Clone, PartialEq)]
pub struct DependsOn {
    /// The deciding column of the same table.
    pub column: String,
    /// Fraction of rows whose value is decided, 0 to 1 (the default).
    pub degree: f64,
    /// Where it stands.
    pub place: Place,
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
