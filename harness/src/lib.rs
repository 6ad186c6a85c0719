//! What is done: a disposable server, generated data, migrations, and the eyes on them.
//!
//! The main path is [`run`]: prepare the dataset, then for each strategy copy it, start watching, migrate,
//! inspect, tear down. Its helpers ([`server`], [`dataset`], [`migrate`], [`observe`], [`inspect`], [`workload`])
//! do not import each other ([`cache`] keeps what [`server`] and [`dataset`] make); they speak to the server
//! through [`postgres`] and tell what happened through [`events`].

pub mod cache;
pub mod dataset;
pub mod display;
pub mod error;
pub mod events;
pub mod generate;
pub mod git;
pub mod inspect;
pub mod learn;
pub mod migrate;
pub mod observe;
pub mod postgres;
pub mod run;
pub mod server;
pub mod workload;
