//! The second door: texts that are consumed rather than passed on.
//!
//! simd-json reads the text into a tape, and the tape becomes built values: strings are unescaped and spelled again,
//! numbers are spelled by the printing policy. What the tape cannot say exactly goes through the first door: numbers
//! beyond 64 bits, halves of surrogate pairs, a name that occurs twice, and every error, for its line and column.

use simd_json::{Buffers, Node, StaticNode, Tape};

use super::parse::DEPTH_CEILING;
use super::{Arena, ParseError, ParseLimits, Value};

/// Buffers of simd-json, made when the second door is first used.
pub(super) struct Consumer {
    buffers: Buffers,
    tape: Tape<'static>,
    /// simd-json unescapes in its input.
    input: Vec<u8>,
    open: Vec<Open>,
    handles: Vec<Value>,
}

/// A container that waits for handles: its elements, or its names and values.
struct Open {
    is_object: bool,
    first: usize,
    left: usize,
}

/// An object with more members goes through the first door, which finds repeated names in any number.
const FEW: usize = 32;

impl Default for Consumer {
    fn default() -> Consumer {
        Consumer {
            buffers: Buffers::with_max_depth(0, DEPTH_CEILING + 1),
            tape: Tape(Vec::new()),
            input: Vec::new(),
            open: Vec::new(),
            handles: Vec::new(),
        }
    }
}

impl Consumer {
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        // simd-json's own buffers cannot be shrunk.
        if self.input.capacity() > bytes {
            *self = Consumer::default();
        }
    }
}

impl Arena {
    /// Reads a text whose values count and not their spelling: answers in script files, large arguments of
    /// `States.StringToJson`. Equal to what [`Arena::parse`] reads, up to the digits that binary64 holds.
    pub fn parse_consumed(
        &mut self,
        text: &[u8],
        limits: ParseLimits,
    ) -> Result<Value, ParseError> {
        let mut consumer = self.scratch.consumer.take().unwrap_or_default();
        let mark = self.mark();
        let value = self.consume(text, limits, &mut consumer);
        consumer.tape.0.clear();
        consumer.input.clear();
        self.scratch.consumer = Some(consumer);
        value.map_or_else(
            || {
                self.rewind(mark);
                self.parse(text, limits)
            },
            Ok,
        )
    }

    fn consume(
        &mut self,
        text: &[u8],
        limits: ParseLimits,
        consumer: &mut Consumer,
    ) -> Option<Value> {
        let Consumer {
            buffers,
            tape,
            input,
            open,
            handles,
        } = consumer;
        input.extend_from_slice(text);
        let mut filled = std::mem::replace(tape, Tape(Vec::new())).reset();
        let read = simd_json::fill_tape(input, buffers, &mut filled).ok();
        let value = read
            .and_then(|()| self.build(&filled.0, limits.depth.min(DEPTH_CEILING), open, handles));
        *tape = filled.reset();
        value
    }

    /// `None` where the first door must decide.
    fn build(
        &mut self,
        tape: &[Node<'_>],
        depth: usize,
        open: &mut Vec<Open>,
        handles: &mut Vec<Value>,
    ) -> Option<Value> {
        open.clear();
        handles.clear();
        for node in tape {
            let (is_object, n_handles) = match *node {
                Node::Array { len, .. } => (false, len),
                Node::Object { len, .. } if len > FEW => return None,
                Node::Object { len, .. } => (true, 2 * len),
                Node::String(text) => {
                    let value = self.string(text);
                    self.place(value, open, handles)?;
                    continue;
                }
                Node::Static(scalar) => {
                    let value = self.scalar(scalar)?;
                    self.place(value, open, handles)?;
                    continue;
                }
            };
            if open.len() >= depth {
                return None;
            }
            match (n_handles, is_object) {
                (0, true) => self.place(Value::EMPTY_OBJECT, open, handles)?,
                (0, false) => self.place(Value::EMPTY_ARRAY, open, handles)?,
                _ => open.push(Open {
                    is_object,
                    first: handles.len(),
                    left: n_handles,
                }),
            }
        }
        handles.first().copied()
    }

    fn scalar(&mut self, scalar: StaticNode) -> Option<Value> {
        Some(match scalar {
            StaticNode::Null => Value::NULL,
            StaticNode::Bool(value) => Value::bool(value),
            StaticNode::I64(value) => self.integer(value),
            StaticNode::U64(value) => self.integer(i64::try_from(value).ok()?),
            StaticNode::F64(value) if value.is_finite() => self.float(value),
            StaticNode::F64(_) => return None,
        })
    }

    /// Hands a value to the innermost open container, and that container, once complete, to the one around it.
    fn place(
        &mut self,
        value: Value,
        open: &mut Vec<Open>,
        handles: &mut Vec<Value>,
    ) -> Option<()> {
        handles.push(value);
        while let Some(innermost) = open.last_mut() {
            innermost.left -= 1;
            if innermost.left > 0 {
                break;
            }
            let Open {
                is_object, first, ..
            } = open.pop()?;
            let children = &handles[first..];
            let complete = match is_object {
                true => {
                    let (members, _) = children.as_chunks::<2>();
                    self.are_distinct(members).then(|| {
                        self.object_from(members.iter().map(|&[name, value]| (name, value)))
                    })?
                }
                false => self.array(children),
            };
            handles.truncate(first);
            handles.push(complete);
        }
        Some(())
    }

    fn are_distinct(&self, members: &[[Value; 2]]) -> bool {
        let mut rest = members.iter();
        std::iter::from_fn(|| rest.next().map(|member| (member, rest.clone()))).all(
            |([name, _], mut others)| others.all(|[other, _]| !self.same_string(*name, *other)),
        )
    }
}
