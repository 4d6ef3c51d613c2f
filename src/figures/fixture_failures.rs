//! Made-up failures: the published stage scores of fifteen runs with causes made to fit, and
//! invented ones for other sizes.

use crate::analysis::{
    CauseCount, CauseIncidence, ContextRamp, CumulativeIncidence, FailureMap, FailureMapCell,
    FailureMapRow, Outcome, RampCall, TransitionCounts, TransitionMatrix,
};

use super::fixture::name;
use super::fixture_ranks::PUBLISHED;
use super::number::real;

const WORKLOAD: &str = "engineer-500";
const GATE: f64 = 60.0;

/// How the stages of each published run ended: a letter of [`CAUSES`] for a failure; `P` passed,
/// `N` not attempted with the context exhausted, `-` not attempted for no known reason, `X` no
/// tests after a broken build, `I` infrastructure, `Q` not attempted after it, `U` no score.
const ENDINGS: [&str; 15] = [
    "PPPPPP", "PPPPwP", "PPPPIQ", "PPwwgP", "PPPPNN", "PPwwtw", "PPwlN-", "PPwwwX", "PPwcNN",
    "PPXXwX", "PbPcNN", "PPNNNN", "PwggtX", "PPblt?", "PgcN-U",
];
const CAUSES: [(char, &str); 8] = [
    ('w', "wrong answer"),
    ('c', "context exhausted"),
    ('b', "build broken"),
    ('g', "gave up"),
    ('l', "loop"),
    ('t', "tool misuse"),
    ('s', "scope misread"),
    ('a', "answer not saved"),
];

fn cell(ending: char, score: f64) -> FailureMapCell {
    let cause = CAUSES.iter().find(|(letter, _)| *letter == ending).map(|(_, cause)| *cause);
    let (outcome, cause) = match ending {
        'P' => (Outcome::Passed, None),
        'N' => (Outcome::NotAttempted, Some("context exhausted")),
        '-' => (Outcome::NotAttempted, None),
        'X' => (Outcome::NoTests, Some("build broken")),
        'I' => (Outcome::Infra, Some("gateway timeout")),
        'Q' => (Outcome::NotAttempted, Some("gateway timeout")),
        'U' => (Outcome::Unscored, None),
        _ => (Outcome::Failed, cause),
    };
    let score = match outcome {
        Outcome::Unscored => None,
        Outcome::Passed if score < GATE => Some(GATE + 0.4 * score),
        Outcome::Failed | Outcome::NoTests | Outcome::Infra if score >= GATE => Some(0.5 * score),
        _ => Some(score),
    };
    FailureMapCell { outcome, score, cause: cause.map(str::to_owned) }
}

/// A run that is none of the published ones: passes to begin with, then turns through endings.
fn invented(index: usize, stages: usize) -> Vec<FailureMapCell> {
    let turns: Vec<char> = "wPbwcPgXwltPwIsaU?PwgN".chars().collect();
    let depth = (index * 7 + 3) % (stages + 2);
    let ending = |stage: usize| {
        if stage < depth { 'P' } else { turns[(index * 5 + stage * 3) % turns.len()] }
    };
    let score = |stage: usize| real((index * 31 + stage * 47) % 101) * 0.993;
    (0..stages).map(|stage| cell(ending(stage), score(stage))).collect()
}

/// The failures of as many runs; up to fifteen runs with up to six stages are the published ones.
pub(crate) fn map(runs: usize, stages: usize) -> FailureMap {
    let published = |index: usize| {
        let (label, scores) = PUBLISHED[index];
        let cells = ENDINGS[index].chars().zip(scores).take(stages);
        (label.to_owned(), cells.map(|(ending, score)| cell(ending, score)).collect())
    };
    let is_published = runs <= PUBLISHED.len() && stages <= 6;
    let row = |index: usize| {
        let (label, cells): (String, Vec<FailureMapCell>) =
            if is_published { published(index) } else { (name(index), invented(index, stages)) };
        let depth = cells.iter().take_while(|cell| cell.outcome == Outcome::Passed).count();
        FailureMapRow { label, depth, cells }
    };
    let mut rows: Vec<FailureMapRow> = (0..runs).map(row).collect();
    let mean = |row: &FailureMapRow| {
        let scores = || row.cells.iter().filter_map(|cell| cell.score);
        scores().sum::<f64>() / real(scores().count().max(1))
    };
    rows.sort_by(|a, b| b.depth.cmp(&a.depth).then(mean(b).total_cmp(&mean(a))));
    let mut causes: Vec<CauseCount> = Vec::new();
    for cause in rows.iter().flat_map(|row| &row.cells).filter_map(|cell| cell.cause.clone()) {
        match causes.iter_mut().find(|one| one.cause == cause) {
            Some(one) => one.stages += 1,
            None => causes.push(CauseCount { cause, stages: 1 }),
        }
    }
    causes.sort_by_key(|one| std::cmp::Reverse(one.stages));
    let stages = (0..i64::try_from(stages).unwrap()).collect();
    FailureMap { workload: WORKLOAD.to_owned(), gate: GATE, stages, causes, rows }
}

/// First failures of the runs of [`map`]; infrastructure censors.
pub(crate) fn incidence(runs: usize, stages: usize) -> CumulativeIncidence {
    let map = map(runs, stages);
    let mut causes: Vec<CauseIncidence> = Vec::new();
    let (mut surviving, mut at_risk) = (Vec::new(), Vec::new());
    let (mut left, mut censored, mut alive) = (1.0, 0, map.rows.iter().collect::<Vec<_>>());
    for stage in 0..stages {
        alive.retain(|row| row.cells[..stage].iter().all(|c| c.outcome == Outcome::Passed));
        let is_infra = |row: &&&FailureMapRow| row.cells[stage].outcome == Outcome::Infra;
        censored += u64::try_from(alive.iter().filter(is_infra).count()).unwrap();
        alive.retain(|row| row.cells[stage].outcome != Outcome::Infra);
        at_risk.push(u64::try_from(alive.len()).unwrap());
        for one in &mut causes {
            one.shares.push(one.shares.last().copied().unwrap_or(0.0));
        }
        let step = left / real(alive.len().max(1));
        for row in alive.iter().filter(|row| row.cells[stage].outcome != Outcome::Passed) {
            let cause = row.cells[stage].cause.clone().unwrap_or_else(|| "unknown".to_owned());
            let known = causes.iter().position(|one| one.cause == cause);
            let index = known.unwrap_or_else(|| {
                causes.push(CauseIncidence { cause, shares: vec![0.0; stage + 1] });
                causes.len() - 1
            });
            causes[index].shares[stage] += step;
            left -= step;
        }
        surviving.push(f64::max(left, 0.0));
    }
    let last = |one: &CauseIncidence| one.shares.last().copied().unwrap_or(0.0);
    causes.sort_by(|a, b| last(b).total_cmp(&last(a)));
    CumulativeIncidence {
        workload: WORKLOAD.to_owned(),
        gate: GATE,
        runs,
        stages: map.stages,
        at_risk,
        causes,
        surviving,
        censored,
    }
}

/// A prompt that grows, with a cache that warms up and a compaction every `every` calls. The
/// stages take more and more calls each.
pub(crate) fn ramp(calls: usize, stages: usize, every: Option<usize>) -> ContextRamp {
    let mut tokens = 8826.0;
    let mut all = Vec::new();
    let mut compactions = Vec::new();
    for index in 0..calls {
        let noise = real((index * 7919 + 13) % 97) / 97.0;
        if every.is_some_and(|every| index > 0 && index.is_multiple_of(every)) {
            compactions.push(index);
            tokens *= 0.3;
        } else if index > 0 {
            tokens += (120_000.0 / real(calls.min(200))) * (0.2 + 1.6 * noise * noise);
        }
        let input_tokens = format!("{tokens:.0}").parse().unwrap();
        let part = (real(index) / real(index + 1)).sqrt();
        let cached = if index % 23 == 11 { 0.0 } else { tokens * part };
        let turn = (real(index) / real(calls)).sqrt() * real(stages);
        let stage = (0..stages).take_while(|stage| real(*stage + 1) <= turn).count();
        all.push(RampCall {
            stage: (stages > 0 && index % 400 != 399).then(|| i64::try_from(stage).unwrap()),
            input_tokens,
            cache_read_tokens: Some(format!("{cached:.0}").parse().unwrap()),
        });
    }
    let most = all.iter().map(|call| call.input_tokens).max();
    let total: i64 = all.iter().map(|call| call.input_tokens).sum();
    let ratio = |most: i64| f64::from(u32::try_from(100 * total / most).unwrap()) / 100.0;
    ContextRamp {
        workload: WORKLOAD.to_owned(),
        label: "deepseek-chat".to_owned(),
        calls: all,
        limit: Some(131_072),
        compactions,
        slope: (calls > 1).then_some(120_000.0 / real(calls.min(200)) * 0.73),
        snowball: most.map(ratio),
        ended: "context_exceeded".to_owned(),
    }
}

/// Pass and fail along the stages of [`map`].
pub(crate) fn transitions(runs: usize, stages: usize) -> TransitionMatrix {
    let map = map(runs, stages);
    let mut pooled = TransitionCounts::default();
    let mut pairs = Vec::new();
    for stage in 1..stages {
        let mut cell = TransitionCounts::default();
        for row in &map.rows {
            let passed = |stage: usize| row.cells[stage].outcome == Outcome::Passed;
            for one in [&mut cell, &mut pooled] {
                match (passed(stage - 1), passed(stage)) {
                    (true, true) => one.pass_pass += 1,
                    (true, false) => one.pass_fail += 1,
                    (false, true) => one.fail_pass += 1,
                    (false, false) => one.fail_fail += 1,
                }
            }
        }
        pairs.push((map.stages[stage], cell));
    }
    TransitionMatrix {
        workload: WORKLOAD.to_owned(),
        gate: GATE,
        runs,
        pooled,
        stages: pairs,
        reading: "Association, not effect: a run that passed a stage is also the stronger run, so \
                  the rows differ even where a failure does no harm to what follows."
            .to_owned(),
    }
}
