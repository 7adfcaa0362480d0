//! Function signatures: `<s-n?:s>` says what a function takes and how arguments are made to fit.

use super::super::error::CompileError;

/// What a function takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) params: Box<[Param]>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    /// The types it takes, as bits of [`Type`].
    pub(crate) types: u16,
    /// A scalar is wrapped into an array.
    pub(crate) array: bool,
    /// What the elements of an array must be.
    pub(crate) elements: Option<Type>,
    /// The context stands in for a missing argument if it is of a type in `types`.
    pub(crate) context: bool,
    pub(crate) optional: bool,
    /// One or more arguments.
    pub(crate) repeated: bool,
}

/// The types a signature tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Type {
    Array = 1,
    String = 2,
    Number = 4,
    Boolean = 8,
    Null = 16,
    Function = 32,
    Object = 64,
    Missing = 128,
}

impl Type {
    fn of(letter: u8) -> Option<Type> {
        Some(match letter {
            b'a' => Type::Array,
            b's' => Type::String,
            b'n' => Type::Number,
            b'b' => Type::Boolean,
            b'l' => Type::Null,
            b'f' => Type::Function,
            b'o' => Type::Object,
            b'm' => Type::Missing,
            _ => return None,
        })
    }

    /// As error T0412 calls arrays of them.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Type::Array => "arrays",
            Type::String => "strings",
            Type::Number => "numbers",
            Type::Boolean => "booleans",
            Type::Null => "nulls",
            Type::Function => "functions",
            Type::Object => "objects",
            Type::Missing => "missing values",
        }
    }
}

const ANY: u16 = 0xff;

impl Signature {
    /// Reads a signature, its angle brackets included; `position` is where it stands.
    pub(crate) fn parse(text: &str, position: usize) -> Result<Signature, CompileError> {
        let bytes = text.as_bytes();
        let mut params: Vec<Param> = Vec::new();
        let mut at = 1;
        while at < bytes.len() && bytes[at] != b':' {
            let letter = bytes[at];
            match letter {
                b's' | b'n' | b'b' | b'l' | b'o' => params.push(param(bits(&[letter, b'm']))),
                b'a' => params.push(Param {
                    array: true,
                    ..param(ANY)
                }),
                b'f' => params.push(param(Type::Function as u16)),
                b'j' => params.push(param(ANY & !(Type::Function as u16))),
                b'x' => params.push(param(ANY)),
                b'-' | b'?' | b'+' => {
                    if let Some(last) = params.last_mut() {
                        last.context |= letter == b'-';
                        last.optional |= letter != b'+';
                        last.repeated |= letter == b'+';
                    }
                }
                b'(' => {
                    let end = closing(bytes, at, b'(', b')');
                    let choice = &bytes[at + 1..end];
                    if choice.contains(&b'<') {
                        let value = format!("\"{}\"", String::from_utf8_lossy(choice));
                        return Err(CompileError::with(
                            "S0402",
                            position + at,
                            &[("value", &value)],
                        ));
                    }
                    params.push(param(bits(choice) | Type::Missing as u16));
                    at = end;
                }
                b'<' => {
                    let end = closing(bytes, at, b'<', b'>');
                    match params.last_mut() {
                        Some(last) if last.array => {
                            last.elements = bytes.get(at + 1).copied().and_then(Type::of)
                        }
                        // What a function takes and gives is not checked.
                        Some(last) if last.types == Type::Function as u16 => {}
                        _ => return Err(CompileError::new("S0401", position + at)),
                    }
                    at = end;
                }
                _ => {}
            }
            at += 1;
        }
        Ok(Signature {
            params: params.into_boxed_slice(),
        })
    }

    /// How many arguments go to each parameter, or the index of the first argument that fits none.
    pub(crate) fn assign(&self, types: &[Type], counts: &mut Vec<usize>) -> Result<(), usize> {
        counts.clear();
        if self.fits(0, types, counts) {
            return Ok(());
        }
        Err(self.good_to(types))
    }

    /// Greedy with backtracking, like the regular expression that the specification describes. `counts` holds those of
    /// the parameters before `index`.
    fn fits(&self, index: usize, types: &[Type], counts: &mut Vec<usize>) -> bool {
        let Some(param) = self.params.get(index) else {
            return types.is_empty();
        };
        let most = match param.repeated {
            true => types.iter().take_while(|one| param.takes(**one)).count(),
            false => usize::from(types.first().is_some_and(|first| param.takes(*first))),
        };
        let least = usize::from(!param.optional);
        if most < least {
            return false;
        }
        // With several repeated parameters the ways to share arguments out multiply: the first one takes all it can.
        let least = if param.repeated && self.n_repeated() > 1 {
            most
        } else {
            least
        };
        for count in (least..=most).rev() {
            counts.push(count);
            if self.fits(index + 1, &types[count..], counts) {
                return true;
            }
            counts.pop();
        }
        false
    }

    fn n_repeated(&self) -> usize {
        self.params.iter().filter(|param| param.repeated).count()
    }

    /// How many arguments the longest run of leading parameters takes.
    fn good_to(&self, types: &[Type]) -> usize {
        let mut at = 0;
        for param in &self.params {
            match types.get(at) {
                Some(next) if param.takes(*next) => at += 1,
                _ if param.optional => {}
                _ => break,
            }
        }
        at
    }
}

impl Param {
    pub(crate) fn takes(&self, one: Type) -> bool {
        self.types & one as u16 != 0
    }
}

fn param(types: u16) -> Param {
    Param {
        types,
        array: false,
        elements: None,
        context: false,
        optional: false,
        repeated: false,
    }
}

fn bits(letters: &[u8]) -> u16 {
    letters
        .iter()
        .filter_map(|letter| Type::of(*letter))
        .fold(0, |bits, one| bits | one as u16)
}

/// Where the bracket that opens at `start` closes; the end of the text if it does not.
fn closing(bytes: &[u8], start: usize, open: u8, close: u8) -> usize {
    let mut depth = 0;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        if *byte == open {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(signature: &str, args: &str, want: Result<&[usize], usize>) {
        let signature = Signature::parse(signature, 0).unwrap();
        let types: Vec<Type> = args
            .bytes()
            .map(|letter| Type::of(letter).unwrap())
            .collect();
        let mut counts = Vec::new();
        let found = signature
            .assign(&types, &mut counts)
            .map(|()| counts.as_slice());
        assert_eq!(found, want);
    }

    #[test]
    fn arguments_go_to_parameters() {
        check("<s-nn?:s>", "snn", Ok(&[1, 1, 1]));
        check("<s-nn?:s>", "n", Ok(&[0, 1, 0]));
        check("<s-nn?:s>", "ss", Err(1));
        check("<a+>", "aaa", Ok(&[3]));
        check("<af>", "sf", Ok(&[1, 1]));
        check("<af>", "s", Err(1));
        check("<s-(sf)n?:a<s>>", "f", Ok(&[0, 1, 0]));
        check("<x-b?:s>", "", Ok(&[0, 0]));
        check("<:n>", "n", Err(0));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        assert_eq!(Signature::parse("<s<n>>", 3).unwrap_err().code, "S0401");
        assert_eq!(Signature::parse("<(sa<n>)>", 3).unwrap_err().code, "S0402");
    }
}
