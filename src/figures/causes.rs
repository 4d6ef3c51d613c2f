//! What tells the causes of failures apart: a colour, a texture and a letter each.

use plotters::style::RGBColor;

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas, Style};
use super::header::STRONG;
use super::palette::{BLUE, DARK, GREEN, MID_GREY, ORANGE, PURPLE, SKY, VERMILLION, YELLOW};
use super::stroke::SOLID;

/// More causes than this are one: further colours could not be told apart.
pub(super) const MOST_CAUSES: usize = 8;

/// What stands for all causes after the most frequent ones.
pub(super) const OTHER: Look = Look { color: MID_GREY, texture: Texture::Sparse, code: '+' };
/// What stands for no known cause.
pub(super) const UNKNOWN: Look =
    Look { color: RGBColor(0xB4, 0xB4, 0xB4), texture: Texture::Plain, code: '?' };

/// The looks, and the cause that has each in every figure; others take those that are left.
const GROUNDS: [(&str, RGBColor, Texture); MOST_CAUSES] = [
    ("context exhausted", VERMILLION, Texture::Plain),
    ("wrong answer", SKY, Texture::Rising),
    ("build broken", BLUE, Texture::Upright),
    ("gave up", YELLOW, Texture::Dotted),
    ("tool misuse", GREEN, Texture::Falling),
    ("gateway timeout", ORANGE, Texture::Crossed),
    ("loop", DARK, Texture::Plain),
    ("not attempted", PURPLE, Texture::Level),
];
/// The name of what has no known cause.
const NOT_KNOWN: &str = "unknown";

const LINE: f64 = 0.4;
const DOT: f64 = 0.45;
/// Between two lines of a texture.
const STEP: f64 = 3.2;
const WIDE_STEP: f64 = 6.4;

/// What lies on the colour of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texture {
    /// Nothing.
    Plain,
    /// Lines that rise to the right.
    Rising,
    /// Lines that fall to the right.
    Falling,
    /// Both.
    Crossed,
    /// Upright lines.
    Upright,
    /// Level lines.
    Level,
    /// Dots.
    Dotted,
    /// Rising lines, far apart.
    Sparse,
}

/// How a cause is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Its colour.
    pub(super) color: RGBColor,
    /// Its texture, where there is an area to fill.
    pub(super) texture: Texture,
    /// Its letter, where there is a cell to mark.
    pub(super) code: char,
}

/// The looks of causes, most frequent first; all after the eighth look the same.
pub(super) fn looks<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Look> {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = &names[..names.len().min(MOST_CAUSES)];
    let own = |name: &str| GROUNDS.iter().position(|(owner, ..)| *owner == name);
    let mut left: Vec<usize> = (0..MOST_CAUSES).collect();
    left.retain(|slot| !shown.contains(&GROUNDS[*slot].0));
    let mut left = left.into_iter();
    let mut taken: Vec<char> = Vec::new();
    let mut looks = Vec::new();
    for name in shown {
        let slot = if *name == NOT_KNOWN { None } else { own(name).or_else(|| left.next()) };
        looks.push(slot.map_or(UNKNOWN, |slot| {
            let (_, color, texture) = GROUNDS[slot];
            let code = code(name, &taken);
            taken.push(code);
            Look { color, texture, code }
        }));
    }
    looks.resize(names.len(), OTHER);
    looks
}

/// A letter of the name that no other cause has: the first of a word, or else any.
fn code(name: &str, taken: &[char]) -> char {
    let initials = name.split_whitespace().filter_map(|word| word.chars().next());
    initials
        .chain(name.chars())
        .chain('A'..='Z')
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_uppercase())
        .find(|letter| !taken.contains(letter))
        .unwrap_or(OTHER.code)
}

/// A field of a cause's colour with its letter in the middle.
pub(super) fn tab(canvas: &mut Canvas, look: Look, area: Area) {
    canvas.block(area, look.color);
    let middle = (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
    let style = Style { color: canvas.ink_on(look.color), ..STRONG };
    canvas.text_level(&look.code.to_string(), middle, Anchor::Middle, style);
}

/// Draws a texture on an area that has its colour. Lines of touching areas meet.
pub(super) fn texture(canvas: &mut Canvas, look: Look, area: Area) {
    let ink = canvas.ink_on(look.color);
    let mut draw = |path: [Point; 2]| canvas.line(&path, ink, LINE, SOLID);
    match look.texture {
        Texture::Plain => {}
        Texture::Rising => rising(area, STEP).for_each(draw),
        Texture::Sparse => rising(area, WIDE_STEP).for_each(draw),
        Texture::Falling => falling(area, STEP).for_each(draw),
        Texture::Crossed => {
            rising(area, WIDE_STEP).for_each(&mut draw);
            falling(area, WIDE_STEP).for_each(draw);
        }
        Texture::Upright => {
            let xs = multiples(area.left, area.right, STEP);
            xs.map(|x| [(x, area.top), (x, area.bottom)]).for_each(draw);
        }
        Texture::Level => {
            let ys = multiples(area.top, area.bottom, STEP);
            ys.map(|y| [(area.left, y), (area.right, y)]).for_each(draw);
        }
        Texture::Dotted => {
            let inner = area.grown(-DOT);
            for y in multiples(inner.top, inner.bottom, STEP) {
                for x in multiples(inner.left, inner.right, STEP) {
                    canvas.disc((x, y), DOT, ink);
                }
            }
        }
    }
}

/// The multiples of `step` strictly between two numbers.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = ((low / step).floor() + 1.0) * step;
    (0_u32..).map(move |index| first + f64::from(index) * step).take_while(move |at| *at < high)
}

/// Lines on which x and y add up to multiples of the step, cut at the edges.
pub(super) fn rising(area: Area, step: f64) -> impl Iterator<Item = [Point; 2]> {
    multiples(area.left + area.top, area.right + area.bottom, step).map(move |sum| {
        let from = (area.left.max(sum - area.bottom), area.bottom.min(sum - area.left));
        let to = (area.right.min(sum - area.top), area.top.max(sum - area.right));
        [from, to]
    })
}

/// The same lines in a mirror.
pub(super) fn falling(area: Area, step: f64) -> impl Iterator<Item = [Point; 2]> {
    let mirrored = Area { left: -area.right, right: -area.left, ..area };
    rising(mirrored, step).map(|[from, to]| [(-from.0, from.1), (-to.0, to.1)])
}

#[cfg(test)]
mod tests {
    use super::super::palette::{PALE, luminance};
    use super::super::sheet::{Sheet, Theme};
    use super::*;

    #[test]
    fn letters_are_of_the_name_and_of_one_cause() {
        let names = ["gateway timeout", "gave up", "1 & 2", "up", "", "G"];
        let codes: String = looks(names).iter().map(|look| look.code).collect();
        assert_eq!(codes, "GUAPBC");
        let many = looks(["x"; 12]);
        assert_eq!(many[8..], [OTHER; 4]);
        assert!(many[..8].iter().all(|look| look.code.is_ascii_uppercase()));
    }

    #[test]
    fn a_cause_looks_the_same_whatever_its_place() {
        let one = looks(["odd", "loop", "unknown", "gave up"]);
        let other = looks(["gave up", "rare", "odd", "loop"]);
        assert_eq!((one[1], one[3]), (other[3], other[0]));
        assert_eq!(one[2], UNKNOWN);
        assert!(other[1] != other[2] && other[1].color != other[2].color);
    }

    #[test]
    fn letters_stand_out_on_paper_and_on_a_screen() {
        for theme in [Theme::Paper, Theme::Screen] {
            let canvas = Canvas::new(Sheet { theme, ..Sheet::default() }, 60.0).unwrap();
            let grounds = GROUNDS.map(|(_, color, _)| color);
            for color in grounds.into_iter().chain([OTHER.color, UNKNOWN.color, PALE]) {
                let ground = luminance(theme.ink(color));
                let ink = luminance(theme.text(canvas.ink_on(color)));
                let (light, dark) = (ground.max(ink), ground.min(ink));
                assert!((light + 0.05) / (dark + 0.05) >= 4.5, "{color:?}");
            }
        }
    }

    #[test]
    fn lines_stay_inside_and_meet() {
        let area = Area::sized(10.3, 20.1, 7.7, 30.0);
        let whole = area.grown(1e-9);
        for [from, to] in rising(area, 3.0).chain(falling(area, 3.0)) {
            for (x, y) in [from, to] {
                assert!(whole.contains(&Area::sized(x, y, 0.0, 0.0)));
            }
        }
        let next = Area { left: area.right, right: area.right + 9.0, ..area };
        let ends: Vec<_> = rising(area, 3.0).map(|[_, to]| to).collect();
        let starts = rising(next, 3.0).map(|[from, _]| from);
        let meets = |at: &Point| ends.iter().any(|end| (end.1 - at.1).abs() < 1e-9);
        assert!(
            starts.filter(|at| at.0 <= next.left && at.1 < next.bottom - 0.1).all(|at| meets(&at))
        );
    }
}
