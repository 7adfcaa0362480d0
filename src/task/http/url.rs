//! The address of an endpoint, with names of the definition in it.

use std::fmt::Write;

use hyper::Uri;

use super::super::Site;

/// `https://functions.example.com/{function}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UrlTemplate {
    /// Text, and the name that follows it.
    parts: Vec<(String, Option<Name>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Function,
    State,
}

impl UrlTemplate {
    pub(super) fn new(text: &str) -> Result<UrlTemplate, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let name = match name {
                "function" => Name::Function,
                "state" => Name::State,
                _ => return Err(format!("{{{name}}} is not {{function}} or {{state}}")),
            };
            parts.push((before.to_string(), Some(name)));
            rest = after;
        }
        parts.push((rest.to_string(), None));
        let template = UrlTemplate { parts };
        template.check(text)?;
        Ok(template)
    }

    fn check(&self, text: &str) -> Result<(), String> {
        let uri = self.fill(|_| Some("x"));
        let Some(uri) = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https"))) else {
            return Err(format!("{text} is not a URL of http or https"));
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if uri.host().is_none_or(str::is_empty) || authority.contains('@') {
            return Err("a URL has a host, and no credentials: those belong into auth".to_string());
        }
        let other = self.fill(|_| Some("y"));
        match other.is_some_and(|other| other.authority() == uri.authority()) {
            true => Ok(()),
            false => Err("names of the definition cannot choose the host".to_string()),
        }
    }

    pub(super) fn is_https(&self) -> bool {
        self.parts[0].0.starts_with("https:")
    }

    /// Without the query, which may hold what others should not read.
    pub(super) fn for_people(&self) -> String {
        let mut text = String::new();
        for (part, name) in &self.parts {
            text.push_str(part);
            text.push_str(match name {
                Some(Name::Function) => "{function}",
                Some(Name::State) => "{state}",
                None => "",
            });
        }
        text.split(['?', '#'])
            .next()
            .unwrap_or_default()
            .to_string()
    }

    /// The address for a Task state; none where it names a function and the state does not.
    pub(super) fn of(&self, site: &Site<'_>) -> Option<Uri> {
        self.fill(|name| match name {
            Name::Function => site.function(),
            Name::State => Some(site.state),
        })
    }

    fn fill<'a>(&self, look_up: impl Fn(Name) -> Option<&'a str>) -> Option<Uri> {
        let mut text = String::new();
        for (part, name) in &self.parts {
            text.push_str(part);
            if let Some(name) = name {
                percent_encode(look_up(*name)?, &mut text);
            }
        }
        text.parse().ok()
    }
}

/// As one segment of a path, or one word of a query.
fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Dots too: a name cannot climb to another path.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, site: Site<'_>, want: Option<&str>) {
        let uri = UrlTemplate::new(template).unwrap().of(&site);
        assert_eq!(uri.map(|uri| uri.to_string()).as_deref(), want);
    }

    #[test]
    fn names_of_the_definition_are_put_in() {
        let site = Site {
            state: "Take / pay?",
            resource: "arn:aws:lambda:us-east-1:111122223333:function:Take.Payment:live",
            function_name: None,
        };
        check(
            "http://f:80/{function}",
            site,
            Some("http://f:80/Take%2EPayment"),
        );
        let want = "https://f/a?s=Take%20%2F%20pay%3F&b";
        check("https://f/a?s={state}&b", site, Some(want));
        let nameless = Site {
            resource: "local:x",
            ..site
        };
        check("http://f/{function}", nameless, None);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, want) in [
            ("functions/x", "functions/x is not a URL of http or https"),
            ("ftp://f/x", "ftp://f/x is not a URL of http or https"),
            ("http://f/{event}", "{event} is not {function} or {state}"),
            (
                "http://{function}.example.com/",
                "names of the definition cannot choose the host",
            ),
            (
                "http://me:secret@f/",
                "a URL has a host, and no credentials: those belong into auth",
            ),
        ] {
            assert_eq!(UrlTemplate::new(text).unwrap_err(), want);
        }
    }

    #[test]
    fn a_query_is_not_shown() {
        let template = UrlTemplate::new("https://f/{function}?key=hunter2").unwrap();
        assert_eq!(template.for_people(), "https://f/{function}");
    }
}
