//! Publications that are kept back: after a failed delivery nothing is handed over until everything that failed can go
//! again, in its order. Knows no client.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::sink::OwnedPublication;

use super::context::Sent;

/// What is kept back. Each belongs to a slot of a window, which is what bounds it.
pub(super) struct Held<R> {
    /// By number: in the order in which they were first handed over.
    queue: BTreeMap<u64, (OwnedPublication, Box<Sent<R>>)>,
    hold: Option<Hold>,
}

/// Why and how long nothing is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// Not before.
    pub(super) due: Instant,
    /// Not while a delivery is open: it may fail as well, and would come too late.
    pub(super) all_reported: bool,
}

impl<R> Held<R> {
    pub(super) fn new() -> Held<R> {
        Held {
            queue: BTreeMap::new(),
            hold: None,
        }
    }

    /// Whether publications are kept back.
    pub(super) fn is_holding(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether nothing is kept.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Keeps a publication in its place.
    pub(super) fn keep(&mut self, publication: OwnedPublication, sent: Box<Sent<R>>) {
        self.queue.insert(sent.number, (publication, sent));
    }

    /// Hands nothing over for now. The stricter one of two holds stays.
    pub(super) fn hold(&mut self, hold: Hold) {
        let before = self.hold.unwrap_or(hold);
        self.hold = Some(Hold {
            due: before.due.max(hold.due),
            all_reported: before.all_reported || hold.all_reported,
        });
    }

    /// The next one, if the time has come; `open` says how many deliveries have no report yet. The hold is over with the
    /// last one.
    pub(super) fn next(
        &mut self,
        now: Instant,
        open: usize,
    ) -> Option<(OwnedPublication, Box<Sent<R>>)> {
        let hold = self.hold.filter(|hold| hold.due <= now)?;
        let first = self.queue.first_key_value();
        let alone = first.is_some_and(|(_, (_, sent))| sent.alone);
        if (hold.all_reported || alone) && open > 0 {
            return None;
        }
        // Behind one that goes alone nothing goes before its report, not even what comes only now.
        let after = Hold {
            all_reported: alone,
            ..hold
        };
        self.hold = first.map(|_| after);
        self.queue.pop_first().map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kafka::HeaderBuffer;
    use crate::sink::Kind;

    fn keep(held: &mut Held<()>, number: u64, alone: bool) {
        let publication = OwnedPublication {
            kind: Kind::Result,
            key: None,
            value: None,
            timestamp: None,
            headers: HeaderBuffer::new(),
        };
        let sent = Sent {
            receipt: (),
            kind: Kind::Result,
            number,
            attempt: 1,
            alone,
            body: Vec::new(),
        };
        held.keep(publication, Box::new(sent));
    }

    fn next(held: &mut Held<()>, now: Instant, open: usize) -> Option<u64> {
        held.next(now, open).map(|(_, sent)| sent.number)
    }

    #[test]
    fn what_failed_goes_again_in_its_order_when_every_report_is_there() {
        let mut held = Held::new();
        let now = Instant::now();
        let hold = Hold {
            due: now,
            all_reported: true,
        };
        held.hold(hold);
        for number in [7, 3, 5] {
            keep(&mut held, number, false);
        }
        assert_eq!(next(&mut held, now, 1), None);
        assert_eq!(next(&mut held, now, 0), Some(3));
        assert_eq!(next(&mut held, now, 1), Some(5));
        held.hold(Hold {
            due: now + Duration::from_secs(1),
            all_reported: false,
        });
        assert_eq!(next(&mut held, now, 0), None);
        assert_eq!(next(&mut held, now + Duration::from_secs(1), 2), Some(7));
        assert!(held.is_holding());
        assert_eq!(next(&mut held, now + Duration::from_secs(1), 2), None);
        assert!(!held.is_holding() && held.is_empty());
    }

    #[test]
    fn one_that_goes_alone_meets_no_other() {
        let mut held = Held::new();
        let now = Instant::now();
        held.hold(Hold {
            due: now,
            all_reported: false,
        });
        keep(&mut held, 1, false);
        keep(&mut held, 2, true);
        keep(&mut held, 3, false);
        assert_eq!(next(&mut held, now, 0), Some(1));
        assert_eq!(next(&mut held, now, 1), None);
        assert_eq!(next(&mut held, now, 0), Some(2));
        assert_eq!(next(&mut held, now, 1), None);
        assert_eq!(next(&mut held, now, 0), Some(3));
        keep(&mut held, 4, true);
        assert_eq!(next(&mut held, now, 0), Some(4));
        assert_eq!(next(&mut held, now, 1), None);
        assert!(held.is_holding());
        assert_eq!(next(&mut held, now, 0), None);
        assert!(!held.is_holding());
    }
}
