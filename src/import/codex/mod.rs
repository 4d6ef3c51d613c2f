//! Codex CLI rollouts: the session files below `~/.codex/sessions`.
//!
//! All files of a call are looked at before any is converted, since sub-agents have files of their own and forks repeat
//! the history of another thread with its token counts. Files are streamed twice: once to be placed, once to be converted.
//!
//! * `record`: lines to records, in all three shapes of the format
//! * `survey`: the first pass over a file
//! * `plan`: which files are a run, and what is copied
//! * `tokens`: which counts are calls
//! * `texts`: texts that stand twice
//! * `output`: what tools gave back
//! * `convert`, `thread`, `call`, `items`, `events`: records to rows

mod call;
mod convert;
mod events;
mod items;
mod output;
mod plan;
mod record;
mod survey;
#[cfg(test)]
mod tests;
mod texts;
mod thread;
pub(super) mod tokens;

use super::formats::{Importer, no_folders};
use super::source::{Job, Source};
use super::{Format, ImportError, ImportReport};
use rayon::prelude::*;
use survey::Survey;

/// How rollouts are recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises: record::recognises, plan }
}

fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let surveyed: Vec<Result<Survey, ImportError>> =
        sources.into_par_iter().map(|source| Survey::of(source.file()?)).collect();
    let mut surveys = Vec::new();
    let mut jobs = Vec::new();
    for survey in surveyed {
        match survey {
            Ok(survey) => surveys.push(survey),
            Err(error) => jobs.push(Err(error)),
        }
    }
    for members in plan::runs(surveys) {
        let Some(main) = members.first() else { continue };
        let path = main.survey.file.name().to_owned();
        let of = path.clone();
        jobs.push(Ok(Job::new(Format::Codex, &path, move |sink| {
            convert::import(&members, ImportReport::of(Format::Codex.name(), &of), sink)
        })));
    }
    jobs
}
