//! Two runs held against each other: where they part, what each did in every stage, and what it came to.
//!
//! Events are compared pair by pair until the first two of which kind, stage, tool, arguments or prompt differ; after that
//! pairs mean nothing, and stages and actions are compared instead. Times and ids are no difference; prompts that differ in
//! numbers only (a time that is left) are told apart, since comparing ends at nothing that small. Replies and results may differ
//! before (a model says the same thing in other words), and the first of these is told apart. Likeness is that of the
//! sequences of actions; see [`similarity`](super::similarity).

use super::likeness::similarity;
use super::steps::Step;
use crate::trace::{Kind, StageStatus, Usd};
use std::collections::{BTreeMap, BTreeSet};

/// Two runs compared.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDiff {
    /// The first difference of each sort, in the order of [`Sort`]; none for runs that do the same.
    pub divergences: Vec<Divergence>,
    /// Each stage of either run.
    pub stages: Vec<StagePair>,
    /// The whole runs.
    pub total: StagePair,
    /// How often each did what, the commonest first.
    pub actions: Vec<ActionCount>,
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// What was done or asked: kind, stage, tool, arguments or prompt.
    Action,
    /// Numbers in a prompt: a time that is left, an id. Runs go on being compared behind it.
    Numbers,
    /// What a model said.
    Reply,
    /// What a tool gave back.
    Result,
    /// A grade.
    Grade,
}

impl Sort {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Numbers => "numbers",
            Self::Reply => "reply",
            Self::Result => "result",
            Self::Grade => "grade",
        }
    }
}

/// Two events that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// What differs.
    pub sort: Sort,
    /// The field that does.
    pub field: &'static str,
    /// The event of the first run; none when that run has ended.
    pub a: Option<usize>,
    /// The event of the second run; none when that run has ended.
    pub b: Option<usize>,
}

/// What both did in a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StagePair {
    /// The stage; none for the whole runs.
    pub stage: Option<i64>,
    /// The first run, if it has the stage.
    pub a: Option<Totals>,
    /// The second run, if it has the stage.
    pub b: Option<Totals>,
    /// How alike their actions are, from 0 to 1; none without any.
    pub similarity: Option<f64>,
}

/// What a run did, in a stage or at all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// The grade; of a run, the mean of those of its stages.
    pub score: Option<f64>,
    /// How the stage ended.
    pub status: Option<StageStatus>,
    /// Calls of the model.
    pub calls: usize,
    /// Calls of tools.
    pub actions: usize,
    /// Calls of tools that failed.
    pub failed: usize,
    /// Tokens, prompt and completion.
    pub tokens: Option<i64>,
    /// Money, as the source reports it.
    pub cost: Option<Usd>,
}

/// How often an action was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionCount {
    /// Its name.
    pub action: String,
    /// Times in the first run.
    pub a: usize,
    /// Times in the second run.
    pub b: usize,
}

/// Compares two runs.
pub fn compare(a: &[Step], b: &[Step]) -> RunDiff {
    let stages: BTreeSet<i64> = a.iter().chain(b).filter_map(|step| step.stage).collect();
    let stages = stages.into_iter().map(|stage| {
        let of = |steps: &[Step]| -> Vec<Step> {
            steps.iter().filter(|step| step.stage == Some(stage)).cloned().collect()
        };
        pair(Some(stage), &of(a), &of(b))
    });
    RunDiff {
        divergences: divergences(a, b),
        stages: stages.collect(),
        total: pair(None, a, b),
        actions: actions(a, b),
    }
}

fn pair(stage: Option<i64>, a: &[Step], b: &[Step]) -> StagePair {
    let totals = |steps: &[Step]| (!steps.is_empty()).then(|| totals(stage, steps));
    let names = |steps: &[Step]| -> Vec<String> {
        steps.iter().filter_map(|step| step.action.clone()).collect()
    };
    StagePair { stage, a: totals(a), b: totals(b), similarity: similarity(&names(a), &names(b)) }
}

fn totals(stage: Option<i64>, steps: &[Step]) -> Totals {
    let count = |test: &dyn Fn(&Step) -> bool| steps.iter().filter(|step| test(step)).count();
    let results = || steps.iter().filter(|step| step.kind == Kind::StageResult);
    let scores: Vec<f64> = results().filter_map(|step| step.score).collect();
    #[expect(clippy::cast_precision_loss, reason = "there are few stages")]
    let score = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
    let add = |sum: Option<i64>, n: i64| Some(sum.unwrap_or(0).saturating_add(n));
    let pay = |sum: Option<Usd>, cost: Usd| sum.unwrap_or_default().checked_add(cost).or(sum);
    Totals {
        score,
        status: stage.and_then(|_| results().next_back()).and_then(|step| step.status),
        calls: count(&|step| step.kind == Kind::LlmCall),
        actions: count(&|step| step.action.is_some()),
        failed: count(&|step| step.action.is_some() && step.failed),
        tokens: steps.iter().filter_map(|step| step.tokens).fold(None, add),
        cost: steps.iter().filter_map(|step| step.cost).fold(None, pay),
    }
}

fn actions(a: &[Step], b: &[Step]) -> Vec<ActionCount> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for name in a.iter().filter_map(|step| step.action.as_deref()) {
        counts.entry(name).or_default().0 += 1;
    }
    for name in b.iter().filter_map(|step| step.action.as_deref()) {
        counts.entry(name).or_default().1 += 1;
    }
    let count =
        |(action, (a, b)): (&str, (usize, usize))| ActionCount { action: action.to_owned(), a, b };
    let mut counts: Vec<ActionCount> = counts.into_iter().map(count).collect();
    // Equal counts stay in the order of their names.
    counts.sort_by_key(|count| std::cmp::Reverse(count.a + count.b));
    counts
}

fn divergences(a: &[Step], b: &[Step]) -> Vec<Divergence> {
    let action = first_pair(a, b, action_field);
    // Replies and results are compared while both do the same: up to and with the pair where they part.
    let end = action.and_then(|d| d.a.or(d.b)).map_or(a.len().min(b.len()), |at| at + 1);
    let (same_a, same_b) = (&a[..end.min(a.len())], &b[..end.min(b.len())]);
    let among = |sort, field: fn(&Step, &Step) -> Option<&'static str>| {
        let pairs = same_a.iter().zip(same_b).enumerate();
        let mut differing = pairs.filter_map(|(at, (a, b))| Some((at, field(a, b)?)));
        differing.next().map(|(at, field)| Divergence { sort, field, a: Some(at), b: Some(at) })
    };
    let found = [
        action,
        among(Sort::Numbers, numbers_field),
        among(Sort::Reply, reply_field),
        among(Sort::Result, result_field),
        grade(a, b),
    ];
    found.into_iter().flatten().collect()
}

fn first_pair(
    a: &[Step],
    b: &[Step],
    field: fn(&Step, &Step) -> Option<&'static str>,
) -> Option<Divergence> {
    let sort = Sort::Action;
    let mut pairs = a.iter().zip(b).enumerate();
    if let Some((at, field)) = pairs.find_map(|(at, (a, b))| Some((at, field(a, b)?))) {
        return Some(Divergence { sort, field, a: Some(at), b: Some(at) });
    }
    let shorter = a.len().min(b.len());
    (a.len() != b.len()).then(|| Divergence {
        sort,
        field: "end",
        a: (a.len() > shorter).then_some(shorter),
        b: (b.len() > shorter).then_some(shorter),
    })
}

/// The field of what was done or asked that differs.
fn action_field(a: &Step, b: &Step) -> Option<&'static str> {
    let asked = matches!(a.kind, Kind::Message | Kind::StageStart);
    let fields = [
        ("kind", a.kind != b.kind),
        ("stage", a.stage != b.stage),
        ("attempt", a.attempt != b.attempt),
        ("tool", a.tool != b.tool),
        ("arguments", a.arguments != b.arguments),
        ("role", a.role != b.role),
        ("prompt", asked && a.wording != b.wording),
    ];
    fields.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}

/// Whether prompts differ in their numbers only.
fn numbers_field(a: &Step, b: &Step) -> Option<&'static str> {
    let asked = matches!(a.kind, Kind::Message | Kind::StageStart);
    (asked && action_field(a, b).is_none() && a.text != b.text).then_some("prompt")
}

fn reply_field(a: &Step, b: &Step) -> Option<&'static str> {
    let both = a.kind == Kind::LlmCall && b.kind == Kind::LlmCall;
    match (both, a.failed == b.failed) {
        (true, false) => Some("answered"),
        (true, true) => (a.text != b.text).then_some("text"),
        _ => None,
    }
}

fn result_field(a: &Step, b: &Step) -> Option<&'static str> {
    if action_field(a, b).is_some() || a.kind != Kind::ToolCall {
        return None;
    }
    if a.exit_code != b.exit_code {
        return Some("exit code");
    }
    if a.failed != b.failed {
        return Some("status");
    }
    (a.text != b.text).then_some("output")
}

/// The final grades of the first stage in which these differ.
fn grade(a: &[Step], b: &[Step]) -> Option<Divergence> {
    let grades = |steps: &[Step]| -> BTreeMap<i64, (usize, Option<f64>)> {
        let results = steps.iter().enumerate().filter(|(_, s)| s.kind == Kind::StageResult);
        results.filter_map(|(at, s)| Some((s.stage?, (at, s.score)))).collect()
    };
    let (a, b) = (grades(a), grades(b));
    let stages: BTreeSet<&i64> = a.keys().chain(b.keys()).collect();
    let differs = |stage: &&&i64| {
        let bits = |grades: &BTreeMap<i64, (usize, Option<f64>)>| {
            grades.get(stage).map(|(_, score)| score.map(f64::to_bits))
        };
        bits(&a) != bits(&b)
    };
    let stage = stages.iter().find(differs)?;
    let at = |grades: &BTreeMap<i64, (usize, Option<f64>)>| grades.get(stage).map(|(at, _)| *at);
    Some(Divergence { sort: Sort::Grade, field: "score", a: at(&a), b: at(&b) })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{said, tool, two_stages};
    use super::*;
    use crate::trace::Event;

    fn steps(events: &[Event]) -> Vec<Step> {
        events.iter().map(Step::of).collect()
    }

    fn first(
        a: &[Event],
        b: &[Event],
    ) -> Vec<(&'static str, &'static str, Option<usize>, Option<usize>)> {
        let diff = compare(&steps(a), &steps(b));
        diff.divergences.iter().map(|d| (d.sort.as_str(), d.field, d.a, d.b)).collect()
    }

    #[test]
    fn a_run_is_like_itself_whenever_it_ran() {
        let a = two_stages();
        let mut b = a.clone();
        for event in &mut b {
            event.offset_us = event.offset_us.map(|t| t * 3 + 1);
            event.tool_call_id = Some("other".to_owned());
            event.event_id = Some("other".to_owned());
        }
        let diff = compare(&steps(&a), &steps(&b));
        assert_eq!(diff.divergences, []);
        assert_eq!(diff.total.similarity, Some(1.0));
        assert!(diff.stages.iter().all(|s| s.a == s.b && s.similarity == Some(1.0)));
    }

    #[test]
    fn the_first_difference_is_named_with_its_field() {
        let a = two_stages();
        let mut b = a.clone();
        b[3].content = Some("Let me see.".to_owned());
        b[6].arguments = Some(r#"{"command":"make check"}"#.to_owned());
        b[6].exit_code = Some(2);
        assert_eq!(
            first(&a, &b),
            [("action", "arguments", Some(6), Some(6)), ("reply", "text", Some(3), Some(3)),]
        );
        let mut b = a.clone();
        b[2].content = Some("Stage 0: do it!".to_owned());
        assert_eq!(first(&a, &b), [("action", "prompt", Some(2), Some(2))]);
        let mut b = a.clone();
        (b[2].content, b[6].exit_code) = (Some("Stage 7: do it.".to_owned()), Some(1));
        let found = first(&a, &b);
        assert_eq!(found[0], ("numbers", "prompt", Some(2), Some(2)));
        assert_eq!(found[1], ("result", "exit code", Some(6), Some(6)));
        let mut b = a.clone();
        b[6].exit_code = Some(2);
        assert_eq!(first(&a, &b), [("result", "exit code", Some(6), Some(6))]);
        let mut b = a.clone();
        b[4] = said(Kind::Message, "user", "x");
        assert_eq!(first(&a, &b)[0], ("action", "kind", Some(4), Some(4)));
        assert_eq!(
            first(&a, &a[..10]),
            [("action", "end", Some(10), None), ("grade", "score", Some(14), None),]
        );
    }

    #[test]
    fn stages_and_actions_are_held_against_each_other() {
        let a = two_stages();
        let mut b = a.clone();
        b[14].score = Some(90.0);
        let mut more = tool("bash", r#"{"command":"ls"}"#, 1);
        more.stage = Some(1);
        more.attempt = Some(1);
        b.insert(13, more);
        let diff = compare(&steps(&a), &steps(&b));
        // ls, make against ls, ls, make: 2 * 2 / 5.
        let second = &diff.stages[1];
        assert_eq!((diff.stages[0].similarity, second.similarity), (Some(1.0), Some(0.8)));
        let (of_a, of_b) = (second.a.unwrap(), second.b.unwrap());
        assert_eq!((of_a.score, of_b.score), (Some(40.0), Some(90.0)));
        assert_eq!((of_a.actions, of_b.actions, of_a.failed, of_b.failed), (2, 3, 1, 2));
        assert_eq!((of_a.tokens, of_a.cost), (Some(7_020), Usd::parse("0.002")));
        assert_eq!(diff.total.a.unwrap().score, Some(70.0));
        // 4 against 5 actions, 4 in common.
        assert_eq!(diff.total.similarity, Some(8.0 / 9.0));
        assert_eq!(
            diff.actions,
            [
                ActionCount { action: "shell ls".to_owned(), a: 2, b: 3 },
                ActionCount { action: "shell make".to_owned(), a: 2, b: 2 },
            ]
        );
    }

    #[test]
    fn nothing_is_compared_with_care() {
        let diff = compare(&[], &[]);
        assert_eq!(
            (diff.divergences.len(), diff.stages.len(), diff.total.similarity),
            (0, 0, None)
        );
        let one = steps(&two_stages());
        assert_eq!(compare(&one, &[]).divergences[0].field, "end");
        assert_eq!(compare(&one, &[]).stages[0].b, None);
    }
}
