//! Where the money and the time of each run went.

use crate::analysis::{StageLedger, StageLedgerRow};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::clock::Unit;
use super::error::{FigureError, require_amount};
use super::header::{self, FULL, LABEL, MARGIN, NOTE, STRONG, WIDE};
use super::ledger_bars::{
    activity_entries, draw_cost, draw_time, parts, seconds, stage_entries, unit,
};
use super::legend::{self, Entry};
use super::number::{cost, real};
use super::scale::{self, Scale};
use super::sheet::Sheet;
use super::svg::Svg;
use super::wording::{count, fit};

const ROW: f64 = 10.0;
const BAR: f64 = 7.8;
const HEAD: f64 = 11.0;
/// Between a bar and the total at its right.
const TOTAL_GAP: f64 = 5.0;
const PANEL_GAP: f64 = 14.0;
/// Panels narrower than this ask for a wider figure.
const LEAST_PANEL: f64 = 84.0;
/// More stages than this ask for the widest figure.
const MOST_NARROW: usize = 8;
/// Room for the headings of the legend.
const LEGEND_HEAD: f64 = 26.0;
/// Width limit of a run label: most names of forty characters.
const NAME_LIMIT: f64 = 150.0;

/// A column of bars and the totals at its right, from left to right.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Panel {
    left: f64,
    right: f64,
    /// Where the totals end.
    totals: f64,
}

impl Panel {
    fn frame(self, top: f64, bottom: f64) -> Area {
        Area { left: self.left, top, right: self.right, bottom }
    }
}

/// What is written in a row.
struct Texts {
    label: String,
    cost: String,
    time: String,
}

/// Draws two stacked bars per run: its cost by stage, as shares, and its time by activity.
///
/// Shares are of the run's cost, or of the sum of its stages where that is more; what no stage
/// accounts for is hatched.
pub fn draw(data: &StageLedger, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &StageLedger, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, WIDE)?;
    let unit = unit(data);
    let heads = ["total".to_owned(), format!("total ({})", unit.name)];
    let texts: Vec<Texts> = data.rows.iter().map(|row| texts(&canvas, row, unit)).collect();
    let (width, [cost_panel, time_panel]) = panels(&canvas, data.stages.len(), &texts, &heads);
    canvas.width = width;
    let title = format!("Where cost and time went, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle);
    let titles = ["Cost by stage", "Time by activity"];
    for ((panel, title), head) in [cost_panel, time_panel].into_iter().zip(titles).zip(&heads) {
        canvas.text(title, (panel.left, top + 6.5), Anchor::Start, STRONG);
        canvas.text(head, (panel.totals, top + 6.5), Anchor::End, NOTE);
    }
    let top = top + HEAD;
    let bottom = top + real(data.rows.len().max(1)) * ROW + 1.0;
    let shares = Scale::of([100.0], cost_panel.left, cost_panel.right);
    let frame = cost_panel.frame(top, bottom);
    shares.draw(&mut canvas, frame, "", "Share of run cost (%)", false);
    let lengths = data.rows.iter().filter_map(|row| row.time.as_ref()).map(seconds);
    let lengths: Vec<f64> = lengths.map(|all| all / unit.seconds).collect();
    let has_times = lengths.iter().any(|length| *length > 0.0);
    let times = Scale::of(lengths, time_panel.left, time_panel.right);
    if has_times {
        let frame = time_panel.frame(top, bottom);
        times.draw(&mut canvas, frame, "", &format!("Time ({})", unit.name), true);
    }
    for (index, (row, texts)) in data.rows.iter().zip(&texts).enumerate() {
        let y = top + (real(index) + 0.5) * ROW;
        canvas.text_level(&texts.label, (cost_panel.left - 4.0, y), Anchor::End, LABEL);
        canvas.text_level(&texts.cost, (cost_panel.totals, y), Anchor::End, LABEL);
        canvas.text_level(&texts.time, (time_panel.totals, y), Anchor::End, LABEL);
        let bar = cost_panel.frame(y - BAR / 2.0, y + BAR / 2.0);
        draw_cost(&mut canvas, data, row, bar);
        let bar = time_panel.frame(y - BAR / 2.0, y + BAR / 2.0);
        draw_time(&mut canvas, row, bar, |all| times.at(all / unit.seconds));
    }
    if data.rows.is_empty() {
        canvas.text_level("no runs", (cost_panel.left + 3.0, top + ROW / 2.0), Anchor::Start, NOTE);
    }
    let stages = stage_entries(&canvas, data);
    let y = write_legend(&mut canvas, "Stage", &stages, bottom + scale::ROOM + 2.0);
    let y = write_legend(&mut canvas, "Time", &activity_entries(data), y);
    canvas.height = y + MARGIN - 1.0;
    Ok(canvas)
}

fn check(data: &StageLedger) -> Result<(), FigureError> {
    for row in &data.rows {
        for usd in row.cost_usd.iter().chain(row.stage_usd.iter().flatten()) {
            require_amount("cost", &row.label, *usd)?;
        }
        require_amount("cost", &row.label, row.stage_usd.iter().flatten().sum())?;
        if let Some(time) = &row.time {
            for part in parts(time) {
                require_amount("time", &row.label, part)?;
            }
            require_amount("time", &row.label, seconds(time))?;
        }
    }
    Ok(())
}

fn texts(canvas: &Canvas, row: &StageLedgerRow, unit: Unit) -> Texts {
    let none = || "–".to_owned();
    Texts {
        label: fit(&canvas.fonts, &row.label, LABEL.size, LABEL.bold, NAME_LIMIT),
        cost: row.cost_usd.map_or_else(none, cost),
        time: row.time.map_or_else(none, |time| unit.write(seconds(&time))),
    }
}

/// The width of the figure and its two panels, equally wide.
fn panels(
    canvas: &Canvas,
    stages: usize,
    texts: &[Texts],
    heads: &[String; 2],
) -> (f64, [Panel; 2]) {
    let widest = |of: fn(&Texts) -> &String, least: f64| {
        texts.iter().map(|row| canvas.text_width(of(row), LABEL)).fold(least, f64::max)
    };
    let label = widest(|row| &row.label, 20.0);
    let costs = widest(|row| &row.cost, canvas.text_width(&heads[0], NOTE));
    let times = widest(|row| &row.time, canvas.text_width(&heads[1], NOTE));
    let others = 2.0 * MARGIN + label + 4.0 + costs + times + 2.0 * TOTAL_GAP + PANEL_GAP;
    let bars = |width: f64| (width - others) / 2.0;
    let is_narrow = stages <= MOST_NARROW && bars(WIDE) >= LEAST_PANEL;
    let width = canvas.sheet.width(if is_narrow { WIDE } else { FULL });
    let panel = |left: f64, totals: f64| {
        let right = left + bars(width);
        Panel { left, right, totals: right + TOTAL_GAP + totals }
    };
    let first = panel(MARGIN + label + 4.0, costs);
    (width, [first, panel(first.totals + PANEL_GAP, times)])
}

fn subtitle(data: &StageLedger, canvas: &Canvas) -> String {
    let all = data.rows.len();
    let priced = data.rows.iter().filter(|row| row.cost_usd.is_some()).count();
    let timed = data.rows.iter().filter(|row| row.time.is_some()).count();
    format!(
        "n\u{A0}=\u{A0}{}{} · priced {priced}\u{A0}of\u{A0}{all} · timed \
         {timed}\u{A0}of\u{A0}{all} · cost basis: {} · time: overlaps counted once",
        count(u64::try_from(all).unwrap_or(u64::MAX), "run", "runs"),
        if all > 1 { ", dearest\u{A0}first" } else { "" },
        header::listed(canvas, std::slice::from_ref(&data.basis))
    )
}

/// Writes a heading and its entries and returns the lower edge.
fn write_legend(canvas: &mut Canvas, title: &str, entries: &[Entry<'_>], top: f64) -> f64 {
    if entries.is_empty() {
        return top;
    }
    let middle = top + legend::LINE / 2.0;
    canvas.text_level(title, (MARGIN, middle), Anchor::Start, STRONG);
    let right = canvas.width - MARGIN;
    legend::write(canvas, entries, (MARGIN + LEGEND_HEAD, top), right) + 1.0
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (runs, stages) in
            [(0, 0), (1, 0), (1, 1), (1, 6), (15, 6), (60, 6), (60, 12), (15, 200)]
        {
            let data = fixture::stage_ledger(runs, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn long_names_and_many_stages_widen_the_figure() {
        let mut data = fixture::stage_ledger(5, 6);
        assert!((layout(&data, Sheet::default()).unwrap().width - FULL).abs() < 1e-6);
        for row in &mut data.rows {
            row.label = "glm-4.6".to_owned();
        }
        assert!((layout(&data, Sheet::default()).unwrap().width - WIDE).abs() < 1e-6);
        data.stages = (0..9).collect();
        assert!((layout(&data, Sheet::default()).unwrap().width - FULL).abs() < 1e-6);
    }

    #[test]
    fn names_of_forty_characters_stay_whole() {
        let svg = draw(&fixture::stage_ledger(15, 6), Sheet::default()).unwrap();
        assert!((0..15).all(|index| svg.as_str().contains(&format!(">{}<", fixture::name(index)))));
    }

    #[test]
    fn what_is_unknown_is_said() {
        let mut data = fixture::stage_ledger(11, 6);
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        let shown = |word: &str| text.matches(&format!(">{word}<")).count();
        assert_eq!((shown("cost unknown"), shown("stages unknown")), (1, 2));
        assert_eq!((shown("no times"), shown("stage unknown")), (1, 1));
        assert!(text.contains("priced 10 of 11 · timed 10 of 11") && !text.contains("$0.00<"));
        for row in &mut data.rows {
            (row.cost_usd, row.time) = (None, None);
            row.stage_usd.fill(None);
        }
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert_eq!(text.matches("cost unknown").count(), 11);
        assert!(!text.contains('$') && !text.contains("LLM calls"));
    }

    #[test]
    fn zeros_are_no_unknowns() {
        let mut data = fixture::stage_ledger(1, 3);
        data.rows[0].cost_usd = Some(0.0);
        data.rows[0].stage_usd = vec![Some(0.0); 3];
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains(">$0<") && text.contains(">no cost<") && !text.contains("unknown"));
    }

    #[test]
    fn rows_need_not_have_every_stage() {
        for known in [0, 2, 9] {
            let mut data = fixture::stage_ledger(1, 6);
            data.rows[0].stage_usd = vec![Some(3.0); known];
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let changes: [fn(&mut StageLedgerRow); 6] = [
            |row| row.cost_usd = Some(f64::NAN),
            |row| row.cost_usd = Some(-1.0),
            |row| row.stage_usd[1] = Some(f64::INFINITY),
            |row| row.stage_usd = vec![Some(f64::MAX); 3],
            |row| row.time.as_mut().unwrap().idle_s = -0.1,
            |row| row.time.as_mut().unwrap().llm_s = f64::NAN,
        ];
        for change in changes {
            let mut data = fixture::stage_ledger(2, 3);
            change(&mut data.rows[0]);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        let mut data = fixture::stage_ledger(6, 3);
        data.stages = vec![i64::MIN, -1, i64::MAX];
        for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
            row.label = name.to_owned();
        }
        for name in fixture::HOSTILE {
            (data.workload, data.basis) = (name.repeat(5), name.to_owned());
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
