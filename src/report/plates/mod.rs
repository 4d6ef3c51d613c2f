//! The words and the numbers of every figure, one file per figure.
//!
//! A caption says what the marks mean, n, the gate, the cost basis and the interval method. A text for readers who
//! cannot see the figure says what there is to see. The numbers are those of the picture, one row per mark.

mod bridge;
mod budget;
mod collapse;
mod context;
mod failures;
mod frontier;
mod gate_gap;
mod gate_sweep;
mod incidence;
mod leave_one_out;
mod ledger;
mod matrix;
mod price_shift;
mod profile;
mod prose;
mod radar;
mod rank_acceptability;
mod rank_slope;
mod specifications;
mod spread;
mod timeline;
mod trajectory;
mod transitions;

#[cfg(test)]
mod tests;
