//! What the metrics of a cohort add up to, as finished numbers, ready to be tabulated or drawn.
//!
//! A cohort is the runs of one workload; nothing here mixes two. Every result names its gate, its cost basis and what
//! it had to leave out.
//!
//! * `cohort`: the runs of a workload with their scores and costs
//! * `calls`: the answered calls of a store
//! * `pricing`: their cost on three bases
//! * `accounts`: every run on every basis
//! * `attribution`: how much cost by stage depends on the rule
//! * `waste`: what failed stages cost
//! * `factors`, `bridge`: cost as a product, and why one side costs more
//! * `groups`: spread within and between groups
//! * `budget`, `spending`: score reached with a budget, and what had been spent by each result
//! * `stage_ledger`: where money and time went
//! * `rescoring`: the scores of a store, computed only where they are not kept from before
//! * `repeats`: models that ran several times
//! * `ranking`: runs ranked by a metric
//! * `inputs`, `comparison`: two rankings side by side, and why they differ
//! * `gate_sweep`, `weight_schemes`, `acceptability`, `perturbation`, `specification`: what a ranking depends on
//! * `collapse`: three pass-rate curves
//! * `outcome`: how a stage ended; `survival`: how far runs come; `cascade`, `transition_matrix`: failure after failure
//! * `arms`, `rank_intervals`: two groups of runs, and ranks of repeated runs, with what they cannot say
//! * `failure_map`, `incidence`: failures by cause; `context_ramp`: how the prompt of a run grew
//! * `frontier`: score against cost; `profile`, `radar`: several metrics side by side
//! * `matrix`, `trajectory`: every score; `gate_gap`: what gates leave of them
//! * `spread`: how far costs lie apart; `price_shift`: the same on two bases
//! * `timeline`: one run over wall time
//! * `process`: how an agent worked, whatever it scored
//! * `failure`: why stages failed
//! * `display`: names, makers and colours of models in figures
//! * `whatif`: runs cut short, stopped or priced in another way, event by event
//! * `findings`: what stands out, in sentences
//! * `claims`: published numbers checked against the traces

mod acceptability;
mod accounts;
mod arms;
mod attribution;
mod bridge;
mod budget;
mod calls;
mod cascade;
pub mod claims;
mod cohort;
mod collapse;
mod comparison;
mod context_ramp;
pub mod display;
mod factors;
pub mod failure;
mod failure_map;
pub mod findings;
mod frontier;
mod gate_gap;
mod gate_sweep;
mod groups;
mod incidence;
mod inputs;
mod matrix;
mod outcome;
mod perturbation;
mod price_shift;
mod pricing;
pub mod process;
mod profile;
mod profile_metrics;
mod radar;
mod rank_intervals;
mod ranking;
mod repeats;
mod rescoring;
mod specification;
mod spending;
mod spread;
mod stage_ledger;
mod survival;
pub mod timeline;
mod trajectory;
mod transition_matrix;
mod waste;
mod weight_schemes;
pub mod whatif;

pub use acceptability::{AcceptabilityRow, RankAcceptability};
pub use accounts::Accounts;
pub use arms::{ArmComparison, ArmMeasure};
pub use attribution::attribution_sensitivity;
pub use bridge::{BridgeStep, CostBridge, Side};
pub use budget::{BudgetCurve, BudgetCurves, BudgetLines, BudgetStep, BudgetTerms, Effectiveness};
pub use calls::{LlmCall, RunCalls, read_calls};
pub use cascade::{Cascade, Guard, RunCascade};
pub use cohort::{Cohort, CohortRun, StageScore, cohorts};
pub use collapse::{Collapse, CollapsePoint};
pub use comparison::{Cause, RankChange, RankComparison, RankedBy};
pub use context_ramp::{ContextRamp, RampCall};
pub use factors::{CostFactors, FACTORS, variance_shares};
pub use failure_map::{CauseCount, FailureMap, FailureMapCell, FailureMapRow};
pub use frontier::{Frontier, FrontierPoint, ScoreAxis};
pub use gate_gap::{GateGap, GateGapRow, GateGaps};
pub use gate_sweep::{GateSweep, SweepRow};
pub use groups::{ALL_RUNS, GroupSpread, GroupSpreads, group_spreads};
pub use incidence::{CauseIncidence, CumulativeIncidence};
pub use inputs::Input;
pub use matrix::{MatrixCell, MatrixRow, ScoreMatrix};
pub use outcome::Outcome;
pub use perturbation::{CohortPerturbation, PerturbationRow};
pub use price_shift::{PriceShift, ShiftRow};
pub use pricing::{Basis, RunCost, list_rates, price_call, price_run};
pub use profile::{MOST_METRICS, Profile, ProfileMetric, ProfileRow};
pub use radar::{MOST_SPOKES, Radar, RadarRow, RadarScaling, Spoke};
pub use rank_intervals::{RankInterval, RankIntervals};
pub use ranking::{Question, RankedEntry, Ranking, rank, ranked_metric};
pub use repeats::{RepeatGroup, RepeatedPasses, Repeats, repeat_groups, repeated_passes};
pub use rescoring::{Rescoring, ScoreTable, ScoreValue, ScoredRun, ScoredRuns};
pub use specification::{Choice, MOST_SPECIFICATIONS, Specification, SpecificationCurve};
pub use spending::Resource;
pub use spread::{CostSpread, SpreadRow};
pub use stage_ledger::{StageLedger, StageLedgerRow, TimeUse, time_use};
pub use survival::{FailureClock, FailureCurve};
pub use trajectory::{Trajectory, TrajectoryPoint, TrajectoryRow};
pub use transition_matrix::TransitionMatrix;
pub use waste::{Waste, waste};
pub use weight_schemes::WeightScheme;

/// The direction of a metric, for those who draw it.
pub use crate::metrics::Better;
/// The interval type of the curves, for those who draw them.
pub use crate::stats::{Proportion, TransitionCounts};
