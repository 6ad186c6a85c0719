//! What the catalog says of a table, as far as making rows for it needs to know.

/// One table: ordinary or partitioned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableShape {
    /// `pg_class.oid`
    pub oid: u32,
    /// The schema's name, unquoted.
    pub schema: String,
    /// The table's name, unquoted.
    pub name: String,
    /// Its columns in `attnum` order, dropped ones left out.
    pub columns: Vec<ColumnShape>,
    /// PRIMARY KEY, UNIQUE constraints and unique indexes.
    pub unique_keys: Vec<UniqueKey>,
    /// Its FOREIGN KEY constraints.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its CHECK constraints and those of its columns' domains.
    pub checks: Vec<CheckConstraint>,
    /// How it is partitioned, if it is.
    pub partitioning: Option<Partitioning>,
    /// The storage parameter `fillfactor`, percent, where it is set.
    pub fillfactor: Option<u32>,
}

impl TableShape {
    /// `schema.name`, unquoted: what people read and what keys the random streams.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name, unquoted.
    pub name: String,
    /// `pg_attribute.atttypid`
    pub type_oid: u32,
    /// `format_type(atttypid, atttypmod)`: `character varying(40)`
    pub type_name: String,
    /// The type as far as it matters for making values.
    pub kind: ColumnType,
    /// `attnotnull`, or a member of the primary key.
    pub not_null: bool,
    /// Whether the column has a default or is an identity column.
    pub has_default: bool,
    /// `GENERATED ALWAYS AS (…) STORED`: the server computes it.
    pub generated_stored: bool,
    /// The sequence that a serial or identity column owns, or that a whole number's default takes values from (one
    /// that several tables share, say), qualified and quoted as SQL needs it.
    pub owned_sequence: Option<String>,
}

/// A column's type as far as it matters for making values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ColumnType {
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `numeric`, with its type modifier if it has one.
    Numeric {
        /// Digits in all.
        precision: Option<u16>,
        /// Digits after the point; may be negative from PostgreSQL 15 on.
        scale: Option<i16>,
    },
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `boolean`
    Bool,
    /// `text`
    Text,
    /// `varchar`, with its limit in characters if it has one.
    Varchar(Option<u32>),
    /// `char(n)`
    Char(u32),
    /// `date`
    Date,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    Timestamptz,
    /// `uuid`
    Uuid,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `bytea`
    Bytea,
    /// An enum with its labels in `enumsortorder`.
    Enum(Vec<String>),
    /// Anything else: no values can be made for it.
    #[default]
    Unsupported,
}

impl ColumnType {
    /// Whether values are strings of characters that the text generators can fill.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar(_) | Self::Char(_))
    }

    /// The most characters a value may have, where the type sets a limit.
    pub fn char_limit(&self) -> Option<u32> {
        match self {
            Self::Varchar(limit) => *limit,
            Self::Char(limit) => Some(*limit),
            _ => None,
        }
    }

    /// Stored bytes of every value (`pg_type.typlen`), or none where it varies.
    pub fn fixed_width_bytes(&self) -> Option<u32> {
        match self {
            Self::Bool => Some(1),
            Self::Int2 => Some(2),
            Self::Int4 | Self::Float4 | Self::Date | Self::Enum(_) => Some(4),
            Self::Int8 | Self::Float8 | Self::Timestamp | Self::Timestamptz => Some(8),
            Self::Uuid => Some(16),
            _ => None,
        }
    }

    /// Alignment of a stored value in bytes (`pg_type.typalign`); short variable-length values need none.
    pub fn alignment_bytes(&self) -> u32 {
        match self {
            Self::Bool | Self::Uuid => 1,
            Self::Int2 => 2,
            Self::Int8 | Self::Float8 | Self::Timestamp | Self::Timestamptz => 8,
            _ => 4,
        }
    }
}

/// A PRIMARY KEY, UNIQUE constraint or unique index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueKey {
    /// The index's name.
    pub name: String,
    /// Its columns, as positions in [`TableShape::columns`]: plain members first, then those that its expressions
    /// read (for a partial index with expressions, what its WHERE clause reads as well).
    pub columns: Vec<usize>,
    /// Whether it is the primary key.
    pub primary: bool,
    /// Whether it has a WHERE clause.
    pub partial: bool,
    /// Whether any of its members is an expression.
    pub expression: bool,
}

/// A FOREIGN KEY constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: String,
    /// Referencing columns, as positions in [`TableShape::columns`].
    pub columns: Vec<usize>,
    /// The referenced table's `oid`.
    pub ref_table_oid: u32,
    /// Referenced columns, as positions in that table's [`TableShape::columns`].
    pub ref_columns: Vec<usize>,
}

/// A CHECK constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckConstraint {
    /// Its name.
    pub name: String,
    /// Its condition as `pg_get_expr` writes it; in that of a domain the column's value is called `VALUE`.
    pub expression: String,
    /// The columns that it reads, as positions in [`TableShape::columns`].
    pub columns: Vec<usize>,
    /// The domain that it belongs to, if it is not the table's own.
    pub domain: Option<String>,
}

/// How a table is partitioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// `pg_partitioned_table.partstrat`
    pub strategy: PartitionStrategy,
    /// The columns of its key, as positions in [`TableShape::columns`]; empty where an expression is part of the key.
    pub key: Vec<usize>,
    /// Its leaf partitions: those that hold rows.
    pub leaves: Vec<Leaf>,
}

/// `pg_partitioned_table.partstrat`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionStrategy {
    /// `LIST`
    List,
    /// `RANGE`
    Range,
    /// `HASH`
    Hash,
}

/// A partition that holds rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// `pg_class.oid`
    pub oid: u32,
    /// The schema's name, unquoted.
    pub schema: String,
    /// The table's name, unquoted.
    pub name: String,
    /// `pg_get_expr(relpartbound, oid)`; none where it is not a direct partition of the table.
    pub bound: Option<String>,
}
