//! What an evaluation may use up.

/// The bounds of one evaluation, or of several that share them: steps are used up for good.
pub struct Budget<'a> {
    /// Steps left: nodes evaluated, elements handled.
    pub steps: u64,
    /// How deep evaluations may be nested, as AWS counts.
    pub depth: usize,
    /// Bytes of one value that is made: 8 for a number, 1 for a character.
    pub value_bytes: usize,
    /// Bytes that all values of an evaluation may take together.
    pub total_bytes: usize,
    /// Bytes of native stack that the evaluation may use; the bound behind `depth`.
    pub stack_bytes: usize,
    /// Asked now and then whether the time is up.
    pub expired: Option<&'a mut dyn FnMut() -> bool>,
}

impl Default for Budget<'_> {
    /// The bounds of AWS where they are known.
    fn default() -> Self {
        Budget {
            steps: 50_000_000,
            depth: 100,
            value_bytes: 6_990_256,
            total_bytes: 64 << 20,
            stack_bytes: 1 << 20,
            expired: None,
        }
    }
}
