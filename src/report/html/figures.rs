//! Figures as inline SVG, so that they are sharp, searchable and need no second file.

use super::inks::Inks;
use super::markup::Html;
use super::page::PageFigure;
use crate::figures::Svg;

/// A journal column, for a drawing that does not say how wide it is.
const COLUMN_MM: f64 = 89.0;

/// What every mark of a drawing says and a page need not: the default, and a font that the style sheet names once. A text
/// in a drawing cannot hold them, since its quotes are escaped.
const SAID_ONCE: [&str; 3] = [
    " opacity=\"1\"",
    " stroke=\"none\"",
    " font-family=\"Noto Sans, Helvetica, Arial, sans-serif\"",
];

/// How the drawings of a page turn dark.
#[derive(Debug)]
pub(super) struct Darkness {
    inks: Inks,
    /// By figure.
    ways: Vec<Way>,
}

/// How one drawing turns dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By rules of the style sheet.
    Rules,
    /// By another drawing.
    Twice,
    /// Not at all: it stands on white.
    Never,
}

impl Darkness {
    /// Compares the two drawings of every figure.
    pub(super) fn of(figures: &[PageFigure]) -> Self {
        let mut inks = Inks::default();
        let mut way = |figure: &PageFigure| match &figure.dark {
            None => Way::Never,
            Some(dark) if inks.learn(figure.svg.as_str(), dark.as_str()) => Way::Rules,
            Some(_) => Way::Twice,
        };
        let ways = figures.iter().map(&mut way).collect();
        Self { inks, ways }
    }

    /// The rules of the style sheet.
    pub(super) fn css(&self) -> String {
        self.inks.css("inked")
    }
}

/// Every figure; `anchors` are their places.
pub(super) fn write(
    html: &mut Html,
    figures: &[PageFigure],
    anchors: &[String],
    darkness: &Darkness,
) {
    html.raw("<div class=\"figures\">\n");
    for ((figure, anchor), way) in figures.iter().zip(anchors).zip(&darkness.ways) {
        let mm = width(&figure.svg).unwrap_or(COLUMN_MM);
        // Of a figure that comes once per run, each is smaller.
        let class = if figure.part.is_empty() { "figure" } else { "figure series" };
        let size = format!("--mm:{mm}");
        html.open("figure", &[("class", class), ("id", anchor), ("style", &size)]);
        match (way, &figure.dark) {
            (Way::Twice, Some(dark)) => {
                plate(html, &figure.svg, &figure.alt, "plate on-light");
                plate(html, dark, &figure.alt, "plate on-dark");
            }
            (Way::Rules, _) => plate(html, &figure.svg, &figure.alt, "plate inked"),
            _ => plate(html, &figure.svg, &figure.alt, "plate"),
        }
        html.raw("<figcaption>").element("b", &[], &figure.title);
        if !figure.caption.is_empty() {
            html.raw(" ").text(&figure.caption);
        }
        super::document::link_here(html, anchor, &figure.title);
        html.raw("</figcaption></figure>\n");
    }
    html.raw("</div>\n");
}

/// The drawing in a frame that scrolls where the screen is too narrow for it.
fn plate(html: &mut Html, svg: &Svg, alt: &str, class: &'static str) {
    html.open("div", &[("class", class)]);
    let drawing = SAID_ONCE.iter().fold(svg.as_str().to_owned(), |svg, said| svg.replace(said, ""));
    if drawing.starts_with("<svg role=\"img\"") {
        html.drawing(&drawing);
    } else {
        // The words for readers who cannot see it stand on the root of the drawing.
        html.raw("<svg role=\"img\" aria-label=\"").text(alt).raw("\" ");
        html.drawing(drawing.strip_prefix("<svg ").unwrap_or_default());
    }
    html.raw("</div>");
}

/// The width that the drawing says it has, in millimetres.
fn width(svg: &Svg) -> Option<f64> {
    let tag = svg.as_str().split('>').next()?;
    tag.split("width=\"").nth(1)?.split("mm\"").next()?.parse().ok()
}
