//! How models are called in figures, who makes them, and in what order and colour they come.
//!
//! One list is built in; a TOML file (`schemas/display.schema.json`) is put before it. Tables and data files keep the
//! ids of the traces: display names are for people.

mod error;
mod list;
mod read;
mod schema;

pub use error::DisplayError;
pub use list::{DisplayList, ModelDisplay};
pub use schema::display_schema;
