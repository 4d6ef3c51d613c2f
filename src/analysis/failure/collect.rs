//! What is kept of a stage while its events stream by: counts, hits of rules with short excerpts, and the few texts of
//! which only the last one matters.

use super::cause::Cause;
use super::excerpt::excerpt;
use super::field::Field;
use super::label::Evidence;
use super::rule::{FailureRules, Found};
use super::signature::{ErrorSignature, SignatureSource};
use crate::analysis::process::{Bounded, Step, Steps};
use crate::trace::{EndReason, Event, Kind, StageStatus, Timestamp, ToolKind, UsageQuality};

/// Evidence that is kept of a rule besides the last: what came first.
const FIRST_KEPT: usize = 2;
/// Bytes kept at each end of a text of which the last one matters.
const KEPT_PER_END: usize = 32 * 1024;

/// What a rule has found so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Hits {
    /// Events that matched.
    pub(super) count: usize,
    /// The first ones.
    pub(super) first: Vec<Evidence>,
    /// The last one, when it is not among the first.
    pub(super) last: Option<Evidence>,
    /// Position of the last one.
    pub(super) last_seq: i64,
    /// Answered calls before the last one.
    pub(super) answered_before: u64,
}

impl Hits {
    fn add(&mut self, evidence: Evidence, answered: u64) {
        self.count += 1;
        self.last_seq = evidence.seq;
        self.answered_before = answered;
        if self.first.len() < FIRST_KEPT {
            self.first.push(evidence);
        } else {
            self.last = Some(evidence);
        }
    }

    /// All that is kept.
    pub(super) fn evidence(&self) -> impl Iterator<Item = &Evidence> {
        self.first.iter().chain(&self.last)
    }
}

/// A failed request after which none was answered.
#[derive(Debug, Clone)]
pub(super) struct FinalFailure {
    /// Position of the rule that took it.
    pub(super) rule: Option<usize>,
    /// The event.
    pub(super) evidence: Evidence,
    ts: Option<Timestamp>,
}

/// A text of which only the last one matters.
#[derive(Debug, Clone)]
pub(super) struct LastText {
    pub(super) seq: i64,
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// The grade of a stage.
#[derive(Debug, Clone)]
pub(super) struct Grade {
    pub(super) seq: i64,
    pub(super) score: Option<f64>,
    pub(super) tests_passed: Option<i64>,
    pub(super) tests_total: Option<i64>,
    pub(super) status: Option<StageStatus>,
    pub(super) end_reason: Option<EndReason>,
    /// The end of the run, when it is the one that says how this stage ended.
    pub(super) run_end: Option<i64>,
    pub(super) output: Option<String>,
}

/// A stage while it is read.
#[derive(Debug)]
pub(super) struct StageTally {
    pub(super) first: (i64, Kind),
    pub(super) last: (i64, Kind),
    pub(super) hits: Vec<Hits>,
    pub(super) answered: u64,
    pub(super) single_calls: bool,
    pub(super) tool_calls: usize,
    pub(super) last_tool: Option<i64>,
    pub(super) final_failure: Option<FinalFailure>,
    pub(super) context_limit: Option<i64>,
    pub(super) last_message: Option<LastText>,
    pub(super) last_command: Option<LastText>,
    pub(super) grade: Option<Grade>,
    pub(super) signature: Option<ErrorSignature>,
    build_signature: Option<ErrorSignature>,
    steps: Steps,
}

impl StageTally {
    /// A stage that begins with this event.
    pub(super) fn new(event: &Event, rules: &FailureRules) -> Self {
        Self {
            first: (event.seq, event.kind),
            last: (event.seq, event.kind),
            hits: vec![Hits::default(); rules.rules.len()],
            answered: 0,
            single_calls: false,
            tool_calls: 0,
            last_tool: None,
            final_failure: None,
            context_limit: None,
            last_message: None,
            last_command: None,
            grade: None,
            signature: None,
            build_signature: None,
            steps: Steps::default(),
        }
    }

    /// Looks at the next event of the stage.
    pub(super) fn push(&mut self, event: &Event, rules: &FailureRules) {
        self.last = (event.seq, event.kind);
        let groups = if event.kind == Kind::ToolCall { rules.commands.bits_of(event) } else { 0 };
        self.steps.push(event, groups);
        match event.kind {
            Kind::LlmCall if event.error_type.is_some() => self.failed_call(event, rules),
            Kind::LlmCall => self.answered_call(event),
            Kind::Message if event.role.as_deref() == Some("assistant") => self.message(event),
            Kind::ToolCall => self.tool_call(event, groups, rules),
            Kind::Error => {
                let text = described(event);
                self.look(rules, Field::ErrorEvent, event, &text);
            }
            Kind::StageResult => self.result(event, rules),
            _ => {}
        }
    }

    /// The steps of the stage.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.steps.clone().finish()
    }

    /// The first error of the build: the grader's where it shows one, else that of the agent's last build.
    pub(super) fn error_signature(&self) -> Option<ErrorSignature> {
        self.signature.clone().or_else(|| self.build_signature.clone())
    }

    fn failed_call(&mut self, event: &Event, rules: &FailureRules) {
        self.single_calls = true;
        let text = described(event);
        let bounded = Bounded::of(&text);
        let of_calls = rules.rules.iter().enumerate().filter(|(_, r)| r.field == Field::LlmError);
        let mut taken =
            of_calls.filter_map(|(i, rule)| rule.find(&bounded).map(|found| (i, rule, found)));
        let first = taken.next();
        let at = first.as_ref().map_or(0, |(_, _, found)| found.at);
        let evidence = evidence(event.seq, event.kind, &bounded, at);
        if let Some((index, rule, found)) = &first {
            if rule.cause == Cause::ContextExhausted {
                let stated = found.limit.or(event.context_limit);
                self.context_limit = stated.or(self.context_limit);
            }
            if let Some(hits) = self.hits.get_mut(*index) {
                hits.add(evidence.clone(), self.answered);
            }
        }
        let rule = first.map(|(index, ..)| index);
        self.final_failure = Some(FinalFailure { rule, evidence, ts: event.ts });
    }

    fn answered_call(&mut self, event: &Event) {
        let aggregate = event.usage_quality == Some(UsageQuality::Aggregate);
        self.single_calls |= !aggregate;
        let stands_for = event.llm_call_count.and_then(|n| u64::try_from(n).ok());
        self.answered += if aggregate { stands_for.unwrap_or(1) } else { 1 };
        // A call that the log has out of order was no answer to what failed after it.
        let failed_at = self.final_failure.as_ref().and_then(|f| f.ts);
        if failed_at.zip(event.ts).is_none_or(|(failed, answered)| answered >= failed) {
            self.final_failure = None;
        }
        self.message(event);
    }

    fn message(&mut self, event: &Event) {
        if let Some(text) = event.content.as_deref().filter(|t| !t.trim().is_empty()) {
            self.last_message = Some(kept(event, text));
        }
    }

    fn tool_call(&mut self, event: &Event, groups: u64, rules: &FailureRules) {
        self.tool_calls += 1;
        self.last_tool = Some(event.seq);
        let output = event.content.as_deref().unwrap_or_default();
        self.look(rules, Field::ToolOutput, event, output);
        let status = event.tool_status.map_or("", crate::trace::ToolStatus::as_str);
        self.look(rules, Field::ToolStatus, event, status);
        if let Some(code) = event.exit_code {
            self.look_at_number(rules, Field::ExitCode, event, code);
        }
        if event.tool_kind == Some(ToolKind::Finish) {
            let said = event.content.as_deref().filter(|t| !t.trim().is_empty());
            if let Some(text) = said.or(event.arguments.as_deref()) {
                self.last_message = Some(kept(event, text));
            }
        }
        if groups != 0 {
            self.last_command = Some(kept(event, output));
            self.build_signature =
                rules.error_lines.find(output, event.seq, SignatureSource::Build);
        }
    }

    fn result(&mut self, event: &Event, rules: &FailureRules) {
        if let Some(output) = event.content.as_deref() {
            self.look(rules, Field::GradeOutput, event, output);
            self.signature = rules.error_lines.find(output, event.seq, SignatureSource::Grader);
        }
        let shown = self.signature.as_ref().map(|s| s.line.clone());
        self.grade = Some(Grade {
            seq: event.seq,
            score: event.score.filter(|s| s.is_finite()),
            tests_passed: event.tests_passed,
            tests_total: event.tests_total,
            status: event.stage_status,
            end_reason: event.end_reason,
            run_end: None,
            output: shown.or_else(|| event.content.as_deref().map(|text| excerpt(text, 0))),
        });
    }

    /// Lets every rule of a field look at a text.
    fn look(&mut self, rules: &FailureRules, field: Field, event: &Event, text: &str) {
        let wanted = |r: &super::rule::Rule| {
            r.field == field && (event.kind != Kind::ToolCall || r.looks_at(event.tool_status))
        };
        let mut bounded = None;
        for (rule, hits) in rules.rules.iter().zip(&mut self.hits).filter(|(r, _)| wanted(r)) {
            let text = bounded.get_or_insert_with(|| Bounded::of(text));
            if let Some(Found { at, limit }) = rule.find(text) {
                if rule.cause == Cause::ContextExhausted {
                    self.context_limit = limit.or(event.context_limit).or(self.context_limit);
                }
                hits.add(evidence(event.seq, event.kind, text, at), self.answered);
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "exit codes are small")]
    fn look_at_number(&mut self, rules: &FailureRules, field: Field, event: &Event, value: i64) {
        let of_field = rules.rules.iter().zip(&mut self.hits).filter(|(r, _)| r.field == field);
        for (rule, hits) in of_field {
            if rule.looks_at(event.tool_status) && rule.fits(value as f64) {
                let words = format!("{} = {value}", field.as_str());
                hits.add(evidence(event.seq, event.kind, &words, 0), self.answered);
            }
        }
    }
}

/// An event as evidence, with its text around a byte position.
pub(super) fn evidence(seq: i64, kind: Kind, text: &str, at: usize) -> Evidence {
    Evidence { seq, kind, excerpt: excerpt(text, at) }
}

/// The error of an event: its type and its message.
fn described(event: &Event) -> String {
    let kind = event.error_type.as_deref().unwrap_or_default();
    let message = Bounded::of(event.content.as_deref().unwrap_or_default());
    format!("{kind}: {message}")
}

fn kept(event: &Event, text: &str) -> LastText {
    let text = Bounded::to(text, KEPT_PER_END).into_owned();
    LastText { seq: event.seq, kind: event.kind, text }
}
