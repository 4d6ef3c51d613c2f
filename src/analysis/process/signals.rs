//! Process signals of runs: one pass over the events of a trace, in order.

use super::commands::CommandGroups;
use super::context::ContextGrowth;
use super::loops::{
    action_entropy, adjacent_repetition, alternation, duplicate_ratio, identical_streak,
    ngram_repetition,
};
use super::step::{Step, StepKind, Steps};
use super::stuck::StuckPatterns;
use super::tools::ToolHealth;
use crate::trace::{Event, Kind, RunFacts, TraceError, TraceReader, UsageQuality};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The signals of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessSignals {
    /// Identity of the run.
    pub run: RunFacts,
    /// Over the whole run.
    pub whole: Signals,
    /// By stage, in order.
    pub stages: BTreeMap<i64, Signals>,
}

/// The signals of a stage, or of a whole run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Signals {
    /// Answered LLM calls; a row that sums up calls counts as what it says.
    pub answered: u64,
    /// LLM requests that got no answer.
    pub failed: u64,
    /// How the prompt grew; `None` without calls of known length.
    pub context: Option<ContextGrowth>,
    /// Repeated tool calls.
    pub repeats: Repeats,
    /// The patterns of a stuck agent.
    pub stuck: StuckPatterns,
    /// Errors of tools.
    pub tools: ToolHealth,
    /// Answered calls since the last sign of progress; `None` when there was no such sign.
    pub calls_since_progress: Option<u64>,
    /// Final score of the stage; `None` for a whole run.
    pub score: Option<f64>,
}

/// Repeated tool calls: the same tool with the same arguments, whatever came back.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Repeats {
    /// Tool calls.
    pub actions: usize,
    /// Different ones.
    pub distinct: usize,
    /// Most times in a row that one call was made.
    pub longest_run: usize,
    /// Calls that equal the call right before them.
    pub consecutive: usize,
    /// Longest stretch A, B, A, B, ...; 0 below four calls.
    pub alternation: usize,
    /// Share of calls that had been made before.
    pub duplicate_ratio: Option<f64>,
    /// Share of pairs of calls that had been made before.
    pub bigram_repetition: Option<f64>,
    /// Share of calls that equal the call right before them.
    pub adjacent: Option<f64>,
    /// Entropy of the calls in bits.
    pub entropy: Option<f64>,
}

impl Repeats {
    /// Counts repetitions among steps.
    pub fn of(steps: &[Step]) -> Self {
        let actions: Vec<u64> =
            steps.iter().filter(|s| s.kind == StepKind::Action).map(|s| s.action).collect();
        Self {
            actions: actions.len(),
            distinct: actions.iter().collect::<BTreeSet<_>>().len(),
            longest_run: identical_streak(&actions).len,
            consecutive: actions.windows(2).filter(|w| w.first() == w.get(1)).count(),
            alternation: alternation(&actions).len,
            duplicate_ratio: duplicate_ratio(&actions),
            bigram_repetition: ngram_repetition(&actions, 2),
            adjacent: adjacent_repetition(&actions),
            entropy: action_entropy(&actions),
        }
    }
}

impl ProcessSignals {
    /// Stages that have a score although no LLM call was answered in them.
    pub fn scored_without_an_answer(&self) -> Vec<i64> {
        let unearned = |s: &Signals| s.score.is_some() && s.answered == 0;
        self.stages.iter().filter(|(_, s)| unearned(s)).map(|(stage, _)| *stage).collect()
    }
}

/// Reads the signals of every run of trace files, by run id. `groups` names builds and tests: one that ends with exit
/// code 0 and a result that its command had not given before is a sign of progress, as is a better grade.
pub fn read_signals(
    files: &[PathBuf],
    groups: &CommandGroups,
) -> Result<Vec<ProcessSignals>, TraceError> {
    let mut found = Vec::new();
    for file in files {
        let mut open: Option<SignalCollector<'_>> = None;
        for row in TraceReader::open(file)? {
            let (run, event) = row?;
            if open.as_ref().is_some_and(|o| o.run.run_id != run.run_id) {
                found.extend(open.take().map(SignalCollector::finish));
            }
            open.get_or_insert_with(|| SignalCollector::new(run, groups)).push(&event);
        }
        found.extend(open.map(SignalCollector::finish));
    }
    found.sort_by(|a, b| a.run.run_id.cmp(&b.run.run_id));
    Ok(found)
}

/// Collects the signals of one run from its events, in order.
#[derive(Debug)]
pub struct SignalCollector<'a> {
    run: RunFacts,
    groups: &'a CommandGroups,
    whole: Part,
    stages: BTreeMap<i64, Part>,
}

impl<'a> SignalCollector<'a> {
    /// A run without events yet.
    pub fn new(run: RunFacts, groups: &'a CommandGroups) -> Self {
        Self { run, groups, whole: Part::default(), stages: BTreeMap::new() }
    }

    /// Looks at the next event.
    pub fn push(&mut self, event: &Event) {
        let bits = if event.kind == Kind::ToolCall { self.groups.bits_of(event) } else { 0 };
        self.whole.push(event, bits);
        if let Some(stage) = event.stage {
            self.stages.entry(stage).or_default().push(event, bits);
        }
    }

    /// The signals of the run.
    pub fn finish(self) -> ProcessSignals {
        let whole = Signals { score: None, ..self.whole.finish() };
        let stages = self.stages.into_iter().map(|(stage, part)| (stage, part.finish())).collect();
        ProcessSignals { run: self.run, whole, stages }
    }
}

/// What is kept of a stage, or of a whole run, while it is read.
#[derive(Debug, Default)]
struct Part {
    signals: Signals,
    steps: Steps,
    prompts: Vec<i64>,
    stated_limit: Option<i64>,
    declared_limit: Option<i64>,
    results: BTreeSet<(u64, u64)>,
    /// Best grade so far of the stage that was graded last.
    best: Option<(Option<i64>, f64)>,
}

impl Part {
    fn push(&mut self, event: &Event, bits: u64) {
        self.steps.push(event, bits);
        match event.kind {
            Kind::LlmCall => self.call(event),
            Kind::ToolCall => {
                self.signals.tools.push(event);
                if bits != 0 && event.exit_code == Some(0) {
                    let step = Step::action(event);
                    if self.results.insert((step.action, step.result)) {
                        self.signals.calls_since_progress = Some(0);
                    }
                }
            }
            Kind::AttemptResult | Kind::StageResult => {
                let earlier = self.best.filter(|(stage, _)| *stage == event.stage).map(|b| b.1);
                if earlier.is_some() && event.score > earlier {
                    self.signals.calls_since_progress = Some(0);
                }
                self.best = event.score.map(|s| (event.stage, earlier.map_or(s, |e| e.max(s))));
                if event.kind == Kind::StageResult {
                    self.signals.score = event.score;
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, event: &Event) {
        if event.error_type.is_some() {
            self.signals.failed += 1;
            self.stated_limit = event.context_limit.or(self.stated_limit);
            return;
        }
        let aggregate = event.usage_quality == Some(UsageQuality::Aggregate);
        let calls = if aggregate {
            event.llm_call_count.map_or(0, |n| u64::try_from(n).unwrap_or(0))
        } else {
            1
        };
        self.signals.answered += calls;
        if let Some(since) = &mut self.signals.calls_since_progress {
            *since += calls;
        }
        self.declared_limit = event.context_limit.or(self.declared_limit);
        if !aggregate {
            self.prompts.extend(event.input_tokens);
        }
    }

    fn finish(self) -> Signals {
        let steps = self.steps.finish();
        Signals {
            // What the provider refused by is what holds, whatever the client declared.
            context: ContextGrowth::of(&self.prompts, self.stated_limit.or(self.declared_limit)),
            repeats: Repeats::of(&steps),
            stuck: StuckPatterns::of(&steps),
            ..self.signals
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{ToolKind, ToolStatus};

    fn event(stage: i64, kind: Kind) -> Event {
        Event { stage: Some(stage), ..Event::new(kind) }
    }

    fn call(stage: i64, prompt: i64) -> Event {
        Event { input_tokens: Some(prompt), ..event(stage, Kind::LlmCall) }
    }

    fn make(stage: i64, output: &str, code: i64) -> Event {
        Event {
            tool_name: Some("terminal".to_owned()),
            tool_kind: Some(ToolKind::Shell),
            tool_status: Some(ToolStatus::Ok),
            arguments: Some(r#"{"command": "make"}"#.to_owned()),
            content: Some(output.to_owned()),
            exit_code: Some(code),
            ..event(stage, Kind::ToolCall)
        }
    }

    fn collected(events: &[Event]) -> ProcessSignals {
        let mut groups = CommandGroups::default();
        groups.add("build", &["make".to_owned()]).unwrap();
        let mut collector = SignalCollector::new(RunFacts::default(), &groups);
        for event in events {
            collector.push(event);
        }
        collector.finish()
    }

    #[test]
    fn progress_is_a_build_that_says_something_new() {
        let since = |events: &[Event]| collected(events).stages[&0].calls_since_progress;
        assert_eq!(since(&[call(0, 1), make(0, "error", 2), call(0, 1)]), None);
        let built = [call(0, 1), make(0, "built", 0), call(0, 1), call(0, 1)];
        assert_eq!(since(&built), Some(2));
        let again = [&built[..], &[make(0, "built ", 0), call(0, 1)]].concat();
        assert_eq!(since(&again), Some(3), "the same result is no progress");
        let more = [&built[..], &[make(0, "built more", 0), call(0, 1)]].concat();
        assert_eq!(since(&more), Some(1));
        let grade = |kind, score| Event { score: Some(score), ..event(0, kind) };
        let graded = [
            grade(Kind::AttemptResult, 5.0),
            call(0, 1),
            grade(Kind::StageResult, 9.0),
            call(0, 1),
        ];
        assert_eq!(since(&graded), Some(1), "a better grade");
        let worse = [grade(Kind::AttemptResult, 5.0), call(0, 1), grade(Kind::StageResult, 4.0)];
        assert_eq!(since(&worse), None);
    }

    #[test]
    fn a_run_is_summed_up_beside_its_stages() {
        let scored = Event { score: Some(35.0), ..event(1, Kind::StageResult) };
        let failed = Event {
            error_type: Some("E".to_owned()),
            context_limit: Some(4000),
            ..event(1, Kind::LlmCall)
        };
        let sum = Event {
            usage_quality: Some(UsageQuality::Aggregate),
            llm_call_count: Some(7),
            ..call(2, 99_999)
        };
        let found = collected(&[
            call(0, 1000),
            call(0, 1500),
            call(0, 2000),
            call(0, 2500),
            failed,
            scored,
            sum,
        ]);
        let context = found.whole.context.unwrap();
        assert_eq!(
            (context.calls, context.limit),
            (4, Some(4000)),
            "sums have no prompt of their own"
        );
        assert!((context.window_share.unwrap() - 0.625).abs() < 1e-12);
        assert_eq!((found.whole.answered, found.whole.failed), (11, 1));
        assert_eq!(found.scored_without_an_answer(), [1]);
        assert_eq!(found.stages[&0].context.unwrap().limit, None, "stated in another stage");
        assert_eq!(found.stages[&1].score, Some(35.0));
        assert_eq!(collected(&[]).stages.len(), 0);
    }
}
