//! A pipeline read from TOML, with file and line of every problem.
//!
//! Paths are resolved and files are read here: a pipeline that could be read can be run.

use super::error::PipelineError;
use super::path::inner;
use super::pipeline::{Budget, Conversation, Golden, Pipeline, Recovery, Stage};
use super::place::Place;
use super::raw::{RawBudget, RawFile, RawStage};
use super::score_table;
use crate::trace::Usd;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;

/// The score below which a stage has failed, where the file names none: the pass mark of RAMP.
const GATE: f64 = 60.0;

/// Longest time of a grader, where the file names none.
const GRADE_SECONDS: f64 = 600.0;

/// What is asked after a failed grade, where the file has no text of its own.
const RETRY_PROMPT: &str = "The work was graded {score} of 100; {gate} are needed. The grader said:\n\n{output}\n\n\
                            Find out what is wrong and mend it.";

/// Largest weight: more would say nothing.
const HEAVIEST: f64 = 1000.0;

/// Longest time that can be asked for.
const LONGEST: f64 = 366.0 * 86_400.0;

impl Pipeline {
    /// Reads a pipeline file, or `pipeline.toml` of a folder.
    pub fn load(path: &Path) -> Result<Self, PipelineError> {
        let file = if path.is_dir() { path.join("pipeline.toml") } else { path.to_owned() };
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            |source| PipelineError::Unreadable { path, source }
        };
        let text = std::fs::read_to_string(&file).map_err(unreadable(&file))?;
        let parent = file.parent().filter(|p| !p.as_os_str().is_empty());
        // Commands run elsewhere, and find the folder by this path.
        let folder = std::fs::canonicalize(parent.unwrap_or(Path::new(".")));
        let folder = folder.map_err(unreadable(&file))?;
        Reader { place: Place { file: &file, text: &text }, folder }.pipeline()
    }
}

/// The file that is being read, and the folder that its paths are below.
struct Reader<'a> {
    place: Place<'a>,
    folder: PathBuf,
}

impl Reader<'_> {
    fn pipeline(&self) -> Result<Pipeline, PipelineError> {
        let raw: RawFile = toml::from_str(self.place.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.place.bad(at, error.message())
        })?;
        let head = raw.pipeline;
        let recovery = self.word(head.recovery, Recovery::WORDS, Recovery::Never)?;
        let conversation = self.word(head.conversation, Conversation::WORDS, Conversation::Run)?;
        let workspace = head.workspace.map(|path| self.folder_path(&path)).transpose()?;
        let retry_prompt = self.text(head.retry_prompt, head.retry_prompt_text, "retry_prompt")?;
        if raw.stage.is_empty() {
            return Err(self.place.bad(0, "there is no [[stage]]"));
        }
        let mut names = BTreeSet::new();
        let mut stages = Vec::new();
        for (index, stage) in raw.stage.into_iter().enumerate() {
            let at = stage.name.span().start;
            let stage = self.stage(index, stage)?;
            if !names.insert(stage.name.clone()) {
                return Err(self.place.bad(at, format!("a second stage named `{}`", stage.name)));
            }
            stages.push(stage);
        }
        Ok(Pipeline {
            name: self.filled(head.name, "name")?,
            folder: self.folder.clone(),
            workspace,
            setup: head.setup,
            recovery,
            conversation,
            retries: head.retries,
            retry_prompt: retry_prompt.unwrap_or_else(|| RETRY_PROMPT.to_owned()),
            budget: self.budget(raw.budget)?,
            stages,
        })
    }

    fn stage(&self, index: usize, raw: RawStage) -> Result<Stage, PipelineError> {
        let at = raw.name.span().start;
        let prompt = self.text(raw.prompt, raw.prompt_text, "prompt")?;
        let prompt = prompt.ok_or_else(|| {
            self.place.bad(at, "a stage needs a `prompt` (a file) or a `prompt_text`")
        })?;
        let gate = self.within(raw.gate, 100.0, GATE, "gate")?;
        let weight = self.within(raw.weight, HEAVIEST, 1.0, "weight")?;
        let mut golden = Vec::new();
        for (to, from) in raw.golden {
            let place = self.workspace_path(&to)?;
            golden.push(Golden { from: self.existing(&from)?, to: place });
        }
        let mut artifacts = Vec::new();
        for path in &raw.artifacts {
            artifacts.push(self.workspace_path(path)?);
        }
        if artifacts.is_empty() {
            artifacts.extend(golden.iter().map(|golden| golden.to.clone()));
        }
        let score = score_table::read(self.place, index, raw.score)?;
        Ok(Stage {
            name: self.filled(raw.name, "name")?,
            title: raw.title,
            prompt,
            setup: raw.setup,
            grade: raw.grade,
            grade_time: self
                .seconds(raw.grade_seconds)?
                .unwrap_or(Duration::from_secs_f64(GRADE_SECONDS)),
            score,
            gate,
            weight,
            time: self.seconds(raw.seconds)?,
            artifacts,
            golden,
        })
    }

    fn budget(&self, raw: RawBudget) -> Result<Budget, PipelineError> {
        let usd = match raw.usd {
            None => None,
            Some(usd) => {
                let (at, value) = (usd.span().start, usd.into_inner());
                let exact = Usd::parse(&value.to_string()).filter(|_| value > 0.0);
                Some(exact.ok_or_else(|| {
                    self.place.bad(at, format!("`usd` must be money above 0: {value}"))
                })?)
            }
        };
        Ok(Budget { time: self.seconds(raw.seconds)?, usd, calls: raw.calls })
    }

    /// A length of time above zero.
    fn seconds(&self, raw: Option<Spanned<f64>>) -> Result<Option<Duration>, PipelineError> {
        let Some(raw) = raw else { return Ok(None) };
        let seconds = *raw.get_ref();
        if seconds > 0.0 && seconds <= LONGEST {
            return Ok(Some(Duration::from_secs_f64(seconds)));
        }
        let problem = format!("seconds must be above 0 and at most a year: {seconds}");
        Err(self.place.bad(raw.span().start, problem))
    }

    fn within(
        &self,
        raw: Option<Spanned<f64>>,
        most: f64,
        default: f64,
        key: &str,
    ) -> Result<f64, PipelineError> {
        let Some(raw) = raw else { return Ok(default) };
        let value = *raw.get_ref();
        if (0.0..=most).contains(&value) {
            return Ok(value);
        }
        Err(self.place.bad(raw.span().start, format!("`{key}` must be 0 to {most}: {value}")))
    }

    /// A text that stands in a file or in the pipeline itself.
    fn text(
        &self,
        file: Option<Spanned<String>>,
        text: Option<Spanned<String>>,
        key: &str,
    ) -> Result<Option<String>, PipelineError> {
        match (file, text) {
            (None, None) => Ok(None),
            (None, Some(text)) => self.filled(text, &format!("{key}_text")).map(Some),
            (Some(file), None) => {
                let path = self.existing(&file)?;
                let text = std::fs::read_to_string(&path);
                text.map(Some).map_err(|source| PipelineError::Unreadable { path, source })
            }
            (Some(_), Some(text)) => Err(self
                .place
                .bad(text.span().start, format!("`{key}` and `{key}_text` are one too many"))),
        }
    }

    fn filled(&self, text: Spanned<String>, key: &str) -> Result<String, PipelineError> {
        if text.get_ref().trim().is_empty() {
            return Err(self.place.bad(text.span().start, format!("`{key}` is empty")));
        }
        Ok(text.into_inner())
    }

    /// One of a few words.
    fn word<T: Copy>(
        &self,
        raw: Option<Spanned<String>>,
        words: &[(&str, T)],
        default: T,
    ) -> Result<T, PipelineError> {
        let Some(raw) = raw else { return Ok(default) };
        let known = words.iter().find(|(word, _)| word == raw.get_ref());
        known.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let problem = format!("`{}` is none of {}", raw.get_ref(), names.join(", "));
            self.place.bad(raw.span().start, problem)
        })
    }

    /// A file or folder below the pipeline's folder.
    fn existing(&self, raw: &Spanned<String>) -> Result<PathBuf, PipelineError> {
        let at = raw.span().start;
        let path = inner(raw.get_ref()).map(|path| self.folder.join(path)).ok_or_else(|| {
            self.place.bad(at, format!("`{}` is not below the pipeline's folder", raw.get_ref()))
        })?;
        if path.exists() {
            return Ok(path);
        }
        Err(self.place.bad(at, format!("`{}` is not there", path.display())))
    }

    fn folder_path(&self, raw: &Spanned<String>) -> Result<PathBuf, PipelineError> {
        let path = self.existing(raw)?;
        if path.is_dir() {
            return Ok(path);
        }
        Err(self.place.bad(raw.span().start, format!("`{}` is no folder", path.display())))
    }

    fn workspace_path(&self, raw: &Spanned<String>) -> Result<PathBuf, PipelineError> {
        inner(raw.get_ref()).ok_or_else(|| {
            let problem = format!("`{}` is not below the workspace", raw.get_ref());
            self.place.bad(raw.span().start, problem)
        })
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
