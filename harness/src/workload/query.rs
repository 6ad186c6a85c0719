//! The application's queries: what is sent, and with which values.

use pgrehearse_reports::event::ProbeDeclared;
use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::scenario::{Param, Probe, ProbeKind};
use pgrehearse_scenarios::source::Place;
use pgrehearse_scenarios::sql;
use rand::RngExt;

use super::table::{self, Column, Table};

/// Rows that are tried for a value that is not NULL.
const TRIES: usize = 8;

/// A query that is sent at a steady rate.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// Several are one transaction.
    pub(super) statements: Vec<String>,
    /// Those of the first statement first.
    pub(super) params: Vec<Taken>,
    /// Requests per second.
    pub(super) rate: f64,
    /// The version of the application that sends it.
    pub(super) version: Option<String>,
    /// Which pool serves it.
    pub(super) pool: usize,
    /// Where a declared one stands; none of a default one.
    pub(super) place: Option<Place>,
}

/// A parameter's values.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    column: Column,
    /// Rows of its table.
    rows: u64,
    /// Tells parameters of the same table from others: they are of one row.
    table: String,
    /// Fraction of the requests whose value is in no row.
    absent: f64,
}

impl Query {
    /// The declared query, with the columns that its parameters name.
    ///
    /// # Errors
    /// Each column that is not there, with its place.
    pub(super) fn of_probe(probe: &Probe, pool: usize, tables: &[Table]) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut params = Vec::new();
        let statements = sql::texts(&probe.sql);
        if statements.is_empty() {
            let help = "write one statement, or several with semicolons between them";
            let message = format!("the probe {} has no statement", probe.name);
            problems.push(Diagnostic::error(probe.place.clone(), message).help(help));
        }
        for param in &probe.params {
            match taken(param, tables) {
                Ok(taken) => params.push(taken),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            name: probe.name.clone(),
            kind: match probe.kind {
                ProbeKind::Read => "read",
                ProbeKind::Write => "write",
            },
            statements,
            params,
            rate: probe.rate,
            version: probe.version.clone(),
            pool,
            place: Some(probe.place.clone()),
        })
    }

    /// As the record has it.
    pub(super) fn declared(&self) -> ProbeDeclared {
        ProbeDeclared {
            name: self.name.clone(),
            kind: self.kind.to_owned(),
            sql: self.statements.join(";\n"),
            rate: self.rate,
            version: self.version.clone(),
        }
    }

    /// The values of a request: of each table those of one row, chosen at random.
    pub(super) fn values(&self, random: &mut impl RngExt) -> Vec<Option<String>> {
        let mut chosen: Vec<(&str, [u64; TRIES], f64)> = Vec::new();
        let mut values = Vec::with_capacity(self.params.len());
        for param in &self.params {
            let known = chosen.iter().position(|(table, ..)| *table == param.table);
            let at = known.unwrap_or_else(|| {
                let rows = std::array::from_fn(|_| random.random_range(0..param.rows.max(1)));
                chosen.push((&param.table, rows, random.random_range(0.0..1.0)));
                chosen.len() - 1
            });
            let (_, rows, drawn) = &chosen[at];
            values.push(match &param.column.absent {
                Some(absent) if *drawn < param.absent => absent(rows[0]),
                // A value that can be looked for, if there is one.
                _ => rows.iter().find_map(|row| (param.column.values)(*row)),
            });
        }
        values
    }
}

impl Taken {
    /// Every value of a column of a table.
    pub(super) fn every(table: &Table, column: usize) -> Self {
        Self {
            column: table.columns[column].clone(),
            rows: table.rows,
            table: table.qualified_name.clone(),
            absent: 0.0,
        }
    }
}

fn taken(param: &Param, tables: &[Table]) -> Result<Taken, Diagnostic> {
    let problem = |message: String, help: String| Diagnostic::error(param.place.clone(), message).help(help);
    let (name, column) = param.column.rsplit_once('.').unwrap_or(("", &param.column));
    let table = table::find(tables, name).ok_or_else(|| {
        let names: Vec<String> =
            tables.iter().map(|table| format!("{}.{}", table.schema, table.name)).collect();
        let help = format!("name a table that the profile gives rows: {}", names.join(", "));
        problem(format!("no rows are made for a table {name}"), help)
    })?;
    let found = table.columns.iter().find(|known| known.name == column).ok_or_else(|| {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let help = format!("columns with generated values: {}", names.join(", "));
        problem(format!("{name} has no column {column} with generated values"), help)
    })?;
    if param.absent > 0.0 && found.absent.is_none() {
        let help = "leave `absent` out, or take a column of numbers, text, uuids or dates".to_owned();
        return Err(problem(format!("for {}, no value can be made that is in no row", param.column), help));
    }
    let (rows, table) = (table.rows, table.qualified_name.clone());
    Ok(Taken { column: found.clone(), rows, table, absent: param.absent })
}
