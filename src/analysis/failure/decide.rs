//! From what was found in a stage to labels, and from labels to the primary cause.

use super::cause::{Cause, Confidence};
use super::collect::{FinalFailure, Hits, StageTally, evidence};
use super::field::Field;
use super::label::{Evidence, Label};
use super::repetition::measure;
use super::rule::{FailureRules, Rule};
use crate::analysis::process::Step;
use crate::trace::{EndReason, Kind, StageStatus};

/// Evidence of a label at most.
const MOST_EVIDENCE: usize = 4;
/// Bytes at the end of a last message that are shown.
const TAIL_SHOWN: usize = 110;

/// A label, and whether it can be the primary one.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) label: Label,
    pub(super) eligible: bool,
    /// Whether it is the cause of the request that ended the stage.
    final_failure: bool,
}

impl Candidate {
    /// A label of an earlier stage that explains this one.
    pub(super) fn carried(label: Label) -> Self {
        Self { label, eligible: false, final_failure: false }
    }
}

/// What a rule says of a stage.
struct Finding<'a> {
    rule: &'a Rule,
    evidence: Vec<Evidence>,
    /// Whether the stage went on after it.
    passing: bool,
    final_failure: bool,
    note: Option<String>,
}

/// Everything found in a stage, in order of precedence. `calls_known` says whether the run has single calls, so that a
/// stage without any is known to have none.
pub(super) fn candidates(
    stage: &StageTally,
    rules: &FailureRules,
    gate: f64,
    calls_known: bool,
) -> Vec<Candidate> {
    let (mut findings, mut hints) = (Vec::new(), Vec::new());
    let steps = stage.steps();
    for (index, rule) in rules.rules.iter().enumerate() {
        if !applies(rule, stage, gate) || (rule.single_calls && !calls_known) {
            continue;
        }
        if let Some(finding) = look(index, rule, stage, &steps, calls_known) {
            if rule.hint { hints.push(finding) } else { findings.push(finding) }
        }
    }
    let named = final_cause(stage, rules);
    // A word of the trace must not contradict the request that the trace shows.
    findings.retain(|f| {
        let by_word = f.rule.field == Field::EndReason && f.rule.cause.ends_from_outside();
        !by_word || named.is_none_or(|cause| cause == f.rule.cause)
    });
    let causes = Cause::WORDS.iter().map(|(cause, _)| *cause);
    let mut found: Vec<Candidate> = causes
        .filter_map(|cause| {
            let of_cause: Vec<&Finding<'_>> =
                findings.iter().filter(|f| f.rule.cause == cause).collect();
            let hinted: Vec<&Finding<'_>> =
                hints.iter().filter(|f| f.rule.cause == cause).collect();
            merged(&of_cause, &hinted)
        })
        .collect();
    found.sort_by_key(|c| {
        let last = c.label.evidence.iter().map(|e| e.seq).max();
        let sure = std::cmp::Reverse((c.eligible, c.final_failure, c.label.confidence, last));
        (c.label.cause.rank(), sure, c.label.cause)
    });
    found
}

/// The primary label and the others. `wrong_answer` is what is left, so that it stands alone or not at all.
pub(super) fn primary(candidates: Vec<Candidate>, stage: &StageTally) -> (Label, Vec<Label>) {
    let place = candidates.iter().position(|c| c.eligible);
    let mut labels: Vec<Label> = candidates.into_iter().map(|c| c.label).collect();
    let first = match place.or((!labels.is_empty()).then_some(0)) {
        Some(place) => labels.remove(place),
        None => unexplained(stage),
    };
    labels.retain(|l| l.cause != Cause::WrongAnswer);
    (first, labels)
}

/// What ended the stage from outside, by precedence.
pub(super) fn ended_by(candidates: &[Candidate]) -> Option<Label> {
    let found = candidates.iter().find(|c| c.eligible && c.label.cause.ends_from_outside());
    found.map(|c| c.label.clone())
}

fn unexplained(stage: &StageTally) -> Label {
    let (seq, kind) = stage.grade.as_ref().map_or(stage.last, |g| (g.seq, Kind::StageResult));
    Label {
        cause: Cause::Unknown,
        rule: "none".to_owned(),
        confidence: Confidence::Low,
        evidence: vec![evidence(seq, kind, "nothing in the trace says why", 0)],
        note: Some("nothing in the trace says why".to_owned()),
    }
}

fn final_cause(stage: &StageTally, rules: &FailureRules) -> Option<Cause> {
    let rule = stage.final_failure.as_ref()?.rule?;
    rules.rules.get(rule).map(|r| r.cause)
}

/// Whether the conditions of a rule on the stage hold.
fn applies(rule: &Rule, stage: &StageTally, gate: f64) -> bool {
    let ended = stage.grade.as_ref().and_then(|g| g.end_reason).unwrap_or(EndReason::Unknown);
    (rule.end_reasons.is_empty() || rule.end_reasons.contains(&ended))
        && (!rule.failing_tests || tests_fail(stage, gate))
}

/// Whether tests of the stage fail: none ran, some did not pass, or, where nothing is known of them, the score is
/// below the gate.
fn tests_fail(stage: &StageTally, gate: f64) -> bool {
    let Some(grade) = &stage.grade else { return false };
    match (grade.tests_total, grade.tests_passed) {
        (Some(0), _) => true,
        (Some(total), Some(passed)) => passed < total,
        _ => grade.status == Some(StageStatus::NoTests) || grade.score.is_some_and(|s| s < gate),
    }
}

fn look<'a>(
    index: usize,
    rule: &'a Rule,
    stage: &StageTally,
    steps: &[Step],
    calls_known: bool,
) -> Option<Finding<'a>> {
    let hits = stage.hits.get(index)?;
    let grade = stage.grade.as_ref();
    let found = |evidence: Vec<Evidence>| {
        Some(Finding { rule, evidence, passing: false, final_failure: false, note: None })
    };
    let in_grade = |text: String| {
        let (seq, kind) = grade.map_or(stage.last, |g| (g.seq, Kind::StageResult));
        found(vec![evidence(seq, kind, &text, 0)])
    };
    let word = |word: Option<&'static str>| {
        rule.find(word?)?;
        let mut found = in_grade(format!("{} = {}", rule.field.as_str(), word?))?;
        if word == Some(EndReason::AgentMessage.as_str()) {
            // The message itself is what ended the turn; its end says most.
            let last = stage.last_message.as_ref();
            let at = |text: &str| text.trim_end().len().saturating_sub(TAIL_SHOWN);
            let message = last.map(|m| evidence(m.seq, m.kind, m.text.trim_end(), at(&m.text)));
            found.evidence.splice(0..0, message);
        }
        Some(found)
    };
    let number = |value: Option<f64>| {
        let value = value.filter(|v| rule.fits(*v))?;
        let output = grade.and_then(|g| g.output.as_deref()).unwrap_or_default();
        let colon = if output.is_empty() { "" } else { ": " };
        in_grade(format!("{} = {value}{colon}{output}", rule.field.as_str()))
    };
    match rule.field {
        Field::LlmError => failed_calls(index, rule, hits, stage.final_failure.as_ref()),
        Field::ErrorEvent
        | Field::ToolOutput
        | Field::ToolStatus
        | Field::ExitCode
        | Field::GradeOutput => events(rule, hits, stage),
        Field::EndReason => {
            let mut ended = word(grade?.end_reason.map(EndReason::as_str))?;
            if let Some(seq) = grade?.run_end {
                let of_grade = ended.evidence.iter_mut().filter(|e| e.kind == Kind::StageResult);
                of_grade.for_each(|e| (e.seq, e.kind) = (seq, Kind::RunEnd));
                let where_said =
                    "said of the run; it may have been the first request of the next stage";
                ended.note = Some(where_said.to_owned());
            }
            Some(ended)
        }
        Field::StageStatus => word(grade?.status.map(StageStatus::as_str)),
        Field::LastMessage | Field::LastCommandOutput => {
            let last = if rule.field == Field::LastMessage {
                &stage.last_message
            } else {
                &stage.last_command
            };
            let last = last.as_ref()?;
            let at = rule.find(&last.text)?.at;
            found(vec![evidence(last.seq, last.kind, &last.text, at)])
        }
        Field::TestsTotal => number(grade?.tests_total.map(real)),
        Field::TestsPassed => number(grade?.tests_passed.map(real)),
        Field::TestsFailed => {
            let grade = grade?;
            number(
                grade.tests_total.zip(grade.tests_passed).map(|(t, p)| real(t.saturating_sub(p))),
            )
        }
        Field::Score => number(grade?.score),
        Field::Graded if calls_known && stage.answered == 0 => None,
        Field::Graded => {
            number(Some(f64::from(u8::from(grade.is_some_and(|g| g.score.is_some())))))
        }
        Field::AnsweredCalls => {
            let unanswered = stage.answered == 0;
            let known = calls_known || grade?.status == Some(StageStatus::NotAttempted);
            let value = real(i64::try_from(stage.answered).unwrap_or(i64::MAX));
            if !known || !rule.fits(value) {
                return None;
            }
            let words =
                if unanswered { "no answered LLM call in the stage" } else { "answered LLM calls" };
            found(vec![evidence(stage.first.0, stage.first.1, words, 0)])
        }
        _ => repetition(rule, steps),
    }
}

/// Failed requests that a rule took. One that the stage went on after is a weak sign.
fn failed_calls<'a>(
    index: usize,
    rule: &'a Rule,
    hits: &Hits,
    last: Option<&FinalFailure>,
) -> Option<Finding<'a>> {
    if hits.count < rule.count {
        return None;
    }
    let ended = last.filter(|f| f.rule == Some(index));
    let mut evidence: Vec<Evidence> = ended.iter().map(|f| f.evidence.clone()).collect();
    evidence.extend(hits.evidence().cloned());
    let note = (hits.count > 1).then(|| format!("{} failed requests", hits.count));
    let went_on = "the stage went on after it".to_owned();
    Some(Finding {
        rule,
        evidence,
        passing: ended.is_none(),
        final_failure: ended.is_some(),
        note: if ended.is_none() { Some(went_on) } else { note },
    })
}

fn events<'a>(rule: &'a Rule, hits: &Hits, stage: &StageTally) -> Option<Finding<'a>> {
    let enough = hits.count >= rule.count
        && rule.share.is_none_or(|s| ratio(hits.count, stage.tool_calls) >= s);
    let at_end = match rule.field {
        Field::ErrorEvent => hits.answered_before == stage.answered,
        Field::ToolOutput | Field::ToolStatus | Field::ExitCode => {
            stage.last_tool == Some(hits.last_seq)
        }
        _ => true,
    };
    (enough && (at_end || !rule.at_end)).then(|| Finding {
        rule,
        evidence: hits.evidence().cloned().collect(),
        passing: false,
        final_failure: false,
        note: (hits.count > 1)
            .then(|| format!("{} of {} tool calls", hits.count, stage.tool_calls)),
    })
}

fn repetition<'a>(rule: &'a Rule, steps: &[Step]) -> Option<Finding<'a>> {
    let measured = measure(rule.field, steps, rule.exempt)?;
    let enough = !rule.field.is_ratio() || measured.actions >= rule.count;
    if !enough || !rule.fits(measured.value) || (rule.at_end && !measured.until_end) {
        return None;
    }
    let kind = if rule.field == Field::Monologue { Kind::LlmCall } else { Kind::ToolCall };
    let evidence =
        measured.steps.iter().map(|s| evidence(s.seq, kind, &measured.words, 0)).collect();
    Some(Finding {
        rule,
        evidence,
        passing: false,
        final_failure: false,
        note: Some(measured.words),
    })
}

/// One label of all that was found for a cause.
fn merged(findings: &[&Finding<'_>], hints: &[&Finding<'_>]) -> Option<Candidate> {
    let eligible = |f: &Finding<'_>| f.rule.primary && !f.passing;
    let confidence = |f: &Finding<'_>| if f.passing { Confidence::Low } else { f.rule.confidence };
    let weight = |f: &Finding<'_>| (f.final_failure, eligible(f), confidence(f));
    // The first of several equals: rules stand in order of preference.
    let best = findings.iter().rev().max_by_key(|f| weight(f))?;
    let rest = findings.iter().filter(|f| !std::ptr::eq(**f, *best));
    let mut evidence: Vec<Evidence> = Vec::new();
    for shown in std::iter::once(best).chain(rest).chain(hints).flat_map(|f| &f.evidence) {
        if evidence.len() < MOST_EVIDENCE && !evidence.iter().any(|e| e.seq == shown.seq) {
            evidence.push(shown.clone());
        }
    }
    let sure = confidence(best);
    let raised = hints.is_empty() || best.passing;
    let mut notes: Vec<String> = best.note.iter().cloned().collect();
    let others = findings.iter().filter(|f| f.rule.name != best.rule.name);
    let also: Vec<&str> = others.chain(hints).map(|f| f.rule.name.as_str()).collect();
    notes.extend((!also.is_empty()).then(|| format!("also {}", also.join(", "))));
    Some(Candidate {
        label: Label {
            cause: best.rule.cause,
            rule: best.rule.name.clone(),
            confidence: if raised { sure } else { sure.raised() },
            evidence,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        },
        eligible: eligible(best),
        final_failure: best.final_failure,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn real(count: i64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
