//! Random documents and random damage.

/// A small generator of the xorshift family: the same numbers in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "42",
    "-17",
    "3.25",
    "1.0",
    "0.10",
    "1e2",
    "1E+2",
    "-2.5e-3",
    "9007199254740993",
    "18446744073709551616",
    "123456789012345678901234567890",
    "1e400",
    "0.1234567890123456789",
    "-9223372036854775808",
];

const STRINGS: &[&str] = &[
    "",
    "a",
    "b",
    "id",
    "name",
    "a longer string than sixteen bytes",
    "exactly16bytes__",
    "é",
    "日本語のテキスト",
    "😀",
    r"\n",
    r"\u0061",
    r"\u00e9",
    r"\ud83d\ude00",
    r#"\""#,
    r"\\",
    r"\/",
    r"x\ty",
    r"\u0000",
    "items",
    "total",
    "k1",
    "k2",
    "k3",
];

/// Only now and then, since one of them in a document decides its fate with every judge.
const HALF_PAIRS: &[&str] = &[
    r"\ud800",
    r"\udc00",
    r"\ud800\u0041",
    r"\ude00\ud83d",
    r"\ud800\n",
];

/// A valid document; names repeat now and then.
pub(crate) fn document(random: &mut Random, depth: usize, out: &mut String) {
    let space = |random: &mut Random, out: &mut String| {
        if random.one_in(12) {
            out.push_str(random.pick(&[" ", "\n", "\t ", "\r\n"]));
        }
    };
    space(random, out);
    match if depth == 0 {
        random.below(5)
    } else {
        random.below(11)
    } {
        0 => out.push_str(random.pick(&["null", "true", "false"])),
        1 | 2 => out.push_str(random.pick(NUMBERS)),
        3 | 4 => string(random, out),
        5..8 => {
            out.push('[');
            for element in 0..random.below(5) {
                out.push_str(if element > 0 { "," } else { "" });
                document(random, depth - 1, out);
            }
            space(random, out);
            out.push(']');
        }
        _ => {
            out.push('{');
            // Now and then wide enough for the paths that only wide objects take.
            let n_members = if random.one_in(60) {
                40
            } else {
                random.below(6)
            };
            for member in 0..n_members {
                out.push_str(if member > 0 { "," } else { "" });
                space(random, out);
                if n_members == 40 && !random.one_in(20) {
                    out.push_str(&format!("\"wide{member}\""));
                } else {
                    string(random, out);
                }
                space(random, out);
                out.push(':');
                document(random, depth - 1, out);
            }
            space(random, out);
            out.push('}');
        }
    }
    space(random, out);
}

fn string(random: &mut Random, out: &mut String) {
    let choices = if random.one_in(150) {
        HALF_PAIRS
    } else {
        STRINGS
    };
    out.push('"');
    out.push_str(random.pick(choices));
    out.push('"');
}

/// Breaks the text in up to three places; often it stays valid.
pub(crate) fn mutate(random: &mut Random, text: &mut Vec<u8>) {
    const TOKENS: &[&str] = &[
        "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "0", "-", ".", "e", "1", "tru", "null",
        "\\u", "\\ud800", "\u{1}", "\0", "é", "\"a\":", ",\"a\":1", "[]", "{}", "/", "+",
        "\u{feff}",
    ];
    for _ in 0..1 + random.below(3) {
        let at = random.below(text.len() + 1);
        let end = at + random.below(4).min(text.len() - at);
        match random.below(6) {
            0 => drop(text.splice(at..at, random.pick(TOKENS).bytes())),
            1 => drop(text.splice(at..end, random.pick(TOKENS).bytes())),
            2 => drop(text.drain(at..end)),
            3 if at < text.len() => text[at] ^= 1 << random.below(8),
            4 if at < text.len() => text[at] = random.below(256) as u8,
            _ => {
                let copy = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, copy);
            }
        }
    }
}
