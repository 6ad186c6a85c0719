//! Values from positions: every cell of a table is a function of the seed, the column and the row number.
//!
//! A column is made in three steps. [`nulls`] decides which rows are NULL and ranks the others; [`order`] sends ranks to
//! positions in value order by a seeded permutation; [`segments`] cuts value order into stretches with exact row
//! counts, most common values and histogram buckets among them. So every count and the number of different values are
//! exact, correlation is what was asked for, and nothing depends on any other row. Memory does not grow with the rows.

pub(crate) mod column;
pub(crate) mod compound;
pub(crate) mod dependence;
pub(crate) mod divide;
pub(crate) mod fan_out;
pub(crate) mod nulls;
pub(crate) mod order;
pub(crate) mod permutation;
pub(crate) mod pool;
pub(crate) mod prose;
pub(crate) mod quota;
pub(crate) mod relation;
pub(crate) mod rng;
pub(crate) mod segments;
pub(crate) mod text;
pub(crate) mod values;
pub(crate) mod wide;
pub(crate) mod words;
