//! The results of tests as JUnit's XML, which build servers read.

use std::fmt::{self, Write};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::test::{Tested, Verdict};

/// Writes one suite per test file and one test case per execution.
pub(super) fn write(path: &Path, tested: &[Tested]) -> io::Result<()> {
    let mut xml = String::new();
    document(&mut xml, tested).expect("a string takes everything");
    std::fs::write(path, xml)
}

fn document(xml: &mut String, tested: &[Tested]) -> fmt::Result {
    writeln!(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let all: Vec<&Tested> = tested.iter().collect();
    writeln!(xml, "<testsuites {}>", Counts(&all))?;
    for suite in tested.chunk_by(|one, next| one.file == next.file) {
        let name = Escaped(&suite[0].file);
        let all: Vec<&Tested> = suite.iter().collect();
        writeln!(xml, "  <testsuite name=\"{name}\" {}>", Counts(&all))?;
        for test in suite {
            let (note, seconds) = (Escaped(&test.note), test.took.as_secs_f64());
            let head = format!("classname=\"{name}\" name=\"{note}\" time=\"{seconds:.6}\"");
            let (kind, message) = match &test.verdict {
                Verdict::Passed => {
                    writeln!(xml, "    <testcase {head}/>")?;
                    continue;
                }
                Verdict::Failed(_) => ("failure", "not as expected"),
                Verdict::Broken(_) => ("error", "cannot be run"),
            };
            let text = test.verdict.text();
            let text = Escaped(&text);
            writeln!(xml, "    <testcase {head}>")?;
            writeln!(xml, "      <{kind} message=\"{message}\">{text}</{kind}>")?;
            writeln!(xml, "    </testcase>")?;
        }
        writeln!(xml, "  </testsuite>")?;
    }
    writeln!(xml, "</testsuites>")
}

/// The attributes that count.
struct Counts<'a>(&'a [&'a Tested]);

impl fmt::Display for Counts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |is: fn(&Verdict) -> bool| self.0.iter().filter(|t| is(&t.verdict)).count();
        let failures = count(|verdict| matches!(verdict, Verdict::Failed(_)));
        let errors = count(|verdict| matches!(verdict, Verdict::Broken(_)));
        let took: Duration = self.0.iter().map(|test| test.took).sum();
        let (tests, seconds) = (self.0.len(), took.as_secs_f64());
        write!(
            f,
            "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds:.6}\""
        )
    }
}

/// Text as XML has it, in attributes too. What XML cannot say at all becomes U+FFFD.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\n' => f.write_str("&#10;")?,
                '\t' => f.write_str("&#9;")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_files_and_text_is_escaped() {
        let test = |file: &str, note: &str, verdict| Tested {
            file: file.to_string(),
            note: note.to_string(),
            verdict,
            took: Duration::from_millis(2),
        };
        let tested = [
            test("a.test.yaml", "1 < 2 & \"so\" on", Verdict::Passed),
            test("b.test.yaml", "x", Verdict::Broken("a\u{1}<b>\nc".into())),
        ];
        let mut xml = String::new();
        document(&mut xml, &tested).unwrap();
        let want = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="0" errors="1" time="0.004000">
  <testsuite name="a.test.yaml" tests="1" failures="0" errors="0" time="0.002000">
    <testcase classname="a.test.yaml" name="1 &lt; 2 &amp; &quot;so&quot; on" time="0.002000"/>
  </testsuite>
  <testsuite name="b.test.yaml" tests="1" failures="0" errors="1" time="0.002000">
    <testcase classname="b.test.yaml" name="x" time="0.002000">
      <error message="cannot be run">a�&lt;b&gt;&#10;c</error>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(xml, want);
    }
}
