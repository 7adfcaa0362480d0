use super::*;

const PATIENCE: Patience = Patience {
    after: 3,
    records: 4,
};

/// A partition and what its last commit said.
struct Bed {
    metadata: String,
    head: i64,
    budget: Arc<MemoryBudget>,
}

impl Bed {
    fn new(head: i64) -> Bed {
        Bed {
            metadata: String::new(),
            head,
            budget: budget(),
        }
    }

    /// A start at the committed offset: what it commits before anything runs. Another one is another process.
    fn start(&mut self, number: u64) -> Guard {
        self.budget = budget();
        let mut guard = Guard::new(&self.metadata, self.head, number, PATIENCE);
        assert_eq!(
            self.allows(&mut guard, 0),
            0,
            "nothing runs before the word is written"
        );
        assert!(guard.must_commit());
        self.commit(&mut guard);
        guard
    }

    fn commit(&mut self, guard: &mut Guard) {
        self.metadata = guard.metadata(self.head, false);
        guard.committed(self.head);
    }

    fn allows(&self, guard: &mut Guard, under_way: usize) -> usize {
        guard.allows(under_way, self.head, true, &self.budget)
    }

    /// Commits that the record at the head is on trial, and takes it in.
    fn tries(&mut self, guard: &mut Guard) {
        assert_eq!(self.allows(guard, 0), 0);
        assert!(guard.must_commit());
        self.commit(guard);
        assert!(self.metadata.contains(" trying "), "{}", self.metadata);
        self.runs(guard);
    }

    fn runs(&mut self, guard: &mut Guard) {
        assert_eq!(self.allows(guard, 0), 1);
        assert!(!guard.took());
        assert_eq!(self.allows(guard, 1), 0);
    }
}

fn budget() -> Arc<MemoryBudget> {
    Arc::new(MemoryBudget::new(1 << 20))
}

#[test]
fn a_record_that_kills_every_start_is_set_aside_by_the_fifth() {
    let mut bed = Bed::new(7);
    for number in 1..=2 {
        let mut guard = bed.start(number);
        assert!(!guard.in_quarantine());
        assert_eq!(bed.allows(&mut guard, 0), usize::MAX);
    }
    for number in 3..=4 {
        let mut guard = bed.start(number);
        bed.tries(&mut guard);
    }
    let mut guard = bed.start(5);
    assert_eq!(bed.allows(&mut guard, 0), 1);
    assert!(guard.took(), "set aside");
    // Its dead letter is acknowledged: the next one is tried.
    bed.head = 8;
    assert_eq!(bed.allows(&mut guard, 0), 0);
    bed.commit(&mut guard);
    assert!(bed.metadata.ends_with("quarantined 0 3"));
    bed.tries(&mut guard);
}

#[test]
fn the_quarantine_ends_after_enough_records() {
    let mut bed = Bed::new(0);
    bed.start(1);
    bed.start(2);
    let mut guard = bed.start(3);
    bed.tries(&mut guard);
    for offset in 1..=3 {
        bed.head = offset;
        assert_eq!(bed.allows(&mut guard, 0), 0);
        // One commit for both: nobody else wants to try.
        bed.commit(&mut guard);
        assert!(bed.metadata.contains(" trying 1 "), "{}", bed.metadata);
        bed.runs(&mut guard);
    }
    bed.head = 4;
    assert_eq!(bed.allows(&mut guard, 0), 0);
    bed.commit(&mut guard);
    assert!(!guard.in_quarantine());
    assert_eq!(bed.allows(&mut guard, 0), usize::MAX);
    assert!(bed.budget.try_record(false).is_some());
    // It went away again, but not at the same record for the third time.
    assert!(!bed.start(4).in_quarantine());
}

/// Two partitions of one process, both in quarantine.
fn two() -> [(Bed, Guard); 2] {
    let mut beds = [Bed::new(3), Bed::new(9)];
    for number in 1..=2 {
        beds.iter_mut().for_each(|bed| drop(bed.start(number)));
    }
    start_both(beds, 3)
}

fn start_both(beds: [Bed; 2], number: u64) -> [(Bed, Guard); 2] {
    let shared = budget();
    beds.map(|mut bed| {
        let guard = bed.start(number);
        bed.budget = Arc::clone(&shared);
        (bed, guard)
    })
}

#[test]
fn first_trials_run_beside_each_other_and_second_ones_in_turn() {
    let [(mut first, mut one), (mut second, mut other)] = two();
    first.tries(&mut one);
    second.tries(&mut other);
    // The process dies: one of the two is guilty.
    let [(mut first, mut one), (mut second, mut other)] = start_both([first, second], 4);
    assert_eq!(second.allows(&mut other, 0), 0);
    assert_eq!(first.allows(&mut one, 0), 0);
    assert!(!one.must_commit(), "it is not its turn");
    assert!(!first.budget.has_room(), "nothing else begins");
    second.commit(&mut other);
    assert!(second.metadata.contains(" trying 2 "));
    second.runs(&mut other);
    second.head = 10;
    assert_eq!(second.allows(&mut other, 0), 0);
    assert_eq!(first.allows(&mut one, 0), 0);
    assert!(
        !one.must_commit() && !first.budget.has_room(),
        "the commits still say that the other one runs"
    );
    second.commit(&mut other);
    assert!(second.metadata.ends_with("quarantined 0 3"));
    first.tries(&mut one);
    assert!(first.metadata.contains(" trying 2 "));
    assert_eq!(second.allows(&mut other, 0), 0);
    assert!(!other.must_commit(), "no first trial beside a second one");
    // The process dies, and only of this one.
    let [(first, mut one), (mut second, mut other)] = start_both([first, second], 5);
    assert_eq!(first.allows(&mut one, 0), 1);
    assert!(one.took(), "set aside");
    second.tries(&mut other);
    assert!(second.metadata.contains(" trying 1 "));
}

#[test]
fn a_second_trial_waits_for_first_ones_that_have_been_announced() {
    let [(mut first, mut one), (mut second, mut other)] = two();
    first.tries(&mut one);
    drop(one);
    let mut one = first.start(4);
    first.budget = Arc::clone(&second.budget);
    // It is committed that the record is on trial, and then it is taken in whatever there is room for.
    assert_eq!(second.allows(&mut other, 0), 0);
    assert_eq!(first.allows(&mut one, 0), 0);
    assert!(!one.must_commit());
    second.commit(&mut other);
    second.runs(&mut other);
    second.head = 10;
    assert_eq!(second.allows(&mut other, 0), 0);
    assert_eq!(first.allows(&mut one, 0), 0);
    assert!(!one.must_commit());
    second.commit(&mut other);
    assert!(second.metadata.ends_with("quarantined 0 3"));
    first.tries(&mut one);
}

#[test]
fn whoever_stands_still_says_so_before_others_have_their_turn() {
    let [(mut first, mut one), (mut second, mut other)] = two();
    first.tries(&mut one);
    second.tries(&mut other);
    let [(mut first, mut one), (mut second, mut other)] = start_both([first, second], 4);
    first.tries(&mut one);
    assert_eq!(second.allows(&mut other, 0), 0);
    one.rest();
    assert_eq!(second.allows(&mut other, 0), 0);
    assert!(one.must_commit() && !other.must_commit());
    first.commit(&mut one);
    assert!(first.metadata.contains(" quarantined 1 "));
    assert_eq!(second.allows(&mut other, 0), 0);
    assert!(other.must_commit());
    second.commit(&mut other);
}

#[test]
fn a_second_trial_waits_until_nothing_else_runs() {
    let mut bed = Bed::new(5);
    for number in 1..=2 {
        bed.start(number);
    }
    let mut guard = bed.start(3);
    bed.tries(&mut guard);
    let mut guard = bed.start(4);
    bed.budget.charge_anyway(10);
    assert_eq!(bed.allows(&mut guard, 0), 0);
    assert!(!guard.must_commit());
    bed.budget.release(1, 10);
    bed.tries(&mut guard);
}

#[test]
fn only_starts_without_a_farewell_at_the_same_record_count() {
    let mut bed = Bed::new(5);
    for number in 1..10 {
        let mut guard = bed.start(number);
        guard.leave();
        assert!(guard.must_commit());
        bed.commit(&mut guard);
    }
    assert!(!bed.start(10).in_quarantine());
    for number in 11..20 {
        bed.head = number as i64;
        let mut guard = bed.start(number);
        bed.head += 1;
        bed.commit(&mut guard);
    }
    // The same process gets the partition again and again.
    for _ in 0..10 {
        assert!(!bed.start(20).in_quarantine());
    }
    for strange in [
        "",
        "x",
        "expressd/2 1 5 clean",
        "expressd/1 1 5",
        "expressd/1 g 5 clean",
    ] {
        let mut bed = Bed::new(5);
        bed.metadata = strange.to_string();
        assert!(!bed.start(30).in_quarantine());
    }
}

#[test]
fn a_trial_that_was_given_up_in_order_does_not_count() {
    let mut bed = Bed::new(5);
    for number in 1..=2 {
        bed.start(number);
    }
    for number in 3..=9 {
        let mut guard = bed.start(number);
        bed.tries(&mut guard);
        guard.leave();
        bed.commit(&mut guard);
        assert!(bed.metadata.contains("quarantined 0"), "{}", bed.metadata);
    }
}

#[test]
fn a_record_behind_a_hole_is_the_one_on_trial() {
    let mut bed = Bed::new(5);
    for number in 1..=2 {
        bed.start(number);
    }
    let mut guard = bed.start(3);
    bed.tries(&mut guard);
    assert!(guard.metadata(7, true).contains(" 7 trying 1 "));
    assert!(guard.metadata(8, false).contains(" 8 quarantined 0 "));
}

#[test]
fn without_quarantine_nothing_is_waited_for() {
    let patience = Patience {
        after: 0,
        ..PATIENCE
    };
    let mut guard = Guard::new("expressd/1 1 7 trying 2 9", 7, 2, patience);
    assert!(!guard.must_commit());
    assert_eq!(guard.allows(0, 7, true, &budget()), usize::MAX);
    assert!(!guard.took());
}
