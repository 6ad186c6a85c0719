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
    /// `GENERATED ALWAYS AS IDENTITY`: an UPDATE cannot set it.
    pub identity_always: bool,
    /// `GENERATED ALWAYS AS (…) STORED`: the server computes it.
    pub generated_stored: bool,
    /// How values too wide for their row are stored.
    pub storage: Storage,
    /// The sequence that a serial or identity column owns, or that a whole number's default takes values from (one
    /// that several tables share, say), qualified and quoted as SQL needs it.
    pub owned_sequence: Option<String>,
}

/// `pg_attribute.attstorage`: how values too wide for their row are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Storage {
    /// In the row, as they are.
    Plain,
    /// Out of line, as they are.
    External,
    /// In the row, compressed; out of line only where a row would not fit a page.
    Main,
    /// Compressed, then out of line.
    #[default]
    Extended,
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
    /// `name`
    Name,
    /// `"char"`, with the quotes: one byte.
    InternalChar,
    /// `xml`
    Xml,
    /// `time without time zone`
    Time,
    /// `time with time zone`
    Timetz,
    /// `interval`
    Interval,
    /// `inet`
    Inet,
    /// `cidr`
    Cidr,
    /// `macaddr`
    Macaddr,
    /// `oid`
    Oid,
    /// `money`
    Money,
    /// `bit(n)`
    Bit(u32),
    /// `bit varying`, with its limit in bits if it has one.
    Varbit(Option<u32>),
    /// `tsvector`
    Tsvector,
    /// A range over a type.
    Range(Box<Self>),
    /// An array.
    Array {
        /// The type of its elements.
        element: Box<Self>,
        /// That type's `oid`.
        element_oid: u32,
    },
    /// A composite type with its attributes.
    Composite(Vec<Attribute>),
    /// A type whose values are sent as text, by its `typname`.
    Other(String),
    /// Nothing that is known: no values can be made for it.
    #[default]
    Unsupported,
}

/// An attribute of a composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, unquoted.
    pub name: String,
    /// Its type's `oid`.
    pub type_oid: u32,
    /// Its type.
    pub kind: ColumnType,
}

impl ColumnType {
    /// Whether values are strings of characters that the text generators can fill.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar(_) | Self::Char(_) | Self::Name | Self::InternalChar)
    }

    /// The most characters a value may have, where the type sets a limit.
    pub fn char_limit(&self) -> Option<u32> {
        match self {
            Self::Varchar(limit) => *limit,
            Self::Char(limit) => Some(*limit),
            // 64 bytes, of which the last is zero.
            Self::Name => Some(63),
            Self::InternalChar => Some(1),
            _ => None,
        }
    }

    /// Whether values, or values inside them, can be sent in the binary format.
    pub fn is_binary(&self) -> bool {
        match self {
            Self::Other(_) | Self::Unsupported => false,
            Self::Range(element) | Self::Array { element, .. } => element.is_binary(),
            Self::Composite(attributes) => attributes.iter().all(|attribute| attribute.kind.is_binary()),
            _ => true,
        }
    }

    /// Stored bytes of every value (`pg_type.typlen`), or none where it varies.
    pub fn fixed_width_bytes(&self) -> Option<u32> {
        match self {
            Self::Bool | Self::InternalChar => Some(1),
            Self::Int2 => Some(2),
            Self::Int4 | Self::Float4 | Self::Date | Self::Enum(_) | Self::Oid => Some(4),
            Self::Macaddr => Some(6),
            Self::Int8 | Self::Float8 | Self::Timestamp | Self::Timestamptz | Self::Time | Self::Money => {
                Some(8)
            }
            Self::Timetz => Some(12),
            Self::Uuid | Self::Interval => Some(16),
            Self::Name => Some(64),
            _ => None,
        }
    }

    /// Alignment of a stored value in bytes (`pg_type.typalign`); short variable-length values need none.
    pub fn alignment_bytes(&self) -> u32 {
        match self {
            Self::Bool | Self::Uuid | Self::Name | Self::InternalChar => 1,
            Self::Int2 => 2,
            Self::Int8 | Self::Float8 | Self::Timestamp | Self::Timestamptz => 8,
            Self::Time | Self::Timetz | Self::Interval | Self::Money | Self::Composite(_) => 8,
            Self::Range(element) | Self::Array { element, .. } => element.alignment_bytes().max(4),
            _ => 4,
        }
    }
}

/// A PRIMARY KEY, UNIQUE constraint or unique index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Its WHERE clause as `pg_get_expr` writes it, if it has one.
    pub predicate: Option<String>,
    /// Its expressions as `pg_get_expr` writes them, separated by commas, if it has any.
    pub expressions: Option<String>,
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
