//! What a claims file says.

use super::measure::Measure;
use super::need::Need;
use super::tolerance::{Comparison, Tolerance};
use super::value::ClaimValue;
use crate::analysis::Basis;
use crate::analysis::failure::FileProblem;
use crate::metrics::Pack;
use std::collections::BTreeMap;

/// Published numbers, and what was found wrong with some of them.
#[derive(Debug, Clone)]
pub struct ClaimsFile {
    /// Name.
    pub name: String,
    /// Where the numbers were published.
    pub source: String,
    /// Packs whose metrics are columns.
    pub packs: Vec<Pack>,
    /// What costs are based on.
    pub basis: Basis,
    /// Places in the source, by the letter or word that claims cite.
    pub sources: BTreeMap<String, String>,
    /// Claims, in their order.
    pub claims: Vec<Claim>,
    /// Claims that cannot be read: id and problem.
    pub problems: Vec<(String, FileProblem)>,
    /// File name, for messages.
    pub file: String,
}

/// A published statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Identifier.
    pub id: String,
    /// The statement, as a fact.
    pub quote: String,
    /// Where it stands.
    pub source: String,
    /// How it is computed; `None` when no trace can say.
    pub formula: Option<Formula>,
    /// A query with rounded inputs that gives the published value.
    pub rounded_from: Option<String>,
    /// What was published.
    pub published: ClaimValue,
    /// How the value must stand to the published one.
    pub comparison: Comparison,
    /// How far it may be off, per published value.
    pub tolerance: Vec<Tolerance>,
    /// Whether the file fails when it does not agree.
    pub must: bool,
    /// Unit, empty when it has none.
    pub unit: String,
    /// What else is to be known.
    pub note: String,
    /// What the store must hold for it.
    pub needs: Vec<Need>,
    /// Why it cannot be computed from any store, when it has no formula.
    pub untestable: String,
    /// The runs that it is about.
    pub runs: Runs,
    /// Line that it is at.
    pub line: usize,
    /// Line of its query.
    pub sql_line: usize,
}

/// How a claim is computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// A query; its one row or its one column is the value.
    Query(String),
    /// A statistic of one or two columns of a query.
    Measure {
        /// The statistic.
        measure: Measure,
        /// The query, one column per argument.
        query: String,
    },
    /// A pass rate per stage.
    Collapse {
        /// Which of the three rates.
        measure: Measure,
        /// Score at or above which a stage counts as passed.
        gate: f64,
        /// Stages, in this order; every stage when `None`.
        at: Option<Vec<i64>>,
    },
}

/// The runs that a claim is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runs {
    /// Their workload; the only one of the store when `None`.
    pub workload: Option<String>,
    /// Their models; all when empty.
    pub models: Vec<String>,
    /// Models that are left out.
    pub without: Vec<String>,
    /// How many there must be.
    pub count: Option<usize>,
}
