//! A drawing in points (1/72 inch), flushed through the SVG backend at the end.
//!
//! Shapes are collected first because the height of a figure follows from its text, and because
//! the boxes of all text can then be checked against each other.

use std::fmt::Write as _;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::element::Text;
use plotters::prelude::{Circle, DrawingArea, IntoDrawingArea, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle,
    TextStyle,
};

use super::area::{Area, Point};
use super::error::FigureError;
#[cfg(test)]
use super::font::{ASCENT, DESCENT};
use super::font::{FAMILY, Fonts, HALF_DIGIT};
use super::palette::{WHITE, ink_on};
use super::sheet::{Sheet, Theme};
use super::stroke::{Dash, pieces};
use super::svg::{Svg, escaped};
use super::wording::printable;

/// Coordinates of the backend are whole numbers: a tenth of a point each.
const UNITS: f64 = 10.0;
/// The backend takes a box height and writes a font size this many times smaller.
const BOX_PER_SIZE: f64 = 1.24;
/// Distance from the top of a text to its baseline in the backend, in em.
const TOP_TO_BASELINE: f64 = 0.76;
/// More tooltips than this would outweigh the picture, and there are none.
const MOST_TIPS: usize = 4000;

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Font size in points.
    pub(super) size: f64,
    /// Bold or regular.
    pub(super) bold: bool,
    /// Colour.
    pub(super) color: RGBColor,
}

/// Which part of a text sits at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// A text and the room it takes.
#[cfg(test)]
#[derive(Debug, Clone)]
pub(super) struct TextBox {
    /// The text as drawn.
    pub(super) text: String,
    /// The room, from ascenders to descenders.
    pub(super) area: Area,
}

enum Shape {
    Path(Vec<Point>, RGBAColor, f64),
    Fill(Vec<Point>, RGBAColor),
    Block(Area, RGBAColor),
    Disc(Point, f64, RGBAColor),
    Ring(Point, f64, RGBAColor, f64),
    Text(String, Point, Anchor, Style, bool),
}

/// A figure under construction.
pub(super) struct Canvas {
    /// The sheet it is drawn on.
    pub(super) sheet: Sheet,
    /// Metrics of the text on it.
    pub(super) fonts: Fonts,
    /// Width in points.
    pub(super) width: f64,
    /// Height in points.
    pub(super) height: f64,
    shapes: Vec<Shape>,
    tips: Vec<(Area, String)>,
    #[cfg(test)]
    texts: Vec<TextBox>,
}

impl Canvas {
    /// An empty drawing, at least as wide as its sheet; `width` and `height` can be set later.
    pub(super) fn new(sheet: Sheet, width: f64) -> Result<Self, FigureError> {
        Ok(Self {
            sheet,
            fonts: Fonts::load()?,
            width: sheet.width(width),
            height: 0.0,
            shapes: Vec::new(),
            tips: Vec::new(),
            #[cfg(test)]
            texts: Vec::new(),
        })
    }

    /// A line through `path`.
    pub(super) fn line(&mut self, path: &[Point], color: RGBColor, width: f64, dash: Dash) {
        for piece in pieces(path, dash) {
            self.shapes.push(Shape::Path(piece, color.to_rgba(), width));
        }
    }

    /// The outline of an area.
    pub(super) fn outline(&mut self, area: Area, color: RGBColor, width: f64) {
        let corners = vec![
            (area.left, area.top),
            (area.right, area.top),
            (area.right, area.bottom),
            (area.left, area.bottom),
            (area.left, area.top),
            // A second edge gives the first corner the same join as the others.
            (area.right, area.top),
        ];
        self.shapes.push(Shape::Path(corners, color.to_rgba(), width));
    }

    /// A filled area.
    pub(super) fn block(&mut self, area: Area, color: RGBColor) {
        self.shapes.push(Shape::Block(area, color.to_rgba()));
    }

    /// A filled outline; `opacity` below 1 lets what lies behind shine through.
    pub(super) fn fill(&mut self, corners: Vec<Point>, color: RGBColor, opacity: f64) {
        self.shapes.push(Shape::Fill(corners, color.mix(opacity)));
    }

    /// A filled circle.
    pub(super) fn disc(&mut self, center: Point, radius: f64, color: RGBColor) {
        self.shapes.push(Shape::Disc(center, radius, color.to_rgba()));
    }

    /// The outline of a circle.
    pub(super) fn ring(&mut self, center: Point, radius: f64, color: RGBColor, width: f64) {
        self.shapes.push(Shape::Ring(center, radius, color.to_rgba(), width));
    }

    /// A text with its baseline at `at`.
    pub(super) fn text(&mut self, text: &str, at: Point, anchor: Anchor, style: Style) {
        #[cfg(test)]
        {
            let width = self.text_width(text, style);
            let left = match anchor {
                Anchor::Start => at.0,
                Anchor::Middle => at.0 - width / 2.0,
                Anchor::End => at.0 - width,
            };
            let (top, height) = (at.1 - ASCENT * style.size, (ASCENT + DESCENT) * style.size);
            self.texts.push(TextBox {
                text: text.to_owned(),
                area: Area::sized(left, top, width, height),
            });
        }
        self.shapes.push(Shape::Text(text.to_owned(), at, anchor, style, false));
    }

    /// A text whose digits and capitals are centred on the height `at.1`.
    pub(super) fn text_level(&mut self, text: &str, at: Point, anchor: Anchor, style: Style) {
        self.text(text, (at.0, at.1 + HALF_DIGIT * style.size), anchor, style);
    }

    /// A text that reads upwards, centred on `at.1`, with its baseline at `at.0`.
    pub(super) fn text_upright(&mut self, text: &str, at: Point, style: Style) {
        #[cfg(test)]
        {
            let width = self.text_width(text, style);
            let (left, depth) = (at.0 - ASCENT * style.size, (ASCENT + DESCENT) * style.size);
            self.texts.push(TextBox {
                text: text.to_owned(),
                area: Area::sized(left, at.1 - width / 2.0, depth, width),
            });
        }
        let text = text.to_owned();
        self.shapes.push(Shape::Text(text, at, Anchor::Middle, style, true));
    }

    /// What a viewer says when the pointer rests on an area; nothing in a figure with thousands of them.
    pub(super) fn tip(&mut self, area: Area, text: &str) {
        self.tips.push((area, printable(text)));
    }

    /// Black or white, whichever stands out more on a colour as the theme shows it.
    pub(super) fn ink_on(&self, ground: RGBColor) -> RGBColor {
        ink_on(self.sheet.theme.ink(ground))
    }

    /// Width of a text in points.
    pub(super) fn text_width(&self, text: &str, style: Style) -> f64 {
        self.fonts.width(text, style.size, style.bold)
    }

    /// Every text drawn so far.
    #[cfg(test)]
    pub(super) fn texts(&self) -> &[TextBox] {
        &self.texts
    }

    /// The finished document.
    pub(super) fn finish(self) -> Result<Svg, FigureError> {
        let size = (unsigned(self.width), unsigned(self.height));
        let theme = self.sheet.theme;
        let mut raw = String::new();
        {
            let area = SVGBackend::with_string(&mut raw, size).into_drawing_area();
            area.fill(&theme.ink(WHITE)).map_err(refused)?;
            for shape in &self.shapes {
                shape.draw(&area, theme)?;
            }
            area.present().map_err(refused)?;
        }
        let tidied = tidy(&raw, size, self.sheet.millimetres());
        Ok(Svg::new(with_tips(tidied, &self.tips)))
    }
}

type Backend<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Shape {
    fn draw(&self, area: &Backend<'_>, theme: Theme) -> Result<(), FigureError> {
        match self {
            Self::Path(path, color, width) => {
                let style = inked(*color, theme).stroke_width(unsigned(*width));
                area.draw(&PathElement::new(all_pixels(path), style))
            }
            Self::Fill(corners, color) => {
                area.draw(&Polygon::new(all_pixels(corners), inked(*color, theme).filled()))
            }
            Self::Block(block, color) => area.draw(&Rectangle::new(
                [pixel((block.left, block.top)), pixel((block.right, block.bottom))],
                inked(*color, theme).filled(),
            )),
            Self::Disc(center, radius, color) => area.draw(&Circle::new(
                pixel(*center),
                units(*radius),
                inked(*color, theme).filled(),
            )),
            Self::Ring(center, radius, color, width) => {
                let style = ShapeStyle::from(inked(*color, theme)).stroke_width(unsigned(*width));
                area.draw(&Circle::new(pixel(*center), units(*radius), style))
            }
            Self::Text(text, at, anchor, style, upright) => {
                let style = Style { color: theme.text(style.color), ..*style };
                return write_text(area, text, *at, *anchor, style, *upright);
            }
        }
        .map_err(refused)
    }
}

/// A colour under a theme, as opaque as before.
fn inked(color: RGBAColor, theme: Theme) -> RGBAColor {
    theme.ink(RGBColor(color.0, color.1, color.2)).mix(color.3)
}

fn write_text(
    area: &Backend<'_>,
    text: &str,
    at: Point,
    anchor: Anchor,
    style: Style,
    upright: bool,
) -> Result<(), FigureError> {
    let face = if style.bold { FontStyle::Bold } else { FontStyle::Normal };
    let mut font = FontDesc::new(FontFamily::Name(FAMILY), style.size * UNITS * BOX_PER_SIZE, face);
    // Of the three vertical anchors only the upper one is given in em; the others depend on what
    // a viewer takes for the height of an x.
    let mut at = (at.0, at.1 - TOP_TO_BASELINE * style.size);
    if upright {
        font = font.transform(FontTransform::Rotate270);
        at = (at.0 - TOP_TO_BASELINE * style.size, at.1 + TOP_TO_BASELINE * style.size);
    }
    let side = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let look = TextStyle::from(font).color(&style.color).pos(Pos::new(side, VPos::Top));
    area.draw(&Text::new(text, pixel(at), look)).map_err(refused)
}

/// Gives the document its size in millimetres and takes the line breaks out of its texts: viewers
/// differ in whether a break at the end of a text widens it.
fn tidy(raw: &str, (width, height): (u32, u32), millimetres: f64) -> String {
    let millimetres = |units: u32| f64::from(units) / UNITS * millimetres;
    let given = format!("<svg width=\"{width}\" height=\"{height}\"");
    let sized = format!(
        "<svg width=\"{:.2}mm\" height=\"{:.2}mm\"",
        millimetres(width),
        millimetres(height)
    );
    let mut out = String::with_capacity(raw.len());
    for line in raw.replacen(&given, &sized, 1).lines() {
        out.push_str(line);
        let is_inside_text = line.starts_with("<text ") || !line.starts_with('<');
        if !is_inside_text {
            out.push('\n');
        }
    }
    out
}

/// Lays invisible areas with a title, which viewers show as a tooltip, over a drawing.
fn with_tips(mut svg: String, tips: &[(Area, String)]) -> String {
    if tips.is_empty() || tips.len() > MOST_TIPS {
        return svg;
    }
    svg.truncate(svg.trim_end().trim_end_matches("</svg>").len());
    svg.push_str("<g fill=\"none\" pointer-events=\"all\">\n");
    for (area, text) in tips {
        let (x, y) = pixel((area.left, area.top));
        let (width, height) = (units(area.width()), units(area.height()));
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>{}</title></rect>",
            escaped(text)
        );
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn refused(error: impl std::fmt::Display) -> FigureError {
    FigureError::Draw(error.to_string())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "float casts saturate, and canvases are far smaller than the range"
)]
fn units(length: f64) -> i32 {
    (length * UNITS).round() as i32
}

fn unsigned(length: f64) -> u32 {
    u32::try_from(units(length)).unwrap_or_default()
}

fn pixel(point: Point) -> (i32, i32) {
    (units(point.0), units(point.1))
}

fn all_pixels(path: &[Point]) -> Vec<(i32, i32)> {
    path.iter().copied().map(pixel).collect()
}
