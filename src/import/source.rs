//! What is at a path: logs of known formats, each by itself or in folders and archives, and jobs to import them.

use super::files::{LogFile, find_files};
use super::formats::{Format, IMPORTERS};
use super::look::Look;
use super::sink::{Collected, Imported, Sink};
use super::{ImportError, ImportReport};
use rayon::prelude::*;
use std::fmt;
use std::path::{Path, PathBuf};

/// A log of a known format: a file, or the files of a folder that are one run together.
#[derive(Debug, Clone)]
pub struct Source {
    /// File or folder, as users see it.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    pub(super) files: Vec<LogFile>,
}

/// What was found at some paths.
#[derive(Debug, Default)]
pub struct Found {
    /// Logs, by path.
    pub sources: Vec<Source>,
    /// Files that are no logs.
    pub passed_over: Vec<PathBuf>,
}

/// The work of a job: it hands its runs to a sink.
type Work = Box<dyn Fn(&mut dyn Sink) -> Result<(), ImportError> + Send + Sync>;

/// One or more runs that can be imported without regard to other jobs.
pub struct Job {
    /// File or folder, as users see it.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    work: Work,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({} {})", self.format, self.path.display())
    }
}

impl Source {
    /// The job that imports this source alone.
    pub(super) fn job(
        self,
        work: impl Fn(&Self, &mut dyn Sink) -> Result<(), ImportError> + Send + Sync + 'static,
    ) -> Job {
        Job {
            path: self.path.clone(),
            format: self.format,
            work: Box::new(move |sink| work(&self, sink)),
        }
    }

    /// The first of its files; there is one.
    pub(super) fn file(&self) -> Result<&LogFile, ImportError> {
        self.files.first().ok_or_else(|| ImportError::BadSource {
            path: self.path.clone(),
            problem: "it has no files".into(),
        })
    }

    /// An empty account of it.
    pub(super) fn report(&self) -> ImportReport {
        ImportReport::of(self.format.name(), &self.path)
    }
}

/// A job for each source: the plan of formats whose logs have nothing to do with each other.
pub(super) fn each(
    sources: Vec<Source>,
    work: fn(&Source, &mut dyn Sink) -> Result<(), ImportError>,
) -> Vec<Result<Job, ImportError>> {
    sources.into_iter().map(|source| Ok(source.job(work))).collect()
}

impl Job {
    /// A job of its own making.
    pub(super) fn new(
        format: Format,
        path: &Path,
        work: impl Fn(&mut dyn Sink) -> Result<(), ImportError> + Send + Sync + 'static,
    ) -> Self {
        Self { path: path.to_owned(), format, work: Box::new(work) }
    }

    /// Hands its runs to a sink. An error is about the source as a whole.
    pub fn import(&self, sink: &mut dyn Sink) -> Result<(), ImportError> {
        (self.work)(sink)
    }
}

/// Finds the logs at paths. A path that names one file which is no log is an error, and so are paths without any log.
pub fn find_sources(paths: &[PathBuf]) -> Result<Found, ImportError> {
    let mut files = Vec::new();
    for path in paths {
        let found = find_files(path)?;
        if let ([file], true) = (found.as_slice(), path.is_file()) {
            let mut alone = Vec::new();
            recognise(found.clone(), &mut alone)?;
            if alone.is_empty() {
                return Err(not_a_log(file));
            }
        }
        files.extend(found);
    }
    files.sort_by(|a, b| a.name().cmp(b.name()));
    files.dedup_by(|a, b| a.name() == b.name());
    let looked_at = files.len();
    let mut found = Found::default();
    found.passed_over = recognise(files, &mut found.sources)?;
    if found.sources.is_empty() {
        let path = paths.first().cloned().unwrap_or_default();
        return Err(ImportError::NoRuns { path, files: looked_at });
    }
    found.sources.sort_by(|a, b| (&a.path, a.format).cmp(&(&b.path, b.format)));
    Ok(found)
}

/// Why a file is no log: it is JSON that breaks off somewhere, or it is something else.
fn not_a_log(file: &LogFile) -> ImportError {
    let unknown = ImportError::UnknownFormat { path: file.name().to_owned() };
    let Ok(look) = Look::at(file) else { return unknown };
    if look.text().trim().is_empty() {
        return ImportError::BadSource {
            path: file.name().to_owned(),
            problem: "an empty file".into(),
        };
    }
    if !look.lines().is_empty() || !look.text().trim_start().starts_with(['{', '[']) {
        return unknown;
    }
    match file.json() {
        Err(error @ ImportError::BadFile { .. }) => error,
        _ => unknown,
    }
}

/// The jobs that import sources, in the order of their paths.
pub fn jobs(mut sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let mut jobs = Vec::new();
    for importer in IMPORTERS {
        let of_format: Vec<Source> =
            sources.extract_if(.., |s| s.format == importer.format).collect();
        if !of_format.is_empty() {
            jobs.extend((importer.plan)(of_format));
        }
    }
    jobs.sort_by(|a, b| match (a, b) {
        (Ok(a), Ok(b)) => a.path.cmp(&b.path),
        (a, b) => a.is_ok().cmp(&b.is_ok()),
    });
    jobs
}

/// Imports everything at some paths into memory; the first problem is an error.
pub fn import_all(paths: &[PathBuf]) -> Result<Vec<Imported>, ImportError> {
    let mut sink = Collected::default();
    for job in jobs(find_sources(paths)?.sources) {
        job?.import(&mut sink)?;
    }
    match sink.failed.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(sink.runs),
    }
}

/// Adds the logs among some files to `sources`; gives the names of the others.
pub(super) fn recognise(
    mut files: Vec<LogFile>,
    sources: &mut Vec<Source>,
) -> Result<Vec<PathBuf>, ImportError> {
    for importer in IMPORTERS {
        sources.extend((importer.claim)(&mut files)?);
    }
    // A look at a file may read all of it.
    let formats: Vec<Option<Format>> = files
        .par_iter()
        .map(|file| {
            let look = Look::at(file)?;
            Ok(IMPORTERS.iter().find(|i| (i.recognises)(&look)).map(|i| i.format))
        })
        .collect::<Result<_, ImportError>>()?;
    let mut passed_over = Vec::new();
    for (file, format) in files.into_iter().zip(formats) {
        let path = file.name().to_owned();
        match format {
            Some(format) => sources.push(Source { path, format, files: vec![file] }),
            None => passed_over.push(path),
        }
    }
    Ok(passed_over)
}
