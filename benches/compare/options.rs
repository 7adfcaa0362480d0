//! The command line, and figures as text for people or for programs.

/// What to run and how.
pub(crate) struct Options {
    /// Parts by name; empty for all.
    parts: Vec<String>,
    /// Workloads whose name contains this.
    only: String,
    /// Variants whose name contains this: for a profiler.
    variant: String,
    /// Rounds per variant; the median counts.
    pub(crate) rounds: usize,
    /// One JSON object a line instead of tables.
    pub(crate) json: bool,
}

impl Options {
    /// Reads arguments. `--bench` comes from cargo and says nothing.
    pub(crate) fn read(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            parts: Vec::new(),
            only: String::new(),
            variant: String::new(),
            rounds: 9,
            json: false,
        };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {}
                "--json" => options.json = true,
                "--only" => options.only = args.next().ok_or("--only takes a word")?,
                "--variant" => options.variant = args.next().ok_or("--variant takes a word")?,
                "--rounds" => {
                    let rounds = args.next().and_then(|rounds| rounds.parse().ok());
                    options.rounds = rounds
                        .filter(|rounds| *rounds > 0)
                        .ok_or("--rounds takes a number")?;
                }
                "thread" | "threads" | "fan_out" => options.parts.push(arg),
                _ => return Err(format!("what is {arg}?")),
            }
        }
        Ok(options)
    }

    /// Whether a part was asked for.
    pub(crate) fn runs(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|asked| asked == part)
    }

    /// Whether a variant was asked for.
    pub(crate) fn takes_variant(&self, variant: &str) -> bool {
        variant.contains(&self.variant)
    }

    /// Whether a workload was asked for.
    pub(crate) fn takes(&self, workload: &str) -> bool {
        workload.contains(&self.only)
    }
}

/// The middle one.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
