//! Why a figure could not be drawn.

/// Why a figure could not be drawn or rendered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FigureError {
    /// A number has no place on its axis: not finite, below zero where there is no
    /// less than nothing, not above zero on a log axis, or at odds with the others.
    #[error("{what} {value} of {label:?} has no place on the axis")]
    Value {
        /// What the number is, e.g. `cost`.
        what: &'static str,
        /// The run or stage it belongs to.
        label: String,
        /// The number.
        value: f64,
    },
    /// The built-in font cannot be read.
    #[error("the built-in font cannot be read: {0}")]
    Font(String),
    /// The drawing backend refused a shape.
    #[error("the figure cannot be drawn: {0}")]
    Draw(String),
    /// The SVG cannot be turned into pixels.
    #[error("the figure cannot be rendered: {0}")]
    Render(String),
    /// The scale is not a positive number or asks for an image too large to hold.
    #[error("an image at scale {0} is empty or too large")]
    Scale(f32),
}

/// Refuses numbers that an axis cannot show.
pub(super) fn require_finite(
    what: &'static str,
    label: &str,
    value: f64,
) -> Result<(), FigureError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(refused(what, label, value))
}

/// Refuses numbers that are no amount: not finite, or below zero.
pub(super) fn require_amount(
    what: &'static str,
    label: &str,
    value: f64,
) -> Result<(), FigureError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(refused(what, label, value))
}

/// Refuses numbers that a log axis cannot show.
pub(super) fn require_positive(
    what: &'static str,
    label: &str,
    value: f64,
) -> Result<(), FigureError> {
    // Subnormal numbers lose their mantissa, and no money is that small.
    if value.is_normal() && value > 0.0 {
        return Ok(());
    }
    Err(refused(what, label, value))
}

fn refused(what: &'static str, label: &str, value: f64) -> FigureError {
    FigureError::Value { what, label: label.to_owned(), value }
}
