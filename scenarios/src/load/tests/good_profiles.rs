//! Every word of a profile, as it is read.

use std::fs;
use std::path::Path;

use super::*;
use crate::profile::{Degrees, Profile};

fn good(profile: &str) -> Profile {
    let files = [("scenario.toml", format!("{HEAD}{STRATEGY}")), ("profile.toml", profile.to_owned())];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let loaded = loaded(&files).unwrap_or_else(|found| panic!("{}", render(&found, false)));
    assert_eq!(loaded.warnings, []);
    loaded.scenario.profile
}

const EVERYTHING: &str = r#"
[tables.orders]
rows = 1_000
dead_frac = 0.05
free_frac = 0.1
all_visible_frac = 0.9
[tables.orders.columns.status]
most_common = { open = 0.2, done = 0.5 }
most_common_freqs = [0.05, 0.1]
[tables.orders.columns.kind]
most_common = [0.2, 0.4]
[tables.orders.columns.body]
null_frac = 0.1
avg_width = 200
toasted = { frac = 0.1, raw_width = 8_000, compressibility = 0.5 }
[tables.orders.columns.tags]
elem_count_histogram = [0, 1, 1, 2, 6]
[tables.orders.columns.user_id]
null_frac = 0.02
fan_out = { zipf = 1.1, childless_frac = 0.2, clustering = 0.9 }
[tables.orders.columns.shop_id.fan_out.degrees]
1 = 0.5
10 = 0.1
2 = 0.3
0 = 0.1
[tables.orders.columns.zip]
depends_on = { column = "city", degree = 0.9 }
"#;

#[test]
fn every_word_is_read() {
    let profile = good(EVERYTHING);
    let orders = &profile.tables[0];
    assert_eq!(
        (orders.dead_frac, orders.free_frac, orders.all_visible_frac),
        (Some(0.05), Some(0.1), Some(0.9))
    );
    let places = [&orders.dead_frac_place, &orders.free_frac_place, &orders.all_visible_frac_place];
    assert_eq!(places.map(|place| place.as_ref().unwrap().text().unwrap()), ["0.05", "0.1", "0.9"]);
    let [status, kind, body, tags, user, shop, zip] = &orders.columns[..] else { panic!("seven columns") };

    assert_eq!(status.most_common[0].value, "done");
    assert_eq!(status.most_common_freqs, [0.1, 0.05]);
    assert_eq!(status.most_common_freqs_place.as_ref().unwrap().text(), Some("[0.05, 0.1]"));
    assert_eq!((&kind.most_common[..], &kind.most_common_freqs[..]), (&[][..], &[0.4, 0.2][..]));
    assert_eq!(kind.most_common_freqs_place, kind.most_common_place);

    let toasted = body.toasted.as_ref().unwrap();
    assert_eq!((toasted.frac, toasted.raw_width, toasted.compressibility), (0.1, 8_000.0, 0.5));
    assert!(toasted.place.text().unwrap().starts_with("{ frac"));
    assert_eq!(tags.elem_count_histogram, [0, 1, 1, 2, 6]);
    assert_eq!(tags.elem_count_histogram_place.as_ref().unwrap().text(), Some("[0, 1, 1, 2, 6]"));

    let zipf = user.fan_out.as_ref().unwrap();
    assert_eq!(zipf.degrees, Degrees::Zipf(1.1));
    assert_eq!((zipf.childless_frac, zipf.clustering), (Some(0.2), Some(0.9)));
    let explicit = shop.fan_out.as_ref().unwrap();
    assert_eq!(explicit.degrees, Degrees::Explicit(vec![(0, 0.1), (1, 0.5), (2, 0.3), (10, 0.1)]));
    assert_eq!(explicit.childless_frac, Some(0.1), "it is the fraction of degree 0");

    let on = zip.depends_on.as_ref().unwrap();
    assert_eq!((on.column.as_str(), on.degree), ("city", 0.9));
    assert_eq!(on.place.text(), Some("{ column = \"city\", degree = 0.9 }"));
}

#[test]
fn what_is_left_out_has_its_default() {
    let text = format!(
        "{PROFILE}columns.a.toasted = {{ frac = 0.5, raw_width = 3_000 }}\n\
         columns.b.depends_on = {{ column = \"a\" }}\n\
         columns.c.fan_out = {{ clustering = 1 }}\n\
         columns.d.fan_out = {{ degrees = {{ 3 = 1 }} }}\n"
    );
    let profile = good(&text);
    let [a, b, c, d] = &profile.tables[0].columns[..] else { panic!("four columns") };
    assert_eq!(a.toasted.as_ref().unwrap().compressibility, 0.0);
    assert_eq!(b.depends_on.as_ref().unwrap().degree, 1.0);
    assert_eq!(c.fan_out.as_ref().unwrap().degrees, Degrees::Uniform);
    assert_eq!(d.fan_out.as_ref().unwrap().childless_frac, Some(0.0));
}

#[test]
fn numbers_in_quotes_may_be_texts() {
    let profile = good(&format!("{PROFILE}columns.a.histogram_bounds = [\"10\", \"9\", '\u{e9}']\n"));
    assert_eq!(profile.tables[0].columns[0].histogram_bounds.len(), 3);
}

#[test]
fn the_profile_of_the_readme_is_a_good_one() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let blocks = readme.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
    let profiles: Vec<_> = blocks.filter(|block| block.starts_with("# profile.toml")).collect();
    assert_eq!(profiles.len(), 1);
    assert_eq!(good(profiles[0]).tables.len(), 2);
}

/// The text that a dataset is named by.
fn declared(text: &str) -> String {
    format!("{:?}", good(text).without_places())
}

#[test]
fn places_are_no_part_of_what_is_declared() {
    let moved = format!("# A comment.\n\n{}", EVERYTHING.replace(" = ", "  =  "));
    assert_eq!(declared(EVERYTHING), declared(&moved));
    let column = |keys: &str| declared(&format!("{PROFILE}[tables.users.columns.a]\n{keys}\n"));
    assert_eq!(column("fan_out = \"uniform\""), column("fan_out = { uniform = true }"));
    assert_eq!(column("most_common = [0.1, 0.2]"), column("most_common_freqs = [0.2, 0.1]"));
}

#[test]
fn every_word_is_part_of_what_is_declared() {
    let everything = declared(EVERYTHING);
    let mut changes = 0;
    for (index, line) in EVERYTHING.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
        // Each number of each line, changed a little.
        for (at, _) in line.match_indices(|char: char| char.is_ascii_digit() && char != '0') {
            let digit = if line.as_bytes()[at] == b'1' { "2" } else { "1" };
            let changed = format!("{}{digit}{}", &line[..at], &line[at + 1..]);
            let text: Vec<_> = EVERYTHING
                .lines()
                .enumerate()
                .map(|(other, line)| if other == index { changed.as_str() } else { line })
                .collect();
            let text = text.join("\n");
            let files = [("scenario.toml", format!("{HEAD}{STRATEGY}")), ("profile.toml", text)];
            // Some changes make it illegal; that is as good as another name.
            if let Ok(loaded) = loaded(&files.each_ref().map(|(name, text)| (*name, text.as_str()))) {
                changes += 1;
                let declared = format!("{:?}", loaded.scenario.profile.without_places());
                assert_ne!(everything, declared, "{changed}");
            }
        }
    }
    assert!(changes >= 20, "only {changes} changes were legal");
}
