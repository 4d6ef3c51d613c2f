//! Pure numbers: summaries, intervals, resampling, tests, rank, survival and risk statistics, what a product or its spread
//! is made of, and non-negative least squares.
//!
//! Nothing here knows about traces, money or tables. Input is checked once; results depend only on the set of values,
//! never on their order, and on a seed where something is drawn. A statistic that is undefined for its input is `None`,
//! and input it has no meaning for is an error; neither ever becomes 0.
//!
//! * `sample`, `quantile`, `spread`, `robust`: what a set of numbers is like
//! * `proportion`, `interval`, `bayes`, `pass_at_k`: rates and their intervals
//! * `draws`, `bootstrap`, `bca`, `permutation`: resampling
//! * `standard_error`, `mcnemar`, `multiplicity`, `power`, `variance_components`, `welch`: means and comparisons
//! * `agreement`: two raters on the same items
//! * `correlation`: how straight the line through points is
//! * `rank`, `smaa`, `shapley_set`: rankings, and what moves them
//! * `kaplan_meier`, `aalen_johansen`, `horizon`: time to failure
//! * `transition`, `risk`, `mantel_haenszel`: does a failure make the next one likelier?
//! * `decompose`, `variance`: what a product, or its spread, is made of
//! * `nnls`, `householder`: non-negative least squares
//! * `special`: distributions

mod aalen_johansen;
mod agreement;
mod bayes;
mod bca;
mod bootstrap;
#[cfg(test)]
mod bootstrap_tests;
mod correlation;
mod decompose;
mod draws;
mod horizon;
mod householder;
mod interval;
mod kaplan_meier;
#[cfg(test)]
mod kaplan_meier_tests;
mod mantel_haenszel;
mod mcnemar;
mod multiplicity;
mod nnls;
mod pass_at_k;
mod permutation;
mod power;
mod proportion;
mod quantile;
mod rank;
mod risk;
#[cfg(test)]
mod risk_tests;
mod robust;
mod sample;
mod shapley_set;
mod smaa;
mod special;
mod spread;
mod standard_error;
mod transition;
mod variance;
mod variance_components;
mod welch;

pub use aalen_johansen::{AalenJohansen, CauseCounts, Ending, Incidence, IncidenceStep};
pub use agreement::{ConfusionMatrix, Kappa, cohen_kappa};
pub use bayes::RatePosterior;
pub use bca::{FEWEST_BCA_UNITS, Shortfall};
pub use bootstrap::{
    Bootstrap, BootstrapError, BootstrapMethod, BootstrapPlan, ResamplingUnit, bootstrap,
    cluster_bootstrap, hierarchical_bootstrap,
};
pub use correlation::pearson;
pub use decompose::{Bridge, BridgeError, MOST_SHAPLEY_FACTORS, lmdi, shapley};
pub use horizon::{
    Attempt, HorizonError, LogisticHorizon, constant_hazard_horizon, constant_hazard_survival,
    step_horizon,
};
pub use interval::{Interval, Level, LevelError, clopper_pearson, jeffreys, rule_of_three, wilson};
pub use kaplan_meier::{KaplanMeier, Observation, StageCounts, SurvivalError, SurvivalStep};
pub use mantel_haenszel::{PooledRatio, odds_ratio_mh, risk_ratio_mh};
pub use mcnemar::{McNemar, mcnemar, mcnemar_exact};
pub use multiplicity::{MultiplicityError, benjamini_hochberg, holm};
pub use nnls::{FitError, MOST_COLUMNS, NonNegativeFit, nnls};
pub use pass_at_k::{TaskMean, Trials, mean_pass_at_k, mean_pass_hat_k, pass_at_k, pass_hat_k};
pub use permutation::{PermutationTest, sign_flip_test, two_sample_test};
pub use power::{
    Detectable, QuestionVariance, TestDesign, cohen_h, detectable_difference, detectable_rates,
    power_of, questions_needed, runs_per_arm,
};
pub use proportion::Proportion;
pub use quantile::{median, quantile};
pub use rank::{Line, kendall_tau_b, mean_ranks, spearman, theil_sen, weighted_tau};
pub use risk::{DisplayRatio, Ratio, RiskDifference, TwoByTwo};
pub use robust::{Superiority, interquartile_mean, superiority};
pub use sample::{Sample, SampleError};
pub use shapley_set::{MOST_PLAYERS, SetFunctionError, shapley_values};
pub use smaa::{RankShares, SmaaError, rank_acceptability};
pub use special::{
    beta_cdf, beta_quantile, binomial_cdf, chi_squared_survival, ln_beta, normal_cdf,
    normal_quantile, student_t_cdf, student_t_quantile, student_t_two_sided,
};
pub use spread::{
    coefficient_of_variation, geometric_mean, geometric_sd, gini, max_over_min,
    orders_of_magnitude, p90_over_p10, top_share,
};
pub use standard_error::{
    ClusteredError, PairedDifference, clustered_standard_error, paired_difference, standard_error,
};
pub use transition::{TransitionCounts, TransitionError, Transitions};
pub use variance::{GroupShares, SharesError, log_variance_by_group, log_variance_shares};
pub use variance_components::{
    VarianceComponents, design_effect, effective_size, variance_components,
};
pub use welch::{Welch, mean_interval, welch};
