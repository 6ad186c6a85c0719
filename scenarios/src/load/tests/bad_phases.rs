//! Phases, the probes that live through them, and checks of the data.

use insta::assert_snapshot;

use super::*;

const PROBES: &str = "[workload]\n[[workload.probe]]\nname = \"profile.old\"\nversion = \"old\"\nkind = \"read\"\nsql = \"SELECT 1\"\nrate = 1\n\
    [[workload.probe]]\nname = \"profile.new\"\nversion = \"new\"\nkind = \"read\"\nsql = \"SELECT 2\"\nrate = 1\n";

/// A scenario whose strategy has these phases.
fn phased(phases: &str) -> String {
    format!("{HEAD}[[strategy]]\nname = \"in-phases\"\n{phases}{PROBES}")
}

#[test]
fn names_of_versions_stand_for_their_probes() {
    let phases = "[[strategy.phase]]\nname = \"expand\"\nup = [\"up.sql\"]\ndown = [\"down.sql\"]\nprobes = [\"old\"]\n\
        [[strategy.phase]]\nname = \"migrate\"\nprobes = [\"profile.new\", \"old\"]\n\
        [[strategy.phase.verify]]\nname = \"none is new\"\nsql = \"SELECT 1 FROM users WHERE false;\"\n\
        [[strategy.phase]]\nname = \"contract\"\nup = [{ file = \"down.sql\" }]\ndown = [\"up.sql\"]\n";
    let scenario = loaded(&[("scenario.toml", &phased(phases))]).unwrap().scenario;
    let strategy = &scenario.strategies[0];
    let told: Vec<_> = strategy
        .phases
        .iter()
        .map(|phase| {
            let name = phase.name.as_deref().unwrap();
            (name, phase.up.len(), phase.probes.clone().map(|probes| probes.join(" ")))
        })
        .collect();
    let all = "profile.old profile.new".to_owned();
    let old = "profile.old".to_owned();
    assert_eq!(told, [("expand", 1, Some(old)), ("migrate", 0, Some(all)), ("contract", 1, None)]);
    let back: Vec<&str> = strategy.down.iter().map(|step| step.file.source.path.as_str()).collect();
    assert_eq!(back, ["demo/up.sql", "demo/down.sql"], "those of the last phase first");
    assert_eq!(strategy.phases[1].verify[0].sql, "SELECT 1 FROM users WHERE false");
}

#[test]
fn probes_that_are_not_there() {
    let phases =
        "[[strategy.phase]]\nname = \"expand\"\nup = [\"up.sql\"]\nprobes = [\"old\", \"profile.nwe\", 3]\n";
    assert_snapshot!(refused_scenario(&phased(phases)), @r#"
    error: no probe and no version of the application is called `profile.nwe`
     --> demo/scenario.toml:9:18
      |
    9 | probes = ["old", "profile.nwe", 3]
      |                  ^^^^^^^^^^^^^
      |
      = help: did you mean `profile.new`? there are profile.old, profile.new, new, old

    error: a value of `probes` must be a string, not an integer
     --> demo/scenario.toml:9:33
      |
    9 | probes = ["old", "profile.nwe", 3]
      |                                 ^
      |
      = help: write probes = ["old"], the names of probes or of versions of the application
    "#);
}

#[test]
fn a_phase_and_the_strategy_around_it() {
    let twice = "up = [\"up.sql\"]\n[[strategy.phase]]\nname = \"expand\"\nup = [\"up.sql\"]\n";
    assert_snapshot!(refused_scenario(&phased(twice)), @r#"
    error: `up` of a strategy that is written in phases
     --> demo/scenario.toml:6:6
      |
    6 | up = ["up.sql"]
      |      ^^^^^^^^^^
      |
      = help: move it into the phase that it belongs to
    "#);
    let without = "[[strategy.phase]]\nname = \"deploy\"\nprobes = [\"old\"]\n";
    assert_snapshot!(refused_scenario(&phased(without)), @r#"
    error: no phase has a step
     --> demo/scenario.toml:6:1
      |
    6 | [[strategy.phase]]
      | ^^^^^^^^^^^^^^^^^^
      |
      = help: write up = ["expand.up.sql"] in one of them
    "#);
    assert_snapshot!(refused_scenario(&phased("phase = []\n")), @r#"
    error: no phase
     --> demo/scenario.toml:6:9
      |
    6 | phase = []
      |         ^^
      |
      = help: write up = ["plain.up.sql"], or a [[strategy.phase]]
    "#);
}

#[test]
fn a_way_back_that_stops_half_way() {
    let half = "[[strategy.phase]]\nname = \"expand\"\nup = [\"up.sql\"]\ndown = [\"down.sql\"]\n\
        [[strategy.phase]]\nname = \"contract\"\nup = [\"down.sql\"]\n";
    assert_snapshot!(refused_scenario(&phased(half)), @r#"
    error: there is no way back past the phase contract: it has no `down`, and others have
     --> demo/scenario.toml:6:1
      |
    6 | [[strategy.phase]]
      | ^^^^^^^^^^^^^^^^^^
      |
      = help: write `down` in every phase with steps (down = [] where there is nothing to undo), or in none
    "#);
}

#[test]
fn checks_that_are_none() {
    let checks = "up = [\"up.sql\"]\n[[strategy.verify]]\nname = \"both\"\nsql = \"SELECT 1; SELECT 2\"\n\
        [[strategy.verify]]\nname = \"both\"\nsql = \"SELECT 1\"\n";
    assert_snapshot!(refused_scenario(&phased(checks)), @r#"
    error: a check is one query
     --> demo/scenario.toml:9:7
      |
    9 | sql = "SELECT 1; SELECT 2"
      |       ^^^^^^^^^^^^^^^^^^^^
      |
      = help: write a SELECT of which every row is a mistake in the data

    error: a check of the data named `both` is there already
      --> demo/scenario.toml:11:8
       |
    11 | name = "both"
       |        ^^^^^^
       |
       = help: the other is on line 8; a name is given once
    "#);
}

#[test]
fn a_probe_that_is_called_like_a_version() {
    let text = phased("up = [\"up.sql\"]\n").replace("\"profile.old\"", "\"new\"");
    assert_snapshot!(refused_scenario(&text), @r#"
    error: `new` is the name of a probe and of a version of the application
      --> demo/scenario.toml:12:7
       |
    12 | sql = "SELECT 1"
       |       ^^^^^^^^^^
       |
       = help: give one of them another name, so that a phase can name either
    "#);
}

#[test]
fn probes_that_cannot_be_sent_as_they_are() {
    let probe = |sql: &str| {
        phased("up = [\"up.sql\"]\n")
            .replace("sql = \"SELECT 1\"", &format!("sql = \"{sql}\"\nparams = [\"users.id\"]"))
    };
    assert_snapshot!(refused_scenario(&probe("BEGIN; UPDATE users SET id = id WHERE id = $1; COMMIT")), @r#"
    error: BEGIN in the probe profile.old
      --> demo/scenario.toml:12:7
       |
    12 | sql = "BEGIN; UPDATE users SET id = id WHERE id = $1; COMMIT"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: leave it out: several statements of a probe are one transaction anyway
    "#);
    assert_snapshot!(refused_scenario(&probe("SELECT id FROM users WHERE id = $1 OR id = $2")), @r#"
    error: the probe profile.old has 2 parameters, and 1 of them are declared
      --> demo/scenario.toml:12:7
       |
    12 | sql = "SELECT id FROM users WHERE id = $1 OR id = $2"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name a column for each: params = ["users.email"]
    "#);
}

#[test]
fn nothing_to_undo_is_said_once_for_all() {
    let phases = "[[strategy.phase]]\nname = \"fill\"\nup = [\"up.sql\"]\ndown = []\n";
    let strategy = &loaded(&[("scenario.toml", &phased(phases))]).unwrap().scenario.strategies[0];
    assert!(strategy.nothing_to_undo && strategy.down.is_empty());
    let phases = "[[strategy.phase]]\nname = \"fill\"\nup = [\"up.sql\"]\n";
    assert!(!loaded(&[("scenario.toml", &phased(phases))]).unwrap().scenario.strategies[0].nothing_to_undo);
}
