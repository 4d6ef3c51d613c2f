//! The report and the metadata of a run: who ran what, and what it scored.

use super::super::fields::Fields;
use super::super::{ImportError, ramp_report};
use super::folder::RunFolder;
use crate::trace::Timestamp;

/// What report and metadata say.
#[derive(Debug, Default)]
pub(super) struct Grades {
    pub(super) run_id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) api_base: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    /// The parsed report; `None` when the folder has none.
    pub(super) report: Option<ramp_report::Report>,
    /// Everything else of the metadata.
    pub(super) metadata: Fields,
    /// Exit code of the container; 0 for failed runs too.
    pub(super) exit_code: Option<String>,
}

impl Grades {
    /// Reads `metadata.json`, `openhands_report.json` and `exit_code`, each where it is there.
    pub(super) fn read(folder: &RunFolder) -> Result<Self, ImportError> {
        let mut grades = Self::default();
        if let Some(file) = folder.file("metadata.json") {
            let mut metadata = Fields::of(file.json()?).ok_or_else(|| ImportError::BadSource {
                path: file.name().to_owned(),
                problem: "not a JSON object".into(),
            })?;
            grades.run_id = metadata.text("run_id");
            grades.model = metadata.text("model");
            grades.api_base = metadata.text("api_base");
            grades.started_at =
                metadata.text("started_at").and_then(|t| Timestamp::parse_zoned(&t));
            // The name of a key is of no use to an analyst and of some to others.
            metadata.drop("api_key_name");
            grades.metadata = metadata;
        }
        if let Some(file) = folder.file("openhands_report.json") {
            grades.report = Some(ramp_report::Report::read(file)?);
        }
        if let Some(file) = folder.file("exit_code") {
            grades.exit_code = Some(String::from_utf8_lossy(&file.read()?).trim().to_owned());
        }
        Ok(grades)
    }
}
