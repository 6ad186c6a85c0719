//! Strategies that go in phases, and the way back.

use super::*;

/// Index of the query of the old version.
pub(crate) const OLD: u32 = 0;
/// Index of the query of the new version.
pub(crate) const NEW: u32 = 1;

/// Expand and contract: the old version alone, both, the new one alone.
pub(crate) fn expand_and_contract() -> StrategyDeclared {
    let phase = |name: &str, probes: &[&str], verify: &[&str]| StrategyPhaseDeclared {
        name: name.to_owned(),
        up: vec![format!("{name}.sql")],
        probes: probes.iter().map(|name| (*name).to_owned()).collect(),
        verify: verify.iter().map(|name| (*name).to_owned()).collect(),
    };
    let phases = vec![
        phase("expand", &["old name"], &[]),
        phase("migrate", &["old name", "new name"], &["both names agree"]),
        phase("contract", &["new name"], &[]),
    ];
    let up = phases.iter().flat_map(|phase| phase.up.clone()).collect();
    StrategyDeclared { phases, up, ..strategy("expand-contract") }
}

impl Sample {
    /// The application in two versions begins, a second before the migration.
    pub(crate) fn two_versions(&mut self) -> &mut Self {
        let probe = |name: &str, version: &str, column: &str| ProbeDeclared {
            version: Some(version.to_owned()),
            name: name.to_owned(),
            kind: "read".to_owned(),
            sql: format!("SELECT {column} FROM users WHERE id = $1"),
            rate: 50.0,
        };
        let probes = vec![probe("old name", "v1", "username"), probe("new name", "v2", "display_name")];
        self.event(Event::WorkloadStarted(WorkloadStarted { connections: 5, probes, by_default: false }));
        self.window(OLD, -100.0, 5, &[(1_000, 5)])
    }

    /// A phase of the strategy begins.
    pub(crate) fn strategy_phase(&mut self, index: u32, name: &str, probes: &[u32]) -> &mut Self {
        let (name, probes) = (name.to_owned(), probes.to_vec());
        self.event(Event::StrategyPhaseStarted(StrategyPhaseStarted { index, name, probes }))
    }

    /// A file of one statement, in a transaction of its own, that takes so long.
    pub(crate) fn file(
        &mut self,
        phase: Option<u32>,
        file: &str,
        sql: &str,
        from_ms: f64,
        ms: f64,
    ) -> &mut Self {
        self.at(from_ms).step(file, TransactionShape::File, "");
        if let Some(Entry { event: Event::StepStarted(step), .. }) = self.entries.last_mut() {
            step.phase = phase;
        }
        self.begin().send(sql, StatementTransaction::File).at(from_ms + ms - 0.2);
        let rows = sql.starts_with("UPDATE").then_some(1_000_000);
        self.done_with(rows, None);
        self.at(from_ms + ms).commit(from_ms + ms - 0.1)
    }

    pub(crate) fn strategy_phase_over(&mut self, index: u32) -> &mut Self {
        self.event(Event::StrategyPhaseFinished(StrategyPhaseFinished { index }))
    }

    /// A check of the data that was made just now.
    pub(crate) fn checked(&mut self, phase: Option<u32>, found: Result<u64, &str>) -> &mut Self {
        self.event(Event::DataChecked(DataChecked {
            name: "both names agree".to_owned(),
            phase,
            sql: "SELECT 1 FROM users WHERE display_name IS DISTINCT FROM username".to_owned(),
            violations: found.ok(),
            error: found.err().map(str::to_owned),
            took_us: 21_000,
        }))
    }

    /// All three phases, each of 100 ms and with a pause of 400 ms after it; `found` is what the check says.
    pub(crate) fn expanded(found: Result<u64, &str>) -> Self {
        let mut sample = Self::new(vec![expand_and_contract()], budget());
        sample.rehearse("expand-contract").two_versions();
        sample.at(0.5).strategy_phase(0, "expand", &[OLD]);
        sample.file(Some(0), "expand.sql", "ALTER TABLE users ADD COLUMN display_name text", 1.0, 99.0);
        sample.strategy_phase_over(0).window(OLD, 0.0, 5, &[(1_000, 5)]).window(OLD, 200.0, 5, &[(9_000, 5)]);
        sample.at(500.0).strategy_phase(1, "migrate", &[OLD, NEW]);
        sample.file(Some(1), "migrate.sql", "UPDATE users SET display_name = username", 501.0, 99.0);
        sample.strategy_phase_over(1);
        for probe in [OLD, NEW] {
            sample.window(probe, 500.0, 5, &[(1_000, 5)]).window(probe, 700.0, 5, &[(9_000, 5)]);
        }
        sample.at(990.0).checked(Some(1), found);
        sample.at(1_000.0).strategy_phase(2, "contract", &[NEW]);
        sample.file(Some(2), "contract.sql", "ALTER TABLE users DROP COLUMN username", 1_001.0, 99.0);
        sample.strategy_phase_over(2).window(NEW, 1_000.0, 5, &[(1_000, 5)]);
        sample.migrated(Outcome::Completed).phase(Phase::Settle).window(NEW, 1_200.0, 5, &[(9_000, 5)]);
        sample.at(1_500.0).application_over().sampler(300, 5_200).inspected(&[], &[]);
        sample
    }
}
