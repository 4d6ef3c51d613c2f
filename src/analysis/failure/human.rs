//! Causes that people gave, read from CSV.
//!
//! Columns `run`, `stage`, `cause` and, when wanted, `note`; the first may be called `model`. `run` is a run id, or a
//! model, which stands for all of its runs. Several rows of one stage are several causes, the first one the main one.
//! Lines that begin with `#` are comments.

use super::cause::Cause;
use super::error::{FailureError, FileProblem};
use std::path::Path;

/// A cause that somebody gave a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanLabel {
    /// Run id or model.
    pub run: String,
    /// Stage index.
    pub stage: i64,
    /// The cause.
    pub cause: Cause,
    /// What else they said.
    pub note: Option<String>,
    /// Line of the file, from 1.
    pub line: usize,
}

/// Reads a file of labels.
pub fn read_labels(path: &Path) -> Result<Vec<HumanLabel>, FailureError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| FailureError::Unreadable { path: path.to_owned(), source })?;
    parse_labels(&path.to_string_lossy(), &text)
}

/// Reads labels from CSV text. `file` is its name in messages; every problem is reported.
pub fn parse_labels(file: &str, text: &str) -> Result<Vec<HumanLabel>, FailureError> {
    let problem =
        |line: usize, problem: String| FileProblem { file: file.to_owned(), line, problem };
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| problem(line_of(&e), e.to_string()))?.clone();
    let names: Vec<&str> = header.iter().map(|n| n.trim_start_matches('\u{feff}')).collect();
    let header_line = header.position().map_or(1, |p| line_in(text, p));
    let column = |wanted: &[&str]| names.iter().position(|n| wanted.contains(n));
    let need = |wanted: &[&str]| {
        let missing =
            || problem(header_line, format!("there is no column `{}`", wanted.join("` or `")));
        column(wanted).ok_or_else(missing)
    };
    let known = ["run", "model", "stage", "cause", "note"];
    if let Some(name) = names.iter().find(|n| !known.contains(n)) {
        return Err(problem(header_line, format!("unknown column `{name}`")).into());
    }
    let (run, stage, cause) = (need(&["run", "model"])?, need(&["stage"])?, need(&["cause"])?);
    let note = column(&["note"]);
    let (mut labels, mut problems) = (Vec::<HumanLabel>::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                problems.push(problem(line_of(&e), e.to_string()));
                break;
            }
        };
        let line = record.position().map_or(1, |p| line_in(text, p));
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let mut bad = |text: String| problems.push(problem(line, text));
        if record.len() > names.len() {
            bad(format!("{} cells under {} columns", record.len(), names.len()));
            continue;
        }
        let Some(index) = cell(stage).parse::<i64>().ok().filter(|s| *s >= 0) else {
            bad(format!("`{}` is not a stage", cell(stage)));
            continue;
        };
        let Some(found) = Cause::from_word(cell(cause)) else {
            let words: Vec<&str> = Cause::WORDS.iter().map(|(_, word)| *word).collect();
            bad(format!("`{}` is no cause; causes are {}", cell(cause), words.join(", ")));
            continue;
        };
        if cell(run).is_empty() {
            bad("no run".to_owned());
            continue;
        }
        let same = |l: &&HumanLabel| l.run == cell(run) && l.stage == index && l.cause == found;
        if let Some(first) = labels.iter().find(same) {
            bad(format!("this label stands at line {} already", first.line));
            continue;
        }
        let note = note.map(cell).filter(|n| !n.is_empty()).map(str::to_owned);
        labels.push(HumanLabel {
            run: cell(run).to_owned(),
            stage: index,
            cause: found,
            note,
            line,
        });
    }
    if problems.is_empty() { Ok(labels) } else { Err(FailureError::Problems { problems }) }
}

/// The line of a record: its position is that of the comments and empty lines before it.
fn line_in(text: &str, position: &csv::Position) -> usize {
    let before = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len());
    let (done, rest) = text.split_at(text.floor_char_boundary(before));
    let passed = rest.lines().take_while(|l| l.starts_with('#') || l.trim().is_empty()).count();
    done.matches('\n').count() + passed + 1
}

fn line_of(error: &csv::Error) -> usize {
    error.position().and_then(|p| usize::try_from(p.line()).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_with_comments_and_notes() {
        let text = "# by two people\nmodel,stage,cause,note\nm1, 2 ,loop,\"again, and again\"\n# more\nm1,2,gave_up\n";
        let labels = parse_labels("l.csv", text).unwrap();
        let short: Vec<(&str, i64, Cause, usize)> =
            labels.iter().map(|l| (l.run.as_str(), l.stage, l.cause, l.line)).collect();
        assert_eq!(short, [("m1", 2, Cause::Loop, 3), ("m1", 2, Cause::GaveUp, 5)]);
        assert_eq!(labels[0].note.as_deref(), Some("again, and again"));
        assert_eq!(labels[1].note, None);
    }

    fn problems(text: &str) -> String {
        parse_labels("l.csv", text).unwrap_err().to_string()
    }

    #[test]
    fn every_problem_has_its_line() {
        let text =
            "run,stage,cause\nr,x,loop\nr,1,tired\n,1,loop\nr,1,loop\nr,1,loop\nr,1,loop,a,b\n";
        let found = problems(text);
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!(lines.len(), 5, "{found}");
        assert_eq!(lines[0], "l.csv:2: `x` is not a stage");
        assert!(lines[1].starts_with(
            "l.csv:3: `tired` is no cause; causes are not_attempted, context_exhausted"
        ));
        assert_eq!(lines[2], "l.csv:4: no run");
        assert_eq!(lines[3], "l.csv:6: this label stands at line 5 already");
        assert_eq!(lines[4], "l.csv:7: 5 cells under 3 columns");
        assert_eq!(problems("run,cause\n"), "l.csv:1: there is no column `stage`");
        assert_eq!(problems("run,stage,cause,rater\n"), "l.csv:1: unknown column `rater`");
        assert_eq!(problems(""), "l.csv:1: there is no column `run` or `model`");
    }
}
