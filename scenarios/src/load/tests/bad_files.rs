//! Files that are missing, elsewhere, empty or not text.

use std::fs;

use insta::assert_snapshot;

use super::*;

#[test]
fn a_missing_file_shows_what_there_is() {
    let text = "title = \"Demo\"\nschema = \"shema.sql\"\nprofile = \"profil.toml\"\n[[strategy]]\nname = \"a\"\nup = [\"sql/other.sql\"]\n";
    assert_snapshot!(refused_scenario(text), @r#"
    error: no file `shema.sql` in the scenario folder
     --> demo/scenario.toml:2:10
      |
    2 | schema = "shema.sql"
      |          ^^^^^^^^^^^
      |
      = help: did you mean `schema.sql`? the folder has down.sql, schema.sql, up.sql

    error: no file `profil.toml` in the scenario folder
     --> demo/scenario.toml:3:11
      |
    3 | profile = "profil.toml"
      |           ^^^^^^^^^^^^^
      |
      = help: did you mean `profile.toml`? the folder has profile.toml, scenario.toml

    error: no file `sql/other.sql` in the scenario folder
     --> demo/scenario.toml:6:7
      |
    6 | up = ["sql/other.sql"]
      |       ^^^^^^^^^^^^^^^
      |
      = help: the folder has down.sql, schema.sql, up.sql
    "#);
}

#[test]
fn paths_stay_in_the_folder() {
    let text = "title = \"Demo\"\nschema = \"/etc/passwd\"\nprofile = \"../profile.toml\"\n[[strategy]]\nname = \"a\"\nup = [\"sql/../../x.sql\", \".\"]\n";
    assert_snapshot!(refused_scenario(text), @r#"
    error: `/etc/passwd` leads out of the scenario folder
     --> demo/scenario.toml:2:10
      |
    2 | schema = "/etc/passwd"
      |          ^^^^^^^^^^^^^
      |
      = help: copy or link the file into the folder and name it from there

    error: `../profile.toml` leads out of the scenario folder
     --> demo/scenario.toml:3:11
      |
    3 | profile = "../profile.toml"
      |           ^^^^^^^^^^^^^^^^^
      |
      = help: copy or link the file into the folder and name it from there

    error: `sql/../../x.sql` leads out of the scenario folder
     --> demo/scenario.toml:6:7
      |
    6 | up = ["sql/../../x.sql", "."]
      |       ^^^^^^^^^^^^^^^^^
      |
      = help: copy or link the file into the folder and name it from there

    error: `.` is the folder itself
     --> demo/scenario.toml:6:26
      |
    6 | up = ["sql/../../x.sql", "."]
      |                          ^^^
      |
      = help: name a file in it
    "#);
}

#[test]
fn files_without_a_statement() {
    let files =
        [("scenario.toml", &*format!("{HEAD}{STRATEGY}")), ("schema.sql", "-- later\n"), ("up.sql", "")];
    assert_snapshot!(refused(&files), @r#"
    error: `schema.sql` has no statement
     --> demo/scenario.toml:2:10
      |
    2 | schema = "schema.sql"
      |          ^^^^^^^^^^^^
      |
      = help: write the SQL into it, or take it out of the scenario

    error: `up.sql` has no statement
     --> demo/scenario.toml:6:7
      |
    6 | up = ["up.sql"]
      |       ^^^^^^^^
      |
      = help: write the SQL into it, or take it out of the scenario
    "#);
}

#[test]
fn errors_of_the_splitter_are_among_those_reported() {
    let files = [("scenario.toml", &*format!("{HEAD}{STRATEGY}seeed = 1\n")), ("up.sql", "SELECT 'ü\n")];
    assert_snapshot!(refused(&files), @r#"
    error: unknown key `seeed`
     --> demo/scenario.toml:7:1
      |
    7 | seeed = 1
      | ^^^^^
      |
      = help: a strategy knows name, up, down, phase, probes, verify, irreversible, lock_timeout, retries, backoff, expect

    error: this string is never closed
     --> demo/up.sql:1:8
      |
    1 | SELECT 'ü
      |        ^
      |
      = help: end it with ' (a quote inside it is written '')
    "#);
}

#[test]
fn text_that_no_server_takes() {
    let files = [("scenario.toml", &*format!("{HEAD}{STRATEGY}")), ("up.sql", "SELECT 1;\nSELECT '\0';\n")];
    assert_snapshot!(refused(&files), @r#"
    error: a NUL character, which PostgreSQL cannot hold
     --> demo/up.sql:2:9
      |
    2 | SELECT '␀';
      |         ^
      |
      = help: is this a text file, saved as UTF-8?
    "#);
}

/// What people read where a folder on disk does not load, its path cut off.
fn refused_on_disk(folder: &std::path::Path) -> String {
    let found = load(&Folder::OnDisk(folder.to_owned())).unwrap_err();
    render(&found, false).replace(&format!("{}/", folder.display()), "")
}

#[test]
fn a_folder_without_a_scenario() {
    let temp = tempfile::tempdir().unwrap();
    assert_snapshot!(refused_on_disk(temp.path()), @r#"
    error: no file `scenario.toml`
     |
     = help: a scenario is a folder with a scenario.toml in it
    "#);
    fs::create_dir(temp.path().join("inner")).unwrap();
    fs::write(temp.path().join("inner/scenario.toml"), "").unwrap();
    assert_snapshot!(refused_on_disk(temp.path()), @r#"
    error: no file `scenario.toml`
     |
     = help: there are scenarios in inner
    "#);
}

#[test]
fn text_in_another_encoding() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("scenario.toml");
    fs::write(&path, b"title = \"Demo\"\nabout = \"\xc3\xbc Gr\xf6\xdfe\"\n").unwrap();
    assert_snapshot!(refused_on_disk(temp.path()), @r#"
    error: not UTF-8: the byte 0xF6
     --> scenario.toml:2:14
      |
    2 | about = "ü Gr��e"
      |              ^
      |
      = help: save it as UTF-8 (it may be Latin-1 or Windows-1252)
    "#);
    fs::write(&path, b"\xff\xfet\0i\0").unwrap();
    assert_snapshot!(refused_on_disk(temp.path()), @r#"
    error: not UTF-8: the byte 0xFF
     --> scenario.toml:1:1
      |
    1 | ��t␀i␀
      | ^
      |
      = help: it is UTF-16: save it as UTF-8
    "#);
}

#[test]
fn what_is_not_a_file_is_not_read() {
    let temp = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        fs::write(temp.path().join(name), text).unwrap();
    }
    fs::create_dir(temp.path().join("sql")).unwrap();
    fs::write(temp.path().join("scenario.toml"), format!("{HEAD}{STRATEGY}").replace("up.sql", "sql"))
        .unwrap();
    assert_snapshot!(refused_on_disk(temp.path()), @r#"
    error: cannot read `sql`: it is not a regular file
     --> scenario.toml:6:7
      |
    6 | up = ["sql"]
      |       ^^^^^
      |
      = help: name a file that the user who runs this may read
    "#);
}
