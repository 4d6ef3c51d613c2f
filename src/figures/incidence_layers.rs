//! The layers of a stack of first failures: survivors at the bottom, then cause after cause.

use crate::analysis::CumulativeIncidence;

use super::area::{Area, Point};
use super::axis::LinearAxis;
use super::canvas::Canvas;
use super::causes::{self, Look, MOST_CAUSES, OTHER, Texture};
use super::header::{LABEL, MARGIN};
use super::legend::{self, Entry};
use super::number::real;
use super::palette::{BLACK, SHADE};
use super::stroke::SOLID;
use super::wording::fit;

const SURVIVORS: Look = Look { color: SHADE, texture: Texture::Plain, code: ' ' };
/// Width limit of the name of a cause.
const NAME_LIMIT: f64 = 150.0;
const SAMPLE: (f64, f64) = (12.0, 7.0);
/// Width of the line between two layers.
const EDGE: f64 = 0.5;
/// What shares that are one may miss it by.
pub(super) const ROUNDING: f64 = 1e-6;

/// One layer.
pub(super) struct Layer {
    /// Its name alone.
    pub(super) name: String,
    /// Its name and its share at the end.
    pub(super) label: String,
    /// How it is filled.
    pub(super) look: Look,
    /// Where it starts and ends at each stage, as shares.
    pub(super) ends: Vec<(f64, f64)>,
    /// Whether it holds the runs without a failure.
    pub(super) is_survivors: bool,
}

/// The layers from the bottom up; causes after the eighth are one.
pub(super) fn layers(canvas: &Canvas, data: &CumulativeIncidence) -> Vec<Layer> {
    let looks = causes::looks(data.causes.iter().map(|one| one.cause.as_str()));
    let (named, others) = data.causes.split_at(data.causes.len().min(MOST_CAUSES));
    let mut parts = vec![("no failure".to_owned(), SURVIVORS, data.surviving.clone())];
    for (one, look) in named.iter().zip(looks) {
        let name = fit(&canvas.fonts, &one.cause, LABEL.size, LABEL.bold, NAME_LIMIT);
        parts.push((name, look, one.shares.clone()));
    }
    if !others.is_empty() {
        let sum = |stage: usize| others.iter().map(|one| one.shares[stage]).sum();
        let noun = if others.len() == 1 { "cause" } else { "causes" };
        let name = format!("{} other {noun}", others.len());
        parts.push((name, OTHER, (0..data.stages.len()).map(sum).collect()));
    }
    let mut below = vec![0.0; data.stages.len()];
    let mut layers = Vec::new();
    for (name, look, shares) in parts {
        let ends = below.iter().zip(&shares).map(|(below, share)| (*below, below + share));
        let ends: Vec<(f64, f64)> = ends.collect();
        below = ends.iter().map(|(_, end)| *end).collect();
        let last = shares.last().map_or_else(String::new, |share| format!(" {}", percent(*share)));
        let label = format!("{name}{last}");
        layers.push(Layer { name, label, look, ends, is_survivors: layers.is_empty() });
    }
    layers
}

/// Draws the layers from the bottom up, each as steps as wide as a stage.
pub(super) fn draw_layers(canvas: &mut Canvas, layers: &[Layer], axis: LinearAxis, frame: Area) {
    for layer in layers {
        let slot = frame.width() / real(layer.ends.len().max(1));
        let x = |index: usize| frame.left + real(index) * slot;
        let steps = |edge: fn(&(f64, f64)) -> f64| -> Vec<Point> {
            let all = layer.ends.iter().enumerate();
            all.flat_map(|(index, ends)| {
                let y = axis.at(edge(ends) * 100.0);
                [(x(index), y), (x(index + 1), y)]
            })
            .collect()
        };
        let mut outline = steps(|ends| ends.1);
        outline.extend(steps(|ends| ends.0).into_iter().rev());
        canvas.fill(outline, layer.look.color, 1.0);
        let mut from = 0;
        for stretch in layer.ends.chunk_by(|a, b| is_level(*a, *b)) {
            let (low, high) = stretch[0];
            let (top, bottom) = (axis.at(high * 100.0), axis.at(low * 100.0));
            let area = Area { left: x(from), right: x(from + stretch.len()), top, bottom };
            causes::texture(canvas, layer.look, area);
            from += stretch.len();
        }
        draw_edge(canvas, layer, axis, x);
    }
}

/// The upper edge of a layer, where it is more than an edge.
fn draw_edge(canvas: &mut Canvas, layer: &Layer, axis: LinearAxis, x: impl Fn(usize) -> f64) {
    let mut from = 0;
    let has_height = |ends: &(f64, f64)| ends.1 - ends.0 > ROUNDING;
    for stretch in layer.ends.chunk_by(|a, b| has_height(a) == has_height(b)) {
        if has_height(&stretch[0]) {
            let mut path = vec![(x(from), axis.at(stretch[0].0 * 100.0))];
            for (index, ends) in (from..).zip(stretch) {
                let y = axis.at(ends.1 * 100.0);
                path.extend([(x(index), y), (x(index + 1), y)]);
            }
            canvas.line(&path, BLACK, EDGE, SOLID);
        }
        from += stretch.len();
    }
}

fn is_level(a: (f64, f64), b: (f64, f64)) -> bool {
    (a.0 - b.0).abs() < ROUNDING && (a.1 - b.1).abs() < ROUNDING
}

/// A whole percentage; what is not nothing does not read as nothing.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.0}", share * 100.0);
    let text = match text.as_str() {
        "0" | "-0" if share > 1e-9 => "<1",
        "-0" => "0",
        "100" if share < 1.0 - 1e-9 => ">99",
        text => text,
    };
    format!("{text}\u{A0}%")
}

/// A field of a layer.
pub(super) fn sample(canvas: &mut Canvas, look: Look, area: Area) {
    canvas.block(area, look.color);
    causes::texture(canvas, look, area);
    canvas.outline(area, BLACK, 0.4);
}

/// Writes the names of the layers, from the top of the stack down, and returns the lower edge.
pub(super) fn write_legend(canvas: &mut Canvas, layers: &[Layer], top: f64) -> f64 {
    let entry = |layer: &Layer| {
        let look = layer.look;
        Entry {
            sample: SAMPLE,
            draw: Box::new(move |canvas: &mut Canvas, area| sample(canvas, look, area)),
            text: layer.label.clone(),
        }
    };
    let entries: Vec<Entry<'_>> = layers.iter().rev().map(entry).collect();
    let right = canvas.width - MARGIN;
    legend::write(canvas, &entries, (MARGIN, top), right)
}

#[cfg(test)]
mod tests {
    use super::super::fixture_failures;
    use super::super::sheet::Sheet;
    use super::*;

    #[test]
    fn layers_fill_the_whole() {
        let data = fixture_failures::incidence(60, 24);
        let layers = layers(&Canvas::new(Sheet::default(), 300.0).unwrap(), &data);
        assert!(layers[0].is_survivors && layers.len() > 2);
        for stage in 0..24 {
            assert!((layers[layers.len() - 1].ends[stage].1 - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn percentages_do_not_round_to_certainty() {
        let texts = [0.0, 1e-4, 0.067, 0.999, 1.0].map(percent);
        assert_eq!(
            texts.map(|t| t.replace('\u{A0}', " ")),
            ["0 %", "<1 %", "7 %", ">99 %", "100 %"]
        );
    }
}
