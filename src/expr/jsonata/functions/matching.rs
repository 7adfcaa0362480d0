//! Searching in strings: for strings, for regular expressions, and by functions that match like these do.

use super::super::error::Failure;
use super::super::eval::{Kind, Machine};
use super::super::heap::{Function, Item, ListKind};
use super::string::not_negative;
use super::{Native, Outcome, native};

pub(super) const MATCHING: &[Native] = &[
    native("contains", "<s-(sf):b>", 2, contains),
    native("split", "<s-(sf)n?:a<s>>", 3, split),
    native("match", "<s-f<s:o>n?:a<o>>", 3, match_all),
    native("replace", "<s-(sf)(sf)n?:s>", 4, replace),
];

/// One match: places are byte offsets in the text.
struct Match {
    start: usize,
    end: usize,
    /// What was found, and where it stands as an object: `{match, start, end, groups, next}`.
    object: Item,
}

impl Machine<'_, '_> {
    /// What a regular expression finds from a byte offset on, as the object that functions are given.
    pub(in super::super) fn next_match(&mut self, regex: u32, text: Item, from: usize) -> Outcome {
        let code = self.code;
        let Some(subject) = self.str(text) else {
            return Ok(Item::Undefined);
        };
        let len = subject.len();
        let Some(found) = code.regexes[regex as usize].find(&subject, from)? else {
            return Ok(Item::Undefined);
        };
        let (start, end) = (
            utf16_len(&subject[..found.start]),
            utf16_len(&subject[..found.end]),
        );
        let matched = subject[found.start..found.end].to_owned();
        let groups: Vec<Option<String>> = found
            .groups
            .iter()
            .map(|group| group.map(|(start, end)| subject[start..end].to_owned()))
            .collect();
        drop(subject);
        self.spend((len - from) / 16)?;
        let base = self.stack.len();
        for group in groups {
            let group = match group {
                Some(group) => self.text(&group)?,
                None => Item::Undefined,
            };
            self.stack.push(group);
        }
        let groups = self.list_from(base, ListKind::ARRAY)?;
        let matched = self.text(&matched)?;
        let next = self.heap.push_function(Function::NextMatch {
            regex,
            text,
            from: found.end as u32,
        });
        self.object(&[
            ("match", matched),
            ("start", Item::Int(start as i64)),
            ("end", Item::Int(end as i64)),
            ("groups", groups),
            ("next", next),
        ])
    }

    /// The `next` of a match. A match of nothing would be found for ever.
    pub(in super::super) fn next_match_after(
        &mut self,
        regex: u32,
        text: Item,
        from: usize,
    ) -> Outcome {
        if self.str(text).is_none_or(|subject| from >= subject.len()) {
            return Ok(Item::Undefined);
        }
        let found = self.next_match(regex, text, from)?;
        match self.member(found, "match") {
            matched if self.is_text(matched, "") => Err(Failure::new("D1004")),
            _ => Ok(found),
        }
    }

    pub(in super::super) fn object(&mut self, members: &[(&str, Item)]) -> Outcome {
        let mut named = Vec::with_capacity(members.len());
        for (name, value) in members {
            named.push((self.text(name)?, *value));
        }
        Ok(Item::Object(self.heap.push_object(&named)))
    }

    /// Calls a matcher, or the `next` of a match.
    fn matched(
        &mut self,
        matcher: Item,
        args: &[Item],
        text: &str,
    ) -> Result<Option<Match>, Failure> {
        let object = self.apply(matcher, args)?;
        if object == Item::Undefined {
            return Ok(None);
        }
        let start = self.member(object, "start");
        let is_match = self.number(start).is_some()
            || self.is_array(self.member(object, "groups"))
            || self.is_function(self.member(object, "next"));
        if !is_match {
            return Err(Failure::new("T1010"));
        }
        let place = |item| {
            self.number(item)
                .map_or(0, |number| byte_offset(text, number.floor()))
        };
        let (start, end) = (place(start), place(self.member(object, "end")));
        Ok(Some(Match {
            start,
            end: end.max(start),
            object,
        }))
    }

    fn next_of(&mut self, found: &Match, text: &str) -> Result<Option<Match>, Failure> {
        self.matched(self.member(found.object, "next"), &[], text)
    }
}

fn utf16_len(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// The byte offset of a position that counts UTF-16 units; the end of the text for one beyond it.
fn byte_offset(text: &str, units: i64) -> usize {
    let units = usize::try_from(units).unwrap_or(0);
    if text.is_ascii() {
        return units.min(text.len());
    }
    let mut seen = 0;
    for (offset, c) in text.char_indices() {
        if seen >= units {
            return offset;
        }
        seen += c.len_utf16();
    }
    text.len()
}

/// `$contains(text, pattern)`.
fn contains(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let found = match (m.str(args[0]), m.str(args[1])) {
        (Some(text), Some(token)) => text.contains(&*token),
        _ => {
            let text = m.string(args[0]);
            m.matched(args[1], &[args[0]], &text)?.is_some()
        }
    };
    Ok(Item::Bool(found))
}

/// `$split(text, separator, limit)`.
fn split(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let limit = not_negative(m, args[2], "D3020")?.unwrap_or(f64::INFINITY);
    let text = m.string(args[0]);
    let base = m.stack.len();
    let Some(separator) = m.str(args[1]).map(std::borrow::Cow::into_owned) else {
        return split_by_matches(m, args, &text, limit);
    };
    m.reserve(text.len())?;
    if separator.is_empty() {
        for c in text.chars().take(limit as usize) {
            let part = m.heap.push_text(c.encode_utf8(&mut [0; 4]));
            m.stack.push(part);
        }
    } else {
        for part in text.split(&separator).take(limit as usize) {
            m.step()?;
            let part = m.heap.push_text(part);
            m.stack.push(part);
        }
    }
    m.list_from(base, ListKind::ARRAY)
}

fn split_by_matches(m: &mut Machine<'_, '_>, args: &[Item], text: &str, limit: f64) -> Outcome {
    let base = m.stack.len();
    if limit <= 0.0 {
        return m.list_from(base, ListKind::ARRAY);
    }
    let mut found = m.matched(args[1], &[args[0]], text)?;
    let mut start = 0;
    let mut count = 0.0;
    while let Some(hit) = found
        && count < limit
    {
        let part = m.text(&text[start.min(hit.start)..hit.start])?;
        m.stack.push(part);
        start = hit.end;
        found = m.next_of(&hit, text)?;
        count += 1.0;
    }
    if count < limit {
        let rest = m.text(&text[start..])?;
        m.stack.push(rest);
    }
    m.list_from(base, ListKind::ARRAY)
}

/// `$match(text, pattern, limit)`: an object for each match.
fn match_all(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let limit = not_negative(m, args[2], "D3040")?.unwrap_or(f64::INFINITY);
    let text = m.string(args[0]);
    let base = m.stack.len();
    let mut count = 0.0;
    let mut found = match limit > 0.0 {
        true => m.matched(args[1], &[args[0]], &text)?,
        false => None,
    };
    while let Some(hit) = found
        && count < limit
    {
        let of = hit.object;
        let members = [
            ("match", m.member(of, "match")),
            ("index", m.member(of, "start")),
            ("groups", m.member(of, "groups")),
        ];
        let object = m.object(&members)?;
        m.stack.push(object);
        found = m.next_of(&hit, &text)?;
        count += 1.0;
    }
    m.list_from(base, ListKind::SEQUENCE)
}

/// `$replace(text, pattern, replacement, limit)`.
fn replace(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    if m.is_text(args[1], "") {
        return Err(Failure::new("D3010"));
    }
    let limit = not_negative(m, args[3], "D3011")?.unwrap_or(f64::INFINITY);
    let text = m.string(args[0]);
    let replacement = m.str(args[2]).map(std::borrow::Cow::into_owned);
    let mut result = String::with_capacity(text.len());
    let mut count = 0.0;
    if let (Some(pattern), Some(replacement)) = (
        m.str(args[1]).map(std::borrow::Cow::into_owned),
        &replacement,
    ) {
        let mut rest = text.as_str();
        while count < limit
            && let Some((before, after)) = rest.split_once(&pattern)
        {
            result.push_str(before);
            result.push_str(replacement);
            rest = after;
            count += 1.0;
            m.check_len(result.len())?;
        }
        result.push_str(rest);
        return m.text(&result);
    }
    let mut position = 0;
    let mut found = match limit > 0.0 {
        true => m.matched(args[1], &[args[0]], &text)?,
        false => None,
    };
    while let Some(hit) = found
        && count < limit
    {
        result.push_str(&text[position.min(hit.start)..hit.start]);
        match &replacement {
            Some(replacement) => substitute(m, replacement, hit.object, &mut result)?,
            None => {
                let with = m.apply(args[2], &[hit.object])?;
                match m.str(with) {
                    Some(with) => result.push_str(&with),
                    None => return Err(Failure::new("D3012").insert("value", m.shown(with))),
                }
            }
        }
        m.check_len(result.len())?;
        let matched = m
            .str(m.member(hit.object, "match"))
            .map_or(0, |matched| matched.len());
        position = (hit.start + matched).min(text.len());
        count += 1.0;
        found = m.next_of(&hit, &text)?;
    }
    result.push_str(text.get(position..).unwrap_or_default());
    m.text(&result)
}

/// Appends the replacement with `$0` and `$1` … filled in, `$$` for a dollar.
fn substitute(
    m: &mut Machine<'_, '_>,
    replacement: &str,
    hit: Item,
    out: &mut String,
) -> Result<(), Failure> {
    let groups = m.member(hit, "groups");
    let groups = match m.kind(groups) {
        Kind::Array => m.as_list(groups)?,
        _ => m.heap.push_list(&[], ListKind::ARRAY),
    };
    let n_groups = m.heap.list_len(groups);
    let max_digits = n_groups.checked_ilog10().map_or(1, |log| log as usize + 1);
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('0') {
            out.push_str(&m.string(m.member(hit, "match")));
            rest = after;
        } else {
            let digits = rest
                .bytes()
                .take(max_digits)
                .take_while(u8::is_ascii_digit)
                .count();
            let read = |n: usize| {
                rest.get(..n)
                    .and_then(|digits| digits.parse::<usize>().ok())
            };
            let mut index = read(digits);
            if max_digits > 1 && index.is_some_and(|index| index > n_groups) {
                index = read(digits.min(max_digits - 1));
            }
            match index {
                Some(index) => {
                    if let Some(place) = index.checked_sub(1) {
                        out.push_str(&m.string(m.heap.element(groups, place)));
                    }
                    rest = &rest[index.to_string().len()..];
                }
                None => out.push('$'),
            }
        }
    }
    out.push_str(rest);
    Ok(())
}
