//! Which dead letters are meant.

use jiff::Timestamp;

use crate::kafka::Record;
use crate::sink::dead_letter::DeadLetter;
use crate::task::Glob;

/// Filters; a dead letter has to pass all of them
#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Only those with this error; * stands for any run of characters
    #[arg(long, value_name = "PATTERN")]
    error: Option<String>,
    /// Only those that failed in this state, with its scope: Charge, Items[*]/Charge
    #[arg(long, value_name = "PATTERN")]
    state: Option<String>,
    /// Only those that failed at or after this time: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only those that failed before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

impl Filter {
    /// Whether so many are enough.
    pub(super) fn is_enough(&self, n: u64) -> bool {
        self.limit.is_some_and(|limit| n >= limit)
    }

    /// What the record says as a dead letter, if it is one that is meant.
    pub(super) fn pick<'a>(&self, record: &Record<'a>) -> Option<DeadLetter<'a>> {
        let letter = DeadLetter::read(record.headers)?;
        let matches = |pattern: &Option<String>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| Glob::new(pattern).matches(text))
        };
        let failed: Option<Timestamp> = letter.failed.parse().ok();
        let after = self
            .since
            .is_none_or(|since| failed.is_some_and(|failed| failed >= since));
        let before = self
            .until
            .is_none_or(|until| failed.is_some_and(|failed| failed < until));
        let meant = after
            && before
            && matches(&self.error, letter.error)
            && matches(&self.state, letter.state);
        meant.then_some(letter)
    }
}
