//! The name of a dataset: a digest of everything that shapes it.

use sha2::{Digest, Sha256};

use super::plan::GENERATOR_VERSION;
use super::prepare::Recipe;

/// SHA-256 in hexadecimal over schema, profile, seed, scale, rows asked for, generator and server version.
pub(crate) fn of(recipe: &Recipe, version_major: u32) -> String {
    let mut digest = Sha256::new();
    // Each part with its length before it, so that no two lists of parts read the same.
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    let schema = &recipe.scenario.schema;
    for step in &schema.steps {
        if schema.deployed.is_none() {
            part(step.file.source.text.as_bytes());
            continue;
        }
        // The way back and the comments of a migration shape no data.
        part(format!("{:?}", step.transaction).as_bytes());
        for statement in &step.file.statements {
            part(statement.text.as_bytes());
            part(statement.copy_data.as_deref().unwrap_or_default().as_bytes());
        }
    }
    part(format!("{:?}", recipe.scenario.profile.without_places()).as_bytes());
    part(&recipe.seed.to_le_bytes());
    part(&recipe.scale.to_bits().to_le_bytes());
    for (table, rows) in &recipe.rows {
        part(table.as_bytes());
        part(&rows.to_le_bytes());
    }
    if let Some(rows) = recipe.rows_otherwise {
        part(b"otherwise");
        part(&rows.to_le_bytes());
    }
    part(&GENERATOR_VERSION.to_le_bytes());
    part(&version_major.to_le_bytes());
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
