//! RFC 3339 timestamps: parsed strictly, compared to the nanosecond, printed with milliseconds and `Z`.

/// A moment, comparable with every other whatever offset it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since the epoch.
    seconds: i64,
    /// 0 to 999,999,999.
    nanos: u32,
}

impl Timestamp {
    /// Milliseconds since the epoch, rounded down.
    pub fn millis(self) -> i64 {
        self.seconds * 1000 + i64::from(self.nanos / 1_000_000)
    }
}

/// Reads `2016-03-14T01:59:00Z`, `2016-03-14T01:59:00.123+02:00`; nothing else is a timestamp.
#[allow(unused_variables, clippy::todo)]
pub fn parse(text: &str) -> Option<Timestamp> {
    todo!()
}

/// `2023-11-21T06:27:31.545Z` for milliseconds since the epoch.
#[allow(unused_variables, clippy::todo)]
pub fn format(millis: i64) -> String {
    todo!()
}
