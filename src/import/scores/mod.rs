//! Grades from elsewhere, joined to runs whose log has none.
//!
//! * `grades`: files of grades: CSV, JSON, reports of the SWE-bench harness
//! * `graded`: a sink that puts them into the runs that pass through it

mod graded;
mod grades;

pub use graded::Graded;
pub use grades::Grades;
