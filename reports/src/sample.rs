//! Records for tests, built tersely: every call adds an event at the present time, [`Sample::at`] moves it.

pub(crate) mod backfill;
pub(crate) mod fidelity;
pub(crate) mod repeated;
pub(crate) mod rollback;
pub(crate) mod rollout;
pub(crate) mod workload;

use std::collections::BTreeMap;

use crate::Report;
use crate::event::*;

/// What the server says when it refuses, and nothing besides.
pub(crate) fn refusal(sqlstate: &str, message: &str) -> SqlError {
    SqlError {
        sqlstate: Some(sqlstate.to_owned()),
        message: message.to_owned(),
        detail: None,
        hint: None,
        line: None,
        snippet: None,
    }
}

/// Oids of the relations that samples speak of.
pub(crate) const USERS: u32 = 16_400;
pub(crate) const ORDERS: u32 = 16_410;
pub(crate) const USERS_EMAIL: u32 = 16_420;
pub(crate) const PG_CLASS: u32 = 1_259;
/// The migration's process.
pub(crate) const LEADER: i32 = 4_242;
/// The long transaction's process.
pub(crate) const HOLD: i32 = 77;

/// A record in the making. Times are milliseconds since the migration phase of its rehearsal.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) entries: Vec<Entry>,
    base_us: u64,
    now_us: u64,
    rehearsal: Option<u32>,
    statement: u32,
    step: u32,
    file: String,
    previous_sample_us: u64,
}

pub(crate) fn strategy(name: &str) -> StrategyDeclared {
    StrategyDeclared {
        phases: Vec::new(),
        verify: Vec::new(),
        name: name.to_owned(),
        up: vec![format!("{name}.up.sql")],
        down: vec![format!("{name}.down.sql")],
        irreversible: None,
        nothing_to_undo: false,
        expect_verdict: None,
        expect_findings: Vec::new(),
    }
}

pub(crate) fn budget() -> BudgetDeclared {
    BudgetDeclared {
        read_stall_ms: 500.0,
        write_stall_ms: 500.0,
        duration_ms: 1_800_000.0,
        probe_errors: 0,
        rewrite_allowed: true,
        broken_rollback_allowed: true,
        unmeasured_allowed: false,
        wal_bytes: None,
        disk_growth_bytes: None,
        declared: Vec::new(),
    }
}

/// The process that they are in samples.
fn process_of(who: Waiter) -> i32 {
    match who {
        Waiter::Migration => LEADER,
        Waiter::Hold => HOLD,
        Waiter::Probe => 900,
        Waiter::Other => 66,
    }
}

pub(crate) fn lock(relation_oid: u32, mode: LockMode) -> HeldLock {
    HeldLock { relation_oid, mode }
}

impl Sample {
    /// A run of a million rows that has come as far as its dataset.
    pub(crate) fn new(strategies: Vec<StrategyDeclared>, budget: BudgetDeclared) -> Self {
        let mut sample = Self::begun(strategies, budget);
        sample.loaded_as(Some(fidelity::users()));
        sample
    }

    /// A run that has just been told what to do.
    pub(crate) fn begun(strategies: Vec<StrategyDeclared>, budget: BudgetDeclared) -> Self {
        let mut sample = Self {
            entries: Vec::new(),
            base_us: 0,
            now_us: 0,
            rehearsal: None,
            statement: 0,
            step: 0,
            file: String::new(),
            previous_sample_us: 0,
        };
        sample.event(Event::RecordStarted(RecordStarted {
            format: RECORD_FORMAT.to_owned(),
            program_version: "0.1.0".to_owned(),
            started_at: "2026-11-23T04:00:00Z".to_owned(),
        }));
        sample.event(Event::RunStarted(RunStarted {
            scenario: "index-without-downtime".to_owned(),
            title: "Index a busy table".to_owned(),
            about: Some("An index on users.email, with and without CONCURRENTLY.".to_owned()),
            fingerprint: "5c".repeat(32),
            seed: 42,
            scale: 1.0,
            strategies,
            budget,
            migrations: None,
        }));
        sample
    }

    /// Its rows are loaded, and verified if somebody did.
    pub(crate) fn loaded_as(&mut self, verified: Option<TableVerified>) {
        self.server(ServerPurpose::Load, "off");
        self.event(Event::TableLoaded(TableLoaded {
            table: "public.users".to_owned(),
            rows: 1_000_000,
            copy_bytes: 120_000_000,
            copy_us: 1_953_125,
            index_us: 700_000,
        }));
        if let Some(verified) = verified {
            self.event(Event::TableVerified(verified));
        }
        self.event(Event::DatasetReady(DatasetReady {
            fingerprint: "ab".repeat(32),
            source: "generated".to_owned(),
            load_us: 4_100_000,
            rows: 1_000_000,
            bytes: 148_897_792,
            tables: vec![TableSized {
                table: "public.users".to_owned(),
                rows: 1_000_000,
                bytes: 141_557_760,
            }],
            state: "checkpointed, read from the page cache".to_owned(),
        }));
        self.server(ServerPurpose::Rehearse, "on");
    }

    fn server(&mut self, purpose: ServerPurpose, fsync: &str) {
        self.event(Event::ServerStarted(ServerStarted {
            purpose,
            provider: "local".to_owned(),
            server_version: "15.18 (Debian 15.18-0+deb12u1)".to_owned(),
            server_version_num: 150_018,
            settings: BTreeMap::from([("fsync".to_owned(), fsync.to_owned())]),
            cpus: Some(2),
            memory_bytes: Some(8_320_000_000),
            start_us: 80_000,
        }));
    }

    pub(crate) fn event(&mut self, event: Event) -> &mut Self {
        self.entries.push(Entry { at_us: self.now_us, rehearsal: self.rehearsal, event });
        self
    }

    /// Moves the time.
    pub(crate) fn at(&mut self, ms: f64) -> &mut Self {
        self.now_us = self.us(ms);
        self
    }

    pub(crate) fn us(&self, ms: f64) -> u64 {
        (self.base_us as f64 + ms * 1000.0).round() as u64
    }

    /// A rehearsal whose migration phase begins now.
    pub(crate) fn rehearse(&mut self, strategy: &str) -> &mut Self {
        self.rehearse_again(strategy, 1)
    }

    pub(crate) fn rehearse_again(&mut self, strategy: &str, repetition: u32) -> &mut Self {
        self.base_us = self.now_us + 1_000_000;
        self.now_us = self.base_us - 200;
        let number = self.rehearsal.unwrap_or(0) + 1;
        self.rehearsal = Some(number);
        (self.statement, self.step) = (0, 0);
        self.event(Event::RehearsalStarted(RehearsalStarted {
            strategy: strategy.to_owned(),
            repetition,
            database: format!("pgrehearse_{number}"),
            copy_us: 410_000,
        }));
        self.at(0.0).event(Event::PhaseStarted(PhaseStarted { phase: Phase::Migrate }));
        self.event(Event::MigrationStarted(MigrationStarted {
            dead_tuples: Some(0),
            application_wal_bytes_per_s: None,
            backend_pid: LEADER,
            wal_lsn: 1_000_000_000,
            database_bytes: 148_897_792,
            invalid_indexes: Some(Vec::new()),
            not_valid_constraints: Some(Vec::new()),
        }));
        self.relation(USERS, "public.users", RelationKind::Table, None);
        self.relation(ORDERS, "public.orders", RelationKind::Table, None);
        self.event(Event::RelationNamed(RelationNamed {
            oid: PG_CLASS,
            name: "pg_catalog.pg_class".to_owned(),
            kind: RelationKind::Table,
            system: true,
            created_by_migration: false,
            of_table_oid: None,
        }));
        self
    }

    pub(crate) fn relation(
        &mut self,
        oid: u32,
        name: &str,
        kind: RelationKind,
        of: Option<u32>,
    ) -> &mut Self {
        self.named(oid, name, kind, of, false)
    }

    pub(crate) fn new_relation(
        &mut self,
        oid: u32,
        name: &str,
        kind: RelationKind,
        of: Option<u32>,
    ) -> &mut Self {
        self.named(oid, name, kind, of, true)
    }

    fn named(&mut self, oid: u32, name: &str, kind: RelationKind, of: Option<u32>, new: bool) -> &mut Self {
        self.event(Event::RelationNamed(RelationNamed {
            oid,
            name: name.to_owned(),
            kind,
            system: false,
            created_by_migration: new,
            of_table_oid: of,
        }))
    }

    pub(crate) fn step(&mut self, file: &str, transaction: TransactionShape, why: &str) -> &mut Self {
        self.file = file.to_owned();
        let step = self.step;
        self.step += 1;
        self.event(Event::StepStarted(StepStarted {
            phase: None,
            step,
            file: file.to_owned(),
            transaction,
            why: why.to_owned(),
            lock_timeout_ms: None,
        }))
    }

    pub(crate) fn begin(&mut self) -> &mut Self {
        self.event(Event::TransactionStarted(TransactionStarted {}))
    }

    /// A COMMIT that was sent at `from_ms` and is answered now.
    pub(crate) fn commit(&mut self, from_ms: f64) -> &mut Self {
        let from_us = self.us(from_ms);
        self.event(Event::TransactionEnded(TransactionEnded { from_us, committed: true }))
    }

    pub(crate) fn roll_back(&mut self, from_ms: f64) -> &mut Self {
        let from_us = self.us(from_ms);
        self.event(Event::TransactionEnded(TransactionEnded { from_us, committed: false }))
    }

    /// Sends a statement, on the line of its index.
    pub(crate) fn send(&mut self, sql: &str, transaction: StatementTransaction) -> &mut Self {
        let statement = StatementStarted {
            statement: self.statement,
            step: self.step.saturating_sub(1),
            file: self.file.clone(),
            line: self.statement + 1,
            sql: sql.to_owned(),
            transaction,
        };
        self.event(Event::StatementStarted(statement))
    }

    /// The result of the statement that was sent last.
    pub(crate) fn done(&mut self) -> &mut Self {
        self.result(None, None)
    }

    pub(crate) fn done_with(&mut self, rows: Option<u64>, wal_lsn: Option<u64>) -> &mut Self {
        self.finished(rows, None, wal_lsn)
    }

    pub(crate) fn fails(&mut self, error: SqlError) -> &mut Self {
        self.result(None, Some(error))
    }

    fn result(&mut self, rows: Option<u64>, error: Option<SqlError>) -> &mut Self {
        self.finished(rows, error, None)
    }

    fn finished(&mut self, rows: Option<u64>, error: Option<SqlError>, wal_lsn: Option<u64>) -> &mut Self {
        let statement = self.statement;
        self.statement += 1;
        self.event(Event::StatementFinished(StatementFinished {
            statement,
            rows,
            error,
            wal_lsn,
            transactions: None,
        }))
    }

    /// The session reads its locks after the statement that is done.
    pub(crate) fn reads(&mut self, held: &[HeldLock]) -> &mut Self {
        let statement = self.statement.saturating_sub(1);
        self.event(Event::SessionLocks(SessionLocks { statement, held: held.to_vec() }))
    }

    pub(crate) fn notice(&mut self, message: &str) -> &mut Self {
        let statement = Some(self.statement);
        let (severity, message) = ("DEBUG".to_owned(), message.to_owned());
        self.event(Event::Notice(Notice { statement, severity, message }))
    }

    /// The sample before the ones that follow was at that time.
    pub(crate) fn sampled_before(&mut self, ms: f64) -> &mut Self {
        self.previous_sample_us = self.us(ms);
        self
    }

    pub(crate) fn seen(&mut self, lock: HeldLock) -> &mut Self {
        self.seen_of(LEADER, lock)
    }

    pub(crate) fn seen_of(&mut self, pid: i32, lock: HeldLock) -> &mut Self {
        self.lock_seen(pid, lock, true, None)
    }

    pub(crate) fn seen_waiting(&mut self, lock: HeldLock, since_ms: Option<f64>) -> &mut Self {
        let wait_start_us = since_ms.map(|ms| self.us(ms));
        self.lock_seen(LEADER, lock, false, wait_start_us)
    }

    fn lock_seen(
        &mut self,
        pid: i32,
        lock: HeldLock,
        granted: bool,
        wait_start_us: Option<u64>,
    ) -> &mut Self {
        let previous_sample_us = self.previous_sample_us;
        self.event(Event::LockSeen(LockSeen { pid, lock, granted, wait_start_us, previous_sample_us }))
    }

    /// Gone since the sample before.
    pub(crate) fn gone(&mut self, lock: HeldLock) -> &mut Self {
        self.gone_of(LEADER, lock)
    }

    pub(crate) fn gone_of(&mut self, pid: i32, lock: HeldLock) -> &mut Self {
        let last_seen_us = self.previous_sample_us;
        self.event(Event::LockGone(LockGone { pid, lock, last_seen_us }))
    }

    pub(crate) fn blocked(
        &mut self,
        pid: i32,
        waiter: Waiter,
        on: Option<HeldLock>,
        since_ms: f64,
        by: &[Waiter],
    ) -> &mut Self {
        let seen = BlockedSeen {
            pid,
            waiter,
            locktype: if on.is_some() { "relation" } else { "virtualxid" }.to_owned(),
            relation_oid: on.map(|lock| lock.relation_oid),
            mode: on.map_or_else(|| "ShareLock".to_owned(), |lock| format!("{:?}", lock.mode)),
            wait_start_us: Some(self.us(since_ms)),
            previous_sample_us: self.previous_sample_us,
            by: by.iter().map(|who| Blocker { pid: process_of(*who), who: *who }).collect(),
        };
        self.event(Event::BlockedSeen(seen))
    }

    /// A process waits for a row of that table, or, where none is named, for a transaction that changed one.
    pub(crate) fn blocked_by_rows(
        &mut self,
        pid: i32,
        of: Option<u32>,
        since_ms: f64,
        by: &[Blocker],
    ) -> &mut Self {
        let seen = BlockedSeen {
            pid,
            waiter: Waiter::Probe,
            locktype: if of.is_some() { "tuple" } else { "transactionid" }.to_owned(),
            relation_oid: of,
            mode: if of.is_some() { "ExclusiveLock" } else { "ShareLock" }.to_owned(),
            wait_start_us: Some(self.us(since_ms)),
            previous_sample_us: self.previous_sample_us,
            by: by.to_vec(),
        };
        self.event(Event::BlockedSeen(seen))
    }

    pub(crate) fn unblocked(&mut self, pid: i32) -> &mut Self {
        let last_seen_us = self.previous_sample_us;
        self.event(Event::BlockedGone(BlockedGone { pid, last_seen_us }))
    }

    /// The migration is done, and 30 MB were written.
    pub(crate) fn migrated(&mut self, outcome: Outcome) -> &mut Self {
        self.event(Event::DatabaseSized(DatabaseSized { bytes: 190_000_000 }));
        self.event(Event::MigrationFinished(MigrationFinished { outcome, wal_lsn: Some(1_030_000_000) }))
    }

    pub(crate) fn sampler(&mut self, samples: u64, gap_us_max: u64) -> &mut Self {
        self.event(Event::SamplerStopped(SamplerStopped { samples, missed: 0, gap_us_max, error: None }))
    }

    pub(crate) fn inspected(
        &mut self,
        invalid_indexes: &[&str],
        not_valid_constraints: &[&str],
    ) -> &mut Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.event(Event::PhaseStarted(PhaseStarted { phase: Phase::Inspect }));
        self.event(Event::Inspected(Inspected {
            invalid_indexes: owned(invalid_indexes),
            not_valid_constraints: owned(not_valid_constraints),
            bytes: 180_355_072,
            dead_tuples: 0,
            temp_bytes: Some(0),
        }))
    }

    /// The end of a rehearsal: sampled, migrated, inspected, over.
    pub(crate) fn over(&mut self, outcome: Outcome) -> &mut Self {
        self.migrated(outcome).sampler(400, 5_200).inspected(&[], &[]).closed(outcome, None)
    }

    pub(crate) fn closed(&mut self, outcome: Outcome, error: Option<&str>) -> &mut Self {
        let error = error.map(str::to_owned);
        self.event(Event::RehearsalFinished(RehearsalFinished { outcome, error, events_dropped: 0 }))
    }

    /// The end of the run.
    pub(crate) fn end(&mut self) -> &mut Self {
        self.rehearsal_none();
        self.event(Event::RunFinished(RunFinished { error: None, interrupted: false }))
    }

    pub(crate) fn rehearsal_none(&mut self) -> &mut Self {
        self.rehearsal = None;
        self
    }

    pub(crate) fn report(&self) -> Report {
        Report::from_entries(&self.entries).expect("a sample is a record")
    }
}
