//! The options that choose a cost basis, shared by every command that shows money.

use super::CliError;
use crate::analysis::Basis;
use crate::ledger::{Books, PriceBook, PriceError};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// A cost basis on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum CostBasis {
    /// What the log says
    #[default]
    Reported,
    /// Tokens times a dated price book
    List,
    /// Tokens times 1 : 0.1 : 5 USD per million (uncached input, cache read, output)
    Neutral,
}

impl CostBasis {
    pub(super) const fn basis(self) -> Basis {
        match self {
            Self::Reported => Basis::Reported,
            Self::List => Basis::List,
            Self::Neutral => Basis::Neutral,
        }
    }
}

/// Which costs, and whose prices.
#[derive(Debug, Args)]
pub(super) struct BasisArgs {
    /// Cost basis
    #[arg(long, value_enum, default_value_t = CostBasis::Reported, value_name = "BASIS")]
    cost: CostBasis,
    /// A price book (TOML) on top of the built-in one; may be given several times
    #[arg(long, visible_alias = "book", value_name = "BOOK")]
    reprice: Vec<PathBuf>,
}

impl BasisArgs {
    pub(super) fn basis(&self) -> Basis {
        self.cost.basis()
    }

    /// The books on top of the built-in one.
    pub(super) fn books_given(&self) -> &[PathBuf] {
        &self.reprice
    }

    /// The texts of the books on top of the built-in one.
    pub(super) fn texts(&self) -> Result<Vec<String>, CliError> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|e| CliError::io("read", path, e))
        };
        self.reprice.iter().map(read).collect()
    }

    /// Whether a price book was given.
    pub(super) fn repriced(&self) -> bool {
        !self.reprice.is_empty()
    }

    /// The built-in book with the given ones on top.
    pub(super) fn books(&self) -> Result<Books, CliError> {
        let mut books = vec![PriceBook::builtin()?];
        for (path, text) in self.reprice.iter().zip(self.texts()?) {
            books.push(PriceBook::parse(&path.to_string_lossy(), &text)?);
        }
        Ok(Books::stack(books)?)
    }
}

impl From<PriceError> for CliError {
    fn from(error: PriceError) -> Self {
        let hint = error.hint();
        let failed = Self::data(error.to_string());
        match hint {
            Some(hint) => failed.hint(hint),
            None => failed,
        }
    }
}
