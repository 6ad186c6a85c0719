//! "Did you mean": the known word nearest to one that is not known.

/// The known word within a third of the letters of `word` (at least one edit), or of which one is the beginning of the
/// other (at least four letters), case left aside; the nearest, and the first of several equally near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let allowed = (lower.chars().count() / 3).max(1);
    let near = known.into_iter().filter_map(|known| {
        let known_lower = known.to_lowercase();
        let distance = distance(&lower, &known_lower);
        (distance <= allowed || begins(&lower, &known_lower)).then_some((distance, known))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// True if one word is the beginning of the other: `all_visible` of `all_visible_frac`.
fn begins(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.chars().count() >= 4 && long.starts_with(short)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_refuses_strangers() {
        let known = ["rows", "columns", "null_frac", "n_distinct"];
        assert_eq!(nearest("rwos", known), Some("rows"));
        assert_eq!(nearest("Columns", known), Some("columns"));
        assert_eq!(nearest("null_fraction", known), Some("null_frac"));
        assert_eq!(nearest("ndistinct", known), Some("n_distinct"));
        assert_eq!(nearest("row", known), Some("rows"));
        assert_eq!(nearest("null", known), Some("null_frac"));
        assert_eq!(nearest("columns_of_the_table", known), Some("columns"));
        assert_eq!(nearest("dead_frac", known), None);
        assert_eq!(nearest("n", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abcd", "abdc"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
