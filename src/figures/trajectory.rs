//! Stage scores of every run as small multiples, with the median and a run that does nothing behind.

use plotters::style::RGBColor;

use crate::analysis::{Trajectory, TrajectoryRow};

use super::area::Area;
use super::canvas::{Anchor, Canvas, Style};
use super::error::{FigureError, require_finite};
use super::header::{self, AXIS_TITLE, FULL, LABEL, MARGIN, NOTE, STRONG};
use super::legend::{self, Entry};
use super::number::{plain, real, score};
use super::palette::{BLACK, BLUE, DARK, FAINT, GREY};
use super::ranked::{require_between, require_length};
use super::sheet::Sheet;
use super::stroke::{DASHED, Dash, SOLID};
use super::svg::Svg;
use super::trajectory_panel::{
    GATE, GRID_SCORES, LINE, MEDIAN, Panel, baseline_look, draw_ground, draw_hollow, draw_point,
    draw_run, is_hollow, tell,
};
use super::vendors::{self, Vendors};
use super::wording::{count, fit, printable};

/// Panels drawn at most; further runs are counted in the notes.
const MOST_PANELS: usize = 96;
/// Panels side by side, and rows of them, at most.
const MOST_COLUMNS: usize = 8;
const MOST_ROWS: usize = 12;
/// Rows in a figure narrower than two columns.
const MOST_NARROW_ROWS: usize = 8;
/// Room for scores and their title.
const LEFT: f64 = 28.0;
/// Between panels side by side.
const GAP: f64 = 7.0;
/// Between a panel and the name of the next.
const FOOT: f64 = 4.0;
/// A line above a panel.
const HEAD: f64 = 8.6;
/// Between the name of a run and its mean.
const HEAD_GAP: f64 = 4.0;
/// Width that a panel needs, and more for each stage up to a limit.
const LEAST_PANEL: f64 = 56.0;
const PER_STAGE: f64 = 0.5;
const MOST_NEEDED: f64 = 150.0;
/// Height of a panel: a part of its width, within limits and within a page.
const ASPECT: f64 = 0.62;
const PANEL_HEIGHT: (f64, f64) = (25.0, 110.0);
const PAGE: f64 = 540.0;
/// Between two stage names.
const TICK_GAP: f64 = 3.0;
/// Room for stage names and their title.
const TICKS: f64 = 21.0;
const STEPS: [usize; 13] = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 10_000, 100_000];

/// Where the panels are.
struct Grid {
    columns: usize,
    panel: (f64, f64),
    /// Room above a panel.
    head: f64,
    top: f64,
}

impl Grid {
    fn frame(&self, index: usize) -> Area {
        let (column, row) = (index % self.columns, index / self.columns);
        let left = LEFT + real(column) * (self.panel.0 + GAP);
        let top = self.top + real(row) * (self.head + self.panel.1 + FOOT) + self.head;
        Area::sized(left, top, self.panel.0, self.panel.1)
    }
}

/// Draws a panel per run, best mean score first.
pub fn draw(data: &Trajectory, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &Trajectory, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let shown = data.rows.len().min(MOST_PANELS);
    let (width, columns) = columns(sheet, shown, data.stages.len());
    let mut canvas = Canvas::new(sheet, width)?;
    canvas.width = width;
    let title = format!("Stage scores run by run, {}", header::workload(&canvas, &data.workload));
    let y = header::write(&mut canvas, &title, &subtitle(data));
    let rows = &data.rows[..shown];
    let vendors = Vendors::of(rows.iter().map(|row| (row.vendor.as_deref(), row.color)));
    let panel = (width - LEFT - MARGIN + GAP) / real(columns) - GAP;
    let is_dense = Panel::new(Area::sized(0.0, 0.0, panel, 1.0), data.stages.len()).is_dense();
    let right = width - MARGIN;
    let y = legend::write(
        &mut canvas,
        &entries(data, shown, &vendors, is_dense),
        (MARGIN, y - 3.0),
        right,
    );
    let makers = vendors.entries(&canvas);
    let top = legend::write(&mut canvas, &makers, (MARGIN, y), right) + 1.0;
    let heads = Heads::fitting(&canvas, data, shown, panel);
    let head = heads.height();
    let page = PAGE / real(shown.div_ceil(columns).max(1)) - head - FOOT;
    let height = (panel * ASPECT).min(page).clamp(PANEL_HEIGHT.0, PANEL_HEIGHT.1);
    let grid = Grid { columns, panel: (panel, height), head, top };
    let mut bottom = top;
    for (index, row) in rows.iter().enumerate() {
        let frame = grid.frame(index);
        let panel = Panel::new(frame, data.stages.len());
        heads.write(&mut canvas, index, frame);
        draw_ground(&mut canvas, data, &panel);
        draw_run(&mut canvas, row, &panel, vendors.color(row.vendor.as_deref(), row.color));
        tell(&mut canvas, data, row, &panel);
        if index % columns == 0 {
            draw_scores(&mut canvas, &panel);
        }
        if index + columns >= shown {
            draw_stages(&mut canvas, data, &panel);
        }
        bottom = frame.bottom.max(bottom);
    }
    let below = if shown == 0 {
        canvas.text_level("no runs", (MARGIN, top + 6.0), Anchor::Start, NOTE);
        top + 14.0
    } else {
        title_axes(&mut canvas, &grid, bottom);
        bottom + TICKS + 3.0
    };
    let (notes, limit) = (notes(data, &canvas, shown), width - 2.0 * MARGIN);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &Trajectory) -> Result<(), FigureError> {
    require_finite("gate", &data.workload, data.gate)?;
    let stages = data.stages.len();
    require_length("number of medians", &data.workload, data.median.len(), stages)?;
    for median in data.median.iter().flatten() {
        require_between("median", &data.workload, *median, 0.0, 100.0)?;
    }
    for row in data.rows.iter().chain(&data.baseline) {
        require_length("number of scores", &row.label, row.points.len(), stages)?;
        for value in row.points.iter().filter_map(|point| point.score).chain(row.mean) {
            require_between("score", &row.label, value, 0.0, 100.0)?;
        }
    }
    Ok(())
}

/// The narrowest figure with room for the panels, and how many stand side by side: as many as make even rows.
fn columns(sheet: Sheet, shown: usize, stages: usize) -> (f64, usize) {
    let needed = (LEAST_PANEL + PER_STAGE * real(stages)).min(MOST_NEEDED);
    let fits = |columns: &usize, width: f64| {
        real(*columns) * (needed + GAP) <= width - LEFT - MARGIN + GAP
    };
    let even = |most: usize| shown.div_ceil(shown.div_ceil(most).max(1)).max(1);
    for width in sheet.widths() {
        let most = (1..=MOST_COLUMNS).rev().find(|columns| fits(columns, width)).unwrap_or(1);
        let rows = if width < FULL { MOST_NARROW_ROWS } else { MOST_ROWS };
        if shown <= most * rows {
            return (width, even(most));
        }
    }
    (FULL, even(shown.div_ceil(MOST_ROWS)))
}

fn subtitle(data: &Trajectory) -> String {
    let runs = count(u64::try_from(data.rows.len()).unwrap_or(u64::MAX), "run", "runs");
    let order = if data.rows.len() > 1 { ", best mean first" } else { "" };
    [
        format!("n\u{A0}=\u{A0}{runs}{order}"),
        format!("gate: score\u{A0}≥\u{A0}{}", plain(data.gate)),
        "number: mean over the stages with a score".to_owned(),
        "one run each: no intervals".to_owned(),
    ]
    .join(" · ")
}

fn notes(data: &Trajectory, canvas: &Canvas, shown: usize) -> String {
    let mut text = "A missing score is a gap.".to_owned();
    if data.rows.len() > 1 {
        text = format!("Median: of the runs with a score for the stage. {text}");
    }
    if let Some(baseline) = &data.baseline {
        let name = header::listed(canvas, std::slice::from_ref(&baseline.label));
        text = format!("{text} Do nothing: {name}, which is not among the runs.");
    }
    let left_out = data.rows.len() - shown;
    if left_out > 0 {
        let runs = count(u64::try_from(left_out).unwrap_or(u64::MAX), "run", "runs");
        text = format!(
            "{text} Left out for want of room: the {runs} with the lowest means; they are in the median."
        );
    }
    text
}

/// What stands above the panels.
struct Heads {
    /// Name and mean of each run.
    texts: Vec<(String, String)>,
    /// How names are written.
    style: Style,
    /// Whether the mean stands below the name.
    own_line: bool,
}

impl Heads {
    fn fitting(canvas: &Canvas, data: &Trajectory, shown: usize, panel: f64) -> Self {
        let rows = &data.rows[..shown];
        // A name may reach into the gap to the next.
        let limit = panel + GAP - HEAD_GAP;
        let widest = |style: Style| {
            let names = rows.iter().map(|row| canvas.text_width(&printable(&row.label), style));
            names.fold(0.0, f64::max)
        };
        // Rather not bold than shortened, where that is the choice.
        let is_plain = widest(STRONG) > limit && widest(LABEL) <= limit;
        let style = if is_plain { LABEL } else { STRONG };
        let mean = |row: &TrajectoryRow| {
            row.mean.map_or_else(|| "–".to_owned(), |mean| format!("{mean:.1}"))
        };
        let texts: Vec<(String, String)> = rows
            .iter()
            .map(|row| (fit(&canvas.fonts, &row.label, style.size, style.bold, limit), mean(row)))
            .collect();
        let own_line = texts.iter().any(|(name, mean)| {
            let width = canvas.text_width(name, style) + canvas.text_width(mean, LABEL);
            width + HEAD_GAP > panel
        });
        Self { texts, style, own_line }
    }

    /// Room that they take.
    fn height(&self) -> f64 {
        HEAD * if self.own_line { 2.0 } else { 1.0 } + 1.0
    }

    fn write(&self, canvas: &mut Canvas, index: usize, frame: Area) {
        let (name, mean) = &self.texts[index];
        let last = frame.top - 2.6;
        if self.own_line {
            canvas.text(name, (frame.left, last - HEAD), Anchor::Start, self.style);
            canvas.text(&format!("mean {mean}"), (frame.left, last), Anchor::Start, NOTE);
        } else {
            canvas.text(name, (frame.left, last), Anchor::Start, self.style);
            canvas.text(mean, (frame.right, last), Anchor::End, LABEL);
        }
    }
}

fn entries(
    data: &Trajectory,
    shown: usize,
    vendors: &Vendors,
    is_dense: bool,
) -> Vec<Entry<'static>> {
    let run = if vendors.are_known() { DARK } else { BLUE };
    let line = |text: &str, look: (RGBColor, f64, Dash)| Entry {
        sample: (16.0, 6.0),
        draw: Box::new(move |canvas: &mut Canvas, area: Area| {
            let y = f64::midpoint(area.top, area.bottom);
            canvas.line(&[(area.left, y), (area.right, y)], look.0, look.1, look.2);
        }),
        text: text.to_owned(),
    };
    let marked = |text: &str, hollow: bool| Entry {
        sample: (16.0, 6.0),
        draw: Box::new(move |canvas: &mut Canvas, area: Area| {
            let y = f64::midpoint(area.top, area.bottom);
            let path = [(area.left, y), (area.right, y)];
            vendors::line(canvas, &path, LINE, run);
            if !is_dense {
                draw_point(canvas, (f64::midpoint(area.left, area.right), y), 1.9, run, hollow);
            } else if hollow {
                draw_hollow(canvas, &path, run);
            }
        }),
        text: text.to_owned(),
    };
    let mut entries = vec![marked("run", false)];
    if data.rows[..shown].iter().any(|row| row.points.iter().any(|point| is_hollow(*point))) {
        entries.push(marked("stage not attempted", true));
    }
    if data.rows.len() > 1 {
        entries.push(line("median of the runs", (FAINT, MEDIAN, SOLID)));
    }
    if data.baseline.is_some() {
        entries.push(line("do nothing", baseline_look(is_dense)));
    }
    entries.push(line(&format!("gate {}", plain(data.gate)), (GREY, GATE, DASHED)));
    entries
}

fn draw_scores(canvas: &mut Canvas, panel: &Panel) {
    for value in GRID_SCORES {
        let y = panel.height(value);
        canvas.text_level(&score(value), (panel.frame.left - 3.0, y), Anchor::End, LABEL);
    }
}

/// Stage names under a panel; every n-th when all do not fit.
fn draw_stages(canvas: &mut Canvas, data: &Trajectory, panel: &Panel) {
    let bottom = panel.frame.bottom;
    let names: Vec<String> = data
        .stages
        .iter()
        .map(|stage| {
            let limit = panel.frame.width();
            fit(&canvas.fonts, &format!("T{stage}"), LABEL.size, LABEL.bold, limit)
        })
        .collect();
    let widest = names.iter().map(|text| canvas.text_width(text, LABEL)).fold(0.0, f64::max);
    let has_room = |step: &usize| real(*step) * panel.slot() >= widest + TICK_GAP;
    let step = STEPS.into_iter().find(has_room).unwrap_or(1_000_000);
    for (index, name) in names.iter().enumerate().step_by(step) {
        let x = panel.at(index);
        canvas.line(&[(x, bottom), (x, bottom + 2.0)], BLACK, 0.5, SOLID);
        canvas.text(name, (x, bottom + 9.0), Anchor::Middle, LABEL);
    }
}

fn title_axes(canvas: &mut Canvas, grid: &Grid, bottom: f64) {
    let middle = f64::midpoint(grid.top + grid.head, bottom);
    canvas.text_upright("Score", (MARGIN + 6.0, middle), AXIS_TITLE);
    let right = LEFT + real(grid.columns) * (grid.panel.0 + GAP) - GAP;
    let middle = f64::midpoint(LEFT, right);
    canvas.text("Stage", (middle, bottom + TICKS - 2.0), Anchor::Middle, AXIS_TITLE);
}

#[cfg(test)]
mod tests {
    use super::super::header::COLUMN;
    use super::super::{fixture, fixture_scores};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (runs, stages) in
            [(0, 0), (3, 0), (1, 1), (1, 6), (2, 30), (15, 6), (60, 6), (15, 200), (120, 3)]
        {
            let data = fixture_scores::trajectory(runs, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn fifteen_runs_fit_a_column_in_even_rows() {
        assert_eq!(columns(Sheet::default(), 15, 6), (COLUMN, 3));
        let page = Sheet { width: super::super::SheetWidth::Page, ..Sheet::default() };
        assert_eq!(columns(page, 15, 6), (FULL, 5));
        assert_eq!(columns(page, 6, 6), (FULL, 6));
        assert_eq!(columns(page, 8, 6), (FULL, 4));
        assert_eq!(columns(Sheet::default(), MOST_PANELS, 200), (FULL, MOST_COLUMNS));
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let data = fixture_scores::trajectory(MOST_PANELS + 7, 2);
        let canvas = layout(&data, Sheet::default()).unwrap();
        let texts: Vec<&str> = canvas.texts().iter().map(|t| t.text.as_str()).collect();
        let all = texts.join(" ");
        assert!(
            all.contains("n = 103 runs") && all.contains("the 7 runs with the lowest"),
            "{all}"
        );
        let means = canvas.texts().iter().filter(|t| t.text.starts_with("mean ")).count();
        assert_eq!(means, MOST_PANELS);
    }

    #[test]
    fn stage_names_stand_under_the_lowest_panels_only() {
        let data = fixture_scores::trajectory(5, 6);
        let canvas = layout(&data, Sheet::default()).unwrap();
        let names: Vec<&Area> =
            canvas.texts().iter().filter(|t| t.text == "T5").map(|t| &t.area).collect();
        // Three columns, of which the last ends a row earlier.
        assert_eq!(names.len(), 3);
        assert!(names[0].top < names[1].top && names[0].left > names[2].left);
        let scores = canvas.texts().iter().filter(|t| t.text == "50").count();
        assert_eq!(scores, 2);
    }

    #[test]
    fn a_missing_score_is_a_gap_and_a_stage_nobody_worked_on_is_hollow() {
        let mut data = fixture_scores::trajectory(1, 6);
        for point in &mut data.rows[0].points {
            point.outcome = crate::analysis::Outcome::Passed;
        }
        let svg = |data: &Trajectory| draw(data, Sheet::default()).unwrap().as_str().to_owned();
        let lines = |text: &str| text.matches("<polyline").count();
        let whole = svg(&data);
        data.rows[0].points[2].score = None;
        assert_eq!(lines(&svg(&data)), lines(&whole) + 1);
        data.rows[0].points[4].outcome = crate::analysis::Outcome::NotAttempted;
        assert!(!whole.contains("not attempted") && svg(&data).contains("not attempted"));
        for point in &mut data.rows[0].points {
            point.score = None;
        }
        data.rows[0].mean = None;
        assert!(svg(&data).contains("no scores"));
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn the_legend_names_only_what_is_there() {
        let mut data = fixture_scores::trajectory(3, 3);
        let text = |data: &Trajectory| draw(data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text(&data).contains(">do nothing<") && text(&data).contains(">DeepSeek<"));
        data.baseline = None;
        for row in &mut data.rows {
            (row.vendor, row.color) = (None, None);
        }
        let text = text(&data);
        assert!(!text.contains("do nothing") && !text.contains("other"));
    }

    #[test]
    fn what_is_no_score_is_refused() {
        let changes: [fn(&mut Trajectory); 6] = [
            |data| data.gate = f64::NAN,
            |data| data.median[0] = Some(-1.0),
            |data| data.median.clear(),
            |data| data.rows[1].points[0].score = Some(f64::INFINITY),
            |data| data.rows[1].mean = Some(100.5),
            |data| data.baseline.as_mut().unwrap().points.clear(),
        ];
        for change in changes {
            let mut data = fixture_scores::trajectory(3, 3);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_scores::trajectory(6, 3);
            for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
                row.label = name.to_owned();
                row.vendor = Some(name.repeat(9));
            }
            data.workload = name.repeat(9);
            data.baseline.as_mut().unwrap().label = name.repeat(9);
            data.stages = vec![i64::MIN, 7, i64::MAX];
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
