//! The definition as written: parse with positions, validate, all problems at once. Knows no plans.
