//! The live display: what is going on, on stderr, while it goes on. Never part of a report.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pgrehearse_reports::event::{Entry, Event};

use crate::events::Progress;

/// Progress bars are redrawn at most this often per table; every chunk would be far too often.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

/// Shows progress on a terminal, and nothing elsewhere.
#[derive(Debug)]
pub struct Display {
    bars: MultiProgress,
    stage: ProgressBar,
    tables: HashMap<String, (ProgressBar, Instant)>,
    strategy: String,
}

impl Display {
    /// A display on stderr; silent where that is not a terminal, or where `quiet`.
    pub fn new(quiet: bool) -> Self {
        let silent = quiet || !std::io::stderr().is_terminal();
        let target = if silent { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bars = MultiProgress::with_draw_target(target);
        let stage = bars.add(ProgressBar::new_spinner());
        stage.set_style(style("{spinner} {wide_msg} {elapsed}"));
        stage.enable_steady_tick(Duration::from_millis(120));
        Self { bars, stage, tables: HashMap::new(), strategy: String::new() }
    }

    /// Shows how far something is.
    pub(crate) fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::Stage(words) => self.stage(words),
            Progress::TableTotal { table, rows } => {
                let bar = self.bars.add(ProgressBar::new(rows));
                bar.set_style(
                    style("  {msg:24!} {bar:30} {human_pos:>12} of {human_len} rows  {rate}  {eta}")
                        .with_key("rate", rate),
                );
                bar.set_message(table.clone());
                self.tables.insert(table, (bar, Instant::now()));
                self.stage("loading".to_owned());
            }
            Progress::TableRows { table, rows } => {
                let Some((bar, drawn)) = self.tables.get_mut(&table) else { return };
                if drawn.elapsed() >= REDRAW_INTERVAL || Some(rows) == bar.length() {
                    bar.set_position(rows);
                    *drawn = Instant::now();
                }
            }
        }
    }

    /// Shows what an event means for somebody who waits.
    pub(crate) fn event(&mut self, entry: &Entry) {
        match &entry.event {
            Event::TableLoaded(loaded) => {
                if let Some((bar, _)) = self.tables.remove(&loaded.table) {
                    bar.set_position(loaded.rows);
                    bar.finish_and_clear();
                }
            }
            Event::RehearsalStarted(started) => self.strategy.clone_from(&started.strategy),
            Event::StatementStarted(started) => {
                let words: Vec<&str> = started.sql.split_whitespace().collect();
                self.stage(format!("{}: {}", self.strategy, words.join(" ")));
            }
            Event::ProgressSeen(seen) => {
                self.stage(format!("{}: {}: {}", self.strategy, seen.command, seen.phase));
            }
            _ => {}
        }
    }

    fn stage(&self, words: String) {
        self.stage.reset_elapsed();
        self.stage.set_message(words);
    }

    /// Leaves the terminal clean.
    pub(crate) fn end(&mut self) {
        for (bar, _) in self.tables.values() {
            bar.finish_and_clear();
        }
        self.stage.finish_and_clear();
    }
}

fn rate(state: &ProgressState, out: &mut dyn Write) {
    // Where it cannot be written there is nothing to see.
    let _ = write!(out, "{} rows/s", HumanCount(state.per_sec() as u64));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
