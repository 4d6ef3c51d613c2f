//! Fills that stay apart without colour.

use plotters::style::RGBColor;

use super::area::Area;
use super::canvas::Canvas;
use super::palette::WHITE;
use super::stroke::SOLID;

/// Distance between two stripes.
const STRIPE: f64 = 1.3;
/// An area narrower than this has no outline, which would hide what is inside.
const LEAST_OUTLINED: f64 = 1.5;

/// How an area is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// All colour.
    Solid,
    /// Slanted lines.
    Hatched,
    /// Upright lines.
    Striped,
    /// Nothing but the outline.
    Hollow,
}

/// Fills `area`; what is not solid has a white ground and an outline.
pub(super) fn fill(canvas: &mut Canvas, area: Area, pattern: Pattern, color: RGBColor) {
    if pattern == Pattern::Solid || area.width() < LEAST_OUTLINED {
        canvas.block(area, if pattern == Pattern::Hollow { WHITE } else { color });
        return;
    }
    canvas.block(area, WHITE);
    match pattern {
        Pattern::Hatched => slanted(canvas, area, color, 0.5, 2.4),
        Pattern::Striped => {
            let mut x = area.left + STRIPE;
            while x < area.right - STRIPE / 2.0 {
                canvas.line(&[(x, area.top), (x, area.bottom)], color, 0.7, SOLID);
                x += STRIPE;
            }
        }
        Pattern::Solid | Pattern::Hollow => {}
    }
    canvas.outline(area.grown(-0.2), color, 0.4);
}

/// Lines from lower left to upper right, `step` apart.
pub(super) fn slanted(canvas: &mut Canvas, area: Area, color: RGBColor, width: f64, step: f64) {
    let (across, down) = (area.width(), area.height());
    let mut offset = step;
    while offset < across + down {
        let from = (area.left + (offset - down).max(0.0), area.top + offset.min(down));
        let to = (area.left + offset.min(across), area.top + (offset - across).max(0.0));
        canvas.line(&[from, to], color, width, SOLID);
        offset += step;
    }
}

#[cfg(test)]
mod tests {
    use super::super::palette::BLUE;
    use super::super::sheet::Sheet;
    use super::*;

    #[test]
    fn lines_stay_inside() {
        for pattern in [Pattern::Hatched, Pattern::Striped, Pattern::Hollow] {
            let mut canvas = Canvas::new(Sheet::default(), 60.0).unwrap();
            canvas.height = 40.0;
            fill(&mut canvas, Area::sized(10.0, 20.0, 30.0, 8.0), pattern, BLUE);
            let svg = canvas.finish().unwrap();
            let paths = svg.as_str().split(" points=\"").skip(1);
            for pair in paths.flat_map(|rest| rest.split('"').next().unwrap().split_whitespace()) {
                let (x, y) = pair.split_once(',').unwrap();
                let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((100..=400).contains(&x) && (200..=280).contains(&y), "{x},{y}");
            }
        }
    }

    #[test]
    fn slivers_are_colour() {
        let mut canvas = Canvas::new(Sheet::default(), 60.0).unwrap();
        canvas.height = 40.0;
        fill(&mut canvas, Area::sized(10.0, 20.0, 0.3, 8.0), Pattern::Hatched, BLUE);
        assert!(!canvas.finish().unwrap().as_str().contains("polyline"));
    }
}
