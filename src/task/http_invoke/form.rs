//! Names and values in queries and forms.

use serde_json::Value as Json;

/// How arrays are written in a form (`RequestEncodingOptions.ArrayFormat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=x&a[1]=y`
    Indices,
    /// `a=x&a=y`
    Repeat,
    /// `a=x,y`
    Commas,
    /// `a[]=x&a[]=y`
    Brackets,
    /// The array as JSON.
    None,
}

impl ArrayFormat {
    pub(super) fn new(name: &str) -> Option<ArrayFormat> {
        Some(match name {
            "INDICES" => ArrayFormat::Indices,
            "REPEAT" => ArrayFormat::Repeat,
            "COMMAS" => ArrayFormat::Commas,
            "BRACKETS" => ArrayFormat::Brackets,
            "NONE" => ArrayFormat::None,
            _ => return None,
        })
    }
}

/// The members of an object as a form; members of members are `a[b]`. None where it is no object.
pub(super) fn form(body: &Json, arrays: ArrayFormat) -> Option<String> {
    let mut pairs = Vec::new();
    for (name, value) in body.as_object()? {
        // As deep as the body, which was parsed within bounds.
        flatten(encoded(name), value, arrays, &mut pairs);
    }
    Some(joined(&pairs))
}

fn flatten(name: String, value: &Json, arrays: ArrayFormat, out: &mut Vec<(String, String)>) {
    match value {
        Json::Object(members) => {
            for (member, value) in members {
                flatten(format!("{name}[{}]", encoded(member)), value, arrays, out);
            }
        }
        Json::Array(elements) => match arrays {
            ArrayFormat::None => out.push((name, encoded(&value.to_string()))),
            ArrayFormat::Commas => {
                let texts: Vec<_> = elements.iter().map(|value| encoded(&text(value))).collect();
                out.push((name, texts.join(",")));
            }
            _ => {
                for (index, value) in elements.iter().enumerate() {
                    let name = match arrays {
                        ArrayFormat::Indices => format!("{name}[{index}]"),
                        ArrayFormat::Brackets => format!("{name}[]"),
                        _ => name.clone(),
                    };
                    flatten(name, value, arrays, out);
                }
            }
        },
        value => out.push((name, encoded(&text(value)))),
    }
}

/// Names and values of a query, percent-encoded.
pub(in crate::task) fn query(pairs: &[(String, String)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    joined(&pairs)
}

fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// A value as it stands in a query: texts without quotes, the rest as JSON.
pub(super) fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        value => value.to_string(),
    }
}

pub(in crate::task) fn encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => _ = write!(out, "%{byte:02X}"),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arrays_have_five_forms() {
        let body = json!({ "a": ["x", "y z"], "b": { "c": true }, "d": null });
        for (format, want) in [
            ("INDICES", "a[0]=x&a[1]=y%20z&b[c]=true&d="),
            ("REPEAT", "a=x&a=y%20z&b[c]=true&d="),
            ("COMMAS", "a=x,y%20z&b[c]=true&d="),
            ("BRACKETS", "a[]=x&a[]=y%20z&b[c]=true&d="),
            ("NONE", "a=%5B%22x%22%2C%22y%20z%22%5D&b[c]=true&d="),
        ] {
            let format = ArrayFormat::new(format).unwrap();
            assert_eq!(form(&body, format).as_deref(), Some(want));
        }
        assert_eq!(form(&json!([1]), ArrayFormat::Indices), None);
    }
}
