//! Integration tests, linked into one binary.

mod bad_input;
mod cascade;
mod claims;
mod costs;
mod event_lists;
mod failure;
mod failure_signals;
mod figures;
mod latex;
mod lint;
mod notebooks;
mod packs;
mod plans;
mod published;
mod rankings;
mod readme;
mod real_data;
mod real_runs;
mod receipts;
mod repeatable;
mod rollup_oracle;
mod run_folder;
mod scoring;
mod traps;
mod views;
mod workspace;
