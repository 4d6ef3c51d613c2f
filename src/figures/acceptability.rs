//! How often each run takes each rank under random weights, as a heatmap.

use plotters::style::RGBColor;

use crate::analysis::{AcceptabilityRow, RankAcceptability};

use super::area::Area;
use super::canvas::{Anchor, Canvas, Style};
use super::color_bar;
use super::diverging;
use super::error::{FigureError, require_amount};
use super::header::{self, COLUMN, LABEL, LABEL_LIMIT, MARGIN, NOTE, STRONG};
use super::number::{percent, quantity, real};
use super::palette::{GREY, GRID};
use super::ranked::{self, require_between, require_length};
use super::row_names::{self, Columns, Split};
use super::sheet::{Sheet, Theme};
use super::svg::Svg;
use super::wording::{count, named};

const ROW: f64 = 11.0;
/// Room for two decimals and their point.
const LEAST_CELL: f64 = 12.0;
const ROOMY_CELL: f64 = 16.0;
const MOST_CELL: f64 = 40.0;
/// White between two cells.
const GAP: f64 = 0.6;
const LABEL_GAP: f64 = 4.0;
const MEAN: f64 = 26.0;
/// Room for the heading of the ranks, and for the ranks.
const HEAD: f64 = 19.0;
/// Shares below this have a dot in place of a number.
const LEAST_PRINTED: f64 = 0.05;
const DOT: f64 = 0.7;
/// Of the colour bar.
const TICKS: [(f64, &str); 5] = [(0.0, "0"), (0.25, ".25"), (0.5, ".5"), (0.75, ".75"), (1.0, "1")];
/// How much colour the rarest rank has, and the share from which on colours are mixed with no white.
const PALEST: f64 = 0.35;
const FULL_COLOR: f64 = 0.15;
/// What the shares of a run may miss one by.
const ROUNDING: f64 = 1e-6;

/// Draws one row per run and one column per rank: the share of the weightings in which the run
/// takes the rank.
pub fn draw(data: &RankAcceptability, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &RankAcceptability, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let names: Vec<&String> = data.rows.iter().map(|row| &row.label).collect();
    let split = fitting_split(&canvas, &names);
    let (left, cell) = (MARGIN + split.widest + LABEL_GAP, split.cell);
    canvas.width = split.width;
    let title =
        format!("Ranks under random weights, {}", header::workload(&canvas, &data.workload));
    let top = header::write(&mut canvas, &title, &subtitle(data));
    let y = if data.rows.is_empty() {
        canvas.text_level("no run has every criterion", (MARGIN, top + 6.0), Anchor::Start, NOTE);
        top + 14.0
    } else {
        draw_head(&mut canvas, data.rows.len(), left, cell, top);
        for (index, (row, label)) in data.rows.iter().zip(&split.names).enumerate() {
            let band = Area::sized(left, top + HEAD + real(index) * ROW, cell, ROW);
            draw_row(&mut canvas, row, label, band);
        }
        let bottom = top + HEAD + real(data.rows.len()) * ROW;
        let ticks = TICKS.map(|(fraction, label)| (fraction, label.to_owned()));
        {
            let theme = canvas.sheet.theme;
            let at = (MARGIN, bottom + 6.0);
            let color = |share| color(theme, share);
            color_bar::draw(&mut canvas, "Share of draws", &ticks, at, color) + 3.0
        }
    };
    let (notes, limit) = (notes(data, &canvas), canvas.width - 2.0 * MARGIN);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, y), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &RankAcceptability) -> Result<(), FigureError> {
    for row in &data.rows {
        require_length("number of ranks", &row.label, row.shares.len(), data.rows.len())?;
        for share in &row.shares {
            require_amount("share", &row.label, *share)?;
        }
        let all: f64 = row.shares.iter().sum();
        require_between("sum of shares", &row.label, all, 1.0 - ROUNDING, 1.0 + ROUNDING)?;
        require_between("mean rank", &row.label, row.mean_rank, 1.0, real(data.rows.len()))?;
    }
    Ok(())
}

/// The narrowest figure with room for a number in every cell: there are as many ranks as runs.
fn fitting_split(canvas: &Canvas, names: &[&String]) -> Split {
    let others = 2.0 * MARGIN + LABEL_GAP + MEAN;
    let count = names.len().max(1);
    let columns = Columns {
        count,
        least: LEAST_CELL,
        roomy: ROOMY_CELL,
        most: MOST_CELL,
        others,
        heading: 20.0,
    };
    let needed = others + LABEL_LIMIT + real(count) * LEAST_CELL;
    row_names::fitting(canvas, names, columns)
        .unwrap_or_else(|| row_names::at(canvas, names, columns, canvas.sheet.width(needed)))
}

fn subtitle(data: &RankAcceptability) -> String {
    let criteria = u64::try_from(data.criteria.len()).unwrap_or(u64::MAX);
    format!(
        "{} · weights of {} · {}\u{A0}draws, seed\u{A0}{}",
        ranked::runs(data.rows.len(), data.unranked.len()),
        count(criteria, "criterion", "criteria"),
        quantity(f64::from(data.samples)),
        data.seed
    )
}

fn notes(data: &RankAcceptability, canvas: &Canvas) -> String {
    let mut parts = Vec::new();
    if !data.rows.is_empty() {
        parts.push(
            "Empty: in no draw. Dot: less than .05. Bold: the most frequent rank. Runs by mean \
             rank."
                .to_owned(),
        );
    }
    if !data.criteria.is_empty() {
        parts.push(format!("Criteria: {}.", header::listed(canvas, &data.criteria)));
    }
    if !data.unranked.is_empty() {
        let names = header::listed(canvas, &data.unranked);
        parts.push(format!("Without a rank, for want of a criterion: {names}."));
    }
    parts.join(" ")
}

/// The rarest ranks are pale.
fn color(theme: Theme, share: f64) -> RGBColor {
    diverging::frequency(theme, share, PALEST + share / FULL_COLOR)
}

fn draw_head(canvas: &mut Canvas, ranks: usize, left: f64, cell: f64, top: f64) {
    let right = left + real(ranks) * cell;
    canvas.text("Rank", (f64::midpoint(left, right), top + 7.0), Anchor::Middle, STRONG);
    for index in 0..ranks {
        let x = left + (real(index) + 0.5) * cell;
        canvas.text(&(index + 1).to_string(), (x, top + 16.0), Anchor::Middle, LABEL);
    }
    canvas.text("mean", (right + MEAN, top + 16.0), Anchor::End, STRONG);
}

/// Draws a row whose first cell is `first`.
fn draw_row(canvas: &mut Canvas, row: &AcceptabilityRow, label: &str, first: Area) {
    let middle = f64::midpoint(first.top, first.bottom);
    let cell = first.width();
    canvas.text_level(label, (first.left - LABEL_GAP, middle), Anchor::End, LABEL);
    let most = row.shares.iter().copied().fold(0.0, f64::max);
    for (index, share) in row.shares.iter().copied().enumerate() {
        let left = first.left + real(index) * cell;
        let area = Area::sized(left, first.top, cell - GAP, ROW - GAP);
        if share <= 0.0 {
            canvas.outline(area.grown(-0.2), GRID, 0.3);
            continue;
        }
        let ground = color(canvas.sheet.theme, share);
        canvas.block(area, ground);
        let tip = format!("{}, rank {}: {} of draws", named(&row.label), index + 1, percent(share));
        canvas.tip(area, &tip);
        let place = (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
        if share >= LEAST_PRINTED {
            let face = if share >= most { STRONG } else { LABEL };
            let style = Style { color: canvas.ink_on(ground), ..face };
            canvas.text_level(&printed(share), place, Anchor::Middle, style);
        } else {
            canvas.disc(place, DOT, GREY);
        }
    }
    let right = first.left + real(row.shares.len()) * cell + MEAN;
    canvas.text_level(&format!("{:.1}", row.mean_rank), (right, middle), Anchor::End, LABEL);
}

/// Two decimals without the zero; only every draw reads as `1`, what rounds to it reads as `1.0`.
fn printed(share: f64) -> String {
    let text = format!("{share:.2}");
    match text.strip_prefix('0') {
        Some(decimals) => decimals.to_owned(),
        None if 1.0 - share < ROUNDING => "1".to_owned(),
        None => "1.0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::FULL;
    use super::super::{fixture, fixture_ranks};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for runs in [0, 1, 2, 15, 60] {
            let data = fixture_ranks::acceptability(runs);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn width_follows_the_ranks() {
        let width =
            |runs| layout(&fixture_ranks::acceptability(runs), Sheet::default()).unwrap().width;
        assert!((width(5) - COLUMN).abs() < 1e-6 && width(60) > FULL);
    }

    #[test]
    fn shares_are_short() {
        for (share, text) in
            [(0.05, ".05"), (0.713, ".71"), (0.994, ".99"), (0.999, "1.0"), (1.0, "1")]
        {
            assert_eq!(printed(share), text);
        }
    }

    #[test]
    fn larger_shares_are_darker() {
        let greens: Vec<u8> =
            (0..=100).map(|i| color(Theme::Paper, f64::from(i) / 100.0).1).collect();
        assert!(greens.is_sorted_by(|a, b| a >= b) && greens[0] < 255);
    }

    #[test]
    fn small_shares_have_no_number() {
        let mut data = fixture_ranks::acceptability(2);
        data.rows[0].shares = vec![0.96, 0.04];
        data.rows[1].shares = vec![0.04, 0.96];
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert_eq!((text.matches(">.96<").count(), text.matches(">.04<").count()), (2, 0));
    }

    #[test]
    fn runs_without_a_rank_are_named() {
        let mut data = fixture_ranks::acceptability(3);
        data.unranked = vec!["glm-4.6".to_owned()];
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("n = 3 ranked of 4 runs") && text.contains("glm-4.6"));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        let changes: [fn(&mut AcceptabilityRow); 5] = [
            |row| row.shares[1] = f64::NAN,
            |row| row.shares[0] = -0.1,
            |row| row.shares = vec![0.5, 0.4, 0.0],
            |row| row.shares.push(0.0),
            |row| row.mean_rank = 0.5,
        ];
        for change in changes {
            let mut data = fixture_ranks::acceptability(3);
            change(&mut data.rows[1]);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_ranks::acceptability(6);
            for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
                row.label = name.to_owned();
            }
            data.workload = name.repeat(9);
            data.criteria = fixture::HOSTILE.map(str::to_owned).to_vec();
            data.unranked = vec![name.repeat(5)];
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
