//! Records, whole and broken.

use proptest::prelude::*;

use super::*;
use crate::event::{DatabaseSized, Event, RunFinished, Warned};
use crate::model::RunEnd;
use crate::sample::{Sample, budget, strategy};

fn bytes(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        write_entry(&mut bytes, entry).expect("a Vec takes everything");
    }
    bytes
}

fn sample() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.end();
    sample
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>) -> String {
    read(text.as_ref()).expect_err("it is not a whole record").to_string()
}

const FIRST: &str = r#"{"at_us":0,"event":"record_started","format":"pgrehearse.record/1","program_version":"0.1.0","started_at":"2026-11-23T04:00:00Z"}"#;

#[test]
fn what_is_written_is_read() {
    let entries = sample().entries;
    assert_eq!(read(bytes(&entries).as_slice()).expect("a record"), entries);
}

#[test]
fn an_entry_is_one_line() {
    let entry =
        Entry { at_us: 7, rehearsal: Some(2), event: Event::DatabaseSized(DatabaseSized { bytes: 9 }) };
    let line = String::from_utf8(bytes(&[entry])).expect("UTF-8");
    assert_eq!(line, "{\"at_us\":7,\"rehearsal\":2,\"event\":\"database_sized\",\"bytes\":9}\n");
}

#[test]
fn what_is_no_record_is_refused_in_words() {
    insta::assert_snapshot!(refused(""), @"the record is empty");
    insta::assert_snapshot!(refused("hello\n"), @"this is not a pgrehearse record: expected value at byte 1");
    insta::assert_snapshot!(refused("{\"a\":1}\n"), @"this is not a pgrehearse record: its first line is not `record_started`");
    insta::assert_snapshot!(refused(&FIRST[..40]), @"this is not a pgrehearse record: EOF while parsing a string at byte 40");
    insta::assert_snapshot!(refused(FIRST.replace("record/1", "report/1")), @"this is not a pgrehearse record: its format is `pgrehearse.report/1`, not `pgrehearse.record/1`");
    insta::assert_snapshot!(
        refused(FIRST.replace("record/1", "record/2").replace("0.1.0", "3.0.0")),
        @"the record is of format `pgrehearse.record/2`, written by pgrehearse 3.0.0; this version reads `pgrehearse.record/1`: use a newer pgrehearse"
    );
}

#[test]
fn a_damaged_line_is_named() {
    let second = |line: &str| refused(format!("{FIRST}\n{line}\n"));
    insta::assert_snapshot!(second("{\"at_us\":1,"), @"line 2 of the record is damaged: EOF while parsing a value at byte 11");
    insta::assert_snapshot!(second("{\"at_us\":1,\"event\":\"database_sized\"}"), @"line 2 of the record is damaged: missing field `bytes`");
    insta::assert_snapshot!(second("{\"event\":\"database_sized\",\"bytes\":1}"), @"line 2 of the record is damaged: missing field `at_us`");
    insta::assert_snapshot!(second(FIRST), @"line 2 of the record is damaged: a second record begins here");
    insta::assert_snapshot!(
        second("{\"at_us\":1,\"event\":\"moon_phase\"}"),
        @"line 2 of the record has the event `moon_phase`, which this version does not know: use a newer pgrehearse"
    );
}

#[test]
fn a_torn_last_line_is_left_out_and_the_report_says_that_it_is_incomplete() {
    let mut torn = bytes(&sample().entries);
    torn.truncate(torn.len() - 10);
    let entries = read(torn.as_slice()).expect("torn, but readable");
    assert!(!entries.iter().any(|entry| matches!(entry.event, Event::RunFinished(_))));
    let report = crate::Report::from_entries(&entries).expect("there is something to report");
    assert_eq!(report.run.ended, RunEnd::CutOff);
    assert!(report.warnings[0].contains("this report is incomplete"), "{:?}", report.warnings);
}

#[test]
fn a_last_line_that_only_lacks_its_line_end_counts() {
    let mut whole = bytes(&sample().entries);
    whole.pop();
    let entries = read(whole.as_slice()).expect("a record");
    assert!(matches!(entries.last().map(|entry| &entry.event), Some(Event::RunFinished(_))));
}

#[test]
fn a_record_without_a_run_has_nothing_to_report() {
    let entries = read(FIRST.as_bytes()).expect("a record");
    let error = crate::Report::from_entries(&entries).expect_err("no run");
    assert_eq!(error.to_string(), "the record ends before the run began: there is nothing to report");
}

#[test]
fn entries_are_put_in_order_and_those_of_one_moment_stay_as_they_were() {
    let warned = |at_us: u64, message: &str| Entry {
        at_us,
        rehearsal: None,
        event: Event::Warned(Warned { message: message.to_owned() }),
    };
    let mut entries = sample().entries;
    entries.truncate(1);
    entries.extend([warned(30, "c"), warned(10, "a1"), warned(10, "a2"), warned(20, "b")]);
    let messages: Vec<String> = in_order(&entries)
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Warned(warned) => Some(warned.message),
            _ => None,
        })
        .collect();
    assert_eq!(messages, ["a1", "a2", "b", "c"]);
}

proptest! {
    #[test]
    fn any_cut_is_a_record_or_a_clear_error(share in 0.0..1.0_f64) {
        let whole = bytes(&sample().entries);
        let cut = (whole.len() as f64 * share) as usize;
        match read(&whole[..cut]) {
            Ok(entries) => prop_assert!(!entries.is_empty()),
            Err(error) => prop_assert!(matches!(error, RecordError::Empty | RecordError::NotARecord(_)), "{error}"),
        }
    }

    #[test]
    fn any_numbers_come_back_as_they_were(at_us in any::<u64>(), bytes_now in any::<u64>(), message in ".*") {
        let mut entries = sample().entries;
        entries.truncate(1);
        let event = Event::RunFinished(RunFinished { error: Some(message), interrupted: false });
        entries.push(Entry { at_us, rehearsal: Some(u32::MAX), event: Event::DatabaseSized(DatabaseSized { bytes: bytes_now }) });
        entries.push(Entry { at_us, rehearsal: None, event });
        prop_assert_eq!(read(bytes(&entries).as_slice()).expect("a record"), entries);
    }

    #[test]
    fn any_bytes_are_read_or_refused(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut record = format!("{FIRST}\n").into_bytes();
        record.extend(noise);
        let _ = read(record.as_slice());
    }
}
