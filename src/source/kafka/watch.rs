//! A client that is stuck: the cluster has records for us, there is room for them, and none come.

/// Looks, one a second, in which nothing came, before the partition's leader is asked, and before it is asked again.
const ASK_AFTER: u32 = 10;
/// So many answers in a row that there is something to read. With the looks before each of them that is a minute in
/// which the leader could be reached, so that a broker that is down makes nobody suspicious.
const ANSWERS: u32 = 6;

/// What is thought of one partition.
#[derive(Debug, Default)]
pub(super) struct Watch {
    position: i64,
    quiet: u32,
    suspicion: u32,
}

impl Watch {
    /// A look: how far the partition was taken in, and whether records could not come, for a reason of our own: there is
    /// no room, it is not their time, somebody has to act.
    pub(super) fn look(&mut self, position: i64, excused: bool) {
        if excused || self.position != position {
            *self = Watch {
                position,
                ..Watch::default()
            };
        } else {
            self.quiet += 1;
        }
    }

    /// How much the leader should be asked for the end of the partition; `None` for not at all.
    pub(super) fn urgency(&self) -> Option<(u32, u32)> {
        (self.quiet >= ASK_AFTER).then_some((self.suspicion, self.quiet))
    }

    /// What the leader says: whether there is something to read. Says whether the client is stuck.
    pub(super) fn answered(&mut self, has_more: bool) -> bool {
        if self.quiet < ASK_AFTER {
            // Something came since it was asked.
            return false;
        }
        self.quiet = 0;
        self.suspicion = match has_more {
            true => self.suspicion + 1,
            false => 0,
        };
        self.suspicion == ANSWERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks once a second and is answered at once; gives the seconds after which the client is found stuck.
    fn stuck_after(mut excused: impl FnMut(u32) -> bool, has_more: impl Fn(u32) -> bool) -> u32 {
        let mut watch = Watch::default();
        for second in 1..1_000 {
            watch.look(7, excused(second));
            if watch.urgency().is_some() && watch.answered(has_more(second)) {
                return second;
            }
        }
        u32::MAX
    }

    #[test]
    fn a_minute_without_what_is_there_is_too_long() {
        // The first look learns the position.
        assert_eq!(stuck_after(|_| false, |_| true), 61);
        assert_eq!(stuck_after(|second| second <= 30, |_| true), 90);
    }

    #[test]
    fn whoever_has_a_reason_is_never_suspected() {
        assert_eq!(stuck_after(|_| true, |_| true), u32::MAX);
        assert_eq!(stuck_after(|second| second % 10 == 0, |_| true), u32::MAX);
        assert_eq!(stuck_after(|_| false, |_| false), u32::MAX);
        // The leader cannot be reached now and then, or has nothing more.
        let has_more = |second: u32| !(41..51).contains(&(second % 60));
        assert_eq!(stuck_after(|_| false, has_more), u32::MAX);
    }

    #[test]
    fn a_position_that_moves_is_progress() {
        let mut watch = Watch::default();
        for second in 0..1_000 {
            watch.look(second / 9, false);
            assert_eq!(watch.urgency(), None);
        }
    }

    #[test]
    fn an_answer_that_comes_late_says_nothing() {
        let mut watch = Watch::default();
        (0..20).for_each(|_| watch.look(0, false));
        assert!(watch.urgency().is_some());
        watch.look(5, false);
        assert!(!watch.answered(true));
        assert_eq!(watch.suspicion, 0);
    }
}
