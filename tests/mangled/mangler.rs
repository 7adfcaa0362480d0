//! Makes new texts of old ones. A seed always gives the same.

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "$",
    "$$",
    "$.",
    "..",
    "*",
    "**",
    "[",
    "]",
    "[*]",
    "[?(@.n>1)]",
    "[-1]",
    "[0:2]",
    "(",
    ")",
    "{",
    "}",
    "%",
    "@",
    "#",
    "^",
    "~>",
    "|",
    "&",
    "&&",
    "||",
    "!",
    "?",
    ":",
    ":=",
    ";",
    ",",
    ".",
    "'",
    "\"",
    "`",
    "\\",
    "\\u0000",
    "\\ud800",
    "/a*/",
    "/(a|a)*b/i",
    "null",
    "true",
    "false",
    "function($x){$x}",
    "$f:=",
    "$map(",
    "$reduce(",
    "$string(",
    "$match(",
    "$formatNumber(",
    "$fromMillis(",
    "$toMillis(",
    "$parseInteger(",
    "$formatInteger(",
    "$split(",
    "$pad(",
    "$power(",
    "$range(",
    "$partition(",
    "$sort(",
    "$states.input",
    "$states.context",
    "$states.result",
    "$lookup(",
    "$spread(",
    "$merge(",
    "States.Format(",
    "States.Array(",
    "States.StringToJson(",
    "States.ArrayRange(",
    "States.ArrayPartition(",
    "States.Hash(",
    "States.Base64Decode(",
    "States.MathRandom(",
    "States.JsonMerge(",
    "'[1]'",
    "in",
    "and",
    "or",
    "-",
    "0",
    "1",
    "-1",
    "1e308",
    "1e-400",
    "9223372036854775807",
    "-9223372036854775808",
    "9007199254740993",
    "0.1",
    "1e5",
    "[1..10]",
    "[Y0001]-[M01]",
    "#,##0.00;(#)",
    "\u{e9}",
    "\u{1f600}",
    "\u{0}",
    "\n",
    " ",
    "\"Type\"",
    "\"Next\"",
    "\"End\": true",
    "\"QueryLanguage\": \"JSONata\"",
    "\"Seconds\": 1",
    "\"Retry\": [{\"ErrorEquals\": [\"States.ALL\"]}]",
    "{% 1 %}",
];

/// Longest text.
const MAX_LEN: usize = 20_000;

/// Mangles seeds.
pub(crate) struct Mangler<'a> {
    random: u64,
    seeds: &'a [String],
}

impl Mangler<'_> {
    pub(crate) fn new(seed: u64, seeds: &[String]) -> Mangler<'_> {
        Mangler {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            seeds,
        }
    }

    /// A seed after a few changes.
    pub(crate) fn text(&mut self) -> String {
        let mut text: Vec<char> = self.seed();
        for _ in 0..=self.below(4) {
            self.change(&mut text);
        }
        text.truncate(MAX_LEN);
        text.into_iter().collect()
    }

    fn change(&mut self, text: &mut Vec<char>) {
        let at = self.below(text.len() + 1);
        let end = (at + 1 + self.below(12)).min(text.len());
        match self.below(9) {
            0 => drop(text.drain(at..end)),
            1 => {
                let copy: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, copy);
            }
            // Nesting, long lists, long names.
            2 => {
                let times = 1 << self.below(11);
                let part: Vec<char> = match self.below(2) {
                    0 => text[at..end].to_vec(),
                    _ => self.word(),
                };
                let many = part.iter().copied().cycle().take(part.len() * times);
                let many: Vec<char> = many.take(MAX_LEN).collect();
                text.splice(at..at, many);
            }
            3 => {
                let other = self.seed();
                let from = self.below(other.len() + 1);
                let to = (from + self.below(40)).min(other.len());
                text.splice(at..end, other[from..to].iter().copied());
            }
            4 => {
                let word = self.word();
                text.splice(at..end, word);
            }
            5 if at < text.len() => {
                let code = text[at] as u32 ^ (1 << self.below(7));
                text[at] = char::from_u32(code).unwrap_or('?');
            }
            6 => text.truncate(end),
            // The end of one text behind the beginning of another.
            7 => {
                let other = self.seed();
                let from = self.below(other.len() + 1);
                text.truncate(at);
                text.extend(&other[from..]);
            }
            _ => {
                let word = self.word();
                text.splice(at..at, word);
            }
        }
    }

    fn seed(&mut self) -> Vec<char> {
        let index = self.below(self.seeds.len());
        self.seeds[index].chars().collect()
    }

    fn word(&mut self) -> Vec<char> {
        WORDS[self.below(WORDS.len())].chars().collect()
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % bound.max(1) as u64) as usize
    }
}
