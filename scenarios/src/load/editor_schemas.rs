//! The JSON Schemas for editors say what the reader says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::keys::{OF_PROFILE, OF_SCENARIO, Shape};
use super::tests::loaded;
use crate::catalog::BUNDLED;
use crate::profile::Generator;

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(format!("{name}.schema.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A TOML text as JSON, dates as the strings that they are.
pub(super) fn json(text: &str) -> Value {
    fn convert(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(datetime) => Value::String(datetime.to_string()),
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Table(table) => {
                table.into_iter().map(|(key, value)| (key, convert(value))).collect()
            }
            toml::Value::String(text) => Value::String(text),
            toml::Value::Integer(integer) => integer.into(),
            toml::Value::Float(float) => float.into(),
            toml::Value::Boolean(boolean) => Value::Bool(boolean),
        }
    }
    convert(toml::Value::Table(text.parse().unwrap()))
}

/// A validator that finds the profile's schema beside it, without network.
pub(super) fn validator(name: &str) -> jsonschema::Validator {
    let registry = jsonschema::Registry::new().add("json-schema:///profile.schema.json", schema("profile"));
    let profile = registry.unwrap().prepare().unwrap();
    jsonschema::options().with_registry(&profile).build(&schema(name)).unwrap()
}

#[test]
fn the_bundled_files_are_valid() {
    let (scenario, profile) = (validator("scenario"), validator("profile"));
    for (name, text) in BUNDLED.iter().flat_map(|bundled| bundled.files) {
        let schema = match *name {
            "scenario.toml" => &scenario,
            name if name.ends_with(".toml") => &profile,
            _ => continue,
        };
        let errors: Vec<_> = schema.iter_errors(&json(text)).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{name}");
    }
}

/// The keys of a schema's table and those of them that are required.
fn keys_of_schema(schema: &Value, pointer: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let table = schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
    assert_eq!(table["additionalProperties"], Value::Bool(false), "{pointer}");
    let properties = table["properties"].as_object().unwrap().keys().cloned().collect();
    let required = table.get("required").and_then(Value::as_array).into_iter().flatten();
    (properties, required.map(|key| key.as_str().unwrap().to_owned()).collect())
}

#[test]
fn the_schemas_know_the_keys_that_the_reader_knows() {
    for (name, shapes) in [("scenario", OF_SCENARIO), ("profile", OF_PROFILE)] {
        let schema = schema(name);
        for (pointer, shape) in shapes {
            let known = shape.names().map(ToOwned::to_owned).collect();
            let needed = shape
                .keys
                .iter()
                .filter(|key| key.required && key.unless.is_none())
                .map(|key| key.name.to_owned())
                .collect();
            assert_eq!(keys_of_schema(&schema, pointer), (known, needed), "{name}{pointer}");
        }
        let described = schema["$defs"].as_object().unwrap();
        let tables = described.values().filter(|table| table.get("properties").is_some()).count();
        assert_eq!(tables + 1, shapes.len(), "{name} has a table that the reader does not know");
    }
}

#[test]
fn the_profile_schema_knows_every_generator() {
    let schema = schema("profile");
    let words = schema.pointer("/$defs/column/properties/generator/enum").unwrap();
    let known: Vec<_> = Generator::ALL.iter().map(|(word, _)| Value::from(*word)).collect();
    assert_eq!(words.as_array().unwrap(), &known);
}

/// A lone date is wrong for every key, so that a key which is known and not read would show.
#[test]
fn every_known_key_is_read() {
    const DATE: &str = "1979-05-27";
    let around = |shapes: &[(&str, &'static Shape)], pointer: &str| {
        let found = shapes.iter().find(|(other, _)| *other == pointer);
        found.unwrap_or_else(|| panic!("no {pointer}")).1
    };
    let places = [
        (around(OF_SCENARIO, ""), "", ""),
        (around(OF_SCENARIO, "/$defs/migrations"), "schema = { ", " }"),
        (around(OF_SCENARIO, "/$defs/server"), "[server]\n", ""),
        (around(OF_SCENARIO, "/$defs/strategy"), "[[strategy]]\n", ""),
        (around(OF_SCENARIO, "/$defs/phase"), "[[strategy]]\n[[strategy.phase]]\n", ""),
        (around(OF_SCENARIO, "/$defs/verify"), "[[strategy]]\n[[strategy.verify]]\n", ""),
        (around(OF_SCENARIO, "/$defs/step"), "[[strategy]]\nup = [{ ", " }]"),
        (around(OF_SCENARIO, "/$defs/expect"), "[[strategy]]\nexpect = { ", " }"),
        (around(OF_SCENARIO, "/$defs/workload"), "[workload]\n", ""),
        (around(OF_SCENARIO, "/$defs/probe"), "[[workload.probe]]\n", ""),
        (around(OF_SCENARIO, "/$defs/param"), "[[workload.probe]]\nparams = [{ ", " }]"),
        (around(OF_SCENARIO, "/$defs/hold"), "[[workload.hold]]\n", ""),
        (around(OF_SCENARIO, "/$defs/budget"), "[budget]\n", ""),
        (around(OF_PROFILE, ""), "[profile]\n", ""),
        (around(OF_PROFILE, "/$defs/table"), "[profile.tables.a]\n", ""),
        (around(OF_PROFILE, "/$defs/column"), "[profile.tables.a.columns.b]\n", ""),
        (around(OF_PROFILE, "/$defs/toasted"), "[profile.tables.a.columns.b]\ntoasted = { ", " }"),
        (around(OF_PROFILE, "/$defs/fan_out"), "[profile.tables.a.columns.b]\nfan_out = { ", " }"),
        (around(OF_PROFILE, "/$defs/depends_on"), "[profile.tables.a.columns.b]\ndepends_on = { ", " }"),
    ];
    assert_eq!(places.len(), OF_SCENARIO.len() + OF_PROFILE.len());
    for (shape, before, after) in places {
        for key in shape.names() {
            let text = format!("{before}{key} = {DATE}{after}\n");
            let found = loaded(&[("scenario.toml", &text)]).unwrap_err();
            let refused = found.iter().any(|diagnostic| diagnostic.place.text() == Some(DATE));
            assert!(refused, "`{key}` of {} is not read", shape.what);
        }
    }
}
