//! A grade command, run and read.

use super::error::RunError;
use super::process::{self, Cut, Outcome, Spec};
use super::workspace::{Workspace, remove};
use crate::capture::pipeline::{Grade, GradeOutput, ScoreSource, Stage};
use crate::capture::recorder::system_time;
use crate::trace::Timestamp;
use std::fs;
use std::io::Read;
use std::path::Path;

/// Most bytes of a grader's document.
const MAX_DOCUMENT: u64 = 16 << 20;

/// What grading a stage gave.
#[derive(Debug)]
pub(super) struct Graded {
    /// When the grader began.
    pub(super) began: Timestamp,
    /// The grader; none for a stage without one.
    pub(super) outcome: Option<Outcome>,
    /// The grade, or why there is none.
    pub(super) grade: Result<Grade, String>,
}

impl Graded {
    pub(super) fn score(&self) -> Option<f64> {
        self.grade.as_ref().ok().and_then(|grade| grade.score)
    }
}

/// Grades the workspace as it is.
pub(super) fn grade(
    stage: &Stage,
    workspace: &Workspace,
    env: &[(String, String)],
    watch: &mut dyn FnMut() -> Option<Cut>,
) -> Result<Graded, RunError> {
    let began = system_time();
    let Some(command) = &stage.grade else {
        return Ok(Graded { began, outcome: None, grade: Ok(Grade::default()) });
    };
    let folder = workspace.workspace();
    let score_file = workspace.file("score");
    let document = match stage.score.source() {
        Some(ScoreSource::ScoreFile) => Some(score_file.clone()),
        Some(ScoreSource::File(path)) => Some(folder.join(path)),
        Some(ScoreSource::Stdout) | None => None,
    };
    // A score that stands there already is not this grader's.
    if let Some(path) = &document {
        remove(path)?;
    }
    let mut env = env.to_vec();
    env.push(("RAMPTRACE_SCORE_FILE".to_owned(), score_file.to_string_lossy().into_owned()));
    let argv = ["sh", "-c", command].map(str::to_owned);
    let limit = Some(stage.grade_time);
    let spec = Spec { argv: &argv, folder: &folder, env: &env, stdin: None, limit };
    let outcome = process::run(&spec, watch)?;
    let grade = if outcome.cut.is_some() {
        Err(format!("the grader was ended after {:.0} s", outcome.wall.as_secs_f64()))
    } else {
        let left = GradeOutput {
            exit_code: outcome.exit_code,
            stdout: outcome.stdout.clone(),
            document: document.and_then(|path| read(&path)),
        };
        stage.score.grade(&left)
    };
    Ok(Graded { began, outcome: Some(outcome), grade })
}

/// A document of bounded size; links and other odd files are not followed.
fn read(path: &Path) -> Option<String> {
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MAX_DOCUMENT).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
