//! The table of counts: a line with the key, then one line a case.

use std::fmt::Write;

/// Counts may be above their rows by so many hundredths.
const MARGIN: f64 = 2.0;

/// Instructions of one execution of a case.
#[derive(Clone)]
pub(crate) struct Count {
    pub(crate) case: String,
    pub(crate) instructions: u64,
}

/// Rows by key, in the order of the file.
pub(crate) struct Table {
    keys: Vec<(String, Vec<Count>)>,
}

impl Table {
    pub(crate) fn read(text: &str) -> Table {
        let mut keys: Vec<(String, Vec<Count>)> = Vec::new();
        for line in text.lines() {
            if let Some(row) = line.strip_prefix("    ") {
                let (case, instructions) = row.trim().split_once(' ').unwrap();
                let instructions = instructions.trim().parse().unwrap();
                let (_, rows) = keys.last_mut().unwrap();
                rows.push(Count {
                    case: case.to_string(),
                    instructions,
                });
            } else if !line.is_empty() {
                keys.push((line.to_string(), Vec::new()));
            }
        }
        Table { keys }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&[Count]> {
        let found = self.keys.iter().find(|(known, _)| known == key);
        found.map(|(_, rows)| rows.as_slice())
    }

    pub(crate) fn set(&mut self, key: &str, counts: &[Count]) {
        self.keys.retain(|(known, _)| known != key);
        self.keys.push((key.to_string(), counts.to_vec()));
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (key, rows) in &self.keys {
            writeln!(text, "{key}").unwrap();
            for row in rows {
                writeln!(text, "    {:<12} {:>9}", row.case, row.instructions).unwrap();
            }
        }
        text
    }
}

impl Count {
    /// Whether it is within the margin of its row, and the two of them as a line.
    pub(crate) fn against(&self, rows: &[Count]) -> (bool, String) {
        let (case, counted) = (&self.case, self.instructions);
        let Some(row) = rows.iter().find(|row| row.case == *case) else {
            return (false, format!("{case}: {counted} instructions and no row"));
        };
        let more = (counted as f64 / row.instructions as f64 - 1.0) * 100.0;
        let verdict = match more {
            more if more > MARGIN => " TOO MANY",
            more if more < -MARGIN => " (lower its row: UPDATE_EXPECT=1)",
            _ => "",
        };
        let text = format!("{case:<12} {counted:>9} instructions, {more:+.2} %{verdict}");
        (more <= MARGIN, text)
    }
}
