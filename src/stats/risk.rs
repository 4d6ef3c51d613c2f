//! How much more often something happens after an exposure: the 2x2 table and its measures.
//!
//! Two counts for the exposed and two for the others come in; ratios, differences and fractions with their
//! intervals go out. They say that two things go together, not that one causes the other. A ratio over 0 is
//! [`Ratio::Infinite`], never a number.

use super::interval::{Interval, Level, real, wilson};
use super::special::ln_beta;

/// Most observations of [`TwoByTwo::fisher`], whose work grows with the margins.
pub(super) const MOST_EXACT: u64 = 10_000_000;

/// Counts of an event among the exposed and the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoByTwo {
    /// Exposed, with the event.
    pub exposed_events: u64,
    /// Exposed, without.
    pub exposed_rest: u64,
    /// Not exposed, with the event.
    pub other_events: u64,
    /// Not exposed, without.
    pub other_rest: u64,
}

/// A ratio that may have 0 below the line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ratio {
    /// A number of at least 0.
    Finite {
        /// The ratio.
        point: f64,
        /// Its interval; `None` where the logarithm or its standard error is undefined or 0.
        interval: Option<Interval>,
    },
    /// Something positive over 0.
    Infinite,
}

impl Ratio {
    /// The number; `None` when it is infinite.
    pub fn point(self) -> Option<f64> {
        match self {
            Self::Finite { point, .. } => Some(point),
            Self::Infinite => None,
        }
    }

    /// The interval, where there is one.
    pub fn interval(self) -> Option<Interval> {
        match self {
            Self::Finite { interval, .. } => interval,
            Self::Infinite => None,
        }
    }

    /// `above / below` of numbers of at least 0 with the standard error of its logarithm; `None` when both
    /// are 0.
    pub(super) fn of(above: f64, below: f64, log_se: f64, level: Level) -> Option<Self> {
        match (above > 0.0, below > 0.0) {
            (false, false) => None,
            (true, false) => Some(Self::Infinite),
            (false, true) => Some(Self::Finite { point: 0.0, interval: None }),
            (true, true) => {
                let point = above / below;
                let interval = Interval::of_log(point.ln(), log_se, level);
                Some(Self::Finite { point, interval })
            }
        }
    }
}

/// A finite ratio to look at, not to compute with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisplayRatio {
    /// The ratio.
    pub point: f64,
    /// Its interval; `None` where nothing varies.
    pub interval: Option<Interval>,
    /// Whether 1/2 was added to every cell, as one of them is 0.
    pub corrected: bool,
}

/// A difference of two shares, in -1..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskDifference {
    /// Share among the exposed less share among the others.
    pub point: f64,
    /// Newcombe's interval.
    pub interval: Interval,
}

/// Cells as numbers, exposed first.
#[derive(Debug, Clone, Copy)]
struct Cells {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
}

impl Cells {
    fn risk_ratio(self, level: Level) -> Option<Ratio> {
        let (exposed, others) = (self.a + self.b, self.c + self.d);
        if exposed <= 0.0 || others <= 0.0 {
            return None;
        }
        let variance = self.b / (self.a * exposed) + self.d / (self.c * others);
        Ratio::of(self.a / exposed, self.c / others, variance.sqrt(), level)
    }

    fn odds_ratio(self, level: Level) -> Option<Ratio> {
        let variance = 1.0 / self.a + 1.0 / self.b + 1.0 / self.c + 1.0 / self.d;
        Ratio::of(self.a * self.d, self.b * self.c, variance.sqrt(), level)
    }
}

impl TwoByTwo {
    /// The ratio of the two shares `(a / (a + b)) / (c / (c + d))` with Katz's log interval,
    /// `SE² = 1/a - 1/(a + b) + 1/c - 1/(c + d)`. `None` when nobody is exposed, everybody is, or no event
    /// was seen at all.
    ///
    /// Source: D. Katz, J. Baptista, S. P. Azen and M. C. Pike, Biometrics 34 (1978).
    pub fn risk_ratio(&self, level: Level) -> Option<Ratio> {
        self.cells().risk_ratio(level)
    }

    /// The ratio of the two odds `ad / (bc)` with Woolf's log interval, `SE² = 1/a + 1/b + 1/c + 1/d`.
    /// `None` when both products are 0.
    ///
    /// Source: B. Woolf, Annals of Human Genetics 19 (1955).
    pub fn odds_ratio(&self, level: Level) -> Option<Ratio> {
        self.cells().odds_ratio(level)
    }

    /// [`Self::risk_ratio`] for display: with 1/2 added to every cell when one is 0. `None` when nobody is
    /// exposed or everybody is.
    ///
    /// Source: J. B. S. Haldane, Annals of Human Genetics 20 (1956).
    pub fn display_risk_ratio(&self, level: Level) -> Option<DisplayRatio> {
        self.display(level, Cells::risk_ratio)
    }

    /// [`Self::odds_ratio`] for display: with 1/2 added to every cell when one is 0. `None` when nobody is
    /// exposed or everybody is. Source: J. B. S. Haldane, Annals of Human Genetics 20 (1956).
    pub fn display_odds_ratio(&self, level: Level) -> Option<DisplayRatio> {
        self.display(level, Cells::odds_ratio)
    }

    /// The difference of the two shares with the interval made of both Wilson intervals. `None` when nobody
    /// is exposed or everybody is.
    ///
    /// Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions",
    /// Statistics in Medicine 17 (1998), method 10.
    pub fn risk_difference(&self, level: Level) -> Option<RiskDifference> {
        let (exposed, others) = (self.exposed()?, self.others()?);
        let first = wilson(self.exposed_events, exposed, level)?;
        let second = wilson(self.other_events, others, level)?;
        let p = real(self.exposed_events) / real(exposed);
        let q = real(self.other_events) / real(others);
        let point = p - q;
        let low = point - (p - first.low).hypot(second.high - q);
        let high = point + (first.high - p).hypot(q - second.low);
        let interval = Interval { low: low.clamp(-1.0, point), high: high.clamp(point, 1.0) };
        Some(RiskDifference { point, interval })
    }

    /// `(RR - 1) / RR`, the share of the events among the exposed that is in excess of the others' risk;
    /// negative when the exposed fare better, 1 when the ratio is infinite. `None` when the ratio is
    /// undefined or 0. Source: O. S. Miettinen, American Journal of Epidemiology 99 (1974).
    pub fn attributable_fraction_exposed(&self) -> Option<f64> {
        match self.risk_ratio(Level::P95)? {
            Ratio::Infinite => Some(1.0),
            Ratio::Finite { point, .. } => (point > 0.0).then(|| 1.0 - 1.0 / point),
        }
    }

    /// `(P(event) - P(event | not exposed)) / P(event)`, which equals `p (RR - 1) / (1 + p (RR - 1))` with
    /// the share `p` of the exposed: the share of all events in excess of the others' risk, in a table that
    /// holds the exposed in their natural share. `None` when no event was seen, nobody is exposed or
    /// everybody is. Source: M. L. Levin, Acta Unio Internationalis Contra Cancrum 9 (1953).
    pub fn population_attributable_fraction(&self) -> Option<f64> {
        let (exposed, others) = (real(self.exposed()?), real(self.others()?));
        let risk = (real(self.exposed_events) + real(self.other_events)) / (exposed + others);
        (risk > 0.0).then(|| 1.0 - real(self.other_events) / others / risk)
    }

    /// Two-sided p of Fisher's exact test: the probability, at these margins, of all tables no likelier than
    /// this one. 1 when only one table has these margins; `None` for an empty table or one of more than
    /// 10,000,000 observations.
    ///
    /// Source: R. A. Fisher, "Statistical Methods for Research Workers" (1934), two-sided as `fisher.test` in
    /// R: likelihoods within 1e-7 of each other count as equal.
    pub fn fisher(&self) -> Option<f64> {
        let (exposed, others) = (self.row(0)?, self.row(1)?);
        let events = self.exposed_events.checked_add(self.other_events)?;
        let total = exposed.checked_add(others).filter(|n| (1..=MOST_EXACT).contains(n))?;
        let all = ln_choose(total, events)?;
        let log_likelihood =
            |a: u64| Some(ln_choose(exposed, a)? + ln_choose(others, events - a)? - all);
        let seen = log_likelihood(self.exposed_events)?;
        let (fewest, most) = (events.saturating_sub(others), events.min(exposed));
        if fewest == most {
            return Some(1.0);
        }
        let mut p = 0.0;
        for a in fewest..=most {
            let log = log_likelihood(a)?;
            if log <= seen + 1e-7 {
                p += log.exp();
            }
        }
        Some(p.min(1.0))
    }

    /// The correlation `(ad - bc) / √((a + b)(c + d)(a + c)(b + d))` of exposure and event, in -1..=1. `None`
    /// when one of them never varies. Source: K. Pearson (1900); G. U. Yule, JRSS 75 (1912).
    pub fn phi(&self) -> Option<f64> {
        let Cells { a, b, c, d } = self.cells();
        let margins = [a + b, c + d, a + c, b + d];
        let root: f64 = margins.iter().map(|m| m.sqrt()).product();
        (root > 0.0).then(|| ((a * d - b * c) / root).clamp(-1.0, 1.0))
    }

    fn cells(&self) -> Cells {
        Cells {
            a: real(self.exposed_events),
            b: real(self.exposed_rest),
            c: real(self.other_events),
            d: real(self.other_rest),
        }
    }

    fn row(&self, row: usize) -> Option<u64> {
        let rows = [(self.exposed_events, self.exposed_rest), (self.other_events, self.other_rest)];
        rows.get(row).and_then(|(events, rest)| events.checked_add(*rest))
    }

    fn exposed(&self) -> Option<u64> {
        self.row(0).filter(|n| *n > 0)
    }

    fn others(&self) -> Option<u64> {
        self.row(1).filter(|n| *n > 0)
    }

    fn display(
        &self,
        level: Level,
        measure: fn(Cells, Level) -> Option<Ratio>,
    ) -> Option<DisplayRatio> {
        self.exposed().and(self.others())?;
        let Cells { a, b, c, d } = self.cells();
        let corrected = [a, b, c, d].iter().any(|cell| *cell <= 0.0);
        let half = if corrected { 0.5 } else { 0.0 };
        let cells = Cells { a: a + half, b: b + half, c: c + half, d: d + half };
        match measure(cells, level)? {
            Ratio::Finite { point, interval } => Some(DisplayRatio { point, interval, corrected }),
            Ratio::Infinite => None,
        }
    }
}

/// `ln C(n, k) = -ln(n + 1) - ln B(n - k + 1, k + 1)`.
fn ln_choose(n: u64, k: u64) -> Option<f64> {
    let rest = n.checked_sub(k)?;
    Some(-real(n).ln_1p() - ln_beta(real(rest) + 1.0, real(k) + 1.0)?)
}
