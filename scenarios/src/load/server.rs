//! `[server]`: what the scenario asks of the server.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::keys;
use super::toml_tree::{Node, scalar};
use crate::scenario::ServerWish;

pub(super) fn read(node: &Node<'_>) -> Option<ServerWish> {
    let table = node.table(&keys::SERVER)?;
    let version = table.get("version").and_then(|version| version.integer(10..=99));
    let settings = table.get("settings").map(|settings| settings_of(&settings));
    Some(ServerWish {
        version: version.and_then(|version| u32::try_from(version).ok()),
        settings: settings.unwrap_or_default(),
    })
}

fn settings_of(node: &Node<'_>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for entry in node.entries("shared_buffers = \"512MB\"").unwrap_or_default() {
        let name = entry.key();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if !name.chars().all(allowed) {
            let help =
                "a name has letters, digits, _ and a dot: shared_buffers, \"auto_explain.log_min_duration\"";
            entry.wrong_at_key(format!("`{name}` is not the name of a setting"), help);
            continue;
        }
        let value = match entry.value() {
            DeValue::Boolean(boolean) => Some(if *boolean { "on" } else { "off" }.to_owned()),
            DeValue::Datetime(_) | DeValue::Array(_) => {
                let message = format!("the setting `{name}` must be a string, a number or a boolean");
                entry.wrong_with(
                    message,
                    format!("write it as postgresql.conf would have it: {name} = \"…\""),
                );
                None
            }
            DeValue::Table(inner) => {
                let rest = inner.keys().next().map_or("name", |key| key.get_ref().as_ref());
                let message = format!("the setting `{name}` cannot be a table");
                entry.wrong_with(message, format!("put a name with a dot in quotes: \"{name}.{rest}\" = …"));
                None
            }
            value => scalar(value),
        };
        let Some(value) = value else { continue };
        if value.chars().any(char::is_control) {
            let message = format!("the setting `{name}` has a line break or another control character");
            entry.wrong_with(message, "write its value on one line");
            continue;
        }
        settings.insert(name.to_owned(), value);
    }
    settings
}
