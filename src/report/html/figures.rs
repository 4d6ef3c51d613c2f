//! Figures as inline SVG, so that they are sharp, searchable and need no second file.

use super::markup::Html;
use super::page::PageFigure;
use crate::figures::Svg;

/// A journal column, for a drawing that does not say how wide it is.
const COLUMN_MM: f64 = 89.0;

/// Every figure; `anchors` are their places.
pub(super) fn write(html: &mut Html, figures: &[PageFigure], anchors: &[String]) {
    html.raw("<div class=\"figures\">\n");
    for (figure, anchor) in figures.iter().zip(anchors) {
        let mm = width(&figure.svg).unwrap_or(COLUMN_MM);
        // Of a figure that comes once per run, each is smaller.
        let class = if figure.part.is_empty() { "figure" } else { "figure series" };
        let size = format!("--mm:{mm}");
        html.open("figure", &[("class", class), ("id", anchor), ("style", &size)]);
        if let Some(dark) = &figure.dark {
            plate(html, &figure.svg, &figure.alt, "plate on-light");
            plate(html, dark, &figure.alt, "plate on-dark");
        } else {
            plate(html, &figure.svg, &figure.alt, "plate");
        }
        html.raw("<figcaption>").element("b", &[], &figure.title);
        super::document::link_here(html, anchor, &figure.title);
        if !figure.caption.is_empty() {
            html.raw(" ").text(&figure.caption);
        }
        html.raw("</figcaption></figure>\n");
    }
    html.raw("</div>\n");
}

/// The drawing in a frame that scrolls where the screen is too narrow for it.
fn plate(html: &mut Html, svg: &Svg, alt: &str, class: &'static str) {
    html.open("div", &[("class", class)]);
    if svg.as_str().starts_with("<svg role=\"img\"") {
        html.drawing(svg.as_str());
    } else {
        // The words for readers who cannot see it stand on the root of the drawing.
        html.raw("<svg role=\"img\" aria-label=\"").text(alt).raw("\" ");
        html.drawing(svg.as_str().strip_prefix("<svg ").unwrap_or_default());
    }
    html.raw("</div>");
}

/// The width that the drawing says it has, in millimetres.
fn width(svg: &Svg) -> Option<f64> {
    let tag = svg.as_str().split('>').next()?;
    tag.split("width=\"").nth(1)?.split("mm\"").next()?.parse().ok()
}
