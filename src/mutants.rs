//! Deliberate mistakes, to see whether the tests find them. Normal builds have none: every question is answered with no
//! when they are compiled.
//!
//! Unit tests switch one on for a thread; a daemon built with `--features mutants` takes one from `EXPRESSD_MUTANT`.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The offset is committed as soon as records are taken in.
    CommitOnTake,
    /// The watermark passes records that were abandoned.
    CommitPastAbandoned,
    /// The committed offset is one too high.
    OneTooHigh,
    /// The committed offset is one too low.
    OneTooLow,
    /// Partitions are not closed when they are given up: commits for them go on.
    NoEpoch,
    /// Partitions are given up without waiting for what runs.
    NoDrain,
    /// Records that never started are counted as done when their partition is given up.
    DropOnRevoke,
    /// A record is done when the client takes its outcome, not when the brokers have it.
    AcknowledgeOnSend,
    /// An outcome that the brokers did not take is given up.
    DropUndelivered,
    /// An outcome for which the client's queue has no room is given up.
    DropOnFullQueue,
    /// A result that is too large for the brokers is given up.
    DropTooLarge,
    /// What may be too large for its topic goes with others.
    LargeTogether,
    /// What a broken producer has not delivered is forgotten.
    ForgetBroken,
    /// A commit counts as successful whatever the coordinator says.
    IgnoreCommitErrors,
    /// The committed offset is not looked up: every assignment starts at the beginning.
    IgnoreCommitted,
    /// A new assignment starts at the end when nothing is committed.
    StartAtEnd,
    /// Records that come by the main queue are dropped.
    DropStrays,
    /// Records for which the window has no room are dropped.
    DropHeld,
    /// The last commit before the end is left out.
    NoLastCommit,
    /// A record that is no JSON gets no dead letter.
    SkipInvalid,
    /// New outcomes are handed over while older ones wait to be sent again.
    Overtake,
    /// Records of one key do not wait for each other.
    NoTurns,
    /// A client that gets no records any more is left alone.
    LeaveStuck,
    /// An execution that waited finishes the slot of its batch's first record instead of its own.
    WrongSlot,
    /// Records that may kill the process run at the same time.
    TryTogether,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 25] = [
        Mutant::CommitOnTake,
        Mutant::CommitPastAbandoned,
        Mutant::OneTooHigh,
        Mutant::OneTooLow,
        Mutant::NoEpoch,
        Mutant::NoDrain,
        Mutant::DropOnRevoke,
        Mutant::AcknowledgeOnSend,
        Mutant::DropUndelivered,
        Mutant::DropOnFullQueue,
        Mutant::DropTooLarge,
        Mutant::LargeTogether,
        Mutant::ForgetBroken,
        Mutant::IgnoreCommitErrors,
        Mutant::IgnoreCommitted,
        Mutant::StartAtEnd,
        Mutant::DropStrays,
        Mutant::DropHeld,
        Mutant::NoLastCommit,
        Mutant::SkipInvalid,
        Mutant::Overtake,
        Mutant::NoTurns,
        Mutant::LeaveStuck,
        Mutant::WrongSlot,
        Mutant::TryTogether,
    ];
}

/// Whether the mistake is to be made.
#[cfg(not(any(test, feature = "mutants")))]
#[inline(always)]
pub const fn is(_: Mutant) -> bool {
    false
}

#[cfg(test)]
thread_local! {
    static MUTANT: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Whether the mistake is to be made.
#[cfg(test)]
pub fn is(mutant: Mutant) -> bool {
    MUTANT.get() == Some(mutant)
}

/// Makes a mistake on the calling thread from now on, or none.
#[cfg(test)]
pub(crate) fn set(mutant: Option<Mutant>) {
    MUTANT.set(mutant);
}

/// Whether the mistake is to be made.
#[cfg(all(feature = "mutants", not(test)))]
pub fn is(mutant: Mutant) -> bool {
    static MUTANT: std::sync::LazyLock<Option<Mutant>> = std::sync::LazyLock::new(|| {
        let name = std::env::var("EXPRESSD_MUTANT").ok()?;
        Mutant::ALL
            .into_iter()
            .find(|mutant| format!("{mutant:?}") == name)
    });
    *MUTANT == Some(mutant)
}
