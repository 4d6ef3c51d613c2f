//! Several metrics side by side: a small panel of bars per metric, the same runs in the same order in each.

use plotters::style::RGBColor;

use crate::analysis::{Profile, ProfileRow};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::error::{FigureError, require_finite};
use super::header::{self, FULL, LABEL, MARGIN, NOTE, STRONG};
use super::legend;
use super::metric_text::{Cell, direction, scale_of};
use super::number::real;
use super::palette::{BAND, BLACK, GREY};
use super::profile_bars::{Bars, draw_value};
use super::ranked::require_length;
use super::sheet::Sheet;
use super::stroke::SOLID;
use super::svg::Svg;
use super::vendors::Vendors;
use super::wording::{count, fit, named};

const ROW: f64 = 9.0;
/// Room for the name, the scale and the direction of a metric.
const HEAD: f64 = 27.0;
const LINE: f64 = 8.4;
/// Between two panels, and between two bands of panels.
const GAP: f64 = 9.0;
const BAND_GAP: f64 = 10.0;
/// Bars narrower than this say little.
const LEAST_BARS: f64 = 30.0;
/// Between a bar and its value.
pub(super) const VALUE_GAP: f64 = 3.0;
/// A figure higher than this is rather wider.
const PAGE: f64 = 640.0;

/// Panels in bands below each other.
struct Grid {
    width: f64,
    left: f64,
    per_band: usize,
    panel: f64,
}

/// Draws a panel per metric with a bar per run, or a dot on a log scale, and the value beside it.
pub fn draw(data: &Profile, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &Profile, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, 0.0)?;
    let limit = canvas.sheet.label_limit();
    let names: Vec<String> = data
        .rows
        .iter()
        .map(|row| fit(&canvas.fonts, &row.label, LABEL.size, LABEL.bold, limit))
        .collect();
    let label = names.iter().map(|name| canvas.text_width(name, LABEL)).fold(20.0, f64::max);
    let cells: Vec<Vec<Cell>> = (0..data.metrics.len()).map(|index| cells(data, index)).collect();
    // A value may be the best and then is bold: room for all of them in bold.
    let values: Vec<f64> = cells
        .iter()
        .map(|column| {
            column.iter().map(|cell| canvas.text_width(&cell.text, STRONG)).fold(8.0, f64::max)
        })
        .collect();
    let widest = values.iter().copied().fold(0.0, f64::max);
    let grid = grid(sheet, data, MARGIN + label + 4.0, widest + VALUE_GAP + LEAST_BARS);
    canvas.width = grid.width;
    let title = format!("Metrics side by side, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle);
    let vendors = Vendors::of(data.rows.iter().map(|row| (row.vendor.as_deref(), row.color)));
    let (entries, edge) = (vendors.entries(&canvas), canvas.width - MARGIN);
    let mut top = legend::write(&mut canvas, &entries, (MARGIN, top - 3.0), edge) + 3.0;
    let color = |row: &ProfileRow| vendors.color(row.vendor.as_deref(), row.color);
    let colors: Vec<RGBColor> = data.rows.iter().map(color).collect();
    if data.metrics.is_empty() || data.rows.is_empty() {
        canvas.text_level("no metrics of runs", (MARGIN, top + 4.0), Anchor::Start, NOTE);
        top += 14.0;
    }
    let indices: Vec<usize> = (0..if data.rows.is_empty() { 0 } else { cells.len() }).collect();
    for band in indices.chunks(grid.per_band) {
        let rows = Area {
            left: MARGIN,
            top: top + HEAD,
            right: grid.left + real(band.len()) * (grid.panel + GAP) - GAP,
            bottom: top + HEAD + real(data.rows.len()) * ROW,
        };
        draw_rows(&mut canvas, &names, rows, grid.left);
        for (place, &index) in band.iter().enumerate() {
            let left = grid.left + real(place) * (grid.panel + GAP);
            let right = left + grid.panel - values[index] - VALUE_GAP;
            let frame = Area { left, right, ..rows };
            draw_panel(&mut canvas, data, index, frame, (&cells[index], &colors), grid.panel);
        }
        top = rows.bottom + BAND_GAP;
    }
    let (notes, limit) = (notes(data), canvas.width - 2.0 * MARGIN);
    let below = header::paragraph(&mut canvas, &notes, (MARGIN, top - 5.0), limit, NOTE);
    canvas.height = below + MARGIN;
    Ok(canvas)
}

fn check(data: &Profile) -> Result<(), FigureError> {
    for row in &data.rows {
        require_length("number of metrics", &row.label, row.values.len(), data.metrics.len())?;
        for value in row.values.iter().flatten() {
            require_finite("value", &row.label, *value)?;
        }
    }
    for metric in &data.metrics {
        let Some((low, high)) = metric.range else { continue };
        require_finite("range", &metric.label, high - low)?;
        require_finite("range", &metric.label, low.abs() + high.abs())?;
        if metric.is_log && low <= 0.0 {
            let (label, value) = (metric.label.clone(), low);
            return Err(FigureError::Value { what: "value on a log scale", label, value });
        }
    }
    Ok(())
}

fn cells(data: &Profile, index: usize) -> Vec<Cell> {
    let metric = &data.metrics[index];
    data.rows.iter().map(|row| Cell::of(metric, row.values[index])).collect()
}

/// The narrowest figure whose panels hold `needed` points and that is no higher than a page; the widest otherwise.
fn grid(sheet: Sheet, data: &Profile, left: f64, needed: f64) -> Grid {
    let metrics = data.metrics.len().max(1);
    let of = |width: f64| {
        let room = width - MARGIN - left + GAP;
        let most = (1..=metrics).rev().find(|n| room / real(*n) - GAP >= needed).unwrap_or(1);
        let bands = metrics.div_ceil(most);
        let per_band = metrics.div_ceil(bands);
        // Few panels are no wider than is good for reading.
        let panel = (room / real(per_band) - GAP).max(needed).min(3.2 * needed);
        let height = real(bands) * (HEAD + real(data.rows.len()) * ROW + BAND_GAP);
        (Grid { width, left, per_band, panel }, height)
    };
    let found = sheet.widths().map(of).find(|(_, height)| *height <= PAGE);
    let mut grid = found.map_or_else(|| of(sheet.width(FULL)).0, |(grid, _)| grid);
    grid.width = grid.width.max(left + real(grid.per_band) * (grid.panel + GAP) - GAP + MARGIN);
    grid
}

fn subtitle(data: &Profile, canvas: &Canvas) -> String {
    let runs = count(u64::try_from(data.rows.len()).unwrap_or(u64::MAX), "run", "runs");
    let listed = |name: &String| header::listed(canvas, std::slice::from_ref(name));
    let mut parts = vec![format!("n\u{A0}=\u{A0}{runs}")];
    parts.push(match &data.ranked_by {
        Some(metric) => format!("best {} first", listed(metric)),
        None => "in the order of names".to_owned(),
    });
    parts.push(format!("pack: {}", listed(&data.pack)));
    parts.push(format!("cost basis: {}", listed(&data.basis)));
    parts.push("no\u{A0}intervals".to_owned());
    parts.join(" · ")
}

fn notes(data: &Profile) -> String {
    let mut text =
        "Every panel has a scale of its own. Bold: best of the runs. –: unknown.".to_owned();
    if data.metrics.iter().any(|metric| metric.is_log) {
        text.push_str(
            " Dots lie on a log scale, which has no zero: the length of their stems means nothing.",
        );
    }
    text
}

/// Names of the runs, with every other row shaded from them on through all panels.
fn draw_rows(canvas: &mut Canvas, names: &[String], rows: Area, left: f64) {
    for (index, name) in names.iter().enumerate() {
        let top = rows.top + real(index) * ROW;
        if index % 2 == 1 {
            canvas.block(Area { top, bottom: top + ROW, ..rows }, BAND);
        }
        canvas.text_level(name, (left - 4.0, top + ROW / 2.0), Anchor::End, LABEL);
    }
}

fn draw_panel(
    canvas: &mut Canvas,
    data: &Profile,
    index: usize,
    frame: Area,
    (cells, colors): (&[Cell], &[RGBColor]),
    width: f64,
) {
    let metric = &data.metrics[index];
    let head = [
        (metric.label.clone(), STRONG),
        (scale_of(metric), NOTE),
        (direction(metric.better).to_owned(), NOTE),
    ];
    for (line, (text, style)) in head.into_iter().enumerate().filter(|(_, (t, _))| !t.is_empty()) {
        let text = fit(&canvas.fonts, &text, style.size, style.bold, width);
        let baseline = frame.top - HEAD + 6.6 + real(line) * LINE;
        canvas.text(&text, (frame.left, baseline), Anchor::Start, style);
    }
    let bars = Bars::of(metric, frame);
    if let Some(zero) = bars.zero() {
        canvas.line(&[(zero, frame.top), (zero, frame.bottom)], BLACK, 0.5, SOLID);
    }
    for (place, (row, cell)) in data.rows.iter().zip(cells).enumerate() {
        let top = frame.top + real(place) * ROW;
        let band = Area { top, bottom: top + ROW, ..frame };
        let is_best = row.values[index].is_some() && row.values[index] == metric.best();
        draw_value(canvas, &bars, band, (row.values[index], colors[place]), (cell, is_best));
        let reach = Area { right: frame.left + width, ..band };
        canvas.tip(
            reach,
            &format!("{}, {}: {}", named(&row.label), named(&metric.label), cell.with_unit()),
        );
    }
    canvas.line(&[(frame.left, frame.bottom), (frame.right, frame.bottom)], GREY, 0.3, SOLID);
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_profiles};
    use super::*;
    use crate::analysis::Better;

    #[test]
    fn every_size_is_tidy() {
        for (runs, metrics) in [(0, 0), (0, 3), (1, 1), (2, 3), (15, 8), (60, 8), (15, 20)] {
            let data = fixture_profiles::profile(runs, metrics);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn many_rows_widen_the_figure() {
        let width =
            |runs| layout(&fixture_profiles::profile(runs, 8), Sheet::default()).unwrap().width;
        assert!(width(5) < FULL - 1.0 && width(60) > FULL - 1.0);
    }

    #[test]
    fn what_is_unknown_is_a_dash_and_the_best_is_bold() {
        let mut data = fixture_profiles::profile(3, 1);
        data.rows[1].values[0] = None;
        let svg = draw(&data, Sheet::default()).unwrap();
        assert_eq!(svg.as_str().matches(">–<").count(), 1);
        let best = Cell::of(&data.metrics[0], data.metrics[0].best()).text;
        let bold = svg.as_str().lines().find(|line| line.ends_with(&format!(">{best}</text>")));
        assert!(bold.unwrap().contains("bold"), "{best}");
    }

    #[test]
    fn scales_and_directions_are_said() {
        let data = fixture_profiles::profile(15, 8);
        let canvas = layout(&data, Sheet::default()).unwrap();
        let has = |text: &str| canvas.texts().iter().any(|t| t.text == text);
        assert!(has("higher is better") && has("lower is better") && has("USD, log scale"));
        let mut data = fixture_profiles::profile(3, 1);
        data.metrics[0].better = Better::Neither;
        let canvas = layout(&data, Sheet::default()).unwrap();
        assert!(canvas.texts().iter().any(|t| t.text == "no direction"));
    }

    #[test]
    fn values_below_zero_and_extreme_ones_are_tidy() {
        let mut data = fixture_profiles::profile(4, 2);
        for (values, range) in [
            ([-1.0, 0.0, 4.0, 2.0], (-1.0, 4.0)),
            ([-3.0, -2.0, -1.0, -1.5], (-3.0, -1.0)),
            ([0.0; 4], (0.0, 0.0)),
            ([1e-300, 1e300, -1e300, 0.0], (-1e300, 1e300)),
        ] {
            for (row, value) in data.rows.iter_mut().zip(values) {
                row.values[0] = Some(value);
            }
            (data.metrics[0].range, data.metrics[0].is_log) = (Some(range), false);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let changes: [fn(&mut Profile); 5] = [
            |data| data.rows[1].values[0] = Some(f64::NAN),
            |data| data.rows[0].values.truncate(1),
            |data| data.metrics[0].range = Some((0.0, f64::INFINITY)),
            |data| data.metrics[0].range = Some((f64::MIN, f64::MAX)),
            |data| (data.metrics[0].is_log, data.metrics[0].range) = (true, Some((0.0, 1.0))),
        ];
        for change in changes {
            let mut data = fixture_profiles::profile(3, 2);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_profiles::profile(4, 3);
            data.rows.iter_mut().for_each(|row| name.clone_into(&mut row.label));
            data.rows[0].vendor = Some(name.repeat(9));
            for metric in &mut data.metrics {
                (metric.label, metric.unit) = (name.repeat(3), name.to_owned());
            }
            (data.pack, data.basis) = (name.repeat(9), name.to_owned());
            (data.workload, data.ranked_by) = (name.repeat(9), Some(name.repeat(9)));
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
