//! Figures of a cohort, as SVG text and PNG pixels.
//!
//! Every figure takes finished numbers from [`crate::analysis`] and only decides where ink goes:
//! axes, ticks, label placement, wrapping. Nothing statistical is computed here.
//!
//! | figure | drawn by | width |
//! |---|---|---|
//! | pass rates along the stages | [`draw_collapse`] | 89 mm, wider with many stages |
//! | score against cost | [`draw_frontier`] | 89 mm, wider when labels need the room |
//! | scores of runs by stage | [`draw_matrix`] | 89 mm, wider with many stages |
//! | scores of runs as lines | [`draw_trajectory`] | 89 mm, wider with many runs |
//! | mean scores under a gate | [`draw_gate_gap`] | 89 mm |
//! | cost per run | [`draw_spread`] | 89 mm |
//! | cost per run on two bases | [`draw_price_shift`] | 89 mm |
//! | why one side costs more | [`draw_bridge`] | 89 mm |
//! | cost by stage, time by activity | [`draw_stage_ledger`] | 120 mm, wider on demand |
//! | score within a budget | [`draw_budget`] | 89 mm, wider when labels need the room |
//! | metrics side by side | [`draw_profile`] | 89 mm, wider with many runs |
//! | metrics as radars | [`draw_radar`] | 89 mm, wider when labels need the room |
//! | ranks along a gate | [`draw_gate_sweep`] | 89 mm, wider with many thresholds |
//! | ranks under random weights | [`draw_acceptability`] | 89 mm, wider with many runs |
//! | ranks by two metrics | [`draw_rank_slope`] | 89 mm, wider when labels need the room |
//! | ranks without each model | [`draw_perturbation`] | 89 mm, wider with many runs |
//! | agreement under other choices | [`draw_specification`] | 89 mm, wider with many combinations |
//! | failures and their causes | [`draw_failure_map`] | 89 mm, wider with many stages |
//! | first failures by cause | [`draw_incidence`] | 89 mm, wider with many stages |
//! | prompts, call by call | [`draw_context_ramp`] | 89 mm, wider with many calls |
//! | a run over wall time | [`draw_timeline`] | 89 mm |
//! | from one stage to the next | [`draw_transitions`] | 120 mm, wider with many stages |
//!
//! The same input gives the same bytes: nothing depends on the clock, on fonts of the machine or
//! on the iteration order of a map. Text is real `<text>`, measured with the metrics of the font
//! that the PNG is drawn with. Every distinction made by colour is also made by a dash, a marker
//! shape or a border, so that the figures survive a grey printer.

mod acceptability;
mod area;
mod axis;
mod bridge;
mod budget;
mod budget_lines;
mod canvas;
mod causes;
mod choice_rows;
mod clock;
mod collapse;
mod color_bar;
mod context_ramp;
mod cost_axis;
mod curve;
mod diverging;
mod error;
mod failure_cells;
mod failure_checks;
mod failure_legend;
mod failure_map;
mod font;
mod frontier;
mod gate_gap;
mod gate_sweep;
mod header;
mod heat;
mod incidence;
mod incidence_layers;
mod labels;
mod ledger_bars;
mod legend;
mod line_ends;
mod marker;
mod matrix;
mod metric_text;
mod number;
mod palette;
mod pattern;
mod pdf;
mod perturbation;
mod png;
mod price_shift;
mod profile;
mod profile_bars;
mod radar;
mod radar_web;
mod ramp_lines;
mod ramp_stages;
mod rank_slope;
mod ranked;
mod row_names;
mod scale;
mod scatter;
mod sheet;
mod slope_lines;
mod specification;
mod spots;
mod spread;
mod stacked;
mod stage_bands;
mod stage_ledger;
mod stroke;
mod svg;
mod sweep_lines;
mod timeline;
mod timeline_lanes;
mod timeline_marks;
mod trajectory;
mod trajectory_panel;
mod transitions;
mod vendors;
mod wording;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod fixture_failures;
#[cfg(test)]
pub(crate) mod fixture_profiles;
#[cfg(test)]
pub(crate) mod fixture_ranks;
#[cfg(test)]
pub(crate) mod fixture_runs;
#[cfg(test)]
pub(crate) mod fixture_scores;
#[cfg(test)]
mod snapshots;

pub use acceptability::draw as draw_acceptability;
pub use bridge::draw as draw_bridge;
pub use budget::draw as draw_budget;
pub use collapse::draw as draw_collapse;
pub use context_ramp::draw as draw_context_ramp;
pub use error::FigureError;
pub use failure_map::draw as draw_failure_map;
pub use frontier::draw as draw_frontier;
pub use gate_gap::draw as draw_gate_gap;
pub use gate_sweep::draw as draw_gate_sweep;
pub use incidence::draw as draw_incidence;
pub use matrix::draw as draw_matrix;
pub use perturbation::draw as draw_perturbation;
pub use price_shift::draw as draw_price_shift;
pub use profile::draw as draw_profile;
pub use radar::draw as draw_radar;
pub use rank_slope::draw as draw_rank_slope;
pub use sheet::{Sheet, SheetWidth, Theme};
pub use specification::draw as draw_specification;
pub use spread::draw as draw_spread;
pub use stage_ledger::draw as draw_stage_ledger;
pub use svg::Svg;
pub use timeline::draw as draw_timeline;
pub use trajectory::draw as draw_trajectory;
pub use transitions::draw as draw_transitions;
