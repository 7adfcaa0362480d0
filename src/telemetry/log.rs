//! Log set-up: text for people, JSON for machines, always on stderr. Payloads are never logged above `trace`.

use std::io::IsTerminal;

use schemars::JsonSchema;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// The `log` section of a config.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `text` or `json`.
    pub format: LogFormat,
    /// A level (`error`, `warn`, `info`, `debug`, `trace`) or directives such as `info,expressd::source=debug`.
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line each.
    #[default]
    Text,
    /// One JSON object each.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogInitError {
    /// The `level` is neither a level nor directives.
    #[error("log.level \"{level}\" is neither a level nor directives")]
    Level {
        /// As configured.
        level: String,
        /// What was wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Somebody else has set up logging in this process.
    #[error("logging is set up already")]
    Twice,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            format: LogFormat::Text,
            level: "info".to_string(),
        }
    }
}

impl LogConfig {
    /// The directives as a filter.
    fn filter(&self) -> Result<EnvFilter, LogInitError> {
        EnvFilter::try_new(&self.level).map_err(|source| LogInitError::Level {
            level: self.level.clone(),
            source,
        })
    }

    /// Whether `level` can be used, without setting anything up.
    pub fn check(&self) -> Result<(), LogInitError> {
        self.filter().map(drop)
    }
}

/// Sets up logging for the process.
pub fn init_log(config: &LogConfig) -> Result<(), LogInitError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(config.filter()?)
        .with_writer(std::io::stderr);
    let installed = match config.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init(),
    };
    installed.map_err(|_| LogInitError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(level: &str, ok: bool) {
        let config = LogConfig {
            level: level.to_string(),
            ..LogConfig::default()
        };
        assert_eq!(config.check().is_ok(), ok, "{level}");
    }

    #[test]
    fn levels_and_directives_are_accepted() {
        check("info", true);
        check("info,expressd::source=debug", true);
        check("expressd=loud", false);
    }
}
