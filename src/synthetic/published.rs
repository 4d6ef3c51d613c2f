//! Every number that the generated data follows, and where it was read.
//!
//! RUNS: the eleven raw runs of the published set that have an `openhands-state` folder, imported (5,112 events,
//! 2,406 LLM calls, 2,475 tool calls, 66 stages). TABLE: the published table of 22 models (`main_table_22.csv`), which has
//! scores, failed calls and costs of eleven more. Quantiles are at 0, 5, 25, 50, 75, 95 and 100 of a hundred. Money and time
//! are integers so that every machine draws alike.

use super::curve::{Curve, Quantiles};
use crate::trace::ToolKind;
use std::sync::LazyLock;

/// A model as the published runs know it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    /// Billionths of a dollar per uncached prompt token and per completion token. RUNS: the price vectors that explain the
    /// cost of every call exactly; cached tokens cost nothing there. None where the logs hold no price.
    pub(super) prices: Option<(i64, i64)>,
    /// RUNS: tokens of context after which requests were refused, where that happened.
    pub(super) context_limit: Option<i64>,
    /// RUNS: longest prompt, rounded; where no limit was met, an agent begins anew with a summary at that length.
    pub(super) longest_prompt: i64,
    /// RUNS: calls of the run, in percent of the mean: 203 where the context ran out, 236 elsewhere.
    pub(super) pace: i64,
    /// RUNS: median latency of a call in milliseconds.
    pub(super) latency_ms: i64,
    /// RUNS: median completion tokens of a call.
    pub(super) completion: i64,
    /// RUNS: calls with reasoning tokens, of a thousand.
    pub(super) reasoning: i64,
    /// RUNS: calls after the first that found nothing in the cache, of a thousand.
    pub(super) cache_misses: i64,
    /// RUNS: what a call finds there otherwise.
    pub(super) cached: Cached,
    /// TABLE: pipeline score, in percent of the median model's.
    pub(super) skill: i64,
}

/// What a call finds in the cache.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cached {
    /// So many thousandths of the prompt before.
    Prompt(i64),
    /// The first so many tokens.
    Prefix(i64),
}

#[rustfmt::skip]
pub(super) const MODELS: &[Model] = &[
    Model { name: "deepseek-chat", prices: Some((200, 800)), context_limit: Some(131_072), longest_prompt: 128_590, pace: 106, latency_ms: 5465, completion: 113, reasoning: 0, cache_misses: 5, cached: Cached::Prompt(998), skill: 95 },
    Model { name: "deepseek-reasoner", prices: Some((240, 800)), context_limit: Some(131_072), longest_prompt: 130_076, pace: 51, latency_ms: 29_860, completion: 873, reasoning: 963, cache_misses: 38, cached: Cached::Prompt(986), skill: 40 },
    Model { name: "deepseek-v4-flash", prices: Some((200, 400)), context_limit: None, longest_prompt: 479_496, pace: 138, latency_ms: 9416, completion: 287, reasoning: 929, cache_misses: 135, cached: Cached::Prompt(938), skill: 162 },
    Model { name: "deepseek-v4-pro", prices: Some((2000, 4000)), context_limit: None, longest_prompt: 401_417, pace: 128, latency_ms: 9814, completion: 268, reasoning: 908, cache_misses: 63, cached: Cached::Prompt(999), skill: 207 },
    Model { name: "glm-4.6", prices: None, context_limit: Some(169_984), longest_prompt: 167_189, pace: 93, latency_ms: 4842, completion: 63, reasoning: 0, cache_misses: 42, cached: Cached::Prompt(996), skill: 98 },
    Model { name: "glm-4.7", prices: Some((600, 1200)), context_limit: Some(169_984), longest_prompt: 169_887, pace: 134, latency_ms: 3889, completion: 105, reasoning: 982, cache_misses: 33, cached: Cached::Prompt(990), skill: 92 },
    Model { name: "glm-5.1", prices: Some((1500, 4300)), context_limit: Some(202_745), longest_prompt: 190_399, pace: 115, latency_ms: 5565, completion: 40, reasoning: 51, cache_misses: 30, cached: Cached::Prompt(972), skill: 93 },
    Model { name: "kimi-k2.5", prices: Some((700, 3000)), context_limit: None, longest_prompt: 192_645, pace: 122, latency_ms: 4901, completion: 64, reasoning: 0, cache_misses: 10, cached: Cached::Prompt(931), skill: 117 },
    Model { name: "qwen3-coder-flash", prices: Some((100, 200)), context_limit: None, longest_prompt: 63_913, pace: 29, latency_ms: 1792, completion: 59, reasoning: 0, cache_misses: 130, cached: Cached::Prompt(900), skill: 84 },
    Model { name: "qwen3.5-plus", prices: Some((600, 4000)), context_limit: None, longest_prompt: 236_988, pace: 83, latency_ms: 4244, completion: 102, reasoning: 92, cache_misses: 0, cached: Cached::Prefix(7059), skill: 94 },
    Model { name: "qwen3.6-max-preview", prices: Some((3000, 13_000)), context_limit: Some(229_376), longest_prompt: 228_169, pace: 96, latency_ms: 6390, completion: 94, reasoning: 273, cache_misses: 5, cached: Cached::Prefix(7059), skill: 159 },
];

/// RUNS: rows of an attempted stage, by stage.
pub(super) const STAGE_ROWS: [Quantiles; 6] = [
    [17, 17, 23, 31, 187, 389, 521],
    [6, 17, 71, 88, 172, 340, 376],
    [10, 25, 53, 92, 178, 287, 320],
    [10, 17, 58, 67, 97, 129, 144],
    [13, 14, 19, 31, 38, 62, 69],
    [12, 13, 16, 19, 37, 63, 69],
];
/// RUNS: last stage with an answered call before the context ran out, of the six runs in which it did.
pub(super) const CONTEXT_ENDS: [i64; 6] = [1, 2, 3, 3, 3, 4];
/// RUNS: stages with any answered call, of a thousand, by stage.
pub(super) const ATTEMPTED: [i64; 6] = [1000, 1000, 909, 818, 545, 455];
/// Mean of the models' `skill`.
pub(super) const MEAN_SKILL: i64 = 113;
/// TABLE: models at or above 60 points, of a thousand, by stage.
pub(super) const PASSED: [i64; 6] = [1000, 591, 182, 136, 0, 91];
/// TABLE: full marks among those, of a thousand.
pub(super) const FULL_MARKS: [i64; 6] = [1000, 615, 750, 333, 0, 1000];
/// RUNS: attempted or not, stages whose grader ran no test, of a thousand of those that did not pass.
pub(super) const NO_TESTS: [i64; 6] = [0, 333, 250, 500, 100, 900];
/// RUNS: tests of a stage.
pub(super) const TESTS: [i64; 6] = [1, 73, 73, 73, 12, 64];
/// RUNS: hundredths of points of a stage that passes no test in full but is scored by speed (stage 4).
pub(super) const SPEED_SCORE: Quantiles = [3495, 3514, 3570, 3662, 3896, 3964, 3970];
/// RUNS: how stages ended in which the context did not run out, and TABLE: two of 22 runs at a timeout or a rate limit.
pub(super) const FINISHED: i64 = 28;
pub(super) const AGENT_MESSAGE: i64 = 18;
pub(super) const STUCK: i64 = 1;
pub(super) const INFRA: i64 = 1;
/// TABLE: runs whose cost is unknown are 5 of 22; one model of eleven never has any, so these of a thousand of the others.
pub(super) const UNPRICED: i64 = 150;
/// The published set has a table of 22 runs beside 15 raw ones; a store has a few such coarse rows, of a thousand runs.
pub(super) const COARSE: i64 = 30;
/// Raw runs with retry prompts: one of 15, of a thousand.
pub(super) const RETRIES: i64 = 67;
/// Models with recoveries in the published per-task table: 12 of 18 runs of another workload; kept rare here.
pub(super) const RECOVERY: i64 = 100;
/// TABLE: failed calls without a full context, about 20 of 5,300: of a thousand.
pub(super) const FAILED_CALLS: i64 = 4;

/// RUNS: tokens that a prompt grows from call to call within a stage, and when a stage begins.
pub(super) const GROWTH: Quantiles = [0, 121, 231, 425, 887, 3812, 19_830];
pub(super) const GROWTH_MEAN: i64 = 955;
pub(super) const STAGE_GROWTH: Quantiles = [697, 860, 1121, 1409, 1825, 2819, 3261];
/// RUNS: first prompt.
pub(super) const FIRST_PROMPT: Quantiles = [8073, 8200, 8497, 8757, 8814, 8820, 8826];
/// RUNS: completion tokens of a call, in thousandths of the median of its model (the largest, 251,650, is one model's
/// alone: cut at 30,000), and the longest.
pub(super) const COMPLETION: Quantiles = [120, 444, 719, 1000, 2300, 11_152, 30_000];
pub(super) const LONGEST_COMPLETION: i64 = 12_941;
/// RUNS: time of a call, in thousandths of the median of its model, and the longest in milliseconds.
pub(super) const LATENCY: Quantiles = [119, 399, 701, 1000, 1904, 5237, 58_257];
pub(super) const LONGEST_LATENCY_MS: i64 = 348_827;
/// RUNS: microseconds from the end of an event to the next call, and from a grade to the next stage.
pub(super) const PAUSE_US: Quantiles = [5000, 14_000, 25_000, 32_000, 45_000, 110_000, 900_000];
pub(super) const GRADING_US: Quantiles =
    [418_449, 435_587, 2_202_121, 11_725_683, 35_529_923, 134_767_981, 149_838_542];
/// RUNS: tool calls of a response, of 2,369 responses with any: two, three.
pub(super) const TWO_CALLS: i64 = 23;
pub(super) const THREE_CALLS: i64 = 10;
/// RUNS: calls that repeat the one before, of a thousand.
pub(super) const REPEATS: i64 = 5;
/// RUNS: answered calls that say something beside their tool calls, of a thousand.
pub(super) const SAYS_SOMETHING: i64 = 520;

/// A tool as the published runs use it.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) kind: ToolKind,
    /// RUNS: its calls.
    pub(super) calls: i64,
    /// RUNS: calls that the tool itself refused, of a thousand.
    pub(super) errors: i64,
    /// RUNS: microseconds of a call.
    pub(super) duration_us: Quantiles,
    /// RUNS: characters of results, arguments and attributes.
    pub(super) content: Quantiles,
    pub(super) arguments: Quantiles,
    pub(super) attributes: Quantiles,
}

#[rustfmt::skip]
pub(super) static TOOLS: &[Tool] = &[
    Tool { name: "terminal", kind: ToolKind::Shell, calls: 1397, errors: 4,
        duration_us: [3368, 26_965, 31_810, 513_660, 1_065_084, 14_334_088, 180_175_794],
        content: [0, 16, 160, 487, 1545, 8246, 30_000], arguments: [1, 73, 109, 137, 182, 553, 18_345], attributes: [390, 399, 410, 419, 469, 661, 19_519] },
    Tool { name: "file_editor", kind: ToolKind::Edit, calls: 928, errors: 83,
        duration_us: [5000, 7036, 11_312, 15_480, 21_666, 37_958, 329_799],
        content: [60, 116, 563, 1094, 2360, 8455, 21_448], arguments: [40, 54, 72, 104, 966, 4157, 31_554], attributes: [150, 164, 227, 261, 9490, 30_035, 63_400] },
    Tool { name: "task_tracker", kind: ToolKind::Plan, calls: 56, errors: 0,
        duration_us: [5000, 5791, 7766, 10_399, 17_242, 25_136, 98_874],
        content: [42, 42, 42, 42, 42, 42, 466], arguments: [120, 214, 442, 498, 786, 1360, 2896], attributes: [86, 98, 372, 500, 636, 1665, 2168] },
    Tool { name: "think", kind: ToolKind::Plan, calls: 45, errors: 0,
        duration_us: [5000, 5791, 7766, 11_112, 17_242, 25_136, 98_874],
        content: [29; 7], arguments: [214, 442, 786, 1329, 2896, 9000, 27_137], attributes: [86, 90, 95, 98, 105, 372, 636] },
];
pub(super) static FINISH: Tool = Tool {
    name: "finish",
    kind: ToolKind::Finish,
    calls: 28,
    errors: 0,
    duration_us: [6000, 6971, 10_023, 12_355, 17_910, 24_855, 29_928],
    content: [100, 159, 387, 823, 1330, 3012, 3420],
    arguments: [300, 393, 819, 1278, 2382, 5235, 5673],
    attributes: [80, 81, 102, 105, 113, 246, 3241],
};
/// RUNS: calls whose arguments could not be read, so that nothing was executed, of a thousand.
pub(super) const UNREADABLE: i64 = 8;
/// RUNS: commands still running when their result was taken, of a thousand.
pub(super) const RUNNING: i64 = 10;
/// RUNS: exit codes of commands.
pub(super) const EXIT_CODES: [(i64, i64); 8] =
    [(1252, 0), (54, 2), (32, 1), (12, 134), (11, 139), (7, 130), (4, 127), (4, 128)];

/// RUNS: characters of prompts of stages, of what a model says beside its calls, of a failed build's output.
pub(super) const PROMPT: Quantiles = [1348, 1349, 2000, 2603, 3000, 3527, 3600];
pub(super) const SAID: Quantiles = [1, 16, 40, 67, 113, 301, 7850];
pub(super) const BUILD_OUTPUT: Quantiles = [577, 577, 577, 854, 1000, 1000, 1000];
/// RUNS: characters of the system prompt and of the descriptions of tools beside it.
pub(super) const SYSTEM_PROMPT: i64 = 13_733;
pub(super) const TOOL_DESCRIPTIONS: i64 = 11_810;

/// The distributions above, ready to draw from.
#[derive(Debug)]
pub(super) struct Curves {
    pub(super) stage_rows: Vec<Curve>,
    pub(super) speed_score: Curve,
    pub(super) growth: Curve,
    pub(super) stage_growth: Curve,
    pub(super) first_prompt: Curve,
    pub(super) completion: Curve,
    pub(super) latency: Curve,
    pub(super) pause_us: Curve,
    pub(super) grading_us: Curve,
    pub(super) prompt: Curve,
    pub(super) said: Curve,
    pub(super) build_output: Curve,
    /// Of [`TOOLS`], in their order, and of [`FINISH`].
    pub(super) tools: Vec<ToolCurves>,
}

/// The distributions of a tool.
#[derive(Debug)]
pub(super) struct ToolCurves {
    pub(super) tool: &'static Tool,
    pub(super) duration_us: Curve,
    pub(super) content: Curve,
    pub(super) arguments: Curve,
    pub(super) attributes: Curve,
}

pub(super) static CURVES: LazyLock<Curves> = LazyLock::new(|| Curves {
    stage_rows: STAGE_ROWS.iter().map(Curve::new).collect(),
    speed_score: Curve::new(&SPEED_SCORE),
    growth: Curve::new(&GROWTH),
    stage_growth: Curve::new(&STAGE_GROWTH),
    first_prompt: Curve::new(&FIRST_PROMPT),
    completion: Curve::new(&COMPLETION),
    latency: Curve::new(&LATENCY),
    pause_us: Curve::new(&PAUSE_US),
    grading_us: Curve::new(&GRADING_US),
    prompt: Curve::new(&PROMPT),
    said: Curve::new(&SAID),
    build_output: Curve::new(&BUILD_OUTPUT),
    tools: TOOLS
        .iter()
        .chain([&FINISH])
        .map(|tool| ToolCurves {
            tool,
            duration_us: Curve::new(&tool.duration_us),
            content: Curve::new(&tool.content),
            arguments: Curve::new(&tool.arguments),
            attributes: Curve::new(&tool.attributes),
        })
        .collect(),
});
