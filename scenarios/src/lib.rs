//! What is declared: scenarios, data profiles and migration scripts, parsed and checked without a server.
//!
//! The way in is [`load()`]: it reads a scenario folder (or a bundled one) and gives either a whole
//! [`Scenario`] or every problem found, each with file, line, column, snippet and a way to mend it.
//! Nothing here opens a socket or starts a process.

pub mod catalog;
pub mod diagnostic;
mod fingerprint;
mod folder;
mod load;
pub mod migrations;
mod nearest;
pub mod profile;
pub mod quantity;
pub mod scenario;
pub mod source;
pub mod sql;
pub mod starter;

pub use diagnostic::{Diagnostic, Severity, render};
pub use folder::Folder;
pub use load::{Loaded, load, load_profile};
pub use profile::{ColumnProfile, Profile, TableProfile};
pub use scenario::{Budget, Scenario, Step, Strategy};
