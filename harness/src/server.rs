//! A disposable PostgreSQL server on this machine: found, made, started, stopped, removed.

pub mod discover;
pub mod files;
pub mod given;
mod home;
mod local;
mod process;
mod settings;
mod wait;

pub use given::GivenServer;
pub use home::{WorkDir, sweep};
pub use local::LocalServer;
pub use settings::{Machine, check_wished};

/// The account that a server would run as.
///
/// # Errors
/// Where there is none: PostgreSQL refuses to run as root.
pub fn account() -> std::io::Result<String> {
    process::RunAs::choose().map(|run_as| run_as.name)
}
