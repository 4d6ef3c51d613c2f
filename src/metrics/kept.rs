//! Values of metrics that were computed before, in an append-only table.
//!
//! A value is kept under the hash of the run's trace, the hash of the metric and the circumstances that both leave open:
//! the cost basis where the metric looks at costs, and the cohort where it looks at other runs. Under that key it never
//! changes, so nothing is ever overwritten. Each addition is one Parquet file with a running number. It is not named
//! `.parquet`: whoever reads `store/**/*.parquet` without ramptrace wants the traces alone.

use super::pack::Level;
use polars::error::{PolarsError, PolarsResult};
use polars::prelude::{
    Column, DataFrame, IntoColumn, NamedFrom, ParquetReader, ParquetWriter, SerReader, Series,
};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// What the names of the files end in.
const SUFFIX: &str = "scores";

/// What went wrong with kept values. Scores can always be computed again.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum KeptError {
    #[error("cannot {action} {path}")]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },

    #[error("cannot read the kept scores in {path}")]
    Broken { path: PathBuf, source: PolarsError },
}

/// What a value is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScoreKey {
    /// Hash of the run's rows.
    pub trace: Arc<str>,
    /// Hash of the metric's definition.
    pub metric: Arc<str>,
    /// Cost basis and cohort, as far as the metric depends on them; empty otherwise.
    pub context: Arc<str>,
}

/// A kept value, as the table has it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptScore {
    /// What it is of.
    pub key: ScoreKey,
    /// Run.
    pub run_id: Arc<str>,
    /// Stage, for a stage metric.
    pub stage: Option<i64>,
    /// The value; `None` when the metric is undefined there.
    pub value: Option<f64>,
    /// Pack in which the metric stood when the value was computed.
    pub pack: Arc<str>,
    /// Its name there.
    pub name: Arc<str>,
    /// Its label there.
    pub label: Arc<str>,
    /// Its unit there.
    pub unit: Arc<str>,
    /// What its values belong to.
    pub level: Level,
    /// Parameters and gates that shaped it, as text.
    pub settings: Arc<str>,
}

/// The kept values of a store.
#[derive(Debug, Clone)]
pub struct KeptScores {
    folder: PathBuf,
    rows: Vec<KeptScore>,
    by_key: HashMap<ScoreKey, Vec<usize>>,
    /// Files that could not be read, and why; their values will be computed again.
    pub unreadable: Vec<(PathBuf, String)>,
    next: u32,
}

impl KeptScores {
    /// Reads what a folder keeps; a folder that does not exist keeps nothing.
    pub fn open(folder: &Path) -> Result<Self, KeptError> {
        let mut kept = Self {
            folder: folder.to_owned(),
            rows: Vec::new(),
            by_key: HashMap::new(),
            unreadable: Vec::new(),
            next: 1,
        };
        for path in files(folder)? {
            if let Some(number) = number_of(&path) {
                kept.next = kept.next.max(number + 1);
            }
            match read(&path) {
                Ok(rows) => rows.into_iter().for_each(|row| kept.note(row)),
                Err(error) => {
                    let problem = error.to_string().lines().next().unwrap_or_default().to_owned();
                    kept.unreadable.push((path, problem));
                }
            }
        }
        Ok(kept)
    }

    /// Every kept value, in the order in which they were computed.
    pub fn rows(&self) -> &[KeptScore] {
        &self.rows
    }

    /// The values under a key: one, or one per stage. Empty when it was never computed.
    pub fn get(&self, key: &ScoreKey) -> impl Iterator<Item = &KeptScore> {
        self.by_key.get(key).into_iter().flatten().filter_map(|i| self.rows.get(*i))
    }

    /// Whether something was kept under a key.
    pub fn contains(&self, key: &ScoreKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// Adds values in a file of their own; those that are kept already are passed over.
    pub fn append(&mut self, rows: Vec<KeptScore>) -> Result<(), KeptError> {
        let new: Vec<KeptScore> = rows.into_iter().filter(|r| !self.contains(&r.key)).collect();
        if new.is_empty() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder).map_err(self.io("create", &self.folder))?;
        self.ignore_in_git()?;
        let mut frame = frame(&new).map_err(self.broken(&self.folder))?;
        let mut partial = tempfile::Builder::new()
            .prefix(".scores-")
            .suffix(".partial")
            .tempfile_in(&self.folder)
            .map_err(self.io("write into", &self.folder))?;
        ParquetWriter::new(partial.as_file_mut())
            .finish(&mut frame)
            .map_err(self.broken(&self.folder))?;
        // Somebody else may have taken the number: nothing is overwritten.
        loop {
            let path = self.folder.join(format!("{:06}.{SUFFIX}", self.next));
            match partial.persist_noclobber(&path) {
                Ok(_) => break,
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                    partial = error.file;
                    self.next += 1;
                }
                Err(error) => return Err(self.io("write", &path)(error.error)),
            }
        }
        self.next += 1;
        for row in new {
            self.note(row);
        }
        Ok(())
    }

    fn note(&mut self, row: KeptScore) {
        self.by_key.entry(row.key.clone()).or_default().push(self.rows.len());
        self.rows.push(row);
    }

    /// What can be computed again does not belong into a repository.
    fn ignore_in_git(&self) -> Result<(), KeptError> {
        let path = self.folder.join(".gitignore");
        if path.exists() {
            return Ok(());
        }
        std::fs::write(&path, "*\n").map_err(self.io("write", &path))
    }

    #[expect(clippy::unused_self, reason = "reads as the store's own error")]
    fn io(
        &self,
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> KeptError + use<> {
        let path = path.to_owned();
        move |source| KeptError::Io { action, path, source }
    }

    #[expect(clippy::unused_self, reason = "reads as the store's own error")]
    fn broken(&self, path: &Path) -> impl FnOnce(PolarsError) -> KeptError + use<> {
        let path = path.to_owned();
        move |source| KeptError::Broken { path, source }
    }
}

/// The files of a folder by number.
fn files(folder: &Path) -> Result<Vec<PathBuf>, KeptError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(KeptError::Io { action: "read", path: folder.to_owned(), source });
        }
    };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| number_of(p).is_some()).collect();
    files.sort();
    Ok(files)
}

fn number_of(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(SUFFIX)?.strip_suffix('.')?.parse().ok()
}

const TEXTS: [&str; 10] =
    ["trace", "metric", "context", "run_id", "pack", "name", "label", "unit", "level", "settings"];

fn frame(rows: &[KeptScore]) -> PolarsResult<DataFrame> {
    let text = |name: &str| {
        let values: Vec<&str> = rows.iter().map(|row| text_of(row, name)).collect();
        Series::new(name.into(), values).into_column()
    };
    let mut columns: Vec<Column> = TEXTS.iter().map(|name| text(name)).collect();
    let stages: Vec<Option<i64>> = rows.iter().map(|r| r.stage).collect();
    columns.push(Series::new("stage".into(), stages).into_column());
    let values: Vec<Option<f64>> = rows.iter().map(|r| r.value).collect();
    columns.push(Series::new("value".into(), values).into_column());
    DataFrame::new(rows.len(), columns)
}

fn text_of<'r>(row: &'r KeptScore, column: &str) -> &'r str {
    match column {
        "trace" => &row.key.trace,
        "metric" => &row.key.metric,
        "context" => &row.key.context,
        "run_id" => &row.run_id,
        "pack" => &row.pack,
        "name" => &row.name,
        "label" => &row.label,
        "unit" => &row.unit,
        "level" => row.level.name(),
        _ => &row.settings,
    }
}

fn read(path: &Path) -> PolarsResult<Vec<KeptScore>> {
    let frame = ParquetReader::new(File::open(path)?).finish()?;
    let mut pool = HashSet::new();
    let mut texts: Vec<Vec<Arc<str>>> = Vec::new();
    for name in TEXTS {
        let column = frame.column(name)?.as_materialized_series().clone();
        texts
            .push(column.str()?.iter().map(|t| pooled(&mut pool, t.unwrap_or_default())).collect());
    }
    let (stages, values) = (frame.column("stage")?.i64()?, frame.column("value")?.f64()?);
    let mut rows = Vec::with_capacity(frame.height());
    for (row, (stage, value)) in stages.iter().zip(values.iter()).enumerate() {
        let [trace, metric, context, run_id, pack, name, label, unit, level, settings] =
            std::array::from_fn(|column| Arc::clone(&texts[column][row]));
        rows.push(KeptScore {
            key: ScoreKey { trace, metric, context },
            run_id,
            stage,
            value,
            pack,
            name,
            label,
            unit,
            level: match &*level {
                "stage" => Level::Stage,
                "cohort" => Level::Cohort,
                _ => Level::Run,
            },
            settings,
        });
    }
    Ok(rows)
}

/// A text that is in memory once, however many rows have it.
fn pooled(pool: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(known) = pool.get(text) {
        return Arc::clone(known);
    }
    let new: Arc<str> = text.into();
    pool.insert(Arc::clone(&new));
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(trace: &str, value: Option<f64>) -> KeptScore {
        let text = Arc::from;
        KeptScore {
            key: ScoreKey { trace: text(trace), metric: text("m"), context: text("") },
            run_id: format!("run-{trace}").into(),
            stage: None,
            value,
            pack: text("core"),
            name: text("score_mean"),
            label: text("Score"),
            unit: text("points"),
            level: Level::Run,
            settings: text("gate = 60"),
        }
    }

    #[test]
    fn what_is_added_is_read_again_in_order_and_never_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores");
        let mut kept = KeptScores::open(&path).unwrap();
        kept.append(vec![score("a", Some(1.5)), score("b", None)]).unwrap();
        kept.append(vec![score("a", Some(9.0)), score("c", Some(2.0))]).unwrap();
        kept.append(vec![score("a", Some(9.0))]).unwrap();
        let again = KeptScores::open(&path).unwrap();
        assert_eq!(again.rows(), [score("a", Some(1.5)), score("b", None), score("c", Some(2.0))]);
        assert_eq!(again.get(&score("b", None).key).count(), 1);
        let mut names: Vec<_> =
            std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".gitignore", "000001.scores", "000002.scores"]);
    }

    #[test]
    fn a_number_that_somebody_took_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut other) =
            (KeptScores::open(folder.path()).unwrap(), KeptScores::open(folder.path()).unwrap());
        one.append(vec![score("a", Some(1.0))]).unwrap();
        other.append(vec![score("b", Some(2.0))]).unwrap();
        assert_eq!(KeptScores::open(folder.path()).unwrap().rows().len(), 2);
    }

    #[test]
    fn a_broken_file_is_named_and_the_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = KeptScores::open(folder.path()).unwrap();
        kept.append(vec![score("a", Some(1.0))]).unwrap();
        std::fs::write(folder.path().join("000007.scores"), b"PAR1 not really").unwrap();
        let mut again = KeptScores::open(folder.path()).unwrap();
        assert_eq!((again.rows().len(), again.unreadable.len()), (1, 1));
        again.append(vec![score("b", None)]).unwrap();
        assert!(folder.path().join("000008.scores").exists());
    }
}
