//! Made-up rankings: the published stage scores of fifteen runs, and invented ones for other sizes.

use crate::analysis::{
    AcceptabilityRow, Choice, CohortPerturbation, GateSweep, PerturbationRow, RankAcceptability,
    Specification, SpecificationCurve, SweepRow,
};

use super::fixture::name;
use super::number::real;

const STAGES: usize = 6;
const WORKLOAD: &str = "engineer-500";

/// Stage scores of engineer-500 by model.
pub(super) const PUBLISHED: [(&str, [f64; STAGES]); 15] = [
    ("claude-opus-4-7", [100.0, 100.0, 100.0, 100.0, 68.4, 100.0]),
    ("deepseek-v4-pro", [100.0, 100.0, 100.0, 83.56, 38.63, 100.0]),
    ("gpt-5.5", [100.0, 100.0, 100.0, 100.0, 48.25, 0.0]),
    ("deepseek-v4-flash", [100.0, 100.0, 31.62, 36.99, 38.96, 100.0]),
    ("qwen3.6-max-preview", [100.0, 100.0, 100.0, 65.75, 34.95, 0.0]),
    ("kimi-k2.5", [100.0, 100.0, 22.18, 24.66, 39.7, 9.38]),
    ("kimi-k2.6", [100.0, 95.92, 31.35, 1.37, 37.47, 0.0]),
    ("glm-4.6", [100.0, 67.36, 38.48, 1.37, 39.64, 0.0]),
    ("deepseek-chat", [100.0, 72.93, 30.89, 0.0, 35.7, 0.0]),
    ("qwen3.5-plus", [100.0, 100.0, 0.0, 0.0, 38.04, 0.0]),
    ("glm-5.1", [100.0, 0.0, 97.66, 0.0, 36.62, 0.0]),
    ("glm-4.7", [100.0, 94.82, 0.0, 1.37, 36.17, 0.0]),
    ("qwen3-coder-flash", [100.0, 56.02, 20.55, 1.37, 35.14, 0.0]),
    ("minimax-m2.5", [100.0, 64.22, 0.0, 2.74, 36.37, 0.0]),
    ("deepseek-reasoner", [100.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
];

/// Numbers from 0 to 1 that look random and are always the same (`SplitMix64`).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap()) + 0.5) / f64::from(u32::MAX)
    }
}

/// Labels and stage scores.
fn cohort(runs: usize) -> Vec<(String, [f64; STAGES])> {
    if runs <= PUBLISHED.len() {
        return PUBLISHED[..runs].iter().map(|(name, s)| ((*name).to_owned(), *s)).collect();
    }
    let mut noise = Noise(7);
    let scores = |index: usize, noise: &mut Noise| {
        let skill = 1.0 - real(index) / real(runs);
        std::array::from_fn(|_| {
            (100.0 * (0.7 * skill + 0.5 * noise.next() - 0.1)).clamp(0.0, 100.0)
        })
    };
    (0..runs).map(|index| (name(index), scores(index, &mut noise))).collect()
}

/// Ranks of values, 1 is the largest; ties share the mean rank.
fn ranks(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let rank = |value: f64| {
        let others = || values.iter().flatten();
        let above = others().filter(|other| **other > value + 1e-9).count();
        let level = others().filter(|other| (**other - value).abs() <= 1e-9).count();
        real(above) + f64::midpoint(real(level), 1.0)
    };
    values.iter().map(|value| value.map(rank)).collect()
}

fn tau_b(a: &[Option<f64>], b: &[Option<f64>]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> =
        a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    let (mut sum, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    let sign = |x: f64| if x.abs() < 1e-9 { 0.0 } else { x.signum() };
    for (index, one) in pairs.iter().enumerate() {
        for other in &pairs[index + 1..] {
            let (da, db) = (sign(one.0 - other.0), sign(one.1 - other.1));
            sum += da * db;
            of_a += da.abs();
            of_b += db.abs();
        }
    }
    (of_a > 0.0 && of_b > 0.0).then(|| sum / f64::sqrt(of_a * of_b))
}

/// The share of passed stages against the gate; from the eighth run on every seventh has gaps.
pub(crate) fn gate_sweep(runs: usize, thresholds: usize) -> GateSweep {
    let cohort = cohort(runs);
    let gates: Vec<f64> =
        (0..thresholds).map(|index| 100.0 * (real(index) + 1.0) / real(thresholds)).collect();
    let value = |index: usize, gate: f64| {
        let (_, scores) = &cohort[index];
        let is_gap = index % 7 == 6 && (gate > 80.0 || (index == 13 && gate < 20.0));
        let passed = scores.iter().filter(|score| **score >= gate).count();
        let partial: f64 = scores.iter().filter(|score| **score >= gate).sum();
        (!is_gap).then(|| real(passed) + partial / 6000.0)
    };
    let default = 60.0;
    let column = |gate: f64| (0..runs).map(|index| value(index, gate)).collect::<Vec<_>>();
    let at_default = ranks(&column(default));
    let columns: Vec<Vec<Option<f64>>> = gates.iter().map(|gate| ranks(&column(*gate))).collect();
    let mut order: Vec<usize> = (0..runs).collect();
    order.sort_by(|a, b| at_default[*a].partial_cmp(&at_default[*b]).unwrap());
    let row = |index: usize| SweepRow {
        label: cohort[index].0.clone(),
        values: gates.iter().map(|gate| value(index, *gate)).collect(),
        ranks: columns.iter().map(|column| column[index]).collect(),
    };
    GateSweep {
        workload: WORKLOAD.to_owned(),
        metric: "pass rate (PR)".to_owned(),
        unit: String::new(),
        parameter: "gate".to_owned(),
        default,
        tau_b: columns.iter().map(|column| tau_b(column, &at_default)).collect(),
        thresholds: gates.clone(),
        rows: order.into_iter().map(row).collect(),
        unranked: Vec::new(),
    }
}

/// Weights drawn uniformly; ties split evenly over their ranks.
pub(crate) fn acceptability(runs: usize) -> RankAcceptability {
    const DRAWS: u32 = 400;
    let cohort = cohort(runs);
    let mut noise = Noise(42);
    let mut shares = vec![vec![0.0; runs]; runs];
    for _ in 0..DRAWS {
        let weights: [f64; STAGES] = std::array::from_fn(|_| -noise.next().ln());
        let value = |scores: &[f64]| scores.iter().zip(weights).map(|(s, w)| s * w).sum::<f64>();
        let values: Vec<_> = cohort.iter().map(|(_, scores)| Some(value(scores))).collect();
        let ranks = ranks(&values);
        for (index, rank) in ranks.iter().enumerate() {
            let level = ranks.iter().filter(|other| *other == rank).count();
            let above = ranks.iter().filter(|other| *other < rank).count();
            for share in &mut shares[index][above..above + level] {
                *share += 1.0 / f64::from(DRAWS) / real(level);
            }
        }
    }
    let row = |((label, _), shares): (&(String, [f64; STAGES]), Vec<f64>)| {
        let held = || shares.iter().enumerate().filter(|(_, share)| **share > 0.0);
        AcceptabilityRow {
            label: label.clone(),
            mean_rank: shares.iter().enumerate().map(|(i, share)| (real(i) + 1.0) * share).sum(),
            best: held().next().map_or(0, |(index, _)| index + 1),
            worst: held().next_back().map_or(0, |(index, _)| index + 1),
            central_weights: None,
            shares,
        }
    };
    let mut rows: Vec<_> = cohort.iter().zip(shares).map(row).collect();
    rows.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank));
    RankAcceptability {
        workload: WORKLOAD.to_owned(),
        criteria: (0..STAGES).map(|stage| format!("T{stage}")).collect(),
        samples: DRAWS,
        seed: 42,
        rows,
        unranked: Vec::new(),
    }
}

/// Mean of the stage scores, each stretched to the span of the runs that are there.
fn stretched(scores: &[[f64; STAGES]]) -> Vec<Option<f64>> {
    let span = |stage: usize| {
        let of = || scores.iter().map(|run| run[stage]);
        (of().fold(f64::INFINITY, f64::min), of().fold(f64::NEG_INFINITY, f64::max))
    };
    let spans: Vec<(f64, f64)> = (0..STAGES).map(span).collect();
    let part = |(score, (low, high)): (&f64, &(f64, f64))| (score - low) / (high - low).max(1.0);
    scores.iter().map(|run| Some(run.iter().zip(&spans).map(part).sum())).collect()
}

/// A score that depends on who else is there, so that leaving one out moves others.
pub(crate) fn perturbation(runs: usize) -> CohortPerturbation {
    let mut cohort = cohort(runs);
    let whole = ranks(&stretched(&cohort.iter().map(|(_, scores)| *scores).collect::<Vec<_>>()));
    let mut order: Vec<usize> = (0..runs).collect();
    order.sort_by(|a, b| whole[*a].partial_cmp(&whole[*b]).unwrap());
    cohort = order.into_iter().map(|index| cohort[index].clone()).collect();
    let scores: Vec<[f64; STAGES]> = cohort.iter().map(|(_, scores)| *scores).collect();
    let all = stretched(&scores);
    let row = |out: usize| {
        let kept = |values: &[Option<f64>]| {
            let values = values.iter().enumerate().filter(|(index, _)| *index != out);
            ranks(&values.map(|(_, value)| *value).collect::<Vec<_>>())
        };
        let others: Vec<[f64; STAGES]> =
            (0..runs).filter(|index| *index != out).map(|index| scores[index]).collect();
        let (before, after) = (kept(&all), ranks(&stretched(&others)));
        let mut moves: Vec<Option<f64>> =
            before.iter().zip(&after).map(|(b, a)| Some((*b)? - (*a)?)).collect();
        moves.insert(out, None);
        PerturbationRow {
            left_out: cohort[out].0.clone(),
            max_move: moves.iter().flatten().fold(0.0, |most, by| f64::max(most, by.abs())),
            moves,
            tau_b: tau_b(&before, &after),
        }
    };
    let mut rows: Vec<PerturbationRow> = (0..runs).map(row).collect();
    rows.sort_by(|a, b| b.max_move.total_cmp(&a.max_move));
    CohortPerturbation {
        workload: WORKLOAD.to_owned(),
        metric: "normalised score".to_owned(),
        runs: cohort.into_iter().map(|(label, _)| label).collect(),
        rows,
        unranked: Vec::new(),
    }
}

const CHOICES: [(&str, [&str; 4]); 5] = [
    ("gate", ["60", "50", "80", "100"]),
    ("aggregate", ["mean of stages", "passed stages", "last stage reached", "best stage"]),
    ("failed requests", ["as logged", "left out", "repriced", "as zero"]),
    ("cost basis", ["reported", "list price", "neutral price", "no cache"]),
    ("ties", ["mean rank", "best rank", "worst rank", "in order"]),
];

/// Every combination of as many options for each choice; the fourth choice changes nothing.
pub(crate) fn specification(sizes: &[usize]) -> SpecificationCurve {
    let mut combinations: Vec<Vec<usize>> = vec![Vec::new()];
    for &size in sizes {
        let longer = |options: Vec<usize>| {
            (0..size).map(move |option| options.iter().copied().chain([option]).collect())
        };
        combinations = combinations.into_iter().flat_map(longer).collect();
    }
    let ranking = |options: &[usize]| {
        let [gate, aggregate, failed, _, _] =
            std::array::from_fn(|choice| options.get(choice).copied().unwrap_or(0));
        let gate = [60.0, 50.0, 80.0, 100.0][gate];
        let value = |scores: &[f64; STAGES]| {
            let passed = || scores.iter().filter(|score| **score >= gate);
            let reached = scores.iter().take_while(|score| **score >= gate).count();
            let value = match aggregate {
                0 => scores.iter().sum::<f64>() / 6.0 + 5.0 * real(passed().count()),
                1 => real(passed().count()),
                2 => real(reached) * 10.0,
                _ => scores[1..].iter().copied().fold(0.0, f64::max),
            };
            value + real(failed) * scores[4] * 0.2
        };
        ranks(&PUBLISHED.iter().map(|(_, scores)| Some(value(scores))).collect::<Vec<_>>())
    };
    let pack = ranking(&vec![0; sizes.len()]);
    let specification = |options: Vec<usize>| {
        let ranks = ranking(&options);
        let best = ranks.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let is_first = |rank: &Option<f64>| rank.is_some_and(|rank| rank <= best);
        let named = PUBLISHED.iter().zip(&ranks).filter(|(_, rank)| is_first(rank));
        Specification {
            tau_b: tau_b(&ranks, &pack),
            first: named.map(|((label, _), _)| (*label).to_owned()).collect(),
            is_default: options.iter().all(|option| *option == 0),
            options,
        }
    };
    let mut specifications: Vec<_> = combinations.into_iter().map(specification).collect();
    specifications.sort_by(|a, b| a.tau_b.partial_cmp(&b.tau_b).unwrap());
    let choice = |(index, &size): (usize, &usize)| Choice {
        name: CHOICES[index].0.to_owned(),
        options: CHOICES[index].1[..size].iter().map(|text| (*text).to_owned()).collect(),
        inert: index == 3 || size < 2,
    };
    SpecificationCurve {
        workload: WORKLOAD.to_owned(),
        metric: "pass score (PS)".to_owned(),
        axes: sizes.iter().enumerate().map(choice).collect(),
        possible: specifications.len(),
        specifications,
    }
}
