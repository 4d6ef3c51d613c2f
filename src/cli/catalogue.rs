//! The figures that ramptrace draws: their names, what they show and what they are made from.

use super::CliError;
use crate::report::{Column, Kind, Table};

/// What a figure is made from; figures of one group are computed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Scores of stages.
    Scores,
    /// Costs and times.
    Costs,
    /// Why stages failed.
    Failures,
    /// The calls and events of single runs.
    Runs,
    /// Rankings, and what they depend on.
    Rankings,
}

/// A figure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is made from.
    pub(super) group: Group,
    /// What it shows.
    pub(super) shows: &'static str,
}

const fn entry(name: &'static str, group: Group, shows: &'static str) -> Entry {
    Entry { name, group, shows }
}

/// Every figure, in the order in which a reader wants them.
pub(super) const CATALOGUE: &[Entry] = &[
    entry(
        "collapse",
        Group::Scores,
        "pass rates along the stages: marginal, conditional, survival",
    ),
    entry("matrix", Group::Scores, "score of every run at every stage"),
    entry(
        "trajectory",
        Group::Scores,
        "scores along the stages, run by run, with median and baseline",
    ),
    entry("gate_gap", Group::Scores, "mean score, and what a gate over every stage leaves of it"),
    entry(
        "frontier",
        Group::Costs,
        "score against cost, with what no other run and no mixture beats",
    ),
    entry("price_shift", Group::Costs, "cost per run as reported and at neutral prices"),
    entry("spread", Group::Costs, "cost per run, with median and quartiles"),
    entry("bridge", Group::Costs, "why the dearest run costs more than the cheapest"),
    entry("ledger", Group::Costs, "cost by stage and time by activity"),
    entry("budget", Group::Costs, "score reached for at most so much money, tokens, calls or time"),
    entry("failures", Group::Failures, "failed stages and their causes"),
    entry("incidence", Group::Failures, "first failures by cause, along the stages"),
    entry("transitions", Group::Failures, "pass and fail from one stage to the next"),
    entry("context", Group::Runs, "the prompts of a run, call by call"),
    entry("timeline", Group::Runs, "what a run did when: LLM, tools, grading, waiting"),
    entry("profile", Group::Rankings, "metrics of the pack side by side, as aligned bars"),
    entry("radar", Group::Rankings, "the same as radar charts, for those who must"),
    entry("rank_slope", Group::Rankings, "ranks under another pack"),
    entry("gate_sweep", Group::Rankings, "ranks along the gate"),
    entry("rank_acceptability", Group::Rankings, "ranks under random weights"),
    entry("leave_one_out", Group::Rankings, "ranks without each model"),
    entry(
        "specifications",
        Group::Rankings,
        "how far the ranking depends on every choice behind it",
    ),
];

/// The figure of a name.
pub(super) fn find(name: &str) -> Result<Entry, CliError> {
    if let Some(entry) = CATALOGUE.iter().find(|entry| entry.name == name) {
        return Ok(*entry);
    }
    let close = CATALOGUE
        .iter()
        .map(|entry| (strsim::damerau_levenshtein(entry.name, name), entry.name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let hint = close.map_or_else(
        || "`ramptrace figure --list` names all of them".to_owned(),
        |(_, name)| format!("did you mean `{name}`? `ramptrace figure --list` names all of them"),
    );
    Err(CliError::usage(format!("there is no figure `{name}`")).hint(hint))
}

/// The catalogue as a table.
pub(super) fn table() -> Result<Table, CliError> {
    let columns = vec![
        Column::new("figure", "Figure", Kind::Text),
        Column::new("shows", "Shows", Kind::Text),
    ];
    let mut table = Table::new("figures", "", columns)?;
    for entry in CATALOGUE {
        table.push(vec![entry.name.into(), entry.shows.into()])?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_met_with_the_nearest_name() {
        assert_eq!(find("frontier").unwrap().group, Group::Costs);
        let hint = |name: &str| find(name).unwrap_err().to_string();
        assert_eq!(hint("fronteir"), "there is no figure `fronteir`");
    }
}
