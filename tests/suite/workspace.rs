//! A folder of a test's own, and the binary run in it with a clean environment.

use super::readme::copy;
use ramptrace::import::{self, Imported};
use ramptrace::trace::{Store, Written};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// A folder that is removed with its test.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
}

/// The samples without the recorded runs: the published table and the demonstration run, for tests that look at every figure.
pub(crate) fn published_samples() -> &'static Path {
    static MADE: LazyLock<PathBuf> = LazyLock::new(|| {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("published-samples");
        for name in ["ramp-2605.27492", "demo"] {
            let _ = std::fs::remove_dir_all(folder.join(name));
            copy(&samples.join(name), &folder.join(name));
        }
        folder
    });
    &MADE
}

/// What a command printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The binary, to be run in this folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ramptrace"));
        command.args(args).current_dir(self.folder.path());
        for name in ["RUST_LOG", "NO_COLOR", "COLUMNS", "RAMPTRACE_STORE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the binary in this folder.
    #[must_use = "look at the output or at the exit code"]
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().expect("the binary runs"))
    }

    /// Runs the binary and insists on success.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Every file below a folder, by its path in it, with its bytes.
    pub(crate) fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(name), "", &mut files);
        files
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(&path).expect("a readable file"));
        }
    }
}

/// Imports everything at a path into memory.
pub(crate) fn import_all(path: &Path) -> Vec<Imported> {
    import::import_all(&[path.to_owned()]).expect("an import")
}

/// Writes runs into a store.
pub(crate) fn store(root: &Path, runs: &[Imported]) -> Store {
    for run in runs {
        let sealed = Store::seal(root, &run.run, &run.events).expect("a sealed trace");
        let written = Store::publish(sealed, &run.run.run_id, &BTreeMap::new(), false);
        assert_eq!(written.expect("a published trace"), Written::New);
    }
    Store::open(root).expect("a store")
}
