//! The lines of budget curves, and how what is spent is written.

use plotters::style::RGBColor;

use crate::analysis::{BudgetCurve, BudgetCurves, BudgetStep, Resource};

use super::area::{Area, Point};
use super::axis::{LinearAxis, LogAxis};
use super::canvas::Canvas;
use super::clock::Unit;
use super::number::{money, percent, quantity, score};
use super::palette::{BLACK, GREY};
use super::stroke::{DOTTED, SOLID};
use super::vendors;
use super::wording::named;

const MARKER: f64 = 1.5;
const MEAN_WIDTH: f64 = 1.8;
const LINE: f64 = 0.7;
const BAND_OPACITY: f64 = 0.22;

/// What a panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Mean score in points.
    Score,
    /// Share of stages passed in percent.
    Passed,
}

impl Measure {
    /// Title of the axis.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Score => "Mean score (points)",
            Self::Passed => "Passed (%)",
        }
    }

    /// The upper end of its scale.
    pub(super) const fn whole() -> f64 {
        100.0
    }

    /// Highest value of a curve.
    pub(super) fn highest(self, curve: &BudgetCurve) -> f64 {
        curve.steps.iter().map(|step| self.of(step)).fold(self.start(curve), f64::max)
    }

    fn of(self, step: &BudgetStep) -> f64 {
        match self {
            Self::Score => step.score,
            Self::Passed => 100.0 * step.passed,
        }
    }

    fn start(self, curve: &BudgetCurve) -> f64 {
        match self {
            Self::Score => curve.start.0,
            Self::Passed => 100.0 * curve.start.1,
        }
    }
}

/// How what is spent is written.
pub(super) struct Spent {
    resource: Resource,
    /// As much of the resource is one on the axis.
    pub(super) unit: f64,
    /// Sign before a number of the axis.
    pub(super) prefix: &'static str,
    /// Title of the axis.
    pub(super) title: String,
    clock: Unit,
}

impl Spent {
    /// Writes what these curves spend.
    pub(super) fn of(data: &BudgetCurves) -> Self {
        let most = data.most;
        let clock = Unit::of(most);
        let (unit, prefix, what) = match data.resource {
            Resource::Money => (1.0, "$", "Cost so far (USD, ".to_owned()),
            Resource::Tokens if most >= 1e6 => (1e6, "", "Tokens so far (millions, ".to_owned()),
            Resource::Tokens => (1.0, "", "Tokens so far (".to_owned()),
            Resource::Calls => (1.0, "", "LLM calls so far (".to_owned()),
            Resource::Time => (clock.seconds, "", format!("Time so far ({}, ", clock.name)),
        };
        let title = format!("{what}log scale)");
        Self { resource: data.resource, unit, prefix, title, clock }
    }

    /// An amount with its unit.
    pub(super) fn written(&self, amount: f64) -> String {
        match self.resource {
            Resource::Money if amount == 0.0 => "$0".to_owned(),
            Resource::Money => money(amount),
            Resource::Tokens => format!("{}\u{A0}tokens", quantity(amount)),
            Resource::Calls => format!("{}\u{A0}calls", quantity(amount)),
            Resource::Time => format!("{}\u{A0}{}", self.clock.write(amount), self.clock.name),
        }
    }
}

/// Where budgets and values lie.
pub(super) struct Plot {
    /// The frame.
    pub(super) frame: Area,
    /// Budgets, in the unit.
    pub(super) x: LogAxis,
    /// Values.
    pub(super) y: LinearAxis,
    /// As much of the resource is one on the axis.
    pub(super) unit: f64,
    /// What is shown.
    pub(super) measure: Measure,
}

impl Plot {
    /// Position of a budget; what is free lies at the left edge.
    pub(super) fn at(&self, spent: f64) -> f64 {
        if spent > 0.0 { self.x.at(spent / self.unit) } else { self.frame.left }
    }

    /// Where the last result of a curve lies.
    pub(super) fn end(&self, curve: &BudgetCurve) -> Point {
        let start = (self.frame.left, self.y.at(self.measure.start(curve)));
        curve
            .steps
            .last()
            .map_or(start, |step| (self.at(step.spent), self.y.at(self.measure.of(step))))
    }

    /// The steps of a curve from the left edge to its last result.
    fn path(&self, curve: &BudgetCurve) -> Vec<Point> {
        let mut y = self.y.at(self.measure.start(curve));
        let mut path = vec![(self.frame.left, y)];
        for step in &curve.steps {
            let (x, next) = (self.at(step.spent), self.y.at(self.measure.of(step)));
            if (next - y).abs() > 1e-9 {
                path.extend([(x, y), (x, next)]);
                y = next;
            }
        }
        path.push((self.end(curve).0, y));
        path
    }
}

/// Draws a run: solid to its last result, dotted to the right edge.
pub(super) fn draw_curve(canvas: &mut Canvas, curve: &BudgetCurve, plot: &Plot, color: RGBColor) {
    let end = plot.end(curve);
    canvas.line(&[end, (plot.frame.right, end.1)], color, 0.5, DOTTED);
    vendors::line(canvas, &plot.path(curve), LINE, color);
    vendors::disc(canvas, end, MARKER, color);
}

/// Shades what lies between two curves.
pub(super) fn draw_band(
    canvas: &mut Canvas,
    (lower, upper): (&BudgetCurve, &BudgetCurve),
    plot: &Plot,
) {
    let mut corners = to_the_edge(lower, plot);
    corners.extend(to_the_edge(upper, plot).into_iter().rev());
    canvas.fill(corners, GREY, BAND_OPACITY);
}

/// Draws the mean over what lies below it.
pub(super) fn draw_mean(canvas: &mut Canvas, mean: &BudgetCurve, plot: &Plot) {
    canvas.line(&to_the_edge(mean, plot), BLACK, MEAN_WIDTH, SOLID);
}

/// The steps of a curve to the right edge.
fn to_the_edge(curve: &BudgetCurve, plot: &Plot) -> Vec<Point> {
    let mut path = plot.path(curve);
    path.push((plot.frame.right, plot.end(curve).1));
    path
}

/// What a pointer learns: every result of every run.
pub(super) fn draw_tips(canvas: &mut Canvas, data: &BudgetCurves, plot: &Plot, spent: &Spent) {
    for curve in &data.curves {
        let label = named(&curve.label);
        for step in &curve.steps {
            let stage = step.stage.map_or(String::new(), |stage| format!("T{stage}, "));
            let value = match plot.measure {
                Measure::Score => format!("{} points", score(step.score)),
                Measure::Passed => format!("{} passed", percent(step.passed)),
            };
            let at = (plot.at(step.spent), plot.y.at(plot.measure.of(step)));
            let tip = format!("{label}: {stage}{value} for {}", spent.written(step.spent));
            canvas.tip(Area::around(at, 2.0 * MARKER), &tip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_runs;
    use super::*;

    #[test]
    fn lines_step_where_results_come_in() {
        let data = fixture_runs::budget(1, 3, Resource::Money);
        let frame = Area::sized(0.0, 0.0, 100.0, 100.0);
        let first = data.curves[0].steps[0].spent;
        let x = LogAxis::new([first, 100.0 * first], 10.0, 100.0);
        let y = LinearAxis::new(0.0, 100.0, 100.0, 0.0);
        let plot = Plot { frame, x, y, unit: 1.0, measure: Measure::Score };
        let path = plot.path(&data.curves[0]);
        assert_eq!(path[0], (0.0, 100.0));
        assert!((path[1].0 - 10.0).abs() < 1e-9 && (path[1].1 - 100.0).abs() < 1e-9);
        assert!(path.windows(2).all(|w| w[0].0 <= w[1].0 && w[0].1 >= w[1].1), "{path:?}");
        assert!((plot.at(0.0)).abs() < 1e-9, "what is free lies at the edge");
    }

    #[test]
    fn amounts_are_written_in_their_units() {
        let of = |resource, most: f64| {
            let mut data = fixture_runs::budget(1, 1, resource);
            data.most = most;
            let spent = Spent::of(&data);
            (spent.title.clone(), spent.written(most))
        };
        assert_eq!(of(Resource::Money, 0.0469).1, "$0.0469");
        assert_eq!(of(Resource::Tokens, 2.5e6).0, "Tokens so far (millions, log scale)");
        assert_eq!(of(Resource::Calls, 456.0).1, "456\u{A0}calls");
        assert_eq!(of(Resource::Time, 7200.0).1, "120.0\u{A0}min");
    }
}
