//! What a stage changed in the workspace, by a git repository that the agent does not see: its folder is elsewhere, and the
//! user's settings have no say in it. Without git there are no diffs, and no run fails for that.

use super::process::{self, Spec};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest time of one git command; a workspace that takes longer is not compared any more.
const LIMIT: Duration = Duration::from_mins(1);

/// The shadow repository of a workspace.
pub(super) struct Shadow {
    workspace: PathBuf,
    env: Vec<(String, String)>,
}

impl Shadow {
    /// Remembers the workspace as it is; the error says why that cannot be.
    pub(super) fn begin(workspace: &Path, folder: &Path) -> Result<Self, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let env = [
            ("GIT_DIR", text(folder)),
            ("GIT_WORK_TREE", text(workspace)),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_AUTHOR_NAME", "ramptrace".to_owned()),
            ("GIT_AUTHOR_EMAIL", "ramptrace@localhost".to_owned()),
            ("GIT_COMMITTER_NAME", "ramptrace".to_owned()),
            ("GIT_COMMITTER_EMAIL", "ramptrace@localhost".to_owned()),
        ];
        let env = env.map(|(key, value)| (key.to_owned(), value)).to_vec();
        let shadow = Self { workspace: workspace.to_owned(), env };
        shadow.git(&["init", "--quiet"])?;
        shadow.keep()?;
        Ok(shadow)
    }

    /// What has changed since the last call: `files`, `insertions`, `deletions` and the `patch`.
    pub(super) fn changes(&self) -> Result<Value, String> {
        self.keep()?;
        let range = ["HEAD~1", "HEAD"];
        let numbers = self.git(&[&["diff", "--numstat"][..], &range].concat())?;
        let patch = self.git(&[&["diff", "--no-color", "--no-ext-diff"][..], &range].concat())?;
        let (mut files, mut insertions, mut deletions) = (0, 0, 0);
        for line in numbers.lines() {
            let mut fields = line.split('\t');
            // A binary file has dashes instead of numbers.
            let mut number = || fields.next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
            files += 1;
            insertions += number();
            deletions += number();
        }
        Ok(
            json!({ "files": files, "insertions": insertions, "deletions": deletions, "patch": patch }),
        )
    }

    fn keep(&self) -> Result<(), String> {
        self.git(&["add", "--all"])?;
        self.git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--no-verify",
            "--no-gpg-sign",
            "-m",
            "stage",
        ])
        .map(|_| ())
    }

    fn git(&self, arguments: &[&str]) -> Result<String, String> {
        let argv: Vec<String> = ["git", "-c", "core.autocrlf=false", "-c", "gc.auto=0"]
            .iter()
            .chain(arguments)
            .map(ToString::to_string)
            .collect();
        let spec = Spec {
            argv: &argv,
            folder: &self.workspace,
            env: &self.env,
            stdin: None,
            limit: Some(LIMIT),
        };
        let outcome = process::run(&spec, &mut || None).map_err(|error| error.to_string())?;
        if outcome.succeeded() {
            return Ok(outcome.stdout);
        }
        let said = outcome.stderr.lines().next().unwrap_or("it took too long").to_owned();
        Err(format!("git {}: {said}", arguments[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn changes_are_those_since_the_last_look() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("w");
        fs::create_dir(&workspace).unwrap();
        fs::write(workspace.join("a"), "one\n").unwrap();
        let Ok(shadow) = Shadow::begin(&workspace, &folder.path().join("shadow")) else {
            return println!("skipped: there is no git");
        };
        fs::write(workspace.join("a"), "two\nthree\n").unwrap();
        fs::write(workspace.join("b"), "new\n").unwrap();
        let changes = shadow.changes().unwrap();
        let numbers = ["files", "insertions", "deletions"].map(|name| changes[name].as_u64());
        assert_eq!(numbers, [Some(2), Some(3), Some(1)]);
        assert!(changes["patch"].as_str().unwrap().contains("+three"));
        assert_eq!(shadow.changes().unwrap()["files"], 0);
        assert!(!workspace.join(".git").exists(), "the agent does not see it");
    }
}
