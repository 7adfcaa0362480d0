//! Member names in the order in which earlier texts had them.
//!
//! The events of a topic look alike. A name that follows the same names as before, in the same place of the document, is
//! told by one comparison: where it ends, and that the object does not repeat it. Knowing or not knowing a name changes
//! how long reading takes and nothing else.

use wide::u8x16;

/// What was read before, on one thread. It learns until it is full and starts again when it is of little use.
pub(super) struct Familiar {
    entries: Vec<Entry>,
    /// Names that could not be learned since the last start.
    unlearned: u32,
}

/// Where a name is expected: behind another one, or first in the objects that are another one's value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

/// One name, behind certain others.
struct Entry {
    /// `"name":` and zeros.
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
/// Quotes and the colon.
const AROUND: usize = 3;
/// The first entry is no name: what refers to it refers to nothing.
const NONE: u32 = 0;
/// Entries behind it that are no names either, but the places where documents begin.
const STARTS: u32 = 32;

/// 56 KiB.
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
}

impl Default for Familiar {
    fn default() -> Familiar {
        Familiar {
            entries: no_names().collect(),
            unlearned: 0,
        }
    }
}

impl Familiar {
    /// Forgets everything when too much was unfamiliar: the texts are others now. Places are as good as lost then.
    pub(super) fn refresh(&mut self) {
        if self.unlearned > MAX_UNLEARNED {
            self.entries.clear();
            self.entries.extend(no_names());
            self.unlearned = 0;
        }
    }

    /// The name whose quote stands at `at`, if it is familiar in this place and a colon follows: its length, and where
    /// the next one is expected.
    #[inline(always)]
    pub(super) fn recognise(
        &self,
        place: Place,
        bytes: &[u8],
        at: usize,
    ) -> Option<(usize, Place)> {
        let chunk: &[u8; PATTERN] = bytes[at..].first_chunk()?;
        let mut next = self.entries[place.0 as usize / 2].follow[place.0 as usize % 2];
        while next != NONE {
            let entry = &self.entries[next as usize];
            if entry.is_in(chunk) {
                return Some((entry.name_len as usize, Place::behind(next)));
            }
            next = entry.alternative;
        }
        None
    }

    /// Learns the name that came in this place, in an object whose names so far are all different and without escapes.
    pub(super) fn learn(&mut self, place: Place, name: &[u8]) -> Place {
        let added = self.entries.len();
        if place.is_lost() || name.len() + AROUND > PATTERN || added == MAX_ENTRIES {
            self.unlearned = self.unlearned.saturating_add(1);
            return Place::LOST;
        }
        let (entry, turn) = (place.0 as usize / 2, place.0 as usize % 2);
        let mut link = &mut self.entries[entry].follow[turn];
        for _ in 0..MAX_ALTERNATIVES {
            if *link == NONE {
                *link = added as u32;
                self.entries.push(Entry::new(name));
                return Place::behind(added as u32);
            }
            let next = *link as usize;
            link = &mut self.entries[next].alternative;
        }
        self.unlearned = self.unlearned.saturating_add(1);
        Place::LOST
    }
}

/// What comes before all names.
fn no_names() -> impl Iterator<Item = Entry> {
    (0..=STARTS).map(|_| Entry::new(b""))
}

impl Entry {
    /// The name fits the pattern.
    fn new(name: &[u8]) -> Entry {
        let mut pattern = [0; PATTERN];
        let used = name.len() + AROUND;
        pattern[0] = b'"';
        pattern[1..=name.len()].copy_from_slice(name);
        pattern[used - 2] = b'"';
        pattern[used - 1] = b':';
        Entry {
            pattern,
            mask: u32::MAX >> (PATTERN - used),
            name_len: name.len() as u32,
            follow: [NONE; 2],
            alternative: NONE,
        }
    }

    #[inline(always)]
    fn is_in(&self, chunk: &[u8; PATTERN]) -> bool {
        let halves = |bytes: &[u8; PATTERN]| {
            let (halves, _) = bytes.as_chunks::<16>();
            [u8x16::from(halves[0]), u8x16::from(halves[1])]
        };
        let ([low, high], [own_low, own_high]) = (halves(chunk), halves(&self.pattern));
        let same = low.simd_eq(own_low).to_bitmask() | high.simd_eq(own_high).to_bitmask() << 16;
        same & self.mask == self.mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows the names of flat objects as the tokenizer does; says which were familiar.
    fn read(familiar: &mut Familiar, names: &[&str]) -> Vec<bool> {
        let mut place = Place::start(names[0].as_bytes()).inside();
        let known = names.iter().map(|name| {
            let mut text = format!("\"{name}\":").into_bytes();
            text.resize(text.len() + PATTERN, 0);
            let recognised = familiar.recognise(place, &text, 0);
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
            assert!(familiar.entries.len() <= MAX_ENTRIES);
        }
        let n_before = familiar.entries.len();
        for n in 0..=MAX_UNLEARNED {
            familiar.refresh();
            read(familiar, &["key", &n.to_string()]);
        }
        assert!(familiar.entries.len() <= n_before);
        assert!(read(familiar, &["key", "0"])[0]);
    }
}
