//! Whole reports of hand-made records, as people see them.

mod samples;

use super::*;
pub(crate) use samples::samples;
use samples::{index_two_ways, other_data, repeated, waits_and_rewrites};

#[test]
fn text_for_a_terminal() {
    for (name, sample) in samples() {
        insta::assert_snapshot!(format!("text_{name}"), render(&sample.report(), Format::Text));
    }
}

#[test]
fn the_data_alone_for_a_terminal() {
    for (name, sample) in [("sound", index_two_ways()), ("other", other_data())] {
        insta::assert_snapshot!(format!("dataset_{name}"), dataset(&sample.report(), Style::default()));
    }
}

#[test]
fn markdown_for_a_page() {
    for (name, sample) in samples() {
        insta::assert_snapshot!(format!("markdown_{name}"), render(&sample.report(), Format::Markdown));
    }
}

#[test]
fn json_for_programs() {
    insta::assert_snapshot!("json_waits_and_rewrites", render(&waits_and_rewrites().report(), Format::Json));
}

#[test]
fn json_comes_back_as_the_same_model() {
    for (name, sample) in samples() {
        let report = sample.report();
        let back: Report = serde_json::from_str(&render(&report, Format::Json)).expect("our own JSON");
        assert_eq!(back, report, "{name}");
    }
}

#[test]
fn reports_of_versions_that_did_not_compare_as_much_are_read() {
    let mut old = serde_json::to_value(repeated().report()).expect("JSON");
    let without = |of: &mut serde_json::Value, keys: &[&str]| {
        let object = of.as_object_mut().expect("an object");
        for key in keys {
            object.remove(*key).expect("it is there");
        }
    };
    without(&mut old, &["runs"]);
    without(&mut old["comparison"], &["pairs", "end_state", "conclusion", "clear"]);
    let rows = old["comparison"]["rows"].as_array_mut().expect("rows");
    let added = ["repetitions", "failed_repetitions", "measures", "ends_differently"];
    rows.iter_mut().for_each(|row| without(row, &added));
    let rehearsals = old["strategies"][0]["rehearsals"].as_array_mut().expect("rehearsals");
    rehearsals.iter_mut().for_each(|rehearsal| without(rehearsal, &["run", "verdict", "measures"]));
    let report: Report = serde_json::from_value(old).expect("a report");
    for format in [Format::Text, Format::Json, Format::Markdown] {
        assert!(render(&report, format).contains("plain"));
    }
}

#[test]
fn every_warning_is_in_every_format() {
    let squeezed = |text: &str| text.replace('\\', "").split_whitespace().collect::<String>();
    for (name, sample) in samples() {
        let report = sample.report();
        for format in [Format::Text, Format::Json, Format::Markdown] {
            let rendered = squeezed(&render(&report, format));
            for warning in &report.warnings {
                assert!(rendered.contains(&squeezed(warning)), "{name}, {format:?}: {warning}");
            }
        }
    }
}

#[test]
fn a_narrow_terminal_is_not_overrun() {
    for (name, sample) in samples() {
        for line in text(&sample.report(), Style { color: false, width: 80 }).lines() {
            let is_snippet = line.contains(" | ");
            assert!(line.chars().count() <= 80 || is_snippet, "{name}: {line}");
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    for (_, sample) in samples() {
        let report = sample.report();
        let mut coloured = text(&report, Style { color: true, width: 100 });
        for code in ["\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m"] {
            coloured = coloured.replace(code, "");
        }
        assert_eq!(coloured, text(&report, Style { color: false, width: 100 }));
    }
}
