//! The options that say how wide figures are and in which colours.

use crate::figures::{Sheet, SheetWidth, Theme};
use clap::{Args, ValueEnum};

/// Widths on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum WidthName {
    /// A column of a journal
    #[default]
    #[value(name = "89mm")]
    Column,
    /// Two columns
    #[value(name = "183mm")]
    Page,
    /// Large, for a slide
    Slide,
}

/// Colours on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ThemeName {
    /// Black on white
    #[default]
    Paper,
    /// Light on dark
    Screen,
}

/// How figures are drawn.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct SheetArgs {
    /// Least width of figures; one that needs more room is wider
    #[arg(long, value_enum, default_value_t, value_name = "WIDTH")]
    width: WidthName,
    /// Colours of figures
    #[arg(long, value_enum, default_value_t, value_name = "THEME")]
    theme: ThemeName,
}

impl SheetArgs {
    pub(super) const fn sheet(self) -> Sheet {
        let width = match self.width {
            WidthName::Column => SheetWidth::Column,
            WidthName::Page => SheetWidth::Page,
            WidthName::Slide => SheetWidth::Slide,
        };
        let theme = match self.theme {
            ThemeName::Paper => Theme::Paper,
            ThemeName::Screen => Theme::Screen,
        };
        Sheet { width, theme }
    }
}
