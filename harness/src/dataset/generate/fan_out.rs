//! Which parent each child has: exact numbers of children per parent, without any list of parents.
//!
//! Parents are numbered by how many children they have, most first, and fall into classes of equal degree. A child is a
//! slot; slots are laid out class by class, so the slot's parent and its number among the siblings follow by division. A
//! seeded permutation then says which row each parent is, so that those with many children are not the first rows.
//!
//! Where siblings stand together in the order of their parents' rows, the parents are dealt out over strata of
//! consecutive rows, every stratum getting its share of each class. The slots of a stratum are consecutive, so a child's
//! slot gives the stratum, and the stratum the parents among which its own is.

use super::permutation::Permutation;
use super::rng::Stream;

/// Parents of one degree.
#[derive(Debug, Clone, Copy)]
struct Class {
    /// Children of each.
    degree: u64,
    /// The number of the first parent.
    parent: u64,
    /// How many parents.
    parents: u64,
    /// The first slot.
    slot: u64,
}

/// How parents' numbers become rows.
#[derive(Debug, Clone)]
enum Place {
    /// The number is the row.
    Kept,
    /// Anywhere.
    Anywhere(Permutation),
    /// In strata of consecutive rows.
    Strata(Strata),
}

/// Parents in strata of consecutive rows, in the order of their rows.
#[derive(Debug, Clone)]
struct Strata {
    /// Binary logarithm of their number.
    bits: u32,
    list: Vec<Stratum>,
    /// Permutations of strata with the fewer and the greater number of rows.
    small: Option<Permutation>,
    large: Option<Permutation>,
    tweaks: Stream,
}

#[derive(Debug, Clone, Copy)]
struct Stratum {
    /// Parents whose number leaves this remainder belong to it.
    remainder: u64,
    /// Its first slot.
    slot: u64,
    /// Its first row.
    row: u64,
}

/// At most so many strata: their number bounds both memory and how far children are from the parents' order.
const STRATA_BITS_MAX: u32 = 12;

/// Where parents stand in relation to their children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// A parent's number is its row: the first rows have the most children.
    Kept,
    /// Any row may have many children; slots are in no order of rows.
    Anywhere,
    /// Any row may have many children; slots follow the parents' rows.
    InOrder,
}

/// Children shared out over parents.
#[derive(Debug, Clone)]
pub(crate) struct FanOut {
    classes: Vec<Class>,
    parents: u64,
    slots: u64,
    place: Place,
}

/// A child's parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Child {
    /// The parent's row.
    pub(crate) parent: u64,
    /// How many siblings come before.
    pub(crate) sibling: u64,
}

impl FanOut {
    /// Shares children out: `degrees` are numbers of children with how many parents have so many, in any order.
    pub(crate) fn new(
        degrees: impl IntoIterator<Item = (u64, u64)>,
        arrangement: Arrangement,
        stream: Stream,
    ) -> Self {
        let mut degrees: Vec<(u64, u64)> = degrees.into_iter().filter(|&(_, parents)| parents > 0).collect();
        degrees.sort_unstable_by(|one, two| two.cmp(one));
        let (mut classes, mut parent, mut slot): (Vec<Class>, u64, u64) = (Vec::new(), 0, 0);
        for (degree, parents) in degrees {
            match classes.last_mut().filter(|last| last.degree == degree) {
                Some(last) => last.parents += parents,
                None => classes.push(Class { degree, parent, parents, slot }),
            }
            parent += parents;
            slot += degree * parents;
        }
        let mut fan_out = Self { classes, parents: parent, slots: slot, place: Place::Kept };
        fan_out.place = match arrangement {
            Arrangement::Kept => Place::Kept,
            Arrangement::Anywhere => Place::Anywhere(Permutation::new(parent, stream)),
            Arrangement::InOrder => Place::Strata(fan_out.strata(stream)),
        };
        fan_out
    }

    /// Numbers of children with how many parents have so many, ascending.
    pub(crate) fn degrees(&self) -> Vec<(u64, u64)> {
        self.classes.iter().rev().map(|class| (class.degree, class.parents)).collect()
    }

    /// The most children of any parent.
    pub(crate) fn degree_max(&self) -> u64 {
        self.classes.first().map_or(0, |class| class.degree)
    }

    /// Parents, with and without children.
    pub(crate) fn parents(&self) -> u64 {
        self.parents
    }

    /// Children.
    pub(crate) fn slots(&self) -> u64 {
        self.slots
    }

    /// The parent of a slot, which is below [`Self::slots`].
    #[inline]
    pub(crate) fn child(&self, slot: u64) -> Child {
        match &self.place {
            Place::Kept => self.by_class(slot),
            Place::Anywhere(permutation) => {
                let child = self.by_class(slot);
                Child { parent: permutation.apply(child.parent), ..child }
            }
            Place::Strata(strata) => self.by_stratum(strata, slot),
        }
    }

    fn by_class(&self, slot: u64) -> Child {
        let after = self.classes.partition_point(|class| class.slot <= slot);
        // Classes without children come last, and begin where the slots end.
        let class = &self.classes[after - 1];
        let offset = slot - class.slot;
        Child { parent: class.parent + offset / class.degree, sibling: offset % class.degree }
    }

    fn by_stratum(&self, strata: &Strata, slot: u64) -> Child {
        let after = strata.list.partition_point(|stratum| stratum.slot <= slot);
        let at = after - 1;
        let stratum = strata.list[at];
        let mut offset = slot - stratum.slot;
        let mut first = 0;
        for class in &self.classes {
            let end = strata.share(class.parent + class.parents, stratum.remainder);
            let slots = (end - first) * class.degree;
            if offset < slots {
                let number = first + offset / class.degree;
                let size = strata.share(self.parents, stratum.remainder);
                let parent = stratum.row + strata.place(number, at as u64, size, self.parents);
                return Child { parent, sibling: offset % class.degree };
            }
            offset -= slots;
            first = end;
        }
        unreachable!("a stratum has all of its slots")
    }

    fn strata(&self, stream: Stream) -> Strata {
        let bits = self.parents.next_power_of_two().trailing_zeros().min(STRATA_BITS_MAX);
        let (few, rest) = (self.parents >> bits, self.parents & ((1 << bits) - 1));
        let permutation = |size: u64| (size > 0).then(|| Permutation::new(size, stream.child(2)));
        let mut strata = Strata {
            bits,
            list: Vec::new(),
            small: permutation(few),
            large: (rest > 0).then(|| permutation(few + 1)).flatten(),
            tweaks: stream.child(3),
        };
        // Those with many children are dealt out first, so the strata that get them must not be the first ones.
        let mut remainders: Vec<u64> = (0..1 << bits).collect();
        stream.child(1).shuffle(&mut remainders);
        let (mut slot, mut row) = (0, 0);
        for remainder in remainders {
            let size = strata.share(self.parents, remainder);
            let mut first = 0;
            let mut slots = 0;
            for class in &self.classes {
                let end = strata.share(class.parent + class.parents, remainder);
                slots += (end - first) * class.degree;
                first = end;
            }
            if slots > 0 {
                strata.list.push(Stratum { remainder, slot, row });
            }
            slot += slots;
            row += size;
        }
        strata
    }
}

impl Strata {
    /// How many of the numbers below `end` leave this remainder.
    #[inline]
    fn share(&self, end: u64, remainder: u64) -> u64 {
        (end + (1 << self.bits) - 1 - remainder) >> self.bits
    }

    /// Where a parent stands in its stratum of `size` rows.
    fn place(&self, number: u64, stratum: u64, size: u64, parents: u64) -> u64 {
        let permutation = if size == parents >> self.bits { &self.small } else { &self.large };
        match permutation {
            Some(permutation) => permutation.apply_keyed(number, self.tweaks.at(stratum)),
            None => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn degrees_are_exact(
            degrees in proptest::collection::vec((0u64..12, 0u64..90), 1..9),
            arrangement in prop_oneof![
                Just(Arrangement::Kept),
                Just(Arrangement::Anywhere),
                Just(Arrangement::InOrder)
            ],
            seed: u64,
        ) {
            let fan_out = FanOut::new(degrees.iter().copied(), arrangement, Stream::new(seed, "t", "c", "f"));
            let mut siblings = BTreeMap::<u64, Vec<u64>>::new();
            let mut last = 0;
            for slot in 0..fan_out.slots() {
                let child = fan_out.child(slot);
                prop_assert!(child.parent < fan_out.parents());
                siblings.entry(child.parent).or_default().push(child.sibling);
                if arrangement != Arrangement::Anywhere {
                    prop_assert!(last <= child.parent);
                    last = child.parent;
                }
            }
            let mut wanted = BTreeMap::<u64, u64>::new();
            for &(degree, parents) in degrees.iter().filter(|degree| degree.1 > 0) {
                *wanted.entry(degree).or_default() += parents;
            }
            prop_assert!(fan_out.degrees().into_iter().eq(wanted.clone()));
            let mut found = BTreeMap::<u64, u64>::new();
            for numbers in siblings.values() {
                prop_assert!(numbers.iter().copied().eq(0..numbers.len() as u64));
                *found.entry(numbers.len() as u64).or_default() += 1;
            }
            wanted.remove(&0);
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn many_parents_are_followed_nearly_in_order() {
        let degrees = [(500, 7), (3, 20_011), (1, 30_000), (0, 9_001)];
        let fan_out = FanOut::new(degrees, Arrangement::InOrder, Stream::new(1, "t", "c", "f"));
        let mut counts = vec![0u64; fan_out.parents() as usize];
        let window = fan_out.parents() >> STRATA_BITS_MAX;
        let mut greatest = 0;
        for slot in 0..fan_out.slots() {
            let parent = fan_out.child(slot).parent;
            assert!(parent + window >= greatest);
            greatest = greatest.max(parent);
            counts[parent as usize] += 1;
        }
        for (degree, parents) in degrees {
            assert_eq!(counts.iter().filter(|&&count| count == degree).count() as u64, parents);
        }
        // The hottest are neither together nor in front.
        let hot: Vec<usize> = (0..counts.len()).filter(|&at| counts[at] == 500).collect();
        assert!(hot[6] - hot[0] > 10_000, "{hot:?}");
    }
}
