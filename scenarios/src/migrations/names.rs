//! What the name of a file says: version, name, direction.

use std::ops::Range;

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The file makes the change, or says both ways itself.
    Up,
    /// It undoes one.
    Down,
    /// It is run again whenever it changes.
    Again,
}

/// How the names of a family of tools are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    /// `001_x.sql`
    Single,
    /// `001_x.up.sql`, `001_x.down.sql`
    UpDown,
    /// `V1__x.sql`, `U1__x.sql`, `R__x.sql`
    Flyway,
    /// `001_x/up.sql`, `001_x/down.sql`
    Diesel,
    /// `001_x/migration.sql`
    Prisma,
}

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) family: Family,
    pub(super) direction: Direction,
    /// True for `U1__x.sql`, which undoes for one tool and changes for another.
    pub(super) is_u: bool,
    /// As it is written.
    pub(super) version: String,
    pub(super) name: String,
    /// The numbers in the version.
    pub(super) key: Vec<u64>,
}

/// Takes the path of a file apart, relative to the folder; none where it is no migration in SQL.
pub(super) fn named(path: &str) -> Option<Named> {
    let (folder, file) = match path.rsplit_once('/') {
        Some((folder, file)) => (Some(folder), file),
        None => (None, path),
    };
    if let Some(named) = flyway(file) {
        return Some(named);
    }
    let Some(folder) = folder else { return numbered(file) };
    let (family, direction) = match file {
        "migration.sql" => (Family::Prisma, Direction::Up),
        "up.sql" => (Family::Diesel, Direction::Up),
        "down.sql" => (Family::Diesel, Direction::Down),
        _ => return None,
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let (version, name) = folder.split_once('_').unwrap_or((folder, ""));
    let starts = version.starts_with(|first: char| first.is_ascii_digit());
    if folder.contains('/') || !starts || !digits(version) {
        return None;
    }
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    let (version, name) = (version.to_owned(), name.to_owned());
    Some(Named { family, direction, is_u: false, version, name, key: vec![number(&digits)] })
}

/// `001_x.sql`, `001_x.up.sql`, `001_x.down.sql`, `001.sql`; `-` in place of `_` too.
fn numbered(file: &str) -> Option<Named> {
    let stem = file.strip_suffix(".sql")?;
    let version = leading_digits(stem);
    let rest = &stem[version.end..];
    if version.is_empty() || !(rest.is_empty() || rest.starts_with(['_', '-', '.'])) {
        return None;
    }
    let (family, direction, rest) = if let Some(rest) = rest.strip_suffix(".up") {
        (Family::UpDown, Direction::Up, rest)
    } else if let Some(rest) = rest.strip_suffix(".down") {
        (Family::UpDown, Direction::Down, rest)
    } else {
        (Family::Single, Direction::Up, rest)
    };
    let version = stem[version].to_owned();
    let key = vec![number(&version)];
    let name = rest.trim_start_matches(['_', '-', '.']).to_owned();
    Some(Named { family, direction, is_u: false, version, name, key })
}

/// `V1__x.sql`, `V2_1__x.sql`, `V2.1__x.sql`, `U1__x.sql`, `R__x.sql`.
fn flyway(file: &str) -> Option<Named> {
    let stem = file.strip_suffix(".sql")?;
    let (prefix, name) = stem.split_once("__")?;
    let first = prefix.chars().next()?;
    let version = &prefix[first.len_utf8()..];
    let direction = match first {
        'V' => Direction::Up,
        'U' => Direction::Down,
        'R' if version.is_empty() => Direction::Again,
        _ => return None,
    };
    let parts: Vec<&str> = version.split(['.', '_']).collect();
    let whole = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if direction != Direction::Again && !whole {
        return None;
    }
    let mut key: Vec<u64> = parts.iter().filter(|part| !part.is_empty()).map(|part| number(part)).collect();
    // 1.0 is the version 1.
    while key.len() > 1 && key.last() == Some(&0) {
        key.pop();
    }
    Some(Named {
        family: Family::Flyway,
        direction,
        is_u: first == 'U',
        version: version.to_owned(),
        name: name.to_owned(),
        key,
    })
}

fn leading_digits(text: &str) -> Range<usize> {
    0..text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The number that the digits write; the greatest there is where they write more.
fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX)
}

/// Whether a file looks like a migration in another language than SQL: `00002_x.go`, `V3__x.rs`.
pub(super) fn is_code(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, extension)) = file.rsplit_once('.') else { return false };
    if !["go", "rs", "java", "kt", "js", "ts", "py", "rb"].contains(&extension) {
        return false;
    }
    let of_number = !leading_digits(stem).is_empty();
    of_number || flyway(&format!("{stem}.sql")).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tools_names() {
        let cases = [
            ("001_users.sql", "Single Up 001 users [1]"),
            ("1-users.sql", "Single Up 1 users [1]"),
            ("20260101120000.sql", "Single Up 20260101120000  [20260101120000]"),
            ("000002_a_b.up.sql", "UpDown Up 000002 a_b [2]"),
            ("000002_a_b.down.sql", "UpDown Down 000002 a_b [2]"),
            ("V1__first.sql", "Flyway Up 1 first [1]"),
            ("V2_1__x.sql", "Flyway Up 2_1 x [2, 1]"),
            ("more/V2.10.0__x__y.sql", "Flyway Up 2.10.0 x__y [2, 10]"),
            ("U2.1__x.sql", "Flyway Down 2.1 x [2, 1]"),
            ("R__views.sql", "Flyway Again  views []"),
            ("20240101000000_init/migration.sql", "Prisma Up 20240101000000 init [20240101000000]"),
            ("2024-01-01-000000_init/up.sql", "Diesel Up 2024-01-01-000000 init [20240101000000]"),
            ("2024-01-01-000000_init/down.sql", "Diesel Down 2024-01-01-000000 init [20240101000000]"),
        ];
        for (path, expected) in cases {
            let Named { family, direction, version, name, key, .. } = named(path).unwrap();
            assert_eq!(format!("{family:?} {direction:?} {version} {name} {key:?}"), expected, "{path}");
        }
    }

    #[test]
    fn other_files_are_none() {
        let others = [
            "schema.sql",
            "a1_x.sql",
            "001x.sql",
            "V__x.sql",
            "V1_x.sql",
            "Vx__y.sql",
            "V1.__x.sql",
            "R1__x.sql",
            "sub/001_x.sql",
            "a/001_x/up.sql",
            "x/up.sql",
            "001_x/other.sql",
            "README.md",
            "001_x.txt",
            "é__x.sql",
            "",
        ];
        for path in others {
            assert_eq!(named(path), None, "{path}");
        }
        assert!(is_code("00002_fill.go") && is_code("V3__x.rs") && !is_code("mod.rs") && !is_code("2_x.sql"));
    }

    #[test]
    fn numbers_that_are_too_large_do_not_panic() {
        assert_eq!(named("99999999999999999999999_x.sql").unwrap().key, [u64::MAX]);
    }
}
