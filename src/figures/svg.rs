//! A finished figure.

use super::error::FigureError;
use super::wording::printable;
use super::{pdf, png};

/// A finished figure: one SVG document, sized in millimetres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg {
    text: String,
}

impl Svg {
    pub(super) fn new(text: String) -> Self {
        Self { text }
    }

    /// The SVG document.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its width in millimetres.
    pub fn width_mm(&self) -> f64 {
        let width = self.text.split("width=\"").nth(1).and_then(|rest| rest.split("mm\"").next());
        width.and_then(|number| number.parse().ok()).unwrap_or_default()
    }

    /// The document with a text for readers who cannot see it.
    #[must_use]
    pub fn described(&self, alt: &str) -> Self {
        let label = format!("<svg role=\"img\" aria-label=\"{}\" ", escaped(&printable(alt)));
        Self { text: self.text.replacen("<svg ", &label, 1) }
    }

    /// The figure as a PDF page of its own size, with real text.
    pub fn to_pdf(&self) -> Result<Vec<u8>, FigureError> {
        pdf::render(&self.text)
    }

    /// The figure as PNG bytes. `scale` 1 is 96 pixels per inch; 3.125 is 300, 6.25 is 600.
    pub fn to_png(&self, scale: f32) -> Result<Vec<u8>, FigureError> {
        png::render(&self.text, scale)
    }
}

/// Text as XML attributes and elements hold it.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(character),
        }
    }
    out
}

impl AsRef<str> for Svg {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use resvg::tiny_skia::Pixmap;

    use super::super::sheet::Sheet;
    use super::super::snapshots::GALLERY;
    use super::super::{draw_collapse, draw_matrix, draw_spread, fixture};
    use super::*;

    fn figures() -> impl Iterator<Item = Svg> {
        GALLERY.iter().map(|(_, drawing)| drawing(Sheet::default()).unwrap())
    }

    #[test]
    fn a_column_is_89_mm_wide_in_pixels_too() {
        let figure = draw_collapse(&fixture::collapse(15, 6), Sheet::default()).unwrap();
        assert!(figure.as_str().starts_with("<svg width=\"88.97mm\""));
        let image = Pixmap::decode_png(&figure.to_png(1.0).unwrap()).unwrap();
        // 88.97 mm at 96 pixels per inch.
        assert_eq!(image.width(), 337);
    }

    #[test]
    fn figures_have_ink_on_white() {
        for figure in figures() {
            let png = figure.to_png(1.0).unwrap();
            assert_eq!(png, figure.to_png(1.0).unwrap());
            let image = Pixmap::decode_png(&png).unwrap();
            let dark = image.pixels().iter().filter(|p| p.green() < 128).count();
            let all = image.pixels().len();
            assert!(dark > all / 200 && dark < all / 2, "{dark} of {all}");
            assert_eq!(image.pixel(0, 0).unwrap().green(), 255);
        }
    }

    #[test]
    fn text_is_text_at_legible_size() {
        for figure in figures() {
            let sizes = figure.as_str().split("font-size=\"").skip(1);
            let sizes = sizes.map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
            // Ten units are one point.
            assert!(sizes.clone().count() > 5);
            assert!(sizes.into_iter().all(|size| size >= 65.0));
        }
    }

    #[test]
    fn marks_have_tooltips_unless_there_are_thousands() {
        let tips = |svg: &Svg| svg.as_str().matches("<title>").count();
        for figure in figures() {
            assert!(tips(&figure) >= 5, "{}", tips(&figure));
        }
        let cells = |stages| draw_matrix(&fixture::matrix(60, stages), Sheet::default()).unwrap();
        assert_eq!((tips(&cells(6)), tips(&cells(200))), (360, 0));
        let named = draw_spread(&fixture::spread(2), Sheet::default()).unwrap();
        assert!(
            named.as_str().contains("<title>vendor01/some-long-model-name-0037-preview: $0.05")
        );
    }
}
