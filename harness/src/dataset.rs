//! The dataset: rows that match the declared profile, loaded fast.
//!
//! [`plan`] turns profile and catalog into tables whose rows [`generate`] makes and [`encode`] writes;
//! [`prepare`] is the way from an empty server to a database that rehearsals are copied from.

pub mod disk;
pub mod encode;
pub(crate) mod fingerprint;
pub mod generate;
pub mod load;
pub mod physical;
pub mod plan;
pub mod prepare;
mod refused;
pub mod schema;
pub mod verify;
