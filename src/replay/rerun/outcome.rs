//! One recorded action executed again and compared: exit code first, then the normalised output.

use super::actions::{Action, Deed};
use super::normal::{Normaliser, recorded_output};
use crate::capture::run::{RunError, run_recorded};
use crate::replay::serve::first_difference;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// Whether an action did the same again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Same,
    /// It did not.
    Differs,
    /// It was done, and there is nothing to compare it with.
    Done,
    /// It could not be done.
    Skipped,
}

impl Verdict {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it did the same again.
    pub verdict: Verdict,
    /// Its exit code now.
    pub exit_code: Option<i64>,
    /// How it differs, or why it was skipped.
    pub what: Option<String>,
}

impl Outcome {
    fn of(verdict: Verdict, exit_code: Option<i64>, what: Option<String>) -> Self {
        Self { verdict, exit_code, what }
    }
}

/// Does an action again in a folder. An error means that commands cannot be run here at all.
pub fn perform(
    action: &Action,
    folder: &Path,
    limit: Duration,
    normal: &Normaliser,
) -> Result<Outcome, RunError> {
    let argv = match &action.deed {
        Deed::Command { argv, .. } => argv,
        deed => return Ok(edited(deed, folder)),
    };
    let ran = run_recorded(argv, folder, limit)?;
    let code = Some(ran.exit_code);
    if ran.timed_out {
        let what = format!("it was ended after {} s", limit.as_secs());
        return Ok(Outcome::of(Verdict::Differs, None, Some(what)));
    }
    if let Some(recorded) = action.exit_code.filter(|recorded| Some(*recorded) != code) {
        let what = format!("exit code {} instead of {recorded}", ran.exit_code);
        return Ok(Outcome::of(Verdict::Differs, code, Some(what)));
    }
    let Some(result) = &action.result else {
        return Ok(Outcome::of(Verdict::Done, code, None));
    };
    let (recorded, is_whole) = recorded_output(result);
    let (recorded, now) = (normal.apply(&recorded), normal.apply(&ran.output));
    if recorded == now || (!is_whole && now.starts_with(&recorded)) {
        return Ok(Outcome::of(Verdict::Same, code, None));
    }
    let what = first_difference(&recorded, &now)
        .map(|d| format!("output, line {}: \"{}\" instead of \"{}\"", d.line, d.other, d.one));
    Ok(Outcome::of(Verdict::Differs, code, what))
}

/// A file written or edited again.
fn edited(deed: &Deed, folder: &Path) -> Outcome {
    let skipped = |why: String| Outcome::of(Verdict::Skipped, None, Some(why));
    let done = |result: io::Result<()>| match result {
        Ok(()) => Outcome::of(Verdict::Done, None, None),
        Err(error) => {
            Outcome::of(Verdict::Differs, None, Some(format!("it cannot be written: {error}")))
        }
    };
    match deed {
        Deed::Write { path, content } => match inside(folder, path) {
            Some(path) => done(write(&path, content)),
            None => skipped("its path leads out of the workspace".to_owned()),
        },
        Deed::Replace { path, old, new } => {
            let Some(path) = inside(folder, path) else {
                return skipped("its path leads out of the workspace".to_owned());
            };
            match std::fs::read_to_string(&path) {
                Ok(text) if text.contains(old.as_str()) => {
                    done(write(&path, &text.replacen(old, new, 1)))
                }
                Ok(_) => {
                    let what = "the text that was replaced is not in the file".to_owned();
                    Outcome::of(Verdict::Differs, None, Some(what))
                }
                Err(error) => {
                    Outcome::of(Verdict::Differs, None, Some(format!("it cannot be read: {error}")))
                }
            }
        }
        Deed::Command { .. } | Deed::Unknown => {
            skipped("its arguments do not say what it does".to_owned())
        }
    }
}

/// A relative path below a folder, without links on the way.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    if path.as_os_str().is_empty() {
        return None;
    }
    let mut full = folder.to_owned();
    for part in path.components() {
        match part {
            Component::Normal(name) => full.push(name),
            Component::CurDir => continue,
            _ => return None,
        }
        if std::fs::symlink_metadata(&full).is_ok_and(|meta| meta.is_symlink()) {
            return None;
        }
    }
    Some(full)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(deed: Deed, exit_code: Option<i64>, result: &str, folder: &Path) -> Outcome {
        let action = Action {
            seq: 0,
            stage: None,
            tool: "bash".into(),
            deed,
            exit_code,
            result: Some(result.into()),
        };
        let normal = Normaliser::new(folder, None).unwrap();
        perform(&action, folder, Duration::from_secs(20), &normal).unwrap()
    }

    fn sh(line: &str) -> Deed {
        Deed::Command { argv: ["sh", "-c", line].map(str::to_owned).to_vec(), shown: line.into() }
    }

    #[test]
    fn the_world_is_the_same_or_says_where_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let write = |path: &str| Deed::Write { path: path.into(), content: "one\ntwo\n".into() };
        assert_eq!(again(write("src/a"), None, "wrote", at).verdict, Verdict::Done);
        let same =
            again(sh("cat src/a; pwd"), Some(0), "one\ntwo\n/tmp/ramptrace-x1/workspace\n", at);
        assert_eq!((same.verdict, same.exit_code), (Verdict::Same, Some(0)));
        let output = again(sh("cat src/a"), Some(0), "one\ntwx", at);
        assert_eq!(output.verdict, Verdict::Differs);
        assert!(output.what.unwrap().starts_with("output, line 2: \"one\\ntwo\" instead of"));
        let code = again(sh("exit 4"), Some(0), "", at);
        assert_eq!(code.what.as_deref(), Some("exit code 4 instead of 0"));
        let replace =
            |old: &str| Deed::Replace { path: "src/a".into(), old: old.into(), new: "2".into() };
        assert_eq!(again(replace("two"), None, "", at).verdict, Verdict::Done);
        assert_eq!(again(replace("two"), None, "", at).verdict, Verdict::Differs);
        assert_eq!(std::fs::read_to_string(at.join("src/a")).unwrap(), "one\n2\n");
    }

    #[test]
    fn nothing_is_written_outside() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        for path in ["", "/etc/x", "../x", "a/../../x", "link/x"] {
            let deed = Deed::Write { path: path.into(), content: "x".into() };
            assert_eq!(again(deed, None, "", folder.path()).verdict, Verdict::Skipped, "{path}");
        }
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
