//! Tables of finished numbers, written as text, JSON, CSV, Markdown or LaTeX.
//!
//! A [`Table`] is checked while it is filled. [`render`] then walks it once, and a small markup per
//! [`Format`] decides how the pieces look:
//!
//! * for people (text, Markdown, LaTeX): labels, units, rounded numbers, title and notes;
//! * for programs (JSON, CSV): machine names and exact values, nothing else.
//!
//! A missing value is null in all of them: `-` for people, an empty CSV field, JSON `null`.
//! Text from a trace may be hostile, so every markup makes it inert in its own way.

mod cell;
mod column;
mod commands;
mod csv;
mod event_words;
mod format;
pub mod html;
mod json;
mod latex;
mod markdown;
mod money;
mod number;
mod plate;
mod plates;
mod receipts;
mod table;
mod text;
mod timestamp;
mod value;
mod walk;

#[cfg(test)]
mod tests;

use crate::trace::inert;
pub use crate::trace::visible;
pub use column::{Align, Column, Kind};
pub use commands::latex_commands;
pub use event_words::result_words;
pub use format::{Format, Options, UnknownFormat, render};
pub use plate::{Plate, PlateError, Plotted, Words};
pub use receipts::{FileHash, Receipt, Receipts};
pub use table::{Table, TableError};
pub use value::Value;
