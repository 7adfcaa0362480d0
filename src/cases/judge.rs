//! Holds what an execution did against what its case expects.

use serde_json::Value;

use super::diff::{self, Difference};
use super::run::Run;
use super::virtual_time::{End, Report};

impl Run {
    /// Everything that is not as expected.
    pub fn judge(&self, report: &Report) -> Vec<Difference> {
        let mut found = Differences::default();
        found.in_end(self, &report.end);
        found.in_course(self, report);
        found.unless_same("answers nobody asked for", &[][..], &report.left_over);
        found.0
    }
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn unless_same<T: PartialEq + std::fmt::Debug + ?Sized>(
        &mut self,
        what: &str,
        want: &T,
        got: &T,
    ) {
        if want != got {
            let (want, got) = (format!("{want:?}"), format!("{got:?}"));
            self.0.push(Difference::new(what, want, got));
        }
    }

    fn in_end(&mut self, run: &Run, end: &End) {
        if let Some(want) = &run.want_json {
            match end {
                End::Succeeded(got) if got == want => {}
                _ => self.0.push(Difference::new("output", want, shown(end))),
            }
        } else if let Some(want) = &run.want {
            self.in_output(want, end);
        } else if run.want_timeout {
            if *end != End::TimedOut {
                let want = shown(&End::TimedOut);
                self.0.push(Difference::new("end", want, shown(end)));
            }
        } else {
            self.in_failure(run, end);
        }
    }

    fn in_output(&mut self, want: &Value, end: &End) {
        let got = match end {
            End::Succeeded(text) => serde_json::from_str::<Value>(text).ok(),
            _ => None,
        };
        match got {
            Some(got) => self.0.extend(diff::between("output", want, &got)),
            None => self.0.push(Difference::new("output", want, shown(end))),
        }
    }

    fn in_failure(&mut self, run: &Run, end: &End) {
        let End::Failed {
            error,
            cause,
            state,
        } = end
        else {
            let name =
                |name: &Option<Value>| name.as_ref().map_or("…".to_string(), Value::to_string);
            let want = format!(
                "a failure: {}, {}",
                name(&run.want_error),
                name(&run.want_cause)
            );
            self.0.push(Difference::new("end", want, shown(end)));
            return;
        };
        for (what, want, got) in [
            ("error", &run.want_error, error),
            ("cause", &run.want_cause, cause),
        ] {
            if let Some(want) = want {
                let got = got.clone().map_or(Value::Null, Value::String);
                self.0.extend(diff::between(what, want, &got));
            }
        }
        if let Some(want) = &run.failed_at {
            self.unless_same("failed_at", want, state);
        }
    }

    fn in_course(&mut self, run: &Run, report: &Report) {
        if let Some(want) = &run.entered {
            self.unless_same("entered", want, &report.entered);
        }
        if let Some(want) = &run.waited {
            self.unless_same("waited", want, &report.waited);
        }
        if let Some([low, high]) = &run.waited_between
            && !(*low..=*high).contains(&report.waited)
        {
            let want = format!("{low} to {high}");
            self.0.push(Difference::new("waited", want, report.waited));
        }
        if let Some(want) = &run.cancelled {
            self.unless_same("cancelled", want, &report.cancelled);
        }
        for (state, want) in &run.arguments {
            let calls = report.calls.iter().filter(|(name, _)| name == state);
            // Only what is nested too deep for the reader stays a text.
            let read = |text: &String| serde_json::from_str(text).unwrap_or(text.as_str().into());
            let got: Vec<Value> = calls.map(|(_, arguments)| read(arguments)).collect();
            let what = format!("arguments of {state}");
            let (want, got) = (Value::Array(want.clone()), Value::Array(got));
            self.0.extend(diff::between(&what, &want, &got));
        }
    }
}

fn shown(end: &End) -> String {
    match end {
        End::Succeeded(text) => text.clone(),
        End::Failed {
            error,
            cause,
            state,
        } => {
            let name = |name: &Option<String>| name.as_deref().unwrap_or("none").to_string();
            let (error, cause) = (name(error), name(cause));
            // What fails before the first state fails in none.
            let place = match state.is_empty() {
                true => String::new(),
                false => format!(" in {state}"),
            };
            format!("a failure{place}, error {error}, cause {cause}")
        }
        End::TimedOut => "a time-out of the execution".to_string(),
        End::Aborted => "an execution that was aborted".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_with_their_state_if_there_is_one() {
        let failure = |state: &str| End::Failed {
            error: Some("E".to_string()),
            cause: None,
            state: state.to_string(),
        };
        let told = "a failure in M[1]/F, error E, cause none";
        assert_eq!(shown(&failure("M[1]/F")), told);
        assert_eq!(shown(&failure("")), "a failure, error E, cause none");
    }
}
