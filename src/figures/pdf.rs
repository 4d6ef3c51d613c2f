//! SVG to a PDF page of the same size, with the built-in font embedded and text that can be selected and searched.

use krilla::geom::{Size, Transform};
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};
use krilla_svg::{SurfaceExt, SvgSettings};

use super::error::FigureError;
use super::png::parse;

/// Points of a PDF per pixel of an SVG.
const POINTS_PER_PIXEL: f32 = 72.0 / 96.0;

/// Renders `svg`; the same SVG gives the same bytes.
pub(super) fn render(svg: &str) -> Result<Vec<u8>, FigureError> {
    let tree = parse(svg)?;
    let refused = || FigureError::Render("the page has no size".to_owned());
    let pixels = Size::from_wh(tree.size().width(), tree.size().height()).ok_or_else(refused)?;
    let points = |length: f32| length * POINTS_PER_PIXEL;
    let page =
        Size::from_wh(points(pixels.width()), points(pixels.height())).ok_or_else(refused)?;
    let settings = SerializeSettings { xmp_metadata: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut sheet = document.start_page_with(PageSettings::new(page));
    let mut surface = sheet.surface();
    surface.push_transform(&Transform::from_scale(POINTS_PER_PIXEL, POINTS_PER_PIXEL));
    let drawn = surface.draw_svg(&tree, pixels, SvgSettings::default());
    surface.pop();
    surface.finish();
    sheet.finish();
    drawn.ok_or_else(|| FigureError::Render("a shape has no place in a PDF".to_owned()))?;
    document.finish().map_err(|e| FigureError::Render(format!("{e:?}")))
}

#[cfg(test)]
mod tests {
    use super::super::{draw_collapse, fixture, sheet::Sheet};

    #[test]
    fn a_column_is_89_mm_wide_on_paper() {
        let svg = draw_collapse(&fixture::collapse(15, 6), Sheet::default()).unwrap();
        let pdf = svg.to_pdf().unwrap();
        assert!(pdf == svg.to_pdf().unwrap(), "two renderings differ");
        assert!(pdf.starts_with(b"%PDF-"));
        let text = String::from_utf8_lossy(&pdf);
        let page = text.split("/MediaBox[").nth(1).unwrap();
        let width: f64 = page.split(' ').nth(2).unwrap().parse().unwrap();
        assert!((width - 252.2).abs() < 0.1, "{width}");
        assert!(text.contains("/ToUnicode"), "text without a map back to characters");
    }
}
