//! Drafts of texts that are put together from lists of words.

use std::collections::HashSet;

use super::{Draft, Wish};
use crate::dataset::generate::pool::Pool;
use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::text::{Part, code_lengths};

pub(super) fn as_strs(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// Entries that begin no text that is taken, so that nothing that begins with them is taken.
pub(super) fn free<'a>(wish: &Wish<'_>, entries: &[&'a str]) -> Vec<&'a str> {
    let taken = |entry: &str| wish.taken.iter().any(|taken| taken.starts_with(entry.as_bytes()));
    entries.iter().copied().filter(|entry| !taken(entry)).collect()
}

/// As many entries as are needed, each a value of its own.
pub(super) fn pool(wish: &Wish<'_>, entries: &[&str]) -> Option<Draft> {
    let fits = |entry: &&str| {
        wish.limit.is_none_or(|limit| entry.len() as u64 <= limit)
            && !wish.taken.iter().any(|taken| taken == entry.as_bytes())
    };
    let mut entries: Vec<&str> = entries.iter().copied().filter(fits).collect();
    let count = usize::try_from(wish.distinct).ok().filter(|&count| count <= entries.len())?;
    let stream = wish.stream.child(7);
    let pool = match wish.payload_bytes() {
        Some(mean) => Pool::with_mean(&entries, count, mean, true, stream)?,
        None => {
            stream.shuffle(&mut entries);
            Pool::new(&entries[..count])
        }
    };
    let most = pool.longest_bytes() as u64;
    Some(Draft::new(vec![Part::digit(pool)], most))
}

/// Every combination of one entry of each list is a value. Lists of one entry separate the others; no entry contains a
/// separator's first character where it could be read two ways.
pub(super) fn product(wish: &Wish<'_>, factors: &[&[&str]]) -> Option<Draft> {
    let (mut parts, mut most, mut combinations) = (Vec::new(), 0, 1u64);
    for (at, factor) in factors.iter().enumerate() {
        if let [separator] = factor[..] {
            most += separator.len() as u64;
            parts.push(Part::Fixed(separator.as_bytes().into()));
            continue;
        }
        let mut entries = if at == 0 { free(wish, factor) } else { factor.to_vec() };
        if entries.is_empty() {
            return None;
        }
        wish.stream.child(100 + at as u64).shuffle(&mut entries);
        let pool = Pool::new(&entries);
        combinations = combinations.saturating_mul(pool.len());
        most += pool.longest_bytes() as u64;
        parts.push(Part::digit(pool));
    }
    // Without it, few texts would differ in their first factor only.
    parts.insert(0, Part::spread(combinations));
    (combinations >= wish.distinct).then(|| Draft::new(parts, most))
}

/// How many heads [`coded`] chooses from.
const HEADS: usize = 4096;

/// One or more tokens, the number in as few characters as it needs, and a tail. Tokens contain no digits and the number
/// begins with one, so it can be read back. Heads are chosen so that the mean width comes out.
pub(super) fn coded<S: AsRef<str>>(
    wish: &Wish<'_>,
    firsts: &[S],
    others: &[S],
    separator: &str,
    before_code: &str,
    tails: &[&str],
) -> Option<Draft> {
    let stream = wish.stream.child(8);
    let tail = Pool::new(tails);
    let (code_mean, code_most) = code_lengths(wish.distinct);
    let fixed_mean = code_mean + before_code.len() as f64 + tail.mean_bytes();
    let fixed_most = (code_most + before_code.len() + tail.longest_bytes()) as u64;
    let head_most = match wish.limit {
        Some(limit) => limit.checked_sub(fixed_most)? as usize,
        None => usize::MAX,
    };
    let wanted = wish.payload_bytes().map(|mean| mean - fixed_mean);
    let token =
        |stream: Stream, list: &[S]| list[stream.below(0, list.len() as u64) as usize].as_ref().to_owned();
    let head = |at: u64| {
        let stream = stream.child(at);
        let mut head = token(stream.child(0), firsts);
        // Without a wish for the width, two tokens, or less where two are too long. Otherwise any number of them.
        let tokens = match wanted {
            None => 2,
            Some(mean) => 1 + stream.below(1, (mean / 4.0).clamp(1.0, 64.0) as u64 + 1),
        };
        for at in 1..tokens {
            let next = token(stream.child(at), others);
            if head.len() + separator.len() + next.len() > head_most {
                break;
            }
            head = head + separator + &next;
        }
        if head.len() > head_most || (wanted.is_some() && stream.below(2, 4) == 0) {
            let short = 1 + stream.below(3, 4) as usize;
            let end = head.char_indices().nth(short).map_or(head.len(), |(end, _)| end);
            // A head must not end in a separator or in half a word that reads like one.
            head.truncate(end);
            head.truncate(head.trim_end_matches(|letter: char| !letter.is_alphanumeric()).len());
        }
        head
    };
    let candidates: Vec<String> =
        (0..HEADS as u64).map(head).filter(|head| head.len() <= head_most).collect();
    let mut candidates = free(wish, &as_strs(&candidates));
    let after = match tails {
        [""] => None,
        [tail] => Some(Part::Fixed(tail.as_bytes().into())),
        _ => Some(Part::Any(tail)),
    };
    // Widths far from the mean would make it a matter of chance.
    if let Some(mean) = wanted {
        candidates.retain(|head| (head.len() as f64 - mean).abs() <= mean / 3.0 + 3.0);
    }
    // A few texts need no number where there are heads enough.
    if wish.distinct <= HEADS as u64 / 8 {
        let mut seen = HashSet::new();
        let different: Vec<&str> = candidates.iter().copied().filter(|head| seen.insert(*head)).collect();
        let mean =
            wanted.map_or_else(|| mean_bytes(&different), |mean| mean + code_mean + before_code.len() as f64);
        if let Some(heads) = Pool::with_mean(&different, wish.distinct as usize, mean, true, stream) {
            let most = heads.longest_bytes() as u64 + fixed_most;
            return Some(Draft::new([Some(Part::digit(heads)), after].into_iter().flatten().collect(), most));
        }
    }
    let mean = wanted.unwrap_or_else(|| mean_bytes(&candidates));
    stream.shuffle(&mut candidates);
    let heads = Pool::with_mean(&candidates, HEADS, mean, false, stream)?;
    let most = heads.longest_bytes() as u64 + fixed_most;
    let before = (!before_code.is_empty()).then(|| Part::Fixed(before_code.as_bytes().into()));
    let parts = [Some(Part::Any(heads)), before, Some(Part::Code), after].into_iter().flatten().collect();
    Some(Draft::new(parts, most))
}

fn mean_bytes(list: &[&str]) -> f64 {
    list.iter().map(|entry| entry.len()).sum::<usize>() as f64 / list.len().max(1) as f64
}

/// A draft with a fixed beginning.
pub(super) fn prefixed(
    prefix: &str,
    wish: &Wish<'_>,
    draft: impl FnOnce(&Wish<'_>) -> Option<Draft>,
) -> Option<Draft> {
    let taken: Vec<Vec<u8>> = wish
        .taken
        .iter()
        .filter_map(|taken| taken.strip_prefix(prefix.as_bytes()))
        .map(<[u8]>::to_vec)
        .collect();
    let length = prefix.len() as u64;
    let inner = Wish {
        limit: match wish.limit {
            Some(limit) => Some(limit.checked_sub(length)?),
            None => None,
        },
        extra_bytes: wish.extra_bytes + length as f64,
        taken: &taken,
        ..wish.clone()
    };
    let mut draft = draft(&inner)?;
    draft.parts.insert(0, Part::Fixed(prefix.as_bytes().into()));
    draft.most_bytes += length;
    Some(draft)
}
