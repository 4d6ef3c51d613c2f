//! What can go wrong before anything is masked: rules and keys, with file and line.

use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// An error of redaction.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum RedactError {
    #[error("{}", listed(problems))]
    Rules { problems: Vec<RuleProblem> },

    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },

    #[error("{} is no redaction key: a key is 64 hexadecimal digits", path.display())]
    BadKey { path: PathBuf },

    #[error("the operating system gives no random numbers: {problem}")]
    NoRandomness { problem: String },

    #[error("too many secrets are known: {problem}")]
    TooManySecrets { problem: String },
}

impl RedactError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Rules { .. } => {
                "schemas/redaction-rules.schema.json describes the file; patterns are those of the Rust crate regex".into()
            }
            Self::BadKey { path } => format!(
                "put the key back from a copy, or remove {} and have a new one made: pseudonyms of another key differ",
                path.display()
            ),
            Self::TooManySecrets { .. } => "unset variables that hold whole files".into(),
            _ => return None,
        })
    }
}

/// One thing that is wrong with a rules file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct RuleProblem {
    /// File that it is in.
    pub file: String,
    /// Line that it is at, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

fn listed(problems: &[RuleProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
