//! What a branch adds.

use std::fs;

use super::*;
use crate::load::Loaded;
use crate::profile::Profile;

/// The scenario of a folder with these files, of which the base had those with a third part: what they were.
fn since(files: &[(&str, &str, Option<&str>)], gone: &[(&str, &str)]) -> Result<Loaded, String> {
    let temp = tempfile::tempdir().unwrap();
    let mut base = Base { revision: "main".to_owned(), ..Base::default() };
    for (path, text, was) in files {
        fs::write(temp.path().join(path), text).unwrap();
        match was {
            Some(was) if was == text => base.files.insert((*path).to_owned(), BaseFile::Same),
            Some(was) => base.files.insert((*path).to_owned(), BaseFile::Differs(was.as_bytes().to_vec())),
            None => None,
        };
    }
    for (path, was) in gone {
        base.files.insert((*path).to_owned(), BaseFile::Differs(was.as_bytes().to_vec()));
    }
    let folder = temp.path();
    let profile = Profile { rows: Some(1000), ..Profile::default() };
    let wanted =
        Wanted { folder, tool: None, base: &base, name: "app", strategy: "feature", profile: &profile };
    let found = rehearse(&wanted);
    let shown = format!("{}", folder.display());
    found.map_err(|problems| render(&problems, false).replace(&shown, "migrations"))
}

const A: &str = "CREATE TABLE t (a int);\n";

#[test]
fn what_was_added_is_the_strategy() {
    let loaded = since(
        &[
            ("001_a.up.sql", A, Some(A)),
            ("002_b.up.sql", "ALTER TABLE t ADD b int;", None),
            ("002_b.down.sql", "ALTER TABLE t DROP b;", None),
            ("003_c.up.sql", "ALTER TABLE t ADD c int;", None),
            ("003_c.down.sql", "ALTER TABLE t DROP c;", None),
            ("README.md", "now", Some("then")),
        ],
        &[],
    )
    .unwrap();
    assert_eq!(loaded.warnings, []);
    let scenario = loaded.scenario;
    assert_eq!(scenario.schema.steps.len(), 1);
    assert_eq!(scenario.schema.deployed.unwrap().last.as_deref(), Some("001_a.up.sql"));
    assert_eq!(scenario.profile.rows, Some(1000));
    let [strategy] = &scenario.strategies[..] else { panic!() };
    let texts = |steps: &[Step]| -> Vec<String> {
        steps.iter().map(|step| step.file.statements[0].text.clone()).collect()
    };
    assert_eq!(strategy.name, "feature");
    assert_eq!(texts(&strategy.phases[0].up), ["ALTER TABLE t ADD b int", "ALTER TABLE t ADD c int"]);
    assert_eq!(texts(&strategy.down), ["ALTER TABLE t DROP c", "ALTER TABLE t DROP b"]);
}

#[test]
fn one_without_a_way_back_leaves_none() {
    let files = [
        ("001_a.sql", A, Some(A)),
        ("002_b.sql", "SELECT 1;", None),
        ("002_b.down.sql", "SELECT 2;", None),
        ("003_c.sql", "SELECT 1;", None),
    ];
    assert!(since(&files, &[]).unwrap().scenario.strategies[0].down.is_empty());
}

#[test]
fn what_was_deployed_stays_as_it_is() {
    let files = [("001_a.sql", A, Some("CREATE TABLE t ();\n")), ("003_c.sql", "SELECT 1;", None)];
    assert_snapshot!(since(&files, &[("002_b.sql", "SELECT 1;")]).unwrap_err(), @r#"
    error: `001_a.sql` was deployed and is changed: its SHA-256 is 25312a357ba5c43fcf8242755b307bf3c82a057fcc4c030926b979b34cca9bc8, and a595ef0ec8cb5a9c691f1e0c33b92e9834bbd13aaeaddee87fd7871a9903fc13 by main
     --> migrations/001_a.sql:1:1
      |
    1 | CREATE TABLE t (a int);
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: put the file back as it was, and write a new migration for the change

    error: `002_b.sql` was deployed by main and is gone from `migrations`
     |
     = help: put the file back, under its old name: what it did is undone by a new migration; where the branch began before it, rebase, or say --since "$(git merge-base HEAD main)"

    error: no migration 002 between `001_a.sql` and `003_c.sql`
     --> migrations/003_c.sql:1:1
      |
    1 | SELECT 1;
      | ^^^^^^^^^
      |
      = help: put the missing file back, or number the later ones without a gap; if it was taken out for good, let a migration of that number do nothing
    "#);
}

#[test]
fn nothing_new() {
    assert_snapshot!(since(&[("001_a.sql", A, Some(A))], &[]).unwrap_err(), @r"
    error: no migration was added to `migrations` since main
     |
     = help: commit or write the migration first, or name an older revision: `git merge-base HEAD origin/main` says where a branch began
    ");
}

#[test]
fn older_than_what_is_deployed() {
    let files = [("20260101000000_a.sql", "SELECT 1;", None), ("20260102000000_b.sql", A, Some(A))];
    let loaded = since(&files, &[]).unwrap();
    assert_eq!(loaded.warnings.len(), 1);
    let expected = "`20260101000000_a.sql` is older than `20260102000000_b.sql`, which is deployed already";
    assert_eq!(loaded.warnings[0].message, expected);
}

#[test]
fn repeatable_ones_may_change() {
    let (old, new) = ("CREATE VIEW v AS SELECT 1;", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;");
    let scenario = since(&[("V1__a.sql", A, Some(A)), ("R__v.sql", new, Some(old))], &[]).unwrap().scenario;
    assert_eq!(scenario.schema.steps[1].file.source.text, old);
    assert_eq!(scenario.strategies[0].phases[0].up[0].file.source.text, new);
}
