//! Every figure once, of a small fixture, compared byte for byte with the file of its name in `tests/figures`.
//!
//! A figure joins by one line in [`GALLERY`]. `RAMPTRACE_UPDATE=1 cargo test --lib figures::snapshots` writes the files
//! anew: look at each of them before it is committed.

use crate::analysis::Resource;

use super::error::FigureError;
use super::sheet::Sheet;
use super::svg::Svg;
use super::*;

/// Draws a figure of a fixture.
type Drawing = fn(Sheet) -> Result<Svg, FigureError>;

/// The figures by the names of their files, a line each.
pub(super) const GALLERY: &[(&str, Drawing)] = &[
    ("bridge", |sheet| draw_bridge(&fixture::bridge(4), sheet)),
    ("budget", |sheet| draw_budget(&fixture_runs::budget(6, 6, Resource::Money), sheet)),
    ("collapse", |sheet| draw_collapse(&fixture::collapse(15, 6), sheet)),
    ("context", |sheet| draw_context_ramp(&fixture_failures::ramp(40, 3, Some(15)), sheet)),
    ("failures", |sheet| draw_failure_map(&fixture_failures::map(11, 6), sheet)),
    ("frontier", |sheet| draw_frontier(&fixture::frontier(5), sheet)),
    ("gate_gap", |sheet| draw_gate_gap(&fixture_scores::gate_gaps(6), sheet)),
    ("gate_sweep", |sheet| draw_gate_sweep(&fixture_ranks::gate_sweep(8, 10), sheet)),
    ("incidence", |sheet| draw_incidence(&fixture_failures::incidence(15, 6), sheet)),
    ("leave_one_out", |sheet| draw_perturbation(&fixture_ranks::perturbation(9), sheet)),
    ("ledger", |sheet| draw_stage_ledger(&fixture::stage_ledger(6, 4), sheet)),
    ("matrix", |sheet| draw_matrix(&fixture::matrix(5, 4), sheet)),
    ("price_shift", |sheet| draw_price_shift(&fixture::price_shift(5), sheet)),
    ("profile", |sheet| draw_profile(&fixture_profiles::profile(5, 4), sheet)),
    ("radar", |sheet| draw_radar(&fixture_profiles::radar(5, 5), sheet)),
    ("rank_acceptability", |sheet| draw_acceptability(&fixture_ranks::acceptability(7), sheet)),
    ("rank_slope", |sheet| draw_rank_slope(&fixture_scores::slope(8), sheet)),
    ("specifications", |sheet| {
        draw_specification(&fixture_ranks::specification(&[3, 2, 2]), sheet)
    }),
    ("spread", |sheet| draw_spread(&fixture::spread(5), sheet)),
    ("timeline", |sheet| draw_timeline(&fixture_runs::timeline(40, 3), sheet)),
    ("trajectory", |sheet| draw_trajectory(&fixture_scores::trajectory(6, 6), sheet)),
    ("transitions", |sheet| draw_transitions(&fixture_failures::transitions(15, 4), sheet)),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/figures")
    }

    /// Checks one figure against its file; what is wrong otherwise.
    fn compare(name: &str, drawing: Drawing) -> Option<String> {
        let svg = drawing(Sheet::default()).unwrap();
        assert_eq!(svg, drawing(Sheet::default()).unwrap(), "{name}: two drawings differ");
        let file = folder().join(format!("{name}.svg"));
        if std::env::var_os("RAMPTRACE_UPDATE").is_some() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&file, svg.as_str()).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        if kept == svg.as_str() {
            return None;
        }
        let new = std::env::temp_dir().join(format!("ramptrace-{name}.svg"));
        fs::write(&new, svg.as_str()).unwrap();
        Some(format!("tests/figures/{name}.svg, drawn now as {}", new.display()))
    }

    #[test]
    fn figures_are_those_of_their_files() {
        let stale: Vec<String> =
            GALLERY.iter().filter_map(|(name, drawing)| compare(name, *drawing)).collect();
        assert!(
            stale.is_empty(),
            "other pictures than before:\n  {}\nOpen both in a browser. If the new ones are right:\n  \
             RAMPTRACE_UPDATE=1 cargo test --lib figures::snapshots",
            stale.join("\n  ")
        );
    }

    #[test]
    fn every_figure_has_a_picture() {
        let drawn = include_str!("mod.rs").matches("::draw as draw_").count();
        assert_eq!(GALLERY.len(), drawn, "a figure needs its line in the gallery");
    }

    #[test]
    fn every_file_is_of_a_figure() {
        let drawn: BTreeSet<String> =
            GALLERY.iter().map(|(name, _)| format!("{name}.svg")).collect();
        assert_eq!(drawn.len(), GALLERY.len());
        // Without the folder every figure is missing, which the other test says.
        for file in fs::read_dir(folder()).into_iter().flatten() {
            let name = file.unwrap().file_name().to_string_lossy().into_owned();
            assert!(drawn.contains(&name), "tests/figures/{name} is of no figure: delete it");
        }
    }

    #[test]
    fn every_figure_is_a_page_with_text() {
        for (name, drawing) in GALLERY {
            let svg = drawing(Sheet::default()).unwrap();
            let pdf = svg.to_pdf().unwrap();
            assert!(pdf.starts_with(b"%PDF-"), "{name}");
            let words = String::from_utf8_lossy(&pdf);
            assert!(words.contains("/ToUnicode") && words.contains("%%EOF"), "{name}");
            assert!(svg.width_mm() >= 88.9, "{name}");
        }
    }
}
