//! The events of a run, as its plan says.
//!
//! A call follows the end of the event before it, its prompt is what was said so far, its cost follows from its tokens.
//! Rows are written as they are made, and the run may be cut off after any of them.

use super::Dice;
use super::curve::Curve;
use super::plan::{Protocol, RunPlan, StagePlan};
use super::published::{
    CURVES, Cached, Curves, EXIT_CODES, FAILED_CALLS, GROWTH_MEAN, LONGEST_COMPLETION,
    LONGEST_LATENCY_MS, REPEATS, RUNNING, SAYS_SOMETHING, THREE_CALLS, TOOLS, TWO_CALLS, Tool,
    ToolCurves, UNREADABLE,
};
use super::shape::ROWS_OF_STAGE;
use super::text::Corpus;
use crate::trace::{
    Clock, CostSource, EndReason, Event, Kind, RunFacts, Streak, ToolKind, ToolStatus, TraceError,
    UsageQuality, Usd, arguments_hash,
};

/// Where the events go.
pub(super) type Sink<'a> = dyn FnMut(&RunFacts, &Event) -> Result<(), TraceError> + 'a;

/// Why no more events are made.
enum Halt {
    /// There are as many as were asked for.
    Cut,
    Failed(TraceError),
}

/// Makes the events of a run, at most `most`.
pub(super) fn write_run(
    plan: &RunPlan,
    corpus: Option<&Corpus>,
    most: i64,
    sink: &mut Sink<'_>,
) -> Result<(), TraceError> {
    let mut dice = plan.dice.clone();
    let context = CURVES.first_prompt.draw(&mut dice);
    let run = Run {
        plan,
        corpus,
        dice,
        sink,
        left: most,
        seq: 0,
        now_us: 0,
        stage: None,
        context,
        growth: growth(plan, context),
        cached: 0,
        last_call: None,
        streak: Streak::default(),
    };
    match run.all() {
        Ok(()) | Err(Halt::Cut) => Ok(()),
        Err(Halt::Failed(error)) => Err(error),
    }
}

/// How much faster a prompt grows than in the published runs, in thousandths: so that the context runs out where it is
/// planned to.
fn growth(plan: &RunPlan, context: i64) -> i64 {
    let Some(limit) = plan.model.context_limit else { return 1000 };
    let calls: i64 = plan.stages.iter().filter(|s| s.attempted).map(|s| s.rows / 2).sum();
    let needed = i128::from(limit - context) * 1000;
    let scale = needed / (i128::from(calls.max(1)) * i128::from(GROWTH_MEAN));
    i64::try_from(scale).unwrap_or(1000).clamp(1, 4000)
}

struct Run<'a, 'sink> {
    plan: &'a RunPlan,
    corpus: Option<&'a Corpus>,
    dice: Dice,
    sink: &'a mut Sink<'sink>,
    /// Events that may still be made.
    left: i64,
    seq: i64,
    now_us: i64,
    stage: Option<(i64, i64)>,
    /// Tokens of the next prompt.
    context: i64,
    growth: i64,
    /// Tokens of the last prompt, which a cache may hold.
    cached: i64,
    /// What a repeated tool call repeats.
    last_call: Option<(&'static ToolCurves, Option<String>, i64)>,
    streak: Streak,
}

impl Run<'_, '_> {
    fn all(mut self) -> Result<(), Halt> {
        if self.plan.coarse {
            return self.sums();
        }
        let mut start = Event::new(Kind::RunStart);
        start.clock = Some(Clock::Source);
        start.attributes = self.corpus.map(|_| self.plan.description());
        self.timed(start)?;
        self.now_us += 127_000_000;
        let mut system = Event::new(Kind::Message);
        system.role = Some("system".to_owned());
        system.content = self.corpus.map(|c| c.system_prompt().to_owned());
        system.attributes = self.corpus.map(|c| c.tool_descriptions().to_owned());
        system.event_id = Some(self.dice.uuid(""));
        self.timed(system)?;
        let plan = self.plan;
        for (index, stage) in (0..).zip(&plan.stages) {
            let recovered = plan.protocol == Protocol::Recovery
                && usize::try_from(index - 1).is_ok_and(|before| plan.stages[before].score < 6000);
            self.stage(index, stage, recovered && stage.rows > ROWS_OF_STAGE + 2)?;
            self.now_us += CURVES.grading_us.draw(&mut self.dice);
        }
        self.stage = None;
        let mut end = Event::new(Kind::RunEnd);
        end.clock = Some(Clock::Source);
        let last = plan.stages.iter().rfind(|stage| stage.attempted);
        end.end_reason = last.map(|stage| stage.end);
        end.elapsed_s = Some(seconds(self.now_us));
        end.attributes = self.corpus.map(|_| plan.summary());
        self.timed(end)
    }

    fn stage(&mut self, index: i64, stage: &StagePlan, recovered: bool) -> Result<(), Halt> {
        let begun = self.now_us;
        let mut calls = stage.rows - 3;
        self.stage = Some((index, 1));
        self.begin(index)?;
        if recovered {
            calls -= 1;
            self.timed(Event::new(Kind::Recovery))?;
        }
        if self.plan.protocol == Protocol::Retries
            && stage.score < 6000
            && stage.rows >= 6 * ROWS_OF_STAGE
        {
            let first = calls / 2;
            calls -= first + 3;
            self.calls(first, EndReason::Finished)?;
            self.result(Kind::AttemptResult, stage, begun, EndReason::Finished)?;
            self.stage = Some((index, 2));
            self.begin(index)?;
        }
        self.calls(calls, stage.end)?;
        self.result(Kind::StageResult, stage, begun, stage.end)
    }

    fn begin(&mut self, index: i64) -> Result<(), Halt> {
        self.streak.reset();
        self.last_call = None;
        self.timed(Event::new(Kind::StageStart))?;
        if index > 0 {
            self.context += CURVES.stage_growth.draw(&mut self.dice);
        }
        let mut prompt = Event::new(Kind::Message);
        prompt.role = Some("user".to_owned());
        prompt.event_id = Some(self.dice.uuid(""));
        prompt.content = self.prose(|c| &c.prompt);
        self.timed(prompt)
    }

    fn result(
        &mut self,
        kind: Kind,
        stage: &StagePlan,
        begun: i64,
        end: EndReason,
    ) -> Result<(), Halt> {
        let mut event = Event::new(kind);
        event.score = Some(f64::from(i32::try_from(stage.score).unwrap_or_default()) / 100.0);
        event.passed = Some(stage.score >= 6000);
        event.tests_passed = Some(stage.tests_passed);
        event.tests_total = Some(stage.tests_total);
        event.stage_status = Some(stage.status).filter(|_| kind == Kind::StageResult);
        event.end_reason = Some(end);
        event.elapsed_s = Some(seconds(self.now_us - begun));
        if stage.tests_total == 0 {
            event.content = self.prose(|c| &c.build_output);
        }
        self.put(event)
    }

    /// So many rows of calls that end in this way.
    fn calls(&mut self, mut rows: i64, end: EndReason) -> Result<(), Halt> {
        let ends_in_tool = matches!(end, EndReason::Finished | EndReason::Stuck);
        while rows > 0 {
            if rows == 1 && !matches!(end, EndReason::AgentMessage | EndReason::Finished) {
                return self.failed_call(end);
            }
            // An answer and its tool call would leave no room for the call that ends the stage.
            let no_room = rows == 2 && !ends_in_tool;
            if no_room || (rows > 6 && self.dice.per_mille(FAILED_CALLS)) {
                self.failed_call(EndReason::LlmTimeout)?;
                rows -= 1;
                continue;
            }
            let id = self.answered_call()?;
            rows -= 1;
            let mut tools = 1 + self.dice.weighted(&[
                (1000 - TWO_CALLS - THREE_CALLS, 0),
                (TWO_CALLS, 1),
                (THREE_CALLS, 2),
            ]);
            tools = tools.min(rows);
            match rows - tools {
                1 if ends_in_tool => tools += 1,
                0 if !ends_in_tool && tools > 0 => tools -= 1,
                _ => {}
            }
            for _ in 0..tools {
                rows -= 1;
                let finishes = rows == 0 && end == EndReason::Finished;
                let stuck = rows < 8 && end == EndReason::Stuck;
                self.tool_call(&id, finishes, stuck)?;
            }
        }
        Ok(())
    }

    fn failed_call(&mut self, end: EndReason) -> Result<(), Halt> {
        self.now_us += CURVES.pause_us.draw(&mut self.dice);
        let mut event = Event::new(Kind::LlmCall);
        let (error, took_us) = match end {
            EndReason::LlmTimeout => ("LLMTimeoutError", 300_000_000 + self.dice.below(900_000)),
            EndReason::RateLimited => ("LLMRateLimitError", 900_000 + self.dice.below(4_000_000)),
            _ => ("LLMBadRequestError", 1_900_000 + self.dice.below(9_000_000)),
        };
        event.error_type = Some(error.to_owned());
        event.event_id = Some(self.dice.uuid(""));
        event.duration_ms = Some(milliseconds(took_us));
        event.context_limit = self.plan.model.context_limit;
        event.content = self.corpus.map(|c| c.refusal(error));
        let put = self.timed(event);
        self.now_us += took_us;
        put
    }

    /// A call with an answer; gives its identifier.
    fn answered_call(&mut self) -> Result<String, Halt> {
        let model = self.plan.model;
        self.now_us += CURVES.pause_us.draw(&mut self.dice);
        if self.context > model.longest_prompt && model.context_limit.is_none() {
            self.context = model.longest_prompt / 4;
        }
        let input = self.context.min(model.longest_prompt);
        let found = match model.cached {
            _ if self.dice.per_mille(model.cache_misses) => 0,
            Cached::Prompt(share) => self.cached * share / 64_000 * 64,
            Cached::Prefix(tokens) => tokens.min(self.cached),
        };
        let cached = found.min(input);
        let completion = CURVES.completion.draw(&mut self.dice) * model.completion / 1000;
        let output = completion.clamp(1, LONGEST_COMPLETION);
        let reasons = self.dice.per_mille(model.reasoning);
        let reasoning = if reasons { output * (200 + self.dice.below(700)) / 1000 } else { 0 };
        let latency_us = CURVES.latency.draw(&mut self.dice) * model.latency_ms;
        let took_us = latency_us.min(LONGEST_LATENCY_MS * 1000);
        let mut event = Event::new(Kind::LlmCall);
        let id = self.dice.uuid("chatcmpl-");
        event.event_id = Some(id.clone());
        event.response_id = Some(id.clone());
        event.duration_ms = Some(milliseconds(took_us));
        event.input_tokens = Some(input);
        event.cache_read_tokens = Some(cached);
        event.cache_write_tokens = Some(0);
        event.output_tokens = Some(output);
        event.reasoning_tokens = Some(reasoning);
        event.usage_quality = Some(UsageQuality::Final);
        event.cost_usd = self.cost(input - cached, output);
        event.cost_source = event.cost_usd.map(|_| CostSource::Reported);
        event.role = Some("assistant".to_owned());
        if let Some(corpus) = self.corpus {
            if self.dice.per_mille(SAYS_SOMETHING) {
                event.content = self.prose(|c| &c.said);
            }
            event.attributes = Some(corpus.usage(&event, model.name, &mut self.dice));
        }
        self.timed(event)?;
        self.now_us += took_us;
        self.cached = input;
        let grown = CURVES.growth.draw(&mut self.dice) * self.growth / 1000;
        self.context += grown;
        Ok(id)
    }

    fn cost(&self, uncached: i64, output: i64) -> Option<Usd> {
        let (input_price, output_price) = self.plan.model.prices.filter(|_| self.plan.priced)?;
        let nanos = i128::from(uncached) * i128::from(input_price)
            + i128::from(output) * i128::from(output_price);
        Usd::from_nanos(nanos).filter(|cost| !cost.is_zero())
    }

    fn tool_call(&mut self, parent: &str, finishes: bool, stuck: bool) -> Result<(), Halt> {
        let unreadable = !finishes && self.dice.per_mille(UNREADABLE);
        let repeats = !finishes && (stuck || self.dice.per_mille(REPEATS));
        let (curves, arguments, hash) = match self.last_call.take() {
            Some(last) if repeats => last,
            _ => self.new_call(finishes),
        };
        let tool = curves.tool;
        let mut event = Event::new(Kind::ToolCall);
        event.event_id = Some(self.dice.uuid(""));
        event.parent_event_id = Some(parent.to_owned());
        let mut id = String::with_capacity(29);
        id.push_str("call_");
        self.dice.push_hex(&mut id, 24);
        event.tool_call_id = Some(id);
        event.tool_name = Some(tool.name.to_owned());
        event.arguments_hash = Some(hash);
        event.identical_streak = Some(self.streak.count(tool.name, hash));
        event.arguments.clone_from(&arguments);
        event.tool_status = Some(ToolStatus::Ok);
        if unreadable {
            event.tool_status = Some(ToolStatus::Error);
            event.error_type = Some("agent_error".to_owned());
        } else {
            event.tool_kind = Some(tool.kind);
            if self.dice.per_mille(tool.errors) {
                event.tool_status = Some(ToolStatus::Error);
            } else if tool.kind == ToolKind::Shell {
                if self.dice.per_mille(RUNNING) {
                    event.tool_status = Some(ToolStatus::Running);
                } else {
                    event.exit_code = Some(self.dice.weighted(&EXIT_CODES));
                }
            }
        }
        if let Some(corpus) = self.corpus {
            let characters = curves.content.draw(&mut self.dice);
            event.content = Some(corpus.prose(&mut self.dice, characters));
            let characters = curves.attributes.draw(&mut self.dice);
            event.attributes = Some(corpus.attributes(&mut self.dice, tool.name, characters));
        }
        let took_us = curves.duration_us.draw(&mut self.dice);
        event.duration_ms = Some(milliseconds(took_us));
        self.last_call = Some((curves, arguments, hash));
        self.timed(event)?;
        self.now_us += took_us;
        Ok(())
    }

    fn new_call(&mut self, finishes: bool) -> (&'static ToolCurves, Option<String>, i64) {
        let finish = TOOLS.len();
        let chosen = if finishes {
            finish
        } else {
            let mut at = self.dice.below(TOOLS.iter().map(|tool| tool.calls).sum());
            let passed = |tool: &Tool| {
                at -= tool.calls;
                at < 0
            };
            TOOLS.iter().position(passed).unwrap_or_default()
        };
        let curves = &CURVES.tools[chosen];
        let arguments = self.corpus.map(|corpus| {
            let characters = curves.arguments.draw(&mut self.dice);
            corpus.arguments(&mut self.dice, curves.tool.kind, characters)
        });
        let hash = match &arguments {
            Some(text) => arguments_hash(text),
            None => self.dice.roll().cast_signed(),
        };
        (curves, arguments, hash)
    }

    /// A run of which only sums are known.
    fn sums(mut self) -> Result<(), Halt> {
        let mut start = Event::new(Kind::RunStart);
        start.clock = Some(Clock::Source);
        self.timed(start)?;
        let plan = self.plan;
        let aggregate = |kind| {
            let mut event = Event::new(kind);
            event.usage_quality = Some(UsageQuality::Aggregate);
            event
        };
        for (index, stage) in (0..).zip(&plan.stages) {
            self.stage = Some((index, 1));
            let calls = if stage.attempted { stage.rows / 2 } else { 0 };
            let (input, output) = (calls * self.context, calls * plan.model.completion * 2);
            let mut sum = aggregate(Kind::LlmCall);
            sum.llm_call_count = Some(calls);
            sum.input_tokens = Some(input);
            sum.cache_read_tokens = Some(input * 9 / 10);
            sum.output_tokens = Some(output);
            sum.cost_usd = self.cost(input / 10, output);
            sum.cost_source = sum.cost_usd.map(|_| CostSource::ReportedTotal);
            self.put(sum)?;
            let mut result = aggregate(Kind::StageResult);
            result.score = Some(f64::from(i32::try_from(stage.score).unwrap_or_default()) / 100.0);
            result.passed = Some(stage.score >= 6000);
            result.stage_status = Some(stage.status);
            self.put(result)?;
            self.context += calls * GROWTH_MEAN * self.growth / 1000;
        }
        self.stage = None;
        let mut end = aggregate(Kind::RunEnd);
        end.end_reason = plan.stages.iter().rfind(|s| s.attempted).map(|s| s.end);
        end.elapsed_s = Some(seconds(self.dice.below(7_000_000_000)));
        self.put(end)
    }

    fn prose(&mut self, of: impl Fn(&Curves) -> &Curve) -> Option<String> {
        let corpus = self.corpus?;
        let characters = of(&CURVES).draw(&mut self.dice);
        Some(corpus.prose(&mut self.dice, characters))
    }

    fn timed(&mut self, mut event: Event) -> Result<(), Halt> {
        event.ts = Some(self.plan.start.plus_micros(self.now_us));
        event.offset_us = Some(self.now_us);
        let clock = if self.plan.priced { Clock::CostEpoch } else { Clock::ReportTime };
        event.clock = event.clock.or(Some(clock));
        self.put(event)
    }

    fn put(&mut self, mut event: Event) -> Result<(), Halt> {
        if self.left == 0 {
            return Err(Halt::Cut);
        }
        self.left -= 1;
        event.seq = self.seq;
        self.seq += 1;
        if let Some((stage, attempt)) = self.stage {
            event.stage = Some(stage);
            event.attempt = Some(attempt);
        }
        (self.sink)(&self.plan.facts, &event).map_err(Halt::Failed)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a run takes less than 2^52 microseconds")]
fn milliseconds(us: i64) -> f64 {
    us as f64 / 1000.0
}

fn seconds(us: i64) -> f64 {
    milliseconds(us) / 1000.0
}
