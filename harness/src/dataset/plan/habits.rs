//! What columns usually hold, by their type and name: for columns of which the profile says little or nothing.

use pgrehearse_scenarios::profile::Generator;

use super::text::Style;
use crate::postgres::shape::{ColumnShape, ColumnType};

/// What a column usually holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Habit {
    /// Fraction of NULLs, where NULL is allowed.
    pub(super) null_frac: f64,
    /// Usual values and their frequencies among values that are not null.
    pub(super) most_common: &'static [(&'static str, f64)],
    /// First and last value, as the type is written.
    pub(super) range: Option<(&'static str, &'static str)>,
    /// At most so many different values.
    pub(super) distinct_max: Option<u64>,
    /// Correlation.
    pub(super) correlation: Option<f64>,
    /// How text looks.
    pub(super) style: Option<Style>,
    /// Stored bytes on average, for running text.
    pub(super) width_bytes: Option<f64>,
}

/// What a column of this type and name usually holds.
pub(super) fn habit(column: &ColumnShape) -> Habit {
    let name = column.name.to_ascii_lowercase();
    let mut habit = match &column.kind {
        kind if kind.is_text() => text(&name, column.kind.char_limit()),
        ColumnType::Bool => boolean(&name),
        ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz => moment(&name),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => whole_number(&name),
        ColumnType::Numeric { .. } | ColumnType::Float4 | ColumnType::Float8 => number(&name),
        kind => of_type(&name, kind),
    };
    if has_word(&name, &["deleted", "archived", "cancelled", "canceled", "banned", "revoked"])
        && column.kind != ColumnType::Bool
    {
        habit.null_frac = 0.95;
    }
    habit
}

/// Whether one of `words` is among the words of a name in snake case, in singular or plural.
fn has_word(name: &str, words: &[&str]) -> bool {
    name.split('_')
        .any(|part| words.contains(&part) || part.strip_suffix('s').is_some_and(|part| words.contains(&part)))
}

fn boolean(name: &str) -> Habit {
    let rare = [
        "deleted",
        "banned",
        "blocked",
        "archived",
        "suspended",
        "admin",
        "staff",
        "superuser",
        "spam",
        "test",
    ];
    let usual = ["active", "enabled", "verified", "confirmed", "visible", "valid", "published", "public"];
    let most_common: &[(&str, f64)] = if has_word(name, &rare) {
        &[("false", 0.97), ("true", 0.03)]
    } else if has_word(name, &usual) {
        &[("true", 0.9), ("false", 0.1)]
    } else {
        &[("true", 0.5), ("false", 0.5)]
    };
    Habit { most_common, ..Habit::default() }
}

fn moment(name: &str) -> Habit {
    let born = has_word(name, &["birth", "birthday", "birthdate", "dob", "born"]);
    let range = Some(if born { ("1945-01-01", "2007-12-31") } else { ("2019-01-01", "2025-12-31") });
    let correlation =
        if has_word(name, &["created", "inserted", "registered", "joined", "occurred", "received"]) {
            Some(0.995)
        } else if has_word(name, &["updated", "modified", "changed"]) {
            Some(0.3)
        } else {
            None
        };
    Habit { range, correlation, ..Habit::default() }
}

/// Where values of a type usually lie, whatever the column's name.
fn of_type(name: &str, kind: &ColumnType) -> Habit {
    let between = |first, last| Habit { range: Some((first, last)), ..Habit::default() };
    match kind {
        ColumnType::Range(element) => match &**element {
            ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz => moment(name),
            ColumnType::Numeric { .. } => between("0", "10000"),
            _ => between("1", "1000000"),
        },
        ColumnType::Time | ColumnType::Timetz if has_word(name, &["opens", "opening", "start", "begin"]) => {
            between("06:00:00", "11:00:00")
        }
        ColumnType::Time | ColumnType::Timetz => between("00:00:00", "23:59:59.999999"),
        ColumnType::Interval if has_word(name, &["timeout", "latency", "delay", "elapsed", "runtime"]) => {
            between("00:00:00.001", "00:01:00")
        }
        ColumnType::Interval if has_word(name, &["period", "term", "retention", "trial", "validity"]) => {
            between("1 day", "365 days")
        }
        ColumnType::Interval => between("00:00:05", "08:00:00"),
        // Addresses of hosts in the range for private networks, or of anybody.
        ColumnType::Inet if has_word(name, &["host", "server", "node", "private", "internal"]) => {
            between("10.0.0.1", "10.255.255.254")
        }
        ColumnType::Inet => between("1.0.0.1", "223.255.255.254"),
        ColumnType::Cidr => between("10.0.0.0/24", "223.255.255.0/24"),
        ColumnType::Macaddr => between("00:16:3e:00:00:00", "00:16:3e:ff:ff:ff"),
        ColumnType::Money => between("0.99", "2500.00"),
        ColumnType::Oid => between("16384", "1000000"),
        _ => Habit::default(),
    }
}

/// How many elements arrays usually have: bounds of an equi-depth histogram.
pub(super) fn element_counts(name: &str) -> &'static [u32] {
    if has_word(&name.to_ascii_lowercase(), &["embedding", "vector", "feature", "weight", "coordinate"]) {
        &[16, 16]
    } else {
        &[0, 1, 2, 3, 5, 8]
    }
}

fn whole_number(name: &str) -> Habit {
    let range = if has_word(name, &["year"]) {
        ("1990", "2025")
    } else if has_word(name, &["age"]) {
        ("18", "90")
    } else if has_word(name, &["month"]) {
        ("1", "12")
    } else if has_word(name, &["rating", "stars", "priority", "level"]) {
        ("1", "5")
    } else if has_word(name, &["count", "quantity", "qty", "number", "position", "rank", "score"]) {
        ("0", "100")
    } else if has_word(name, &["cents", "amount", "price", "total", "balance"]) {
        ("99", "25000")
    } else {
        return Habit { distinct_max: name.ends_with("_id").then_some(10_000), ..Habit::default() };
    };
    Habit { range: Some(range), ..Habit::default() }
}

fn number(name: &str) -> Habit {
    let range = if has_word(name, &["lat", "latitude"]) {
        ("-90", "90")
    } else if has_word(name, &["lng", "lon", "longitude"]) {
        ("-180", "180")
    } else if has_word(name, &["rate", "ratio", "fraction", "probability", "discount"]) {
        ("0", "1")
    } else {
        return Habit::default();
    };
    Habit { range: Some(range), ..Habit::default() }
}

fn text(name: &str, limit: Option<u32>) -> Habit {
    let plain = |generator| Habit { style: Some(Style::Like(generator)), ..Habit::default() };
    let prose = |width| Habit {
        style: Some(Style::Like(Generator::Sentence)),
        width_bytes: Some(width),
        ..Habit::default()
    };
    let list = |style, distinct_max| Habit { style: Some(style), distinct_max, ..Habit::default() };
    let short = limit.is_some_and(|limit| limit < 8);
    let has = |words: &[&str]| has_word(name, words);
    if has(&["email", "mail"]) {
        plain(Generator::Email)
    } else if has(&["url", "uri", "link", "website", "homepage", "avatar", "href"]) {
        plain(Generator::Url)
    } else if has(&["ip", "ipaddr"]) {
        plain(Generator::Ip)
    } else if has(&["hash", "token", "digest", "checksum", "secret", "password", "fingerprint", "sha", "md5"])
    {
        plain(Generator::Hex)
    } else if has(&["phone", "mobile", "fax", "telephone", "tel"]) {
        plain(Generator::Phone)
    } else if has(&["username", "login", "handle", "nickname", "nick"]) || name == "user_name" {
        plain(Generator::Username)
    } else if (has(&["first", "given", "forename"]) && has(&["name"])) || has(&["firstname", "forename"]) {
        plain(Generator::FirstName)
    } else if (has(&["last", "family", "sur"]) && has(&["name"])) || has(&["lastname", "surname"]) {
        plain(Generator::LastName)
    } else if has(&["company", "organization", "organisation", "employer", "vendor", "brand"]) {
        plain(Generator::Company)
    } else if has(&["city", "town"]) {
        list(Style::Like(Generator::City), Some(2000))
    } else if has(&["country", "nation", "nationality"]) {
        list(if short { Style::CountryCodes } else { Style::Like(Generator::Country) }, Some(200))
    } else if has(&["currency"]) {
        list(Style::CurrencyCodes, Some(20))
    } else if has(&["locale", "lang", "language"]) {
        list(Style::Languages, Some(20))
    } else if has(&["street", "address", "addr"]) {
        plain(Generator::Street)
    } else if has(&["status", "state", "stage", "phase"]) {
        list(Style::States, Some(5))
    } else if has(&["type", "kind", "category", "role", "level", "group", "tag", "plan", "tier"]) {
        list(Style::Like(Generator::Word), Some(12))
    } else if has(&["slug", "code", "sku", "key"]) {
        plain(Generator::Word)
    } else if has(&["title", "subject", "headline", "summary", "label"]) {
        prose(42.0)
    } else if has(&[
        "description",
        "bio",
        "body",
        "content",
        "text",
        "comment",
        "message",
        "note",
        "about",
        "details",
    ]) {
        prose(160.0)
    } else if has(&["name"]) || name.ends_with("name") {
        plain(Generator::Name)
    } else {
        prose(32.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, kind: ColumnType) -> Habit {
        habit(&ColumnShape { name: name.into(), kind, ..ColumnShape::default() })
    }

    #[test]
    fn names_tell() {
        let style = |name| of(name, ColumnType::Text).style;
        assert_eq!(style("contact_email"), Some(Style::Like(Generator::Email)));
        assert_eq!(style("first_name"), Some(Style::Like(Generator::FirstName)));
        assert_eq!(style("full_name"), Some(Style::Like(Generator::Name)));
        assert_eq!(style("ip_address"), Some(Style::Like(Generator::Ip)));
        assert_eq!(style("notes"), Some(Style::Like(Generator::Sentence)));
        assert_eq!(style("description"), Some(Style::Like(Generator::Sentence)));
        assert_eq!(of("country", ColumnType::Char(2)).style, Some(Style::CountryCodes));
        assert_eq!(of("created_at", ColumnType::Timestamptz).correlation, Some(0.995));
        assert_eq!(of("deleted_at", ColumnType::Timestamptz).null_frac, 0.95);
        assert_eq!(of("is_deleted", ColumnType::Bool).most_common[0], ("false", 0.97));
        assert_eq!(of("is_active", ColumnType::Bool).most_common[0], ("true", 0.9));
        assert_eq!(of("manage", ColumnType::Int4), Habit::default());
    }
}
