//! The program from outside: the real binary against a real PostgreSQL.
//!
//! Every test works in a directory of its own and looks afterwards whether a process or a directory was left
//! behind. Nothing needs a running server, a fixed port or a certain user.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails; one that skips says so"
)]

#[path = "end_to_end/bad_input.rs"]
mod bad_input;
#[path = "end_to_end/cache.rs"]
mod cache;
#[path = "end_to_end/command_line.rs"]
mod command_line;
#[path = "end_to_end/comparison.rs"]
mod comparison;
#[path = "end_to_end/deployed.rs"]
mod deployed;
#[path = "end_to_end/fidelity.rs"]
mod fidelity;
#[path = "end_to_end/generate.rs"]
mod generate;
#[path = "end_to_end/init.rs"]
mod init;
#[path = "end_to_end/interruption.rs"]
mod interruption;
#[path = "end_to_end/invariants.rs"]
mod invariants;
#[path = "end_to_end/kernel.rs"]
mod kernel;
#[path = "end_to_end/locks.rs"]
mod locks;
#[path = "end_to_end/main_job.rs"]
mod main_job;
#[path = "end_to_end/migrations.rs"]
mod migrations;
#[path = "end_to_end/phases.rs"]
mod phases;
#[path = "end_to_end/relations.rs"]
mod relations;
#[path = "end_to_end/rollback.rs"]
mod rollback;
#[path = "end_to_end/schema.rs"]
mod schema;
#[path = "end_to_end/stage.rs"]
mod stage;
#[path = "end_to_end/surroundings.rs"]
mod surroundings;
#[path = "end_to_end/workload.rs"]
mod workload;
