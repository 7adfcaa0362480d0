//! Why an exchange came to nothing.

use std::error::Error;
use std::time::Duration;

use super::resolver::Refused;
use crate::units::HumanDuration;

/// No response, or not all of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection, or one that broke: in words.
    Connection(String),
    /// Nobody may call this address: in words.
    Refused(String),
    /// A deadline of the config passed: in words.
    Late(String),
    /// The response has more bytes than this.
    TooLarge(usize),
}

/// Sources that are told, from the outside in; nobody reads more.
const SOURCES: usize = 6;

impl Failure {
    pub(super) fn late(name: &str, after: Duration) -> Failure {
        let after = HumanDuration(after);
        Failure::Late(format!("the {name} timeout of {after} passed"))
    }

    pub(super) fn request(authority: &str, error: &hyper_util::client::legacy::Error) -> Failure {
        let mut source: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(found) = source {
            if let Some(refused) = found.downcast_ref::<Refused>() {
                return Failure::Refused(refused.to_string());
            }
            source = found.source();
        }
        Failure::Connection(format!("{authority}: {}", words(error)))
    }

    pub(super) fn body(authority: &str, error: &hyper::Error) -> Failure {
        Failure::Connection(format!("{authority}: {}", words(error)))
    }
}

/// What the sources say, each thing once.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next
        && words.len() < SOURCES
    {
        let text = error.to_string();
        if !words.iter().any(|known| known.contains(&text)) {
            words.push(text);
        }
        next = error.source();
    }
    words.join(": ")
}
