//! Metrics on spokes, scaled so that outer is better: a key with the spokes named, and a small radar per run.
//!
//! Nothing in it can be read off as a number, and what its areas say depends on the order of the spokes. It is for those
//! who must show one; a profile shows the same numbers as bars.

use crate::analysis::{Radar, RadarRow, RadarScaling};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::error::{FigureError, require_finite};
use super::header::{self, FULL, LABEL, MARGIN, NOTE};
use super::legend;
use super::metric_text::Cell;
use super::number::real;
use super::radar_web::{KEY, Web, draw_key, draw_run, key_width};
use super::ranked::require_length;
use super::sheet::Sheet;
use super::svg::Svg;
use super::vendors::Vendors;
use super::wording::{count, fit_in_two, named};

/// Reach of a small radar.
const SMALL: f64 = 21.0;
const CELL: f64 = 76.0;
/// Above a small radar, and below it with a name of one line.
const ABOVE: f64 = 7.0;
const BELOW: f64 = 16.5;
/// Of the second line of a name.
const LINE: f64 = 8.0;
/// A figure higher than this is rather wider.
const PAGE: f64 = 640.0;

/// Draws the key and a radar per run, in the order of the runs.
pub fn draw(data: &Radar, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &Radar, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, 0.0)?;
    let needed = key_width(&canvas, &data.spokes) + 2.0 * MARGIN;
    let height =
        |width: f64| real(data.rows.len().div_ceil(columns(width))) * (ABOVE + 2.0 * SMALL + BELOW);
    let fits = |width: &f64| *width >= needed && height(*width) <= PAGE;
    canvas.width = sheet.widths().find(fits).unwrap_or(sheet.width(FULL));
    let title = format!("Metrics as radars, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle);
    let vendors = Vendors::of(data.rows.iter().map(|row| (row.vendor.as_deref(), row.color)));
    let (entries, edge) = (vendors.entries(&canvas), canvas.width - MARGIN);
    let top = legend::write(&mut canvas, &entries, (MARGIN, top - 3.0), edge) + 3.0;
    let middle = canvas.width / 2.0;
    let bottom = draw_key(&mut canvas, &data.spokes, (middle, top + KEY + 19.0));
    let columns = columns(canvas.width);
    let cell = (canvas.width - 2.0 * MARGIN) / real(columns);
    let names: Vec<(String, Option<String>)> = data
        .rows
        .iter()
        .map(|row| fit_in_two(&canvas.fonts, &row.label, LABEL.size, LABEL.bold, cell - 4.0))
        .collect();
    let is_double = names.iter().any(|(_, second)| second.is_some());
    let below = if is_double { BELOW + LINE } else { BELOW };
    let mut y = bottom + 4.0;
    for (rows, names) in data.rows.chunks(columns).zip(names.chunks(columns)) {
        let center = y + ABOVE + SMALL;
        for (place, (row, (first, second))) in rows.iter().zip(names).enumerate() {
            let x = MARGIN + (real(place) + 0.5) * cell;
            let web = Web { center: (x, center), reach: SMALL, spokes: data.spokes.len() };
            draw_run(&mut canvas, row, &web, vendors.color(row.vendor.as_deref(), row.color));
            let baseline = center + SMALL + 12.5;
            canvas.text(first, (x, baseline), Anchor::Middle, LABEL);
            if let Some(second) = second {
                canvas.text(second, (x, baseline + LINE), Anchor::Middle, LABEL);
            }
            canvas.tip(Area::around((x, center), SMALL), &tip(data, row));
        }
        y = center + SMALL + below;
    }
    if data.rows.is_empty() {
        canvas.text_level("no runs", (middle, y + 5.0), Anchor::Middle, NOTE);
        y += 12.0;
    }
    let (notes, limit) = (notes(data, &canvas), canvas.width - 2.0 * MARGIN);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, y + 2.0), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn columns(width: f64) -> usize {
    (1..=64).rev().find(|n| real(*n) * CELL <= width - 2.0 * MARGIN).unwrap_or(1)
}

fn check(data: &Radar) -> Result<(), FigureError> {
    require_length(
        "number of spokes",
        &data.workload,
        data.spokes.len().clamp(3, 8),
        data.spokes.len(),
    )?;
    for spoke in &data.spokes {
        require_finite("centre", &spoke.metric.label, spoke.center)?;
        require_finite("rim", &spoke.metric.label, spoke.rim)?;
    }
    for row in &data.rows {
        require_length("number of spokes", &row.label, row.scaled.len(), data.spokes.len())?;
        require_length("number of values", &row.label, row.values.len(), data.spokes.len())?;
        for value in row.scaled.iter().chain(&row.values).flatten() {
            require_finite("value", &row.label, *value)?;
        }
    }
    Ok(())
}

fn subtitle(data: &Radar, canvas: &Canvas) -> String {
    let runs = count(u64::try_from(data.rows.len()).unwrap_or(u64::MAX), "run", "runs");
    let listed = |name: &String| header::listed(canvas, std::slice::from_ref(name));
    let mut parts = vec![format!("n\u{A0}=\u{A0}{runs}")];
    if let Some(metric) = &data.ranked_by {
        parts.push(format!("best {} first", listed(metric)));
    }
    parts.push(format!("pack: {}", listed(&data.pack)));
    parts.push(format!("cost basis: {}", listed(&data.basis)));
    parts.push(
        match data.scaling {
            RadarScaling::Range => "spokes: worst of these runs to best",
            RadarScaling::Largest => "spokes: 0 to the largest of these runs",
        }
        .to_owned(),
    );
    parts.push("no\u{A0}intervals".to_owned());
    parts.join(" · ")
}

fn notes(data: &Radar, canvas: &Canvas) -> String {
    let mut text = "Outer is better. Area and shape depend on the order of the spokes and on which runs are here; a profile \
                    of bars shows the same numbers."
        .to_owned();
    if data.rows.iter().any(|row| row.scaled.iter().any(Option::is_none)) {
        text.push_str(" –: unknown; the outline is open there.");
    }
    if data.rows.iter().flat_map(|row| &row.scaled).flatten().any(|scaled| *scaled < 0.0) {
        text.push_str(" Values behind the centre are drawn at it.");
    }
    if !data.left_out.is_empty() {
        let names = header::listed(canvas, &data.left_out);
        text = format!(
            "{text} No spoke, since all runs are alike or no direction is better: {names}."
        );
    }
    text
}

fn tip(data: &Radar, row: &RadarRow) -> String {
    let values = data.spokes.iter().zip(&row.values).map(|(spoke, value)| {
        let cell = Cell::of(&spoke.metric, *value);
        format!("{} {}", named(&spoke.metric.label), cell.with_unit())
    });
    let values: Vec<String> = values.collect();
    format!("{}: {}", named(&row.label), values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_profiles};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (runs, spokes) in [(0, 3), (1, 3), (2, 4), (15, 5), (15, 6), (60, 6), (5, 7), (5, 8)] {
            let data = fixture_profiles::radar(runs, spokes);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn the_caution_and_the_scale_are_on_the_figure() {
        let mut data = fixture_profiles::radar(15, 6);
        let text = |data: &Radar| {
            let canvas = layout(data, Sheet::default()).unwrap();
            canvas.texts().iter().map(|t| t.text.clone()).collect::<Vec<_>>().join(" ")
        };
        let found = text(&data);
        assert!(
            found.contains("depend on the order of the spokes")
                && found.contains("worst of these runs")
        );
        data.scaling = RadarScaling::Largest;
        data.left_out = vec!["Passed".to_owned()];
        let found = text(&data);
        assert!(
            found.contains("0 to the largest") && found.contains("no direction is better: Passed.")
        );
    }

    #[test]
    fn what_is_no_radar_is_refused() {
        let changes: [fn(&mut Radar); 6] = [
            |data| data.spokes.truncate(2),
            |data| data.rows[0].scaled.truncate(2),
            |data| data.rows[0].values.truncate(2),
            |data| data.rows[0].scaled[1] = Some(f64::NAN),
            |data| data.rows[0].values[1] = Some(f64::INFINITY),
            |data| data.spokes[0].rim = f64::NAN,
        ];
        for change in changes {
            let mut data = fixture_profiles::radar(3, 5);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_profiles::radar(4, 6);
            data.rows.iter_mut().for_each(|row| name.clone_into(&mut row.label));
            data.rows[0].vendor = Some(name.repeat(9));
            for spoke in &mut data.spokes {
                (spoke.metric.label, spoke.metric.unit) = (name.repeat(9), name.repeat(9));
                (spoke.center, spoke.rim) = (-1e300, 1e300);
            }
            data.left_out = vec![name.repeat(9); 5];
            (data.pack, data.basis, data.workload) =
                (name.repeat(9), name.to_owned(), name.repeat(9));
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
