//! The JSON Schemas, generated from the types. `PGREHEARSE_BLESS=1 cargo test -p pgrehearse-reports schema`
//! writes them anew.

use std::path::PathBuf;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::event::Entry;
use crate::model::Report;
use crate::render::{Format, render};
use crate::sample::{Sample, budget, strategy};

fn schema_of<T: JsonSchema>(title: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema").join(file)
}

fn check(file: &str, schema: &Value) {
    let generated = format!("{schema:#}\n");
    if std::env::var_os("PGREHEARSE_BLESS").is_some() {
        std::fs::write(path(file), &generated).expect("the schema folder is writable");
    }
    let committed = std::fs::read_to_string(path(file)).unwrap_or_default();
    assert!(
        committed == generated,
        "reports/schema/{file} is not what the types say. Keys may only be added. To write it anew: \
         PGREHEARSE_BLESS=1 cargo test -p pgrehearse-reports schema"
    );
}

fn committed(file: &str) -> Value {
    let text = std::fs::read_to_string(path(file)).expect("it is committed");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn the_report_schema_is_that_of_the_types() {
    check("report.schema.json", &schema_of::<Report>("pgrehearse.report/1"));
}

#[test]
fn the_record_schema_is_that_of_the_events() {
    check("record.schema.json", &schema_of::<Entry>("One line of a pgrehearse.record/1"));
}

#[test]
fn produced_reports_and_records_are_valid() {
    let report_schema = jsonschema::validator_for(&committed("report.schema.json")).expect("a schema");
    let record_schema = jsonschema::validator_for(&committed("record.schema.json")).expect("a schema");
    for sample in crate::render::tests::samples().into_iter().map(|(_, sample)| sample) {
        let report: Value = serde_json::from_str(&render(&sample.report(), Format::Json)).expect("JSON");
        let errors: Vec<String> = report_schema
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        for entry in &sample.entries {
            let line = serde_json::to_value(entry).expect("JSON");
            let errors: Vec<String> =
                record_schema.iter_errors(&line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{line}: {errors:#?}");
        }
    }
}

#[test]
fn a_schema_refuses_what_is_not_a_report() {
    let schema = jsonschema::validator_for(&committed("report.schema.json")).expect("a schema");
    let report = Sample::new(vec![strategy("plain")], budget()).report();
    let mut value = serde_json::to_value(report).expect("JSON");
    value["verdict"] = "perhaps".into();
    assert!(!schema.is_valid(&value));
}
