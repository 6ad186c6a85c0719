//! What happened and what it means: events, the record, judging and the renderers.
//!
//! The harness writes [`event::Entry`]s to `record.jsonl`; everything that a report says is worked out
//! here from those entries alone. Nothing here opens a socket, starts a process or reads a clock, so the same
//! record gives the same bytes.
//!
//! The way through: [`record::read`] → [`Report::from_entries`] (which reads the entries of each rehearsal
//! into a timeline, merges what was seen of its locks, and judges) → [`render::render`].

mod assemble;
mod differences;
pub mod event;
pub mod explain;
mod fidelity;
mod judge;
mod locks;
pub mod model;
mod names;
pub mod record;
pub mod render;
mod statements;
mod statistics;
mod timeline;
pub mod units;
mod window;
mod workload;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;

pub use judge::comparison::is_clear;
pub use model::Report;
