//! Member names in the order in which earlier texts had them.
//!
//! The events of a topic look alike. A name that follows the same names as before, in the same place of the document, is
//! told by one comparison: where it ends, and that the object does not repeat it. Knowing or not knowing a name changes
//! how long reading takes and nothing else.

use wide::u8x16;

/// What was read before, on one thread. It learns until it is full and starts again when it is of little use.
pub(super) struct Familiar {
    entries: Box<[Entry; MAX_ENTRIES]>,
    /// Entries that are in use.
    len: usize,
    /// Names that could not be learned since the last start.
    unlearned: u32,
}

/// Where a name is expected: behind another one, or first in the objects that are another one's value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The first name that came in a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Likely(u32);

impl Likely {
    /// None came, or none can come.
    pub(super) const NONE: Likely = Likely(NONE);
}

/// One name, behind certain others. Takes one cache line.
#[derive(Clone)]
#[repr(align(64))]
struct Entry {
    /// What comes before the name, `"name":`, and zeros.
    pattern: [u8; PATTERN],
    /// One bit for each byte of the pattern that counts.
    mask: u32,
    name_len: u32,
    /// The first name that came behind it, and the first one that came first in its value; [`NONE`] for none.
    follow: [u32; 2],
    /// What else came in the same place.
    alternative: u32,
}

const PATTERN: usize = 32;
/// A comma or a brace, quotes and the colon.
const AROUND: usize = 4;
/// The bit of the mask for the comma or the brace.
const BEFORE: u32 = 1;
/// The first entry is no name: what refers to it refers to nothing.
const NONE: u32 = 0;
/// Entries behind it that are no names either, but the places where documents begin.
const STARTS: u32 = 32;

/// 64 KiB. A power of two, so that an index is masked and not checked.
const MAX_ENTRIES: usize = 1024;
const MAX_ALTERNATIVES: usize = 4;
const MAX_UNLEARNED: u32 = 1 << 16;

impl Place {
    /// The names of this object, or of one around it, are not followed.
    pub(super) const LOST: Place = Place(2 * NONE);

    /// Where a document begins. Those that begin alike get the same place.
    pub(super) fn start(text: &[u8]) -> Place {
        let first = text
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word));
        let mixed = first.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        Place(2 * (1 + mixed as u32 % STARTS))
    }

    /// Where the first name of an object is expected that is the value here.
    pub(super) fn inside(self) -> Place {
        Place(self.0 | 1)
    }

    pub(super) fn is_lost(self) -> bool {
        self.0 / 2 == NONE
    }

    fn behind(entry: u32) -> Place {
        Place(2 * entry)
    }

    fn entry(self) -> u32 {
        self.0 / 2
    }

    /// Which of an entry's followers.
    fn turn(self) -> usize {
        self.0 as usize % 2
    }
}

impl Default for Familiar {
    fn default() -> Familiar {
        let entries = vec![Entry::none(); MAX_ENTRIES].into_boxed_slice();
        Familiar {
            entries: entries.try_into().unwrap_or_else(|_| unreachable!()),
            len: N_NO_NAMES,
            unlearned: 0,
        }
    }
}

/// Entries that come before all names.
const N_NO_NAMES: usize = 1 + STARTS as usize;

impl Familiar {
    /// Forgets everything when too much was unfamiliar: the texts are others now. Places are as good as lost then.
    pub(super) fn refresh(&mut self) {
        if self.unlearned > MAX_UNLEARNED {
            *self = Familiar::default();
        }
    }

    /// The name that came first in this place.
    #[inline(always)]
    pub(super) fn likely(&self, place: Place) -> Likely {
        Likely(self.follow(place))
    }

    /// A likely name behind the comma or brace at `at`, if it is there and a colon follows: its length, where the next one
    /// is expected, and which.
    #[inline(always)]
    pub(super) fn recognise_likely(
        &self,
        likely: Likely,
        bytes: &[u8],
        at: usize,
    ) -> Option<(usize, Place, Likely)> {
        if likely == Likely::NONE {
            return None;
        }
        let entry = self.entry(likely.0);
        entry
            .is_in(bytes[at..].first_chunk()?, entry.mask)
            .then(|| {
                let [behind, _] = entry.follow;
                (
                    entry.name_len as usize,
                    Place::behind(likely.0),
                    Likely(behind),
                )
            })
    }

    /// The name whose quote stands at `quote`, if it is familiar in this place and a colon follows: its length, and where
    /// the next one is expected.
    #[inline(always)]
    pub(super) fn recognise(
        &self,
        place: Place,
        bytes: &[u8],
        quote: usize,
    ) -> Option<(usize, Place)> {
        let chunk = bytes[quote - 1..].first_chunk()?;
        let mut next = self.follow(place);
        while next != NONE {
            let entry = self.entry(next);
            if entry.is_in(chunk, entry.mask & !BEFORE) {
                return Some((entry.name_len as usize, Place::behind(next)));
            }
            next = entry.alternative;
        }
        None
    }

    fn entry(&self, index: u32) -> &Entry {
        &self.entries[index as usize % MAX_ENTRIES]
    }

    fn follow(&self, place: Place) -> u32 {
        self.entry(place.entry()).follow[place.turn()]
    }

    /// Learns the name that came in this place, in an object whose names so far are all different and without escapes.
    pub(super) fn learn(&mut self, place: Place, name: &[u8]) -> Place {
        let added = self.len;
        if place.is_lost() || name.len() + AROUND > PATTERN || added == MAX_ENTRIES {
            self.unlearned = self.unlearned.saturating_add(1);
            return Place::LOST;
        }
        let mut link = &mut self.entries[place.entry() as usize].follow[place.turn()];
        for _ in 0..MAX_ALTERNATIVES {
            if *link == NONE {
                *link = added as u32;
                self.entries[added] = Entry::new(place, name);
                self.len += 1;
                return Place::behind(added as u32);
            }
            let next = *link as usize;
            link = &mut self.entries[next].alternative;
        }
        self.unlearned = self.unlearned.saturating_add(1);
        Place::LOST
    }
}

impl Entry {
    fn none() -> Entry {
        Entry {
            pattern: [0; PATTERN],
            mask: 0,
            name_len: 0,
            follow: [NONE; 2],
            alternative: NONE,
        }
    }

    /// The name fits the pattern.
    fn new(place: Place, name: &[u8]) -> Entry {
        let mut pattern = [0; PATTERN];
        let used = name.len() + AROUND;
        pattern[0] = match place == place.inside() {
            true => b'{',
            false => b',',
        };
        pattern[1] = b'"';
        pattern[2..used - 2].copy_from_slice(name);
        pattern[used - 2] = b'"';
        pattern[used - 1] = b':';
        Entry {
            pattern,
            mask: u32::MAX >> (PATTERN - used),
            name_len: name.len() as u32,
            ..Entry::none()
        }
    }

    /// Whether those bytes of the pattern are there that `mask` names.
    #[inline(always)]
    fn is_in(&self, chunk: &[u8; PATTERN], mask: u32) -> bool {
        let halves = |bytes: &[u8; PATTERN]| {
            let (halves, _) = bytes.as_chunks::<16>();
            [u8x16::from(halves[0]), u8x16::from(halves[1])]
        };
        let ([low, high], [own_low, own_high]) = (halves(chunk), halves(&self.pattern));
        let same = low.simd_eq(own_low).to_bitmask() | high.simd_eq(own_high).to_bitmask() << 16;
        same & mask == mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows the names of flat objects as the tokenizer does; says which were familiar.
    fn read(familiar: &mut Familiar, names: &[&str]) -> Vec<bool> {
        let mut place = Place::start(names[0].as_bytes()).inside();
        let known = names.iter().map(|name| {
            let mut text = format!("{{\"{name}\":").into_bytes();
            text.resize(text.len() + PATTERN, 0);
            let recognised = familiar.recognise(place, &text, 1);
            place = match recognised {
                Some((len, next)) => {
                    assert_eq!(len, name.len());
                    next
                }
                None => familiar.learn(place, name.as_bytes()),
            };
            recognised.is_some()
        });
        known.collect()
    }

    #[test]
    fn what_came_before_is_familiar_in_its_place_alone() {
        let familiar = &mut Familiar::default();
        assert_eq!(
            read(familiar, &["id", "amount", "x"]),
            [false, false, false]
        );
        assert_eq!(read(familiar, &["id", "amount", "x"]), [true, true, true]);
        assert_eq!(read(familiar, &["id", "x", "amount"]), [true, false, false]);
        assert_eq!(read(familiar, &["id", "x", "amount"]), [true, true, true]);
        // A longer name begins like the one that is known.
        assert_eq!(read(familiar, &["id", "amounts"]), [true, false]);
    }

    #[test]
    fn names_that_never_come_again_do_not_fill_it_for_ever() {
        let familiar = &mut Familiar::default();
        let long = "a name that is longer than the patterns";
        assert_eq!(read(familiar, &["id", long, "x"]), [false, false, false]);
        assert_eq!(read(familiar, &["id", long, "x"]), [true, false, false]);
        for n in 0..=MAX_UNLEARNED {
            familiar.refresh();
            read(familiar, &["id", &n.to_string()]);
            assert!(familiar.len <= MAX_ENTRIES);
        }
        let n_before = familiar.len;
        for n in 0..=MAX_UNLEARNED {
            familiar.refresh();
            read(familiar, &["key", &n.to_string()]);
        }
        assert!(familiar.len <= n_before);
        assert!(read(familiar, &["key", "0"])[0]);
    }
}
