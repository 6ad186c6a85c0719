//! What values a type has.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::error::Error;
use crate::postgres::shape::{Attribute, ColumnType};

/// A row of `pg_type` with what stands about it in other catalogs.
#[derive(Debug)]
struct Type {
    name: String,
    base: Option<(u32, i32)>,
    element: Option<u32>,
    subtype: Option<u32>,
    labels: Vec<String>,
    attributes: Vec<(String, u32, i32)>,
    case_ignored: bool,
}

/// All types of a database.
#[derive(Debug)]
pub(super) struct Types(BTreeMap<u32, Type>);

/// Types inside types inside types: deeper than anybody nests them.
const DEPTH_MAX: u32 = 16;

impl Types {
    /// Reads them.
    pub(super) async fn read(client: &Client) -> Result<Self, Error> {
        let rows = client
            .query(
                "SELECT t.oid, t.typname::text, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE 0 END, t.typtypmod, \
                        CASE WHEN e.oid IS NULL THEN 0 ELSE t.typelem END, COALESCE(r.rngsubtype, 0), \
                        ARRAY(SELECT l.enumlabel::text FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid \
                              ORDER BY l.enumsortorder), \
                        ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' \
                                AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum), \
                        ARRAY(SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' \
                                AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum), \
                        ARRAY(SELECT a.atttypmod FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' \
                                AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum), \
                        p.proname = 'citextin' AND t.typtype = 'b' \
                 FROM pg_catalog.pg_type t \
                 LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid \
                 LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid \
                 LEFT JOIN pg_catalog.pg_proc p ON p.oid = t.typinput",
                &[],
            )
            .await?;
        let some = |oid: u32| (oid != 0).then_some(oid);
        let types = rows.iter().map(|row| {
            let (names, oids, typmods): (Vec<String>, Vec<u32>, Vec<i32>) =
                (row.get(7), row.get(8), row.get(9));
            let attributes = names.into_iter().zip(oids).zip(typmods);
            let kind = Type {
                name: row.get(1),
                base: some(row.get(2)).map(|base| (base, row.get(3))),
                element: some(row.get(4)),
                subtype: some(row.get(5)),
                labels: row.get(6),
                attributes: attributes.map(|((name, oid), typmod)| (name, oid, typmod)).collect(),
                case_ignored: row.get::<_, Option<bool>>(10).unwrap_or(false),
            };
            (row.get(0), kind)
        });
        Ok(Self(types.collect()))
    }

    /// The type with this oid and modifier: its own oid, or of a domain that of its innermost base type, and its values.
    pub(super) fn resolve(&self, oid: u32, typmod: i32) -> (u32, ColumnType) {
        self.resolve_within(oid, typmod, 0)
    }

    fn resolve_within(&self, oid: u32, typmod: i32, depth: u32) -> (u32, ColumnType) {
        if let Some(kind) = built_in(oid, typmod) {
            return (oid, kind);
        }
        let Some(known) = self.0.get(&oid).filter(|_| depth < DEPTH_MAX) else {
            return (oid, ColumnType::Unsupported);
        };
        let inner = |oid, typmod| self.resolve_within(oid, typmod, depth + 1);
        let kind = if let Some((base, declared)) = known.base {
            return inner(base, declared);
        } else if let Some(element_oid) = known.element {
            // A modifier of an array is its elements'. What stands in the array is the declared type's oid.
            ColumnType::Array { element: Box::new(inner(element_oid, typmod).1), element_oid }
        } else if let Some(subtype) = known.subtype {
            match inner(subtype, -1).1 {
                subtype @ (ColumnType::Int4
                | ColumnType::Int8
                | ColumnType::Numeric { .. }
                | ColumnType::Date
                | ColumnType::Timestamp
                | ColumnType::Timestamptz) => ColumnType::Range(Box::new(subtype)),
                _ => ColumnType::Other(known.name.clone()),
            }
        } else if !known.labels.is_empty() {
            ColumnType::Enum(known.labels.clone())
        } else if !known.attributes.is_empty() {
            let attribute = |(name, type_oid, typmod): &(String, u32, i32)| Attribute {
                name: name.clone(),
                type_oid: *type_oid,
                kind: inner(*type_oid, *typmod).1,
            };
            ColumnType::Composite(known.attributes.iter().map(attribute).collect())
        } else if known.case_ignored {
            ColumnType::Text
        } else {
            ColumnType::Other(known.name.clone())
        };
        (oid, kind)
    }
}

/// The type behind an oid and modifier; the oids are those of `pg_type.dat`, which never change.
fn built_in(type_oid: u32, typmod: i32) -> Option<ColumnType> {
    // Modifiers of strings and numerics count the four bytes of a length word that once was there.
    let modifier = (typmod >= 4).then(|| (typmod - 4).cast_unsigned());
    Some(match type_oid {
        16 => ColumnType::Bool,
        17 => ColumnType::Bytea,
        18 => ColumnType::InternalChar,
        19 => ColumnType::Name,
        20 => ColumnType::Int8,
        21 => ColumnType::Int2,
        23 => ColumnType::Int4,
        25 => ColumnType::Text,
        26 => ColumnType::Oid,
        114 => ColumnType::Json,
        142 => ColumnType::Xml,
        650 => ColumnType::Cidr,
        700 => ColumnType::Float4,
        701 => ColumnType::Float8,
        790 => ColumnType::Money,
        829 => ColumnType::Macaddr,
        869 => ColumnType::Inet,
        1_042 => ColumnType::Char(modifier.unwrap_or(1)),
        1_043 => ColumnType::Varchar(modifier),
        1_082 => ColumnType::Date,
        1_083 => ColumnType::Time,
        1_114 => ColumnType::Timestamp,
        1_184 => ColumnType::Timestamptz,
        1_186 => ColumnType::Interval,
        1_266 => ColumnType::Timetz,
        1_560 => ColumnType::Bit(u32::try_from(typmod).unwrap_or(1).max(1)),
        1_562 => ColumnType::Varbit(u32::try_from(typmod).ok().filter(|&bits| bits > 0)),
        1_700 => ColumnType::Numeric {
            precision: modifier.map(|modifier| (modifier >> 16) as u16),
            // Eleven bits, two's complement (numeric.c, numeric_typmod_scale).
            scale: modifier.map(|modifier| ((modifier & 0x7ff) ^ 1_024) as i16 - 1_024),
        },
        2_950 => ColumnType::Uuid,
        3_614 => ColumnType::Tsvector,
        3_802 => ColumnType::Jsonb,
        _ => return None,
    })
}
