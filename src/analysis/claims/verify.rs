//! Verdicts: each claim recomputed, and compared with what was published.

use super::claim::{Claim, ClaimsFile, Formula};
use super::error::ClaimsError;
use super::measure::Measure;
use super::tolerance::{Comparison, Tolerance};
use super::value::{ClaimValue, shown_number};
use super::views::{Cut, Stop, Views};
use crate::analysis::{Collapse, cohorts};
use crate::rollup::Rollup;
use std::path::PathBuf;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The traces give the published value.
    Agrees,
    /// They do so only from inputs that were rounded on the way.
    Rounding,
    /// They give another value.
    Disagrees,
    /// They cannot say.
    NotTestable,
    /// The claim itself is wrong.
    Error,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] =
        [Self::Agrees, Self::Rounding, Self::Disagrees, Self::NotTestable, Self::Error];

    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Rounding => "rounding",
            Self::Disagrees => "disagrees",
            Self::NotTestable => "not_testable",
            Self::Error => "error",
        }
    }
}

/// A claim with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimResult {
    /// Identifier of the claim.
    pub id: String,
    /// The claim; `None` when it could not be read.
    pub claim: Option<Claim>,
    /// The verdict.
    pub verdict: Verdict,
    /// The value out of the traces, not rounded.
    pub recomputed: Option<ClaimValue>,
    /// The value from rounded inputs, where that is the published one.
    pub rounded: Option<ClaimValue>,
    /// Recomputed minus published, the largest of a list.
    pub difference: Option<f64>,
    /// Runs that the claim is about.
    pub runs: Option<usize>,
    /// Why, in a sentence.
    pub explanation: String,
    /// Line of the claim in its file.
    pub line: usize,
}

impl ClaimResult {
    /// Whether the file fails by it: it must agree and does not, or it is wrong.
    pub fn fails(&self) -> bool {
        let must = self.claim.as_ref().is_some_and(|c| c.must);
        self.verdict == Verdict::Error || (must && self.verdict != Verdict::Agrees)
    }
}

/// Checks the claims of a file, in its order. `rollup` holds the views of `files` with costs on the basis of the file.
pub fn verify(
    file: &ClaimsFile,
    rollup: &Rollup,
    files: &[PathBuf],
) -> Result<Vec<ClaimResult>, ClaimsError> {
    let mut views = Views::of(file, rollup, files)?;
    let mut results: Vec<ClaimResult> =
        file.claims.iter().map(|claim| checked(claim, &mut views, &file.file)).collect();
    results.extend(file.problems.iter().map(|(id, problem)| ClaimResult {
        id: id.clone(),
        claim: None,
        verdict: Verdict::Error,
        recomputed: None,
        rounded: None,
        difference: None,
        runs: None,
        explanation: problem.to_string(),
        line: problem.line,
    }));
    results.sort_by_key(|r| r.line);
    Ok(results)
}

fn checked(claim: &Claim, views: &mut Views, file: &str) -> ClaimResult {
    let mut result = ClaimResult {
        id: claim.id.clone(),
        claim: Some(claim.clone()),
        verdict: Verdict::NotTestable,
        recomputed: None,
        rounded: None,
        difference: None,
        runs: None,
        explanation: String::new(),
        line: claim.line,
    };
    if let Err(stop) = decide(claim, views, &mut result) {
        (result.verdict, result.explanation) = match stop {
            Stop::NotTestable(why) => (Verdict::NotTestable, why),
            Stop::Error(problem) => {
                let line = claim.sql_line;
                (Verdict::Error, format!("{file}:{line}: claim `{}`: {problem}", claim.id))
            }
        };
    }
    result
}

fn decide(claim: &Claim, views: &mut Views, result: &mut ClaimResult) -> Result<(), Stop> {
    let Some(formula) = &claim.formula else {
        return Err(Stop::NotTestable(format!("needs {}", claim.untestable)));
    };
    let files = views.files().to_vec();
    let cut = views.cut(&claim.runs)?;
    result.runs = Some(cut.ids.len());
    cut.check(&claim.needs, &files)?;
    let (value, left_out) = computed(formula, cut, &files)?;
    result.recomputed = Some(value.clone());
    let (agrees, difference) = compared(claim, &value)?;
    result.difference = difference;
    let mut why = if agrees { within(claim) } else { off(claim, difference) };
    result.verdict = if agrees { Verdict::Agrees } else { Verdict::Disagrees };
    if let (false, Some(sql)) = (agrees, &claim.rounded_from) {
        let rounded = ClaimValue::of(&cut.query(sql, &files)?)
            .map_err(|e| Stop::Error(format!("`rounded_from` {e}")))?;
        let reproduced = match compared(claim, &rounded) {
            Ok((same, _)) => same,
            Err(Stop::NotTestable(_)) => false,
            Err(Stop::Error(e)) => return Err(Stop::Error(format!("`rounded_from`: {e}"))),
        };
        if reproduced {
            result.verdict = Verdict::Rounding;
            let (from, exact) = told_apart(claim, &rounded, &value);
            why = format!("follows from rounded inputs ({from}); unrounded it is {exact}");
            result.rounded = Some(rounded);
        } else {
            why.push_str(", and rounded inputs do not explain it");
        }
    }
    if left_out > 0 {
        let rows = if left_out == 1 { "row has" } else { "rows have" };
        why = format!("{why}; {left_out} {rows} no value and {} left out", were(left_out));
    }
    result.explanation = why;
    Ok(())
}

const fn were(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// The value of a formula, and how many rows it had to leave out.
fn computed(formula: &Formula, cut: &Cut, files: &[PathBuf]) -> Result<(ClaimValue, usize), Stop> {
    match formula {
        Formula::Query(sql) => {
            let value = ClaimValue::of(&cut.query(sql, files)?);
            Ok((value.map_err(|e| Stop::Error(format!("the query {e}")))?, 0))
        }
        Formula::Measure { measure, query } => {
            let frame = cut.query(query, files)?;
            if frame.names().len() != measure.arguments() {
                return Err(Stop::Error(format!(
                    "the query gives {} columns; {} takes {}",
                    frame.names().len(),
                    measure.name(),
                    measure.arguments()
                )));
            }
            let number = |name: &String| {
                frame.numbers(name).map_err(|_| Stop::Error(format!("`of`: {name} is no number")))
            };
            let columns: Vec<Vec<Option<f64>>> =
                frame.names().iter().map(number).collect::<Result<_, _>>()?;
            let known =
                |row: &usize| columns.iter().all(|c| c.get(*row).copied().flatten().is_some());
            let rows: Vec<usize> = (0..frame.height()).filter(known).collect();
            let kept: Vec<Vec<f64>> = columns
                .iter()
                .map(|c| rows.iter().filter_map(|r| c.get(*r).copied().flatten()).collect())
                .collect();
            let value = measure.of(&kept).map_err(Stop::Error)?;
            let Some(value) = value else {
                let problem = format!("{} is undefined for {} rows", measure.name(), rows.len());
                return Err(Stop::NotTestable(problem));
            };
            Ok((ClaimValue::Number(value), frame.height() - rows.len()))
        }
        Formula::Collapse { measure, gate, at } => {
            Ok((collapse(*measure, *gate, at.as_deref(), cut)?, 0))
        }
    }
}

fn collapse(
    measure: Measure,
    gate: f64,
    at: Option<&[i64]>,
    cut: &Cut,
) -> Result<ClaimValue, Stop> {
    let cohorts = cohorts(&cut.runs, &cut.stages).map_err(|e| Stop::Error(e.to_string()))?;
    let found = cohorts.first().and_then(|c| Collapse::of(c, gate));
    let collapse = found.ok_or_else(|| Stop::NotTestable("no stage has a score".to_owned()))?;
    let rate = |point: &crate::analysis::CollapsePoint| {
        ClaimValue::from(match measure {
            Measure::CollapseConditional => point.conditional.map(|p| p.point),
            Measure::CollapseSurvival => Some(point.survival.point),
            _ => Some(point.marginal.point),
        })
    };
    let Some(at) = at else {
        return Ok(ClaimValue::List(collapse.points.iter().map(rate).collect()));
    };
    let rates = at.iter().map(|stage| {
        let point = collapse.points.iter().find(|p| p.stage == *stage);
        point.map(rate).ok_or_else(|| Stop::NotTestable(format!("no run has stage {stage}")))
    });
    let mut rates: Vec<ClaimValue> = rates.collect::<Result<_, _>>()?;
    Ok(if rates.len() == 1 { rates.remove(0) } else { ClaimValue::List(rates) })
}

/// Whether a value is the published one, and how far the worst item is off.
fn compared(claim: &Claim, value: &ClaimValue) -> Result<(bool, Option<f64>), Stop> {
    let (ours, theirs) = (value.items(), claim.published.items());
    if ours.len() != theirs.len() {
        return Err(Stop::Error(format!(
            "gives {} values where {} were published",
            ours.len(),
            theirs.len()
        )));
    }
    let unknown = ours.iter().filter(|v| **v == ClaimValue::Unknown).count();
    if unknown > 0 {
        return Err(Stop::NotTestable(match ours.len() {
            1 => "the value is unknown in this store".to_owned(),
            all => format!("{unknown} of {all} values {} unknown in this store", were(unknown)),
        }));
    }
    let (mut all, mut worst) = (true, None::<f64>);
    for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let tolerance = claim.tolerance.get(i).copied().unwrap_or(Tolerance::Absolute(0.0));
        all &= match (ours, theirs) {
            (ClaimValue::Number(ours), ClaimValue::Number(theirs)) => {
                let difference = ours - theirs;
                if worst.is_none_or(|w| difference.abs() > w.abs()) {
                    worst = Some(difference);
                }
                claim.comparison.holds(*ours, *theirs, tolerance)
            }
            (ours, theirs) if ours.noun() == theirs.noun() => ours == theirs,
            (ours, theirs) => {
                return Err(Stop::Error(format!(
                    "gives {} where {} was published",
                    ours.noun(),
                    theirs.noun()
                )));
            }
        };
    }
    Ok((all, worst))
}

/// Why a claim agrees.
fn within(claim: &Claim) -> String {
    let numbers = claim.published.items().iter().any(|v| v.number().is_some());
    let tolerance = claim.tolerance.first().filter(|_| numbers);
    match (claim.comparison, tolerance) {
        (Comparison::Equal, Some(Tolerance::Digits(_))) => "equal to the printed digits".to_owned(),
        (Comparison::Equal, Some(Tolerance::Absolute(most))) if *most > 0.0 => {
            format!("within {}", shown_number(*most, 0))
        }
        (Comparison::Equal, Some(Tolerance::Relative(share))) => {
            format!("within {} %", shown_number(share * 100.0, 0))
        }
        (Comparison::Equal, _) => "equal".to_owned(),
        (Comparison::Less, _) => "less than that".to_owned(),
        (Comparison::AtMost, _) => "not more than that".to_owned(),
        (Comparison::Greater, _) => "more than that".to_owned(),
        (Comparison::AtLeast, _) => "not less than that".to_owned(),
    }
}

/// How far off a claim is.
fn off(claim: &Claim, difference: Option<f64>) -> String {
    let side = match claim.comparison {
        Comparison::Equal => "",
        Comparison::Less => "not less than that",
        Comparison::AtMost => "more than that",
        Comparison::Greater => "not more than that",
        Comparison::AtLeast => "less than that",
    };
    let Some(difference) = difference.filter(|d| side.is_empty() && *d != 0.0) else {
        return if side.is_empty() { "another value" } else { side }.to_owned();
    };
    let most = if claim.published.items().len() > 1 { "up to " } else { "" };
    let side = if difference > 0.0 { "higher" } else { "lower" };
    format!("{most}{} {side} than published", shown_number(difference.abs(), 0))
}

/// Two values with as many decimals as it takes to tell them apart.
fn told_apart(claim: &Claim, rounded: &ClaimValue, exact: &ClaimValue) -> (String, String) {
    let fewest = claim.tolerance.first().map_or(0, |t| t.digits());
    let shown = |digits| (rounded.shown(digits), exact.shown(digits));
    let apart = (fewest..fewest + 9).map(shown).find(|(a, b)| a != b);
    apart.unwrap_or_else(|| shown(fewest))
}
