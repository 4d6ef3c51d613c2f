//! What each format carries and what it lacks, for those who choose what to keep of their runs.

use super::Format;

/// What a format says of a run. Texts are a few words; what a log lacks is null in its trace.
#[derive(Debug, Clone, Copy)]
pub struct Coverage {
    /// The format.
    pub format: Format,
    /// What is one LLM call in it.
    pub calls: &'static str,
    /// Its token counts, and how sure they are.
    pub tokens: &'static str,
    /// Its costs, and whose they are.
    pub cost: &'static str,
    /// Its times.
    pub times: &'static str,
    /// How commands ended.
    pub exit_codes: &'static str,
    /// Its grades.
    pub grades: &'static str,
}

/// One row of the table.
const fn row(format: Format, of: [&'static str; 6]) -> Coverage {
    let [calls, tokens, cost, times, exit_codes, grades] = of;
    Coverage { format, calls, tokens, cost, times, exit_codes, grades }
}

/// Every format.
#[rustfmt::skip]
pub const COVERAGE: &[Coverage] = &[
    //                           calls               tokens                              cost                      times                   exit codes           grades
    row(Format::Harbor,         ["of its agent log", "of its agent log, against totals", "total of the trial",     "yes",                  "of its agent log",  "reward, tests"]),
    row(Format::OpenHands,      ["response",         "final, per call",                  "per call",               "aligned to UTC",       "yes",               "score per stage"]),
    row(Format::Atif,           ["step",             "per step, as its writer counts",   "per step, or total",     "start of steps",       "where its writer adds them", "no"]),
    row(Format::ClaudeCode,     ["message",          "final; partial without an end",    "old files: estimate",    "yes",                  "of failed commands", "no"]),
    row(Format::ClaudeStream,   ["message",          "totals of the result line",        "client's estimate",      "of results, if any",   "of failed commands", "no"]),
    row(Format::Codex,          ["request",          "final, from counters",             "no",                     "yes",                  "from output",       "no"]),
    row(Format::CodexExec,      ["turn",             "totals of turns",                  "no",                     "no",                   "yes",               "no"]),
    row(Format::Gemini,         ["message",          "final",                            "no",                     "yes",                  "from output",       "no"]),
    row(Format::SweAgent,       ["step",             "total, estimated by the client",   "total",                  "length of commands",   "no",                "no"]),
    row(Format::MiniSweAgent,   ["reply",            "final; version 1: none",           "per call, or total",     "yes",                  "yes",               "no"]),
    row(Format::OpenHandsLegacy, ["response",        "final, per call",                  "per call, where priced", "local, aligned if possible", "yes",         "where it was judged"]),
    row(Format::Inspect,        ["model event",      "final, by their total",            "where priced",           "yes",                  "of single commands", "scorers"]),
    row(Format::Otlp,           ["span",             "innermost spans",                  "where attributed",       "yes",                  "no",                "no"]),
    row(Format::RampReport,     ["no",               "no",                               "no",                     "end of the run",       "no",                "score per stage"]),
    row(Format::RampTable,      ["count",            "totals",                           "totals",                 "lengths",              "no",                "score per stage"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_one_row() {
        let mut formats: Vec<Format> = COVERAGE.iter().map(|c| c.format).collect();
        formats.sort_unstable();
        let mut all = Format::ALL.to_vec();
        all.sort_unstable();
        assert_eq!(formats, all);
    }
}
